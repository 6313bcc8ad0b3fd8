//go:build cgo

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// remoteControl is the program built without cgo, which commands one engine.
type remoteControl struct {
	t       *testing.T
	program string
	flags   []string // that say which engine
}

// buildRemote builds the program without cgo.
func buildRemote(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "offhook")
	cmd := exec.Command("go", "build", "-o", program, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return program
}

// try runs a verb and returns what it did.
func (r *remoteControl) try(args ...string) ran {
	r.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command(r.program, append(slices.Clone(args), r.flags...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		r.t.Fatal(err)
	}
	return ran{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// do runs a verb that works, and returns its JSON.
func (r *remoteControl) do(args ...string) line {
	r.t.Helper()
	got := r.try(append(slices.Clone(args), "--json")...)
	if got.code != exitOK {
		r.t.Fatalf("offhook %s: code %d, %s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return object(r.t, got.stdout)
}

// fails checks that a verb ends with an exit code, and that it says why.
func (r *remoteControl) fails(code int, want string, args ...string) {
	r.t.Helper()
	got := r.try(append(slices.Clone(args), "--json")...)
	if got.code != code || !strings.Contains(got.stderr, want) {
		r.t.Errorf("offhook %s: code %d, %s; want %d and %q", strings.Join(args, " "), got.code, got.stderr, code, want)
	}
	if l := object(r.t, got.stdout); l["type"] != "Error" {
		r.t.Errorf("offhook %s printed %v", strings.Join(args, " "), l)
	}
}

// controlled starts an engine with a socket and returns it with its remote control and
// the address of its SIP.
func controlled(t *testing.T, program string, args ...string) (*process, *remoteControl, string) {
	t.Helper()
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	p, addr := phone(t, append([]string{"--socket", socket, "--prompt-path", filepath.Join(dir, "prompts"),
		"--recording-path", filepath.Join(dir, "recordings"), "--call-log", filepath.Join(dir, "calls.db")}, args...)...)
	return p, &remoteControl{t: t, program: program, flags: []string{"--socket", socket}}, addr
}

// A build without cgo does everything to an engine that has it.
func TestRemoteControl(t *testing.T) {
	program := buildRemote(t)
	tone := writeTone(t, "answer.wav", 440, -18, 300*time.Second)
	near, r, nearAddr := controlled(t, program)
	far, farRemote, farAddr := controlled(t, program, "--auto-answer", "all", "--play-on-answer", tone)
	watch := startProgram(t, program, "events", "--json", "--socket", r.flags[1])
	watch.awaitType("Snapshot")

	if st := r.do("status"); st["state"] != "running" || st.number("calls") != 0 || st.number("pid") != float64(near.cmd.Process.Pid) {
		t.Errorf("status %v", st)
	}
	for _, verb := range []string{"status", "accounts", "calls"} {
		if got := r.try(verb); got.code != exitOK || got.stdout == "" {
			t.Errorf("offhook %s: %v", verb, got)
		}
	}
	r.fails(exitUnknown, "there is no call", "hangup")
	r.fails(exitUnknown, "there is no call 4711", "hold", "--call", "4711")
	r.fails(exitUsage, "nowhere:", "dial", "nowhere:")
	r.fails(exitUnknown, "no account 7", "dial", "1002", "--account", "7")

	call := r.do("dial", "sip:x@"+farAddr, "--header", "X-Order: 4711", "--wait", "60s")
	id := fmt.Sprint(call.number("call"))
	if call["state"] != "CONFIRMED" {
		t.Fatalf("dialled %v", call)
	}
	hold := func(verb, status string) {
		t.Helper()
		watch.skip()
		r.do(verb)
		watch.await(status, func(l line) bool {
			media, _ := l["media"].([]any)
			return l.typ() == "CallMediaChanged" && len(media) == 1 && media[0].(map[string]any)["status"] == status
		})
	}
	hold("hold", "LOCAL_HOLD")
	hold("resume", "ACTIVE")
	r.do("dtmf", "7")
	far.await("digit", func(l line) bool { return l.typ() == "DTMFReceived" && l["digit"] == "7" })
	r.do("message", "--call", id, "hello there", "--wait")
	far.await("message", func(l line) bool {
		return l.typ() == "MessageReceived" && strings.Contains(string(mustJSON(t, l)), "hello there")
	})
	if l := r.do("mute"); l["muted_in"] != true {
		t.Errorf("muted: %v", l)
	}
	if l := r.do("unmute"); l["muted_in"] != false {
		t.Errorf("unmuted: %v", l)
	}
	if l := r.do("mute", "--call", id, "--direction", "out"); l["muted_out"] != true {
		t.Errorf("muted: %v", l)
	}
	r.do("unmute", "--call", id, "--direction", "out")

	// What arrives is recorded, and comes back by the API.
	if f := r.do("record", "heard.wav", "--one-sided"); f["name"] != "heard.wav" {
		t.Errorf("recording %v", f)
	}
	r.fails(exitRefused, "heard.wav already", "record", "heard.wav")
	r.do("play", writeTone(t, "hello.wav", 600, -20, 300*time.Second), "--loop")
	r.do("dtmf", ",,") // two seconds
	r.do("play", "--stop")
	watch.awaitType("PlaybackEnded")
	r.do("record", "--stop")
	watch.awaitType("RecordingEnded")
	checkRecording(t, &api.Client{Socket: r.flags[1]}, "heard.wav", 440)

	// A second call, which rings; a conference of both.
	back := farRemote.do("dial", "sip:y@"+nearAddr)
	near.await("the call back", func(l line) bool {
		return l.typ() == "IncomingCall" && strings.Contains(string(mustJSON(t, l)), "sip:y@")
	})
	r.do("answer")
	near.await("the answer", func(l line) bool {
		return l.typ() == "CallStateChanged" && l["state"] == "CONFIRMED" && l["role"] == "UAS"
	})
	far.await("the answer", func(l line) bool {
		return l.typ() == "CallStateChanged" && l["state"] == "CONFIRMED" && l.number("call") == back.number("call")
	})
	conf := r.do("conference")
	if calls, _ := conf["calls"].([]any); len(calls) != 2 {
		t.Errorf("conference %v", conf)
	}
	if list := r.do("calls")["calls"].([]any); len(list) != 2 || line(list[0].(map[string]any)).number("conference") < 1 {
		t.Errorf("calls %v", list)
	}
	r.do("conference", "--separate", id)

	// The far end declines to be sent elsewhere.
	r.fails(exitRefused, "transfer failed", "transfer", "sip:z@"+farAddr, "--call", id, "--wait")

	if a := r.do("account-add", "domain=pbx.example.com", "username=1003", "--number", "7"); a.number("number") != 7 {
		t.Errorf("account %v", a)
	}
	r.fails(exitRefused, "7", "account-add", "domain=pbx.example.com", "username=1003", "--number", "7")
	r.fails(exitUsage, "no key", "account-add", "colour=red")
	r.do("account-remove", "7")
	r.fails(exitUnknown, "7", "account-remove", "7")

	r.do("hangup", "--call", id)
	watch.awaitType("CallEnded")
	busy := newPeer(t, func(string) int { return 486 })
	r.fails(exitRejected, "486", "dial", "sip:x@"+busy.addr, "--wait", "60s")

	// The log has the two calls that were refused or answered; it is written a moment later.
	for limit := time.Now().Add(deadline); ; {
		list := r.do("log", "--type", "outgoing", "--last", "5")["log"].([]any)
		if len(list) == 2 && line(list[0].(map[string]any)).number("code") == 486 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("log %v", list)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := r.try("log", "--csv"); got.code != exitOK || !strings.HasPrefix(got.stdout, "Type,Name,Number,") || !strings.Contains(got.stdout, "486") {
		t.Errorf("log --csv: %v", got)
	}
	if got := r.get("/v1/log?format=csv&last=1"); !strings.HasPrefix(got, "Type,Name,Number,") || strings.Count(got, "\n") != 2 || !strings.Contains(got, "486") {
		t.Errorf("the log by HTTP: %q", got)
	}
	if got := r.try("log", "--missed"); got.code != exitOK || got.stdout != "no calls\n" {
		t.Errorf("log --missed: %v", got)
	}

	r.do("stop")
	if code := near.code(); code != exitOK {
		t.Errorf("the engine's exit code is %d", code)
	}
	if code := watch.code(); code != exitOK || watch.last().typ() != "EngineStopped" {
		t.Errorf("events ended with %d, %v", code, watch.last())
	}
	r.fails(exitUnreachable, "no engine can be reached", "status")
}

func checkRecording(t *testing.T, c *api.Client, name string, hz float64) {
	t.Helper()
	body, err := c.Recording(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	a, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range dsp.Segments(a.Channel(0), a.Rate) {
		if s.Hz > hz-1 && s.Hz < hz+1 {
			return
		}
	}
	t.Errorf("no tone of %g Hz in %v", hz, a)
}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// get asks the engine by HTTP.
func (r *remoteControl) get(path string) string {
	r.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", r.flags[1])
	}}}
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("GET %s: %d, %s, %v", path, resp.StatusCode, body, err)
	}
	return string(body)
}

// The address book and the configuration of a running engine.
func TestRemoteContactsAndReload(t *testing.T) {
	dir := t.TempDir()
	book := filepath.Join(dir, "Contacts.xml")
	ini := writeFile(t, filepath.Join(dir, "a.ini"), "[Settings]\nbindAddress = 127.0.0.1\ncontacts = "+book+"\n")
	_, r, _ := controlled(t, buildRemote(t), "-c", ini)
	csv := writeFile(t, filepath.Join(dir, "more.csv"), "Name,Number\nAnn,1002\nBob,1003\n")
	if list := r.do("contacts", "--import", csv)["contacts"].([]any); len(list) != 2 {
		t.Errorf("imported %v", list)
	}
	csv = writeFile(t, filepath.Join(dir, "other.csv"), "Name,Number\nAnna,1002\nCarl,1004\n")
	r.do("contacts", "--import", csv)
	if got := r.try("contacts"); got.code != exitOK || !strings.Contains(got.stdout, "Anna") || strings.Contains(got.stdout, "Ann ") ||
		!strings.Contains(got.stdout, "Bob") || !strings.Contains(got.stdout, "Carl") {
		t.Errorf("contacts: %v", got)
	}
	if got := r.get("/v1/contacts?format=csv"); !strings.HasPrefix(got, "Name,Number,") || !strings.Contains(got, "Carl,1004,") {
		t.Errorf("the contacts by HTTP: %q", got)
	}
	if text, err := os.ReadFile(book); err != nil || !strings.Contains(string(text), "Carl") {
		t.Errorf("the file: %s, %v", text, err)
	}
	if list := r.do("contacts", "--import", csv, "--replace")["contacts"].([]any); len(list) != 2 {
		t.Errorf("replaced: %v", list)
	}

	if got := r.do("reload"); len(got["changed"].([]any)) != 0 {
		t.Errorf("reloaded %v", got)
	}
	writeFile(t, ini, "[Settings]\nbindAddress = 127.0.0.1\ncontacts = "+book+"\nDND = 1\n")
	if got := r.do("reload"); len(got["changed"].([]any)) != 1 || got["changed"].([]any)[0] != "DND" {
		t.Errorf("reloaded %v", got)
	}
	writeFile(t, ini, "[Settings]\nmaxCalls = many\n")
	r.fails(exitUsage, "maxCalls", "reload")
	if st := r.do("status"); st["state"] != "running" {
		t.Errorf("status %v", st)
	}
}

// By TCP everything needs a token, which the engine has made.
func TestRemoteByTCP(t *testing.T) {
	tokens := filepath.Join(t.TempDir(), "tokens")
	_, r, _ := controlled(t, buildRemote(t), "--api-listen", "127.0.0.1:0", "--api-token-file", tokens)
	where := r.do("status")["api"].([]any)
	if len(where) != 2 || where[0] != r.flags[1] {
		t.Fatalf("it listens on %v", where)
	}
	url := "http://" + where[1].(string)
	byTCP := &remoteControl{t: t, program: r.program, flags: []string{"--url", url}}
	byTCP.fails(exitRefused, "token", "status")
	byTCP.flags = append(byTCP.flags, "--token-file", tokens)
	if st := byTCP.do("status"); st["state"] != "running" {
		t.Errorf("status %v", st)
	}
	byTCP.do("stop")
}

// A configuration has one engine, which its file finds.
func TestSecondRun(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	ini := writeFile(t, filepath.Join(dir, "a.ini"), "[Settings]\nbindAddress = 127.0.0.1\npromptPath = "+dir+"\n")
	env := []string{"OFFHOOK_SOCKET="} // the program's choice
	first := startWith(t, env, "run", "--json", "-c", ini)
	first.awaitType("EngineStarted")
	second := startWith(t, env, "run", "--json", "-c", ini)
	if code := second.code(); code != exitUsage || !strings.Contains(second.stderr.String(), "runs already") {
		t.Errorf("the second ended with %d: %s", code, second.stderr.String())
	}
	other := startWith(t, env, "run", "--json", "--bind-address", "127.0.0.1")
	other.awaitType("EngineStarted")

	got := offhook("status", "-c", ini, "--json")
	if v := object(t, got.stdout); got.code != exitOK || line(v).number("pid") != float64(first.cmd.Process.Pid) || v["config"] != ini {
		t.Errorf("status of the first: %v", got)
	}
	got = offhook("status", "--json")
	if v := object(t, got.stdout); got.code != exitOK || line(v).number("pid") != float64(other.cmd.Process.Pid) {
		t.Errorf("status of the other: %v", got)
	}
	// One that was killed leaves nothing that keeps the next.
	first.signal(syscall.SIGKILL)
	first.code()
	third := startWith(t, env, "run", "--json", "-c", ini)
	third.awaitType("EngineStarted")
	if got := offhook("stop", "-c", ini); got.code != exitOK {
		t.Errorf("stop: %v", got)
	}
	if code := third.code(); code != exitOK {
		t.Errorf("the third ended with %d", code)
	}
}

// What keeps the API from being served ends the engine before it opens anything.
func TestRunWithoutAPI(t *testing.T) {
	dir := t.TempDir()
	file := writeFile(t, filepath.Join(dir, "file"), "")
	open := writeFile(t, filepath.Join(dir, "open"), "a admin 0123456789012345678901\n")
	if err := os.Chmod(open, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"socket is a file":     {[]string{"--socket", file}, "no socket"},
		"path is too long":     {[]string{"--socket", filepath.Join(dir, strings.Repeat("x", 120))}, "longer than"},
		"no token file":        {[]string{"--socket", "none", "--api-listen", "127.0.0.1:0"}, "apiTokenFile"},
		"token file for all":   {[]string{"--socket", "none", "--api-listen", "127.0.0.1:0", "--api-token-file", open}, "permissions"},
		"token file is broken": {[]string{"--socket", "none", "--api-listen", "127.0.0.1:0", "--api-token-file", dir}, "token file"},
		"address is not ours":  {[]string{"--socket", "none", "--api-listen", "192.0.2.1:1", "--api-token-file", filepath.Join(dir, "tokens")}, "apiListen"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append([]string{"run", "--json", "--bind-address", "127.0.0.1"}, tt.args...)...)
			if code := p.code(); code != exitUsage || !strings.Contains(p.stderr.String(), tt.want) {
				t.Errorf("code %d: %s", code, p.stderr.String())
			}
			if p.last().typ() != "Error" {
				t.Errorf("it printed %v", p.all())
			}
		})
	}
}
