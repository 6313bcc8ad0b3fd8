//go:build integration && linux

package windows

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// A service is installed, told about, started, and removed with all that it left; what goes
// wrong is told by words and exit codes. The program has no PJSIP, so that its engine fails.
func TestServiceThatFails(t *testing.T) {
	w := peers.StartWine(t)
	exe := filepath.Join(t.TempDir(), "offhook.exe")
	forWindows(t, "build", "-o", exe, "../../cmd/offhook")
	ini := filepath.Join(t.TempDir(), "slu žba.ini")
	if err := os.WriteFile(ini, []byte("[Settings]\nbindAddress = 127.0.0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	service := func(want int, says string, args ...string) (stdout string) {
		t.Helper()
		p := w.Start(peers.WineCommand{Program: exe, Args: append([]string{"service"}, args...)})
		p.Stdin.Close()
		code := p.Wait()
		stdout = strings.Join(p.Lines(), "\n")
		if code != want || !strings.Contains(stdout+p.Stderr(), says) {
			t.Errorf("service %q: exit code %d, want %d; %q should be in\n%s%s", args, code, want, says, stdout, p.Stderr())
		}
		return stdout
	}
	// In the registry, where Windows looks for what a source's entries say.
	source := func(want int) {
		t.Helper()
		if out, code := w.Run("reg", "query", `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\Application\Offhook`); code != want {
			t.Errorf("the source of the event log: exit code %d, want %d: %s", code, want, out)
		}
	}
	service(1, "-c FILE", "install")
	service(1, "does not exist", "install", "-c", w.Path(ini)+".none")
	service(1, "--start", "install", "-c", w.Path(ini), "--start", "never")
	service(7, "offhook service install makes one", "start")
	service(7, "", "status")
	service(0, "", "install", "-c", w.Path(ini))
	source(0)
	service(8, "uninstall removes it", "install", "-c", w.Path(ini))
	var st struct{ State, Account, Start, Command, Log string }
	if err := json.Unmarshal([]byte(service(6, "", "status", "--json")), &st); err != nil {
		t.Fatal(err)
	}
	if st.State != "stopped" || st.Account != `NT SERVICE\Offhook` || st.Start != "auto" || !strings.Contains(st.Command, ` -c "`+w.Path(ini)+`"`) {
		t.Errorf("the service is %+v", st)
	}
	service(8, "the event log says why, and "+st.Log, "start")
	log := filepath.Join(w.Prefix, "drive_c", filepath.FromSlash(strings.ReplaceAll(strings.TrimPrefix(st.Log, `C:\`), `\`, "/")))
	if text, err := os.ReadFile(log); err != nil || !strings.Contains(string(text), "without PJSIP") {
		t.Errorf("the log %s has %q, %v", st.Log, text, err)
	}
	service(0, "", "stop") // it does not run
	service(0, "", "uninstall")
	source(1)
	service(7, "", "uninstall")
	// Two services have a name each.
	service(0, "", "install", "-c", w.Path(ini), "--name", "Sales", "--account", "LocalService", "--start", "manual", "--log-file", w.Path(ini)+".log")
	if out := service(6, "", "status", "--name", "Sales"); !strings.Contains(out, `NT AUTHORITY\LocalService`) || !strings.Contains(out, "manual") {
		t.Errorf("the other service is\n%s", out)
	}
	service(7, "", "status")
	service(0, "", "uninstall", "--name", "Sales")
}
