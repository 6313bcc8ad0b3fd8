package load

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// Job is what is done at a rate: one call, or one scenario. n is the number of the job, from
// 0 in the order in which jobs are due; those that find no room have numbers too. A job
// returns soon after ctx ends, and has hung up then. It is called from many goroutines at
// once.
type Job func(ctx context.Context, n int) Outcome

// Outcome is what came of a job. 0 is what is not known of every field.
type Outcome struct {
	// Failure says why the job did not pass, in the same words for the same reason, so that
	// they can be counted; empty: it passed.
	Failure string
	Code    int  // the SIP status code that it failed with
	Here    bool // it failed on this machine, which tells nothing of the far end
	// Setup is from the INVITE to the answer.
	Setup    time.Duration
	Duration time.Duration // from the answer to the end
	MOSRX    float64       // what we heard
	MOSTX    float64       // what the far end heard
	// Latencies are what the job measured besides, such as how long a prompt took to come.
	// There should be few names.
	Latencies map[string]time.Duration
	// LostFrames are frames of audio that were to be played and came too late.
	LostFrames uint64
}

// Config is what [New] needs. Job and Plan are required.
type Config struct {
	Job  Job
	Plan Plan
	// MaxJobs ends the plan after so many; 0: the plan ends by itself, or never.
	MaxJobs int
	// MaxRunning is how many jobs run at a time; one that is due then is not begun, and
	// counted. 0: any number.
	MaxRunning int
	// Stop ends the run as soon as one of them is true of the jobs that ended within Window,
	// which is 10 s where it is 0, if there are at least MinJobs of them, 10 where that is 0.
	Stop    []Rule
	Window  time.Duration
	MinJobs int
	// Require are to be true of the whole run.
	Require []Rule
	// Drain is how long jobs may go on after the last one was begun, 30 s where it is 0;
	// negative: not at all. After that their ctx ends, and they have Hangup, 10 s where that
	// is 0, to return.
	Drain  time.Duration
	Hangup time.Duration
	// Room is how many jobs the machine has room for, for the result; 0: not known.
	Room int
	// Progress is called once a second, and must not take long; nil: nobody is told.
	Progress func(Snapshot)
}

// Snapshot is how a run fares.
type Snapshot struct {
	report.LoadSample                   // the last second
	Counts            report.LoadCounts // so far
	Draining          bool              // no job is begun any more
	Late              time.Duration     // the longest so far
}

// interval is how often a run looks at itself.
const interval = time.Second

// Runner runs one load, once.
type Runner struct {
	cfg    Config
	read   func() usage
	meters *meters
	jobs   sync.WaitGroup

	mu        sync.Mutex
	total     *tally
	window    []record // of the jobs that ended within Config.Window, where it has stop rules
	scratch   *tally   // of the window
	sample    report.LoadSample
	setups    []time.Duration // of the sample
	mosSum    float64         // of the sample
	mosCount  int
	late      int // jobs that began later than lateLimit
	lateMax   time.Duration
	peak      int
	cutting   bool          // their ctx has ended
	draining  bool          // no job is begun any more
	over      bool          // draining was so when the sample began
	taken     time.Duration // when that was
	closed    bool          // the result is made
	stopped   string
	broken    string        // the rule that stopped the run
	brokenVal string        // what was measured of it
	ended     chan struct{} // closed with stopped
}

// New checks cfg.
func New(cfg Config) (*Runner, error) {
	if cfg.Job == nil {
		return nil, errors.New("load: no job")
	}
	if err := cfg.Plan.Validate(); err != nil {
		return nil, err
	}
	if cfg.MaxJobs < 0 || cfg.MaxRunning < 0 || cfg.Window < 0 || cfg.MinJobs < 0 {
		return nil, errors.New("load: a limit must not be below 0")
	}
	set := func(d *time.Duration, def time.Duration) {
		if *d == 0 {
			*d = def
		}
	}
	set(&cfg.Window, 10*time.Second)
	set(&cfg.Drain, 30*time.Second)
	set(&cfg.Hangup, 10*time.Second)
	if cfg.MinJobs == 0 {
		cfg.MinJobs = 10
	}
	return &Runner{
		cfg: cfg, read: useNow, meters: newMeters(), total: newTally(), scratch: newTally(), ended: make(chan struct{}),
	}, nil
}

