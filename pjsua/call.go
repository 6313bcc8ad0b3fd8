//go:build cgo

package pjsua

/*
#include "bridge.h"

static void add_header(pjsua_msg_data *msg, pj_pool_t *pool, pj_str_t name, pj_str_t value)
{
	pj_list_push_back(&msg->hdr_list, pjsip_generic_string_hdr_create(pool, &name, &value));
}

static void *call_data(int64_t serial) { return (void *)(intptr_t)serial; }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Call is one call. Its methods return ErrCallGone from the moment at which the call
// ended, even when pjsua has used its slot again.
type Call struct {
	ep *Endpoint
	id CallID
}

// ID returns the call's serial number, which events carry.
func (c *Call) ID() CallID { return c.id }

// Call returns the handle of the call with this serial number.
func (ep *Endpoint) Call(id CallID) *Call { return &Call{ep, id} }

// Dial sends an INVITE to uri, a SIP or SIPS URI with or without a display name
// (pjsua_call_make_call). It returns when the INVITE is on its way; what becomes of it
// comes as events, and the first of them may come before Dial returns.
func (acc *Account) Dial(ctx context.Context, uri string, opts DialOptions) (*Call, error) {
	return acc.dial(ctx, CallID(C.oh_mint()), uri, opts)
}

func (acc *Account) dial(ctx context.Context, id CallID, uri string, opts DialOptions) (*Call, error) {
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("dial %q", uri)
		dst := a.str(uri)
		if uri == "" || C.pjsua_verify_sip_url(dst.ptr) != C.PJ_SUCCESS {
			return t.fail(op, C.PJSIP_EINVALIDURI)
		}
		var setting C.pjsua_call_setting
		C.pjsua_call_setting_default(&setting)
		setting.aud_cnt, setting.vid_cnt, setting.txt_cnt = 1, 0, 0
		msg, release, err := messageData(t, &a, opts.Headers)
		if err != nil {
			return err
		}
		defer release()
		var call C.pjsua_call_id
		st := C.pjsua_call_make_call(slot, &dst, &setting, C.call_data(C.int64_t(id)), msg, &call)
		if st != C.PJ_SUCCESS {
			C.oh_call_forget(C.int64_t(id))
			return t.fail(op, st)
		}
		C.oh_call_bind(C.int(call))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return acc.ep.Call(id), nil
}

// messageData makes a pjsua_msg_data with the headers; release frees it after use.
func messageData(t onThread, a *arena, headers []Header) (msg *C.pjsua_msg_data, release func(), err error) {
	if len(headers) == 0 {
		return nil, func() {}, nil
	}
	pool := C.pjsua_pool_create(a.str("headers").ptr, 512, 512)
	if pool == nil {
		return nil, nil, t.fail("add headers", C.PJ_ENOMEM)
	}
	msg = (*C.pjsua_msg_data)(a.zero(C.sizeof_pjsua_msg_data))
	C.pjsua_msg_data_init(msg)
	for _, h := range headers {
		if h.Name == "" || strings.ContainsAny(h.Name, " :\r\n") || strings.ContainsAny(h.Value, "\r\n\x00") {
			C.pj_pool_release(pool)
			return nil, nil, fmt.Errorf("pjsua: %q: %q is not a header field", h.Name, h.Value)
		}
		C.add_header(msg, pool, a.str(h.Name), a.str(h.Value))
	}
	return msg, func() { C.pj_pool_release(pool) }, nil
}

// DialWait is Dial and waits for the answer. It returns the call when that is
// confirmed, and *CallError with the code when it is refused. When ctx ends first the
// call is hung up and ctx's error returned. Events must be read meanwhile.
func (acc *Account) DialWait(ctx context.Context, uri string, opts DialOptions) (*Call, error) {
	id := CallID(C.oh_mint())
	states := make(chan Event, 16)
	acc.ep.mu.Lock()
	acc.ep.dials[id] = states
	acc.ep.mu.Unlock()
	defer func() {
		acc.ep.mu.Lock()
		delete(acc.ep.dials, id)
		acc.ep.mu.Unlock()
	}()
	call, err := acc.dial(ctx, id, uri, opts)
	if err != nil {
		return nil, err
	}
	for {
		select {
		case ev, ok := <-states:
			if !ok {
				return nil, ErrClosed
			}
			switch ev := ev.(type) {
			case CallStateChanged:
				if ev.State == StateConfirmed {
					return call, nil
				}
			case CallEnded:
				return nil, &CallError{ev.Code, ev.Reason}
			}
		case <-ctx.Done():
			hangup, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			if err := call.Hangup(hangup, 0, ""); err != nil && !errors.Is(err, ErrCallGone) {
				return nil, errors.Join(ctx.Err(), err)
			}
			return nil, ctx.Err()
		}
	}
}

// on runs fn with the call's slot on pjsua's thread.
func (c *Call) on(ctx context.Context, op string, fn func(t onThread, slot C.pjsua_call_id) C.pj_status_t) error {
	return c.ep.do(ctx, func(t onThread) error {
		slot := C.oh_call_slot(C.int64_t(c.id))
		if slot < 0 {
			return ErrCallGone
		}
		st := fn(t, C.pjsua_call_id(slot))
		if st != C.PJ_SUCCESS && C.oh_call_slot(C.int64_t(c.id)) < 0 {
			return ErrCallGone // it ended meanwhile
		}
		return t.fail(op, st)
	})
}

// Answer sends a response to the INVITE of an incoming call (pjsua_call_answer2): 180
// rings, 183 opens early media, 200 answers, 300 and above refuse. reason replaces the
// code's own phrase; empty keeps it. When it returns the response may still wait for
// the media transport.
func (c *Call) Answer(ctx context.Context, code SIPCode, reason string) error {
	if code < 101 || code > 699 {
		return fmt.Errorf("pjsua: answer: %d is no response code", int(code))
	}
	return c.on(ctx, fmt.Sprintf("answer %d", int(code)), func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		var a arena
		defer a.free()
		text := a.str(reason)
		return C.pjsua_call_answer2(slot, nil, C.uint(code), optional(&text), nil)
	})
}

// Hangup ends the call (pjsua_call_hangup): with BYE when it is up, with CANCEL when
// it was not answered yet, with code and reason when it is an incoming call that was
// not answered. code 0 means 603 then. For a call that is up a code other than 0 goes
// into the Reason header of the BYE (RFC 3326). CallEnded comes at once, before the
// far end has answered.
func (c *Call) Hangup(ctx context.Context, code SIPCode, reason string) error {
	if code != 0 && (code < 200 || code > 699) {
		return fmt.Errorf("pjsua: hangup: %d is no final response code", int(code))
	}
	return c.on(ctx, "hangup", func(t onThread, slot C.pjsua_call_id) C.pj_status_t {
		var a arena
		defer a.free()
		text := a.str(reason)
		var headers []Header
		var info C.pjsua_call_info
		if code != 0 && C.pjsua_call_get_info(slot, &info) == C.PJ_SUCCESS && info.state == C.PJSIP_INV_STATE_CONFIRMED {
			headers = []Header{{"Reason", reasonHeader(code, reason)}}
		}
		msg, release, err := messageData(t, &a, headers)
		if err != nil {
			return C.PJ_EINVAL
		}
		defer release()
		return C.pjsua_call_hangup(slot, C.uint(code), optional(&text), msg)
	})
}

func optional(s *C.pj_str_t) *C.pj_str_t {
	if s.slen == 0 {
		return nil
	}
	return s
}

// Hold puts the far end on hold with a re-INVITE (pjsua_call_set_hold2); its answer
// comes as CallMediaChanged.
func (c *Call) Hold(ctx context.Context) error {
	return c.on(ctx, "hold", func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		return C.pjsua_call_set_hold2(slot, 0, nil)
	})
}

// Resume takes the far end off hold with a re-INVITE (pjsua_call_reinvite2).
func (c *Call) Resume(ctx context.Context) error {
	return c.on(ctx, "resume", func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		var setting C.pjsua_call_setting
		C.pjsua_call_setting_default(&setting)
		setting.aud_cnt, setting.vid_cnt, setting.txt_cnt = 1, 0, 0
		setting.flag = C.PJSUA_CALL_UNHOLD
		return C.pjsua_call_reinvite2(slot, &setting, nil)
	})
}

// SendDTMF sends digits, 0 to 9, *, # and A to D, one after the other
// (pjsua_call_send_dtmf). It returns when they are queued.
func (c *Call) SendDTMF(ctx context.Context, digits string, opts DTMFOptions) error {
	if digits == "" || strings.Trim(strings.ToUpper(digits), "0123456789*#ABCD") != "" {
		return fmt.Errorf("pjsua: send DTMF: %q are not all digits 0-9, *, #, A-D", digits)
	}
	return c.on(ctx, "send DTMF", func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		var a arena
		defer a.free()
		param := (*C.pjsua_call_send_dtmf_param)(a.zero(C.sizeof_pjsua_call_send_dtmf_param))
		C.pjsua_call_send_dtmf_param_default(param)
		param.digits = a.str(digits)
		if opts.Method == DTMFInfo {
			param.method = C.PJSUA_DTMF_METHOD_SIP_INFO
		}
		if opts.Duration > 0 {
			param.duration = C.uint(opts.Duration / time.Millisecond)
		}
		return C.pjsua_call_send_dtmf(slot, param)
	})
}

// Info returns a snapshot of the call (pjsua_call_get_info).
func (c *Call) Info(ctx context.Context) (CallInfo, error) {
	var out CallInfo
	err := c.on(ctx, "call info", func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		var st C.pj_status_t
		ev := C.oh_call_info(C.int(slot), C.int64_t(c.id), &st)
		if ev == nil {
			return st
		}
		defer C.oh_event_free(ev)
		state := c.ep.pump.decode(ev, EventHeader{}).(CallStateChanged)
		out = CallInfo{
			ID: c.id, Account: state.Account, Role: state.Role, State: state.State, Code: state.Code,
			Reason: state.Reason, Remote: state.Remote, Local: state.Local, SIPCallID: state.SIPCallID,
			Media:     decodeMedia(ev),
			Connected: time.Duration(ev.connected_ms) * time.Millisecond,
			Total:     time.Duration(ev.total_ms) * time.Millisecond,
		}
		return C.PJ_SUCCESS
	})
	return out, err
}

// Stats returns the figures of the call's audio so far (pjsua_call_get_stream_stat).
// Those of a call that has ended are in its CallEnded.
func (c *Call) Stats(ctx context.Context) (CallStats, error) {
	var out CallStats
	err := c.on(ctx, "call statistics", func(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
		var stats C.oh_stats
		st := C.oh_call_stats(C.int(slot), &stats)
		out = decodeStats(&stats)
		return st
	})
	return out, err
}
