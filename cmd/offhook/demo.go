package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/engine/tempdir"
)

// demoScenario is what the demo does, and demoFile its name beside the prompts.
//
//go:embed demo.yaml
var demoScenario []byte

const demoFile = "demo.yaml"

func newDemo() *cobra.Command {
	d := &demo{began: time.Now()}
	cmd := &cobra.Command{
		Use:   "demo [flags]",
		Short: "Make a call to a small IVR on this machine and measure it",
		Long: `Demo shows that everything works, without a PBX, a configuration or a sound card. It
starts a second Offhook on the loopback interface, which is a small IVR: a menu of seven
notes, a tone of 440 Hz for the key 1 and one of 880 Hz for the key 2. Then it runs a
scenario against it, as offhook test does: it calls the IVR, recognises the menu, presses
the keys, recognises what follows, records all of it, and measures the recording.

It prints each step, a table of what was expected and what was measured, and where the
report is: one HTML page with the steps, the waveform of the call to listen to, and all
SIP messages. --keep leaves in a folder the report, the recording, the prompts of the IVR,
and the scenario, from which you can make your own.

Exit codes: 0 all is right; 1 a measurement is wrong (a frequency by more than 1 Hz, a
level by more than 1 dB, the wrong branch of the menu, lost packets), or a step failed.`,
		Example: `  offhook demo
  offhook demo --keep sounds`,
		Args: takesNothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d.out = cmd.OutOrStdout()
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return d.run(ctx)
		},
	}
	cmd.Flags().StringVar(&d.keep, "keep", "", "`folder` to leave everything in; it is made if need be")
	cmd.Flags().BoolVar(&d.json, "json", false, "print steps and results as lines of JSON")
	return cmd
}

// demo is one run of the demo.
type demo struct {
	keep string
	json bool

	out   io.Writer
	began time.Time
}

// stepTime bounds every wait for what takes no time.
const stepTime = 10 * time.Second

// demoStep is a step in demo --json.
type demoStep struct {
	Type string `json:"type"` // "DemoStep"
	MS   int64  `json:"ms"`   // since the start
	Text string `json:"text"`
}

// step says what was done.
func (d *demo) step(format string, args ...any) {
	since, text := time.Since(d.began), fmt.Sprintf(format, args...)
	if d.json {
		_ = writeJSON(d.out, demoStep{Type: "DemoStep", MS: since.Milliseconds(), Text: text})
		return
	}
	fmt.Fprintf(d.out, "%6.2f s  %s\n", since.Seconds(), text)
}

func (d *demo) run(ctx context.Context) error {
	dir, temporary := d.keep, d.keep == ""
	var err error
	if temporary {
		if dir, err = os.MkdirTemp("", "offhook-demo-"); err == nil {
			defer tempdir.Remove(dir)
		}
	} else {
		err = os.MkdirAll(dir, 0o777)
	}
	if err != nil {
		return err
	}
	menu, err := startIVR(dir, temporary)
	if err != nil {
		return fmt.Errorf("start the IVR: %w", err)
	}
	defer menu.stop()

	run, err := d.call(ctx, menu, dir)
	if ctx.Err() != nil {
		return errInterrupted
	}
	if err != nil {
		return err
	}
	result, err := d.judge(run, dir, temporary)
	if err != nil {
		return err
	}
	if d.json {
		err = writeJSON(d.out, result)
	} else {
		err = result.print(d.out)
	}
	if err == nil && !result.OK {
		err = &exitError{code: exitUsage}
	}
	return err
}

// judge measures the recording in dir, and writes the report: into dir, or a file of its own
// where dir is temporary.
func (d *demo) judge(run *report.Run, dir string, temporary bool) (demoResult, error) {
	sc := run.Scenarios[0]
	audio := &dsp.Audio{Rate: ivrRate, Channels: 1}
	var call report.Call
	if len(sc.Calls) > 0 {
		call = sc.Calls[0]
	}
	if call.Audio != "" {
		var err error
		if audio, err = dsp.ReadWAV(filepath.Join(dir, call.Audio)); err != nil {
			return demoResult{}, err
		}
		d.step("measured the recording, %s", audio)
	}
	result := judgeDemo(audio, sc, call)
	if !temporary {
		result.Recording = filepath.Join(dir, call.Audio)
	}
	page := func(w io.Writer) error { return report.WriteHTML(w, run, report.HTMLOptions{Folder: dir}) }
	result.Report = filepath.Join(dir, "report.html")
	if !temporary {
		return result, writeReport(result.Report, page)
	}
	f, err := os.CreateTemp("", "offhook-demo-*.html")
	if err != nil {
		return result, err
	}
	result.Report = f.Name()
	if err = errors.Join(page(f), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // what went wrong is told
	}
	return result, err
}

// call starts an engine and runs the scenario against the IVR.
func (d *demo) call(ctx context.Context, menu *ivrProcess, dir string) (run *report.Run, err error) {
	started, err := menu.await(ctx, "start", func(ev ivrEvent) bool { return ev.Type == "EngineStarted" })
	if err != nil {
		return nil, err
	}
	if len(started.Transports) == 0 {
		return nil, errors.New("the IVR does not say where it listens")
	}
	address := started.Transports[0].Address
	d.step("the IVR listens on %s, process %d", address, menu.cmd.Process.Pid)

	file := filepath.Join(dir, demoFile)
	if err := os.WriteFile(file, demoScenario, 0o666); err != nil {
		return nil, err
	}
	sc, err := scenario.Load(file, scenario.Options{Variables: map[string]string{"ivr": "sip:menu@" + address}})
	if err != nil {
		return nil, err
	}
	instances, err := sc.Expand()
	if err != nil {
		return nil, err
	}
	cfg, err := demoConfig(config.AutoAnswerOff)
	if err != nil {
		return nil, err
	}
	opts := runner.Options{Accounts: runner.Prepare(cfg), Folder: dir, Progress: d.progress, Log: newLogger("warn", os.Stderr).Named("caller")}
	eng, err := engine.New(cfg, opts.Log)
	if err != nil {
		return nil, err
	}
	err = withEngine(eng, func() error {
		d.step("the caller is ready, process %d", os.Getpid())

		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		alone := menu.watch(cancel)
		r, err := runner.New(ctx, eng, opts)
		if err != nil {
			return err
		}
		run = r.Run(ctx, instances)
		run.Name, run.Version = "Offhook demo", offhookVersion()
		if err := r.Close(); err != nil {
			return err
		}
		if alone.Load() {
			return errors.New("the IVR ended before the call did")
		}
		return nil
	})
	return run, err
}

// progress says which steps are over.
func (d *demo) progress(p runner.Progress) {
	switch {
	case p.Step == nil || p.Outcome == "":
	case p.Message != "":
		d.step("%s: %s", p.Step.Text, p.Message)
	case p.Step.Heard != "":
		d.step("%s: %s", p.Step.Text, p.Step.Heard)
	default:
		d.step("%s", p.Step.Text)
	}
}
