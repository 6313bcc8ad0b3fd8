package scenario

import (
	"strings"
	"testing"
)

func testVars(t *testing.T, head string) *Vars {
	t.Helper()
	s, err := Parse("a.yaml", []byte(head+"\nactors: {a: }\nsteps: [{log: x}]\n"), Options{NoFiles: true,
		Env: func(name string) (string, bool) { return "env " + name, name == "HOME" }})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil {
		t.Fatal(err)
	}
	return list[0].Vars()
}

func TestVars(t *testing.T) {
	v := testVars(t, `variables: {a: 1, b: "${a}2", c: "", d: "a.b", loop: "${loop:-}", self: "$${a}"}`)
	v.Set("late", "${a}")
	tests := []struct{ text, want, err string }{
		{"", "", ""}, {"plain $ {a} $$", "plain $ {a} $$", ""},
		{"${a}", "1", ""}, {"x${b}y${a}", "x12y1", ""},
		{"${c:-none}", "none", ""}, {"${no:-none ${b}}", "none 12", ""}, {"${no:-}", "", ""},
		{"${no}", "", "the variable no has no value"},
		{"${env:HOME}", "env HOME", ""}, {"${env:NONE:-x}", "x", ""}, {"${env:NONE}", "", "the environment has no NONE"},
		{"^${quote:d}$", `^a\.b$`, ""},
		{"$${a}", "${a}", ""}, {"${self}", "${a}", ""},
		{"${late}", "${a}", ""}, // what was captured is no template
		{"${loop}", "", "contains itself"},
		{"${a", "", "has no end"}, {"${a b}", "", "is no variable"}, {"${}", "", "is no variable"},
	}
	for _, tt := range tests {
		got, err := v.Text(tt.text)
		switch {
		case tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)):
			t.Errorf("%s: %v, want %s", tt.text, err, tt.err)
		case tt.err == "" && (err != nil || got != tt.want):
			t.Errorf("%s: %q, %v, want %q", tt.text, got, err, tt.want)
		}
	}
	if got, err := v.Text(Literal("${a} $ {")); err != nil || got != "${a} $ {" {
		t.Errorf("Literal: %q, %v", got, err)
	}
	if got, err := v.Get("b"); err != nil || got != "12" {
		t.Errorf("Get: %q, %v", got, err)
	}
}

