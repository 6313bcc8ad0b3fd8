package ivrtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// Options are the choices of a [Test]. The zero value has an engine on any free port of all
// interfaces.
type Options struct {
	// Config is that of the engine, as config.Load reads it; the built-in defaults where it is
	// nil. Its accounts are those that actors name by their numbers; nothing registers them
	// otherwise, and nothing of the configuration answers, plays or records by itself.
	Config *config.Config
	// Folder gets a folder with the name of the test, for recordings and report.html. Where it
	// is empty they are among the artefacts of the test.
	Folder string
	// Timeout bounds the steps of the test; 0 means 5 minutes.
	Timeout time.Duration
	// StepTimeout bounds a step that has no time of its own; 0 means 30 s.
	StepTimeout time.Duration
	// Impairment is what the media of all actors suffer.
	Impairment []scenario.Impairment
	// Voice speaks what Say says, whatever voice that names; nil is espeak-ng.
	Voice bot.Voice
	// Recogniser understands what ExpectText hears; where it is nil, such a step fails.
	Recogniser bot.Recogniser
}

// engine is what tests that run at once have to have in common.
func (o Options) engine() Options {
	return Options{Config: o.Config, Voice: o.Voice, Recogniser: o.Recogniser}
}

// Test is a test of an IVR: actors who do steps. Its methods are for the goroutine of the
// test, and for the functions of [Test.Parallel].
type Test struct {
	t       testing.TB
	session *runner.Session
	dir     string

	mu     sync.Mutex // guards what follows
	ctx    context.Context
	cancel context.CancelCauseFunc // while functions of Parallel run, else nil
	failed bool                    // a step has
	as     int                     // variables that steps gave their results
}

// New begins a test. What is left of it is ended and written when t ends. A mistake ends t.
func New(t testing.TB, opts Options) *Test {
	t.Helper()
	p := &Test{t: t, ctx: context.WithoutCancel(t.Context())}
	run, err := engines.acquire(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engines.release(); err != nil {
			t.Errorf("ivrtest: end of the engine: %v", err)
		}
	})
	if p.dir = t.ArtifactDir(); opts.Folder != "" {
		p.dir = filepath.Join(opts.Folder, notPlain.ReplaceAllString(t.Name(), "-"))
	}
	sc := &scenario.Scenario{Name: t.Name(), Timeout: opts.Timeout, StepTimeout: opts.StepTimeout, Impairment: opts.Impairment}
	if p.session, err = run.NewSession(p.ctx, scenario.Instance{Scenario: sc}, filepath.Join(p.dir, "calls")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	return p
}

var notPlain = regexp.MustCompile(`[^a-zA-Z0-9._=-]+`)

// close ends the calls and writes the report.
func (p *Test) close() {
	res := p.session.Close(p.ctx)
	if p.t.Failed() && res.Outcome == report.Passed {
		res.Outcome, res.Message = report.Failed, "the test failed, but none of its steps"
	}
	if p.t.Skipped() {
		res.Outcome = report.Skipped
	}
	run := &report.Run{
		Name: "go test", Command: strings.Join(os.Args[:1], " "), Started: res.Started, Duration: res.Duration,
		Scenarios: []report.Scenario{res},
	}
	run.Host, _ = os.Hostname()
	path := filepath.Join(p.dir, "report.html")
	f, err := os.Create(path)
	if err == nil {
		err = errors.Join(report.WriteHTML(f, run, report.HTMLOptions{Folder: p.dir}), f.Close())
	}
	switch {
	case err != nil:
		p.t.Errorf("ivrtest: report: %v", err)
	case p.t.Failed():
		p.t.Logf("report: %s", path)
	}
}

// Actor adds somebody who calls and is called, and waits for the registration of one that
// registers: one with a server and a username. The zero value is a plain endpoint.
func (p *Test) Actor(name string, a scenario.Actor) *Actor {
	p.t.Helper()
	a.Name = name
	if err := p.session.Add(p.context(), a); err != nil {
		p.fail(err.Error())
	}
	return &Actor{p: p, name: name}
}

