package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// scope is where steps stand: a scenario, or one that it calls, with its own variables and
// its own names for actors.
type scope struct {
	sc      *scenario.Scenario
	vars    *scenario.Vars
	actors  map[string]*actor
	depth   int
	finally bool
}

// deeper is the scope of the steps inside an action.
func (sc scope) deeper() scope {
	sc.depth++
	return sc
}

// errSibling is why the other branches of parallel end when one has failed.
var errSibling = errors.New("another branch had failed")

// steps does steps one after the other, until one fails.
func (s *Session) steps(ctx context.Context, sc scope, list []scenario.Step) error {
	for _, st := range list {
		if err := s.step(ctx, sc, st); err != nil {
			return err
		}
	}
	return nil
}

// Do does one step of a scenario that a program makes as it goes.
func (s *Session) Do(ctx context.Context, st scenario.Step) error {
	ctx, cancel := context.WithDeadlineCause(ctx, s.deadline, errWhole)
	defer cancel()
	err := s.step(ctx, scope{sc: s.in.Scenario, vars: s.vars, actors: s.cast()}, st)
	if err != nil {
		s.conclude(err)
	}
	return err
}

// task is a step that is being done.
type task struct {
	scope
	step    scenario.Step
	a       *actor // nil where the step has none
	began   time.Time
	timeout time.Duration
	index   int // in Result.Steps
}

// within is how long a step may take for what it expects.
func (t *task) within(said time.Duration) time.Duration {
	if said > 0 {
		return said
	}
	return t.timeout
}

func (t *task) until(said time.Duration) time.Time { return t.began.Add(t.within(said)) }

// step does one step and notes what came of it.
func (s *Session) step(ctx context.Context, sc scope, raw scenario.Step) (err error) {
	if len(raw.Tags) > 0 && !slices.ContainsFunc(raw.Tags, func(tag string) bool { return slices.Contains(s.r.opts.Tags, tag) }) {
		return nil
	}
	st, err := raw.Expand(sc.vars)
	t := &task{scope: sc, step: st, began: time.Now(), timeout: st.Timeout}
	if t.timeout == 0 {
		t.timeout = sc.sc.StepTimeout
	}
	if t.timeout == 0 {
		t.timeout = scenario.DefaultStepTimeout
	}
	s.open(t)
	if err == nil {
		var holds bool
		if holds, err = st.If.Holds(); err == nil && !holds {
			s.settle(t, report.Skipped, "its condition does not hold")
			return nil
		}
	}
	if err == nil {
		t.a, err = sc.actor(st.Actor)
	}
	if err == nil {
		bounded, cancel := ctx, context.CancelFunc(func() {})
		if commands(st.Action) || st.Timeout > 0 {
			bounded, cancel = context.WithTimeoutCause(ctx, t.timeout+stepGrace, errStep)
		}
		err = s.do(bounded, t)
		cancel()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
	}
	outcome, message := outcomeOf(err)
	if outcome == report.Passed {
		message = ""
	}
	s.settle(t, outcome, message)
	var failure *Failure
	if errors.As(err, &failure) {
		s.said(t, failure.Expected, failure.Heard)
	}
	if err != nil && st.Name != "" && !errors.Is(err, errNamed) {
		err = &namedError{name: st.Name, err: err}
	}
	return err
}

// errStep is why a step ends that takes longer than it may.
var errStep = errors.New("the step took too long")

// stepGrace is what a step may take beyond its time: a prompt that has begun is heard to its
// end.
const stepGrace = 30 * time.Second

// namedError says in which of the author's steps something went wrong.
type namedError struct {
	name string
	err  error
}

var errNamed = errors.New("named")

func (e *namedError) Error() string        { return e.name + ": " + e.err.Error() }
func (e *namedError) Unwrap() error        { return e.err }
func (e *namedError) Is(target error) bool { return target == errNamed }

// commands says whether an action is one that the engine does, and that has no time of its
// own: the step's bounds it.
func commands(a scenario.Action) bool {
	switch a := a.(type) {
	case *scenario.Answer:
		return a.EarlyMedia == "" && a.EarlyTone == ""
	case *scenario.Dial, *scenario.Reject, *scenario.Redirect, *scenario.Hangup, *scenario.Hold, *scenario.Resume,
		*scenario.Mute, *scenario.Unmute, *scenario.Conference, *scenario.StopPlaying, *scenario.Record:
		return true
	}
	return false
}

// actor finds the actor of a step: nil where the scope has several and none is named, which
// only steps may that need none.
func (sc scope) actor(name string) (*actor, error) {
	if name == "" {
		if len(sc.actors) == 1 {
			for _, a := range sc.actors {
				return a, nil
			}
		}
		return nil, nil
	}
	if a := sc.actors[name]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("there is no actor %s", name)
}

// errNoCall is why a step about a call cannot be done.
var errNoCall = errors.New("there is no call")

