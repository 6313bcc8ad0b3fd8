package runner

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// Options are the choices of a [Runner].
type Options struct {
	// Accounts are those that actors name by their numbers. The engine itself needs none.
	Accounts []config.Account
	// Folder is where recordings, pcap files and the like of each scenario go, in a folder of
	// its own; empty: nothing is kept, as for load.
	Folder string
	// Jobs is how many scenarios run at once; 0 means 1.
	Jobs int
	// Retries is how often a scenario that did not pass is run again; the scenario's own
	// number, where that is higher.
	Retries int
	// FailFast skips what has not begun when a scenario has not passed.
	FailFast bool
	// Seed is that of what scenarios choose at random.
	Seed int64
	// Tags choose the steps that have tags: those with one of these.
	Tags []string
	// Voice returns the voice of that name, the usual one for an empty name, for what say
	// says; nil stands for espeak-ng.
	Voice func(name string) bot.Voice
	// Recogniser understands what expect-text hears; where it is nil, that cannot run.
	Recogniser bot.Recogniser
	// Progress, unless it is nil, is told what happens, from several goroutines at once.
	Progress func(Progress)
	// Log may be nil.
	Log hclog.Logger
}

// Progress is something that happened in a run.
type Progress struct {
	Instance int    // index into what [Runner.Run] was given
	Name     string // of the scenario
	Attempt  int
	// Step is the step that has begun or, with an Outcome, is over; nil: the scenario itself.
	Step    *report.Step
	Outcome report.Outcome // empty: it has begun
	Message string
	// Result is that of an attempt that is over; Again says that another one follows.
	Result *report.Scenario
	Again  bool
}

// Prepare makes a configuration fit for a runner: the accounts leave it, and nothing decides
// about calls by itself, plays, records, logs or tells others. It returns the accounts.
func Prepare(cfg *config.Config) []config.Account {
	accounts := cfg.Accounts
	cfg.Accounts = nil
	cfg.Rules = nil
	s := &cfg.Settings
	kept := *s
	fresh := config.Config{}
	if plain, err := config.Load(config.Source{}); err == nil {
		fresh = *plain
	}
	*s = fresh.Settings
	s.SourcePort, s.BindAddress, s.RTPPortMin, s.RTPPortMax = kept.SourcePort, kept.BindAddress, kept.RTPPortMin, kept.RTPPortMax
	s.UserAgent, s.TLSCAFile, s.TLSCertFile, s.TLSKeyFile, s.TLSVerify = kept.UserAgent, kept.TLSCAFile, kept.TLSCertFile, kept.TLSKeyFile, kept.TLSVerify
	s.AudioCodecs, s.ForceCodec, s.VAD, s.DTMFMethod = kept.AudioCodecs, kept.ForceCodec, kept.VAD, kept.DTMFMethod
	s.EnableSTUN, s.STUN, s.DNSSrv, s.DNSSrvNS, s.Rport = kept.EnableSTUN, kept.STUN, kept.DNSSrv, kept.DNSSrvNS, kept.Rport
	s.MaxCalls, s.LogLevel, s.EnableLog = kept.MaxCalls, kept.LogLevel, kept.EnableLog
	s.Socket = config.SocketNone
	s.DuplicateCalls, s.CallWaiting, s.SingleMode, s.AutoHold = true, true, false, false
	s.QualityInterval = time.Second
	s.SaveState, s.CallLog, s.Contacts = false, "", ""
	return accounts
}

// Runner runs scenarios with the calls of an engine.
type Runner struct {
	eng     *engine.Engine
	opts    Options
	log     hclog.Logger
	hub     *hub
	pool    *pool
	sub     *engine.Subscription
	trace   engine.Trace
	rtp     engine.RTPTrace // nil where no files are kept
	prompts references
	done    sync.WaitGroup
	runs    atomic.Int64 // that have begun: names of folders
}

// New returns a Runner for an engine that has started, with a configuration that [Prepare]
// made. Close it before the engine stops.
func New(ctx context.Context, eng *engine.Engine, opts Options) (*Runner, error) {
	if opts.Log == nil {
		opts.Log = hclog.NewNullLogger()
	}
	if opts.Voice == nil {
		opts.Voice = func(name string) bot.Voice { return bot.Espeak{Voice: name} }
	}
	trace, err := eng.Trace(ctx, pjsua.TraceOptions{Buffer: 1 << 15})
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	h := newHub(eng)
	r := &Runner{eng: eng, opts: opts, log: opts.Log, hub: h, pool: newPool(h, opts.Accounts), sub: eng.Subscribe(), trace: trace}
	r.done.Go(func() { h.follow(r.sub.Events()) })
	r.done.Go(func() { h.trace(trace.Messages()) })
	if opts.Folder != "" {
		if err := r.capture(ctx); err != nil {
			return nil, errors.Join(fmt.Errorf("runner: %w", err), r.Close())
		}
	}
	return r, nil
}

