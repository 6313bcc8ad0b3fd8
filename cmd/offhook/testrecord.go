package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/runner"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/engine/tempdir"
)

// recordTest are the flags of test record.
type recordTest struct {
	output   string
	name     string
	keys     string
	account  int
	duration time.Duration
}

func newTestRecord(args []string) *cobra.Command {
	o := &recordTest{}
	cmd := &cobra.Command{
		Use:   "record URI --output FILE [flags]",
		Short: "Make a call, and write a scenario of it with its prompts",
		Long: `Record calls an IVR, and listens. Each key that is typed (0-9 * #) is sent as a digit; h
hangs up. Instead of a person a script may type: --keys "4s 1 3s 22 h" waits 4 s, sends 1,
waits 3 s, sends 22, hangs up.

Then it writes the scenario: whom it called, each prompt that was heard before a key, with
a WAV file beside the scenario, each key, tones by their names, and how the call ended.
Look at it before you keep it: a prompt that was interrupted by a key is cut there.

Exit codes: 0 the scenario is written; 1 bad usage or configuration; 2 the call was not
answered.`,
		Example: `  offhook test record sip:500@pbx.example.com --output menu.yaml
  offhook test record 500 -c offhook.ini --account 1 --keys "5s 1 4s h" --output sales.yaml`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("record takes one URI, not %d; see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.output, "output", "", "`file` of the scenario; its prompts go beside it")
	f.StringVar(&o.name, "name", "", "`name` of the scenario (default that of the file)")
	f.StringVar(&o.keys, "keys", "", "`script` of pauses, digits and h, with spaces between them")
	f.IntVar(&o.account, "account", 0, "`number` of the account that calls (default a plain endpoint)")
	f.DurationVar(&o.duration, "duration", 0, "hang up so long after the answer")
	s := addSettings(cmd, args, "bind-address", "source-port", "log-level")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if o.output == "" {
			return errors.New("record needs --output, the file of the scenario")
		}
		script, err := parseKeys(o.keys)
		if err != nil {
			return err
		}
		cfg, err := s.load()
		if err != nil {
			return err
		}
		accounts := runner.Prepare(cfg)
		level := cfg.Settings.LogLevel
		if level == "info" {
			level = "warn"
		}
		log := newLogger(level, os.Stderr)
		eng, err := engine.New(cfg, log)
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(cmd.Context())
		defer stop()
		return withEngine(eng, func() error {
			dir, err := os.MkdirTemp("", "offhook-record-")
			if err != nil {
				return err
			}
			defer tempdir.Remove(dir)
			r, err := runner.New(ctx, eng, runner.Options{Accounts: accounts, Folder: dir, Log: log})
			if err != nil {
				return err
			}
			err = o.record(ctx, r, dir, args[0], script, cmd.InOrStdin(), cmd.OutOrStdout())
			return errors.Join(err, r.Close())
		})
	}
	return cmd
}

// keyStep is a pause, or digits, or the end of the call.
type keyStep struct {
	pause  time.Duration
	digits string
	hangup bool
}

func parseKeys(text string) ([]keyStep, error) {
	var list []keyStep
	for _, word := range strings.Fields(text) {
		switch {
		case word == "h":
			list = append(list, keyStep{hangup: true})
		case strings.Trim(word, "0123456789*#ABCD") == "":
			list = append(list, keyStep{digits: word})
		default:
			d, err := time.ParseDuration(word)
			if err != nil || d < 0 {
				return nil, fmt.Errorf("--keys: %q is neither a pause such as 4s, nor digits, nor h", word)
			}
			list = append(list, keyStep{pause: d})
		}
	}
	return list, nil
}

func (o *recordTest) record(ctx context.Context, r *runner.Runner, dir, uri string, script []keyStep, in io.Reader, out io.Writer) error {
	name := o.name
	if name == "" {
		base := filepath.Base(o.output)
		name = strings.TrimSuffix(base, filepath.Ext(base))
	}
	sc := &scenario.Scenario{Name: name, Actors: []scenario.Actor{{Name: "caller", Account: o.account}}}
	list, err := sc.Expand()
	if err != nil {
		return err
	}
	s, err := r.NewSession(ctx, list[0], dir)
	if err != nil {
		return &exitError{code: exitNotRun, err: err}
	}
	defer s.Close(ctx)
	do := func(a scenario.Action) error { return s.Do(ctx, scenario.Step{Action: a}) }
	fmt.Fprintf(out, "calling %s\n", uri)
	if err := do(&scenario.Dial{To: uri, Wait: scenario.WaitAnswer}); err != nil {
		return &exitError{code: exitNotRun, err: err}
	}
	if len(script) > 0 {
		fmt.Fprintln(out, "answered")
	} else {
		fmt.Fprintln(out, "answered; keys 0-9 * # are sent, h hangs up")
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		// Its failure is that of a session that ends.
		_ = s.Do(ctx, scenario.Step{Action: &scenario.ExpectHangup{Within: 24 * time.Hour}})
	}()
	if o.duration > 0 {
		timer := time.AfterFunc(o.duration, func() { _ = do(&scenario.Hangup{}) }) // the end is what is waited for
		defer timer.Stop()
	}
	if err := o.keyboard(ctx, do, script, in, out, over); err != nil {
		return err
	}
	draft, err := s.Draft(filepath.Dir(o.output))
	if err != nil {
		return err
	}
	// What was dialled, and not what the URI became.
	draft.Steps[0].Action = &scenario.Dial{To: scenario.Literal(uri)}
	text, err := draft.MarshalYAML()
	if err != nil {
		return err
	}
	if err := writeReport(o.output, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return err
	}
	for _, st := range draft.Steps {
		fmt.Fprintf(out, "  %s\n", runner.Describe(st.Action))
	}
	fmt.Fprintf(out, "written: %s\n", o.output)
	return nil
}

// keyboard sends keys until the call is over.
func (o *recordTest) keyboard(ctx context.Context, do func(scenario.Action) error, script []keyStep, in io.Reader, out io.Writer, over <-chan struct{}) error {
	ended := func() bool {
		select {
		case <-over:
			return true
		default:
			return false
		}
	}
	if len(script) > 0 {
		for _, k := range script {
			select {
			case <-time.After(k.pause):
			case <-over:
				return nil
			case <-ctx.Done():
				return errInterrupted
			}
			switch {
			case k.hangup:
				return do(&scenario.Hangup{})
			case k.digits != "":
				fmt.Fprintf(out, "sent %s\n", k.digits)
				if err := do(&scenario.SendDTMF{Digits: k.digits}); err != nil && !ended() {
					return err
				}
			}
		}
		return do(&scenario.Hangup{})
	}
	if f, ok := in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		state, err := term.MakeRaw(int(f.Fd()))
		if err != nil {
			return err
		}
		defer func() { _ = term.Restore(int(f.Fd()), state) }() // the program ends
	}
	keys := make(chan byte)
	go func() {
		defer close(keys)
		for r := bufio.NewReader(in); ; {
			b, err := r.ReadByte()
			if err != nil {
				return
			}
			select {
			case keys <- b:
			case <-over:
				return
			}
		}
	}()
	for {
		select {
		case <-over:
			return nil
		case <-ctx.Done():
			return do(&scenario.Hangup{})
		case b, ok := <-keys:
			switch {
			case !ok:
				keys = nil // a pipe that has ended: the far end or --duration ends the call
			case b == 'h' || b == 3 || b == 4: // Ctrl-C, Ctrl-D
				return do(&scenario.Hangup{})
			case strings.IndexByte("0123456789*#", b) >= 0:
				fmt.Fprintf(out, "sent %c\r\n", b)
				if err := do(&scenario.SendDTMF{Digits: string(b)}); err != nil && !ended() {
					return err
				}
			}
		}
	}
}
