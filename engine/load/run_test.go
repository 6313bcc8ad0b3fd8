package load

import (
	"context"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/offhook-voip/offhook/engine/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// takes is a job that takes so long, or until its ctx ends.
func takes(d time.Duration, out Outcome) Job {
	return func(ctx context.Context, _ int) Outcome {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
		return out
	}
}

func rules(t *testing.T, texts ...string) []Rule {
	t.Helper()
	var list []Rule
	for _, text := range texts {
		r, err := ParseRule(text)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	}
	return list
}

// run runs a load on a machine that is never busy, in virtual time.
func run(t *testing.T, ctx context.Context, cfg Config) *report.LoadRun {
	t.Helper()
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.read = func() usage { return usage{} }
	return r.Run(ctx)
}

func latency(run *report.LoadRun, name string) report.LoadLatency {
	for _, l := range run.Latencies {
		if l.Name == name {
			return l
		}
	}
	return report.LoadLatency{}
}

func within(t *testing.T, what string, got report.Millis, want time.Duration) {
	t.Helper()
	if d := got.Duration() - want; math.Abs(float64(d)) > 0.001*float64(want)+float64(time.Microsecond) {
		t.Errorf("%s is %v, want %v", what, got.Duration(), want)
	}
}

// 10 calls/s for 5 s are 50 calls, each at its time; the last ones are waited for.
func TestSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var mu sync.Mutex
		begun := map[int]time.Duration{}
		var told []Snapshot
		got := run(t, t.Context(), Config{
			Plan: Plan{Phases: phases(t, "10@5s")}, Require: rules(t, "failures <= 0%", "setup-p95 < 200ms", "mos-p5 >= 4", "setup-max<=150ms", "prompt-mean < 1s"),
			Progress: func(s Snapshot) { told = append(told, s) },
			Job: func(ctx context.Context, n int) Outcome {
				mu.Lock()
				begun[n] = time.Since(start)
				mu.Unlock()
				return takes(3*time.Second, Outcome{
					Setup: 150 * time.Millisecond, Duration: 2 * time.Second, MOSRX: 4.3, MOSTX: 4.1,
					Latencies: map[string]time.Duration{"prompt": 700 * time.Millisecond},
				})(ctx, n)
			},
		})
		if want := (report.LoadCounts{Due: 50, Begun: 50, Passed: 50}); got.Counts != want || got.Outcome != report.Passed || got.Stopped != "" {
			t.Errorf("counts %+v, outcome %s, stopped %q", got.Counts, got.Outcome, got.Stopped)
		}
		for n, at := range begun {
			if at != time.Duration(n)*100*time.Millisecond {
				t.Errorf("call %d at %v", n, at)
			}
		}
		within(t, "the duration", got.Duration, 7900*time.Millisecond)
		within(t, "setup", latency(got, "setup").P95, 150*time.Millisecond)
		within(t, "prompt", latency(got, "prompt").P50, 700*time.Millisecond)
		if l := latency(got, "late"); l.Max != 0 || l.Count != 50 {
			t.Errorf("late %+v", l)
		}
		for _, m := range got.MOS {
			if want := map[string]float64{"rx": 4.3, "tx": 4.1, "worse": 4.1}[m.Name]; m.Mean != want || m.P5 != want || m.Count != 50 {
				t.Errorf("MOS %+v, want %v", m, want)
			}
		}
		for _, r := range got.Rules {
			if !r.OK {
				t.Errorf("rule %+v", r)
			}
		}
		// A sample each second, and one of the rest.
		if len(got.Samples) != 8 || len(told) != 7 {
			t.Fatalf("%d samples, %d told", len(got.Samples), len(told))
		}
		if s := got.Samples[3]; s.Begun < 9 || s.Begun > 11 || s.Passed == 0 || s.Target != 10 || s.MOS != 4.1 || s.SetupMax.Duration() != 150*time.Millisecond {
			t.Errorf("the fourth second: %+v", s)
		}
		if s := told[6]; !s.Draining || s.Target != 0 || s.Counts.Begun != 50 {
			t.Errorf("the seventh second: %+v", s)
		}
		sum := 0
		for _, s := range got.Samples {
			sum += s.Passed
		}
		if sum != 50 {
			t.Errorf("%d in the samples", sum)
		}
		if n := got.Generator.PeakRunning; len(got.Generator.Limits) != 0 || n != 30 && n != 31 {
			t.Errorf("generator %+v", got.Generator)
		}
	})
}

