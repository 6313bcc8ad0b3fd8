package microsip

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
)

// roles are what this test program is, where the variable names one, in the place of a test.
const roleVariable = "MICROSIP_TEST_ROLE"

var roles = map[string]func(args []string) error{"storm": stormRole, "second": secondRole, "first": firstRole}

func TestMain(m *testing.M) {
	role, ok := roles[os.Getenv(roleVariable)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := role(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start starts a program of a role, and calls line with each line that it prints. The
// function that is returned waits for its end.
func start(t *testing.T, role, program string, line func(string), args ...string) (wait func() error) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, if all is well
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s := bufio.NewScanner(out); s.Scan(); {
			line(s.Text())
		}
	}()
	return func() error {
		<-read
		return cmd.Wait()
	}
}

// stormRole sends n command lines of its own to the first window of the class, by turns
// with dwData 1 and 2, and prints those that were taken.
func stormRole(args []string) error {
	name := args[0]
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	to := First{windowOfClass()}
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for i := range n {
		text := fmt.Sprintf("%s-%d", name, i)
		result, err := to.sendText(uintptr(1+i%2), text)
		if err != nil {
			return err
		}
		if result == CopyDataTaken {
			fmt.Fprintln(out, text)
		}
	}
	return nil
}

// TestWindowStorm has 8 programs send 10,000 messages. All that were taken are carried out,
// once, and those of each sender in its order.
func TestWindowStorm(t *testing.T) {
	const senders, each = 8, 1250
	d := &diary{}
	w, _ := open(t, d, "MicroSIP")
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	taken := map[string][]string{}
	var waits []func() error
	for i := range senders {
		waits = append(waits, start(t, "storm", own, func(line string) {
			name, _, _ := strings.Cut(line, "-")
			mu.Lock()
			defer mu.Unlock()
			taken[name] = append(taken[name], line)
		}, fmt.Sprint("s", i), fmt.Sprint(each)))
	}
	for _, wait := range waits {
		if err := wait(); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.to().sendLine(t, 1, "end"); got != CopyDataTaken {
		t.Fatal(got)
	}
	done := map[string][]string{}
	noted := d.noted()
	for _, line := range noted[:len(noted)-1] {
		name, _, _ := strings.Cut(line, "-")
		done[name] = append(done[name], line)
	}
	total := 0
	for name, lines := range taken {
		total += len(lines)
		if got, want := strings.Join(done[name], " "), strings.Join(lines, " "); got != want {
			t.Errorf("%s: %d were taken, %d carried out", name, len(lines), len(done[name]))
		}
	}
	if len(noted) != total+1 {
		t.Errorf("%d were taken, and %d carried out", total, len(noted)-1)
	}
	// The queue has room for all that can wait: half of the senders' messages do.
	if total != senders*each {
		t.Errorf("%d of %d were taken", total, senders*each)
	}
	t.Logf("%d messages of %d programs, %d taken", senders*each, senders, total)
}

// A storm on a queue that is full: what is refused is told so, and the rest is carried out.
func TestWindowStormOnAFullQueue(t *testing.T) {
	d := &diary{hold: make(chan struct{})}
	w, _ := open(t, d, "MicroSIP")
	to := w.to()
	if to.sendLine(t, 2, "hold") != CopyDataTaken {
		t.Fatal("not taken")
	}
	var want []string
	refused := 0
	for i := range 2 * maxJobs {
		text := fmt.Sprint(i)
		if to.sendLine(t, 2, text) == CopyDataTaken {
			want = append(want, text)
		} else {
			refused++
		}
	}
	// What ends the engine is taken even now.
	if result, err := to.send(wmClose, 0, 0); result != 0 || err != nil {
		t.Errorf("%d, %v", result, err)
	}
	if refused < maxJobs-1 {
		t.Errorf("%d were refused", refused)
	}
	close(d.hold)
	if to.waitLine(t, "end") != CopyDataTaken {
		t.Fatal("not taken")
	}
	noted := d.noted()
	if len(noted) != len(want)+3 || strings.Join(noted[1:len(noted)-2], " ") != strings.Join(want, " ") || noted[len(noted)-2] != "#exit" {
		t.Errorf("%d were taken, %d carried out", len(want), len(noted)-3)
	}
}

// firstRole is an engine whose window takes command lines until one ends it.
func firstRole(args []string) error {
	d := &printer{dialect: config.Dialect(args[0]), exit: make(chan struct{})}
	q := NewQueue(d)
	w, err := OpenWindow(q, "MicroSIP")
	if err != nil {
		return err
	}
	fmt.Println("ready")
	<-d.exit
	q.Close()
	w.Close()
	return nil
}

// secondRole looks for the first instance and hands its command line over.
func secondRole(args []string) error {
	first, ok := FindFirst()
	if !ok {
		fmt.Println("none")
		return nil
	}
	taken, err := first.HandOver(config.Dialect(args[0]), args[1])
	fmt.Println("taken", taken)
	return err
}

// TestTheSecondInstanceHandsOver: to a process of the same file, in whatever case, and to
// no other.
func TestTheSecondInstanceHandsOver(t *testing.T) {
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	here, there := filepath.Join(filepath.Dir(own), "MicroSIP.exe"), filepath.Join(filepath.Dir(own), "other.exe")
	for _, path := range []string{here, there} {
		if err := os.WriteFile(path, program, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	open(t, &diary{}, "MicroSIP") // of another file
	second := func(program, dialect, line string) (said string) {
		if err := start(t, "second", program, func(l string) { said += l }, dialect, line)(); err != nil {
			t.Error(err)
		}
		return said
	}
	for _, dialect := range []string{"documented", "strict"} {
		if got := second(here, dialect, "100"); got != "none" {
			t.Errorf("%s: before the first: %s", dialect, got)
		}
		lines := make(chan string, 100)
		wait := start(t, "first", here, func(l string) { lines <- l }, dialect)
		if got := <-lines; got != "ready" {
			t.Fatal(got)
		}
		for _, line := range []string{"100", `"tel:1 2"`, "žluť \U0001f600", "/answer"} {
			if got := second(here, dialect, line); got != "taken true" {
				t.Errorf("%s, %s: %s", dialect, line, got)
			}
			if got := <-lines; got != line {
				t.Errorf("%s: %s arrived as %s", dialect, line, got)
			}
		}
		if got := second(strings.ToUpper(here), dialect, "/minimized"); got != "taken true" {
			t.Errorf("%s: /minimized: %s", dialect, got)
		}
		if got := second(there, dialect, "100"); got != "none" {
			t.Errorf("%s: another file: %s", dialect, got)
		}
		if got := second(here, dialect, "/exit"); got != "taken true" {
			t.Errorf("%s: /exit: %s", dialect, got)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
		close(lines)
		for l := range lines {
			t.Errorf("%s: and then %s", dialect, l)
		}
	}
}
