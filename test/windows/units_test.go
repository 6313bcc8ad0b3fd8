//go:build integration && linux

package windows

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// TestUnits runs the tests of packages whose files for Windows Linux cannot run.
func TestUnits(t *testing.T) {
	w := peers.StartWine(t)
	for pkg, run := range map[string]string{
		"engine/microsip": "",
		"engine/api":      "",
		"engine/links":    "",
		"engine/migrate":  "",
		"cmd/offhook":     "MicroSIP(HandsOver|StartsNo)|Service|EventText", // what is not the same on Linux
	} {
		t.Run(pkg, func(t *testing.T) {
			program := filepath.Join(t.TempDir(), filepath.Base(pkg)+".test.exe")
			forWindows(t, "test", "-c", "-o", program, "../../"+pkg)
			dir, err := filepath.Abs("../../" + pkg)
			if err != nil {
				t.Fatal(err)
			}
			p := w.Start(peers.WineCommand{Program: program, Args: []string{"-test.v", "-test.timeout=5m", "-test.run=" + run}, Dir: dir})
			p.Stdin.Close()
			code := p.Wait()
			out := strings.Join(p.Lines(), "\n")
			if t.Log(out); code != 0 {
				t.Errorf("exit code %d\n%s", code, p.Stderr())
			}
			if !strings.Contains(out, "--- PASS") {
				t.Error("no test ran")
			}
		})
	}
}

// forWindows runs go for Windows, without cgo.
func forWindows(t *testing.T, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
