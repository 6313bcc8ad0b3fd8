package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/engine/tempdir"
	"github.com/offhook-voip/offhook/pjsua"
)

// Session is one run of one scenario: its actors, their calls, and what is reported of them.
// Steps may be done from several goroutines.
type Session struct {
	r        *Runner
	index    int
	in       scenario.Instance
	vars     *scenario.Vars
	rnd      *rand.Rand
	began    time.Time
	folder   string // empty: nothing is kept
	deadline time.Time

	mu     sync.Mutex        // guards what follows
	actors map[string]*actor // a new map with each that is added: steps read it without mu
	all    []*actor          // in the order of the file
	result report.Scenario
	lines  []*line
	marks  map[*line][]mark
	told   bool   // conclude was called
	temp   string // a folder that is removed at the end; empty: there is none
	ending sync.WaitGroup
}

// actor is somebody who calls and is called.
type actor struct {
	s    *Session
	name string
	def  scenario.Actor
	acc  *account

	// Guarded by Session.mu.
	lines []*line // the newest last
	extra []*account
}

// mark is a [report.Mark] by the clock.
type mark struct {
	report.Mark
	from, to time.Time
}

func (r *Runner) newSession(index int, in scenario.Instance, attempt int) *Session {
	s := &Session{
		r: r, index: index, in: in, vars: in.Vars(), rnd: r.seedOf(in.Name(), attempt), began: time.Now(),
		actors: map[string]*actor{}, marks: map[*line][]mark{}, result: r.head(in),
	}
	s.result.Attempt, s.result.Started = attempt, s.began
	return s
}

// NewSession begins a session whose steps the caller does, with [Session.Do]. in is a scenario
// without steps; it may have no actors either, see [Session.Add]. What is kept of the session
// goes into folder, which is made, or into one in [Options].Folder where that is empty. Paths
// in the result begin with the folder's base name.
func (r *Runner) NewSession(ctx context.Context, in scenario.Instance, folder string) (*Session, error) {
	s := r.newSession(0, in, 1)
	s.folder = folder
	if err := s.begin(ctx); err != nil {
		s.conclude(err)
		s.Close(ctx)
		return nil, err
	}
	return s, nil
}

// Vars are the variables of the session.
func (s *Session) Vars() *scenario.Vars { return s.vars }

// registerWait bounds the registration of an actor that is added.
const registerWait = 15 * time.Second

// begin gives the actors their accounts, and waits for their registrations.
func (s *Session) begin(ctx context.Context) (err error) {
	if s.folder == "" {
		s.folder = s.r.folderFor(s.in.Name())
	}
	if s.folder != "" {
		if err = os.MkdirAll(s.folder, 0o777); err != nil {
			return err
		}
		s.result.Folder = filepath.Base(s.folder)
	}
	timeout := s.in.Scenario.Timeout
	if timeout == 0 {
		timeout = scenario.DefaultTimeout
	}
	s.deadline = s.began.Add(timeout)
	for _, def := range s.in.Scenario.Actors {
		if _, err := s.join(ctx, def); err != nil {
			return err
		}
	}
	for _, a := range s.all {
		if err := a.registered(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Add gives the session another actor, and waits for its registration.
func (s *Session) Add(ctx context.Context, def scenario.Actor) error {
	def, err := def.Expand(s.vars)
	if err != nil {
		return err
	}
	if _, ok := s.cast()[def.Name]; ok {
		return fmt.Errorf("there is an actor %s already", def.Name)
	}
	a, err := s.join(ctx, def)
	if err == nil {
		err = a.registered(ctx)
	}
	if err != nil {
		s.conclude(err)
	}
	return err
}

// join gives an actor its account.
func (s *Session) join(ctx context.Context, def scenario.Actor) (a *actor, err error) {
	impair := def.Impairment
	if len(impair) == 0 {
		impair = s.in.Scenario.Impairment
	}
	a = &actor{s: s, name: def.Name, def: def}
	if a.acc, err = s.r.pool.acquire(ctx, &def, impairment(impair)); err != nil {
		return nil, err
	}
	s.vars.Set(def.URIVariable(), a.uri())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, a)
	s.actors = maps.Clone(s.actors)
	s.actors[def.Name] = a
	return a, nil
}

// registered waits until the actor has registered, if it does.
func (a *actor) registered(ctx context.Context) error {
	if !a.acc.cfg.Registers() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, registerWait)
	defer cancel()
	if err := a.acc.acc.WaitRegistered(ctx); err != nil {
		return fmt.Errorf("actor %s could not register: %w", a.name, err)
	}
	return nil
}

// cast are the actors by their names.
func (s *Session) cast() map[string]*actor {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.actors
}

// uri is whom others call to reach the actor: its address of record, or where it listens when
// no registrar knows it.
func (a *actor) uri() string {
	cfg := a.acc.cfg
	if !cfg.Registers() && a.def.Domain == "" {
		tp := cmp.Or(cfg.Transport, config.UDP)
		uri := "sip:" + cfg.Username + "@" + a.s.r.hub.address(tp)
		if tp != config.UDP {
			uri += ";transport=" + string(tp)
		}
		return uri
	}
	uri := a.acc.acc.Info().URI
	if i := lastBracket(uri); i >= 0 {
		uri = uri[i+1 : len(uri)-1]
	}
	return uri
}

func lastBracket(s string) int {
	if len(s) == 0 || s[len(s)-1] != '>' {
		return -1
	}
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == '<' {
			return i
		}
	}
	return -1
}

