package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// testPrinter prints what happens in a run of scenarios: on a terminal also what is being
// done, and how much is left.
type testPrinter struct {
	out     io.Writer
	verbose bool
	lines   *report.JSONLines // nil: for people

	mu    sync.Mutex
	bars  *mpb.Progress // nil: no terminal
	whole *mpb.Bar
	doing map[int]*testBar
}

// testBar is the line of a scenario that runs.
type testBar struct {
	bar  *mpb.Bar
	mu   sync.Mutex
	step string
}

func newTestPrinter(out io.Writer, o *testOptions, instances []scenario.Instance) (*testPrinter, error) {
	p := &testPrinter{out: out, verbose: o.verbose, doing: map[int]*testBar{}}
	if o.json {
		p.lines = report.NewJSONLines(out)
		return p, nil
	}
	if f, ok := out.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		p.bars = mpb.New(mpb.WithOutput(f), mpb.WithWidth(40), mpb.WithAutoRefresh())
		p.whole = p.bars.AddBar(int64(len(instances)), mpb.BarPriority(1<<20), mpb.BarRemoveOnComplete(),
			mpb.PrependDecorators(decor.CountersNoUnit("%d of %d scenarios ")),
			mpb.AppendDecorators(decor.Elapsed(decor.ET_STYLE_GO)))
	}
	return p, nil
}

// print writes a whole line, above the bars where there are some.
func (p *testPrinter) print(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if p.bars != nil {
		_, _ = p.bars.Write([]byte(line)) // a terminal that is gone has nobody to tell
		return
	}
	_, _ = io.WriteString(p.out, line) // the reports say it too
}

// take is runner.Options.Progress.
func (p *testPrinter) take(ev runner.Progress) {
	if p.lines != nil {
		p.takeJSON(ev)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case ev.Result != nil:
		p.ended(ev)
	case ev.Step == nil:
		p.began(ev)
	case ev.Outcome == "":
		if b := p.doing[ev.Instance]; b != nil {
			b.mu.Lock()
			b.step = printable(ev.Step.Text)
			b.mu.Unlock()
		}
	case p.verbose:
		st := ev.Step
		who := st.Actor
		if who != "" {
			who += ": "
		}
		p.print("      %s%-7s %7.2f s  %s%s%s\n", strings.Repeat("  ", st.Depth), word(ev.Outcome), st.Start.Duration().Seconds(),
			who, printable(st.Text), reason(st.Message))
	}
}

func (p *testPrinter) began(ev runner.Progress) {
	if p.verbose {
		p.print("run   %s\n", printable(ev.Name))
	}
	if p.bars == nil {
		return
	}
	b := &testBar{}
	b.bar = p.bars.AddSpinner(0, mpb.BarRemoveOnComplete(), mpb.BarWidth(1),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			b.mu.Lock()
			defer b.mu.Unlock()
			return shortText(printable(ev.Name), 40) + "  " + shortText(b.step, 60)
		})))
	p.doing[ev.Instance] = b
}

func shortText(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

func (p *testPrinter) ended(ev runner.Progress) {
	if b := p.doing[ev.Instance]; b != nil {
		b.bar.Abort(true)
		delete(p.doing, ev.Instance)
	}
	res := ev.Result
	again := ""
	if ev.Again {
		again = fmt.Sprintf(" (attempt %d; again)", ev.Attempt)
	}
	p.print("%-5s %s  %.1f s%s\n", word(res.Outcome), printable(res.Name), res.Duration.Duration().Seconds(), again)
	if res.Outcome != report.Passed {
		p.print("%s", why(res))
	}
	if p.whole != nil && !ev.Again {
		p.whole.Increment()
	}
}

// word is an outcome in a column.
func word(o report.Outcome) string {
	switch o {
	case report.Passed:
		return "ok"
	case report.Failed:
		return "FAIL"
	case report.Skipped:
		return "skip"
	}
	return "ERROR"
}

func reason(message string) string {
	if message == "" {
		return ""
	}
	return ": " + printable(message)
}

// why says where and why a scenario did not pass.
func why(res *report.Scenario) string {
	for _, st := range res.Steps {
		if st.Outcome == report.Failed || st.Outcome == report.Errored {
			if st.Action == "parallel" || st.Action == "repeat" || st.Action == "call" {
				continue // the step in it says more
			}
			who := ""
			if st.Actor != "" {
				who = st.Actor + ": "
			}
			return fmt.Sprintf("      %s:%d: %s%s\n      %s\n", st.File, st.Line, who, printable(st.Text), printable(res.Message))
		}
	}
	return "      " + printable(res.Message) + "\n"
}

// takeJSON writes the lines of results.jsonl as they come.
func (p *testPrinter) takeJSON(ev runner.Progress) {
	n := ev.Instance + 1
	var err error
	switch {
	case ev.Result != nil:
		for _, c := range ev.Result.Calls {
			if err = p.lines.CallEnded(n, ev.Attempt, c); err != nil {
				break
			}
		}
		if err == nil {
			err = p.lines.ScenarioEnded(n, ev.Result)
		}
	case ev.Step == nil:
		err = p.lines.ScenarioStarted(n, &report.Scenario{Name: ev.Name, Attempt: ev.Attempt, Started: time.Now()})
	case ev.Outcome != "":
		err = p.lines.StepEnded(n, ev.Attempt, *ev.Step)
	}
	_ = err // JSONLines keeps it, and RunEnded returns it
}

// finish prints what came of all.
func (p *testPrinter) finish(run *report.Run) error {
	if p.lines != nil {
		return p.lines.RunEnded(run)
	}
	if p.bars != nil {
		p.whole.Abort(true)
		p.bars.Wait()
	}
	c := run.Counts()
	parts := []string{fmt.Sprintf("%d passed", c.Passed), fmt.Sprintf("%d failed", c.Failed)}
	if c.Errors > 0 {
		parts = append(parts, fmt.Sprintf("%d could not run", c.Errors))
	}
	if c.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d skipped", c.Skipped))
	}
	if c.Flaky > 0 {
		parts = append(parts, fmt.Sprintf("%d of the passed not at first", c.Flaky))
	}
	_, err := fmt.Fprintf(p.out, "\n%s: %s; %s, seed %d\n", count(c.Total, "scenario"), strings.Join(parts, ", "),
		human(run.Duration.Duration()), run.Seed)
	return err
}