// At the cap calls are not begun, and counted; none waits.
func TestCap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, t.Context(), Config{
			Plan: Plan{Phases: phases(t, "10@10s")}, MaxRunning: 5, Job: takes(950*time.Millisecond, Outcome{}), Room: 5,
			Require: rules(t, "capped < 40%"),
		})
		// Of each second 5 find room.
		if want := (report.LoadCounts{Due: 100, Begun: 50, Capped: 50, Passed: 50}); got.Counts != want {
			t.Errorf("counts %+v", got.Counts)
		}
		if got.Outcome != report.Failed || got.Rules[0].Value != "50%" || got.Rules[0].OK {
			t.Errorf("outcome %s, rule %+v", got.Outcome, got.Rules[0])
		}
		limits := strings.Join(got.Generator.Limits, "\n")
		if !strings.Contains(limits, "cap: 50 calls of 100 not begun, since 5 were running") || !strings.Contains(limits, "room: 5 calls") {
			t.Errorf("limits %s", limits)
		}
	})
}

// Each kind of rule ends a run, at the first second at which it is true.
func TestStopRules(t *testing.T) {
	turns := func(good, bad Outcome) Job { // bad from the 100th call on
		return func(_ context.Context, n int) Outcome {
			if n >= 100 {
				return bad
			}
			return good
		}
	}
	good := Outcome{Setup: 100 * time.Millisecond, MOSRX: 4.4, MOSTX: 4.4}
	for _, tt := range []struct {
		rule string
		bad  Outcome
		want string
	}{
		{"failures > 20%", Outcome{Failure: "busy", Code: 486}, "failures > 20%: it was "},
		{"mos-mean < 4", Outcome{MOSRX: 2, MOSTX: 4}, "mos-mean < 4: it was 3."},
		{"mos-p5 < 4", Outcome{MOSRX: 2, MOSTX: 4}, "mos-p5 < 4: it was 2.00"},
		{"mos-tx-p10 < 3.5", Outcome{MOSRX: 4, MOSTX: 3}, "mos-tx-p10 < 3.5: it was 3.00"},
		{"setup-p90 >= 2s", Outcome{Setup: 3 * time.Second}, "setup-p90 >= 2s: it was 3"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := run(t, t.Context(), Config{
					Plan: Plan{Phases: phases(t, "10")}, Stop: rules(t, "failures > 99%", tt.rule), Window: 5 * time.Second, Job: turns(good, tt.bad),
				})
				if got.Outcome != report.Failed || !strings.HasPrefix(got.Stopped, tt.want) || !strings.HasSuffix(got.Stopped, "in the last 5s") {
					t.Errorf("outcome %s, stopped %q", got.Outcome, got.Stopped)
				}
				// The window is 50 calls; 3 bad ones are 5 % of them, 20 are 40 %.
				if d := got.Duration.Duration(); d <= 10*time.Second || d > 15*time.Second {
					t.Errorf("it took %v", d)
				}
				if !got.Rules[0].OK || got.Rules[1].OK || !got.Rules[1].Stops {
					t.Errorf("rules %+v", got.Rules)
				}
			})
		})
	}
}

// A few calls are not enough for a stop rule, and what is not known is no reason to stop.
func TestStopRulesNeedCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, t.Context(), Config{
			Plan: Plan{Phases: phases(t, "1@8s")}, Stop: rules(t, "failures > 1%", "mos-mean < 4"), Job: takes(0, Outcome{Failure: "busy", Code: 486}),
		})
		if got.Stopped != "" || got.Counts.Failed != 8 || got.Outcome != report.Passed {
			t.Errorf("stopped %q, counts %+v, outcome %s", got.Stopped, got.Counts, got.Outcome)
		}
		if f := got.Failures; len(f) != 1 || f[0] != (report.LoadFailure{Code: 486, Reason: "busy", Count: 8}) {
			t.Errorf("failures %+v", f)
		}
		got = run(t, t.Context(), Config{Plan: Plan{Phases: phases(t, "1@8s")}, Require: rules(t, "mos-mean > 1"), Job: takes(0, Outcome{})})
		if got.Outcome != report.Failed || got.Rules[0].Value != "unknown" {
			t.Errorf("outcome %s, rules %+v", got.Outcome, got.Rules)
		}
	})
}

// At the end calls may go on for a while; then they are hung up, and one that does not
// return is left behind.
func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hung atomic.Int32
		free := make(chan struct{})
		got := run(t, t.Context(), Config{
			Plan: Plan{Phases: phases(t, "1@4s")}, Drain: 10 * time.Second, Hangup: 5 * time.Second,
			Job: func(ctx context.Context, n int) Outcome {
				switch n {
				case 0:
					return takes(13*time.Second, Outcome{})(ctx, n)
				case 3:
					<-free
					return Outcome{}
				}
				<-ctx.Done()
				hung.Add(1)
				time.Sleep(time.Second) // BYE
				return Outcome{Failure: "cancelled"}
			},
		})
		if want := (report.LoadCounts{Due: 4, Begun: 4, Passed: 1, Cut: 3}); got.Counts != want {
			t.Errorf("counts %+v", got.Counts)
		}
		within(t, "the duration", got.Duration, 19*time.Second)
		if hung.Load() != 2 {
			t.Errorf("%d were hung up", hung.Load())
		}
		close(free)
		synctest.Wait()
	})
}

