//go:build integration && linux

package windows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// direct is a phone with no registrar, which calls addresses.
const direct = "[Settings]\nenableLocalAccount = 1\nsaveState = 0\n"

// senders are other programs that send window messages.
type senders struct {
	w        *peers.Wine
	sample   string // the example of documents about MicroSIP, in C
	messages string // the rest, in C
	inGo     string
}

func buildSenders(t *testing.T, w *peers.Wine) *senders {
	t.Helper()
	dir := t.TempDir()
	s := &senders{w: w, inGo: filepath.Join(dir, "send.exe")}
	s.sample, s.messages = compileC(t, dir, "sample"), compileC(t, dir, "messages")
	forWindows(t, "build", "-o", s.inGo, "./senders/send")
	return s
}

// compileC makes dir/name.exe of senders/name.c.
func compileC(t *testing.T, dir, name string) string {
	t.Helper()
	program := filepath.Join(dir, name+".exe")
	out, err := exec.Command("x86_64-w64-mingw32-gcc", "-municode", "-O2", "-Wall", "-Wextra", "-Werror", "-s", "-o", program,
		filepath.Join("senders", name+".c")).CombinedOutput()
	if err != nil {
		t.Fatalf("%s.c: %v\n%s", name, err, out)
	}
	return program
}

// sends runs a sender, which must find the window and print what it was answered.
func (s *senders) sends(t *testing.T, program string, want string, args ...string) {
	t.Helper()
	out, code := s.w.Run(program, args...)
	if code != 0 || strings.Join(strings.Fields(out), " ") != want {
		t.Errorf("%s %q: exit code %d, answered %q, want %q", filepath.Base(program), args, code, out, want)
	}
}

// awaitWindow waits until there is a window.
func (s *senders) awaitWindow(t *testing.T) {
	t.Helper()
	s.awaitTitle(t, "MicroSIP")
}

// awaitTitle waits until the window's title begins so.
func (s *senders) awaitTitle(t *testing.T, title string) {
	t.Helper()
	for limit := time.Now().Add(deadline); ; time.Sleep(50 * time.Millisecond) {
		out, code := s.w.Run(s.inGo, "title")
		if code == 0 && strings.HasPrefix(out, title) {
			return
		}
		if time.Now().After(limit) {
			t.Fatalf("exit code %d, the title is %q, want %q", code, out, title)
		}
	}
}

// TestWindowMessages has programs in C and Go send commands, and MicroSIP's window carries
// them out.
func TestWindowMessages(t *testing.T) {
	w := peers.StartWine(t)
	s := buildSenders(t, w)
	win, lin := startWindows(t, w, options{ini: direct}), startLinux(t, options{ini: direct})
	s.awaitWindow(t)
	number := "sip:lin@" + lin.address["UDP"]

	// The example, and the end of the call by another program.
	s.sends(t, s.sample, "", number)
	lin.takes()
	win.awaitState(0, "CONFIRMED")
	s.sends(t, s.messages, "0", "1", "/hangupall")
	lin.awaitEnd(0)
	win.awaitEnd(0)

	// 40003 calls it again; what is queued is carried out too.
	win.forget()
	lin.forget()
	s.sends(t, s.inGo, "0", "command", "40003")
	there := lin.takes()
	here := win.awaitState(0, "CONFIRMED").Call
	lin.awaitMedia(there, "ACTIVE")
	win.awaitMedia(here, "ACTIVE")
	for _, status := range [][2]string{{"LOCAL_HOLD", "REMOTE_HOLD"}, {"ACTIVE", "ACTIVE"}} {
		win.forget()
		lin.forget()
		s.sends(t, s.inGo, "0", "2", "msip:hold")
		win.awaitMedia(here, status[0])
		lin.awaitMedia(there, status[1])
	}
	lin.forget()
	s.sends(t, s.messages, "0", "1", "/dtmf:7")
	lin.await("digit", func(e event) bool { return e.Type == "DTMFReceived" && e.Digit == "7" })
	s.sends(t, s.messages, "0", "command", "40002")
	lin.awaitEnd(there)
	win.awaitEnd(here)

	// What comes in is refused by 40002 and answered by 40001.
	for _, c := range []struct {
		id    string
		state string
	}{{"40002", "DISCONNECTED"}, {"40001", "CONFIRMED"}} {
		win.forget()
		lin.forget()
		call, err := lin.Dial(lin.soon(), api.DialRequest{URI: "sip:win@" + win.address["UDP"]})
		check(t, err)
		win.await("IncomingCall", func(e event) bool { return e.Type == "IncomingCall" })
		s.sends(t, s.messages, "0", "command", c.id)
		if e := lin.awaitState(call.ID, c.state); c.state == "DISCONNECTED" && e.Code != 486 {
			t.Errorf("%s refused with %d", c.id, e.Code)
		}
	}

	// What is none of MicroSIP's is refused, and nothing comes of it.
	before, err := win.Calls(win.soon())
	check(t, err)
	s.sends(t, s.messages, "empty 1 one byte 1 odd 1 no NUL 1 1 MB 1 1 MB later 1 kind 0 1 kind 3 1 kind of 64 bits 1", "broken")
	s.sends(t, s.inGo, "0 0", "command", "7", "65535")
	if after, err := win.Calls(win.soon()); err != nil || len(after) != len(before) {
		t.Errorf("%d calls, %v, before %d", len(after), err, len(before))
	}

	// Its end, as MicroSIP's.
	s.sends(t, s.messages, "0", "close")
	ended(t, win)
	if _, code := w.Run(s.sample, number); code != 1 {
		t.Errorf("exit code %d with no window", code)
	}
}

