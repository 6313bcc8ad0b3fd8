//go:build integration && linux

package integration

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// Ten mistakes in one file are ten errors, each with its line.
func TestRobustTenMistakes(t *testing.T) {
	t.Parallel()
	ini := writeINI(t, `; line 1
[Settings]
sourcePort = 99999
autoAnswer = sometimes
bindAdress = 127.0.0.1
autoAnswerDelay = soon

[Account]
server = pbx.example.com
username = 1001
password = ${NO_SUCH_VARIABLE_OF_THIS_TEST}
transport = carrier-pigeon
server-2 = pbx.example.com
server-2 = other.example.com
usrname-2 = 1002
SRTP-2 = maybe

[Acount3]
server = pbx.example.com
`)
	want := []string{
		`3 [Settings] sourcePort: 99999 is outside 0 to 65535`,
		`4 [Settings] autoAnswer: "sometimes" is none of empty, button, header and all`,
		`5 [Settings] bindAdress: unknown key, the nearest is bindAddress`,
		`6 [Settings] autoAnswerDelay: "soon" is not a whole number`,
		`11 [Account] password: the environment variable NO_SUCH_VARIABLE_OF_THIS_TEST is not set, or empty`,
		`12 [Account] transport: "carrier-pigeon" is none of empty, udp, tcp and tls`,
		`14 [Account] server-2: duplicate of server-2 in line 13`,
		`15 [Account] usrname-2: unknown key, the nearest is username-2`,
		`16 [Account] SRTP-2: "maybe" is none of empty, optional, mandatory, dtls-sdes and dtls`,
		`18 [Acount3] : unknown section, the nearest is [Account3]`,
	}
	type problem struct {
		File, Section, Key, Message string
		Line                        int
	}
	show := func(problems []problem) (list []string) {
		for _, p := range problems {
			if p.File != ini {
				t.Errorf("%+v names not %s", p, ini)
			}
			list = append(list, fmt.Sprintf("%d [%s] %s: %s", p.Line, p.Section, p.Key, p.Message))
		}
		return list
	}
	out, code := runProgram(t, "config", "check", "-c", ini, "--json")
	var result struct {
		Errors   []problem
		Accounts []struct{ Number int }
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got := show(result.Errors); code != exitUsage || !slices.Equal(got, want) {
		t.Errorf("exit code %d, errors:\n%s\nwant:\n%s", code, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	// Neither run nor call begins, and each reports the same.
	for _, verb := range [][]string{{"run"}, {"call", "sip:x@127.0.0.1"}} {
		p := start(t, append(verb, "--json", "-c", ini)...)
		if code := p.code(); code != exitUsage || len(p.all()) != 1 {
			t.Errorf("exit code %d", code)
		}
		var told struct{ Errors []problem }
		data, err := json.Marshal(p.last())
		if err == nil {
			err = json.Unmarshal(data, &told)
		}
		if got := show(told.Errors); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: %v, %q", verb, err, got)
		}
		for _, w := range want {
			line, message, _ := strings.Cut(w, " ")
			_, message, _ = strings.Cut(message, ": ")
			if !strings.Contains(p.errors(), ini+":"+line+": ") || !strings.Contains(p.errors(), message) {
				t.Errorf("%v: standard error lacks line %s, %s:\n%s", verb, line, message, p.errors())
			}
		}
	}
}

// runProgram runs the program to its end and returns its standard output and exit code.
func runProgram(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = environment()
	out, err := cmd.Output()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// requireUsageError fails the test unless the program ends with exit code 1 and says
// why, on standard error and as its last line of JSON.
func requireUsageError(t *testing.T, p *process, why ...string) {
	t.Helper()
	code, last := p.code(), p.last()
	if code != exitUsage || last.typ() != "Error" {
		t.Errorf("offhook %s: exit code %d, last line %v", p.args, code, last)
	}
	for _, w := range why {
		if !strings.Contains(last.text("message"), w) || !strings.Contains(p.errors(), w) {
			t.Errorf("offhook %s: the error does not say %q: %v", p.args, w, last)
		}
	}
}

// A port that something else has: exit code 1, and the error names address and key.
func TestRobustPortInUse(t *testing.T) {
	t.Parallel()
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	_, udpPort, _ := net.SplitHostPort(udp.LocalAddr().String())
	_, tcpPort, _ := net.SplitHostPort(tcp.Addr().String())

	run := func(args ...string) *process {
		return start(t, append([]string{"run", "--json", "--bind-address", "127.0.0.1"}, args...)...)
	}
	requireUsageError(t, run("--source-port", udpPort), "UDP 127.0.0.1:"+udpPort+" (sourcePort) is in use", "--source-port 0")
	requireUsageError(t, run("--source-port", tcpPort, "--transport-0", "tcp"), "TCP 127.0.0.1:"+tcpPort+" (sourcePort) is in use")
	requireUsageError(t, startCall(t, "sip:x@127.0.0.1", "--source-port", udpPort), "UDP 127.0.0.1:"+udpPort+" (sourcePort) is in use")

	// A second offhook on the port of a first one, which is not disturbed.
	port := fmt.Sprint(peers.FreePorts(t, 2))
	first := startRun(t, "--source-port", port, "--auto-answer", "all")
	requireUsageError(t, run("--source-port", port), "another offhook")
	// All addresses include the one that is taken.
	requireUsageError(t, start(t, "run", "--json", "--source-port", port), "UDP *:"+port+" (sourcePort) is in use")
	startCall(t, "sip:x@127.0.0.1:"+port, "--duration", "200ms").summary(exitOK, "answered")
	stopRun(t, first)
}

func TestRobustURIThatIsNone(t *testing.T) {
	t.Parallel()
	for uri, why := range map[string]string{
		"":                       `"": it is empty`,
		"sip:":                   "it has no host",
		"sip:@":                  "there is nothing before the @",
		"http://pbx.example.com": `the scheme "http" is none of sip, sips and tel`,
		"sip:a b@127.0.0.1":      "holds ' '",
		"<sip:a@127.0.0.1":       "the URI has no closing >",
		"sip:a@127.0.0.1:99999":  `"99999" is no port`,
		"tel:nobody":             `"nobody" is no telephone number`,
	} {
		requireUsageError(t, startCall(t, uri), "cannot dial", why)
	}
	// Nor is more than one, or none at all.
	requireUsageError(t, start(t, "call", "--json", "sip:a@127.0.0.1", "sip:b@127.0.0.1"), "call takes one URI, not 2")
	requireUsageError(t, start(t, "call", "--json"), "call takes one URI, not 0")
}

// A file that cannot be played is found out before anything is dialled or answered.
func TestRobustWAVThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(toneFile(t, 440, toneLevel, 1e9))
	if err != nil {
		t.Fatal(err)
	}
	uas := peers.StartUAS(t, peers.UAS{})
	for path, why := range map[string]string{
		filepath.Join(dir, "missing.wav"): "no such file or directory",
		dir:                               "not a regular file",
		write("empty.wav", ""):            "no RIFF WAVE header",
		write("text.wav", strings.Repeat("hello ", 99)): "no RIFF WAVE header",
		write("cut.wav", string(whole[:30])):            "not a readable WAV file",
		write("nodata.wav", "RIFFxxxxWAVEfmt garbage"):  "not a readable WAV file",
	} {
		requireUsageError(t, startCall(t, "sip:x@"+uas.Addr, "--play", path), "--play: ", path, why)
		requireUsageError(t, start(t, "run", "--json", "--bind-address", "127.0.0.1", "--play-on-answer", path), "playOnAnswer: ", path, why)
	}
	if stats := uas.Stop(); stats != (peers.Stats{}) {
		t.Errorf("something was dialled: %+v", stats)
	}
}
