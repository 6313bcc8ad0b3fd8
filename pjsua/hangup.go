//go:build cgo

package pjsua

/*
#include "control.h"
*/
import "C"

import (
	"context"
	"unsafe"
)

// HangupWait is Hangup and waits for the far end's answer: to the BYE, or to the INVITE that
// was cancelled. CallEnded comes before, at once. When ctx ends first the call is over all
// the same, and ctx's error is returned.
func (c *Call) HangupWait(ctx context.Context, opts HangupOptions) (HangupAnswer, error) {
	if err := opts.validate(); err != nil {
		return HangupAnswer{}, err
	}
	answer := c.ep.pump.expectHangup(c.id)
	defer c.ep.pump.unexpectHangup(c.id, answer)
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
		return HangupAnswer{}, err
	}
	select {
	case got := <-answer:
		return got, nil
	case <-ctx.Done():
		return HangupAnswer{}, ctx.Err()
	case <-c.ep.gone:
		return HangupAnswer{}, ErrClosed
	}
}

// expectHangup makes the answer to the end of a call arrive on the returned channel.
func (p *pump) expectHangup(id CallID) chan HangupAnswer {
	ch := make(chan HangupAnswer, 1)
	p.mu.Lock()
	p.hangups[id] = append(p.hangups[id], ch)
	p.mu.Unlock()
	return ch
}

func (p *pump) unexpectHangup(id CallID, ch chan HangupAnswer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []chan HangupAnswer
	for _, other := range p.hangups[id] {
		if other != ch {
			left = append(left, other)
		}
	}
	if left == nil {
		delete(p.hangups, id)
	} else {
		p.hangups[id] = left
	}
}

// hangupAnswered hands out an OH_HANGUP_ANSWER.
func (p *pump) hangupAnswered(r *C.oh_head) {
	ev := (*C.oh_control)(unsafe.Pointer(r))
	answer := HangupAnswer{
		recordText(r, ev.target), SIPCode(ev.code), recordText(r, ev.reason), []byte(recordText(r, ev.message)),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, ch := range p.hangups[CallID(r.call)] {
		select {
		case ch <- answer:
		default: // it has its answer
		}
	}
}
