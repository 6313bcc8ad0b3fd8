//go:build integration && linux

package peers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// recorder is a test whose failures are kept instead of reported.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Fatal(args ...any) { r.Fatalf("%s", fmt.Sprint(args...)) }

// recorded runs f in a test of its own and returns its failures.
func recorded(t *testing.T, f func(testing.TB)) string {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return strings.Join(r.failures, "\n")
}

func shell(tb testing.TB, script string) *process {
	dir := tb.TempDir()
	return startProcess(tb, command{name: "peer", log: filepath.Join(dir, "log"), dir: dir, argv: []string{"sh", "-c", script}})
}

func TestProcessFailures(t *testing.T) {
	for _, c := range []struct {
		name, script, want string
		after              func(*process)
	}{
		{"ends by itself", "echo broken pipes; exit 3", "ended by itself: exit status 3", func(p *process) { <-p.done }},
		{"ends before it is up", "echo broken pipes; exit 3", "broken pipes",
			func(p *process) { p.waitUp(func() error { return fmt.Errorf("closed") }) }},
		{"leaves a child", "sleep 1000 & echo up; exec sleep 1000", "left children behind",
			func(p *process) { up(p); p.stop() }},
		{"stops well", "echo up; exec sleep 1000", "", func(p *process) { up(p); p.stop() }},
	} {
		got := recorded(t, func(tb testing.TB) { c.after(shell(tb, c.script)) })
		if !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: reported %q, want %q", c.name, got, c.want)
		}
	}
}

// up waits until the script has said so.
func up(p *process) {
	p.waitUp(func() error {
		if !strings.Contains(tail(p.log, logTail), "\nup\n") {
			return fmt.Errorf("not said")
		}
		return nil
	})
}

func TestFreePortsAreReserved(t *testing.T) {
	taken := map[int]bool{}
	for range 50 {
		first := FreePorts(t, 20)
		if first%2 != 0 {
			t.Errorf("%d is odd", first)
		}
		for p := first; p < first+20; p++ {
			if taken[p] {
				t.Fatalf("%d was handed out twice", p)
			}
			taken[p] = true
		}
	}
}

// Outside of netns.sh no peer starts: the test binary runs itself where loopback is down.
func TestRequireNetns(t *testing.T) {
	RequireNetns(t)
	out, err := exec.Command("unshare", "--net", "sh", "-c", "exec /proc/$PPID/exe -test.run=^TestRequireNetns$").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "test/peers/netns.sh go test") {
		t.Errorf("where loopback is down: %v\n%s", err, out)
	}
}
