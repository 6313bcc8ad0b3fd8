package engine

import (
	"context"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// judgeLocked decides about an incoming call, which is in the table already.
func (e *Engine) judgeLocked(c *Call, invite pjsua.IncomingCall) verdict {
	cfg := e.config.Load()
	others, dialling := e.partiesLocked(c)
	f := incoming{
		settings: &cfg.Settings,
		rules:    cfg.Rules,
		account:  &config.Account{},
		remote:   c.remote,
		local:    c.local,
		callID:   c.sipCallID,
		header:   invite.HeaderValues,
		now:      time.Now(),
		serving:  e.state == running,
		others:   others,
		dialling: dialling,
		decided:  e.decided,
	}
	if c.account != nil {
		f.account, f.own = c.account.cfg(), c.account.uri
	}
	return judge(&f)
}

// partiesLocked returns the calls beside c, but those that were refused, and how many
// are about to be.
func (e *Engine) partiesLocked(c *Call) (others []party, dialling int) {
	for _, o := range e.calls {
		if o != c && o.verdict.code < 300 {
			others = append(others, party{account: o.numberLocked(), remote: o.remote, held: o.heldLocked()})
		}
	}
	return others, e.diallingLocked()
}

// mayAnswer says whether a call may be answered by itself now: other calls have come
// and gone since the verdict.
func (e *Engine) mayAnswer(c *Call) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	others, dialling := e.partiesLocked(c)
	return mayAutoAnswer(e.settings(), others, dialling)
}

func (c *Call) verdictNow() verdict {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	return c.verdict
}

// decide remembers that somebody answered or refused an incoming call that rings:
// other legs of the same call are not to ring then.
func (c *Call) decide() {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if c.ringsHereLocked() {
		c.e.decided = c.sipCallID
	}
}

// endOthers hangs up what singleMode does not allow beside a call that is dialled or
// answered. Calls that ring here are left to ring.
func (e *Engine) endOthers(ctx context.Context, phone Phone, except CallID) {
	if !e.settings().SingleMode {
		return
	}
	var others []*Call
	e.mu.Lock()
	for _, c := range e.callsLocked() {
		ringing := c.role == pjsua.RoleUAS && c.reached < StateConnecting.rank()
		if c.id != except && !ringing {
			others = append(others, c)
		}
	}
	e.mu.Unlock()
	for _, c := range others {
		c.report("hang up for another call", phone.Hangup(ctx, c.id, pjsua.HangupOptions{}))
	}
}
