package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/offhook-voip/offhook/engine/load"
	"github.com/offhook-voip/offhook/engine/report"
)

// plainEvery is how often a line is printed where there is no terminal.
const plainEvery = 5

// loadPrinter prints how a load fares: one line that changes on a terminal, a line now and
// then elsewhere.
type loadPrinter struct {
	out      io.Writer
	json     bool
	terminal bool
	taken    int
}

func newLoadPrinter(out io.Writer, asJSON bool) *loadPrinter {
	f, ok := out.(*os.File)
	return &loadPrinter{out: out, json: asJSON, terminal: ok && !asJSON && isatty.IsTerminal(f.Fd())}
}

func (p *loadPrinter) begin(cfg load.Config) {
	if p.json {
		return
	}
	most := ""
	if cfg.MaxRunning > 0 {
		most = fmt.Sprintf(", at most %d at a time", cfg.MaxRunning)
	}
	fmt.Fprintf(p.out, "%s%s, seed %d\n", cfg.Plan, most, cfg.Plan.Seed)
}

// take is load.Config.Progress.
func (p *loadPrinter) take(s load.Snapshot) {
	p.taken++
	switch {
	case p.json:
		// What cannot be written is seen at the end.
		_ = writeJSON(p.out, struct {
			Type   string            `json:"type"`
			Counts report.LoadCounts `json:"counts"`
			report.LoadSample
		}{"LoadSample", s.Counts, s.LoadSample})
	case p.terminal:
		fmt.Fprintf(p.out, "\r\x1b[K%s", loadLine(s))
	case p.taken%plainEvery == 0:
		fmt.Fprintln(p.out, loadLine(s))
	}
}

// end leaves the line that changes.
func (p *loadPrinter) end() {
	if p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

func loadLine(s load.Snapshot) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%5s  ", s.At.Duration().Round(time.Second))
	if s.Draining {
		fmt.Fprint(&b, "no more calls")
	} else {
		fmt.Fprintf(&b, "%s/s", strconv.FormatFloat(math.Round(10*s.Target)/10, 'f', -1, 64))
	}
	fmt.Fprintf(&b, "  running %d  passed %d  failed %d", s.Running, s.Counts.Passed, s.Counts.Failed)
	if s.Counts.Capped > 0 {
		fmt.Fprintf(&b, "  not begun %d", s.Counts.Capped)
	}
	if s.SetupP95 > 0 {
		fmt.Fprintf(&b, "  setup p95 %s", human(s.SetupP95.Duration()))
	}
	if s.MOS > 0 {
		fmt.Fprintf(&b, "  MOS %.2f", s.MOS)
	}
	fmt.Fprintf(&b, "  cpu %.0f %%", s.CPU)
	return b.String()
}

var mosNames = map[string]string{"rx": "MOS heard", "tx": "MOS sent", "worse": "MOS worse"}

// printLoad prints what came of a load.
func printLoad(out io.Writer, run *report.LoadRun) error {
	c := run.Counts
	t := newTable(out, "")
	row := func(name, format string, a ...any) { t.row(name, fmt.Sprintf(format, a...)) }
	row("calls", "%d due, %d begun, %d passed, %d failed", c.Due, c.Begun, c.Passed, c.Failed)
	if c.Capped > 0 {
		row("", "%d not begun: %d were running", c.Capped, run.MaxRunning)
	}
	if c.Cut > 0 {
		row("", "%d hung up at the end", c.Cut)
	}
	row("time", "%s", human(run.Duration.Duration()))
	for _, l := range run.Latencies {
		row(l.Name, "p50 %s  p95 %s  p99 %s  max %s", human(l.P50.Duration()), human(l.P95.Duration()), human(l.P99.Duration()), human(l.Max.Duration()))
	}
	for _, m := range run.MOS {
		row(mosNames[m.Name], "p5 %.2f  mean %.2f  min %.2f", m.P5, m.Mean, m.Min)
	}
	for i, f := range run.Failures {
		if i == 10 {
			row("", "and %s", count(len(run.Failures)-i, "other reason"))
			break
		}
		row(map[bool]string{true: "failures"}[i == 0], "%d × %s", f.Count, printable(f.Reason))
	}
	for _, r := range run.Rules {
		kind, word := "required", "kept"
		switch {
		case r.Stops && r.OK:
			kind, word = "stop", "not reached"
		case r.Stops:
			kind, word = "stop", "REACHED"
		case !r.OK:
			word = "NOT KEPT"
		}
		row(kind, "%s: %s, it was %s", r.Text, word, r.Value)
	}
	g := run.Generator
	row("generator", "%.0f %% of %s, %.0f %% at most; %s begun late", g.CPUMean, count(g.Cores, "core"), g.CPUMax, count(g.Late, "call"))
	if err := t.flush(); err != nil {
		return err
	}
	if len(g.Limits) > 0 {
		fmt.Fprintln(out, "\nThe generator was at its limit; the results tell about this machine, not about what is tested:")
		for _, l := range g.Limits {
			fmt.Fprintf(out, "  %s\n", printable(l))
		}
	}
	why := ""
	if text := cmp.Or(run.Message, run.Stopped); text != "" {
		why = ": " + text
	}
	_, err := fmt.Fprintf(out, "\n%s%s\n", run.Outcome, why)
	return err
}
