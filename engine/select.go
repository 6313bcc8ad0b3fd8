package engine

import (
	"context"
	"errors"

	"github.com/offhook-voip/offhook/pjsua"
)

// touchLocked makes the call the one that commands without a call are for.
func (c *Call) touchLocked() {
	c.e.touches++
	c.touched = c.e.touches
}

// ringsHereLocked says whether the call is one that came in and is not answered.
func (c *Call) ringsHereLocked() bool {
	return c.role == pjsua.RoleUAS && c.reached < StateConnecting.rank()
}

// Select makes the call the one that [Engine.SelectedCall] returns.
func (c *Call) Select() error {
	if _, err := c.phoneFor(); err != nil {
		return err
	}
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.touchLocked()
	return nil
}

// SelectedCall returns the call that a command without a call is for, as MicroSIP's
// selected tab: the one that was last dialled, answered, resumed or selected. Calls that
// ring here count only when there are no others; of those it is the first.
func (e *Engine) SelectedCall() (*Call, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var selected *Call
	for _, c := range e.callsLocked() {
		if !c.ringsHereLocked() && (selected == nil || c.touched >= selected.touched) {
			selected = c
		}
	}
	if selected != nil {
		return selected, true
	}
	return e.ringingCallLocked()
}

// RingingCall returns the first of the incoming calls that are not answered: what
// MicroSIP's /answer is for.
func (e *Engine) RingingCall() (*Call, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ringingCallLocked()
}

func (e *Engine) ringingCallLocked() (*Call, bool) {
	for _, c := range e.callsLocked() {
		if c.ringsHereLocked() && c.verdict.code < 300 {
			return c, true
		}
	}
	return nil, false
}

// HangupAll ends all calls but incoming ones that are not answered: MicroSIP's
// /hangupall. It returns how many.
func (e *Engine) HangupAll(ctx context.Context) (int, error) {
	return e.hangupThose(ctx, func(c *Call) bool { return !c.ringsHereLocked() })
}

// HangupIncoming refuses all incoming calls that are not answered, with 603: MicroSIP's
// /hangupincoming. It returns how many.
func (e *Engine) HangupIncoming(ctx context.Context) (int, error) {
	return e.hangupThose(ctx, (*Call).ringsHereLocked)
}

// HangupCalling cancels all outgoing calls that are not confirmed: MicroSIP's
// /hangupcalling. It returns how many.
func (e *Engine) HangupCalling(ctx context.Context) (int, error) {
	return e.hangupThose(ctx, func(c *Call) bool {
		return c.role == pjsua.RoleUAC && c.reached < StateConfirmed.rank()
	})
}

func (e *Engine) hangupThose(ctx context.Context, which func(*Call) bool) (int, error) {
	if _, err := e.runningPhone(); err != nil {
		return 0, err
	}
	var those []*Call
	e.mu.Lock()
	for _, c := range e.callsLocked() {
		if which(c) {
			those = append(those, c)
		}
	}
	e.mu.Unlock()
	var errs []error
	for _, c := range those {
		errs = append(errs, c.Hangup(ctx, 0, ""))
	}
	return len(those), errors.Join(errs...)
}
