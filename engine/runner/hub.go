package runner

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// hub hands what the engine reports to those whom it is about. Its mutex guards the facts of
// all lines and accounts: what steps wait for.
type hub struct {
	eng *engine.Engine

	mu       sync.Mutex
	lines    map[engine.CallID]*line
	accounts map[int]*account
	statuses map[engine.MessageID]engine.MessageStatus
	posted   watch                         // of statuses
	early    map[string][]pjsua.SIPMessage // by Call-ID: what came before its call was known
}

// watch is something that changes. Waiting for it needs no goroutine.
type watch struct{ ch chan struct{} }

// nextLocked is closed at the next change.
func (w *watch) nextLocked() <-chan struct{} {
	if w.ch == nil {
		w.ch = make(chan struct{})
	}
	return w.ch
}

func (w *watch) changedLocked() {
	if w.ch != nil {
		close(w.ch)
		w.ch = nil
	}
}

// errLate says that what was awaited did not come in time.
var errLate = errors.New("runner: too late")

// await waits until done, which is called with mu held, says so or fails. After the deadline
// it returns errLate.
func (h *hub) await(ctx context.Context, w *watch, deadline time.Time, done func() (bool, error)) error {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		h.mu.Lock()
		ok, err := done()
		next := w.nextLocked()
		h.mu.Unlock()
		switch {
		case err != nil:
			return err
		case ok:
			return nil
		}
		select {
		case <-next:
		case <-timer.C:
			return errLate
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func newHub(eng *engine.Engine) *hub {
	return &hub{
		eng: eng, lines: map[engine.CallID]*line{}, accounts: map[int]*account{},
		statuses: map[engine.MessageID]engine.MessageStatus{},
		early:    map[string][]pjsua.SIPMessage{},
	}
}

// follow runs until events end.
func (h *hub) follow(events <-chan engine.Event) {
	for ev := range events {
		h.mu.Lock()
		h.takeLocked(ev)
		h.mu.Unlock()
	}
}

// lineLocked returns the line of a call, a new one for a call that is new. A call began with
// what is known of it at the earliest time: whoever tells of it may be late, and the events
// come in another goroutine than the messages and Dial's return.
func (h *hub) lineLocked(id engine.CallID, at time.Time) *line {
	l := h.lines[id]
	if l == nil {
		l = &line{h: h, id: id, began: at}
		h.lines[id] = l
	}
	if at.Before(l.began) {
		l.began = at
	}
	return l
}

func (h *hub) takeLocked(ev engine.Event) {
	head := ev.Header()
	acc := h.accounts[head.Account]
	switch ev := ev.(type) {
	case engine.RegistrationChanged:
		if acc != nil {
			acc.registrations = append(acc.registrations, ev)
			acc.changedLocked()
		}
		return
	case engine.MessageStatus:
		h.statuses[ev.Message] = ev
		h.posted.changedLocked()
		return
	case engine.MessageReceived:
		if acc != nil {
			acc.texts = append(acc.texts, ev)
			acc.changedLocked()
		}
		return
	}
	if head.Call == 0 {
		return
	}
	l := h.lineLocked(head.Call, head.Time)
	l.takeLocked(ev)
	if in, ok := ev.(engine.IncomingCall); ok {
		l.messages = append(h.early[in.SIPCallID], l.messages...)
		delete(h.early, in.SIPCallID)
		if acc != nil {
			acc.incoming = append(acc.incoming, l)
			acc.changedLocked()
		}
	}
	l.changedLocked()
}

// trace runs until messages end.
func (h *hub) trace(messages <-chan pjsua.SIPMessage) {
	for m := range messages {
		h.mu.Lock()
		h.tracedLocked(m)
		h.mu.Unlock()
	}
}

// maxEarly bounds the calls of which only messages are known: those that nobody took.
const maxEarly = 1024

// tracedLocked puts a message where it belongs. Two calls of one engine with each other have
// one Call-ID; pjsua tells them apart but for the first messages of the one that comes in.
func (h *hub) tracedLocked(m pjsua.SIPMessage) {
	if m.Call != 0 {
		l := h.lineLocked(m.Call, m.Time)
		l.messages = append(l.messages, m)
		l.changedLocked()
		return
	}
	if m.Message == nil {
		return
	}
	id := m.Message.CallID()
	if _, method := m.Message.CSeq(); method == "INVITE" {
		if len(h.early) >= maxEarly {
			clear(h.early)
		}
		for _, l := range h.lines {
			if l.role == roleUAS && l.sipCallID == id && l.ended == nil {
				l.messages = append(l.messages, m)
				return
			}
		}
		h.early[id] = append(h.early[id], m)
		return
	}
	for _, a := range h.accounts {
		if a.concerns(m.Message) {
			a.messages = append(a.messages, m)
			a.changedLocked()
		}
	}
}

// forget drops the facts of calls that nobody asks about any more.
func (h *hub) forget(lines []*line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range lines {
		delete(h.lines, l.id)
	}
}

// address is where the engine listens with a transport, empty where it does not.
func (h *hub) address(tp config.Transport) string {
	for _, t := range h.eng.Snapshot().Transports {
		if strings.EqualFold(strings.TrimSuffix(t.Type, "6"), string(tp)) {
			return t.Address
		}
	}
	return ""
}
