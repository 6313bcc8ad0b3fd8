//go:build linux

package peers

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Program is a running program that is no peer but what is tested, or what commands that: its standard output is
// read by lines, it may end by itself, and its exit code is the test's to judge.
type Program struct {
	Stdin io.WriteCloser // closing it is the end of its standard input

	tb   testing.TB
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended and its output was read

	lines Told[string] // of standard output
	line  func(string)

	mu     sync.Mutex
	part   []byte // of a line whose end has not come
	stderr bytes.Buffer
}

// StartProgram starts cmd, which has no standard input or output yet. It is killed when the test ends before it does.
// The name is for messages. line, unless nil, is called with each line of its standard output, from one goroutine.
func StartProgram(tb testing.TB, name string, cmd *exec.Cmd, line func(string)) *Program {
	tb.Helper()
	p := &Program{tb: tb, name: name, cmd: cmd, done: make(chan struct{}), line: line}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the test is none of its own
	cmd.Stdout, cmd.Stderr = writer(p.wrote), writer(p.complained)
	cmd.WaitDelay = 5 * time.Second // what it started may hold its output open
	var err error
	if p.Stdin, err = cmd.StdinPipe(); err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("%s: %v (test/peers/install.sh installs what the tests need)", name, err)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // the tests look at the exit code
	}()
	tb.Cleanup(func() {
		p.Kill()
		if tb.Failed() {
			tb.Logf("%s wrote\n%s\nand to standard error\n%s", name,
				lastBytes(strings.Join(p.Lines(), "\n"), 2*logTail), lastBytes(p.Stderr(), 2*logTail))
		}
	})
	return p
}

// writer is an io.Writer that never fails.
type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// wrote takes what came on standard output.
func (p *Program) wrote(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.part = append(p.part, b...)
	for {
		line, rest, whole := bytes.Cut(p.part, []byte("\n"))
		if !whole {
			return
		}
		text := strings.TrimSuffix(string(line), "\r")
		p.part = rest
		p.lines.Add(text)
		if p.line != nil {
			p.mu.Unlock()
			p.line(text)
			p.mu.Lock()
		}
	}
}

func (p *Program) complained(b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stderr.Write(b)
}

// Lines returns the lines of its standard output until now, without their ends.
func (p *Program) Lines() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.part) > 0 && p.Ended() {
		return append(p.lines.All(), string(p.part))
	}
	return p.lines.All()
}

// Stderr returns what it wrote to standard error until now.
func (p *Program) Stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stderr.String()
}

// Await waits for a line of standard output that match accepts, those until now included, and returns the first.
func (p *Program) Await(what string, match func(line string) bool) string {
	p.tb.Helper()
	return p.lines.Await(p.tb, p.name, what, upDeadline, p.done, match)
}

// Ended reports whether it has ended and all of its output is there.
func (p *Program) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Done is closed when it has ended and all of its output is there.
func (p *Program) Done() <-chan struct{} { return p.done }

// Interrupt is what Ctrl+C is at a console of Windows: os.Interrupt in Go.
func (p *Program) Interrupt() {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatalf("%s: interrupt: %v", p.name, err)
	}
}

// Kill ends it at once, as the task manager of Windows does. Killing it twice does nothing.
func (p *Program) Kill() {
	_ = p.cmd.Process.Kill() // where it has not ended
	<-p.done
}

// Wait waits for its end and returns its exit code: the low 8 bits of what the program said, -1 after Kill. It ends
// the test when that does not come.
func (p *Program) Wait() int {
	p.tb.Helper()
	select {
	case <-p.done:
	case <-time.After(upDeadline):
		p.tb.Fatalf("%s does not end within %v", p.name, upDeadline)
	}
	return p.cmd.ProcessState.ExitCode()
}

// lastBytes returns about the last max bytes of s.
func lastBytes(s string, max int) string {
	if len(s) > max {
		return "..." + s[len(s)-max:]
	}
	return s
}
