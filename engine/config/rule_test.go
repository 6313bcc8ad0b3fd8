package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestRules(t *testing.T) {
	text := `[Rule.one]
account = 1;3
caller = 100
called = 1001
header = Subject: *sales*
time = Mon-Fri 08:00-17:30
action = Reject
delay = 5
code = 480
reason = Not here
target = 1003
file = closed.wav
command = notify --now
bot = clerk
[Account]
server = pbx
[RULE.Two]
action = answer
`
	r := Check(Source{Path: "x.ini", Data: []byte(text)})
	if len(r.Errors) > 0 {
		t.Fatal(r.Errors)
	}
	want := []Rule{
		{Name: "one", Account: "1;3", Caller: "100", Called: "1001", Header: "Subject: *sales*", Time: "Mon-Fri 08:00-17:30",
			Action: RuleReject, Delay: 5 * time.Second, Code: 480, Reason: "Not here", Target: "1003", File: "closed.wav",
			Command: "notify --now", Bot: "clerk"},
		{Name: "Two", Action: RuleAnswer, Code: 486},
	}
	if !reflect.DeepEqual(r.Config.Rules, want) {
		t.Errorf("%+v", r.Config.Rules)
	}
	// Every key is in the example.
	for _, k := range Keys() {
		if k.Scope == RuleScope && !strings.Contains(text, "\n"+k.Name+" =") {
			t.Errorf("no %s", k.Name)
		}
	}
	// What is printed reads the same again.
	var b strings.Builder
	if err := r.Config.WriteResolved(&b); err != nil {
		t.Fatal(err)
	}
	again, err := Load(Source{Path: "y.ini", Data: []byte(b.String())})
	if err != nil || !reflect.DeepEqual(again.Rules, want) {
		t.Errorf("%v: %+v", err, again.Rules)
	}
	if err := r.Config.Validate(); err != nil {
		t.Error(err)
	}
}

func TestRuleMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"[Rule.a]\naction = forward":                "x.ini:1: [Rule.a]: action = forward needs target",
		"[Rule.a]\naction = play\nfile =":           "x.ini:3: [Rule.a] file: action = play needs file",
		"[Rule.a]\naction = hook":                   "action = hook needs command",
		"[Rule.a]\naction = bot":                    "action = bot needs bot",
		"[Rule.a]\naction = shout":                  `"shout" is none of`,
		"[Rule.a]\naccount = one":                   `"one" is not the number of an account`,
		"[Rule.a]\ntime = Mon-Nun":                  "names no days",
		"[Rule.a]\ntime = 8-17":                     "is not two times of a day",
		"[Rule.a]\ntime = 08:00-08:00":              "is not two times of a day",
		"[Rule.a]\ntime = 24:00-08:00":              "is not two times of a day",
		"[Rule.a]\ntime = 08:00-25:00":              "is not two times of a day",
		"[Rule.a]\ntime = Mon 08:00-09:00 and more": "is not such as Mon-Fri",
		"[Rule.a]\nheader = : x":                    "is not such as Subject",
		"[Rule.a]\ncode = 200":                      "outside 300 to 699",
		"[Rule.a]\nserver = pbx":                    "unknown key of a rule, the nearest is",
		"[Rule.a]\n[rule.A]":                        "duplicate section, the first is in line 1",
		"[Rule.]":                                   "unknown section",
		"[Rule]":                                    "unknown section, the nearest is [Rule.1]",
	} {
		_, err := Load(Source{Path: "x.ini", Data: []byte(text)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	cfg := &Config{Rules: []Rule{{Name: "a", Action: RuleForward, Code: 486}, {Name: "A", Code: 486}}}
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "needs target") || !strings.Contains(err.Error(), "twice") {
		t.Error(err)
	}
}

func TestRuleTimes(t *testing.T) {
	at := func(text string) time.Time {
		t.Helper()
		when, err := time.Parse("2006-01-02 15:04", text) // 2026-11-23 is a Monday
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, tt := range []struct{ time, yes, no string }{
		{"Mon-Fri 08:00-17:30", "2026-11-23 08:00", "2026-11-23 17:30"},
		{"Mon-Fri 08:00-17:30", "2026-11-27 17:29", "2026-11-28 09:00"},
		{"Fri-Mon", "2026-11-23 00:00", "2026-11-24 00:00"},
		{"sat;sunday", "2026-11-28 23:59", "2026-11-27 23:59"},
		{"22:00-06:00", "2026-11-23 22:00", "2026-11-23 06:00"},
		{"22:00-06:00", "2026-11-23 05:59", "2026-11-23 21:59"},
		{"Mon 22:00-06:00", "2026-11-24 05:59", "2026-11-23 05:59"},
		{"Mon 18:00-24:00", "2026-11-23 23:59", "2026-11-24 00:00"},
		{"Tue 08:00-09:00 | Mon 10:00-11:00", "2026-11-23 10:30", "2026-11-24 10:30"},
	} {
		r := Rule{Time: tt.time}
		if !r.Holds(at(tt.yes)) || r.Holds(at(tt.no)) {
			t.Errorf("%s: at %s %v, at %s %v", tt.time, tt.yes, r.Holds(at(tt.yes)), tt.no, r.Holds(at(tt.no)))
		}
	}
	if !(Rule{}).Holds(time.Now()) {
		t.Error("no time is always")
	}
}

func TestRuleAccounts(t *testing.T) {
	r := Rule{Account: "1; 3"}
	if !r.ForAccount(1) || !r.ForAccount(3) || r.ForAccount(2) || !(Rule{}).ForAccount(7) {
		t.Error("accounts")
	}
}

// The dialect chooses defaults.
func TestDialectDefaults(t *testing.T) {
	for text, want := range map[string]Config{
		"":                 {Settings: Settings{DuplicateCalls: true, AutoAnswerCalls: "all"}, Accounts: []Account{{FollowRedirects: "0", AcceptTransfers: "0", AcceptReplaces: "0"}}},
		"dialect = strict": {Settings: Settings{SingleMode: true}, Accounts: []Account{{FollowRedirects: "1", AcceptTransfers: "1", AcceptReplaces: "1"}}},
		"dialect = strict\nsingleMode = 0\nduplicateCalls = 1\nautoAnswerCalls = hold\n[AccountDefaults]\nacceptTransfers = 0": {
			Settings: Settings{DuplicateCalls: true, AutoAnswerCalls: "hold"}, Accounts: []Account{{FollowRedirects: "1", AcceptTransfers: "0", AcceptReplaces: "1"}}},
		"singleMode = 1\nduplicateCalls = 0": {Settings: Settings{SingleMode: true, AutoAnswerCalls: "all"}, Accounts: []Account{{FollowRedirects: "0", AcceptTransfers: "0", AcceptReplaces: "0"}}},
	} {
		got, err := Load(Source{Path: "x.ini", Data: []byte("[Settings]\n" + text + "\n[Account]\nserver = pbx\n")})
		if err != nil {
			t.Fatal(err)
		}
		s, a := got.Settings, got.Accounts[0]
		if s.SingleMode != want.Settings.SingleMode || s.DuplicateCalls != want.Settings.DuplicateCalls || s.AutoAnswerCalls != want.Settings.AutoAnswerCalls ||
			a.FollowRedirects != want.Accounts[0].FollowRedirects || a.AcceptTransfers != want.Accounts[0].AcceptTransfers || a.AcceptReplaces != want.Accounts[0].AcceptReplaces {
			t.Errorf("%q: %+v, %+v", text, s, a)
		}
	}
}
