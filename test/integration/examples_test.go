//go:build integration && linux

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/test/peers"
)

// scenarioExample copies a folder of examples into one of the test's own, with its prompts spoken. In the
// copy a prompt may have a hole: the machine of the tests may be too busy for its audio, and what
// is another prompt is less than half as like.
func scenarioExample(t *testing.T, name string) string {
	t.Helper()
	from, dir := filepath.Join("../../examples", name), filepath.Join(t.TempDir(), name)
	check(t, os.CopyFS(dir, os.DirFS(from)))
	files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	check(t, err)
	for _, path := range files {
		text, err := os.ReadFile(path)
		check(t, err)
		text = regexp.MustCompile(`(expect-prompt: .*), within`).ReplaceAll(text, []byte("$1, likeness: 45 %, within"))
		check(t, os.WriteFile(path, text, 0o644))
	}
	if prompts := filepath.Join(from, "prompts.txt"); fileExists(prompts) {
		out, err := exec.Command("go", "run", "../../examples/prompts", prompts, dir).CombinedOutput()
		if err != nil {
			t.Fatalf("prompts: %v\n%s", err, out)
		}
	}
	return dir
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// scenarioResults are the results of a run of offhook test.
type scenarioResults struct {
	code     int
	attempts map[string][]report.Scenario // by the name of the scenario, the last attempt counts
	calls    []report.Call
}

// runScenarios runs offhook test. A scenario that fails is tried again, since a machine that is
// too busy for its audio makes it fail too.
func runScenarios(t *testing.T, retries int, env []string, args ...string) scenarioResults {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.Command(program, append([]string{"test", "--bind-address", "127.0.0.1", "--report", out, "--retries", fmt.Sprint(retries)}, args...)...)
	cmd.Dir, cmd.Env = t.TempDir(), append(environment(), env...)
	printed, err := cmd.CombinedOutput()
	t.Logf("%s", printed)
	if err != nil && cmd.ProcessState.ExitCode() < 0 {
		t.Fatal(err)
	}
	lines, err := os.ReadFile(filepath.Join(out, "results.jsonl"))
	check(t, err)
	r := scenarioResults{code: cmd.ProcessState.ExitCode(), attempts: map[string][]report.Scenario{}}
	for text := range strings.Lines(string(lines)) {
		var head struct {
			Type string `json:"type"`
		}
		check(t, json.Unmarshal([]byte(text), &head))
		switch head.Type {
		case "ScenarioEnded":
			var s report.Scenario
			check(t, json.Unmarshal([]byte(text), &s))
			r.attempts[s.Name] = append(r.attempts[s.Name], s)
		case "CallEnded":
			var c report.Call
			check(t, json.Unmarshal([]byte(text), &c))
			r.calls = append(r.calls, c)
		}
	}
	return r
}

// passed checks that so many scenarios ran, and all passed.
func (r scenarioResults) passed(t *testing.T, count int) {
	t.Helper()
	if r.code != 0 || len(r.attempts) != count {
		t.Errorf("exit code %d, %d scenarios, want 0 and %d", r.code, len(r.attempts), count)
	}
	for name, list := range r.attempts {
		if last := list[len(list)-1]; last.Outcome != report.Passed {
			t.Errorf("%s: %s: %s", name, last.Outcome, last.Message)
		}
	}
}

// failed checks that a scenario failed at each attempt, and said these words once at least.
func (r scenarioResults) failed(t *testing.T, name string, words ...string) {
	t.Helper()
	said := false
	for _, s := range r.attempts[name] {
		if s.Outcome != report.Failed {
			t.Errorf("%s: %s", name, s.Outcome)
		}
		said = said || !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(s.Message, w) })
	}
	if !said {
		t.Errorf("%s: none of %d attempts said %q", name, len(r.attempts[name]), words)
	}
}

// account1INI is a configuration whose account 1 is 1001.
func account1INI(t *testing.T, a *peers.Asterisk) string {
	t.Helper()
	return writeINI(t, fmt.Sprintf("[Account]\nserver = %s\nusername = 1001\npassword = %s\n", a.UDP, peers.Password("1001")))
}

