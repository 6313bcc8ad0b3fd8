//go:build linux

package peers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	upDeadline   = 2 * time.Minute // from the start of a process until it serves
	stopDeadline = time.Minute     // from TERM until KILL
	logTail      = 8 << 10         // bytes of a log that a failure shows
)

// process is one running peer. It leads a process group of its own, so that its children can be found.
type process struct {
	tb   testing.TB
	name string
	log  string // file with its standard output and standard error
	cmd  *exec.Cmd

	stopping atomic.Bool   // an end is no longer a surprise
	done     chan struct{} // closed when the process has ended and was waited for
}

// command is what startProcess runs.
type command struct {
	name string // for messages
	log  string // file that takes standard output and standard error, appended to
	dir  string // working directory
	env  []string
	argv []string
	ends bool // the process ends by itself: its end is no failure
}

// startProcess starts c and watches it: an end that nobody asked for fails the test.
func startProcess(tb testing.TB, c command) *process {
	tb.Helper()
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		tb.Fatal(err)
	}
	defer log.Close()
	p := &process{tb: tb, name: c.name, log: c.log, done: make(chan struct{})}
	p.stopping.Store(c.ends)
	p.cmd = exec.Command(c.argv[0], c.argv[1:]...)
	p.cmd.Dir, p.cmd.Env = c.dir, append(os.Environ(), c.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		tb.Fatalf("%s: %v (test/peers/install.sh installs what the tests need)", c.name, err)
	}
	go func() {
		err := p.cmd.Wait()
		if !p.stopping.Load() {
			tb.Errorf("%s (pid %d) ended by itself: %v\n%s", p.name, p.pid(), err, tail(p.log, logTail))
		}
		close(p.done)
	}()
	return p
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// ended reports whether the process is gone.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// signal sends sig to the process, not to its group.
func (p *process) signal(sig syscall.Signal) {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Errorf("%s (pid %d): %v: %v", p.name, p.pid(), sig, err)
	}
}

// stop ends the process and is safe to call again. Having to kill it, or a child that it left behind, fails the
// test: a peer that does not stop cleanly hides what the test did to it.
func (p *process) stop() {
	p.tb.Helper()
	p.stopping.Store(true)
	if !p.ended() {
		p.signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(stopDeadline):
			p.tb.Errorf("%s (pid %d) did not end within %v of TERM, killed\n%s", p.name, p.pid(), stopDeadline, tail(p.log, logTail))
			p.signal(syscall.SIGKILL)
			<-p.done
		}
	}
	if syscall.Kill(-p.pid(), syscall.SIGKILL) == nil {
		p.tb.Errorf("%s (pid %d) left children behind, killed", p.name, p.pid())
	}
}

// waitUp calls serves until it returns nil. It ends the test when the process ends first, or the deadline passes.
func (p *process) waitUp(serves func() error) {
	p.tb.Helper()
	err := poll(upDeadline, p.done, serves)
	if err == nil {
		return
	}
	p.stopping.Store(true) // said here, not twice
	if p.ended() {
		p.tb.Fatalf("%s ended while it started: %v\n%s", p.name, p.cmd.ProcessState, tail(p.log, logTail))
	}
	p.tb.Fatalf("%s is not up after %v: %v\n%s", p.name, upDeadline, err, tail(p.log, logTail))
}

// poll calls f until it returns nil, stop is closed or d has passed, and returns f's last error.
func poll(d time.Duration, stop <-chan struct{}, f func() error) error {
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := f()
		if err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-stop:
			return err
		case <-deadline.C:
			return err
		}
	}
}

// tail returns the last max bytes of a file for a failure message, from the start of a line.
func tail(path string, max int64) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	cut := false
	if st, err := f.Stat(); err == nil && st.Size() > max {
		_, err = f.Seek(-max, io.SeekEnd)
		cut = err == nil
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	if i := bytes.IndexByte(b, '\n'); cut && i >= 0 {
		b = b[i+1:]
	}
	return fmt.Sprintf("--- end of %s ---\n%s", path, b)
}
