package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// handle takes in one event of the phone: it brings the tables up to date and
// publishes what happened, under the lock, so that the order of the events is
// that of the changes. It never calls the phone; what has to be done is the work
// of the call's worker, whose context is ctx.
func (e *Engine) handle(ctx context.Context, ev pjsua.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ghostLocked(ev) {
		return
	}
	at := ev.Header().Time
	switch ev := ev.(type) {
	case pjsua.RegistrationChanged:
		if a := e.byID[ev.Account]; a != nil {
			a.setRegistrationLocked(ctx, ev)
		}
	case pjsua.IncomingCall:
		e.incomingLocked(ctx, ev)
	case pjsua.CallStateChanged:
		e.callStateLocked(ctx, ev)
	case pjsua.CallMediaChanged:
		c := e.callForLocked(ctx, ev.Call, at)
		c.media = audioOf(ev.Media)
		c.wiring++
		e.bus.publish(CallMediaChanged{EventHeader: c.headerLocked("CallMediaChanged", at), Media: mediaOf(c.media)})
		c.changedLocked()
	case pjsua.CallEnded:
		c := e.callForLocked(ctx, ev.Call, at)
		c.adoptLocked(e.byID[ev.Account], ev.Role, ev.Remote, ev.Local, ev.SIPCallID)
		e.endCallLocked(c, at, ev)
	case pjsua.DTMFReceived:
		c := e.callForLocked(ctx, ev.Call, at)
		c.digitLocked(at, ev.Digit, ev.Method.String(), ev.Duration)
	case pjsua.TransferRequested:
		c := e.callForLocked(ctx, ev.Call, at)
		e.bus.publish(TransferRequested{
			EventHeader: c.headerLocked("TransferRequested", at), Target: ev.Target, Code: int(ev.Code),
		})
	case pjsua.TransferProgress:
		e.callForLocked(ctx, ev.Call, at).transferProgressLocked(ev)
	case pjsua.CallTransferred:
		c := e.callForLocked(ctx, ev.Call, at)
		e.bornLocked(ctx, c, ev.NewCall, pjsua.RoleUAC, at, ev.Remote, ev.Local, ev.SIPCallID)
		e.bus.publish(CallTransferred{EventHeader: c.headerLocked("CallTransferred", at), NewCall: ev.NewCall})
	case pjsua.ReplaceRequested:
		c := e.callForLocked(ctx, ev.Call, at)
		e.bus.publish(ReplaceRequested{
			EventHeader: c.headerLocked("ReplaceRequested", at), Code: int(ev.Code), Remote: ev.Remote,
		})
	case pjsua.CallReplaced:
		c := e.callForLocked(ctx, ev.Call, at)
		e.bornLocked(ctx, c, ev.NewCall, pjsua.RoleUAS, at, ev.Remote, ev.Local, ev.SIPCallID)
		e.bus.publish(CallReplaced{EventHeader: c.headerLocked("CallReplaced", at), NewCall: ev.NewCall})
	case pjsua.CallRedirected:
		c := e.callForLocked(ctx, ev.Call, at)
		e.bus.publish(CallRedirected{
			EventHeader: c.headerLocked("CallRedirected", at), Code: int(ev.Code), Target: ev.Target, Action: c.redirectLocked(ev),
		})
	case pjsua.CallRejected:
		e.bus.publish(CallRejected{
			EventHeader: e.header("CallRejected", at, 0, ev.Call), Code: int(ev.Code), Reason: ev.Reason,
			Remote: ev.Remote, Local: ev.Local, SIPCallID: ev.SIPCallID,
		})
	case pjsua.MessageReceived:
		e.messageLocked(ev)
	case pjsua.MessageStatus:
		e.messageStatusLocked(ev)
	case pjsua.MWIChanged:
		e.mwiLocked(ev)
	case pjsua.SubscriptionChanged:
		e.buddyEventLocked(ev.Buddy, ev)
	case pjsua.BuddyChanged:
		e.buddyEventLocked(ev.Buddy, ev)
	case pjsua.BuddyDialogChanged:
		e.buddyEventLocked(ev.Buddy, ev)
	case pjsua.PlayerFinished:
		if p := e.players[ev.Player]; p != nil {
			p.endLocked(playbackFinished)
		}
	case pjsua.RecorderFailed:
		if r := e.records[ev.Recorder]; r != nil {
			r.failLocked(at, fmt.Errorf("%s (%w)", ev.Reason, ev.Status))
		}
	case pjsua.TransportChanged:
		if ev.State == pjsua.TransportConnected || ev.State == pjsua.TransportDisconnected {
			e.bus.publish(TransportChanged{
				EventHeader: e.header("TransportChanged", at, 0, 0), Transport: ev.Type.String(),
				Connected: ev.State == pjsua.TransportConnected, Remote: ev.Remote, Reason: ev.Reason,
			})
		}
	case pjsua.EventsLost:
		e.bus.publish(EventsLost{EventHeader: e.header("EventsLost", at, 0, 0), Count: ev.Count})
		e.log.Error("events lost", "count", ev.Count)
		e.resyncLocked(ctx)
	default:
		e.log.Debug("unknown event of the phone", "seq", ev.Header().Seq)
	}
}

