package engine

import (
	"context"
	"errors"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// Hold puts the far end on hold. A [CallMediaChanged] with the status
// "LOCAL_HOLD" follows. Players and recorders of the call pause, and while it lasts the
// call is out of its conference.
func (c *Call) Hold(ctx context.Context) error {
	phone, err := c.phoneFor()
	if err != nil {
		return err
	}
	return c.offer(ctx, "hold", func() error { return phone.Hold(ctx, c.id) })
}

// Resume ends [Call.Hold]. Where autoHold is on, other calls are put on hold.
func (c *Call) Resume(ctx context.Context) error {
	phone, err := c.phoneFor()
	if err != nil {
		return err
	}
	c.e.mu.Lock()
	c.touchLocked()
	c.e.mu.Unlock()
	c.e.holdOthers(ctx, phone, c)
	return c.offer(ctx, "resume", func() error { return phone.Resume(ctx, c.id) })
}

// How long an offer waits for the end of one that is under way, and how often it looks.
const (
	offerWait = 10 * time.Second
	offerPoll = 50 * time.Millisecond
)

// offer sends a re-INVITE. While the one before is not answered, as after a Hold a moment
// ago, PJSIP refuses it, and it is sent again.
func (c *Call) offer(ctx context.Context, op string, send func() error) error {
	limit := time.Now().Add(offerWait)
	for {
		err := send()
		if !errors.Is(err, pjsua.StatusInvalidOp) || time.Now().After(limit) {
			return c.failed(op, err)
		}
		if err := c.sleep(ctx, offerPoll); err != nil {
			return err
		}
	}
}

// ToggleHold is Hold, or Resume of a call that we hold.
func (c *Call) ToggleHold(ctx context.Context) error {
	c.e.mu.Lock()
	held := c.heldLocked()
	c.e.mu.Unlock()
	if held {
		return c.Resume(ctx)
	}
	return c.Hold(ctx)
}

// heldLocked says whether we hold the call.
func (c *Call) heldLocked() bool {
	for _, m := range c.media {
		if m.Status == pjsua.MediaLocalHold {
			return true
		}
	}
	return false
}

// holdOthers puts on hold what MicroSIP does when a call is dialled, answered or
// resumed: calls that are up and in no conference.
func (e *Engine) holdOthers(ctx context.Context, phone Phone, except *Call) {
	s := e.settings()
	if !s.AutoHold || s.AC {
		return
	}
	var others []*Call
	e.mu.Lock()
	for _, c := range e.callsLocked() {
		if c != except && c.reached == StateConfirmed.rank() && !c.heldLocked() && c.conf == nil {
			others = append(others, c)
		}
	}
	if except != nil && except.conf != nil {
		others = nil // a conference goes on together
	}
	e.mu.Unlock()
	for _, c := range others {
		err := c.offer(ctx, "hold", func() error { return phone.Hold(ctx, c.id) })
		if !errors.Is(err, ErrCallEnded) {
			c.report("hold for another call", err)
		}
	}
}
