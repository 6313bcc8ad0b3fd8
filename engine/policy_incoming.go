package engine

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

const codeRinging = pjsua.CodeRinging

// MicroSIP's reason phrases.
const (
	reasonDuplicate = "Already in call with this contact"
	reasonLimit     = "Maximum concurrent calls reached"
	reasonDND       = "Do Not Disturb"
	reasonDenied    = "Incoming calls blocked by user"
)

// incoming is what is known about a call that comes in. The decision depends on this,
// and on nothing else.
type incoming struct {
	settings *config.Settings
	rules    []config.Rule
	account  *config.Account
	own      string // the account's address of record

	remote, local string // name and URI
	callID        string // the Call-ID header field
	header        func(name string) []string
	now           time.Time

	serving  bool    // the engine takes calls
	others   []party // the calls beside this one, but those that were refused
	dialling int     // calls that are about to be
	decided  string  // the Call-ID that was answered or refused last by somebody
}

// party is another call.
type party struct {
	account int
	remote  string
	held    bool // it is on hold by us
}

// verdict is what the engine does with an incoming call by itself. The zero value is
// nothing: the call is not one that came in. Timers run at the same time, and whatever
// ends the ringing first counts.
type verdict struct {
	code   pjsua.SIPCode // sent at once; from 300 on the call is refused with it
	reason string
	answer bool          // 200 follows, unless somebody else decides before
	delay  time.Duration // of the 200
	// only says that the call is not answered by itself while there are others: one of
	// autoAnswerCalls. A rule answers always.
	only bool

	forward      string // where the call is sent, if it is
	forwardAfter time.Duration

	rule   string // the rule that decided
	action config.RuleAction
	value  string // its file, command or bot
}

// judge decides about an incoming call, in MicroSIP's order.
func judge(f *incoming) verdict {
	s := f.settings
	busy := func(reason string) verdict { return verdict{code: pjsua.CodeBusyHere, reason: reason} }
	count := len(f.others) + f.dialling
	switch {
	case !f.serving:
		return verdict{code: pjsua.CodeServiceUnavailable}
	case !s.DuplicateCalls && f.duplicate():
		return busy(reasonDuplicate)
	case count > 0 && !s.CallWaiting,
		s.MaxConcurrentCalls > 0 && count >= s.MaxConcurrentCalls,
		f.account.MaxCalls > 0 && f.ofAccount() >= f.account.MaxCalls:
		return busy(reasonLimit)
	case f.callID != "" && f.callID == f.decided:
		// Another leg of a fork, whose call was taken or refused here.
		return verdict{code: pjsua.CodeRequestTerminated}
	}
	if r := matchRule(f); r != nil {
		return verdictOf(r, f)
	}
	if reason := f.denied(); reason != "" {
		return busy(reason)
	}
	v := verdict{code: codeRinging}
	v.answer, v.delay = f.autoAnswer()
	v.only = true
	if s.ForwardingNumber != "" && (s.Forwarding == "all" || s.Forwarding == "button" && s.FWD) {
		switch {
		case s.ForwardingDelay == 0:
			return verdict{}.forwarded(f, s.ForwardingNumber, 0)
		case !v.answer || v.delay >= s.ForwardingDelay || !f.mayAnswer():
			v = v.forwarded(f, s.ForwardingNumber, s.ForwardingDelay)
			if v.delay == s.ForwardingDelay {
				v.answer = false // or chance would decide
			}
		}
	}
	if v.answer && v.delay == 0 {
		if f.mayAnswer() {
			v.code = 0 // answered without ringing
		} else {
			v.answer = false
		}
	}
	return v
}

// duplicate says whether there is a call with the same user and host.
func (f *incoming) duplicate() bool {
	user, host := userHost(f.remote)
	return slices.ContainsFunc(f.others, func(o party) bool {
		otherUser, otherHost := userHost(o.remote)
		return user == otherUser && sameHost(host, otherHost)
	})
}

