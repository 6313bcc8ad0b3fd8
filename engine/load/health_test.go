package load

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/offhook-voip/offhook/engine/report"
)

// The result says when it was the generator that was at its limit, and only then.
func TestGeneratorLimits(t *testing.T) {
	for _, tt := range []struct {
		name string
		busy float64       // of all cores
		late time.Duration // of each call
		wait int           // class of the goroutines' waits
		out  Outcome
		want string
	}{
		{"idle", 0.3, 0, 0, Outcome{}, ""},
		{"nearly", 0.85, 45 * time.Millisecond, 1, Outcome{Failure: "busy", Code: 486}, ""},
		{"processor", 0.97, 0, 0, Outcome{}, "processor: 97 % of"},
		{"crowded", 0.5, 0, 0, Outcome{}, "processor: it was 99 % busy at most, and at least 97 % in 10 of 10 s, of which this program had 50 %"},
		{"clock", 0.3, 80 * time.Millisecond, 0, Outcome{}, "clock: 100 calls of 100 began more than 50ms after they were due, the worst 80ms"},
		{"threads", 0.3, 0, 2, Outcome{}, "threads: one goroutine in a hundred waited 1s or longer"},
		{"audio", 0.3, 0, 0, Outcome{LostFrames: 2}, "audio: 200 frames lost"},
		{"here", 0.3, 0, 0, Outcome{Failure: "no free port", Here: true}, "this machine: 100 calls failed: no free port"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, err := New(Config{Plan: Plan{Phases: phases(t, "10@10s")}, Job: takes(time.Millisecond, tt.out)})
				if err != nil {
					t.Fatal(err)
				}
				start, reads := time.Now(), uint64(0)
				r.read = func() usage {
					reads++
					u := usage{memory: 1000 + reads, waits: make([]uint64, 3), bounds: []float64{0, 0.001, 0.015, 1}}
					u.cpu = time.Duration(tt.busy * float64(time.Since(start)) * float64(newHealth(useNow, start).cores))
					u.waits[tt.wait] = 100 * reads
					u.all = time.Since(start)
					u.busy = u.all * 95 / 100
					if tt.name == "crowded" {
						u.busy = u.all * 99 / 100
					}
					return u
				}
				if tt.late > 0 {
					r.lateBy(0) // as measured below
				}
				done := make(chan *report.LoadRun, 1)
				go func() { done <- r.Run(t.Context()) }()
				if tt.late > 0 {
					// In virtual time nothing is late.
					time.Sleep(5 * time.Second)
					for range 100 {
						r.lateBy(tt.late)
						r.mu.Lock()
						r.total.latency("late", tt.late)
						r.mu.Unlock()
					}
				}
				g := (<-done).Generator
				if tt.want == "" {
					if len(g.Limits) > 0 {
						t.Errorf("limits %q", g.Limits)
					}
				} else if len(g.Limits) != 1 || !strings.HasPrefix(g.Limits[0], tt.want) {
					t.Errorf("limits %q, want %q", g.Limits, tt.want)
				}
				if d := g.CPUMean - 100*tt.busy; d > 0.2 || d < -0.2 || g.MemoryMax < 1010 {
					t.Errorf("generator %+v", g)
				}
			})
		})
	}
}

// What the operating system and Go tell is plausible.
func TestUsage(t *testing.T) {
	before := useNow()
	n := 0
	for deadline := before.cpu + 20*time.Millisecond; processTime() < deadline; n++ {
	}
	after := useNow()
	if after.cpu-before.cpu < 20*time.Millisecond {
		t.Errorf("%v of time for %d rounds", after.cpu-before.cpu, n)
	}
	if after.memory != 0 && after.memory < 1<<20 {
		t.Errorf("%d bytes of memory", after.memory)
	}
	if after.all != 0 && (after.busy <= 0 || after.all < after.busy || after.all < before.all) {
		t.Errorf("the machine was busy for %v of %v", after.busy, after.all)
	}
	if len(after.waits) == 0 || len(after.bounds) != len(after.waits)+1 {
		t.Errorf("%d classes of waits, %d bounds", len(after.waits), len(after.bounds))
	}
	if w := waitP99(usage{waits: make([]uint64, len(after.waits))}, after); w <= 0 {
		t.Errorf("goroutines waited %v", w)
	}
}

func TestParseRule(t *testing.T) {
	for text, want := range map[string]string{
		"failures>5%": "failures > 5%", " setup-p99.9 <= 500ms ": "setup-p99.9 <= 500ms", "mos-tx-mean>=3.6": "mos-tx-mean >= 3.6",
		"prompt-welcome-max < 4s": "prompt-welcome-max < 4s", "capped < 0.5%": "capped < 0.5%",
	} {
		if r, err := ParseRule(text); err != nil || r.String() != want {
			t.Errorf("%q is %q, %v", text, r, err)
		}
	}
	for text, want := range map[string]string{
		"failures": "neither < nor >", "failures > 5": "no share", "failures > 101%": "no share", "mos > 3": "needs -mean", "mos-p5 < 6": "no MOS",
		"setup-p0 < 1s": "no percentile", "setup-p101 < 1s": "no percentile", "setup-median < 1s": "neither mean", "setup-p95 < 5": "no time",
		"setup-p95 < -5s": "no time", "< 5%": "needs", "setup-pNaN < 1s": "no percentile", "failures > NaN%": "no share",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Prometheus sees the run, by names that it recommends and docs/metrics.md has.
func TestRunMetrics(t *testing.T) {
	r, err := New(Config{
		Plan: Plan{Phases: phases(t, "200@100ms")}, MaxRunning: 1000,
		Job: takes(0, Outcome{Failure: "busy", Code: 486, Setup: time.Second, MOSRX: 4, MOSTX: 4}),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Run(t.Context())
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(r.Collectors()...)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
	if n := testutil.ToFloat64(r.meters.begun); n != 20 {
		t.Errorf("%v begun", n)
	}
	if n := testutil.ToFloat64(r.meters.ended.WithLabelValues("failed", "486")); n != 20 {
		t.Errorf("%v failed", n)
	}
	if n := testutil.ToFloat64(r.meters.running); n != 0 {
		t.Errorf("%v run", n)
	}
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if row := "| `" + f.GetName() + "` | " + strings.ToLower(f.GetType().String()) + " |"; !strings.Contains(string(doc), row) {
			t.Errorf("docs/metrics.md has no line %s", row)
		}
	}
}

// docs/load.md has the words by which a result says what was the limit.
func TestLimitsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "load.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("health.go")
	if err != nil {
		t.Fatal(err)
	}
	words := regexp.MustCompile(`limit\("([a-z ]+):`).FindAllStringSubmatch(string(source), -1)
	if len(words) < 7 {
		t.Errorf("only %q", words)
	}
	for _, w := range words {
		if !strings.Contains(string(doc), "| `"+w[1]+"` |") {
			t.Errorf("docs/load.md does not have %q", w[1])
		}
	}
	for _, number := range []string{"90 %", "97 %", "more than 1 %", "50 ms after", "20 ms for a thread"} {
		if !strings.Contains(string(doc), number) {
			t.Errorf("docs/load.md does not have %q", number)
		}
	}
}