// ghostLocked says whether ev is about a call that resyncCall has ended, which is
// to end once only.
func (e *Engine) ghostLocked(ev pjsua.Event) bool {
	var id CallID
	last := false
	switch ev := ev.(type) {
	case pjsua.CallStateChanged:
		id = ev.Call
	case pjsua.CallMediaChanged:
		id = ev.Call
	case pjsua.DTMFReceived:
		id = ev.Call
	case pjsua.TransferRequested:
		id = ev.Call
	case pjsua.TransferProgress:
		id = ev.Call
	case pjsua.CallTransferred:
		id = ev.Call
	case pjsua.ReplaceRequested:
		id = ev.Call
	case pjsua.CallReplaced:
		id = ev.Call
	case pjsua.CallRedirected:
		id = ev.Call
	case pjsua.CallEnded:
		id, last = ev.Call, true
	}
	_, ghost := e.ghosts[id]
	if last {
		delete(e.ghosts, id)
	}
	return ghost
}

func (c *Call) headerLocked(typ string, at time.Time) EventHeader {
	return c.e.header(typ, at, c.numberLocked(), c.id)
}

// callForLocked returns the record of a call that an event is about, and makes
// one when the event beats the return of Dial. The call's worker runs from the
// first event on.
func (e *Engine) callForLocked(ctx context.Context, id CallID, at time.Time) *Call {
	c, ok := e.calls[id]
	if !ok {
		c = e.newCallLocked(id, at)
	}
	if !c.worked {
		c.worked = true
		phone := e.phone
		e.workers.Add(1)
		go e.serve(ctx, phone, c)
	}
	return c
}

// adoptLocked fills in what a record made by an early event does not know.
func (c *Call) adoptLocked(account *Account, role pjsua.Role, remote, local, sipCallID string) {
	if account != nil {
		c.account = account
	}
	c.role = role
	if remote != "" {
		c.remote = remote
	}
	if local != "" {
		c.local = local
	}
	if sipCallID != "" {
		c.sipCallID = sipCallID
	}
	if role == pjsua.RoleUAS {
		c.claimed = true
	}
}

func (c *Call) setStateLocked(state CallState, at time.Time) {
	c.state = state
	if state == StateDisconnected {
		return
	}
	c.reached = state.rank()
	switch {
	case state == StateEarly && c.ringing.IsZero():
		c.ringing = at
	case state == StateConfirmed && c.answered.IsZero():
		c.answered = at
		c.touchLocked()
	}
}

func (e *Engine) incomingLocked(ctx context.Context, ev pjsua.IncomingCall) {
	c := e.callForLocked(ctx, ev.Call, ev.Time)
	c.adoptLocked(e.byID[ev.Account], pjsua.RoleUAS, ev.Remote, ev.Local, ev.SIPCallID)
	if c.reached == 0 {
		c.setStateLocked(StateIncoming, ev.Time)
	}
	c.verdict = e.judgeLocked(c, ev)
	e.gateLocked(c)
	e.bus.publish(IncomingCall{
		EventHeader: c.headerLocked("IncomingCall", ev.Time),
		Remote:      ev.Remote, Local: ev.Local, SIPCallID: ev.SIPCallID, Source: ev.Source,
		Name:   e.callerLocked(ev),
		invite: ev,
	})
	if c.verdict.rule != "" {
		e.bus.publish(RuleMatched{
			EventHeader: c.headerLocked("RuleMatched", ev.Time),
			Rule:        c.verdict.rule, Action: string(c.verdict.action), Value: c.verdict.value,
		})
	}
	e.log.Info("incoming call", "call", c.id, "account", c.numberLocked(), "remote", ev.Remote)
	c.changedLocked()
}

func (e *Engine) callStateLocked(ctx context.Context, ev pjsua.CallStateChanged) {
	c := e.callForLocked(ctx, ev.Call, ev.Time)
	c.adoptLocked(e.byID[ev.Account], ev.Role, ev.Remote, ev.Local, ev.SIPCallID)
	c.setStateLocked(CallState(ev.State.String()), ev.Time)
	e.wakeEarlyLocked()
	if ev.Code != 0 {
		c.code, c.reason = ev.Code, ev.Reason
	}
	c.elsewhere = c.elsewhere || ev.Role == pjsua.RoleUAS && ev.Message != nil && completedElsewhere(ev.Message.Values("Reason"))
	e.bus.publish(CallStateChanged{
		EventHeader: c.headerLocked("CallStateChanged", ev.Time),
		Role:        ev.Role.String(), State: c.state, Code: int(ev.Code), Reason: ev.Reason,
		Remote: ev.Remote, Local: ev.Local, SIPCallID: ev.SIPCallID,
	})
	c.changedLocked()
}

