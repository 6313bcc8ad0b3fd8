//go:build integration && linux

package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/test/peers"
)

// readLoad reads the report of a load, which has a page too.
func readLoad(t *testing.T, dir string) report.LoadRun {
	t.Helper()
	var run report.LoadRun
	text, err := os.ReadFile(filepath.Join(dir, "load.json"))
	if err == nil {
		err = json.Unmarshal(text, &run)
	}
	if err != nil {
		t.Fatal(err)
	}
	if page, err := os.ReadFile(filepath.Join(dir, "load.html")); err != nil || !strings.Contains(string(page), "</html>") {
		t.Errorf("%v: the page has %d bytes", err, len(page))
	}
	return run
}

// 10 calls a second for 5 s to an extension that answers: all are answered and heard.
func TestAsteriskLoad(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir := filepath.Join(t.TempDir(), "report")
	p := start(t, "load", "--to", "sip:600@"+a.UDP, "-c", writeINI(t, accountsINI(a)), "--account", "1", "--bind-address", "127.0.0.1", "--json",
		"--rate", "10", "--duration", "5s", "--for", "6s", "--report", dir)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	run := readLoad(t, dir)
	if want := (report.LoadCounts{Due: 50, Begun: 50, Passed: 50}); run.Counts != want || run.Outcome != report.Passed {
		t.Errorf("counts %+v, outcome %s, failures %+v", run.Counts, run.Outcome, run.Failures)
	}
	measured := map[string]int{}
	for _, l := range run.Latencies {
		measured[l.Name] = l.Count
	}
	for _, m := range run.MOS {
		measured[m.Name] = m.Count
	}
	// Not every call is long enough for a report by RTCP, which tx needs.
	if measured["setup"] != 50 || measured["duration"] != 50 || measured["rx"] != 50 || measured["worse"] != 50 {
		t.Errorf("measured %v", measured)
	}
	if len(run.Samples) < 10 || run.Generator.PeakRunning < 20 {
		t.Errorf("%d samples, %d calls at most", len(run.Samples), run.Generator.PeakRunning)
	}
}

// An extension that is busy ends a load by its stop rule, and the codes are counted.
func TestAsteriskLoadStops(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir := filepath.Join(t.TempDir(), "report")
	p := start(t, "load", "--to", "sip:608@"+a.UDP, "-c", writeINI(t, accountsINI(a)), "--account", "1", "--bind-address", "127.0.0.1", "--json",
		"--rate", "5..20@10s,20", "--poisson", "--seed", "7", "--stop", "failures > 50%", "--report", dir)
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	run := readLoad(t, dir)
	if len(run.Failures) != 1 || run.Failures[0].Code != 486 || run.Failures[0].Count != run.Counts.Begun || !strings.HasPrefix(run.Stopped, "failures > 50%: it was 100%") {
		t.Errorf("failures %+v, stopped %q", run.Failures, run.Stopped)
	}
}

// A scenario is run at a rate by an account that stays registered.
func TestAsteriskLoadScenario(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "echo.yaml")
	if err := os.WriteFile(file, []byte(`
actors:
  caller: {account: 1}
variables: {to: ""}
steps:
  - dial: "${to}"
  - {expect-answer: 30s, name: answer}
  - {expect-rtp: {within: 10s}, name: audio}
  - hangup:
`), 0o666); err != nil {
		t.Fatal(err)
	}
	p := start(t, "load", file, "--var", "to=sip:603@"+a.UDP, "-c", writeINI(t, accountsINI(a)), "--bind-address", "127.0.0.1", "--json",
		"--rate", "5", "--calls", "20", "--report", dir)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	run := readLoad(t, dir)
	if run.Counts.Passed != 20 {
		t.Errorf("counts %+v, failures %+v", run.Counts, run.Failures)
	}
	// One registration serves them all, and one more the session that holds it.
	if log, err := os.ReadFile(a.Log); err != nil || strings.Count(string(log), "\nREGISTER sip:") > 8 {
		t.Errorf("%v: %d REGISTERs", err, strings.Count(string(log), "\nREGISTER sip:"))
	}
}
