package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// ivrProcess is the other process of the demo: this program as demo-ivr.
type ivrProcess struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	events chan ivrEvent // closed when the process has closed its output
}

// ivrEvent is what the demo wants to know of an event of the IVR.
type ivrEvent struct {
	Type       string                    `json:"type"`
	Transports []engine.TransportAddress `json:"transports"`
}

func startIVR(dir string, remove bool) (*ivrProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &ivrProcess{
		cmd: exec.Command(self, "demo-ivr", "--dir", dir, fmt.Sprintf("--remove=%t", remove)),
		// The calls of the demo have some 30 events.
		events: make(chan ivrEvent, 1000),
	}
	p.cmd.Stderr = os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.events)
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			var ev ivrEvent
			if json.Unmarshal(lines.Bytes(), &ev) == nil {
				p.events <- ev
			}
		}
	}()
	return p, nil
}

// await reads events until one matches.
func (p *ivrProcess) await(ctx context.Context, what string, match func(ivrEvent) bool) (ivrEvent, error) {
	limit := time.NewTimer(stepTime)
	defer limit.Stop()
	for {
		select {
		case ev, ok := <-p.events:
			if !ok {
				return ev, fmt.Errorf("the IVR ended, when it was to report: %s", what)
			}
			if match(ev) {
				return ev, nil
			}
		case <-ctx.Done():
			return ivrEvent{}, ctx.Err()
		case <-limit.C:
			return ivrEvent{}, fmt.Errorf("the IVR did not report within %v: %s", stepTime, what)
		}
	}
}

// watch calls gone when the process ends, and says then that it has; it reads all events.
func (p *ivrProcess) watch(gone func()) *atomic.Bool {
	var ended atomic.Bool
	go func() {
		for range p.events {
		}
		ended.Store(true)
		gone()
	}()
	return &ended
}

// stop ends the process and waits until it has ended.
func (p *ivrProcess) stop() {
	_ = p.stdin.Close() // which it takes for the end
	kill := time.AfterFunc(stepTime, func() { _ = p.cmd.Process.Kill() })
	defer kill.Stop()
	for range p.events {
	}
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintf(os.Stderr, "offhook: the IVR: %v\n", err)
	}
}
