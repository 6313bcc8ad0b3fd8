package load

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// What a generator may not pass, or it is the limit itself. docs/load.md says the same.
const (
	busyCPU     = 90.0                  // per cent of all cores that this process uses in a second
	busyMachine = 97.0                  // per cent of them that all processes use
	lateLimit   = 50 * time.Millisecond // a job that begins later was not begun in time
	lateShare   = 1.0                   // per cent of the jobs that may
	fewLate     = 3                     // jobs that any machine may begin late
	waitLimit   = 20 * time.Millisecond // of goroutines for a thread, 99 % of them
)

// usage is what the process has used so far.
type usage struct {
	cpu    time.Duration // of all its threads
	memory uint64        // resident now, in bytes; 0: not known
	// busy is the time of all cores in which anybody used them, all their time; 0: not known.
	busy, all time.Duration
	waits     []uint64  // goroutines by how long they waited for a thread
	bounds    []float64 // of waits, in seconds
}

const waitMetric = "/sched/latencies:seconds"

// useNow reads what this process has used.
func useNow() usage {
	u := usage{cpu: processTime(), memory: residentMemory()}
	u.busy, u.all = machineTime()
	sample := []metrics.Sample{{Name: waitMetric}}
	metrics.Read(sample)
	if sample[0].Value.Kind() == metrics.KindFloat64Histogram {
		h := sample[0].Value.Float64Histogram()
		u.waits, u.bounds = h.Counts, h.Buckets
	}
	return u
}

// waitP99 is how long 99 % of the goroutines waited at most between two readings.
func waitP99(before, after usage) time.Duration {
	if len(before.waits) != len(after.waits) {
		return 0
	}
	var all uint64
	for i := range after.waits {
		all += after.waits[i] - before.waits[i]
	}
	var below uint64
	for i := range after.waits {
		below += after.waits[i] - before.waits[i]
		if all > 0 && float64(below) >= 0.99*float64(all) {
			bound := after.bounds[i+1]
			if math.IsInf(bound, 1) {
				bound = after.bounds[i]
			}
			return time.Duration(bound * float64(time.Second))
		}
	}
	return 0
}

// health collects how the generator fares.
type health struct {
	read        func() usage
	cores       int
	first, last usage
	begun, at   time.Time // of first and last
	busy        int       // samples with too little time left
	crowded     int       // samples in which others had the rest of it
	crowdedMax  float64   // per cent
	samples     int
	out         report.LoadGenerator
}

func newHealth(read func() usage, now time.Time) *health {
	h := &health{read: read, cores: runtime.GOMAXPROCS(0), begun: now, at: now}
	h.first = read()
	h.last = h.first
	h.out = report.LoadGenerator{Cores: h.cores, LateLimit: report.Millis(lateLimit), Limits: []string{}, MemoryMax: h.first.memory}
	return h
}

// percent is a time of the process in per cent of what all cores have in a while.
func (h *health) percent(cpu, wall time.Duration) float64 {
	if wall <= 0 {
		return 0
	}
	return math.Round(1000*cpu.Seconds()/wall.Seconds()/float64(h.cores)) / 10
}

// sample reads, and writes what was since the last time.
func (h *health) sample(now time.Time, s *report.LoadSample) {
	u := h.read()
	s.CPU = h.percent(u.cpu-h.last.cpu, now.Sub(h.at))
	s.SchedulingP99 = report.Millis(waitP99(h.last, u))
	s.Memory = u.memory
	h.out.CPUMax = max(h.out.CPUMax, s.CPU)
	h.out.MemoryMax = max(h.out.MemoryMax, u.memory)
	h.samples++
	machine := 0.0
	if all := u.all - h.last.all; all > 0 {
		machine = 100 * float64(u.busy-h.last.busy) / float64(all)
	}
	switch {
	case s.CPU >= busyCPU:
		h.busy++
	case machine >= busyMachine:
		h.crowded++
		h.crowdedMax = max(h.crowdedMax, machine)
	}
	h.last, h.at = u, now
}

// finish says how the generator fared, with what the run counted.
func (h *health) finish(run *report.LoadRun, late int, frames uint64, peak, room int) {
	g := h.out
	g.CPUMean = h.percent(h.last.cpu-h.first.cpu, h.at.Sub(h.begun))
	g.SchedulingP99 = report.Millis(waitP99(h.first, h.last))
	g.Late, g.LostFrames, g.PeakRunning, g.CallLimit = late, frames, peak, room
	limit := func(format string, a ...any) { g.Limits = append(g.Limits, fmt.Sprintf(format, a...)) }
	if h.busy > 0 && h.busy*10 >= h.samples {
		limit("processor: %.0f %% of %s at most, and at least %.0f %% in %d of %d s", g.CPUMax, plural(g.Cores, "core"), busyCPU, h.busy, h.samples)
	}
	if h.crowded > 0 && h.crowded*10 >= h.samples {
		limit("processor: it was %.0f %% busy at most, and at least %.0f %% in %d of %d s, of which this program had %.0f %%", h.crowdedMax, busyMachine, h.crowded, h.samples, g.CPUMean)
	}
	if s, ok := share(late, run.Counts.Begun); ok && s > lateShare && late >= fewLate {
		worst := time.Duration(0)
		for _, l := range run.Latencies {
			if l.Name == "late" {
				worst = l.Max.Duration()
			}
		}
		limit("clock: %s of %d began more than %v after they were due, the worst %v", plural(late, "call"), run.Counts.Begun, lateLimit, worst.Round(time.Millisecond))
	}
	if wait := g.SchedulingP99.Duration(); wait > waitLimit {
		limit("threads: one goroutine in a hundred waited %v or longer for one", wait.Round(time.Millisecond))
	}
	if frames > 0 {
		limit("audio: %s lost, as this machine was too slow to play them", plural(int(frames), "frame"))
	}
	if room > 0 && peak >= room {
		limit("room: %s at a time, which is all that its PJSIP and its RTP ports have room for", plural(peak, "call"))
	}
	if c := run.Counts; c.Capped > 0 {
		limit("cap: %s of %d not begun, since %d were running", plural(c.Capped, "call"), c.Due, run.MaxRunning)
	}
	for _, f := range run.Failures {
		if f.Here {
			limit("this machine: %s failed: %s", plural(f.Count, "call"), f.Reason)
		}
	}
	run.Generator = g
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
