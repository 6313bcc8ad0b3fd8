package scenario

import (
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

// one wants exactly one, or with optional at most one, of some fields of an action.
func (c *checker) one(s *Step, optional bool, keys ...string) {
	var set []string
	v := reflect.ValueOf(s.Action).Elem()
	for _, f := range fieldsOf(v.Type()) {
		if slices.Contains(keys, f.key) && (s.actionSrc.defers(f.key) || !v.Field(f.index).IsZero()) {
			set = append(set, f.key)
		}
	}
	switch {
	case len(set) > 1:
		c.problem(s.actionSrc.place(set[1], s.Pos), "%s has %s, and takes one of them", s.Action.Name(), join(set, "and"))
	case len(set) == 0 && !optional:
		c.problem(s.Pos, "%s has no %s", s.Action.Name(), join(keys, "or"))
	}
}

// number wants a field that was said to be from low to high.
func (c *checker) number(s *Step, key string, value, low, high float64) {
	if value != 0 && (value < low || value > high) {
		c.problem(s.actionSrc.place(key, s.Pos), "%s of %s is %g, and has to be %g to %g", key, s.Action.Name(), value, low, high)
	}
}

// empty reports a field that has to be there and is not, in a step that no file has: files are told so
// when they are read.
func (c *checker) empty(s *Step, key string, empty bool) {
	if empty && s.Pos == (Position{}) {
		c.problem(s.Pos, "%s has no %s", s.Action.Name(), key)
	}
}

func (c *checker) digits(s *Step, text string, pauses bool) {
	if hasVariable(text) {
		return
	}
	allowed := "0123456789*#ABCDabcd"
	if pauses {
		allowed += ","
	}
	for _, r := range text {
		if !strings.ContainsRune(allowed, r) {
			what := "0 to 9, *, # and A to D"
			if pauses {
				what = "0 to 9, *, #, A to D, and a comma for a pause"
			}
			c.problem(s.actionSrc.place("digits", s.Pos), "digits of %s: %q is no digit: %s", s.Action.Name(), r, what)
			return
		}
	}
}

func (c *checker) otherActor(s *Step, key, name string) {
	if name == "" || hasVariable(name) {
		return
	}
	if _, ok := c.s.Actor(name); !ok {
		c.unknown(s.actionSrc.place(key, s.Pos), fmt.Sprintf("%s of %s: there is no actor %q", key, s.Action.Name(), name), name, c.actorNames())
	}
}

func (a *Dial) check(c *checker, s *Step) {
	c.empty(s, "to", a.To == "")
	if pos, ok := s.actionSrc.at["to"]; ok && a.To == "" && !s.actionSrc.defers("to") {
		c.problem(pos, "to of dial is empty")
	}
}

func (a *Answer) check(c *checker, s *Step) {
	c.number(s, "code", float64(a.Code), 180, 299)
	c.one(s, true, "early-media", "early-tone")
}

func (a *Reject) check(c *checker, s *Step)   { c.number(s, "code", float64(a.Code), 300, 699) }
func (a *Redirect) check(c *checker, s *Step) { c.number(s, "code", float64(a.Code), 300, 399) }
func (a *Hangup) check(c *checker, s *Step)   { c.number(s, "code", float64(a.Code), 300, 699) }
func (a *Cancel) check(c *checker, s *Step)   { c.one(s, true, "after", "on") }

func (a *Transfer) check(c *checker, s *Step) {
	c.one(s, false, "to", "to-actor", "to-line")
	c.otherActor(s, "to-actor", a.ToActor)
	c.line(s, a.ToLine)
	if a.ToLine != "" && a.ToLine == s.Line {
		c.problem(s.Pos, "transfer puts the line %s through to itself", s.Line)
	}
}

func (a *Conference) check(c *checker, s *Step) {
	c.one(s, false, "actors", "lines")
	for _, name := range a.Actors {
		c.otherActor(s, "actors", name)
	}
	for _, line := range a.Lines {
		c.line(s, line)
	}
	if len(a.Actors)+len(a.Lines) == 1 {
		c.problem(s.Pos, "conference has one call, and takes two or more")
	}
}

func (a *ExpectMessage) check(c *checker, s *Step) { c.one(s, true, "text", "matches") }
func (a *ExpectPrompt) check(c *checker, s *Step)  { c.one(s, false, "file", "any") }

func (a *ExpectTone) check(c *checker, s *Step) {
	c.one(s, false, "tone", "hz")
	if len(a.Country) != 0 && len(a.Country) != 2 && !hasVariable(a.Country) {
		c.problem(s.actionSrc.place("country", s.Pos), "country of expect-tone: %q has not two letters, as DE or US", a.Country)
	}
	for _, hz := range a.Hz {
		if hz < 50 || hz > 3900 {
			c.problem(s.actionSrc.place("hz", s.Pos), "hz of expect-tone: %g is not 50 to 3900", hz)
		}
	}
	if len(a.Hz) > 4 {
		c.problem(s.actionSrc.place("hz", s.Pos), "hz of expect-tone: more than 4 frequencies at once")
	}
	if len(a.Cadence) > 0 && len(a.Hz) == 0 && !s.actionSrc.defers("hz") {
		c.problem(s.actionSrc.place("cadence", s.Pos), "cadence of expect-tone: a tone with a name has its own")
	}
}

func (a *ExpectDTMF) check(c *checker, s *Step) {
	c.one(s, a.As != "", "digits", "matches")
	c.digits(s, a.Digits, false)
	if a.As != "" && a.Digits == "" && a.Matches == "" {
		c.problem(s.Pos, "expect-dtmf has no digits or matches, which say when all have come")
	}
}

func (a *ExpectText) check(c *checker, s *Step)   { c.one(s, false, "text", "matches") }
func (a *ExpectHeader) check(c *checker, s *Step) { c.one(s, true, "equals", "matches", "absent") }

func (a *ExpectMOS) check(c *checker, s *Step) { c.number(s, "at-least", a.AtLeast, 1, 4.5) }

func (a *SendDTMF) check(c *checker, s *Step) { c.digits(s, a.Digits, true) }

func (a *Record) check(c *checker, s *Step) {
	if hasVariable(a.File) {
		return
	}
	if !strings.EqualFold(filepath.Ext(a.File), ".wav") {
		c.problem(s.actionSrc.place("file", s.Pos), "file of record: %q does not end in .wav", a.File)
	}
	if !filepath.IsLocal(filepath.FromSlash(a.File)) {
		c.problem(s.actionSrc.place("file", s.Pos), "file of record: %q is outside of the folder of results", a.File)
	}
}

func (a *Repeat) check(c *checker, s *Step) {
	if a.Times < 1 && !s.actionSrc.defers("times") {
		c.problem(s.actionSrc.place("times", s.Pos), "times of repeat is %d, and has to be 1 or more", a.Times)
	}
	c.empty(s, "steps", len(a.Steps) == 0)
}

func (a *Parallel) check(c *checker, s *Step) {
	c.empty(s, "branches", len(a.Branches) == 0)
}

func (a *Set) check(c *checker, s *Step) {
	c.empty(s, "variables", len(a.Variables) == 0)
}

// call reads the scenario that a step calls, and checks what is handed to it.
func (c *checker) call(s *Step, a *Call) {
	pos := s.actionSrc.place("file", s.Pos)
	if hasVariable(a.File) {
		c.problem(pos, "file of call: a variable cannot stand here, since the file is checked before the run")
		return
	}
	if c.opts.NoFiles || a.File == "" {
		return
	}
	path := c.s.Path(a.File)
	abs, err := filepath.Abs(path)
	if err != nil {
		abs = path
	}
	if slices.Contains(c.opts.calling, abs) || len(c.opts.calling) > 20 {
		names := make([]string, 0, len(c.opts.calling)+1)
		for _, file := range append(c.opts.calling[:len(c.opts.calling):len(c.opts.calling)], abs) {
			names = append(names, filepath.Base(file))
		}
		c.problem(pos, "file of call: scenarios that call each other in a circle: %s", strings.Join(names, " -> "))
		return
	}
	opts := c.opts
	opts.Variables = nil // those of the command line are the first scenario's
	sub, err := Load(path, opts)
	if sub == nil {
		problems, _ := err.(Problems)
		if len(problems) == 1 && problems[0].Line == 0 {
			c.problem(pos, "file of call: %s: %s", a.File, problems[0].Message)
			return
		}
	}
	if problems, ok := err.(Problems); ok {
		c.problems = append(c.problems, problems...)
	}
	if sub == nil {
		return
	}
	a.Scenario = sub
	c.problems = append(c.problems, sub.Warnings...)
	c.handed(s, a, sub)
}

// handed checks variables and actors of a call.
func (c *checker) handed(s *Step, a *Call, sub *Scenario) {
	var variables, actors []string
	for _, p := range sub.Variables {
		variables = append(variables, p.Name)
	}
	for _, actor := range sub.Actors {
		actors = append(actors, actor.Name)
	}
	for _, p := range a.With {
		if !slices.Contains(variables, p.Name) {
			c.unknown(s.actionSrc.place("with", s.Pos), fmt.Sprintf("with of call: %s has no variable %q", a.File, p.Name), p.Name, variables)
		}
	}
	for _, p := range a.Actors {
		if !slices.Contains(actors, p.Name) {
			c.unknown(s.actionSrc.place("actors", s.Pos), fmt.Sprintf("actors of call: %s has no actor %q", a.File, p.Name), p.Name, actors)
		}
		c.otherActor(s, "actors", p.Value)
	}
	for _, actor := range actors {
		if _, ok := a.Actors.Get(actor); ok {
			continue
		}
		if _, ok := c.s.Actor(actor); !ok {
			c.unknown(s.Pos, fmt.Sprintf("call: the actor %s of %s is none here, and actors does not say who it is", actor, a.File), actor, c.actorNames())
		}
	}
}