// line is the call that a step is about: that of its Line, else the newest that goes on, else
// the newest.
func (s *Session) line(t *task) (*line, error) {
	if t.a == nil {
		return nil, errors.New("the step needs an actor: there are several")
	}
	s.inherit()
	s.mu.Lock()
	list := slices.Clone(t.a.lines)
	s.mu.Unlock()
	s.r.hub.mu.Lock()
	defer s.r.hub.mu.Unlock()
	var found *line
	for _, l := range slices.Backward(list) {
		if t.step.Line != "" && l.name != t.step.Line {
			continue
		}
		if l.ended == nil {
			found = l
			break
		}
		if found == nil {
			found = l
		}
	}
	if found == nil && t.step.Line != "" {
		return nil, fmt.Errorf("%w: actor %s has none of the name %s", errNoCall, t.a.name, t.step.Line)
	}
	if found == nil {
		return nil, fmt.Errorf("%w: actor %s has none", errNoCall, t.a.name)
	}
	s.about(t, found)
	return found, nil
}

// about notes of which call a step is.
func (s *Session) about(t *task, l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Steps[t.index].Call = slices.Index(s.lines, l)
}

// open notes that a step has begun.
func (s *Session) open(t *task) {
	st := report.Step{
		Name: t.step.Name, Text: s.vars.Redact(Describe(t.step.Action)), Actor: t.step.Actor, File: t.step.Pos.File, Line: t.step.Pos.Line,
		Depth: t.depth, Start: report.Millis(t.began.Sub(s.began)), Call: -1, Finally: t.finally,
	}
	if t.step.Action != nil {
		st.Action = t.step.Action.Name()
	}
	if st.Actor == "" && len(t.actors) == 1 {
		for name := range t.actors {
			st.Actor = name
		}
	}
	s.mu.Lock()
	t.index = len(s.result.Steps)
	s.result.Steps = append(s.result.Steps, st)
	s.mu.Unlock()
	s.r.tell(Progress{Instance: s.index, Name: s.result.Name, Attempt: s.result.Attempt, Step: &st})
}

// settle notes what came of a step.
func (s *Session) settle(t *task, outcome report.Outcome, message string) {
	s.mu.Lock()
	st := &s.result.Steps[t.index]
	st.Duration, st.Outcome, st.Message = report.Millis(time.Since(t.began)), outcome, s.vars.Redact(message)
	told := *st
	s.mu.Unlock()
	s.r.tell(Progress{Instance: s.index, Name: s.result.Name, Attempt: s.result.Attempt, Step: &told, Outcome: outcome, Message: told.Message})
}

// said notes what a step expected and what there was.
func (s *Session) said(t *task, expected, heard string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.result.Steps[t.index].Expected = s.vars.Redact(expected)
	s.result.Steps[t.index].Heard = s.vars.Redact(heard)
}

// parallel does branches at the same time.
func (s *Session) parallel(ctx context.Context, t *task, a *scenario.Parallel) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	errs := make([]error, len(a.Branches))
	var branches sync.WaitGroup
	for i, b := range a.Branches {
		branches.Go(func() {
			if errs[i] = s.steps(ctx, t.deeper(), b.Steps); errs[i] != nil {
				cancel(errSibling)
			}
		})
	}
	branches.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, errSibling) {
			return err
		}
	}
	return errors.Join(errs...)
}

func (s *Session) repeat(ctx context.Context, t *task, a *scenario.Repeat) error {
	for range a.Times {
		if err := s.steps(ctx, t.deeper(), a.Steps); err != nil {
			return err
		}
		if a.Until == (scenario.Condition{}) {
			continue
		}
		until := t.step
		until.Action = &scenario.Assert{That: a.Until}
		now, err := until.Expand(t.vars)
		if err != nil {
			return err
		}
		if holds, err := now.Action.(*scenario.Assert).That.Holds(); err != nil || holds {
			return err
		}
	}
	if a.Until == (scenario.Condition{}) {
		return nil
	}
	return failed(fmt.Sprintf("%s after at most %d times", a.Until, a.Times), "it does not hold")
}

// call does the steps of another scenario.
func (s *Session) call(ctx context.Context, t *task, a *scenario.Call) error {
	if a.Scenario == nil {
		return fmt.Errorf("the scenario %s was not read", a.File)
	}
	inner := t.deeper()
	inner.sc, inner.actors = a.Scenario, map[string]*actor{}
	with := *a
	for _, def := range a.Scenario.Actors {
		name := def.Name
		if other, ok := a.Actors.Get(name); ok {
			name = other
		}
		who := t.actors[name]
		if who == nil && len(t.actors) == 1 && len(a.Scenario.Actors) == 1 {
			for _, who = range t.actors {
			}
		}
		if who == nil {
			return fmt.Errorf("nobody plays the actor %s of %s", def.Name, a.File)
		}
		inner.actors[def.Name] = who
		with.With = append(with.With[:len(with.With):len(with.With)], scenario.Pair{Name: def.URIVariable(), Value: who.uri()})
	}
	inner.vars = t.vars.Call(&with)
	if len(a.Scenario.Actors) == 0 {
		inner.actors = t.actors
	}
	err := s.steps(ctx, inner, a.Scenario.Steps)
	for _, st := range a.Scenario.Finally {
		inner.finally = true
		if last := s.steps(context.WithoutCancel(ctx), inner, []scenario.Step{st}); err == nil {
			err = last
		}
	}
	return err
}
