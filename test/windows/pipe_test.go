//go:build integration && linux

package windows

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

const pipePrefix = `\\.\pipe\offhook-`

// commander runs verbs of offhook.exe against the engine of a configuration, by its pipe.
type commander struct {
	t   *testing.T
	w   *peers.Wine
	ini string // as Windows has it
}

// configure writes a configuration of one engine.
func configure(t *testing.T, w *peers.Wine, name, text string) *commander {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("[Settings]\nbindAddress = 127.0.0.1\nenableLocalAccount = 1\n"+text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &commander{t, w, w.Path(path)}
}

// verb runs a verb, which ends with the exit code want, and returns its standard output.
func (c *commander) verb(want int, args ...string) string {
	c.t.Helper()
	p := c.w.Start(peers.WineCommand{Program: exe, Args: append(args[:1:1], append([]string{"-c", c.ini}, args[1:]...)...)})
	p.Stdin.Close()
	code := p.Wait()
	out := strings.Join(p.Lines(), "\n")
	if code != want {
		c.t.Errorf("%q: exit code %d, want %d: %s%s", args, code, want, out, p.Stderr())
	}
	return out
}

// ask is verb with --json, whose answer becomes v.
func (c *commander) ask(v any, args ...string) {
	c.t.Helper()
	if out := c.verb(0, append(args, "--json")...); json.Unmarshal([]byte(out), v) != nil {
		c.t.Fatalf("%q printed %s", args, out)
	}
}

// typed says whether a line is an event of a type.
func typed(typ string) func(string) bool {
	return func(line string) bool { return strings.Contains(line, `"type":"`+typ+`"`) }
}

// The verbs command an engine by the named pipe of its configuration, and follow its events.
func TestNamedPipe(t *testing.T) {
	w := peers.StartWine(t)
	run := func(c *commander, args ...string) (done func() int, address string) {
		t.Helper()
		p := w.Start(peers.WineCommand{Program: exe, Args: append([]string{"run", "--json", "-c", c.ini}, args...)})
		var started struct {
			Transports []struct{ Address string }
		}
		if err := json.Unmarshal([]byte(p.Await("EngineStarted", typed("EngineStarted"))), &started); err != nil || len(started.Transports) == 0 {
			t.Fatalf("%+v, %v", started, err)
		}
		return p.Wait, started.Transports[0].Address
	}
	us := configure(t, w, "žluťoučký.ini", "")
	ours, _ := run(us)
	them := configure(t, w, "other.ini", "autoAnswer = all\n")
	theirs, far := run(them, "--socket", pipePrefix+"by-name")

	var st api.Status
	us.ask(&st, "status")
	if len(st.API) != 1 || !strings.HasPrefix(st.API[0], pipePrefix) || st.State != "running" {
		t.Errorf("the status is %+v", st)
	}
	them.verb(6, "status")
	them.verb(0, "status", "--socket", pipePrefix+"by-name")
	second := w.Start(peers.WineCommand{Program: exe, Args: []string{"run", "-c", us.ini}})
	if code := second.Wait(); code != 1 || !strings.Contains(second.Stderr(), "an engine runs already and listens on "+st.API[0]) {
		t.Errorf("a second engine of the configuration: exit code %d: %s", code, second.Stderr())
	}

	events := w.Start(peers.WineCommand{Program: exe, Args: []string{"events", "--json", "-c", us.ini}})
	interrupted := w.Start(peers.WineCommand{Program: exe, Args: []string{"events", "--json", "-c", us.ini}})
	events.Await("Snapshot", typed("Snapshot"))
	interrupted.Await("Snapshot", typed("Snapshot"))
	interrupted.Interrupt()
	interrupted.Wait()

	var call api.Call
	us.ask(&call, "dial", "sip:x@"+far, "--wait", "60s")
	us.verb(0, "dtmf", "12")
	us.verb(0, "hold")
	us.verb(0, "hangup", "--call", fmt.Sprint(call.ID))
	events.Await("CallEnded", typed("CallEnded"))
	us.verb(7, "hangup", "--call", fmt.Sprint(call.ID))
	us.verb(0, "microsip", "--", "sip:y@"+far)
	us.verb(0, "microsip", "--", "/hangupall")
	us.verb(0, "stop")
	if code := ours(); code != 0 {
		t.Errorf("the engine ended with exit code %d", code)
	}
	if code := events.Wait(); code != 0 {
		t.Errorf("the stream of events ended with exit code %d", code)
	}
	us.verb(6, "status")
	them.verb(0, "stop", "--socket", pipePrefix+"by-name")
	if code := theirs(); code != 0 {
		t.Errorf("the other engine ended with exit code %d", code)
	}
}

// A service registers and calls; when it is stopped its calls have ended and its registration
// is gone.
func TestService(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	w := peers.StartWine(t)
	account := func(user string) string {
		return fmt.Sprintf("[Account]\nserver = %s\nusername = %s\npassword = %s\n", k.UDP, user, peers.Password(user))
	}
	us := configure(t, w, "služba.ini", account("alice"))
	them := configure(t, w, "other.ini", "autoAnswer = all\n"+account("bob"))
	far := w.Start(peers.WineCommand{Program: exe, Args: []string{"run", "--json", "-c", them.ini}})
	far.Await("EngineStarted", typed("EngineStarted"))

	service := func(want int, args ...string) string {
		t.Helper()
		p := w.Start(peers.WineCommand{Program: exe, Args: append([]string{"service"}, args...)})
		p.Stdin.Close()
		code := p.Wait()
		out := strings.Join(p.Lines(), "\n")
		if code != want {
			t.Errorf("service %q: exit code %d, want %d: %s%s", args, code, want, out, p.Stderr())
		}
		return out
	}
	log := filepath.Join(t.TempDir(), "služba.log")
	service(0, "install", "-c", us.ini, "--log-file", w.Path(log))
	service(0, "start")
	service(0, "start") // it runs
	if out := service(0, "status"); !strings.Contains(out, "running") {
		t.Errorf("the service is\n%s", out)
	}
	k.WaitLocations(2, time.Minute)
	var st api.Status
	us.ask(&st, "status")
	if st.State != "running" || st.Registered != 1 {
		t.Errorf("the engine is %+v", st)
	}
	var call api.Call
	us.ask(&call, "dial", "bob", "--wait", "60s")
	far.Await("CONFIRMED", func(l string) bool { return strings.Contains(l, `"CONFIRMED"`) })
	service(0, "stop")
	far.Await("CallEnded", typed("CallEnded"))
	k.WaitLocations(1, time.Minute)
	us.verb(6, "status")
	service(6, "status")
	// By its API it stops as well, and stays stopped.
	service(0, "start")
	us.verb(0, "stop")
	service(0, "stop")
	service(0, "uninstall")
	them.verb(0, "stop")
	if code := far.Wait(); code != 0 {
		t.Errorf("the other engine ended with exit code %d", code)
	}
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "listening for commands") {
		t.Errorf("the log is %q, %v", text, err)
	}
}
