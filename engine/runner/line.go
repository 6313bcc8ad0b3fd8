package runner

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

const roleUAS = "UAS"

// line is one call of an actor: the facts that steps are about. The hub's mutex guards them,
// but for what the session sets when it takes the line.
type line struct {
	h  *hub
	id engine.CallID
	watch

	// Set when a session takes the line, before steps see it.
	call  *engine.Call
	actor *actor
	name  string   // of Step.Line
	stops []func() // of what is played; Session.mu guards them

	recording   string // the file
	recordingAt time.Time
	ears        *ears

	began       time.Time
	role        string
	remote      string
	local       string
	sipCallID   string
	responses   []response // provisional
	answered    time.Time
	ended       *engine.CallEnded
	byUs        bool // we hung up
	media       []engine.Media
	mediaAt     time.Time // of the first that flows
	held        bool      // for a time, by one end or the other
	digits      []digit
	expected    int // digits that steps have expected
	referred    []engine.TransferRequested
	quality     []engine.CallQuality
	messages    []pjsua.SIPMessage
	packets     []pjsua.RTPPacket
	transferred int             // referred that steps have expected
	heirs       []engine.CallID // calls that take its place, by REFER or Replaces, not yet the session's
}

type response struct {
	code   int
	reason string
	at     time.Time
}

type digit struct {
	digit, method string
	at            time.Time
}

func (l *line) takeLocked(ev engine.Event) {
	switch ev := ev.(type) {
	case engine.IncomingCall:
		l.role, l.remote, l.local, l.sipCallID = roleUAS, ev.Remote, ev.Local, ev.SIPCallID
	case engine.CallStateChanged:
		l.role, l.remote, l.local, l.sipCallID = ev.Role, ev.Remote, ev.Local, cmp.Or(ev.SIPCallID, l.sipCallID)
		switch {
		case ev.State == engine.StateEarly:
			l.responses = append(l.responses, response{ev.Code, ev.Reason, ev.Time})
		case ev.State == engine.StateConfirmed:
			l.answered = ev.Time
		}
	case engine.CallMediaChanged:
		l.media = ev.Media
		l.held = l.held || l.heldLocked() || l.holdsLocked()
		if l.mediaAt.IsZero() && l.hearsLocked() {
			l.mediaAt = ev.Time
		}
	case engine.DTMFReceived:
		l.digits = append(l.digits, digit{ev.Digit, ev.Method, ev.Time})
	case engine.TransferRequested:
		l.referred = append(l.referred, ev)
	case engine.CallTransferred:
		l.heirs = append(l.heirs, ev.NewCall)
	case engine.CallReplaced:
		l.heirs = append(l.heirs, ev.NewCall)
	case engine.CallQuality:
		l.quality = append(l.quality, ev)
	case engine.CallEnded:
		l.ended = &ev
	}
}

// hearsLocked says whether audio comes.
func (l *line) hearsLocked() bool {
	return slices.ContainsFunc(l.media, func(m engine.Media) bool {
		return (m.Status == "ACTIVE" || m.Status == "REMOTE_HOLD") && strings.Contains(m.Direction, "recv")
	})
}

// heldLocked says whether the far end has put us on hold: it does not listen to what we
// say (RFC 3264 section 8.4).
func (l *line) heldLocked() bool {
	return slices.ContainsFunc(l.media, func(m engine.Media) bool { return m.Status == "REMOTE_HOLD" })
}

// holdsLocked says whether we have put the far end on hold, or nothing goes to it for another
// reason.
func (l *line) holdsLocked() bool {
	return slices.ContainsFunc(l.media, func(m engine.Media) bool {
		return m.Status == "LOCAL_HOLD" || m.Status == "ACTIVE" && !strings.Contains(m.Direction, "send")
	})
}

// endLocked tells a tester how the call ended.
func (l *line) endLocked() string {
	switch {
	case l.ended == nil:
		return "the call goes on"
	case l.answered.IsZero():
		return "the call ended with " + status(l.ended.Code, l.ended.Reason)
	case l.byUs:
		return "we had hung up"
	}
	return "the far end had hung up"
}

// stateLocked tells a tester how far the call is.
func (l *line) stateLocked() string {
	switch {
	case l.ended != nil:
		return l.endLocked()
	case !l.answered.IsZero():
		return "the call is answered"
	case len(l.responses) > 0:
		last := l.responses[len(l.responses)-1]
		return "no more than " + status(last.code, last.reason) + " came"
	}
	return "no answer came"
}