// Actor is somebody who calls and is called. Its methods are steps.
type Actor struct {
	p    *Test
	name string
	line string
}

// URI is what others dial to reach the actor.
func (a *Actor) URI() string {
	a.p.t.Helper()
	return a.p.Get((&scenario.Actor{Name: a.name}).URIVariable())
}

// Line is the actor with one of several calls: its steps begin the call of that name, or are
// about it. Without it they are about the actor's newest call that has not ended.
func (a *Actor) Line(name string) *Actor { return &Actor{p: a.p, name: a.name, line: name} }

// Do does any action, a pointer to a struct of package scenario.
func (a *Actor) Do(action scenario.Action, opts ...Option) {
	a.p.t.Helper()
	a.p.do(scenario.Step{Action: action, Actor: a.name, Line: a.line}, opts)
}

// Do does an action that is nobody's.
func (p *Test) Do(action scenario.Action, opts ...Option) {
	p.t.Helper()
	p.do(scenario.Step{Action: action}, opts)
}

func (p *Test) do(st scenario.Step, opts []Option) {
	p.t.Helper()
	st.Pos = caller()
	for _, o := range opts {
		if err := o(&st); err != nil {
			p.fail(err.Error())
		}
	}
	err := p.session.Do(p.context(), st)
	switch {
	case err == nil:
	case errors.Is(err, errOther):
		runtime.Goexit() // what went wrong is told by the other
	case st.Actor == "":
		p.fail(err.Error())
	default:
		p.fail(st.Actor + ": " + err.Error())
	}
}

// caller is the line of the test that asked for a step.
func caller() scenario.Position {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if !strings.HasPrefix(f.Function, thisPackage) || strings.HasSuffix(f.File, "_test.go") {
			return scenario.Position{File: filepath.Base(f.File), Line: f.Line}
		}
		if !more {
			return scenario.Position{}
		}
	}
}

const thisPackage = "github.com/offhook-voip/offhook/engine/ivrtest."

// errOther is why the functions of Parallel end when one of them has failed.
var errOther = errors.New("another function of Parallel has failed")

func (p *Test) context() context.Context {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx
}

// fail ends the test, or one of the functions of Parallel and with it the others.
func (p *Test) fail(message string) {
	p.t.Helper()
	p.mu.Lock()
	p.failed = true
	cancel := p.cancel
	p.mu.Unlock()
	if cancel == nil {
		p.t.Fatal(message)
	}
	p.t.Error(message)
	cancel(errOther)
	runtime.Goexit()
}

// Parallel calls functions at the same time, each in a goroutine of its own, and returns when
// all have returned. A step that fails in one ends the others and the test. They must not call
// t.Fatal, as no goroutine but that of the test must.
func (p *Test) Parallel(functions ...func()) {
	p.t.Helper()
	p.mu.Lock()
	outer, outermost := p.ctx, p.cancel == nil
	if outermost {
		p.ctx, p.cancel = context.WithCancelCause(outer)
	}
	p.mu.Unlock()
	var all sync.WaitGroup
	for _, f := range functions {
		all.Go(f)
	}
	all.Wait()
	p.mu.Lock()
	failed := p.failed
	if outermost {
		p.cancel(nil)
		p.ctx, p.cancel = outer, nil
	}
	p.mu.Unlock()
	switch {
	case failed && outermost:
		p.t.FailNow()
	case failed:
		runtime.Goexit()
	}
}

// Get returns the value of a variable.
func (p *Test) Get(name string) string {
	p.t.Helper()
	value, err := p.session.Vars().Get(name)
	if err != nil {
		p.fail(err.Error())
	}
	return value
}

// result does a step whose As is a variable, and returns the value that it gets: none where
// a header had to be absent.
func (a *Actor) result(action scenario.Action, as *string, opts []Option) string {
	a.p.t.Helper()
	a.p.mu.Lock()
	a.p.as++
	*as = fmt.Sprintf("ivrtest-%d", a.p.as)
	a.p.mu.Unlock()
	a.Do(action, opts...)
	value, err := a.p.session.Vars().Get(*as)
	if err != nil {
		return ""
	}
	return value
}
