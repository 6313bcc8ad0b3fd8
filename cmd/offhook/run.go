package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

func newRun(args []string) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "run [flags]",
		Short: "Run the engine in the foreground",
		Long: `Run registers all accounts of the configuration and serves their calls until SIGINT or
SIGTERM comes. Then it hangs up, unregisters and ends, within 5 s; a second signal ends
it at once.

A line for each event goes to standard output, with --json as one JSON object with seq,
time and type. Logs go to standard error.

Exit codes: 0 after a signal; 1 bad usage or configuration, or the engine could not
start (a port in use, for example) or failed; 128 and the number of the signal after a
second one.`,
		Example: `  offhook run -c offhook.ini
  offhook run --username 1001 --server pbx.example.com --password-file secret.txt
  offhook run --auto-answer all --play-on-answer hello.wav --json`,
		Args: takesNothing,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print every event as one line of JSON")
	s := addSettings(cmd, args, "socket", "log-level", "source-port", "bind-address")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := s.load()
		if err != nil {
			return err
		}
		eng, err := engine.New(cfg, newLogger(cfg.Settings.LogLevel, os.Stderr))
		if err != nil {
			return err
		}
		ctx, stop := untilSignal(cmd.Context())
		defer stop()
		ctx, cancel := context.WithCancelCause(ctx)
		defer cancel(nil)

		sub := eng.Subscribe()
		defer sub.Close()
		printer := &eventPrinter{w: cmd.OutOrStdout(), json: asJSON}
		printed := make(chan struct{})
		go func() {
			defer close(printed)
			for ev := range sub.Events() {
				if err := printer.print(ev); err != nil {
					cancel(fmt.Errorf("standard output: %w", err))
					return
				}
			}
		}()
		err = explainStart(eng.Run(ctx))
		printer.finish(printed)
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errInterrupted) {
			err = errors.Join(err, cause)
		}
		return err
	}
	return cmd
}

// explainStart says what to do about an engine that did not start.
func explainStart(err error) error {
	switch {
	case errors.Is(err, pjsua.StatusInUse):
		return fmt.Errorf("%w: another program, or another offhook, uses the port: --source-port 0 takes a free one", err)
	case errors.Is(err, pjsua.ErrNoCgo):
		return fmt.Errorf("%w: this build of offhook can make no calls", err)
	}
	return err
}
