package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"

	"github.com/offhook-voip/offhook/engine"
)

// The flags of offhook run that offhook service install puts into the command line of a
// service.
const (
	serviceFlag = "service"
	logFileFlag = "log-file"
)

// What the service manager is told that starting and ending may take.
const (
	startHint = 30 * time.Second
	stopHint  = 10 * time.Second
)

// Numbers of entries in the event log, for filters.
const (
	eventState   = 1 // started, stopped
	eventWarning = 2
	eventError   = 3
)

// serviceFailed is the exit code of a service that its engine has failed; the log says why.
const serviceFailed = 1

func addServiceFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.String(serviceFlag, "", "`name` of the service that this is")
	f.String(logFileFlag, "", "`file` for the log of a service")
	for _, name := range []string{serviceFlag, logFileFlag} {
		// It was added above, so there is no error.
		_ = f.MarkHidden(name)
	}
}

// runService runs an engine for the service manager, when it is that which started this
// process: false means that it is not.
func runService(cmd *cobra.Command, s *settings) (bool, error) {
	name := cmd.Flags().Lookup(serviceFlag).Value.String()
	if name == "" {
		// One that was not installed by us.
		if is, err := svc.IsWindowsService(); err != nil || !is {
			return false, nil
		}
		name = defaultService
	}
	h := &service{cmd: cmd, settings: s, log: cmd.Flags().Lookup(logFileFlag).Value.String()}
	h.run = h.runEngine
	err := svc.Run(name, h)
	if errors.Is(err, windows.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT) {
		err = errors.New("--service is for the service manager: offhook service start starts a service")
	}
	return true, errors.Join(err, h.err)
}

// service is this process for the service manager.
type service struct {
	cmd      *cobra.Command
	settings *settings
	log      string // path of the log file; empty: none
	err      error  // why the engine has failed
	// run runs an engine until the command's context ends, and tells when it has started.
	run func(events *eventlog.Log, started chan<- *engine.Engine) error
}

// Execute runs the engine from when the service manager starts the service until it stops
// it, or the engine ends by itself.
func (h *service) Execute(args []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (specific bool, code uint32) {
	state := svc.Status{State: svc.StartPending, WaitHint: uint32(startHint.Milliseconds())}
	status <- state
	// Services that were made by other means have no source: Windows shows their entries too.
	log, err := eventlog.Open(args[0])
	if err == nil {
		defer log.Close()
	}
	say := func(write func(*eventlog.Log, uint32, string) error, id uint32, text string) {
		if log != nil {
			_ = write(log, id, text) // there is no other place where this could be said
		}
	}
	ctx, cancel := context.WithCancelCause(h.cmd.Context())
	defer cancel(nil)
	h.cmd.SetContext(ctx)
	started, ended := make(chan *engine.Engine, 1), make(chan error, 1)
	go func() { ended <- h.run(log, started) }()
	var running *engine.Engine
	for {
		select {
		case running = <-started:
			if state.State != svc.StartPending {
				continue
			}
			state = svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown | svc.AcceptPreShutdown | svc.AcceptParamChange}
			status <- state
			say((*eventlog.Log).Info, eventState, "started")
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- state
			case svc.ParamChange:
				if running != nil {
					// What is wrong is in the log.
					go func() { _, _ = reload(ctx, h.settings, running) }()
				}
			case svc.Stop, svc.Shutdown, svc.PreShutdown:
				state = svc.Status{State: svc.StopPending, WaitHint: uint32(stopHint.Milliseconds())}
				status <- state
				cancel(errStopped)
			}
		case h.err = <-ended:
			if h.err != nil {
				say((*eventlog.Log).Error, eventError, h.err.Error())
				return true, serviceFailed
			}
			say((*eventlog.Log).Info, eventState, "stopped")
			return false, 0
		}
	}
}

// runEngine runs the engine until the context of the command ends.
func (h *service) runEngine(events *eventlog.Log, started chan<- *engine.Engine) error {
	var out io.Writer = io.Discard // a service has no standard error
	if h.log != "" {
		f, err := openLogFile(h.log)
		if err != nil {
			return fmt.Errorf("log file: %w", err)
		}
		defer f.Close()
		out = f
	}
	// Services begin in a folder of Windows. Paths are meant from where the configuration is.
	if path := h.settings.source().Path; path != "" {
		if err := os.Chdir(filepath.Dir(path)); err != nil {
			return err
		}
	}
	in := host{
		logger: func(level string) hclog.Logger { return newServiceLogger(level, out, events) },
		// Signals are not for services: one comes when any user logs off.
		until: func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) },
	}
	err := runEngine(h.cmd, h.settings, in, io.Discard, false, func(_ context.Context, e *engine.Engine, _ func()) { started <- e })
	if err != nil {
		// Execute has it in the event log.
		newServiceLogger("error", out, nil).Error("the service ends", "error", err)
	}
	return err
}
