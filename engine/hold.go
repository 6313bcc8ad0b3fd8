package engine

import (
	"context"

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
	return c.failed("hold", phone.Hold(ctx, c.id))
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
	return c.failed("resume", phone.Resume(ctx, c.id))
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
		c.report("hold for another call", phone.Hold(ctx, c.id))
	}
}
