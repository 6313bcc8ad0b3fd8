package reports

import (
	"math"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// Load returns the result of a run of load against a PBX that got into difficulties in the
// middle. It is the same every time.
func Load() *report.LoadRun {
	r := random(11)
	run := &report.LoadRun{
		Name: "Queue at 20 calls a second", Version: "1.4.0", Host: "probe-3", Command: "offhook load queue.yaml --rate 20 --for 3m",
		Started: Began, Duration: 195_400 * ms, Seed: 42, Plan: "ramp to 20 calls/s in 30s, then 20 calls/s for 150s, Poisson", MaxRunning: 220,
		Outcome: report.Failed,
		Rules: []report.LoadRule{
			{Text: "failures < 1%", OK: false, Value: "3.42%"},
			{Text: "setup-p95 < 500ms", OK: false, Value: "812ms"},
			{Text: "mos-p5 > 3.5", OK: true, Value: "4.11"},
			{Text: "failures > 20%", Stops: true, Window: 10_000 * ms, OK: true, Value: "14.1%"},
		},
		Failures: []report.LoadFailure{
			{Code: 503, Reason: "Service Unavailable", Count: 81},
			{Code: 408, Reason: "Request Timeout", Count: 22},
			{Reason: "expected prompt welcome.wav within 4 s; heard 4.0 s of silence", Count: 8},
			{Reason: "no RTP port was free " + Hostile, Count: 2, Here: true},
		},
		MOS: []report.LoadMOS{
			{Name: "rx", Count: 3_190, Min: 2.9, P5: 4.15, P50: 4.36, Mean: 4.33, Max: 4.41},
			{Name: "tx", Count: 3_182, Min: 3.1, P5: 4.2, P50: 4.38, Mean: 4.36, Max: 4.41},
			{Name: "worse", Count: 3_182, Min: 2.9, P5: 4.11, P50: 4.35, Mean: 4.31, Max: 4.41},
		},
	}
	running := 0.0
	for s := 1; s <= 195; s++ {
		target := 20 * math.Min(1, float64(s)/30)
		if s > 180 {
			target = 0
		}
		trouble := math.Exp(-math.Pow((float64(s)-105)/14, 2)) // from second 85 to 125
		begun := int(math.Round(target * (0.7 + 0.6*r.next())))
		capped := 0
		if running > 205 {
			capped = begun / 3
		}
		ended := math.Min(running, float64(begun-capped)*(1-0.35*trouble)+2*r.next())
		if s > 180 {
			ended = running / float64(196-s)
		}
		failed := int(ended * trouble * 0.3)
		running += float64(begun-capped) - ended
		sample := report.LoadSample{
			At: report.Millis(s) * 1000 * ms, Target: target, Due: begun, Begun: begun - capped, Capped: capped,
			Passed: int(ended) - failed, Failed: failed, Running: int(running),
			SetupP50: report.Millis(90+40*r.next()+500*trouble) * ms, SetupP95: report.Millis(150+60*r.next()+1400*trouble) * ms,
			SetupMax: report.Millis(240+150*r.next()+2600*trouble) * ms, MOS: math.Round(100*(4.35-0.4*trouble-0.03*r.next())) / 100,
			LateMax: report.Millis(1+3*r.next()) * ms, CPU: math.Round(8 + running/6 + 4*r.next()), SchedulingP99: report.Millis(200+300*r.next()) * report.Millis(time.Microsecond),
			Memory: uint64(60<<20 + running*150_000),
		}
		run.Samples = append(run.Samples, sample)
		run.Counts.Due += begun
		run.Counts.Begun += begun - capped
		run.Counts.Capped += capped
		run.Counts.Passed += sample.Passed
		run.Counts.Failed += failed
		run.Generator.PeakRunning = max(run.Generator.PeakRunning, sample.Running)
		run.Generator.CPUMax = math.Max(run.Generator.CPUMax, sample.CPU)
	}
	run.Counts.Cut = run.Counts.Begun - run.Counts.Passed - run.Counts.Failed
	curve := func(name string, scale, tail float64) {
		l := report.LoadLatency{Name: name, Count: run.Counts.Passed}
		value := func(p float64) report.Millis {
			return report.Millis(math.Round(scale*(1+p/100)+tail*math.Pow(p/100, 24))) * ms
		}
		l.Min, l.P50, l.P90, l.P95, l.P99, l.P999, l.Max = value(0), value(50), value(90), value(95), value(99), value(99.9), value(100)
		l.Mean = value(58)
		for _, p := range []float64{0, 10, 25, 50, 75, 80, 85, 90, 92, 94, 95, 96, 97, 98, 98.5, 99, 99.5, 99.8, 99.9, 99.95, 100} {
			l.Curve = append(l.Curve, report.LoadPoint{Percentile: p, Value: value(p)})
		}
		run.Latencies = append(run.Latencies, l)
	}
	curve("setup", 75, 2_300)
	curve("duration", 8_000, 900)
	curve("late", 1, 4)
	run.Generator.Cores, run.Generator.CPUMean, run.Generator.LateLimit = 4, 31.5, 20*ms
	run.Generator.SchedulingP99, run.Generator.MemoryMax, run.Generator.CallLimit = report.Millis(480*time.Microsecond), 96<<20, 1_000
	run.Generator.Limits = []string{}
	return run
}
