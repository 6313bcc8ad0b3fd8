//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "control.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// Transfer asks the far end with a REFER to call target instead (pjsua_call_xfer; blind
// transfer, RFC 5589 section 6). target is a URI, with or without a display name. It
// returns when the REFER is sent; TransferProgress tells how it fares. The call stays up:
// hang it up when the transfer has succeeded.
func (c *Call) Transfer(ctx context.Context, target string, opts TransferOptions) error {
	op := fmt.Sprintf("transfer to %q", target)
	return c.onMsg(ctx, op, opts.Msg, func(_ onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		dst := a.str(target)
		if target == "" || strings.ContainsAny(target, "\r\n") || C.pjsua_verify_url(dst.ptr) != C.PJ_SUCCESS {
			return C.PJSIP_EINVALIDURI
		}
		if st := C.oh_call_in_dialog(C.int(slot)); st != C.PJ_SUCCESS {
			return st
		}
		return C.pjsua_call_xfer(slot, &dst, msg)
	})
}

// AttendedTransfer asks the far end with a REFER to take our place in the call other
// (pjsua_call_xfer_replaces; RFC 5589 section 7): it calls other's far end with Replaces.
// TransferProgress tells how it fares; other ends when the far ends have connected.
func (c *Call) AttendedTransfer(ctx context.Context, other *Call, opts TransferOptions) error {
	return c.onMsg(ctx, "attended transfer", opts.Msg, func(_ onThread, slot C.pjsua_call_id, _ *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		dest := C.oh_call_slot(C.int64_t(other.id))
		if dest < 0 {
			return C.PJSIP_ESESSIONTERMINATED
		}
		for _, end := range []C.int{C.int(slot), dest} {
			if st := C.oh_call_in_dialog(end); st != C.PJ_SUCCESS {
				return st
			}
		}
		var options C.uint
		if opts.NoRequireReplaces {
			options = C.PJSUA_XFER_NO_REQUIRE_REPLACES
		}
		return C.pjsua_call_xfer_replaces(slot, C.pjsua_call_id(dest), options, msg)
	})
}

// ProcessRedirect decides about the contact that CallRedirected left to the program
// (pjsua_call_process_redirect). When it is rejected and there is another, another
// CallRedirected follows. A call that waits for no decision is [StatusInvalidOp].
func (c *Call) ProcessRedirect(ctx context.Context, op RedirectOp) error {
	switch op {
	case RedirectReject, RedirectAccept, RedirectAcceptReplace, RedirectStopAll:
	default:
		return fmt.Errorf("pjsua: process redirect: %v is no decision", op)
	}
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		if C.oh_redirect_claim(C.int64_t(c.id)) == 0 {
			return t.fail("process redirect", C.PJ_EINVALIDOP)
		}
		st := C.pjsua_call_process_redirect(slot, C.pjsip_redirect_op(op))
		if st == C.PJSIP_ESESSIONTERMINATED && op == RedirectReject {
			return nil // that was the last contact
		}
		return t.fail("process redirect", st)
	})
}

// AnswerWithSDP is Answer with an SDP of the program's own as the answer to the offer in the
// INVITE (pjsua_call_answer_with_sdp). PJSIP's media follow it, so it must be one that PJSIP
// could have made: its addresses and ports, a choice of its codecs. An INVITE without an
// offer cannot be answered with it.
func (c *Call) AnswerWithSDP(ctx context.Context, code SIPCode, sdp string, opts AnswerOptions) error {
	if code < 101 || code > 699 {
		return fmt.Errorf("pjsua: answer: %d is no response code", int(code))
	}
	op := fmt.Sprintf("answer %d with SDP", int(code))
	return c.onMsg(ctx, op, opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		info := (*C.pjsua_call_info)(a.zero(C.sizeof_pjsua_call_info))
		st := C.pjsua_call_get_info(slot, info)
		if st == C.PJ_SUCCESS && (info.role != C.PJSIP_ROLE_UAS || info.state >= C.PJSIP_INV_STATE_CONNECTING || info.rem_offerer == 0) {
			st = C.PJ_EINVALIDOP // nothing that an SDP could answer
		}
		if st == C.PJ_SUCCESS {
			st = opts.order(t, slot)
		}
		if st != C.PJ_SUCCESS {
			return st
		}
		return answerWithSDP(t, slot, a, sdp, callSetting(t, a, opts.Setting), code, opts.Reason, msg)
	})
}

func answerWithSDP(_ onThread, slot C.pjsua_call_id, a *arena, sdp string, setting *C.pjsua_call_setting,
	code SIPCode, reason string, msg *C.pjsua_msg_data) C.pj_status_t {
	pool := C.pjsua_pool_create(a.str("sdp").ptr, 1024, 1024)
	if pool == nil {
		return C.PJ_ENOMEM
	}
	defer C.oh_pool_release(pool) // the negotiator takes a copy
	text := a.str(sdp)
	if sdp == "" {
		return C.PJMEDIA_SDP_EINSDP
	}
	var parsed *C.pjmedia_sdp_session
	if st := C.pjmedia_sdp_parse(pool, text.ptr, C.pj_size_t(text.slen), &parsed); st != C.PJ_SUCCESS {
		return st
	}
	if st := C.pjmedia_sdp_validate(parsed); st != C.PJ_SUCCESS {
		return st
	}
	phrase := a.str(reason)
	return C.pjsua_call_answer_with_sdp(slot, parsed, setting, C.uint(code), optional(&phrase), msg)
}