// completedElsewhere looks for what RFC 3326 has a CANCEL say when another phone of the
// callee has answered.
func completedElsewhere(reasons []string) bool {
	for _, r := range reasons {
		r = strings.ToLower(strings.ReplaceAll(r, " ", ""))
		if strings.Contains(r, "callcompletedelsewhere") || strings.HasPrefix(r, "sip;") && strings.Contains(r+";", ";cause=200;") {
			return true
		}
	}
	return false
}

// endCallLocked takes the call out of the table. Its worker closes what is open.
func (e *Engine) endCallLocked(c *Call, at time.Time, ev pjsua.CallEnded) {
	if c.endedLocked() {
		return
	}
	c.state, c.ended = StateDisconnected, at
	c.code, c.reason = ev.Code, ev.Reason
	c.stats = statsOf(ev.Stats)
	c.media = nil
	delete(e.calls, c.id)
	if !c.claimed {
		e.dials.keep(c)
	}
	if c.transferring != nil {
		c.transferring.endLocked(at, TransferUnknown, c.code, c.reason)
	}
	e.groupLocked(nil, c)
	for _, p := range c.plays {
		p.endLocked(playbackCallEnded)
	}
	for _, r := range c.recs {
		r.endLocked()
	}
	e.bus.publish(CallEnded{
		EventHeader: c.headerLocked("CallEnded", at),
		Role:        c.role.String(), Code: int(c.code), Reason: c.reason,
		Remote: c.remote, Local: c.local, SIPCallID: c.sipCallID,
		DurationMS: ev.Connected.Milliseconds(), TotalMS: ev.Total.Milliseconds(), Elsewhere: c.elsewhere,
		CallStats: c.stats,
	})
	e.log.Info("call ended", "call", c.id, "code", int(c.code), "reason", c.reason, "duration", ev.Connected)
	close(c.done)
	c.changedLocked()
	e.wakeEarlyLocked()
}

// resyncLocked has everything asked that lost events may have told.
func (e *Engine) resyncLocked(ctx context.Context) {
	clear(e.ghosts) // what was on its way then has come or is lost
	for _, c := range e.calls {
		c.resync = true
		c.wakeWorker()
	}
	if e.state != running {
		return
	}
	phone, accounts := e.phone, slices.Clone(e.accounts)
	e.workers.Add(1)
	go func() {
		defer e.workers.Done()
		for _, a := range accounts {
			if a.cfg().Registers() {
				e.resyncAccount(ctx, phone, a)
			}
		}
	}()
}

func (e *Engine) resyncAccount(ctx context.Context, phone Phone, a *Account) {
	info, err := phone.AccountInfo(ctx, a.id)
	if err != nil {
		e.log.Warn("ask for a registration", "account", a.cfg().Number, "error", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if info.Registered == a.reg.Registered && int(info.Code) == a.reg.Code || info.Code == 0 {
		return
	}
	a.setRegistrationLocked(ctx, pjsua.RegistrationChanged{
		EventHeader: pjsua.EventHeader{Time: time.Now()},
		Account:     a.id, Code: info.Code, Reason: info.Reason, Expires: info.Expires, Registered: info.Registered,
	})
}

// resyncCall is resyncAccount for a call; its worker calls it.
func (e *Engine) resyncCall(ctx context.Context, phone Phone, c *Call) {
	info, err := phone.CallInfo(ctx, c.id)
	now := time.Now()
	gone := isGone(err)
	if err != nil && !gone {
		e.log.Warn("ask for a call", "call", c.id, "error", err)
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.endedLocked() {
		return
	}
	if gone {
		e.ghosts[c.id] = struct{}{}
		e.endCallLocked(c, now, pjsua.CallEnded{Code: c.code, Reason: "events lost"})
		return
	}
	if state := CallState(info.State.String()); state != c.state {
		e.callStateLocked(ctx, pjsua.CallStateChanged{
			EventHeader: pjsua.EventHeader{Time: now},
			Call:        c.id, Account: info.Account, Role: info.Role, State: info.State,
			Code: info.Code, Reason: info.Reason, Remote: info.Remote, Local: info.Local, SIPCallID: info.SIPCallID,
		})
	}
	c.media = audioOf(info.Media)
	c.wiring++
	e.bus.publish(CallMediaChanged{EventHeader: c.headerLocked("CallMediaChanged", now), Media: mediaOf(c.media)})
	c.changedLocked()
}
