package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

// decision writes a verdict shortly: "486 Do Not Disturb", "180 answer 3s", "forward 9".
func decision(v verdict) string {
	var parts []string
	if v.code != 0 {
		parts = append(parts, strings.TrimSpace(fmt.Sprint(int(v.code), " ", v.reason)))
	}
	if v.answer {
		text := "answer"
		if v.delay > 0 {
			text += " " + v.delay.String()
		}
		parts = append(parts, text)
	}
	if v.forward != "" {
		text := "forward " + v.forward
		if v.forwardAfter > 0 {
			text += " " + v.forwardAfter.String()
		}
		parts = append(parts, text)
	}
	if v.rule != "" {
		parts = append(parts, strings.TrimSpace(fmt.Sprint("rule ", v.rule, " ", v.action, " ", v.value)))
	}
	return strings.Join(parts, ", ")
}

// facts is a call of ann@far to 1001@pbx, account 1, while nothing else goes on.
func facts(change func(*incoming)) *incoming {
	f := &incoming{
		settings: &config.Settings{CallWaiting: true, DuplicateCalls: true, AutoAnswerCalls: "all"},
		account:  &config.Account{Number: 1, Domain: "pbx", Username: "1001"},
		own:      "<sip:1001@pbx>",
		remote:   `"Ann" <sip:ann@far>`, local: "<sip:1001@pbx>", callID: "one",
		header:  func(string) []string { return nil },
		now:     time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), // a Monday
		serving: true,
	}
	if change != nil {
		change(f)
	}
	return f
}

func headers(lines ...string) func(string) []string {
	return func(name string) []string {
		var values []string
		for _, l := range lines {
			if n, v, _ := strings.Cut(l, ":"); strings.EqualFold(n, name) {
				values = append(values, strings.TrimSpace(v))
			}
		}
		return values
	}
}

