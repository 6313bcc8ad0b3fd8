//go:build cgo

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offhook-voip/offhook/engine/report"
)

// startLoad starts a load of plain calls to an address.
func startLoad(t *testing.T, addr string, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"load", "--to", "sip:x@" + addr, "--json", "--bind-address", "127.0.0.1"}, args...)...)
}

// Calls at a rate pass, a report is left, and Prometheus can read how it goes.
func TestLoadPasses(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "all")
	dir := filepath.Join(t.TempDir(), "out")
	p := startLoad(t, addr, "--rate", "10", "--duration", "2s", "--for", "1500ms", "--report", dir, "--metrics", "127.0.0.1:0",
		"--require", "failures <= 0%", "--require", "mos-rx-p5 > 3")
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	run := p.last()
	if run.typ() != "LoadRun" || run.number("counts", "passed") != 20 || run.number("counts", "due") != 20 || run["outcome"] != "passed" {
		t.Errorf("result %v", run)
	}
	if s := p.awaitType("LoadSample"); s.number("target") != 10 {
		t.Errorf("sample %v", s)
	}
	text, err := os.ReadFile(filepath.Join(dir, "load.json"))
	if err != nil {
		t.Fatal(err)
	}
	var written report.LoadRun
	if err := json.Unmarshal(text, &written); err != nil || written.Counts.Passed != 20 || written.Plan != "10 calls/s for 2s" {
		t.Errorf("%v: %s", err, text)
	}
	page, err := os.ReadFile(filepath.Join(dir, "load.html"))
	if err != nil || !strings.Contains(string(page), "Load of sip:x@"+addr) {
		t.Errorf("%v: the page has %d bytes", err, len(page))
	}
}

// Calls that nobody answers end a run by its stop rule, and the first signal does without
// one: calls that run come to their end.
func TestLoadEnds(t *testing.T) {
	_, addr := phone(t) // rings
	p := startLoad(t, addr, "--rate", "20", "--timeout", "200ms", "--stop", "failures > 50%", "--window", "5s")
	if code := p.code(); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	run := p.last()
	if stopped, _ := run["stopped"].(string); !strings.HasPrefix(stopped, "failures > 50%: it was 100%") {
		t.Errorf("result %v", run)
	}

	_, answers := phone(t, "--auto-answer", "all")
	p = startLoad(t, answers, "--rate", "5", "--for", "500ms")
	p.awaitType("LoadSample")
	p.signal(syscall.SIGINT)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	run = p.last()
	if run["stopped"] != "interrupted" || run.number("counts", "passed") < 1 || run.number("counts", "passed") != run.number("counts", "begun") {
		t.Errorf("result %v", run)
	}
}

// A scenario is done at a rate, and its named steps are measured.
func TestLoadScenario(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "all")
	file := writeFile(t, filepath.Join(t.TempDir(), "smoke.yaml"), `
actors:
  caller: {username: load, domain: 127.0.0.1, register: false}
variables: {to: ""}
steps:
  - dial: "${to}"
  - {expect-answer: 10s, name: answer}
  - hangup:
`)
	p := start(t, "load", file, "--var", "to=sip:x@"+addr, "--json", "--bind-address", "127.0.0.1", "--rate", "10", "--calls", "10", "--require", "answer-max < 10s")
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if run := p.last(); run.number("counts", "passed") != 10 {
		t.Errorf("result %v", run)
	}
}

// A registrar that is not there is no load.
func TestLoadNotRegistered(t *testing.T) {
	p := start(t, "load", "--to", "sip:x@127.0.0.1:9", "--json", "--bind-address", "127.0.0.1", "--server", "127.0.0.1:9", "--username", "1001", "--timeout", "300ms")
	if code := p.code(); code != exitNotRun {
		t.Errorf("exit code %d", code)
	}
	if last := p.last(); last.typ() != "Error" {
		t.Errorf("the last line is %v", last)
	}
}
