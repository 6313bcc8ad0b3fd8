package load

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/offhook-voip/offhook/engine/report"
)

// The histograms are of microseconds up to an hour, and of hundredths of MOS.
const (
	timeUnit    = time.Microsecond
	longestTime = int64(time.Hour / timeUnit)
	mosUnit     = 0.01
	bestMOS     = 500
	digits      = 3 // that are exact
)

// maxLatencies bounds the names that a job may measure.
const maxLatencies = 50

// maxFailures bounds the reasons that are told apart.
const maxFailures = 100

// record is what came of one job that was due.
type record struct {
	at     time.Time // when it ended, or was not begun
	capped bool
	late   time.Duration
	out    Outcome
}

// tally adds up records. It is not for several goroutines.
type tally struct {
	counts    report.LoadCounts
	failures  map[failure]int
	latencies map[string]*distribution
	mos       map[string]*distribution
	frames    uint64 // that were lost here
}

type failure struct {
	code   int
	reason string
	here   bool
}

func newTally() *tally {
	return &tally{
		failures: make(map[failure]int), latencies: make(map[string]*distribution),
		mos: make(map[string]*distribution),
	}
}

// reset empties a tally, and keeps its memory.
func (t *tally) reset() {
	t.counts, t.frames = report.LoadCounts{}, 0
	clear(t.failures)
	for _, m := range []map[string]*distribution{t.latencies, t.mos} {
		for _, h := range m {
			h.reset()
		}
	}
}

// begin counts a job that is due and begun.
func (t *tally) begin() {
	t.counts.Due++
	t.counts.Begun++
	t.counts.Running++
}

// cap counts a job that is due and finds no room.
func (t *tally) cap() {
	t.counts.Due++
	t.counts.Capped++
}

// cut counts a job that was begun and hung up.
func (t *tally) cut() {
	t.counts.Running--
	t.counts.Cut++
}

// end counts a job that was begun and has ended.
func (t *tally) end(r record) {
	t.counts.Running--
	out := r.out
	if out.Failure == "" {
		t.counts.Passed++
	} else {
		t.counts.Failed++
		f := failure{out.Code, out.Failure, out.Here}
		if _, known := t.failures[f]; !known && len(t.failures) >= maxFailures {
			f = failure{0, "other reasons", out.Here}
		}
		t.failures[f]++
	}
	t.frames += out.LostFrames
	t.latency("late", r.late)
	if out.Setup > 0 {
		// What the generator was late is part of what a caller would have waited.
		t.latency("setup", r.late+out.Setup)
	}
	if out.Duration > 0 {
		t.latency("duration", out.Duration)
	}
	for name, d := range out.Latencies {
		t.latency(name, d)
	}
	worse := min(out.MOSRX, out.MOSTX)
	if worse == 0 {
		worse = max(out.MOSRX, out.MOSTX)
	}
	for name, mos := range map[string]float64{"rx": out.MOSRX, "tx": out.MOSTX, "worse": worse} {
		if mos > 0 {
			add(t.mos, name, bestMOS, int64(math.Round(mos/mosUnit)))
		}
	}
}

func (t *tally) latency(name string, d time.Duration) {
	if t.latencies[name] == nil && len(t.latencies) >= maxLatencies {
		return
	}
	add(t.latencies, name, longestTime, int64(d/timeUnit))
}

func add(m map[string]*distribution, name string, highest, value int64) {
	d := m[name]
	if d == nil {
		d = &distribution{h: hdrhistogram.New(1, highest, digits)}
		m[name] = d
	}
	d.add(min(max(value, 0), highest))
}

// distribution are values, exact to so many digits; the least and the greatest are exact.
type distribution struct {
	h        *hdrhistogram.Histogram
	min, max int64
}

func (d *distribution) add(v int64) {
	if d.count() == 0 {
		d.min, d.max = v, v
	}
	d.min, d.max = min(d.min, v), max(d.max, v)
	_ = d.h.RecordValue(v) // it can hold every value that add lets pass
}

func (d *distribution) reset()        { d.h.Reset() }
func (d *distribution) count() int    { return int(d.h.TotalCount()) }
func (d *distribution) mean() float64 { return d.h.Mean() }

// at is the value that so many per cent of the values stay within.
func (d *distribution) at(percent float64) int64 {
	return max(min(d.h.ValueAtPercentile(percent), d.max), d.min)
}

// curve are the percentiles of a plot.
var curve = []float64{1, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.9, 99.95, 99.99, 100}

// fill writes the tally into a result.
func (t *tally) fill(run *report.LoadRun) {
	run.Counts = t.counts
	run.Failures = []report.LoadFailure{}
	for f, n := range t.failures {
		run.Failures = append(run.Failures, report.LoadFailure{Code: f.code, Reason: f.reason, Count: n, Here: f.here})
	}
	slices.SortFunc(run.Failures, func(a, b report.LoadFailure) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Reason, b.Reason))
	})
	run.Latencies, run.MOS = []report.LoadLatency{}, []report.LoadMOS{}
	for _, name := range latencyNames(t.latencies) {
		h := t.latencies[name]
		at := func(p float64) report.Millis { return millis(h.at(p)) }
		l := report.LoadLatency{
			Name: name, Count: h.count(), Min: millis(h.min), Mean: report.Millis(h.mean() * float64(timeUnit)),
			P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), Max: millis(h.max),
		}
		for _, p := range curve {
			l.Curve = append(l.Curve, report.LoadPoint{Percentile: p, Value: at(p)})
		}
		run.Latencies = append(run.Latencies, l)
	}
	for _, name := range []string{"rx", "tx", "worse"} {
		if h := t.mos[name]; h != nil && h.count() > 0 {
			mos := func(v float64) float64 { return math.Round(v) / 100 }
			run.MOS = append(run.MOS, report.LoadMOS{
				Name: name, Count: h.count(), Min: mos(float64(h.min)), P5: mos(float64(h.at(5))),
				P50: mos(float64(h.at(50))), Mean: mos(h.mean()), Max: mos(float64(h.max)),
			})
		}
	}
}

// latencyNames has ours first, and then those of the job.
func latencyNames(m map[string]*distribution) []string {
	ours := []string{"setup", "duration", "late"}
	names := slices.DeleteFunc(slices.Clone(ours), func(n string) bool { return m[n] == nil })
	for _, n := range slices.Sorted(maps.Keys(m)) {
		if !slices.Contains(ours, n) {
			names = append(names, n)
		}
	}
	return names
}

func millis(v int64) report.Millis { return report.Millis(time.Duration(v) * timeUnit) }
