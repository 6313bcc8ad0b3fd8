//go:build unix

package api

import (
	"os/exec"
	"strings"
	"testing"
)

// A program with a Client needs neither PJSIP nor the engine.
func TestImports(t *testing.T) {
	const module = "github.com/offhook-voip/offhook/"
	out, err := exec.Command("go", "list", "-deps", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for dep := range strings.FieldsSeq(string(out)) {
		own, ok := strings.CutPrefix(dep, module)
		if ok && own != "engine/api" && own != "pjsua/wav" {
			t.Errorf("it imports %s", dep)
		}
	}
	if !strings.Contains(string(out), module+"engine/api") {
		t.Errorf("dependencies %s", out)
	}
}
