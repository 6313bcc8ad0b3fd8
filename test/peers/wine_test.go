//go:build integration && linux

package peers

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWine(t *testing.T) {
	t.Setenv("DISPLAY", ":99") // programs must not get it
	w := StartWine(t)
	hello := BuildForWindows(t, "./testdata/winehello")

	// Arguments, names, standard input and the exit code pass.
	file := filepath.Join(t.TempDir(), "žluť.txt")
	p := w.Start(WineCommand{Program: hello, Args: []string{"ü €", w.Path(file)}})
	if _, err := io.WriteString(p.Stdin, "čau\n"); err != nil {
		t.Fatal(err)
	}
	p.Stdin.Close()
	if code := p.Wait(); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	if got, want := p.Lines(), []string{"argument ü €", `display ""`}; !slices.Equal(got, want) {
		t.Errorf("it wrote %q, want %q", got, want)
	}
	if got := p.Stderr(); strings.TrimSpace(got) != "written" {
		t.Errorf("standard error %q", got)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "čau\n" {
		t.Errorf("the file holds %q, %v", b, err)
	}

	// An interrupt arrives.
	p = w.Start(WineCommand{Program: hello, Args: []string{"x"}})
	p.Await("waiting", func(l string) bool { return l == "waiting" })
	p.Interrupt()
	if code := p.Wait(); code != 5 {
		t.Errorf("exit code %d after an interrupt, want 5", code)
	}
	if lines := p.Lines(); lines[len(lines)-1] != "interrupted" {
		t.Errorf("it wrote %q", lines)
	}

	// Each has a registry and drive C: of its own.
	if out, code := w.Run("reg", "add", `HKCU\Software\OffhookTest`, "/v", "a", "/d", "b", "/f"); code != 0 {
		t.Errorf("reg add: %d %s", code, out)
	}
	if out, code := w.Run("reg", "query", `HKCU\Software\OffhookTest`, "/v", "a"); code != 0 || !strings.Contains(out, "REG_SZ") {
		t.Errorf("reg query: %d %s", code, out)
	}
	if got, want := w.Path(filepath.Join(w.User(), "a b")), `C:\users\`+filepath.Base(w.User())+`\a b`; got != want {
		t.Errorf("a path is %s, want %s", got, want)
	}
	other := StartWine(t)
	if out, code := other.Run("reg", "query", `HKCU\Software\OffhookTest`); code == 0 {
		t.Errorf("another Wine has the same registry: %s", out)
	}
}

// A Wine leaves no process behind, whatever was running in it.
func TestWineEnds(t *testing.T) {
	hello := BuildForWindows(t, "./testdata/winehello")
	var prefix string
	t.Run("test", func(t *testing.T) {
		w := StartWine(t)
		prefix = w.Prefix
		// One that is nobody's child.
		if out, code := w.Run("cmd", "/c", "start", "/b", w.Path(hello), "x"); code != 0 {
			t.Errorf("start: %d %s", code, out)
		}
		if len(inPrefix(t, prefix)) == 0 {
			t.Error("no process has the prefix in its environment while it runs")
		}
	})
	if left := inPrefix(t, prefix); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// inPrefix returns the processes that were started for a prefix.
func inPrefix(t *testing.T, prefix string) []string {
	t.Helper()
	var found []string
	envs, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range envs {
		if b, err := os.ReadFile(path); err == nil && strings.Contains(string(b), "WINEPREFIX="+prefix+"\x00") {
			name, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "comm"))
			found = append(found, strings.TrimSpace(string(name)))
		}
	}
	return found
}

// run.sh runs the tests of a Windows package.
func TestWineRunsGoTests(t *testing.T) {
	run, err := filepath.Abs("wine/run.sh")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-count=1", "-v", "-exec", run, "../../engine/nearest")
	cmd.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("go test under wine: %v\n%s", err, out)
	}
}
