package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

// asMicroSIP is the name of the program under which its whole command line is MicroSIP's.
const asMicroSIP = "microsip"

// isMicroSIP says whether a program of that name has MicroSIP's command line.
func isMicroSIP(name string) bool {
	base := filepath.Base(strings.ReplaceAll(name, `\`, "/"))
	return strings.TrimSuffix(strings.ToLower(base), ".exe") == asMicroSIP
}

// programArgs returns the arguments of the program called name. line is all of them in one
// text.
func programArgs(name string, args []string, line string) []string {
	if !isMicroSIP(name) {
		return args
	}
	return []string{asMicroSIP, "--", line}
}

// commandLine is what --json prints.
type commandLine struct {
	Type string `json:"type"`
	api.CommandResult
}

func newMicroSIP(args []string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "microsip [flags] -- [COMMAND LINE]",
		Short: "MicroSIP's command line",
		Long: `Microsip carries out a command line of MicroSIP: what follows -- is one text, which is a
number or a command. When the program is called microsip, all of its arguments are that.

A running engine of the configuration carries it out. Where none runs, this process
becomes one, as MicroSIP would, and ends as offhook run does; /answer and /hangupall start
none, and /exit neither. On Windows a program called MicroSIP.exe looks for one as MicroSIP
does first: one of the same program file, whatever its configuration.

The key dialect says how words are read: the default takes exit and mute as commands, as
MicroSIP's documentation has them; strict dials them, as MicroSIP does, and like it says
nothing and ends with 0, whatever happened.

` + remoteCodes,
		Example: `  offhook microsip -- sip:1001@pbx.example.com
  offhook microsip -- /hangupall
  offhook microsip --json -- "/account:2 1001,12"
  offhook microsip -c offhook.ini -- msip:hold`,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print what became of it as one line of JSON")
	s := addSettings(cmd, args, "socket")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		// As Windows has it: one text.
		line := strings.Join(args, " ")
		// Mistakes of the configuration matter where an engine is started.
		set := config.Check(s.source()).Config.Settings
		err := runCommandLine(cmd, s, set, line, asJSON)
		if set.Dialect == config.Strict && err != nil {
			return &exitError{code: exitOK}
		}
		return err
	}
	return cmd
}

// runCommandLine hands a command line over, or starts an engine for it.
func runCommandLine(cmd *cobra.Command, s *settings, set config.Settings, line string, asJSON bool) error {
	first := microsip.Parse(set.Dialect, line)[0].Op
	if first == microsip.Reset || first == microsip.ResetNoAsk {
		return &exitError{exitRefused, microsip.ErrReset}
	}
	out := cmd.OutOrStdout()
	if set.Dialect == config.Strict {
		out, asJSON = io.Discard, false
	}
	socket, err := socketOf(set.Socket, s.source().Path)
	if err != nil {
		return err
	}
	client := &api.Client{Socket: socket}
	// A second try, for an engine that another process started meanwhile.
	for try := 0; ; try++ {
		if found, err := handToFirst(set.Dialect, line); err != nil {
			return &exitError{exitRefused, err}
		} else if found {
			return tellCommand(out, asJSON, api.CommandResult{Command: first.String()})
		}
		err := error(&api.UnreachableError{})
		if socket != "" {
			err = handOver(cmd, client, first, line, out, asJSON)
		}
		var nobody *api.UnreachableError
		if !errors.As(err, &nobody) || startsNone(first, line) {
			return explainRemote(err)
		}
		err = startFor(cmd, s, first, line, out, asJSON)
		var busy *api.BusyError
		if !errors.As(err, &busy) || try == 2 {
			return err
		}
	}
}

// startsNone says whether MicroSIP ends at once where no engine runs: msip:answer, which
// does the same as /answer, starts one.
func startsNone(first microsip.Op, line string) bool {
	return first == microsip.Exit || slices.Contains([]string{"/answer", "/hangupall"}, strings.Trim(strings.TrimSpace(line), `"`))
}

// handOver has a running engine carry out a command line.
func handOver(cmd *cobra.Command, client *api.Client, first microsip.Op, line string, out io.Writer, asJSON bool) error {
	ctx, stop := untilSignal(cmd.Context())
	defer stop()
	if first == microsip.Show || first == microsip.Minimize {
		// There is no window; but somebody has to be there.
		if _, err := client.Status(ctx); err != nil {
			return err
		}
		return tellCommand(out, asJSON, api.CommandResult{Command: first.String()})
	}
	res, err := client.Command(ctx, line)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return err
	}
	return tellCommand(out, asJSON, res)
}

// tellCommand prints what became of a command line.
func tellCommand(out io.Writer, asJSON bool, res api.CommandResult) error {
	if asJSON {
		if res.Calls == nil {
			res.Calls = []api.CallID{}
		}
		return writeJSON(out, commandLine{"CommandResult", res})
	}
	var text strings.Builder
	text.WriteString(res.Command)
	for _, id := range res.Calls {
		fmt.Fprintf(&text, " %d", id)
	}
	if res.Waiting {
		text.WriteString(": waits for the registration")
	}
	return oneLine("%s", text.String())(out)
}

// lineWriter lets events and results be printed by several goroutines, each whole.
type lineWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lineWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// startFor becomes an engine, and carries out a command line as soon as it has started.
func startFor(cmd *cobra.Command, s *settings, first microsip.Op, line string, out io.Writer, asJSON bool) error {
	out = &lineWriter{w: out}
	return runEngine(cmd, s, terminal(), out, asJSON, func(ctx context.Context, e *engine.Engine, stop func()) {
		if first == microsip.Show || first == microsip.Minimize {
			return
		}
		res, err := e.Command(ctx, line, stop)
		if err != nil {
			tell(err, asJSON, out, cmd.ErrOrStderr())
			return
		}
		told := api.CommandResult{Command: res.Command, Waiting: res.Waiting}
		for _, id := range res.Calls {
			told.Calls = append(told.Calls, api.CallID(id))
		}
		// What cannot be printed ends the engine when the next event cannot either.
		_ = tellCommand(out, asJSON, told)
	})
}