// impairment is the scenario's in pjsua's words, nil for none.
func impairment(list []scenario.Impairment) *pjsua.Impairment {
	if len(list) == 0 {
		return nil
	}
	var out pjsua.Impairment
	for _, i := range list {
		path := pjsua.PathImpairment{
			Drop: int(i.Loss), Delay: i.Delay, Jitter: i.Jitter, Duplicate: int(i.Duplicate), Reorder: int(i.Reorder),
		}
		if d := i.Direction.Or(scenario.Both); d != scenario.Received {
			out.TX = path
		}
		if d := i.Direction.Or(scenario.Both); d != scenario.Sent {
			out.RX = path
		}
	}
	return &out
}

// errWhole is why a step ends when the scenario's time is over.
var errWhole = errors.New("the scenario's time is over")

// run does all steps, and then those of finally.
func (s *Session) run(ctx context.Context) error {
	sc := s.in.Scenario
	steps, cancel := context.WithDeadlineCause(ctx, s.deadline, errWhole)
	err := s.steps(steps, scope{sc: sc, vars: s.vars, actors: s.cast()}, sc.Steps)
	cancel()
	if len(sc.Finally) == 0 {
		return err
	}
	// What cleans up is done whatever came before, and each of it.
	var errs []error
	cleanup, cancel := context.WithTimeout(context.WithoutCancel(ctx), finallyTime)
	defer cancel()
	for _, st := range sc.Finally {
		errs = append(errs, s.steps(cleanup, scope{sc: sc, vars: s.vars, actors: s.cast(), finally: true}, []scenario.Step{st}))
	}
	if err == nil {
		err = errors.Join(errs...)
	}
	return err
}

// finallyTime bounds what cleans up.
const finallyTime = 2 * time.Minute

// conclude sets the outcome of the session.
func (s *Session) conclude(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told {
		return
	}
	s.told = true
	s.result.Outcome, s.result.Message = outcomeOf(err)
	s.result.Message = s.vars.Redact(s.result.Message)
}

// outcomeOf tells a failed expectation from what could not run.
func outcomeOf(err error) (report.Outcome, string) {
	var failure *Failure
	switch {
	case err == nil:
		return report.Passed, ""
	case errors.Is(err, errSibling):
		return report.Skipped, "another branch had failed"
	case errors.As(err, &failure):
		return report.Failed, err.Error()
	case errors.Is(err, errWhole):
		return report.Failed, errWhole.Error()
	}
	return report.Errored, err.Error()
}

// closeTime bounds the end of a session: calls are hung up, files closed.
const closeTime = 10 * time.Second

// Close hangs up what is left, and returns what came of the session.
func (s *Session) Close(ctx context.Context) report.Scenario {
	s.conclude(nil)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	s.inherit()
	s.mu.Lock()
	lines := slices.Clone(s.lines)
	s.mu.Unlock()
	lines = append(lines, s.untaken()...)
	for _, l := range lines {
		s.hangup(ctx, l, 0, "")
	}
	for _, l := range lines {
		if err := s.r.hub.await(ctx, &l.watch, time.Now().Add(closeTime), func() (bool, error) { return l.ended != nil, nil }); err != nil {
			s.r.log.Warn("a call did not end", "call", l.id, "error", err)
		}
	}
	s.ending.Wait()
	s.report(ctx)
	for _, l := range lines {
		if l.ears != nil {
			if err := l.ears.close(); err != nil {
				s.r.log.Warn("close audio", "call", l.id, "error", err)
			}
		}
	}
	for _, a := range s.all {
		for _, acc := range append(a.extra, a.acc) {
			if acc == nil {
				continue
			}
			if err := s.r.pool.release(ctx, acc); err != nil {
				s.r.log.Warn("release an account", "actor", a.name, "error", err)
			}
		}
	}
	s.r.hub.forget(lines)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.temp != "" {
		if err := tempdir.Remove(s.temp); err != nil {
			s.r.log.Warn("remove files", "error", err)
		}
	}
	s.result.Duration = report.Millis(time.Since(s.began))
	return s.result
}

