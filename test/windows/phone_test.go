//go:build integration && linux

package windows

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// deadline bounds every wait of these tests; nothing should come near it.
const deadline = 2 * time.Minute

// event has what these tests look at of any event.
type event struct {
	Type       string
	Account    int
	Call       api.CallID
	Registered bool
	Code       int
	State      string
	Reason     string
	Digit      string
	Outcome    string
	Codec      string
	Path       string
	Remote     string
	NewCall    api.CallID `json:"new_call"`
	RX, TX     api.DirectionStats
	Media      []api.Media
	Transports []api.TransportAddress
	Error      string
}

// phone is a running `offhook run`, of Windows or of Linux, commanded by its API.
type phone struct {
	*api.Client
	*peers.Program
	t          *testing.T
	name       string
	recordings string            // folder of recordings, as Linux has it
	token      string            // file of the tokens
	address    map[string]string // host:port of its UDP, TCP and TLS

	events peers.Told[event]
}

// options are what a test chooses of a phone.
type options struct {
	ini  string   // text of the configuration
	args []string // more flags of run
	dir  string   // folder of its files, one of the test's when empty
}

// accounts are the lines of users at a Kamailio. transport is udp, tcp or tls.
func accounts(k *peers.Kamailio, transport string, users ...string) string {
	server := map[string]string{"udp": k.UDP, "tcp": k.TCP, "tls": k.TLS}[transport]
	ini := "[Account]\n"
	for i, user := range users {
		ini += strings.ReplaceAll(fmt.Sprintf("server-N = %s\nusername-N = %s\npassword-N = %s\ntransport-N = %s\nregisterRefresh-N = 60\n",
			server, user, peers.Password(user), transport), "-N", fmt.Sprint("-", i+1))
	}
	return ini
}

// startWindows runs offhook.exe in w until the test ends, and waits until it serves.
func startWindows(t *testing.T, w *peers.Wine, o options) *phone {
	t.Helper()
	p, args := prepare(t, "offhook.exe", o, w.Path)
	p.Program = w.Start(peers.WineCommand{Program: exe, Args: args, Dir: filepath.Dir(p.token), Line: p.line})
	return p.serving()
}

// startLinux is startWindows of the program for Linux.
func startLinux(t *testing.T, o options) *phone {
	t.Helper()
	p, args := prepare(t, "offhook", o, func(path string) string { return path })
	cmd := exec.Command(program, args...)
	cmd.Dir, cmd.Env = filepath.Dir(p.token), environment()
	p.Program = peers.StartProgram(t, "offhook "+strings.Join(args, " "), cmd, p.line)
	return p.serving()
}

// prepare writes the files of a phone. path gives files the names that it has for them.
func prepare(t *testing.T, name string, o options, path func(string) string) (p *phone, args []string) {
	t.Helper()
	dir := o.dir
	if dir == "" {
		dir = t.TempDir()
	}
	listen := fmt.Sprintf("%s:%d", peers.Loopback, peers.FreePorts(t, 1))
	const token = "0123456789abcdefghijklmnopq"
	p = &phone{
		Client: &api.Client{URL: "http://" + listen, Token: token}, t: t, name: name,
		recordings: filepath.Join(dir, "nahrávky"), token: filepath.Join(dir, "tokens"), address: map[string]string{},
	}
	ini := filepath.Join(dir, "tělefon.ini")
	check(t, os.WriteFile(ini, []byte(o.ini), 0o600))
	check(t, os.WriteFile(p.token, []byte("test admin "+token+"\n"), 0o600))
	args = append([]string{
		"run", "--json", "-c", path(ini), "--bind-address", peers.Loopback, "--socket", "none",
		"--api-listen", listen, "--api-token-file", path(p.token),
		"--recording-path", path(p.recordings), "--prompt-path", path(filepath.Join(dir, "nápovědy")),
	}, o.args...)
	return p, args
}

