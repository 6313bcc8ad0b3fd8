package engine

import (
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

// matchRule returns the first rule that fits a call.
func matchRule(f *incoming) *config.Rule {
	for i := range f.rules {
		r := &f.rules[i]
		if r.ForAccount(f.account.Number) && r.Holds(f.now) && matchesParty(r.Caller, f.remote) &&
			matchesParty(r.Called, f.local) && matchesHeader(r.Header, f.header) {
			return r
		}
	}
	return nil
}

// matchesParty says whether a name-addr fits one of the masks, of the user or, where the
// mask holds an @, of user@host. No mask at all fits everybody.
func matchesParty(masks, addr string) bool {
	user, host := userHost(addr)
	user = unescapeUser(user)
	host, _ = splitPort(host)
	some := false
	for mask := range config.SplitList(masks) {
		some = true
		text := user
		if strings.Contains(mask, "@") {
			text = user + "@" + strings.ToLower(host)
			if i := strings.LastIndexByte(mask, '@'); i >= 0 {
				mask = mask[:i] + strings.ToLower(mask[i:])
			}
		}
		if wildcard(mask, text) {
			return true
		}
	}
	return !some
}

// matchesHeader says whether the INVITE has a header field "Name: mask" in any case.
func matchesHeader(condition string, header func(string) []string) bool {
	if strings.TrimSpace(condition) == "" {
		return true
	}
	name, mask, hasMask := strings.Cut(condition, ":")
	for _, value := range header(strings.TrimSpace(name)) {
		if !hasMask || wildcard(strings.ToLower(strings.TrimSpace(mask)), strings.ToLower(strings.TrimSpace(value))) {
			return true
		}
	}
	return false
}

// wildcard matches * (any text) and ? (any character).
func wildcard(mask, text string) bool {
	m, s := []rune(mask), []rune(text)
	star, from := -1, 0 // where the last * was, and what it has taken
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(m) && (m[i] == '?' || m[i] == s[j]) && m[i] != '*':
			i, j = i+1, j+1
		case i < len(m) && m[i] == '*':
			star, from = i, j
			i++
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	for i < len(m) && m[i] == '*' {
		i++
	}
	return i == len(m)
}

// verdictOf is what a rule does with a call.
func verdictOf(r *config.Rule, f *incoming) verdict {
	v := verdict{code: codeRinging, rule: r.Name, action: r.Action}
	switch r.Action {
	case config.RuleAnswer, config.RulePlay:
		v.answer, v.delay = true, r.Delay
		if r.Delay == 0 {
			v.code = 0
		}
		if r.Action == config.RulePlay {
			v.value = r.File
		}
	case config.RuleReject:
		v.code, v.reason = ruleCode(r), r.Reason
	case config.RuleForward:
		v = v.forwarded(f, r.Target, r.Delay)
	case config.RuleHook:
		v.value = r.Command
	case config.RuleBot:
		v.value = r.Bot
	}
	return v
}

// forwarded has a call forwarded at once or after a while.
func (v verdict) forwarded(f *incoming, target string, delay time.Duration) verdict {
	v.forward, v.forwardAfter = target, delay
	if delay == 0 {
		v.code = 0
	}
	return v
}
