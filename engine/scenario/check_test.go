package scenario

import (
	"strings"
	"testing"
	"time"
)

// A scenario that a program made is checked as a file is.
func TestCheck(t *testing.T) {
	right := &Scenario{
		Actors: []Actor{{Name: "a"}},
		Steps:  []Step{{Action: &Dial{To: "sip:1@x"}}, {Action: &ExpectAnswer{Within: time.Second}}, {Action: &Hangup{}}},
	}
	if err := right.Check(Options{}); err != nil || len(right.Warnings) > 0 {
		t.Errorf("%v %v", err, right.Warnings)
	}
	list, err := right.Expand()
	if err != nil || len(list) != 1 || right.Runs() != 1 {
		t.Fatalf("%v %v", list, err)
	}
	if _, err := list[0].Scenario.Steps[0].Expand(list[0].Vars()); err != nil {
		t.Error(err)
	}
	wrong := &Scenario{
		Actors: []Actor{{Name: "a"}, {Name: "b", Server: "x"}},
		Steps: []Step{
			{Action: &Dial{}}, {Actor: "c", Action: &Hangup{}}, {Action: &Log{Text: "${none}"}},
			{Action: &Repeat{}}, {Action: &Parallel{}}, {Action: &Set{}}, {Actor: "a", Action: &ExpectPrompt{File: "none.wav"}},
			{Action: &Set{Variables: Pairs{{"a b", "x"}}}},
		},
	}
	err = wrong.Check(Options{})
	for _, want := range []string{
		"dial has no to", "dial has no actor", `there is no actor "c"`, "unknown variable ${none}", "repeat has no steps", "times of repeat",
		"parallel has no branches", "set has no variables", "none.wav: the file does not exist", `"a b" is no name of a variable`,
		"actor b has a server and no username",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in\n%v", want, err)
		}
	}
}

// The value of a secret is in no problem.
func TestProblemsHoldNoSecret(t *testing.T) {
	s, err := Parse("a.yaml", []byte("secrets: pin\nvariables: {pin: \"\"}\nactors: {a: }\nsteps: [{set: {pin: 4711}}, {wait: \"${pin}\"}]\n"), Options{NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Expand()
	if err != nil {
		t.Fatal(err)
	}
	v := list[0].Vars()
	v.Set("pin", "4711")
	_, err = s.Steps[1].Expand(v)
	if err == nil || strings.Contains(err.Error(), "4711") || !strings.Contains(err.Error(), "***") {
		t.Errorf("%v", err)
	}
}
