package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/eventlog"

	"github.com/offhook-voip/offhook/engine"
)

// testSocket returns where nobody listens yet.
func testSocket(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`\\.\pipe\offhook-%s-%d`, t.Name(), os.Getpid())
}

// serviceLimit bounds every wait; nothing should come near it.
const serviceLimit = time.Minute

// TestServiceSID compares with an account of Windows' own.
func TestServiceSID(t *testing.T) {
	const installer = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
	if got := serviceSID("TrustedInstaller"); got != installer {
		t.Errorf("the SID is %s, want %s", got, installer)
	}
}

func TestServiceAccount(t *testing.T) {
	for account, want := range map[string][2]string{
		"":                            {`NT SERVICE\Sales`, serviceSID("Sales")},
		`nt service\sales`:            {`NT SERVICE\Sales`, serviceSID("Sales")},
		"LocalSystem":                 {"LocalSystem", "S-1-5-18"},
		"localservice":                {`NT AUTHORITY\LocalService`, "S-1-5-19"},
		`NT AUTHORITY\NetworkService`: {`NT AUTHORITY\NetworkService`, "S-1-5-20"},
	} {
		if name, sid, err := serviceAccount(account, "Sales"); name != want[0] || sid != want[1] || err != nil {
			t.Errorf("%q is %s, %s, %v; want %s", account, name, sid, err, want)
		}
	}
	if name, _, err := serviceAccount("nobody-of-that-name", "Sales"); err == nil {
		t.Errorf("an account that does not exist is %s", name)
	}
}

// A name that is a path would open somebody else's folder to the service's account.
func TestServiceNames(t *testing.T) {
	for _, name := range []string{"", ".", "..", `..\Sales`, `a\b`, "a/b", `C:\Sales`, "NUL"} {
		cmd := newServiceInstall()
		cmd.SetArgs([]string{"-c", "none.ini", "--name", name})
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), "not a service's name") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// manager is what Windows does to a service.
type manager struct {
	t        *testing.T
	requests chan svc.ChangeRequest
	status   chan svc.Status
	started  chan chan<- *engine.Engine
	fail     chan error
	cause    chan error // why the engine was to end
	done     chan uint32
	h        *service
}

func newManager(t *testing.T) *manager {
	m := &manager{
		t: t, requests: make(chan svc.ChangeRequest), status: make(chan svc.Status), started: make(chan chan<- *engine.Engine, 1),
		fail: make(chan error, 1), cause: make(chan error, 1), done: make(chan uint32, 1),
	}
	cmd := &cobra.Command{}
	cmd.SetContext(t.Context())
	m.h = &service{cmd: cmd}
	m.h.run = func(_ *eventlog.Log, started chan<- *engine.Engine) error {
		m.started <- started
		select {
		case err := <-m.fail:
			return err
		case <-cmd.Context().Done():
			m.cause <- context.Cause(cmd.Context())
			return nil
		}
	}
	go func() {
		_, code := m.h.Execute([]string{"offhook-test"}, m.requests, m.status)
		m.done <- code
	}()
	m.is(svc.StartPending)
	return m
}

func (m *manager) is(want svc.State) {
	m.t.Helper()
	select {
	case st := <-m.status:
		if st.State != want {
			m.t.Fatalf("the service is %d, want %d", st.State, want)
		}
	case <-time.After(serviceLimit):
		m.t.Fatalf("the service never is %d", want)
	}
}

func (m *manager) ends(want uint32) {
	m.t.Helper()
	select {
	case code := <-m.done:
		if code != want {
			m.t.Errorf("exit code %d, want %d", code, want)
		}
	case <-time.After(serviceLimit):
		m.t.Fatal("the service does not end")
	}
}

func (m *manager) stopped() {
	m.t.Helper()
	m.is(svc.StopPending)
	m.ends(0)
	if cause := <-m.cause; !errors.Is(cause, errStopped) {
		m.t.Errorf("the engine was to end because of %v", cause)
	}
}

// However Windows stops a service, its engine ends in order.
func TestServiceStops(t *testing.T) {
	for _, how := range []svc.Cmd{svc.Stop, svc.Shutdown, svc.PreShutdown} {
		t.Run(fmt.Sprint(how), func(t *testing.T) {
			m := newManager(t)
			(<-m.started) <- nil
			m.is(svc.Running)
			m.requests <- svc.ChangeRequest{Cmd: svc.Interrogate}
			m.is(svc.Running)
			m.requests <- svc.ChangeRequest{Cmd: how}
			m.stopped()
		})
	}
	m := newManager(t)
	m.requests <- svc.ChangeRequest{Cmd: svc.Stop}
	m.stopped()
}

// An engine that fails ends the service with an exit code, so that Windows starts it again.
func TestServiceFails(t *testing.T) {
	m := newManager(t)
	wrong := errors.New("the port is in use")
	m.fail <- wrong
	m.ends(serviceFailed)
	if !errors.Is(m.h.err, wrong) {
		t.Errorf("the service ended because of %v", m.h.err)
	}
}

func TestServiceLogFile(t *testing.T) {
	dir, err := os.MkdirTemp("", "log") // of testing.T wine 8 could not remove it
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ž.log")
	t.Cleanup(func() {
		if err := errors.Join(os.Remove(path), os.Remove(path+".1"), os.Remove(dir)); err != nil {
			t.Error(err)
		}
	})
	for range 2 { // it is written on to
		l, err := openLogFile(path)
		if err != nil {
			t.Fatal(err)
		}
		l.limit = 100
		for i := range 3 {
			if _, err := fmt.Fprintf(l, "%d%s\n", i, strings.Repeat("x", 30)); err != nil {
				t.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	now, err := os.ReadFile(path)
	old, oldErr := os.ReadFile(path + ".1")
	if len(now) != 96 || len(old) != 96 || err != nil || oldErr != nil {
		t.Errorf("the log has %d bytes, the older one %d: %v, %v", len(now), len(old), err, oldErr)
	}
}

func TestExplainService(t *testing.T) {
	for err, code := range map[error]int{
		windows.ERROR_ACCESS_DENIED:          exitRefused,
		windows.ERROR_SERVICE_DOES_NOT_EXIST: exitUnknown,
		windows.ERROR_SERVICE_LOGON_FAILED:   exitRefused,
		windows.ERROR_INVALID_HANDLE:         exitRefused,
	} {
		var exit *exitError
		if got := explainService("Sales", fmt.Errorf("wrapped: %w", err)); !errors.As(got, &exit) || exit.code != code || !strings.Contains(got.Error(), "service Sales: ") {
			t.Errorf("%v is %v", err, got)
		}
	}
	if err := explainService("Sales", nil); err != nil {
		t.Error(err)
	}
}

func TestEventText(t *testing.T) {
	if got, want := eventText("offhook.api", "refused", []any{"status", 403, "path", "/v1"}), "offhook.api: refused\nstatus=403\npath=/v1"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
