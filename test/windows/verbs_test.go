//go:build integration && linux

package windows

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// The verbs of offhook.exe command a running one, and their exit codes are those of Linux.
func TestVerbs(t *testing.T) {
	w := peers.StartWine(t)
	lin := startLinux(t, options{args: []string{"--auto-answer", "all", "--enable-local-account"}})
	win := startWindows(t, w, options{args: []string{"--enable-local-account"}})
	verb := func(want int, args ...string) string {
		t.Helper()
		token := filepath.Join(t.TempDir(), "token")
		check(t, os.WriteFile(token, []byte(win.Token+"\n"), 0o600))
		out, code := w.Run(exe, append(args, "--url", win.URL, "--token-file", w.Path(token))...)
		if code != want {
			t.Errorf("%q: exit code %d, want %d: %s", args, code, want, out)
		}
		return out
	}
	var status api.Status
	check(t, json.Unmarshal([]byte(verb(0, "status", "--json")), &status))
	if status.State != "running" || !strings.HasSuffix(status.Config, `\tělefon.ini`) {
		t.Errorf("%+v", status)
	}
	var call api.Call
	check(t, json.Unmarshal([]byte(verb(0, "dial", "sip:x@"+lin.address["UDP"], "--wait", "60s", "--json")), &call))
	lin.awaitState(0, "CONFIRMED")
	for _, args := range [][]string{{"calls"}, {"accounts"}, {"hold"}, {"resume"}, {"dtmf", "12"}, {"mute"}, {"unmute"}, {"stats"}} {
		verb(0, args...)
	}
	lin.await("the digits", func(e event) bool { return e.Type == "DTMFReceived" && e.Digit == "2" })
	verb(0, "hangup", "--call", fmt.Sprint(call.ID))
	win.awaitEnd(call.ID)
	verb(7, "hangup", "--call", fmt.Sprint(call.ID))
	verb(1, "dial", "sip:") // no URI
	verb(0, "stop")
	if code := win.Wait(); code != 0 {
		t.Errorf("exit code %d after stop", code)
	}
	verb(6, "status")
	lin.stops()
}

// Verbs that need no running engine.
func TestVerbsAlone(t *testing.T) {
	w := peers.StartWine(t)
	for _, c := range []struct {
		code int
		out  string
		args []string
	}{
		{0, " 2.17\n", []string{"version"}},
		{0, "opus/48000/2", []string{"codecs"}},
		{0, "", []string{"devices"}}, // wine has none, and no sound server
		{1, "", []string{"no-such-verb"}},
		{1, "", []string{"run", "-c", `Z:\no such\file.ini`}},
	} {
		out, code := w.Run(exe, c.args...)
		if code != c.code || !strings.Contains(out, c.out) {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, out)
		}
	}
	ini := filepath.Join(t.TempDir(), "naše.ini")
	check(t, os.WriteFile(ini, []byte("[Account]\r\nserver = pbx.test\r\nusername = žofie\r\ntransport = smoke\r\n"), 0o600))
	check := w.Start(peers.WineCommand{Program: exe, Args: []string{"config", "check", "-c", w.Path(ini)}})
	if code := check.Wait(); code != 1 || !strings.Contains(check.Stderr(), `\naše.ini:4: [Account] transport: "smoke"`) {
		t.Errorf("config check: exit code %d: %s", code, check.Stderr())
	}
}

// The demo is two engines, a scenario and a report: all that a first user runs.
func TestDemo(t *testing.T) {
	w := peers.StartWine(t)
	out, code := w.Run(exe, "demo")
	if code != 0 || !strings.Contains(out, "\nall is right\nreport: ") {
		t.Errorf("exit code %d: %s", code, out)
	}
}