// AnswerReinvite answers a re-INVITE that [OfferAsk] left to the program
// (pjsua_call_answer_with_sdp): 200 accepts, 300 and above refuse, and the media stay as
// they were. A call that has none to answer, or no longer because the far end cancelled
// it, is [StatusInvalidOp].
func (c *Call) AnswerReinvite(ctx context.Context, code SIPCode, opts AnswerReinviteOptions) error {
	if code != CodeOK && (code < 300 || code > 699) {
		return fmt.Errorf("pjsua: answer re-INVITE: %d is neither 200 nor a refusal", int(code))
	}
	op := fmt.Sprintf("answer re-INVITE %d", int(code))
	return c.onMsg(ctx, op, opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		if C.oh_reinvite_claim(C.int64_t(c.id)) == 0 {
			return C.PJ_EINVALIDOP
		}
		own := C.oh_reinvite_answer(C.int64_t(c.id))
		defer C.free(unsafe.Pointer(own))
		if code != CodeOK {
			phrase := a.str(opts.Reason)
			return C.pjsua_call_answer2(slot, nil, C.uint(code), optional(&phrase), msg)
		}
		sdp := opts.SDP
		if sdp == "" && own != nil {
			sdp = C.GoString(own)
		}
		return answerWithSDP(t, slot, a, sdp, nil, code, opts.Reason, msg)
	})
}

// IsActive says whether the call is up or coming up (pjsua_call_is_active): not hung up, not
// ended.
func (c *Call) IsActive(ctx context.Context) (bool, error) {
	return c.is(ctx, func(_ onThread, slot C.pjsua_call_id) C.pj_bool_t { return C.pjsua_call_is_active(slot) })
}

// HasMedia says whether the call has media that work (pjsua_call_has_media).
func (c *Call) HasMedia(ctx context.Context) (bool, error) {
	return c.is(ctx, func(_ onThread, slot C.pjsua_call_id) C.pj_bool_t { return C.pjsua_call_has_media(slot) })
}

// is asks about a call; one that has ended answers no.
func (c *Call) is(ctx context.Context, ask func(onThread, C.pjsua_call_id) C.pj_bool_t) (bool, error) {
	yes := false
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		yes = ask(t, slot) == C.PJ_TRUE
		return nil
	})
	if errors.Is(err, ErrCallGone) {
		err = nil
	}
	return yes, err
}

// RemoteHasCap says whether the far end lists token in the header field called header:
// "Allow" for methods, "Supported" for option tags, "Accept" for body types, or another
// (pjsua_call_remote_has_cap).
func (c *Call) RemoteHasCap(ctx context.Context, header, token string) (Capability, error) {
	result := CapabilityUnknown
	err := c.on(ctx, func(_ onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		kind := C.int(C.PJSIP_H_OTHER)
		switch strings.ToLower(header) {
		case "accept":
			kind = C.PJSIP_H_ACCEPT
		case "allow":
			kind = C.PJSIP_H_ALLOW
		case "supported":
			kind = C.PJSIP_H_SUPPORTED
		}
		name, value := a.str(header), a.str(token)
		result = Capability(C.pjsua_call_remote_has_cap(slot, kind, &name, &value))
		return nil
	})
	return result, err
}

// Calls lists the calls that have not ended (pjsua_enum_calls).
func (ep *Endpoint) Calls(ctx context.Context) ([]*Call, error) {
	var out []*Call
	err := ep.do(ctx, func(t onThread) error {
		for _, slot := range callSlots(t) {
			if id := C.oh_call_bind(C.int(slot)); id != 0 {
				out = append(out, ep.Call(CallID(id)))
			}
		}
		return nil
	})
	return out, err
}

func callSlots(_ onThread) []C.pjsua_call_id {
	ids := make([]C.pjsua_call_id, limits.Calls)
	n := C.uint(len(ids))
	if C.pjsua_enum_calls(&ids[0], &n) != C.PJ_SUCCESS {
		return nil
	}
	return ids[:n]
}

// CallCount returns how many calls there are (pjsua_call_get_count). One that was hung up counts
// until the far end has answered, or did not.
func (ep *Endpoint) CallCount(ctx context.Context) (int, error) {
	var n int
	err := ep.do(ctx, func(onThread) error { n = int(C.pjsua_call_get_count()); return nil })
	return n, err
}

// MaxCalls returns how many calls there may be at a time (pjsua_call_get_max_count).
func (ep *Endpoint) MaxCalls(ctx context.Context) (int, error) {
	var n int
	err := ep.do(ctx, func(onThread) error { n = int(C.pjsua_call_get_max_count()); return nil })
	return n, err
}

// HangupAll ends all calls (pjsua_call_hangup_all), each as Hangup would.
func (ep *Endpoint) HangupAll(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error { hangupAll(t); return nil })
}

func hangupAll(t onThread) {
	for _, slot := range callSlots(t) {
		C.oh_redirect_abandon(C.int(slot), C.oh_call_bind(C.int(slot)))
	}
	C.pjsua_call_hangup_all()
}
