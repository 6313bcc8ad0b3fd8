//go:build cgo

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// deadline bounds every wait of these tests; nothing should come near it.
const deadline = 60 * time.Second

// process is the program, started with --json.
type process struct {
	t    *testing.T
	args string
	cmd  *exec.Cmd

	stderr bytes.Buffer  // once exited is closed
	exited chan struct{} // it ended, and nobody has its output open any more

	mu    sync.Mutex
	lines []line
	from  int           // where await begins
	more  chan struct{} // closed and replaced with each line
}

// line is a JSON object that the program printed.
type line map[string]any

func (l line) typ() string { s, _ := l["type"].(string); return s }

// number returns a member that is one, -1 when it is none.
func (l line) number(names ...string) float64 {
	var v any = map[string]any(l)
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	n, ok := v.(float64)
	if !ok {
		return -1
	}
	return n
}

// start runs the program with args until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startAs(t, "offhook", nil, args...)
}

// startAs starts another program of TestMain, with another standard output.
func startAs(t *testing.T, program string, stdout *os.File, args ...string) *process {
	t.Helper()
	// Engines of tests that command none need no socket; a flag wins over the variable.
	return launch(t, self(t), []string{asOffhook + "=" + program, "OFFHOOK_SOCKET=none"}, stdout, args...)
}

// startWith is start with other variables.
func startWith(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	return launch(t, self(t), append([]string{asOffhook + "=offhook"}, env...), nil, args...)
}

// startProgram starts a program that was built before.
func startProgram(t *testing.T, program string, args ...string) *process {
	t.Helper()
	return launch(t, program, nil, nil, args...)
}

func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func launch(t *testing.T, program string, env []string, stdout *os.File, args ...string) *process {
	t.Helper()
	p := &process{
		t: t, args: strings.Join(args, " "), cmd: exec.Command(program, args...),
		exited: make(chan struct{}), more: make(chan struct{}),
	}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = &p.stderr
	r, w := io.Pipe()
	p.cmd.Stdout = w
	if stdout != nil {
		p.cmd.Stdout = stdout
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		p.read(r)
	}()
	go func() {
		defer close(p.exited)
		// Until the last process that has standard error open has ended.
		_ = p.cmd.Wait()
		_ = w.Close()
		<-read
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		select {
		case <-p.exited:
		case <-time.After(deadline):
			t.Errorf("offhook %s has left a process", p.args)
			return
		}
		if t.Failed() {
			t.Logf("offhook %s: standard error:\n%s", p.args, p.stderr.String())
		}
	})
	return p
}

func (p *process) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		l := line{}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.typ() == "" {
			p.t.Errorf("offhook %s printed a line that is no event: %s", p.args, lines.Text())
		}
		checkEvent(p.t, lines.Bytes())
		p.mu.Lock()
		p.lines = append(p.lines, l)
		close(p.more)
		p.more = make(chan struct{})
		p.mu.Unlock()
	}
}

// await returns the first line that matches, the past ones included.
func (p *process) await(what string, match func(line) bool) line {
	p.t.Helper()
	limit := time.After(deadline)
	for seen := 0; ; {
		p.mu.Lock()
		seen = max(seen, p.from)
		fresh, more := p.lines[seen:], p.more
		p.mu.Unlock()
		for _, l := range fresh {
			if match(l) {
				return l
			}
		}
		seen += len(fresh)
		select {
		case <-more:
			continue
		case <-p.exited:
		case <-limit:
		}
		p.mu.Lock()
		done := seen == len(p.lines)
		p.mu.Unlock()
		if done {
			p.t.Fatalf("offhook %s: no %s; printed: %v", p.args, what, p.all())
		}
	}
}

// skip makes await look only at lines that are printed from now on.
func (p *process) skip() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from = len(p.lines)
}

func (p *process) awaitType(typ string) line {
	p.t.Helper()
	return p.await(typ, func(l line) bool { return l.typ() == typ })
}

func (p *process) awaitState(state string) line {
	p.t.Helper()
	return p.await(state, func(l line) bool { return l.typ() == "CallStateChanged" && l["state"] == state })
}

func (p *process) all() []line {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]line(nil), p.lines...)
}

func (p *process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
}

// code waits for the end and returns the exit code, of a signal 128 and its number.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(deadline):
		p.t.Fatalf("offhook %s does not end; printed: %v", p.args, p.all())
	}
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}

// last is the last line that the program printed before it ended.
func (p *process) last() line {
	p.t.Helper()
	all := p.all()
	if len(all) == 0 {
		p.t.Fatalf("offhook %s printed nothing", p.args)
	}
	return all[len(all)-1]
}

// phone starts offhook run on a free port of the loopback interface and returns it
// with the address that it listens on.
func phone(t *testing.T, args ...string) (*process, string) {
	t.Helper()
	p := start(t, append([]string{"run", "--json", "--bind-address", "127.0.0.1"}, args...)...)
	started := p.awaitType("EngineStarted")
	return p, started["transports"].([]any)[0].(map[string]any)["address"].(string)
}

// dial runs offhook call until it ends.
func dial(t *testing.T, uri string, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"call", uri, "--json", "--bind-address", "127.0.0.1"}, args...)...)
}

// summary checks the exit code and the result of a call and returns its last line.
func (p *process) summary(code int, result string) line {
	p.t.Helper()
	if got := p.code(); got != code {
		p.t.Errorf("offhook %s: exit code %d, want %d", p.args, got, code)
	}
	s := p.last()
	if s.typ() != "CallSummary" || s["result"] != result {
		p.t.Errorf("offhook %s: last line %v, want a CallSummary with the result %s", p.args, s, result)
	}
	for _, name := range []string{"code", "reason", "ring_ms", "answer_ms", "duration_ms", "codec", "rx", "tx", "rtt_ms"} {
		if _, ok := s[name]; !ok {
			p.t.Errorf("the summary has no %s: %v", name, s)
		}
	}
	for _, direction := range []string{"rx", "tx"} {
		for _, name := range []string{"packets", "lost", "jitter_ms"} {
			if s.number(direction, name) < 0 {
				p.t.Errorf("the summary has no %s.%s: %v", direction, name, s)
			}
		}
	}
	return s
}