// An interruption begins no more calls, and lets those that run come to their end.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2050*time.Millisecond)
		defer cancel()
		got := run(t, ctx, Config{Plan: Plan{Phases: phases(t, "10")}, Job: takes(3*time.Second, Outcome{})})
		if want := (report.LoadCounts{Due: 21, Begun: 21, Passed: 21}); got.Counts != want || got.Stopped != "interrupted" || got.Outcome != report.Passed {
			t.Errorf("counts %+v, stopped %q, outcome %s", got.Counts, got.Stopped, got.Outcome)
		}
		none, stop := context.WithCancel(t.Context())
		stop()
		got = run(t, none, Config{Plan: Plan{Phases: phases(t, "0@1s,10")}, Job: takes(0, Outcome{})})
		if got.Outcome != report.Errored || got.Message == "" {
			t.Errorf("outcome %s, message %q", got.Outcome, got.Message)
		}
	})
}

func TestMaxJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, t.Context(), Config{Plan: Plan{Phases: phases(t, "10")}, MaxJobs: 25, Job: takes(0, Outcome{})})
		if got.Counts.Passed != 25 || got.Duration.Duration() != 2400*time.Millisecond {
			t.Errorf("counts %+v in %v", got.Counts, got.Duration.Duration())
		}
	})
}

// A far end that becomes slow is called as often as before, and what was late counts.
func TestOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := run(t, t.Context(), Config{
			Plan: Plan{Phases: phases(t, "20@10s")},
			Job: func(ctx context.Context, n int) Outcome {
				d := 10 * time.Millisecond
				if n >= 100 {
					d = 5 * time.Second
				}
				return takes(d, Outcome{Setup: d})(ctx, n)
			},
		})
		if got.Counts.Passed != 200 {
			t.Errorf("counts %+v", got.Counts)
		}
		// A closed loop would have seen few of the slow ones.
		within(t, "the ninetieth percentile", latency(got, "setup").P90, 5*time.Second)
	})
	out := Outcome{Setup: 100 * time.Millisecond}
	tl := newTally()
	tl.begin()
	tl.end(record{late: 400 * time.Millisecond, out: out})
	var run report.LoadRun
	tl.fill(&run)
	within(t, "setup of a late call", latency(&run, "setup").Max, 500*time.Millisecond)
}

// Percentiles are exact to 0.1 %.
func TestPercentiles(t *testing.T) {
	tl := newTally()
	for i := 1; i <= 10000; i++ {
		tl.begin()
		tl.end(record{out: Outcome{Setup: time.Duration(i) * time.Millisecond, MOSRX: 1 + float64(i%300)/100}})
	}
	var got report.LoadRun
	tl.fill(&got)
	l := latency(&got, "setup")
	for p, v := range map[time.Duration]report.Millis{5000: l.P50, 9000: l.P90, 9500: l.P95, 9900: l.P99, 9990: l.P999, 10000: l.Max, 1: l.Min} {
		within(t, "a percentile", v, p*time.Millisecond)
	}
	within(t, "the mean", l.Mean, 5000500*time.Microsecond)
	if last := l.Curve[len(l.Curve)-1]; last.Percentile != 100 || last.Value != l.Max {
		t.Errorf("the curve ends at %+v", last)
	}
	if m := got.MOS[0]; m.Name != "rx" || m.P5 != 1.14 && m.P5 != 1.15 || m.Min != 1 || m.Max != 3.99 {
		t.Errorf("MOS %+v", m)
	}
}

// Reasons that are told apart are bounded, and so are names.
func TestBounds(t *testing.T) {
	tl := newTally()
	for i := range 1000 {
		tl.begin()
		text := strings.Repeat("x", i+1)
		tl.end(record{out: Outcome{Failure: text, Latencies: map[string]time.Duration{text: time.Hour * 5}}})
	}
	if len(tl.failures) > maxFailures+1 || len(tl.latencies) > maxLatencies {
		t.Errorf("%d reasons, %d names", len(tl.failures), len(tl.latencies))
	}
	var run report.LoadRun
	tl.fill(&run)
	if f := run.Failures[0]; f.Reason != "other reasons" || f.Count != 900 {
		t.Errorf("the first is %+v", f)
	}
}

func TestConfig(t *testing.T) {
	plan := Plan{Phases: []Phase{{From: 1, To: 1}}}
	job := takes(0, Outcome{})
	for want, cfg := range map[string]Config{
		"no job": {Plan: plan}, "without a rate": {Job: job}, "below 0": {Job: job, Plan: plan, MaxRunning: -1},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