// Run begins jobs until the plan or ctx ends or a stop rule is true, lets those that run come
// to their end, and returns what came of them all. It is to be called once.
func (r *Runner) Run(ctx context.Context) *report.LoadRun {
	start := time.Now()
	run := &report.LoadRun{
		Started: start.UTC(), Seed: r.cfg.Plan.Seed, Plan: r.cfg.Plan.String(), MaxRunning: r.cfg.MaxRunning, Samples: []report.LoadSample{},
	}
	jobs, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	h := newHealth(r.read, start)
	quit, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		r.watch(start, h, run, quit)
	}()

	r.begin(ctx, jobs, start)
	r.drain(cut)
	close(quit)
	<-watched
	now := time.Now()
	run.Duration = report.Millis(now.Sub(start))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.sample != (report.LoadSample{}) { // a part of a second
		run.Samples = append(run.Samples, r.takeLocked(start, now, h))
	}
	for r.total.counts.Running > 0 {
		r.total.cut() // those that did not return
	}
	r.total.fill(run)
	r.judgeLocked(run)
	h.finish(run, r.late, r.total.frames, r.peak, r.cfg.Room)
	return run
}

// begin begins jobs when they are due. A job's own time does not put off the next.
func (r *Runner) begin(ctx, jobs context.Context, start time.Time) {
	next := r.cfg.Plan.arrivals()
	timer := time.NewTimer(math.MaxInt64)
	defer timer.Stop()
	for n := 0; r.cfg.MaxJobs == 0 || n < r.cfg.MaxJobs; n++ {
		at, ok := next()
		end, endless := r.cfg.Plan.Duration()
		if !ok && !endless {
			at = end // the last phase is not over with its last job
		}
		due := start.Add(at)
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-r.ended:
			return
		case <-ctx.Done():
			r.stop("interrupted")
			return
		}
		if !ok {
			return
		}
		r.beginOne(jobs, n, due)
	}
}

func (r *Runner) beginOne(ctx context.Context, n int, due time.Time) {
	r.mu.Lock()
	if r.cfg.MaxRunning > 0 && r.total.counts.Running >= r.cfg.MaxRunning {
		r.total.cap()
		r.sample.Due++
		r.sample.Capped++
		r.meters.capped.Inc()
		r.keepLocked(record{at: time.Now(), capped: true})
		r.mu.Unlock()
		return
	}
	r.total.begin()
	r.sample.Due++
	r.sample.Begun++
	r.peak = max(r.peak, r.total.counts.Running)
	r.meters.begin()
	r.mu.Unlock()
	r.jobs.Go(func() {
		late := max(time.Since(due), 0)
		r.lateBy(late)
		out := r.cfg.Job(ctx, n)
		r.end(record{at: time.Now(), late: late, out: out})
	})
}

func (r *Runner) lateBy(late time.Duration) {
	r.meters.late.Observe(late.Seconds())
	r.mu.Lock()
	defer r.mu.Unlock()
	if late > lateLimit {
		r.late++
	}
	r.lateMax = max(r.lateMax, late)
	r.sample.LateMax = max(r.sample.LateMax, report.Millis(late))
}

func (r *Runner) end(rec record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	if r.cutting {
		r.total.cut()
		r.meters.end("cut", rec)
		return
	}
	r.total.end(rec)
	if rec.out.Failure == "" {
		r.sample.Passed++
		r.meters.end("passed", rec)
	} else {
		r.sample.Failed++
		r.meters.end("failed", rec)
	}
	if rec.out.Setup > 0 {
		r.setups = append(r.setups, rec.late+rec.out.Setup)
	}
	if worse := worseMOS(rec.out); worse > 0 {
		r.mosSum += worse
		r.mosCount++
	}
	r.keepLocked(rec)
}

// worseMOS is that of the worse direction, of those that are known.
func worseMOS(o Outcome) float64 {
	if o.MOSRX == 0 || o.MOSTX == 0 {
		return max(o.MOSRX, o.MOSTX)
	}
	return min(o.MOSRX, o.MOSTX)
}

// keepLocked keeps what stop rules are about.
func (r *Runner) keepLocked(rec record) {
	if len(r.cfg.Stop) > 0 {
		r.window = append(r.window, rec)
	}
}

// stop ends the beginning of jobs, for the first reason that is given.
func (r *Runner) stop(why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopLocked(why)
}

func (r *Runner) stopLocked(why string) {
	if r.stopped == "" {
		r.stopped = why
		close(r.ended)
	}
}

