//go:build integration && linux

package integration

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// deadline bounds every wait of these tests; nothing should come near it.
const deadline = 2 * time.Minute

// The exit codes of offhook call, see its --help.
const (
	exitOK             = 0
	exitUsage          = 1
	exitRejected       = 2
	exitNotAnswered    = 3
	exitRegisterFailed = 4
	exitMediaFailed    = 5
)

// line is a JSON object that the program printed.
type line map[string]any

func (l line) typ() string { return l.text("type") }

// text returns a member that is a string, "" when it is none.
func (l line) text(names ...string) string {
	s, _ := l.member(names).(string)
	return s
}

// number returns a member that is a number, -1 when it is none.
func (l line) number(names ...string) float64 {
	if n, ok := l.member(names).(float64); ok {
		return n
	}
	return -1
}

// member goes into objects by name, and into lists to their first element.
func (l line) member(names []string) any {
	var v any = map[string]any(l)
	for _, name := range names {
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// process is a running offhook whose output is lines of JSON.
type process struct {
	t    *testing.T
	args string
	cmd  *exec.Cmd

	output io.ReadCloser // standard output, a pipe
	gate   sync.Mutex    // held by a test to read no output meanwhile
	stderr bytes.Buffer  // to be read once exited is closed
	exited chan struct{} // it has ended, and all of its output is in lines

	lines peers.Told[line]
}

// start runs the program with args until the test ends.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := prepare(t, args...)
	p.begin()
	return p
}

// prepare is start without the last step, for a test that changes the command.
func prepare(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{
		t: t, args: strings.Join(args, " "), cmd: exec.Command(program, args...),
		exited: make(chan struct{}),
	}
	// Nothing but args configures it, whatever the tester's environment and folder hold.
	p.cmd.Dir, p.cmd.Env = t.TempDir(), environment()
	p.cmd.Stderr = &p.stderr
	var err error
	if p.output, err = p.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	return p
}

// environment is the tester's, without what would configure offhook. Several engines run at
// a time, and none is commanded: they have no socket, unless a flag says so.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "OFFHOOK_") })
	return append(env, "OFFHOOK_SOCKET=none")
}

func (p *process) begin() {
	p.t.Helper()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		defer close(p.exited)
		p.read(p.output)
		_ = p.cmd.Wait() // the tests look at the exit code
	}()
	p.t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // where the test has not ended it
		<-p.exited
		if p.t.Failed() {
			p.t.Logf("offhook %s: printed %v\nstandard error:\n%s", p.args, p.all(), p.stderr.String())
		}
	})
}

// startRun runs offhook run with args and waits until it listens.
func startRun(t *testing.T, args ...string) *process {
	t.Helper()
	p := start(t, append([]string{"run", "--json", "--bind-address", "127.0.0.1"}, args...)...)
	p.awaitType("EngineStarted")
	return p
}

// startCall runs offhook call; see process.summary.
func startCall(t *testing.T, uri string, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"call", uri, "--json", "--bind-address", "127.0.0.1"}, args...)...)
}

func (p *process) read(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l := line{}
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.typ() == "" {
			p.t.Errorf("offhook %s printed a line that is no event: %s", p.args, lines.Text())
		}
		if typ := l.typ(); typ != "" && typ != "CallSummary" && typ != "CommandResult" && typ != "Error" && !strings.HasPrefix(typ, "Load") {
			if err := eventSchema.Validate(lines.Bytes()); err != nil {
				p.t.Errorf("offhook %s: %v: %s", p.args, err, lines.Text())
			}
		}
		p.gate.Lock()
		p.lines.Add(l)
		p.gate.Unlock()
	}
	_, _ = io.Copy(io.Discard, r) // after a line that is too long, which is none of ours
}

// await returns the first line that matches, those that were printed before included,
// as far as forget has not been called since.
func (p *process) await(what string, match func(line) bool) line {
	p.t.Helper()
	return p.lines.Await(p.t, "offhook "+p.args, what, deadline, p.exited, match)
}

// forget makes await look only at lines that are printed from now on.
func (p *process) forget() {
	p.lines.Forget()
}

// awaitType waits for an event of that type.
func (p *process) awaitType(typ string) line {
	p.t.Helper()
	return p.await(typ, func(l line) bool { return l.typ() == typ })
}

// awaitState waits for a call that gets into that state.
func (p *process) awaitState(state string) line {
	p.t.Helper()
	return p.await(state, func(l line) bool { return l.typ() == "CallStateChanged" && l["state"] == state })
}

// awaitRegistered waits until that account is registered.
func (p *process) awaitRegistered(account int) line {
	p.t.Helper()
	return p.await("registration", func(l line) bool {
		return l.typ() == "RegistrationChanged" && l.number("account") == float64(account) && l["registered"] == true
	})
}

// all returns what was printed until now.
func (p *process) all() []line {
	return p.lines.All()
}

// ofType returns the events of that type until now.
func (p *process) ofType(typ string) []line {
	var list []line
	for _, l := range p.all() {
		if l.typ() == typ {
			list = append(list, l)
		}
	}
	return list
}

func (p *process) signal(sig os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatalf("offhook %s: %v: %v", p.args, sig, err)
	}
}

// code waits for the end and returns the exit code, -1 after a signal.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.exited:
	case <-time.After(deadline):
		p.t.Fatalf("offhook %s does not end within %v", p.args, deadline)
	}
	return p.cmd.ProcessState.ExitCode()
}

// last waits for the end and returns the last line that was printed.
func (p *process) last() line {
	p.t.Helper()
	p.code()
	all := p.all()
	if len(all) == 0 {
		p.t.Fatalf("offhook %s printed nothing", p.args)
	}
	return all[len(all)-1]
}

// errors waits for the end and returns what went to standard error.
func (p *process) errors() string {
	p.t.Helper()
	p.code()
	return p.stderr.String()
}

// summary waits for the end of an offhook call, checks exit code and result, and
// returns the CallSummary.
func (p *process) summary(code int, result string) line {
	p.t.Helper()
	s := p.last()
	if got := p.code(); got != code {
		p.t.Errorf("offhook %s: exit code %d, want %d", p.args, got, code)
	}
	if s.typ() != "CallSummary" || s["result"] != result {
		p.t.Fatalf("offhook %s: last line %v, want a CallSummary with the result %s", p.args, s, result)
	}
	return s
}

// writeINI writes a configuration and returns its path.
func writeINI(t *testing.T, text string) string {
	t.Helper()
	return writeFile(t, "offhook.ini", text)
}

// writeFile writes a file of its own folder and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