// ended waits for the end of a phone that was asked to by a message.
func ended(t *testing.T, p *phone) {
	t.Helper()
	if code := p.Wait(); code != 0 {
		t.Errorf("%s: exit code %d", p.name, code)
	}
	if last := p.of("EngineStopped"); len(last) != 1 || last[0].Error != "" {
		t.Errorf("%s: %+v", p.name, last)
	}
}

// TestWindowMessagesStrict has what MicroSIP does in another way than its documentation.
func TestWindowMessagesStrict(t *testing.T) {
	w := peers.StartWine(t)
	s := buildSenders(t, w)
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	ini := direct + "dialect = strict\n" + accounts(k, "udp", "alice", "bob") + "label-1 = Sales\ndisplayName-2 = Žluť\n"
	win, lin := startWindows(t, w, options{ini: ini}), startLinux(t, options{ini: direct})
	win.awaitRegistered(2)
	s.sends(t, s.messages, "0", "1", "/account:1")
	s.awaitTitle(t, "MicroSIP - Sales")
	s.sends(t, s.messages, "0", "command", "40001")
	s.awaitTitle(t, "MicroSIP - Žluť")
	s.sends(t, s.messages, "0", "1", "/account:1 sip:lin@"+lin.address["UDP"])
	lin.await("IncomingCall", func(e event) bool { return e.Type == "IncomingCall" })
	s.awaitTitle(t, "MicroSIP - Sales")
	s.sends(t, s.inGo, "0", "1", "/hangupall")
	win.awaitEnd(0)
	s.sends(t, s.messages, "0 0", "command", "32802", "32803")
	seen := 0
	win.await("both levels", func(e event) bool {
		if e.Type == "LevelsChanged" {
			seen++
		}
		return seen == 2
	})
	// A bare exit is a number, and ends nothing.
	win.forget()
	s.sends(t, s.messages, "0", "1", "exit")
	if e := win.awaitEnd(0); e.Code != 404 {
		t.Errorf("%+v", e)
	}
	s.sends(t, s.inGo, "0", "command", "32784")
	ended(t, win)

	// windowMessages = 0.
	win = startWindows(t, w, options{ini: direct, args: []string{"--window-messages", "0"}})
	if _, code := w.Run(s.inGo, "title"); code != 1 {
		t.Errorf("exit code %d, and there is to be no window", code)
	}
	win.stops()
}

