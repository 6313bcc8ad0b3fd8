//go:build cgo

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// startDemo starts the demo with a folder for its temporary files.
func startDemo(t *testing.T) (p *process, temp string) {
	t.Helper()
	temp = t.TempDir()
	t.Setenv("TMPDIR", temp)
	return start(t, "demo", "--json"), temp
}

// checkGone checks that the demo's folder was removed, and nothing is left but what has
// to be. The IVR has ended once process.code returned: before, it has standard error open.
func checkGone(t *testing.T, temp string, left ...string) {
	t.Helper()
	var got []string
	entries, err := os.ReadDir(temp)
	for _, e := range entries {
		got = append(got, filepath.Join(temp, e.Name()))
	}
	if err != nil || !slices.Equal(got, left) {
		t.Errorf("left %v, %v", got, err)
	}
}

func ivrPID(t *testing.T, p *process) (pid int) {
	t.Helper()
	for _, l := range p.all() {
		text, _ := l["text"].(string)
		if _, after, ok := strings.Cut(text, "process "); ok && strings.Contains(text, "IVR listens") {
			if _, err := fmt.Sscan(after, &pid); err != nil {
				t.Error(err)
			}
			return pid
		}
	}
	t.Errorf("no process of the IVR in %v", p.all())
	return os.Getpid()
}

func TestDemo(t *testing.T) {
	p, temp := startDemo(t)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	s := p.last()
	if s.typ() != "DemoSummary" || s["ok"] != true || s.number("rx", "packets") < 100 || s.number("setup_ms") < 0 {
		t.Errorf("summary %v", s)
	}
	tones := s["tones"].([]any)
	if len(tones) != 2 {
		t.Fatalf("tones %v", tones)
	}
	if hz := line(tones[0].(map[string]any)).number("hz"); hz < 439 || hz > 441 {
		t.Errorf("the tone of key 1 has %v Hz", hz)
	}
	page, _ := s["report"].(string)
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("ivr-menu.wav")) {
		t.Errorf("report %s: %v, %d bytes", page, err, len(b))
	}
	checkGone(t, temp, page)
}

// What is left in the folder is a scenario to start from.
func TestDemoKeep(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kept")
	p := start(t, "demo", "--json", "--keep", dir)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	s := p.last()
	if s["report"] != filepath.Join(dir, "report.html") {
		t.Errorf("summary %v", s)
	}
	for _, path := range []string{fmt.Sprint(s["report"]), fmt.Sprint(s["recording"]), filepath.Join(dir, "ivr-menu.wav")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	sc, err := scenario.Load(filepath.Join(dir, "demo.yaml"), scenario.Options{})
	if err != nil || len(sc.Warnings) > 0 {
		t.Error(err, sc.Warnings)
	}
}

func TestDemoEndsCleanly(t *testing.T) {
	for _, tt := range []struct {
		name string
		sig  os.Signal
		code int
	}{
		{"Ctrl-C", os.Interrupt, exitUsage},
		{"killed", syscall.SIGKILL, 128 + int(syscall.SIGKILL)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, temp := startDemo(t)
			p.await("answer", func(l line) bool { return strings.HasPrefix(fmt.Sprint(l["text"]), "expect-answer") })
			p.signal(tt.sig)
			if code := p.code(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			checkGone(t, temp)
		})
	}
}

// The IVR dies in the middle.
func TestDemoWithoutIVR(t *testing.T) {
	p, temp := startDemo(t)
	p.await("answer", func(l line) bool { return strings.HasPrefix(fmt.Sprint(l["text"]), "expect-answer") })
	if err := syscall.Kill(ivrPID(t, p), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := p.code(); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	if last := p.last(); last.typ() != "Error" || !strings.Contains(last["message"].(string), "IVR") {
		t.Errorf("last line %v", last)
	}
	checkGone(t, temp)
}
