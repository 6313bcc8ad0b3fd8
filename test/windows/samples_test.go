//go:build integration && linux

package windows

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// samples is the folder of what docs/windows.md shows.
var samples = filepath.Join("..", "..", "docs", "samples", "windows")

// host is the doors of Offhook without an engine, which prints what comes in.
type host struct {
	*peers.Program
	t     *testing.T
	w     *peers.Wine
	lines chan string
}

func startHost(t *testing.T) *host {
	w := peers.StartWine(t)
	h := &host{t: t, w: w, lines: make(chan string, 100)}
	h.Program = w.Start(peers.WineCommand{
		Program: peers.BuildForWindows(t, "./senders/host"),
		Line:    func(line string) { h.lines <- line },
	})
	h.await("open")
	return h
}

// await waits for the next line, which has to be want.
func (h *host) await(want string) {
	h.t.Helper()
	select {
	case got := <-h.lines:
		if got != want {
			h.t.Errorf("%q came in, want %q", got, want)
		}
	case <-time.After(2 * time.Minute): // nothing comes near it
		h.t.Fatalf("%s does not come in\n%s", want, h.Stderr())
	}
}

// expect runs a program and says what it prints, with what code it ends, and what comes in.
func (h *host) expect(program string, args []string, output string, code int, lines ...string) {
	h.t.Helper()
	if got, c := h.w.Run(program, args...); got != output || c != code {
		h.t.Errorf("%s %q: %q, exit code %d, want %q, %d", filepath.Base(program), args, got, c, output, code)
	}
	for _, line := range lines {
		h.await(line)
	}
}

// end closes the doors; nothing else has come in.
func (h *host) end() {
	h.t.Helper()
	h.Stdin.Close()
	if code := h.Wait(); code != 0 || len(h.lines) > 0 {
		h.t.Errorf("exit code %d, %d lines more\n%s", code, len(h.lines), h.Stderr())
	}
}

// compileSample compiles a sample in C, strictly.
func compileSample(t *testing.T, file string, flags ...string) (exe string) {
	t.Helper()
	return peers.CompileForWindows(t, filepath.Join(samples, file), append([]string{"-Wall", "-Wextra", "-Werror"}, flags...)...)
}

var asUnicode = []string{"-municode", "-DUNICODE", "-D_UNICODE"}

func TestSampleMessages(t *testing.T) {
	h := startHost(t)
	messages := compileSample(t, "messages.c", "-municode")
	h.expect(messages, []string{"1001"}, "", 0, "line 1001")
	h.expect(messages, []string{"žluť 😀"}, "", 0, "line žluť 😀")
	h.expect(messages, []string{"-id", "40002"}, "", 0, "command hangup 0")

	// The sample in VBScript starts a program, here that one.
	folder := filepath.Join(h.w.Prefix, "drive_c", "Program Files", "Offhook")
	program, err := os.ReadFile(messages)
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "MicroSIP.exe"), program, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	script := h.w.Path(filepath.Join(samples, "phone.vbs"))
	h.expect("cscript", []string{"//nologo", script, "/hangupall"}, "", 0, "line /hangupall")
	h.end()
	h.expect(messages, []string{"1001"}, "", 1)
	h.expect(compileSample(t, "pipe.c", "-municode"), []string{`\\.\pipe\offhook-nobody`}, "", 1)
}

// ANSI and Unicode clients in C, and one in Go.
func TestDDEClients(t *testing.T) {
	h := startHost(t)
	ansi := compileSample(t, "dde.c")
	for _, client := range [][]string{{ansi}, {compileSample(t, "dde.c", asUnicode...)}, {peers.BuildForWindows(t, "./senders/dde"), "call"}} {
		run := func(output string, code int, args []string, lines ...string) {
			t.Helper()
			h.expect(client[0], slices.Concat(client[1:], args), output, code, lines...)
		}
		run("", 0, []string{"[Dial(1001)]", `[hold] [SendDTMF("12#")]`}, "command dial 10010", "command hold 0", "command dtmf 12#0")
		run("", 0, []string{"[SetVolume(40)]"}, "command setspeakvolume 40")
		run("", 2, []string{"[Nothing]"})
		run("CONFIRMED\n1001\nin", 0, []string{"-r", "State", "-r", "Number", "-r", "Direction"})
		run("", 2, []string{"-r", "Nothing"})
	}
	h.end()
	h.expect(ansi, []string{"[Hold]"}, "", 1)
}
