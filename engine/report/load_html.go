package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// WriteLoadJSON writes r as one JSON object.
func WriteLoadJSON(w io.Writer, r *LoadRun) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("report: load: %w", err)
	}
	return nil
}

// WriteLoadHTML writes r as one HTML page that needs nothing beside it: what became of the
// calls, how long they took, how they sounded, and whether it was this machine that was
// measured. Without a script it shows the same.
func WriteLoadHTML(w io.Writer, r *LoadRun) error {
	return writePage(w, "load", newLoadView(r))
}

// loadView is what the page of a run of load is made of.
type loadView struct {
	head
	*LoadRun
	Lead      string
	Shares    []share
	Tiles     []tile
	OverTime  []plot
	Curves    []plot
	Failures  []loadFailureView
	Generator []plot
	Machine   LoadGenerator
}

// tile is a figure that is shown large.
type tile struct{ Class, Figure, Label string }

type loadFailureView struct {
	LoadFailure
	Percent string
	Share   float64
}

func newLoadView(r *LoadRun) loadView {
	name := r.Name
	if name == "" {
		name = "Load"
	}
	c := r.Counts
	v := loadView{head: newHead(name), LoadRun: r, Machine: r.Generator}
	v.Lead = count(c.Begun, "call") + " in " + duration(r.Duration)
	if r.Plan != "" {
		v.Lead += ": " + r.Plan
	}
	for _, s := range []share{
		{"failed", "failed", float64(c.Failed)}, {"error", "not begun, for the cap", float64(c.Capped)},
		{"passed", "passed", float64(c.Passed)}, {"skipped", "cut off at the end", float64(c.Cut)},
	} {
		if s.Width > 0 {
			s.Label = fmt.Sprintf("%.0f %s", s.Width, s.Label)
			s.Width = percent(s.Width, 0, float64(c.Due))
			v.Shares = append(v.Shares, s)
		}
	}
	v.Tiles = r.tiles()
	v.OverTime, v.Generator = r.plots()
	v.Curves = r.curves()
	for _, f := range r.Failures {
		view := loadFailureView{LoadFailure: f}
		if c.Failed > 0 {
			view.Percent = fmt.Sprintf("%.1f %%", 100*float64(f.Count)/float64(c.Failed))
			view.Share = percent(float64(f.Count), 0, float64(r.Failures[0].Count))
		}
		v.Failures = append(v.Failures, view)
	}
	return v
}

func (r *LoadRun) tiles() []tile {
	c := r.Counts
	list := []tile{{"passed", fmt.Sprint(c.Passed), "passed"}, {"failed", fmt.Sprint(c.Failed), "failed"}}
	if c.Failed == 0 {
		list[1].Class = ""
	}
	if ended := c.Passed + c.Failed; ended > 0 {
		list[1].Label = fmt.Sprintf("failed, %.2f %%", 100*float64(c.Failed)/float64(ended))
	}
	if c.Capped > 0 {
		list = append(list, tile{"error", fmt.Sprint(c.Capped), "not begun, for the cap"})
	}
	for _, l := range r.Latencies {
		if l.Name == "setup" && l.Count > 0 {
			list = append(list, tile{"", duration(l.P50), "setup, median"}, tile{"", duration(l.P95), "setup, 95 % within"}, tile{"", duration(l.P99), "setup, 99 % within"})
		}
	}
	for _, m := range r.MOS {
		if m.Name == "worse" && m.Count > 0 {
			list = append(list, tile{"", mosText(m.P50), "MOS, median"}, tile{"", mosText(m.P5), "MOS, 5 % below"})
		}
	}
	return append(list, tile{"", fmt.Sprint(r.Generator.PeakRunning), "calls at a time, at most"})
}

// maxPoints is how many points a line has at most: a page is not wider.
const maxPoints = 1000

