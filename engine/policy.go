package engine

import (
	"path"
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
func (e *Engine) judgeLocked(c *Call) verdict {
	s := &e.cfg.Settings
	// c itself is not another call; calls that are being dialled are.
	others := e.diallingLocked()
	for _, o := range e.calls {
		if o != c && o.verdict.code < 300 && (o.claimed || o.role == pjsua.RoleUAS) {
			others++
		}
	}
	switch {
	case e.state != running:
		return verdict{code: pjsua.CodeServiceUnavailable}
	case others > 0 && !s.CallWaiting,
		s.MaxConcurrentCalls > 0 && others >= s.MaxConcurrentCalls:
		return verdict{code: pjsua.CodeBusyHere, reason: "Maximum concurrent calls reached"}
	case s.AutoAnswer == config.AutoAnswerAll && matchesMasks(s.AutoAnswerNumber, userOf(c.remote)):
		if s.AutoAnswerDelay > 0 {
			return verdict{code: pjsua.CodeRinging, answer: true, delay: s.AutoAnswerDelay}
		}
		return verdict{answer: true}
	}
	return verdict{code: pjsua.CodeRinging}
}

// matchesMasks says whether user matches one of the masks, separated by ; or |,
// with * and ? as wildcards. No mask at all matches everybody.
func matchesMasks(masks, user string) bool {
	any := false
	for _, mask := range strings.FieldsFunc(masks, func(r rune) bool { return r == ';' || r == '|' }) {
		mask = strings.TrimSpace(mask)
		if mask == "" {
			continue
		}
		any = true
		// path.Match knows more than the two wildcards; the rest is literal here.
		mask = strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(mask)
		if ok, err := path.Match(mask, user); ok && err == nil {
			return true
		}
	}
	return !any
}
