//go:build cgo

package pjsua

/*
#include "control.h"
*/
import "C"

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
	"unsafe"
)

// Hold puts the far end on hold with a re-INVITE (pjsua_call_set_hold2); its answer
// comes as CallMediaChanged. While another offer is under way in the call, of either side,
// it waits for that until ctx ends; but while a re-INVITE waits for [Call.AnswerReinvite] it
// is [StatusInvalidOp]. So do the other offers.
func (c *Call) Hold(ctx context.Context, opts HoldOptions) error {
	return c.offer(ctx, func(ctx context.Context) error {
		return c.onOffer(ctx, "hold", opts.Msg, func(_ onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
			return C.pjsua_call_set_hold2(slot, C.uint(opts.Flags), msg)
		})
	})
}

// Reinvite offers the media of opts.Setting with a re-INVITE (pjsua_call_reinvite2); its
// answer comes as CallMediaChanged.
func (c *Call) Reinvite(ctx context.Context, opts ReinviteOptions) error {
	return c.offer(ctx, func(ctx context.Context) error {
		return c.onOffer(ctx, "re-INVITE", opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
			return C.pjsua_call_reinvite2(slot, callSetting(t, a, opts.Setting), msg)
		})
	})
}

// Resume takes the far end off hold: Reinvite with [CallUnhold].
func (c *Call) Resume(ctx context.Context, opts ReinviteOptions) error {
	opts.Setting.Flags |= CallUnhold
	return c.Reinvite(ctx, opts)
}

// Update offers the media of opts.Setting with an UPDATE (pjsua_call_update2; RFC 3311),
// which also works before the call is answered; with [CallNoSDPOffer] it carries none. Its
// answer comes as CallMediaChanged.
func (c *Call) Update(ctx context.Context, opts UpdateOptions) error {
	return c.offer(ctx, func(ctx context.Context) error {
		return c.onOffer(ctx, "UPDATE", opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
			return C.pjsua_call_update2(slot, callSetting(t, a, opts.Setting), msg)
		})
	})
}

// offering is the last offer that the program asked for in a call.
type offering struct {
	send  func(context.Context) error
	tries int
}

// offersAgain bounds how often an offer is sent again.
const offersAgain = 10

// offer sends an offer, and keeps it to be sent again when it crosses another.
func (c *Call) offer(ctx context.Context, send func(context.Context) error) error {
	p := c.ep.pump
	o := &offering{send: send}
	p.mu.Lock()
	p.offers[c.id] = o
	p.mu.Unlock()
	err := send(ctx)
	// What is under way is soon answered: the ACK of the answer before, PJSIP's own UPDATE
	// after an answer with several codecs, an offer of the far end. No event tells of all.
	tick := time.NewTicker(offerPoll)
	defer tick.Stop()
	for ; errors.Is(err, errOfferPending); err = send(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.dropOffer(c.id, o)
			return ctx.Err()
		}
	}
	if err != nil {
		p.dropOffer(c.id, o)
	}
	return err
}

// onOffer is onMsg for what makes an offer.
func (c *Call) onOffer(ctx context.Context, op string, msg MsgData,
	fn func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t) error {
	pending := false
	err := c.onMsg(ctx, op, msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		if pending = C.oh_offer_pending(C.int64_t(c.id)) != 0; pending {
			return C.PJ_SUCCESS
		}
		return fn(t, slot, a, msg)
	})
	if err == nil && pending {
		return errOfferPending
	}
	return err
}

// errOfferPending says that an offer has to wait until another has its answer and its ACK.
var errOfferPending = errors.New("pjsua: another offer has no answer yet")

// offerPoll is how often an offer that has to wait is tried.
const offerPoll = 10 * time.Millisecond

// dropOffer forgets an offer, nil for whichever it is.
func (p *pump) dropOffer(id CallID, o *offering) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o == nil || p.offers[id] == o {
		delete(p.offers, id)
	}
}

// crossed sends the call's last offer again in a while, as an OH_CROSSED asks for.
func (p *pump) crossed(r *C.oh_head) {
	ev := (*C.oh_control)(unsafe.Pointer(r))
	// RFC 3261 section 14.1, in units of 10 ms: who chose the Call-ID waits longer.
	wait := time.Duration(rand.IntN(201)) * 10 * time.Millisecond
	if ev.final != 0 {
		wait = time.Duration(210+rand.IntN(191)) * 10 * time.Millisecond
	}
	id := CallID(r.call)
	p.mu.Lock()
	o := p.offers[id]
	p.mu.Unlock()
	if o != nil {
		time.AfterFunc(wait, func() { p.again(id, o) })
	}
}

func (p *pump) again(id CallID, o *offering) {
	p.mu.Lock()
	o.tries++
	stale := p.offers[id] != o || o.tries > offersAgain
	p.mu.Unlock()
	if stale {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := o.send(ctx)
	switch {
	case err == nil:
	case errors.Is(err, StatusInvalidOp), errors.Is(err, errOfferPending): // the far end's offer has no answer yet
		time.AfterFunc(500*time.Millisecond, func() { p.again(id, o) })
	default:
		p.dropOffer(id, o)
		p.logger.Debug("an offer that crossed another was not sent again", "call", id, "error", err)
	}
}