// watch takes a sample each second, tells it, and looks at the stop rules.
func (r *Runner) watch(start time.Time, h *health, run *report.LoadRun, quit <-chan struct{}) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-quit:
			return
		case <-ticker.C:
		}
		now := time.Now()
		r.mu.Lock()
		s := r.takeLocked(start, now, h)
		snap := Snapshot{LoadSample: s, Counts: r.total.counts, Draining: r.draining, Late: r.lateMax}
		if !r.draining {
			r.checkLocked(now)
		}
		r.mu.Unlock()
		run.Samples = append(run.Samples, s)
		r.meters.target.Set(s.Target)
		if r.cfg.Progress != nil {
			r.cfg.Progress(snap)
		}
	}
}

// takeLocked ends a sample and begins the next.
func (r *Runner) takeLocked(start, now time.Time, h *health) report.LoadSample {
	s := r.sample
	s.At = report.Millis(now.Sub(start))
	if since := now.Sub(start) - r.taken; !r.over && since > 0 {
		s.Target = math.Round(100*(r.cfg.Plan.jobs(now.Sub(start))-r.cfg.Plan.jobs(r.taken))/since.Seconds()) / 100
	}
	r.taken, r.over = now.Sub(start), r.draining
	s.Running = r.total.counts.Running
	if n := len(r.setups); n > 0 {
		slices.Sort(r.setups)
		s.SetupP50 = report.Millis(r.setups[(n-1)/2])
		s.SetupP95 = report.Millis(r.setups[int(math.Ceil(0.95*float64(n)))-1])
		s.SetupMax = report.Millis(r.setups[n-1])
	}
	if r.mosCount > 0 {
		s.MOS = math.Round(100*r.mosSum/float64(r.mosCount)) / 100
	}
	h.sample(now, &s)
	r.sample, r.setups, r.mosSum, r.mosCount = report.LoadSample{}, r.setups[:0], 0, 0
	return s
}

// checkLocked stops the run where a stop rule is true of the window.
func (r *Runner) checkLocked(now time.Time) {
	if len(r.cfg.Stop) == 0 {
		return
	}
	r.window = slices.DeleteFunc(r.window, func(rec record) bool { return now.Sub(rec.at) > r.cfg.Window })
	if len(r.window) < r.cfg.MinJobs {
		return
	}
	t := r.scratch
	t.reset()
	for _, rec := range r.window {
		if rec.capped {
			t.cap()
			continue
		}
		t.begin()
		t.end(rec)
	}
	for _, rule := range r.cfg.Stop {
		if ok, value, _ := rule.holds(t); ok {
			r.broken, r.brokenVal = rule.String(), value
			r.stopLocked(fmt.Sprintf("%s: it was %s in the last %s", rule, value, short(r.cfg.Window)))
			return
		}
	}
}

// drain waits for the jobs that run, then ends their ctx, and waits for a moment.
func (r *Runner) drain(cut context.CancelFunc) {
	r.mu.Lock()
	r.draining = true
	r.mu.Unlock()
	done := make(chan struct{})
	go func() {
		r.jobs.Wait()
		close(done)
	}()
	wait := func(limit time.Duration) bool {
		timer := time.NewTimer(max(limit, 0))
		defer timer.Stop()
		select {
		case <-done:
			return true
		case <-timer.C:
			return false
		}
	}
	if wait(r.cfg.Drain) {
		return
	}
	r.mu.Lock()
	r.cutting = true
	r.mu.Unlock()
	cut()
	wait(r.cfg.Hangup)
}

// judgeLocked says whether the run passed, and why not.
func (r *Runner) judgeLocked(run *report.LoadRun) {
	run.Stopped, run.Rules = r.stopped, []report.LoadRule{}
	run.Outcome = report.Passed
	for _, rule := range r.cfg.Stop {
		l := report.LoadRule{Text: rule.String(), Stops: true, Window: report.Millis(r.cfg.Window), OK: rule.String() != r.broken}
		if _, l.Value, _ = rule.holds(r.total); !l.OK {
			l.Value, run.Outcome = r.brokenVal, report.Failed
		}
		run.Rules = append(run.Rules, l)
	}
	for _, rule := range r.cfg.Require {
		l := report.LoadRule{Text: rule.String()}
		if l.OK, l.Value, _ = rule.holds(r.total); !l.OK {
			run.Outcome = report.Failed
		}
		run.Rules = append(run.Rules, l)
	}
	if c := run.Counts; c.Passed+c.Failed == 0 {
		run.Outcome, run.Message = report.Errored, "no call came to its end"
	}
}