// The scenarios of examples/ivr-smoke pass with the IVR that belongs to them, and find what was
// made wrong in it.
func TestExampleIVRSmoke(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir, ini := scenarioExample(t, "ivr-smoke"), account1INI(t, a)
	wavs, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	check(t, err)
	for _, path := range wavs {
		check(t, copyFile(path, filepath.Join(a.Prompts, filepath.Base(path))))
	}
	runScenarios(t, 4, nil, dir, "-c", ini).passed(t, 10)

	// Somebody exchanges two prompts, has another one say something else, and loses one.
	for to, from := range map[string]string{"sales": "support", "support": "sales", "hours": "goodbye"} {
		check(t, copyFile(filepath.Join(dir, from+".wav"), filepath.Join(a.Prompts, to+".wav")))
	}
	check(t, os.Remove(filepath.Join(a.Prompts, "german.wav")))
	r := runScenarios(t, 1, nil, filepath.Join(dir, "branches.yaml"), filepath.Join(dir, "hours.yaml"), "-c", ini)
	if r.code != 1 || len(r.attempts) != 4 {
		t.Errorf("exit code %d, %d scenarios", r.code, len(r.attempts))
	}
	r.failed(t, "Branch [row=1]", "expected prompt sales.wav, 45 % like it, within 5 s; heard ", "% like sales.wav")
	r.failed(t, "Branch [row=2]", "expected prompt support.wav, 45 % like it, within 5 s; heard ", "% like support.wav")
	r.failed(t, "Branch [row=3]", "expected prompt german.wav, 45 % like it, within 5 s; ", "then the call ended")
	r.failed(t, "The opening hours lead back to the menu", "expected prompt hours.wav, 45 % like it, within 5 s; heard ", "% like hours.wav")
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

func TestExampleCodecMatrix(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir := scenarioExample(t, "codec-matrix")
	ini := writeINI(t, "[Settings]\ntlsCAFile = "+a.Certs.CA+"\n")
	r := runScenarios(t, 4, []string{"PBX_PASSWORD=" + peers.Password("1001")}, dir, "-c", ini,
		"--var", "pbx="+a.UDP, "--var", "pbx-tls="+a.TLS)
	r.passed(t, 12)
	seen := map[string]bool{}
	for _, c := range r.calls {
		codec, _, _ := strings.Cut(c.Codec, "/")
		if len(c.Messages) > 0 {
			seen[codec+" "+c.Messages[0].Transport] = true
		}
	}
	for _, codec := range []string{"PCMU", "PCMA", "G722", "opus"} {
		for _, transport := range []string{"UDP", "TCP", "TLS"} {
			if !seen[codec+" "+transport] {
				t.Errorf("no call with %s over %s", codec, transport)
			}
		}
	}
}

// The monitor tells of the second failure in a row, once, and of the first success after it.
func TestExampleMonitor(t *testing.T) {
	a := peers.StartAsterisk(t)
	ini := account1INI(t, a)
	dir := t.TempDir()
	told, state := filepath.Join(dir, "told"), filepath.Join(dir, "state")
	alert := writeFile(t, "alert.sh", "#!/bin/sh\necho \"$1\" >>"+told+"\ncat >>"+told+"\n")
	check(t, os.Chmod(alert, 0o700))
	monitor, err := filepath.Abs("../../examples/nightly-monitor/monitor.sh")
	check(t, err)
	for i, step := range []struct {
		number string // 601 is answered, 608 is busy
		told   int    // lines that begin with IVR:
	}{{"608", 0}, {"608", 1}, {"608", 1}, {"601", 2}, {"608", 2}, {"601", 2}} {
		file := writeFile(t, "nightly.yaml", "name: It answers\nactors:\n  caller: {account: 1}\nsteps:\n  - dial: \""+step.number+
			"\"\n  - expect-answer: 10s\n  - hangup:\n")
		cmd := exec.Command(monitor, file, "-c", ini, "--bind-address", "127.0.0.1")
		cmd.Env = append(environment(), "OFFHOOK="+program, "MONITOR_DIR="+state, "MONITOR_ALERT="+alert, "MONITOR_KEEP=2")
		out, err := cmd.CombinedOutput()
		if want := map[string]int{"601": 0, "608": 1}[step.number]; cmd.ProcessState.ExitCode() != want {
			t.Fatalf("run %d: %v, want exit code %d\n%s", i, err, want, out)
		}
		text, _ := os.ReadFile(told) // absent before the first alert
		if got := strings.Count(string(text), "IVR: "); got != step.told {
			t.Errorf("after run %d there were %d alerts, want %d:\n%s", i, got, step.told, text)
		}
	}
	text, err := os.ReadFile(told)
	if check(t, err); !strings.HasPrefix(string(text), "IVR: it failed twice in a row\n") || !strings.Contains(string(text), "486") ||
		!strings.Contains(string(text), "IVR: it passes again\n") {
		t.Errorf("told:\n%s", text)
	}
	kept, err := filepath.Glob(filepath.Join(state, "20*"))
	if check(t, err); len(kept) > 2 || len(kept) == 0 || !fileExists(filepath.Join(kept[0], "index.html")) {
		t.Errorf("kept %v", kept)
	}
}

// A call to the IVR of examples/ivr-smoke becomes a scenario, which passes with it, and not when
// a prompt is another.
func TestRecordedScenario(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir, ini := scenarioExample(t, "ivr-smoke"), account1INI(t, a)
	wavs, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	check(t, err)
	for _, path := range wavs {
		check(t, copyFile(path, filepath.Join(a.Prompts, filepath.Base(path))))
	}
	recorded := filepath.Join(t.TempDir(), "sales.yaml")
	cmd := exec.Command(program, "test", "record", "700", "-c", ini, "--account", "1", "--bind-address", "127.0.0.1",
		"--keys", "7s 1 6s h", "--output", recorded)
	cmd.Dir, cmd.Env = t.TempDir(), environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(recorded)
	check(t, err)
	t.Logf("%s%s", out, text)
	for _, want := range []string{"- dial: \"700\"", "account: 1", "expect-prompt: {file: prompt-01.wav", "send-dtmf: \"1\"", "expect-prompt: {file: prompt-02.wav"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the scenario has no %q", want)
		}
	}
	text = regexp.MustCompile(`(file: prompt.*), within`).ReplaceAll(text, []byte("$1, likeness: 45 %, within"))
	check(t, os.WriteFile(recorded, text, 0o644))
	runScenarios(t, 4, nil, recorded, "-c", ini).passed(t, 1)

	check(t, copyFile(filepath.Join(dir, "support.wav"), filepath.Join(a.Prompts, "sales.wav")))
	runScenarios(t, 0, nil, recorded, "-c", ini).failed(t, "sales", "expected prompt prompt-02.wav", "heard")
}