// TestJudge has the steps of MicroSIP's decision in their order, each with what comes
// before and after it.
func TestJudge(t *testing.T) {
	ann := party{account: 1, remote: "sip:ann@far:5060;transport=tcp"}
	bob := party{account: 1, remote: "sip:bob@far"}
	for name, tt := range map[string]struct {
		change func(*incoming)
		want   string
	}{
		"nothing configured": {nil, "180"},
		"the engine stops":   {func(f *incoming) { f.serving = false }, "503"},

		// 4. duplicate remote
		"duplicate remote":              {func(f *incoming) { f.settings.DuplicateCalls, f.others = false, []party{bob, ann} }, "486 Already in call with this contact"},
		"duplicate remote, allowed":     {func(f *incoming) { f.others = []party{ann} }, "180"},
		"another user of the same host": {func(f *incoming) { f.settings.DuplicateCalls, f.others = false, []party{bob} }, "180"},
		"duplicate comes before limits": {func(f *incoming) { f.settings = &config.Settings{}; f.others = []party{ann} }, "486 Already in call with this contact"},
		"the same user of another host": {func(f *incoming) { f.settings.DuplicateCalls, f.others = false, []party{{remote: "sip:ann@near"}} }, "180"},
		"duplicate comes before a rule": {func(f *incoming) {
			f.settings.DuplicateCalls, f.others, f.rules = false, []party{ann}, []config.Rule{{Name: "r"}}
		}, "486 Already in call with this contact"},
		"duplicate comes before a fork": {func(f *incoming) { f.settings.DuplicateCalls, f.others, f.decided = false, []party{ann}, "one" }, "486 Already in call with this contact"},

		// 5. limits
		"no call waiting, no call":      {func(f *incoming) { f.settings.CallWaiting = false }, "180"},
		"no call waiting, another call": {func(f *incoming) { f.settings.CallWaiting, f.others = false, []party{bob} }, "486 Maximum concurrent calls reached"},
		"no call waiting, a dial":       {func(f *incoming) { f.settings.CallWaiting, f.dialling = false, 1 }, "486 Maximum concurrent calls reached"},
		"maxConcurrentCalls, room":      {func(f *incoming) { f.settings.MaxConcurrentCalls, f.others = 2, []party{bob} }, "180"},
		"maxConcurrentCalls, full":      {func(f *incoming) { f.settings.MaxConcurrentCalls, f.others, f.dialling = 2, []party{bob}, 1 }, "486 Maximum concurrent calls reached"},
		"maxAccountCalls, room":         {func(f *incoming) { f.account.MaxCalls, f.others = 1, []party{{account: 2}} }, "180"},
		"maxAccountCalls, full":         {func(f *incoming) { f.account.MaxCalls, f.others = 1, []party{bob} }, "486 Maximum concurrent calls reached"},
		"limits come before DND": {func(f *incoming) {
			f.settings.CallWaiting, f.others, f.settings.DenyIncoming = false, []party{bob}, "all"
		}, "486 Maximum concurrent calls reached"},

		// 6. another leg
		"the call that was decided":  {func(f *incoming) { f.decided = "one" }, "487"},
		"another call":               {func(f *incoming) { f.decided = "two" }, "180"},
		"no Call-ID":                 {func(f *incoming) { f.callID = "" }, "180"},
		"a leg comes before DND":     {func(f *incoming) { f.decided, f.settings.DenyIncoming = "one", "all" }, "487"},
		"a limit comes before a leg": {func(f *incoming) { f.decided, f.settings.CallWaiting, f.others = "one", false, []party{bob} }, "486 Maximum concurrent calls reached"},

		// 7. denyIncoming
		"deny nobody":                  {func(f *incoming) { f.settings.DND = true }, "180"},
		"deny all":                     {func(f *incoming) { f.settings.DenyIncoming = "all" }, "486 Incoming calls blocked by user"},
		"deny button off":              {func(f *incoming) { f.settings.DenyIncoming = "button" }, "180"},
		"deny button on":               {func(f *incoming) { f.settings.DenyIncoming, f.settings.DND = "button", true }, "486 Do Not Disturb"},
		"deny user, the right one":     {func(f *incoming) { f.settings.DenyIncoming = "user" }, "180"},
		"deny user, another":           {func(f *incoming) { f.settings.DenyIncoming, f.local = "user", "sip:1002@pbx" }, "486 Incoming calls blocked by user"},
		"deny user, another domain":    {func(f *incoming) { f.settings.DenyIncoming, f.local = "user", "sip:1001@192.0.2.1" }, "180"},
		"deny domain, the right one":   {func(f *incoming) { f.settings.DenyIncoming, f.local = "domain", "sip:x@PBX:5060" }, "180"},
		"deny domain, another":         {func(f *incoming) { f.settings.DenyIncoming, f.local = "domain", "sip:1001@192.0.2.1" }, "486 Incoming calls blocked by user"},
		"deny userdomain, both right":  {func(f *incoming) { f.settings.DenyIncoming = "userdomain" }, "180"},
		"deny userdomain, other user":  {func(f *incoming) { f.settings.DenyIncoming, f.local = "userdomain", "sip:x@pbx" }, "486 Incoming calls blocked by user"},
		"deny userdomain, other host":  {func(f *incoming) { f.settings.DenyIncoming, f.local = "userdomain", "sip:1001@x" }, "486 Incoming calls blocked by user"},
		"deny remotedomain":            {func(f *incoming) { f.settings.DenyIncoming = "remotedomain" }, "486 Incoming calls blocked by user"},
		"deny remotedomain, the right": {func(f *incoming) { f.settings.DenyIncoming, f.remote = "remotedomain", "sip:ann@pbx" }, "180"},
		"DND comes before auto answer": {func(f *incoming) { f.settings.DenyIncoming, f.settings.AutoAnswer = "all", "all" }, "486 Incoming calls blocked by user"},
		"DND comes before forwarding": {func(f *incoming) {
			f.settings.DenyIncoming, f.settings.Forwarding, f.settings.ForwardingNumber = "all", "all", "9"
		}, "486 Incoming calls blocked by user"},

		// 8. auto answer
		"auto answer all":         {func(f *incoming) { f.settings.AutoAnswer = "all" }, "answer"},
		"auto answer, delay":      {func(f *incoming) { f.settings.AutoAnswer, f.settings.AutoAnswerDelay = "all", 3*time.Second }, "180, answer 3s"},
		"auto answer, button off": {func(f *incoming) { f.settings.AutoAnswer = "button" }, "180"},
		"auto answer, button on":  {func(f *incoming) { f.settings.AutoAnswer, f.settings.AA = "button", true }, "answer"},
		"auto answer, no header":  {func(f *incoming) { f.settings.AutoAnswer = "header" }, "180"},
		"X-AUTOANSWER":            {func(f *incoming) { f.settings.AutoAnswer, f.header = "header", headers("X-AutoAnswer: TRUE") }, "answer"},
		"X-AUTOANSWER: 1":         {func(f *incoming) { f.settings.AutoAnswer, f.header = "header", headers("X-AutoAnswer: 1") }, "answer"},
		"X-AUTOANSWER: 0":         {func(f *incoming) { f.settings.AutoAnswer, f.header = "header", headers("X-AutoAnswer: 0") }, "180"},
		"Call-Info: auto answer":  {func(f *incoming) { f.settings.AutoAnswer, f.header = "header", headers("Call-Info: <x>; Auto Answer") }, "answer"},
		"answer-after": {func(f *incoming) {
			f.settings.AutoAnswer, f.header = "header", headers("Call-Info: <x>;answer-after=2")
		}, "180, answer 2s"},
		"answer-after=0": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerDelay, f.header = "header", time.Second, headers("Call-Info: <x>;answer-after=0")
		}, "answer"},
		"X-AUTOANSWER, own delay": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerDelay, f.header = "header", time.Second, headers("X-AutoAnswer: 1")
		}, "180, answer 1s"},
		"Alert-Info, not asked": {func(f *incoming) {
			f.settings.AutoAnswer, f.header = "header", headers("Alert-Info: <x>;info=alert-autoanswer")
		}, "180"},
		"Alert-Info": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerModes, f.header = "header", true, headers("Alert-Info: <x>;info=alert-autoanswer")
		}, "answer"},
		"Alert-Info, a melody": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerModes, f.header = "header", true, headers("Alert-Info: <x>;info=bell")
		}, "180"},
		"Answer-Mode: Auto": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerModes, f.header = "header", true, headers("Answer-Mode: auto;require")
		}, "answer"},
		"Answer-Mode: Manual": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerModes, f.header = "header", true, headers("Answer-Mode: Manual", "Alert-Info: auto answer")
		}, "180"},
		"Priv-Answer-Mode": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerModes, f.header = "header", true, headers("Answer-Mode: Manual", "Priv-Answer-Mode: Auto")
		}, "answer"},
		"Answer-Mode, not asked": {func(f *incoming) { f.settings.AutoAnswer, f.header = "header", headers("Answer-Mode: Auto") }, "180"},
		"mask fits":              {func(f *incoming) { f.settings.AutoAnswer, f.settings.AutoAnswerNumber = "all", "9*; an?" }, "answer"},
		"mask fits not":          {func(f *incoming) { f.settings.AutoAnswer, f.settings.AutoAnswerNumber = "all", "9*|bob" }, "180"},
		"auto answer, call, never": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.others = "all", "", []party{bob}
		}, "180"},
		"auto answer, dial, never": {func(f *incoming) { f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.dialling = "all", "", 1 }, "180"},
		"auto answer, call, hold": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.others = "all", "hold", []party{bob}
		}, "180"},
		"auto answer, held, hold": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.others = "all", "hold", []party{{held: true}}
		}, "answer"},
		"auto answer, held, never": {func(f *incoming) {
			f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.others = "all", "", []party{{held: true}}
		}, "180"},
		"auto answer, call, always": {func(f *incoming) { f.settings.AutoAnswer, f.others = "all", []party{bob} }, "answer"},

		// 9. forwarding
		"forwarding without a number": {func(f *incoming) { f.settings.Forwarding = "all" }, "180"},
		"forwarding off":              {func(f *incoming) { f.settings.ForwardingNumber = "9" }, "180"},
		"forwarding all":              {func(f *incoming) { f.settings.Forwarding, f.settings.ForwardingNumber = "all", "9" }, "forward 9"},
		"forwarding, button off":      {func(f *incoming) { f.settings.Forwarding, f.settings.ForwardingNumber = "button", "9" }, "180"},
		"forwarding, button on": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.FWD = "button", "9", true
		}, "forward 9"},
		"forwarding, delay": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay = "all", "9", 5*time.Second
		}, "180, forward 9 5s"},
		"forwarding before auto answer": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.AutoAnswer = "all", "9", "all"
		}, "forward 9"},
		"auto answer before forwarding": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay, f.settings.AutoAnswer = "all", "9", 5*time.Second, "all"
		}, "answer"},
		"a shorter delay of auto answer": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay, f.settings.AutoAnswer, f.settings.AutoAnswerDelay = "all", "9", 5*time.Second, "all", 4*time.Second
		}, "180, answer 4s"},
		"a longer delay of auto answer": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay, f.settings.AutoAnswer, f.settings.AutoAnswerDelay = "all", "9", 5*time.Second, "all", 6*time.Second
		}, "180, answer 6s, forward 9 5s"},
		"the same delay of auto answer": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay, f.settings.AutoAnswer, f.settings.AutoAnswerDelay = "all", "9", 5*time.Second, "all", 5*time.Second
		}, "180, forward 9 5s"},
		"auto answer that may not, delay": {func(f *incoming) {
			f.settings.Forwarding, f.settings.ForwardingNumber, f.settings.ForwardingDelay, f.settings.AutoAnswer, f.settings.AutoAnswerCalls, f.others = "all", "9", 5*time.Second, "all", "", []party{bob}
		}, "180, forward 9 5s"},

		// Rules, which are Offhook's own.
		"a rule before DND": {func(f *incoming) {
			f.settings.DenyIncoming, f.rules = "all", []config.Rule{{Name: "boss", Caller: "ann", Action: "answer"}}
		}, "answer, rule boss answer"},
		"a rule after the limits": {func(f *incoming) {
			f.settings.CallWaiting, f.others, f.rules = false, []party{bob}, []config.Rule{{Name: "r"}}
		}, "486 Maximum concurrent calls reached"},
	} {
		if got := decision(judge(facts(tt.change))); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}

