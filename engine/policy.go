package engine

import (
	"context"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// verdict is what the engine does with an incoming call by itself. The zero value
// is nothing: the call is not one that came in.
type verdict struct {
	code   pjsua.SIPCode // sent at once; from 300 on the call is refused with it
	reason string
	answer bool          // 200 follows, unless somebody else decides before
	delay  time.Duration // of the 200
}

// judgeLocked decides about an incoming call, which is in the table already.
func (e *Engine) judgeLocked(c *Call, invite pjsua.IncomingCall) verdict {
	s := e.settings()
	others := e.diallingLocked()
	for _, o := range e.calls {
		if o != c && o.verdict.code < 300 {
			others++
		}
	}
	switch {
	case e.state != running:
		return verdict{code: pjsua.CodeServiceUnavailable}
	case others > 0 && !s.CallWaiting,
		s.MaxConcurrentCalls > 0 && others >= s.MaxConcurrentCalls:
		return verdict{code: pjsua.CodeBusyHere, reason: "Maximum concurrent calls reached"}
	}
	answer, delay := autoAnswer(s, c.remote, invite)
	switch {
	case answer && delay > 0:
		return verdict{code: pjsua.CodeRinging, answer: true, delay: delay}
	case answer:
		return verdict{answer: true}
	}
	return verdict{code: pjsua.CodeRinging}
}

// autoAnswer says whether a call is answered by itself, and how long it rings
// before.
func autoAnswer(s *config.Settings, remote string, invite pjsua.IncomingCall) (bool, time.Duration) {
	if !matchesMasks(s.AutoAnswerNumber, userOf(remote)) {
		return false, 0
	}
	switch s.AutoAnswer {
	case config.AutoAnswerAll:
		return true, s.AutoAnswerDelay
	case config.AutoAnswerButton:
		return s.AA, s.AutoAnswerDelay
	case config.AutoAnswerHeader:
		return asksForAnswer(invite, s.AutoAnswerDelay)
	}
	return false, 0
}

// asksForAnswer looks for what MicroSIP takes as a request to be answered at once:
// X-AUTOANSWER, or Call-Info with "auto answer" or answer-after=seconds.
func asksForAnswer(invite pjsua.IncomingCall, delay time.Duration) (bool, time.Duration) {
	for _, v := range invite.HeaderValues("X-AUTOANSWER") {
		if v == "1" || strings.EqualFold(v, "true") {
			return true, delay
		}
	}
	for _, v := range invite.HeaderValues("Call-Info") {
		v = strings.ToLower(v)
		if strings.Contains(v, "auto answer") {
			return true, delay
		}
		if _, after, ok := strings.Cut(v, "answer-after="); ok {
			digits := after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]
			if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
				return true, time.Duration(n) * time.Second
			}
		}
	}
	return false, 0
}

// matchesMasks says whether user matches one of the masks, separated by ; or |,
// with * and ? as wildcards. No mask at all matches everybody.
func matchesMasks(masks, user string) bool {
	some := false
	for _, mask := range strings.FieldsFunc(masks, func(r rune) bool { return r == ';' || r == '|' }) {
		mask = strings.TrimSpace(mask)
		if mask == "" {
			continue
		}
		some = true
		// path.Match knows more than the two wildcards; the rest is literal here.
		mask = strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(mask)
		if ok, err := path.Match(mask, user); ok && err == nil {
			return true
		}
	}
	return !some
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
