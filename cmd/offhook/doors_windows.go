package main

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
)

// titleCheck is how often the title of the window is compared with the account that dials,
// which changes in many ways.
const titleCheck = time.Second

// openDoors lets other programs command the engine by window messages, from when it has
// started until ctx ends. closeDoors is called when the engine has ended, which Windows
// waits for at the end of a session.
func openDoors(ctx context.Context, e *engine.Engine, set config.Settings, log hclog.Logger, stop func()) (closeDoors func()) {
	if !set.WindowMessages {
		return func() {}
	}
	ended, closed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		select {
		case <-e.Started():
			serveDoors(ctx, &visitors{e, log, stop}, ended)
		case <-ctx.Done():
		}
	}()
	return func() {
		close(ended)
		<-closed
	}
}

// serveDoors has the doors. One that cannot be opened is in the log: the engine has others.
func serveDoors(ctx context.Context, v *visitors, ended <-chan struct{}) {
	q := microsip.NewQueue(v)
	window, err := microsip.OpenWindow(q, v.title())
	if err != nil {
		v.log.Warn("no window messages are taken", "error", err)
	} else {
		defer window.Close()
		v.log.Info("window messages are taken", "class", microsip.WindowClass)
	}
	dde, err := microsip.OpenDDE(q, v.e.PhoneStatus)
	if err != nil {
		v.log.Warn("no DDE", "error", err)
	} else {
		defer dde.Close()
		v.log.Info("DDE is taken", "service", microsip.DDEService)
	}
	// Their programs are told that nobody is there any more while the engine ends.
	defer func() { <-ended }()
	defer func() {
		if left := q.Close(); left > 0 {
			v.log.Warn("commands came too late", "count", left)
		}
	}()
	check := time.NewTicker(titleCheck)
	defer check.Stop()
	for {
		select {
		case <-check.C:
			if window != nil {
				window.SetTitle(v.title())
			}
		case <-ctx.Done():
			return
		}
	}
}

// visitors are those who come by the doors.
type visitors struct {
	e    *engine.Engine
	log  hclog.Logger
	stop func()
}

func (v *visitors) Dialect() config.Dialect { return v.e.Dialect() }

func (v *visitors) title() string { return microsip.WindowTitle(v.e.Dialect(), v.e.DialName()) }

func (v *visitors) Command(ctx context.Context, line string) (microsip.Result, error) {
	return v.told(v.e.Command(ctx, line, v.stop))
}

func (v *visitors) Execute(ctx context.Context, c microsip.Command) (microsip.Result, error) {
	return v.told(v.e.Execute(ctx, c, v.stop))
}

// told has the log say what failed: the program that asked is not told.
func (v *visitors) told(res microsip.Result, err error) (microsip.Result, error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		v.log.Warn("a command of another program", "command", res.Command, "error", err)
	}
	return res, err
}