// TestMessageStorm has 8 programs send 10,000 messages: as many commands are carried out as
// they were told were taken.
func TestMessageStorm(t *testing.T) {
	w := peers.StartWine(t)
	s := buildSenders(t, w)
	win := startWindows(t, w, options{ini: direct})
	s.awaitWindow(t)
	const programs, each = 8, 1250
	var running []*peers.Program
	for i := range programs {
		program := []string{s.messages, s.inGo}[i%2]
		p := w.Start(peers.WineCommand{Program: program, Args: []string{"storm", fmt.Sprint(each), "msip:micmuteclick"}})
		p.Stdin.Close()
		running = append(running, p)
	}
	taken := 0
	for _, p := range running {
		code, out := p.Wait(), strings.Join(p.Lines(), "")
		n, err := strconv.Atoi(out)
		if code != 0 || err != nil {
			t.Fatalf("exit code %d, printed %q", code, out)
		}
		taken += n
	}
	// One more, of another kind, comes after them all.
	s.sends(t, s.messages, "0", "1", "msip:speakmute")
	seen := 0
	win.await(fmt.Sprint(taken+1, " events"), func(e event) bool {
		if e.Type == "LevelsChanged" {
			seen++
		}
		return seen > taken
	})
	win.stops()
	if got := len(win.of("LevelsChanged")); got != taken+1 {
		t.Errorf("%d messages were taken, and %d carried out", taken, got-1)
	}
	t.Logf("%d of %d messages were taken", taken, programs*each)
}

// TestMicroSIPProgram: offhook.exe under MicroSIP's name takes its command line, and hands
// it to the first one.
func TestMicroSIPProgram(t *testing.T) {
	w := peers.StartWine(t)
	s := buildSenders(t, w)
	lin := startLinux(t, options{ini: direct})
	dir := filepath.Join(t.TempDir(), "Program Files")
	check(t, os.Mkdir(dir, 0o700))
	program := filepath.Join(dir, "MicroSIP.exe")
	data, err := os.ReadFile(exe)
	check(t, err)
	check(t, os.WriteFile(program, data, 0o700))
	for _, dialect := range []string{"documented", "strict"} {
		t.Run(dialect, func(t *testing.T) {
			ini := filepath.Join(t.TempDir(), "offhook.ini")
			check(t, os.WriteFile(ini, []byte(direct+"socket = none\nbindAddress = 127.0.0.1\ndialect = "+dialect+"\n"), 0o600))
			config := []string{"OFFHOOK_CONFIG=" + w.Path(ini)}
			// run starts it; the second one need not have the configuration of the first.
			run := func(env []string, args ...string) int {
				p := w.Start(peers.WineCommand{Program: program, Args: args, Env: env})
				p.Stdin.Close()
				return p.Wait()
			}
			unreachable := 6
			if dialect == "strict" {
				unreachable = 0
			}
			for _, line := range []string{"/answer", "/hangupall", "/exit"} {
				if code := run(config, line); code != unreachable {
					t.Errorf("%s, and none runs: exit code %d", line, code)
				}
			}
			lin.forget()
			first := w.Start(peers.WineCommand{Program: program, Args: []string{"sip:lin@" + lin.address["UDP"]}, Env: config})
			first.Stdin.Close()
			there := lin.takes()
			lin.awaitState(there, "CONFIRMED")
			s.awaitWindow(t) // until then a second one would be an engine too
			if code := run(nil, "/dtmf:1"); code != 0 {
				t.Errorf("/dtmf:1: exit code %d", code)
			}
			lin.await("digit", func(e event) bool { return e.Type == "DTMFReceived" && e.Digit == "1" })
			if code := run(nil, "/hangupall"); code != 0 {
				t.Errorf("/hangupall: exit code %d", code)
			}
			lin.awaitEnd(there)
			lin.forget()
			if code := run(nil, "callto:lin@"+lin.address["UDP"]); code != 0 {
				t.Errorf("callto: exit code %d", code)
			}
			lin.await("IncomingCall", func(e event) bool { return e.Type == "IncomingCall" })
			if code := run(nil, "/exit"); code != 0 {
				t.Errorf("/exit: exit code %d", code)
			}
			if code := first.Wait(); code != 0 {
				t.Errorf("the first: exit code %d", code)
			}
		})
	}
}
