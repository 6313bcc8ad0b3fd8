package runner

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// How instances are run is tested without an engine: with scenarios that have no actors, whose
// steps wait and assert, and a clock that does not wait.

// plainRunner returns a runner for scenarios without actors.
func plainRunner(opts Options) *Runner {
	h := newHub(nil)
	return &Runner{opts: opts, log: hclog.NewNullLogger(), hub: h, pool: newPool(h, nil)}
}

// plain is a scenario without actors; what stands in env is its environment.
func plain(t *testing.T, env func(string) (string, bool), name, text string) scenario.Instance {
	t.Helper()
	sc, err := scenario.Parse("test.yaml", []byte("name: "+name+"\nactors: {nobody: {}}\n"+text), scenario.Options{Env: env})
	if err != nil {
		t.Fatal(err)
	}
	sc.Actors = nil
	list, err := sc.Expand()
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

// outcomes names the scenarios and what came of them.
func outcomes(run *report.Run) string {
	var list []string
	for _, s := range run.Scenarios {
		list = append(list, s.Name+" "+string(s.Outcome))
	}
	return strings.Join(list, ", ")
}

// texts are the steps of a scenario and what came of them.
func texts(s report.Scenario) string {
	var list []string
	for _, st := range s.Steps {
		list = append(list, st.Text+" "+string(st.Outcome))
	}
	return strings.Join(list, ", ")
}

// Results have the order of what is run, whichever ends first, and no more run at once than may.
func TestRunJobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in []scenario.Instance
		for i, d := range []string{"9s", "1s", "5s", "1s", "2s"} {
			in = append(in, plain(t, nil, fmt.Sprintf("s%d", i), "steps: [wait: "+d+"]\n"))
		}
		var mu sync.Mutex
		running, most := 0, 0
		var ended []int
		r := plainRunner(Options{Jobs: 2, Progress: func(p Progress) {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case p.Step != nil:
			case p.Outcome == "":
				running++
				most = max(most, running)
			default:
				running--
				ended = append(ended, p.Instance)
			}
		}})
		run := r.Run(t.Context(), in)
		want := "s0 passed, s1 passed, s2 passed, s3 passed, s4 passed"
		if got := outcomes(run); got != want || run.Outcome() != report.Passed {
			t.Errorf("%s", got)
		}
		// s0 has one job for 9 s, all others have the other.
		if got := fmt.Sprint(ended); got[:len("[1 2 3")] != "[1 2 3" || most != 2 || run.Duration.Duration() != 9*time.Second {
			t.Errorf("they ended in the order %s, %d at once, in %v", got, most, run.Duration.Duration())
		}
	})
}

func TestRunFailFast(t *testing.T) {
	for failFast, want := range map[bool]string{
		false: "a passed, b failed, c passed, d passed",
		true:  "a passed, b failed, c skipped, d skipped",
	} {
		in := []scenario.Instance{
			plain(t, nil, "a", "steps: [log: a]\n"), plain(t, nil, "b", "steps: [assert: 1 == 2]\n"),
			plain(t, nil, "c", "steps: [log: c]\n"), plain(t, nil, "d", "steps: [log: d]\n"),
		}
		var told atomic.Int64
		run := plainRunner(Options{FailFast: failFast, Progress: func(p Progress) {
			if p.Result != nil {
				told.Add(1)
			}
		}}).Run(t.Context(), in)
		if got := outcomes(run); got != want || run.Outcome() != report.Failed || told.Load() != 4 {
			t.Errorf("fail fast %v: %s; %d were told", failFast, got, told.Load())
		}
		if m := run.Scenarios[3].Message; failFast != (m == "another scenario had failed") {
			t.Errorf("fail fast %v: message %q", failFast, m)
		}
	}
}

// A scenario that passes at the second attempt has passed, and the first is in its result.
func TestRunRetries(t *testing.T) {
	const steps = "steps: [assert: \"${env:ATTEMPT} == 2\"]\n"
	for _, tt := range []struct {
		name, head string
		retries    int
		want       report.Outcome
		attempt    int
	}{
		{"none", "", 0, report.Failed, 1},
		{"the run's", "", 3, report.Passed, 2},
		{"the scenario's", "retries: 1\n", 0, report.Passed, 2},
	} {
		var attempt atomic.Int64
		var again []bool
		r := plainRunner(Options{Retries: tt.retries, Progress: func(p Progress) {
			attempt.Store(int64(p.Attempt))
			if p.Result != nil {
				again = append(again, p.Again)
			}
		}})
		env := func(name string) (string, bool) { return strconv.Itoa(int(attempt.Load())), name == "ATTEMPT" }
		run := r.Run(t.Context(), []scenario.Instance{plain(t, env, "flaky", tt.head+steps)})
		s := run.Scenarios[0]
		if s.Outcome != tt.want || s.Attempt != tt.attempt || len(s.Earlier) != tt.attempt-1 || len(again) != tt.attempt || again[len(again)-1] {
			t.Errorf("%s: %s at attempt %d, %d before, again %v", tt.name, s.Outcome, s.Attempt, len(s.Earlier), again)
		}
		if c := run.Counts(); tt.attempt == 2 && (s.Earlier[0].Outcome != report.Failed || c.Flaky != 1 || c.Passed != 1) {
			t.Errorf("%s: first %s, counts %+v", tt.name, s.Earlier[0].Outcome, c)
		}
	}
}