// untaken are incoming calls of the session's own accounts that no step waited for.
func (s *Session) untaken() []*line {
	s.r.hub.mu.Lock()
	defer s.r.hub.mu.Unlock()
	var list []*line
	for _, a := range s.all {
		if a.acc == nil || a.acc.name == "" {
			continue // others may wait for them
		}
		for _, l := range a.acc.incoming {
			if call, ok := s.r.eng.Call(l.id); ok {
				l.call = call
				list = append(list, l)
			}
		}
		a.acc.incoming = nil
	}
	return list
}

// files is where the session makes files: its folder, or one that Close removes.
func (s *Session) files() (string, error) {
	if s.folder != "" {
		return s.folder, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.temp != "" {
		return s.temp, nil
	}
	var err error
	s.temp, err = os.MkdirTemp("", "offhook-test-")
	return s.temp, err
}

// take makes a call one of the session's.
func (s *Session) take(a *actor, call *engine.Call, name string) *line {
	s.r.hub.mu.Lock()
	l := s.r.hub.lineLocked(call.ID(), time.Now())
	l.call, l.actor, l.name = call, a, name
	s.r.hub.mu.Unlock()
	s.mu.Lock()
	s.lines = append(s.lines, l)
	a.lines = append(a.lines, l)
	n := len(s.lines)
	s.mu.Unlock()
	s.ending.Go(func() { s.attend(l, n) })
	return l
}

// inherit makes calls of the session that take the place of its calls, because the far end has
// transferred or replaced them.
func (s *Session) inherit() {
	type heir struct {
		a  *actor
		id engine.CallID
	}
	var list []heir
	s.mu.Lock()
	s.r.hub.mu.Lock()
	for _, l := range s.lines {
		for _, id := range l.heirs {
			list = append(list, heir{l.actor, id})
		}
		l.heirs = nil
	}
	s.r.hub.mu.Unlock()
	s.mu.Unlock()
	for _, h := range list {
		if call, ok := s.r.eng.Call(h.id); ok {
			s.take(h.a, call, "")
		}
	}
}

// attend opens the ears of a call when there is something to hear, and has it recorded.
func (s *Session) attend(l *line, n int) {
	ctx := context.Background()
	flows := false
	err := s.r.hub.await(ctx, &l.watch, time.Now().Add(24*time.Hour), func() (bool, error) {
		flows = !l.mediaAt.IsZero()
		return flows || l.ended != nil, nil
	})
	if err != nil || !flows {
		return
	}
	ears, err := listen(ctx, l.call, s.folder != "")
	if err != nil {
		return // it has ended
	}
	s.r.hub.mu.Lock()
	l.ears = ears
	l.changedLocked()
	s.r.hub.mu.Unlock()
	if s.folder == "" {
		return
	}
	path := filepath.Join(s.folder, fmt.Sprintf("%s-%d.wav", notPlain.ReplaceAllString(l.actor.name, "-"), n))
	rec, err := l.call.Record(ctx, path, engine.RecordOptions{Stereo: true})
	if err != nil {
		return
	}
	s.r.hub.mu.Lock()
	l.recording, l.recordingAt = path, time.Now()
	s.r.hub.mu.Unlock()
	<-rec.Done()
}

// hearing waits until the call can be heard.
func (s *Session) hearing(ctx context.Context, l *line, deadline time.Time) (*ears, error) {
	var e *ears
	err := s.r.hub.await(ctx, &l.watch, deadline, func() (bool, error) {
		e = l.ears
		if e == nil && l.ended != nil {
			return false, errNoAudio
		}
		return e != nil, nil
	})
	if errors.Is(err, errLate) {
		err = errNoAudio
	}
	return e, err
}

// errNoAudio says that nothing of a call could be heard.
var errNoAudio = errors.New("no audio came")

// hangup ends a call, of our own will.
func (s *Session) hangup(ctx context.Context, l *line, code int, reason string) {
	s.r.hub.mu.Lock()
	if l.ended == nil {
		l.byUs = true
	}
	s.r.hub.mu.Unlock()
	if err := l.call.Hangup(ctx, pjsua.SIPCode(code), reason); err != nil {
		s.r.log.Warn("hang up", "call", l.id, "error", err)
	}
}

// mark notes something that was heard or said.
func (s *Session) mark(l *line, m report.Mark, from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks[l] = append(s.marks[l], mark{m, from, to})
}