// Close ends the runner. Sessions have to be over.
func (r *Runner) Close() error {
	r.sub.Close()
	r.trace.Close()
	if r.rtp != nil {
		r.rtp.Close()
	}
	r.done.Wait()
	return nil
}

// Run runs instances of scenarios, some at once, and returns what came of them in their
// order. When ctx ends, those that run are ended, and those that have not begun are skipped.
func (r *Runner) Run(ctx context.Context, instances []scenario.Instance) *report.Run {
	run := &report.Run{Started: time.Now(), Seed: r.opts.Seed, Scenarios: make([]report.Scenario, len(instances))}
	run.Host, _ = os.Hostname()
	var next atomic.Int64
	var stop atomic.Bool
	var jobs sync.WaitGroup
	for range max(1, min(r.opts.Jobs, len(instances))) {
		jobs.Go(func() {
			for {
				i := int(next.Add(1) - 1)
				if i >= len(instances) {
					return
				}
				if ctx.Err() != nil || stop.Load() {
					run.Scenarios[i] = r.skip(i, instances[i], ctx.Err() != nil)
					continue
				}
				run.Scenarios[i] = r.attempts(ctx, i, instances[i])
				if o := run.Scenarios[i].Outcome; r.opts.FailFast && o != report.Passed && o != report.Skipped {
					stop.Store(true)
				}
			}
		})
	}
	jobs.Wait()
	run.Duration = report.Millis(time.Since(run.Started))
	if ctx.Err() != nil {
		run.Message = "the run was interrupted"
	}
	return run
}

func (r *Runner) skip(i int, in scenario.Instance, interrupted bool) report.Scenario {
	res := r.head(in)
	res.Started, res.Outcome = time.Now(), report.Skipped
	res.Message = "another scenario had failed"
	if interrupted {
		res.Message = "the run was interrupted"
	}
	r.tell(Progress{Instance: i, Name: res.Name, Outcome: res.Outcome, Message: res.Message, Result: &res})
	return res
}

// head is what is known of a scenario before it runs.
func (r *Runner) head(in scenario.Instance) report.Scenario {
	vars := in.Vars()
	res := report.Scenario{Name: vars.Redact(in.Name()), File: in.Scenario.File, Tags: in.Scenario.Tags, Attempt: 1}
	for _, p := range in.Values {
		if res.Variables == nil {
			res.Variables = map[string]string{}
		}
		res.Variables[p.Name] = p.Value
	}
	return res
}

func (r *Runner) tell(p Progress) {
	if r.opts.Progress != nil {
		r.opts.Progress(p)
	}
}

// attempts runs an instance until it passes, or has failed often enough.
func (r *Runner) attempts(ctx context.Context, i int, in scenario.Instance) report.Scenario {
	var earlier []report.Scenario
	for n := 1; ; n++ {
		res := r.once(ctx, i, in, n)
		again := res.Outcome != report.Passed && n <= max(r.opts.Retries, in.Scenario.Retries) && ctx.Err() == nil
		if !again {
			res.Earlier = earlier
		}
		r.tell(Progress{Instance: i, Name: res.Name, Attempt: n, Outcome: res.Outcome, Message: res.Message, Result: &res, Again: again})
		if !again {
			return res
		}
		earlier = append(earlier, res)
	}
}

// once is one attempt.
func (r *Runner) once(ctx context.Context, i int, in scenario.Instance, attempt int) report.Scenario {
	s := r.newSession(i, in, attempt)
	r.tell(Progress{Instance: i, Name: s.result.Name, Attempt: attempt})
	if err := s.begin(ctx); err != nil {
		s.conclude(err)
	} else {
		s.conclude(s.run(ctx))
	}
	return s.Close(ctx)
}

// RunOne runs an instance once, as load does again and again.
func (r *Runner) RunOne(ctx context.Context, in scenario.Instance) report.Scenario {
	return r.once(ctx, 0, in, 1)
}

// seedOf makes what a session chooses its own, whatever runs beside it.
func (r *Runner) seedOf(name string, attempt int) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%d", name, attempt)
	return rand.New(rand.NewPCG(uint64(r.opts.Seed), h.Sum64()))
}

var notPlain = regexp.MustCompile(`[^a-zA-Z0-9._=-]+`)

// folderFor names the folder of a session; empty where nothing is kept.
func (r *Runner) folderFor(name string) string {
	if r.opts.Folder == "" {
		return ""
	}
	plain := strings.Trim(notPlain.ReplaceAllString(name, "-"), "-.")
	if len(plain) > 80 {
		plain = plain[:80]
	}
	return filepath.Join(r.opts.Folder, fmt.Sprintf("%03d-%s", r.runs.Add(1), plain))
}
