//go:build cgo

package pjsua

/*
#include "control.h"
*/
import "C"

import "context"

// HangupWait is Hangup and waits for the far end's answer: to the BYE, or to the INVITE that
// was cancelled ([HangupAnswered]). CallEnded comes before, at once. Where no request is on
// its way, as when an INVITE is refused, the answer is empty. When ctx ends first the call is
// over all the same, and ctx's error is returned. Events must be read meanwhile.
func (c *Call) HangupWait(ctx context.Context, opts HangupOptions) (HangupAnswered, error) {
	if err := opts.validate(); err != nil {
		return HangupAnswered{}, err
	}
	answer := c.ep.expectHangup(c.id)
	defer c.ep.unexpectHangup(c.id, answer)
	wait := false
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		info := (*C.pjsua_call_info)(a.zero(C.sizeof_pjsua_call_info))
		if st := C.pjsua_call_get_info(slot, info); st != C.PJ_SUCCESS {
			return t.fail("hangup", st)
		}
		wait = info.role == C.PJSIP_ROLE_UAC || info.state >= C.PJSIP_INV_STATE_CONNECTING
		if C.oh_redirect_waits(C.int64_t(c.id)) != 0 {
			wait = false // no request is on its way
		}
		return c.hangup(t, slot, opts)
	})
	if err != nil || !wait {
		return HangupAnswered{}, err
	}
	select {
	case ev := <-answer:
		return ev, nil
	case <-ctx.Done():
		return HangupAnswered{}, ctx.Err()
	case <-c.ep.gone:
		return HangupAnswered{}, ErrClosed
	}
}

// expectHangup makes the answer to the end of a call arrive on the returned channel, too.
func (ep *Endpoint) expectHangup(id CallID) chan HangupAnswered {
	ch := make(chan HangupAnswered, 1)
	ep.mu.Lock()
	defer ep.mu.Unlock()
	if ep.hangups[id] == nil {
		ep.hangups[id] = map[chan HangupAnswered]struct{}{}
	}
	ep.hangups[id][ch] = struct{}{}
	return ch
}

func (ep *Endpoint) unexpectHangup(id CallID, ch chan HangupAnswered) {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	if delete(ep.hangups[id], ch); len(ep.hangups[id]) == 0 {
		delete(ep.hangups, id)
	}
}

// hangupAnswered sees the event before the consumer does.
func (ep *Endpoint) hangupAnswered(ev HangupAnswered) {
	if ev.Method == "CANCEL" || ev.Method == "INVITE" && ev.Code < 300 {
		return // the answer to the INVITE, or to the BYE that follows it, is to come
	}
	ep.mu.Lock()
	defer ep.mu.Unlock()
	for ch := range ep.hangups[ev.Call] {
		select {
		case ch <- ev:
		default: // it has its answer
		}
	}
}
