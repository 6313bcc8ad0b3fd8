//go:build cgo

package pjsua

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain checks that the tests leave nothing behind: no goroutine, no thread of
// PJSIP, no file handle.
func TestMain(m *testing.M) {
	// What every process that used PJSIP once keeps: Go's own threads and files.
	if ep, err := Open(Config{}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	} else {
		ep.Close()
	}
	fds := openFiles()
	code := m.Run()
	if code == 0 {
		code = checkLeaks(fds)
	}
	os.Exit(code)
}

func checkLeaks(fds int) int {
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if opened != nil {
		fmt.Fprintln(os.Stderr, "an endpoint was left open")
		return 1
	}
	// Go closes files of ended tests when it collects them.
	for deadline := time.Now().Add(patience); openFiles() > fds; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			fmt.Fprintf(os.Stderr, "%d files are open, %d were at the start\n", openFiles(), fds)
			return 1
		}
	}
	return 0
}

// openFiles and threads count what this process has, by /proc; 0 where there is none.
func openFiles() int { return entries("/proc/self/fd") }
func threads() int   { return entries("/proc/self/task") }

func entries(dir string) int {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0
	}
	return len(list)
}