func (f *incoming) ofAccount() int {
	n := 0
	for _, o := range f.others {
		if o.account == f.account.Number {
			n++
		}
	}
	return n
}

// denied returns the reason phrase where denyIncoming refuses the call.
func (f *incoming) denied() string {
	if f.settings.DenyIncoming == "button" {
		if f.settings.DND {
			return reasonDND
		}
		return ""
	}
	user, domain := userHost(f.own)
	toUser, toDomain := userHost(f.local)
	_, fromDomain := userHost(f.remote)
	otherUser := unescapeUser(user) != unescapeUser(toUser)
	otherDomain := !sameHost(domain, toDomain)
	deny := false
	switch f.settings.DenyIncoming {
	case "all":
		deny = true
	case "user":
		deny = otherUser
	case "domain":
		deny = otherDomain
	case "userdomain":
		deny = otherUser || otherDomain
	case "remotedomain":
		deny = !sameHost(domain, fromDomain)
	}
	if deny {
		return reasonDenied
	}
	return ""
}

// mayAnswer says whether the calls that there are let a call be answered by itself.
func (f *incoming) mayAnswer() bool { return mayAutoAnswer(f.settings, f.others, f.dialling) }

func mayAutoAnswer(s *config.Settings, others []party, dialling int) bool {
	switch s.AutoAnswerCalls {
	case "all":
		return true
	case "hold":
		return dialling == 0 && !slices.ContainsFunc(others, func(o party) bool { return !o.held })
	}
	return dialling == 0 && len(others) == 0
}

// autoAnswer says whether a call is answered by itself, and how long it rings
// before.
func (f *incoming) autoAnswer() (bool, time.Duration) {
	s := f.settings
	if !matchesMasks(s.AutoAnswerNumber, userOf(f.remote)) {
		return false, 0
	}
	switch s.AutoAnswer {
	case config.AutoAnswerAll:
		return true, s.AutoAnswerDelay
	case config.AutoAnswerButton:
		return s.AA, s.AutoAnswerDelay
	case config.AutoAnswerHeader:
		if yes, delay := asksForAnswer(f.header, s.AutoAnswerDelay); yes || !s.AutoAnswerModes {
			return yes, delay
		}
		return f.modeAsksForAnswer(), s.AutoAnswerDelay
	}
	return false, 0
}

// asksForAnswer looks for what MicroSIP takes as a request to be answered at once:
// X-AUTOANSWER, or Call-Info with "auto answer" or answer-after=seconds.
func asksForAnswer(header func(string) []string, delay time.Duration) (bool, time.Duration) {
	for _, v := range header("X-AUTOANSWER") {
		if v == "1" || strings.EqualFold(v, "true") {
			return true, delay
		}
	}
	for _, v := range header("Call-Info") {
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

// modeAsksForAnswer looks for what other telephones take for that: Answer-Mode and
// Priv-Answer-Mode of RFC 5373, and the usual words in Alert-Info.
func (f *incoming) modeAsksForAnswer() bool {
	for _, name := range []string{"Priv-Answer-Mode", "Answer-Mode"} {
		for _, v := range f.header(name) {
			mode, _, _ := strings.Cut(v, ";")
			return strings.EqualFold(strings.TrimSpace(mode), "Auto")
		}
	}
	for _, v := range f.header("Alert-Info") {
		v = strings.ToLower(v)
		for _, word := range []string{"alert-autoanswer", "auto answer", "auto-answer", "autoanswer", "answer-after=0"} {
			if strings.Contains(v, word) {
				return true
			}
		}
	}
	return false
}

func ruleCode(r *config.Rule) pjsua.SIPCode {
	return pjsua.SIPCode(cmp.Or(r.Code, int(pjsua.CodeBusyHere)))
}

// matchesMasks says whether user matches one of the masks, separated by ; or |,
// with * and ? as wildcards. No mask at all matches everybody.
func matchesMasks(masks, user string) bool {
	some := false
	for mask := range config.SplitList(masks) {
		some = true
		if wildcard(mask, user) {
			return true
		}
	}
	return !some
}
