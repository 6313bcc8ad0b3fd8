package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// errStopped is why an engine ends that was asked to by its API.
var errStopped = errors.New("stopped")

// lastWords is how long clients may take for what they are still sent at the end.
const lastWords = time.Second

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

SIGHUP has it read its configuration again: what changed takes effect, calls go on, and
one with a mistake changes nothing.

The other verbs command a running engine by its socket, and programs by the same socket
or, with --api-listen, by HTTP. There is one engine for each configuration: a second one
does not start, unless it is given another --socket.

Exit codes: 0 after a signal or offhook stop; 1 bad usage or configuration, or the engine
could not start (a port in use, for example) or failed; 128 and the number of the signal
after a second one.`,
		Example: `  offhook run -c offhook.ini
  offhook run --username 1001 --server pbx.example.com --password-file secret.txt
  offhook run --auto-answer all --play-on-answer hello.wav --json
  offhook run -c offhook.ini --api-listen 127.0.0.1:8090 --api-token-file tokens`,
		Args: takesNothing,
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print every event as one line of JSON")
	s := addSettings(cmd, args, "socket", "api-listen", "api-token-file", "log-level", "source-port", "bind-address")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if service, err := runService(cmd, s); service {
			return err
		}
		return runEngine(cmd, s, terminal(), cmd.OutOrStdout(), asJSON, nil)
	}
	addServiceFlags(cmd)
	return cmd
}

// host is what a process with an engine runs in: a terminal, or Windows' service manager.
type host struct {
	logger func(level string) hclog.Logger
	until  func(context.Context) (context.Context, context.CancelFunc) // ends when the engine is to
}

func terminal() host {
	return host{func(level string) hclog.Logger { return newLogger(level, os.Stderr) }, untilSignal}
}

// runEngine runs an engine until its host or somebody else stops it. It prints events to
// out, and calls started, which may be nil, when calls can be made.
func runEngine(cmd *cobra.Command, s *settings, h host, out io.Writer, asJSON bool, started func(context.Context, *engine.Engine, func())) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	logger := h.logger(cfg.Settings.LogLevel)
	eng, err := engine.New(cfg, logger)
	if err != nil {
		return err
	}
	ctx, stop := h.until(cmd.Context())
	defer stop()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ctl, err := openControl(eng, cfg, s.source().Path, logger, func() { cancel(errStopped) },
		func(ctx context.Context) (engine.ConfigReloaded, error) { return reload(ctx, s, eng) })
	if err != nil {
		return err
	}

	sub := eng.Subscribe()
	defer sub.Close()
	printer := &eventPrinter{w: out, json: asJSON}
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
	onHangup(ctx, func() {
		// What is wrong is an event and in the log.
		_, _ = reload(ctx, s, eng)
	})
	ctl.serve(ctx, eng.Started(), cancel)
	closeDoors := openDoors(ctx, eng, cfg.Settings, logger, func() { cancel(errStopped) })
	go func() {
		select {
		case <-eng.Started():
			debug.FreeOSMemory() // what reading the configuration took, not needed again
		case <-ctx.Done():
		}
	}()
	if started != nil {
		go func() {
			select {
			case <-eng.Started():
				started(ctx, eng, func() { cancel(errStopped) })
			case <-ctx.Done():
			}
		}()
	}
	err = explainStart(eng.Run(ctx))
	cause := context.Cause(ctx)
	cancel(nil) // what waits for a start that failed
	closeDoors()
	printer.finish(printed)
	if cause != nil && !errors.Is(cause, errInterrupted) && !errors.Is(cause, errStopped) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, ctl.close(lastWords))
}

// reload reads the configuration again, with the flags and the environment that the
// program was started with. A mistake changes nothing.
func reload(ctx context.Context, s *settings, eng *engine.Engine) (engine.ConfigReloaded, error) {
	cfg, err := s.load()
	if err != nil {
		eng.ReloadFailed(err)
		return engine.ConfigReloaded{}, err
	}
	return eng.Reload(ctx, cfg)
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