func TestRedact(t *testing.T) {
	s, err := Parse("a.yaml", []byte(`
secrets: [pin, late]
variables: {pin: 4711, user: ann, pw: open}
actors: {a: {server: x, username: u, password: "${pw}-${env:PW}"}, b: {server: x, username: u, password: plain}}
steps: [{log: "${pin}"}, {expect-dtmf: {matches: "....", as: late}, actor: a}]
`), Options{NoFiles: true, Env: func(name string) (string, bool) { return "sesame", name == "PW" }})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil {
		t.Fatal(err)
	}
	if got := list[0].Scenario.Actors[0].Password.Reveal(); got != "open-sesame" {
		t.Errorf("password %q", got)
	}
	v := list[0].Vars()
	if _, err := s.Steps[0].Expand(v); err != nil {
		t.Fatal(err)
	}
	v.Set("late", "0815")
	v.Set("user", "ann")
	if got, want := v.Redact("4711 0815 ann open-sesame plain"), "*** *** ann *** ***"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCallVars(t *testing.T) {
	v := testVars(t, "variables: {pin: 1, who: ann}")
	sub := &Scenario{Variables: Pairs{{"pin", "0"}, {"tries", "${pin}x"}}}
	call := &Call{Scenario: sub, With: Pairs{{"pin", "${2}"}}}
	child := v.Call(call)
	for text, want := range map[string]string{"${pin}": "${2}", "${tries}": "${2}x", "${who:-nobody}": "nobody"} {
		if got, err := child.Text(text); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
	child.Set("tries", "3")
	child.Set("digits", "42")
	if _, err := v.Get("tries"); err == nil {
		t.Error("a variable of its own is known to the caller")
	}
	if got, err := v.Get("digits"); err != nil || got != "42" {
		t.Errorf("digits: %q, %v", got, err)
	}
	if got, err := v.Get("pin"); err != nil || got != "1" {
		t.Errorf("pin: %q, %v", got, err)
	}
}

func TestExpandStep(t *testing.T) {
	s, err := Parse("a.yaml", []byte(`
variables: {least: 70, time: 4s, yes: "true", code: 4xx, hz: 440, pat: "a.c"}
actors: {a: }
steps:
  - {expect-prompt: {any: ["${pat}.wav", b.wav], likeness: "${least} %", within: "${time}"}, timeout: "${time}"}
  - {say: {text: "${pat}", wait: "${yes}"}}
  - {expect-code: ["${code}", 500]}
  - {expect-tone: {hz: ["${hz}", 480]}}
  - {expect-header: {in: "${code}", header: "X-${least}", matches: "${quote:pat}"}}
  - {repeat: {times: 2, steps: [{log: "${pat}"}], until: "${least} == 70"}}
  - {dial: {to: "${pat}", headers: {A: ["${least}", 2]}}, if: "${yes}"}
`), Options{NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil {
		t.Fatal(err)
	}
	v := list[0].Vars()
	var steps []Step
	for i := range s.Steps {
		step, err := s.Steps[i].Expand(v)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	prompt := steps[0].Action.(*ExpectPrompt)
	if prompt.Any[0] != "a.c.wav" || prompt.Likeness != 70 || prompt.Within != 4e9 || steps[0].Timeout != 4e9 {
		t.Errorf("%+v %v", prompt, steps[0].Timeout)
	}
	if original := s.Steps[0].Action.(*ExpectPrompt); original.Any[0] != "${pat}.wav" || original.Likeness != 0 {
		t.Errorf("the scenario was changed: %+v", original)
	}
	if say := steps[1].Action.(*Say); say.Wait == nil || !*say.Wait {
		t.Errorf("%+v", say)
	}
	if code := steps[2].Action.(*ExpectCode).Code; code.String() != "4xx or 500" || !code.Has(486) || code.Has(501) {
		t.Errorf("%v", code)
	}
	if hz := steps[3].Action.(*ExpectTone).Hz; len(hz) != 2 || hz[0] != 440 {
		t.Errorf("%v", hz)
	}
	if h := steps[4].Action.(*ExpectHeader); h.In.Codes().String() != "4xx" || h.Header != "X-70" || h.Matches != `a\.c` {
		t.Errorf("%+v", h)
	}
	repeat := steps[5].Action.(*Repeat)
	if holds, err := repeat.Until.Holds(); err != nil || !holds || repeat.Steps[0].Action.(*Log).Text != "${pat}" {
		t.Errorf("%+v %v", repeat, err)
	}
	if d := steps[6].Action.(*Dial); d.Headers[0].Value != "70" || len(d.Headers) != 2 || s.Steps[6].Action.(*Dial).Headers[0].Value != "${least}" {
		t.Errorf("%+v", d)
	}
	v.Set("time", "4")
	if _, err := s.Steps[0].Expand(v); err == nil || !strings.Contains(err.Error(), "a.yaml:5:") || !strings.Contains(err.Error(), "has no unit") {
		t.Errorf("a time without a unit: %v", err)
	}
}

func TestCondition(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"1", true}, {"0", false}, {"No", false}, {"x", true}, {`""`, false},
		{"a == a", true}, {"a==b", false}, {"a != b", true}, {`"a == b" == 'a == b'`, true}, {`"" == ''`, true},
		{"2 < 10", true}, {"10 <= 9.5", false}, {"3 > 2", true}, {"3 >= 3", true},
		{"abc =~ ^a.c$", true}, {"abc =~ x", false},
	}
	for _, tt := range tests {
		var c Condition
		if err := c.parse(tt.text); err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got, err := c.Holds(); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", tt.text, got, err)
		}
		var again Condition
		if err := again.parse(c.String()); err != nil || again != c {
			t.Errorf("%s is written as %s", tt.text, c)
		}
	}
	var c Condition
	if holds, err := c.Holds(); err != nil || !holds {
		t.Error("no condition does not hold")
	}
	if err := c.parse("a < b"); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Holds(); err == nil {
		t.Error("a < b compares numbers")
	}
}