// plots draw the run over time: the calls, and the generator.
func (r *LoadRun) plots() (calls, generator []plot) {
	if len(r.Samples) == 0 {
		return nil, nil
	}
	group := (len(r.Samples) + maxPoints - 1) / maxPoints
	to := r.Samples[len(r.Samples)-1].At.Duration().Seconds()
	// line is a value of each sample, of several the highest.
	line := func(name, class string, value func(i int, s LoadSample) float64) series {
		s := series{name: name, class: class}
		for i, sample := range r.Samples {
			y := value(i, sample)
			if i%group > 0 {
				last := len(s.y) - 1
				s.x[last] = sample.At.Duration().Seconds()
				if !(s.y[last] >= y) {
					s.y[last] = y
				}
				continue
			}
			s.x, s.y = append(s.x, sample.At.Duration().Seconds()), append(s.y, y)
		}
		return s
	}
	rate := func(n func(LoadSample) int) func(int, LoadSample) float64 {
		return func(i int, s LoadSample) float64 {
			before := Millis(0)
			if i > 0 {
				before = r.Samples[i-1].At
			}
			if s.At <= before {
				return math.NaN()
			}
			return float64(n(s)) / (s.At - before).Duration().Seconds()
		}
	}
	millis := func(m Millis) float64 {
		if m == 0 {
			return math.NaN()
		}
		return float64(m) / 1e6
	}
	draw := func(title, unit string, low, high, least float64, lines ...series) plot {
		return drawPlot(title, unit, 0, to, low, high, least, lines)
	}
	begun := []series{
		line("planned", "plan", func(_ int, s LoadSample) float64 { return s.Target }),
		line("begun", "heard", rate(func(s LoadSample) int { return s.Begun })),
	}
	if r.Counts.Capped > 0 {
		begun = append(begun, line("not begun", "warn", rate(func(s LoadSample) int { return s.Capped })))
	}
	running := []series{line("running", "heard", func(_ int, s LoadSample) float64 { return float64(s.Running) })}
	if r.MaxRunning > 0 {
		running = append(running, line("cap", "plan", func(int, LoadSample) float64 { return float64(r.MaxRunning) }))
	}
	calls = []plot{
		draw("Calls begun", "per second", 0, 0, 1, begun...),
		draw("Calls at a time", "", 0, 0, 1, running...),
		draw("Calls ended", "per second", 0, 0, 1,
			line("passed", "good", rate(func(s LoadSample) int { return s.Passed })),
			line("failed", "bad", rate(func(s LoadSample) int { return s.Failed }))),
		draw("Setup", "ms", 0, 0, 10,
			line("highest", "warn", func(_ int, s LoadSample) float64 { return millis(s.SetupMax) }),
			line("95 %", "said", func(_ int, s LoadSample) float64 { return millis(s.SetupP95) }),
			line("median", "heard", func(_ int, s LoadSample) float64 { return millis(s.SetupP50) })),
	}
	if len(r.MOS) > 0 {
		calls = append(calls, draw("MOS", "mean of the worse direction", 1, 5, 0, line("", "heard", func(_ int, s LoadSample) float64 {
			if s.MOS == 0 {
				return math.NaN()
			}
			return s.MOS
		})))
	}
	generator = []plot{
		draw("CPU", "% of all cores", 0, 100, 0, line("", "said", func(_ int, s LoadSample) float64 { return s.CPU })),
		draw("Latest start", "ms after it was due", 0, 0, 10, line("", "warn", func(_ int, s LoadSample) float64 { return float64(s.LateMax) / 1e6 })),
		draw("Wait for a processor", "ms, 99 % within", 0, 0, 1, line("", "warn", func(_ int, s LoadSample) float64 { return float64(s.SchedulingP99) / 1e6 })),
		draw("Memory", "MiB", 0, 0, 1, line("", "said", func(_ int, s LoadSample) float64 {
			if s.Memory == 0 {
				return math.NaN()
			}
			return float64(s.Memory) / (1 << 20)
		})),
	}
	return calls, generator
}

// curves draw each latency over percentiles, whose axis is stretched towards 100 %: there
// are the calls that somebody complains of.
func (r *LoadRun) curves() []plot {
	place := func(percentile float64) float64 {
		return -math.Log10(1 - min(percentile, 99.9999)/100)
	}
	var list []plot
	for _, l := range r.Latencies {
		if l.Count == 0 || len(l.Curve) < 2 {
			continue
		}
		s := series{class: "heard"}
		far := 0.3
		for _, p := range l.Curve {
			x := place(p.Percentile)
			if p.Percentile >= 100 || x > math.Log10(float64(l.Count))+.01 {
				continue // a single value, or none; the highest is in the table
			}
			far = max(far, x)
			s.x, s.y = append(s.x, x), append(s.y, float64(p.Value)/1e6)
			s.labels = append(s.labels, number(p.Percentile)+" %")
		}
		p := drawPlot(strings.ToUpper(l.Name[:1])+l.Name[1:], "ms", 0, far, 0, 0, 1, []series{s})
		p.X = nil
		for _, at := range []float64{50, 90, 99, 99.9, 99.99} {
			if x := place(at); x <= far {
				p.X = append(p.X, tick{percent(x, 0, far), number(at) + " %"})
			}
		}
		list = append(list, p)
	}
	return list
}