func TestRulesInOrder(t *testing.T) {
	for name, tt := range map[string]struct {
		rules  []config.Rule
		change func(*incoming)
		want   string
	}{
		"no rule fits":     {[]config.Rule{{Name: "a", Caller: "bob", Action: "reject"}}, nil, "180"},
		"the first counts": {[]config.Rule{{Name: "a", Caller: "bob", Action: "reject"}, {Name: "b", Action: "ring"}, {Name: "c", Action: "answer"}}, nil, "180, rule b ring"},
		"reject":           {[]config.Rule{{Name: "a", Action: "reject", Code: 480, Reason: "Gone"}}, nil, "480 Gone, rule a reject"},
		"reject, no code":  {[]config.Rule{{Name: "a", Action: "reject"}}, nil, "486, rule a reject"},
		"answer, delay":    {[]config.Rule{{Name: "a", Action: "answer", Delay: time.Second}}, nil, "180, answer 1s, rule a answer"},
		"forward":          {[]config.Rule{{Name: "a", Action: "forward", Target: "9"}}, nil, "forward 9, rule a forward"},
		"forward, delay":   {[]config.Rule{{Name: "a", Action: "forward", Target: "9", Delay: time.Second}}, nil, "180, forward 9 1s, rule a forward"},
		"play":             {[]config.Rule{{Name: "a", Action: "play", File: "x.wav"}}, nil, "answer, rule a play x.wav"},
		"hook":             {[]config.Rule{{Name: "a", Action: "hook", Command: "x"}}, nil, "180, rule a hook x"},
		"bot":              {[]config.Rule{{Name: "a", Action: "bot", Bot: "clerk"}}, nil, "180, rule a bot clerk"},
		"account":          {[]config.Rule{{Name: "a", Account: "2"}, {Name: "b", Account: "1;2"}}, nil, "180, rule b"},
		"caller with host": {[]config.Rule{{Name: "a", Caller: "ann@near"}, {Name: "b", Caller: "a*@FAR"}}, nil, "180, rule b"},
		"called":           {[]config.Rule{{Name: "a", Called: "1002"}, {Name: "b", Called: "100?"}}, nil, "180, rule b"},
		"header":           {[]config.Rule{{Name: "a", Header: "Subject: sales"}, {Name: "b", Header: "subject: *SALES*"}}, func(f *incoming) { f.header = headers("Subject: about Sales") }, "180, rule b"},
		"header is there":  {[]config.Rule{{Name: "a", Header: "Priority"}, {Name: "b", Header: "Subject"}}, func(f *incoming) { f.header = headers("Subject:") }, "180, rule b"},
		"time":             {[]config.Rule{{Name: "a", Time: "Sat;Sun"}, {Name: "b", Time: "08:00-18:00"}}, nil, "180, rule b"},
		"all conditions":   {[]config.Rule{{Name: "a", Caller: "ann", Called: "9", Time: "Mon"}, {Name: "b", Caller: "ann", Called: "1001", Time: "Mon"}}, nil, "180, rule b"},
	} {
		f := facts(tt.change)
		f.rules = tt.rules
		if got := decision(judge(f)); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
