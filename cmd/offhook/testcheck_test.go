package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTestCheck(t *testing.T) {
	dir := t.TempDir()
	right := writeFile(t, filepath.Join(dir, "right.yaml"), "name: greeting\nmatrix: {n: [1, 2]}\nactors: {a: }\nsteps:\n  - dial: sip:${n}@x\n  - hangup:\n")
	warned := writeFile(t, filepath.Join(dir, "warned.yaml"), "actors: {a: }\nsteps:\n  - hold:\n  - dial: sip:1@x\n")
	wrong := writeFile(t, filepath.Join(dir, "wrong.yaml"), "actors: {a: }\nsteps:\n  - dail: sip:1@x\n  - wait: 5\n")

	if got := offhook("test", "check", right, warned); got.code != exitOK || got.stdout != right+": right, 2 runs\n"+warned+": right, 1 run, 1 warning\n" ||
		!strings.Contains(got.stderr, "warned.yaml:3:5: warning: hold: a has no call yet") {
		t.Errorf("%+v", got)
	}
	if got := offhook("test", "check", "--strict", warned); got.code != exitNotRun {
		t.Errorf("%+v", got)
	}
	if got := offhook("test", "check", right, wrong); got.code != exitNotRun || got.stderr !=
		wrong+":3:5: unknown action \"dail\"; did you mean dial?\n"+wrong+":4:11: for of wait: \"5\" has no unit: 5s or 5ms\n"+wrong+": 2 mistakes\n" {
		t.Errorf("%+v", got)
	}
	if got := offhook("test", "check"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
	if got := offhook("test", "check", filepath.Join(dir, "none.yaml")); got.code != exitNotRun || !strings.Contains(got.stderr, "the file does not exist") {
		t.Errorf("%+v", got)
	}

	got := offhook("test", "check", "--json", right, wrong)
	files := object(t, got.stdout)["files"].([]any)
	first, second := files[0].(map[string]any), files[1].(map[string]any)
	if got.code != exitNotRun || got.stderr != "" || first["ok"] != true || first["name"] != "greeting" || first["runs"] != 2.0 || second["ok"] != false {
		t.Errorf("%+v", got)
	}
	problem := second["problems"].([]any)[0].(map[string]any)
	if problem["line"] != 3.0 || problem["column"] != 5.0 || problem["nearest"] != "dial" || problem["file"] != wrong {
		t.Errorf("%v", problem)
	}
}

func TestTestImport(t *testing.T) {
	dir := t.TempDir()
	patrol := writeFile(t, filepath.Join(dir, "a.xml"), `<config><actions><action type="call" caller="a@b" callee="c@b" hangup="5"/></actions></config>`)
	got := offhook("test", "import", patrol)
	if got.code != exitOK || !strings.Contains(got.stdout, "dial: sip:c@b\n") || got.stderr != "" {
		t.Errorf("%+v", got)
	}
	output := filepath.Join(dir, "a.yaml")
	if again := offhook("test", "import", patrol, "-o", output); again.code != exitOK || again.stdout != "" {
		t.Errorf("%+v", again)
	}
	if text, err := os.ReadFile(output); err != nil || string(text) != got.stdout {
		t.Errorf("%s, %v", text, err)
	}
	if again := offhook("test", "import", patrol, "-o", output); again.code != exitUsage {
		t.Errorf("a file that is there was overwritten: %+v", again)
	}
	if got := offhook("test", "check", output); got.code != exitOK {
		t.Errorf("%+v", got)
	}
	csv := writeFile(t, filepath.Join(dir, "users.txt"), "SEQUENTIAL\n1001;500\n")
	if got := offhook("test", "import", csv); got.code != exitUsage || !strings.Contains(got.stderr, "--format") {
		t.Errorf("%+v", got)
	}
	if got := offhook("test", "import", csv, "--format", "sipp"); got.code != exitOK || !strings.Contains(got.stdout, `field1: "500"`) {
		t.Errorf("%+v", got)
	}
}