// A seed decides how long waits are, whatever runs beside them; each attempt has others.
func TestRunSeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		waits := func(seed int64, jobs int, name string) string {
			other := plain(t, nil, "other", "steps: [wait: 1s..9s]\n")
			in := plain(t, nil, name, "retries: 1\nsteps: [wait: 1s..9s, wait: 1s..9s, assert: 1 == 2]\n")
			s := plainRunner(Options{Seed: seed, Jobs: jobs}).Run(t.Context(), []scenario.Instance{other, in}).Scenarios[1]
			var all []string
			for _, attempt := range append(s.Earlier, s) {
				for _, st := range attempt.Steps[:2] {
					if d := st.Duration.Duration(); d < time.Second || d > 9*time.Second {
						t.Errorf("waited %v", d)
					}
					all = append(all, st.Duration.Duration().String())
				}
			}
			return strings.Join(all, " ")
		}
		first := waits(7, 1, "a")
		if again := waits(7, 2, "a"); again != first {
			t.Errorf("waits %s, then %s", first, again)
		}
		if other := waits(8, 1, "a"); other == first {
			t.Errorf("waits %s with another seed too", first)
		}
		if other := waits(7, 1, "b"); other == first {
			t.Errorf("waits %s in another scenario too", first)
		}
		seen := map[string]bool{}
		for _, d := range strings.Fields(first) {
			seen[d] = true
		}
		if len(seen) != 4 {
			t.Errorf("waits %s", first)
		}
	})
}

func TestRunTags(t *testing.T) {
	const steps = "steps: [log: all, {log: slow, tags: slow}, {log: both, tags: [slow, nightly]}]\n"
	for _, tt := range []struct {
		tags []string
		want string
	}{
		{nil, "log all passed"},
		{[]string{"slow"}, "log all passed, log slow passed, log both passed"},
		{[]string{"nightly", "x"}, "log all passed, log both passed"},
	} {
		run := plainRunner(Options{Tags: tt.tags}).Run(t.Context(), []scenario.Instance{plain(t, nil, "tags", steps)})
		if got := texts(run.Scenarios[0]); got != tt.want {
			t.Errorf("tags %v: %s; want %s", tt.tags, got, tt.want)
		}
	}
}

// When the time of a scenario is over its step ends, and finally is done all the same, each of
// its steps.
func TestRunTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := plainRunner(Options{}).Run(t.Context(), []scenario.Instance{plain(t, nil, "long", `
timeout: 2s
steps: [wait: 10s, log: not reached]
finally: [assert: 1 == 2, wait: 3s]
`)})
		s := run.Scenarios[0]
		const want = "wait 10s failed, assert 1 == 2 failed, wait 3s passed"
		if got := texts(s); got != want || s.Outcome != report.Failed || s.Message != errWhole.Error() {
			t.Errorf("%s: %s: %s", got, s.Outcome, s.Message)
		}
		if s.Duration.Duration() != 5*time.Second || s.Steps[0].Finally || !s.Steps[1].Finally || !s.Steps[2].Finally {
			t.Errorf("in %v, steps %+v", s.Duration.Duration(), s.Steps)
		}
	})
}

// An interrupted run ends what goes on, but for finally, tries nothing again, and skips the
// rest.
func TestRunInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		run := plainRunner(Options{Retries: 3}).Run(ctx, []scenario.Instance{
			plain(t, nil, "a", "steps: [wait: 10s]\nfinally: [wait: 2s]\n"), plain(t, nil, "b", "steps: [log: b]\n"),
		})
		if got, want := outcomes(run), "a error, b skipped"; got != want || run.Outcome() != report.Errored || run.Message == "" {
			t.Errorf("%s: %q; want %s", got, run.Message, want)
		}
		s := run.Scenarios[0]
		if d := s.Duration.Duration(); d != 3*time.Second || len(s.Steps) != 2 || s.Steps[1].Outcome != report.Passed || s.Attempt != 1 {
			t.Errorf("%s in %v, attempt %d", texts(s), d, s.Attempt)
		}
		if m := run.Scenarios[1].Message; m != "the run was interrupted" {
			t.Errorf("message %q", m)
		}
	})
}