// serving waits until the phone's API answers.
func (p *phone) serving() *phone {
	p.t.Helper()
	for _, tp := range p.await("EngineStarted", func(e event) bool { return e.Type == "EngineStarted" }).Transports {
		p.address[tp.Type] = tp.Address
	}
	limit := time.Now().Add(deadline)
	for {
		_, err := p.Status(p.soon())
		if err == nil {
			return p
		}
		if time.Now().After(limit) || p.Ended() {
			p.t.Fatalf("%s: its API: %v", p.name, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// soon bounds a command that ends at once when all is well.
func (p *phone) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	p.t.Cleanup(cancel)
	return ctx
}

// line takes a line of standard output, which must be an event as the schema has it.
func (p *phone) line(text string) {
	var e event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		p.t.Errorf("%s printed a line that is no event: %s", p.name, text)
	} else if err := eventSchema.Validate([]byte(text)); err != nil {
		p.t.Errorf("%s: %v: %s", p.name, err, text)
	}
	p.events.Add(e)
}

// await returns the first event that matches, those until now included as far as forget has not been called since.
func (p *phone) await(what string, match func(event) bool) event {
	p.t.Helper()
	return p.events.Await(p.t, p.name, what, deadline, p.Done(), match)
}

// forget makes await look only at events from now on.
func (p *phone) forget() {
	p.events.Forget()
}

// of returns the events of a type until now.
func (p *phone) of(typ string) []event {
	var list []event
	for _, e := range p.events.All() {
		if e.Type == typ {
			list = append(list, e)
		}
	}
	return list
}

// awaitRegistered waits until n accounts are registered.
func (p *phone) awaitRegistered(n int) {
	p.t.Helper()
	for account := 1; account <= n; account++ {
		p.await(fmt.Sprint("registration of account ", account), func(e event) bool {
			return e.Type == "RegistrationChanged" && e.Account == account && e.Registered
		})
	}
}

// awaitState waits until a call is in a state; call 0 is any.
func (p *phone) awaitState(call api.CallID, state string) event {
	p.t.Helper()
	return p.await(state, func(e event) bool {
		return e.Type == "CallStateChanged" && e.State == state && (call == 0 || e.Call == call)
	})
}

// awaitEnd waits for the final figures of a call; call 0 is any.
func (p *phone) awaitEnd(call api.CallID) event {
	p.t.Helper()
	return p.await("CallEnded", func(e event) bool { return e.Type == "CallEnded" && (call == 0 || e.Call == call) })
}

// awaitMedia waits until the audio of a call is in a status.
func (p *phone) awaitMedia(call api.CallID, status string) api.Media {
	p.t.Helper()
	return p.await("media "+status, func(e event) bool {
		return e.Type == "CallMediaChanged" && e.Call == call && len(e.Media) == 1 && e.Media[0].Status == status
	}).Media[0]
}

// dial calls uri by an account and returns the call.
func (p *phone) dial(account int, uri string) api.CallID {
	p.t.Helper()
	call, err := p.Dial(p.soon(), api.DialRequest{URI: uri, Account: &account})
	check(p.t, err)
	return call.ID
}

// takes answers the next call that comes in.
func (p *phone) takes() api.CallID {
	p.t.Helper()
	call := p.await("IncomingCall", func(e event) bool { return e.Type == "IncomingCall" }).Call
	_, err := p.Answer(p.soon(), call, api.AnswerRequest{})
	check(p.t, err)
	return call
}

// connects has p call uri, where q answers, and returns both ends once they are up.
func (p *phone) connects(account int, uri string, q *phone) (ours, theirs api.CallID) {
	p.t.Helper()
	p.forget()
	q.forget()
	ours = p.dial(account, uri)
	theirs = q.takes()
	p.awaitState(ours, "CONFIRMED")
	q.awaitState(theirs, "CONFIRMED")
	return ours, theirs
}

// stops ends the phone by an interrupt, after which it must have told that it ended well.
func (p *phone) stops() {
	p.t.Helper()
	p.Interrupt()
	if code := p.Wait(); code != 0 {
		p.t.Errorf("%s: exit code %d after an interrupt", p.name, code)
	}
	if last := p.of("EngineStopped"); len(last) != 1 || last[0].Error != "" {
		p.t.Errorf("%s: %+v", p.name, last)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
