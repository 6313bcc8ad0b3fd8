//go:build cgo

package pjsua

/*
#include "callmedia.h"
#include "control.h"

// The serial is the call's user data. It never passes through Go as a pointer: one that
// small stops the program when it is found on a stack that grows.
static pj_status_t make_call(pjsua_acc_id acc, const pj_str_t *dst, const pjsua_call_setting *setting, int64_t serial,
                             const pjsua_msg_data *msg, pjsua_call_id *call)
{
	return pjsua_call_make_call(acc, dst, setting, (void *)(intptr_t)serial, msg, call);
}
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
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
	if err := validPolicy(opts.Policy); err != nil {
		return nil, err
	}
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("dial %q", uri)
		dst := a.str(uri)
		if uri == "" || C.pjsua_verify_sip_url(dst.ptr) != C.PJ_SUCCESS {
			return t.fail(op, C.PJSIP_EINVALIDURI)
		}
		setting := callSetting(t, &a, opts.Setting)
		msg, release, err := messageData(t, &a, opts.Msg)
		if err != nil {
			return err
		}
		defer release()
		if err := setPolicy(t, int64(id), opts.Policy); err != nil {
			return err
		}
		var call C.pjsua_call_id
		st := C.make_call(slot, &dst, setting, C.int64_t(id), msg, &call)
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
			if err := call.Hangup(hangup, HangupOptions{}); err != nil && !errors.Is(err, ErrCallGone) {
				return nil, errors.Join(ctx.Err(), err)
			}
			return nil, ctx.Err()
		}
	}
}

// on runs fn with the call's slot on pjsua's thread.
func (c *Call) on(ctx context.Context, fn func(t onThread, slot C.pjsua_call_id) error) error {
	return c.ep.do(ctx, func(t onThread) error {
		slot := C.oh_call_slot(C.int64_t(c.id))
		if slot < 0 {
			return ErrCallGone
		}
		err := fn(t, C.pjsua_call_id(slot))
		if err != nil && C.oh_call_slot(C.int64_t(c.id)) < 0 {
			return ErrCallGone // it ended meanwhile
		}
		return err
	})
}

// onMsg is on for what sends a message: fn gets msg as a pjsua_msg_data, and an arena
// for its own arguments.
func (c *Call) onMsg(ctx context.Context, op string, msg MsgData,
	fn func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t) error {
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		data, release, err := messageData(t, &a, msg)
		if err != nil {
			return err
		}
		defer release()
		return t.fail(op, fn(t, slot, &a, data))
	})
}

// Answer sends a response to the INVITE of an incoming call (pjsua_call_answer2): 180
// rings, 183 opens early media, 200 answers, 300 and above refuse. When it returns the
// response may still wait for the media transport.
func (c *Call) Answer(ctx context.Context, code SIPCode, opts AnswerOptions) error {
	if code < 101 || code > 699 {
		return fmt.Errorf("pjsua: answer: %d is no response code", int(code))
	}
	op := fmt.Sprintf("answer %d", int(code))
	return c.onMsg(ctx, op, opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		if st := opts.order(t, slot); st != C.PJ_SUCCESS {
			return st
		}
		text := a.str(opts.Reason)
		return C.pjsua_call_answer2(slot, callSetting(t, a, opts.Setting), C.uint(code), optional(&text), msg)
	})
}

func (o *AnswerOptions) order(_ onThread, slot C.pjsua_call_id) C.pj_status_t {
	if !o.OwnCodecOrder {
		return C.PJ_SUCCESS
	}
	return C.oh_prefer_own_codecs(C.int(slot))
}

// Hangup ends the call (pjsua_call_hangup): with BYE when it is up, with CANCEL when
// it was not answered yet, with opts.Code when it is an incoming call that was not
// answered. CallEnded comes at once, before the far end has answered.
func (c *Call) Hangup(ctx context.Context, opts HangupOptions) error {
	if err := opts.validate(); err != nil {
		return err
	}
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error { return c.hangup(t, slot, opts) })
}

func (c *Call) hangup(t onThread, slot C.pjsua_call_id, opts HangupOptions) error {
	code := opts.Code
	var a arena
	defer a.free()
	if C.oh_redirect_abandon(C.int(slot), C.int64_t(c.id)) != 0 {
		return nil
	}
	var info C.pjsua_call_info
	if code != 0 && C.pjsua_call_get_info(slot, &info) == C.PJ_SUCCESS && info.state == C.PJSIP_INV_STATE_CONFIRMED {
		reason := Header{"Reason", reasonHeader(code, opts.Reason)}
		opts.Msg.Headers = append([]Header{reason}, opts.Msg.Headers...)
	}
	msg, release, err := messageData(t, &a, opts.Msg)
	if err != nil {
		return err
	}
	defer release()
	text := a.str(opts.Reason)
	return t.fail("hangup", C.pjsua_call_hangup(slot, C.uint(code), optional(&text), msg))
}

func optional(s *C.pj_str_t) *C.pj_str_t {
	if s.slen == 0 {
		return nil
	}
	return s
}

// Stats returns the figures of the call's audio so far (pjsua_call_get_stream_stat,
// pjsua_call_get_stream_info). Those of a call that has ended are in its CallEnded.
func (c *Call) Stats(ctx context.Context) (CallStats, error) {
	var out CallStats
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var stats C.oh_stats
		st := C.oh_call_stats(C.int(slot), &stats)
		out = decodeStats(&stats)
		return t.fail("call statistics", st)
	})
	return out, err
}
