//go:build integration && linux

package peers

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain fails the run when a test leaves a process behind.
func TestMain(m *testing.M) {
	code := m.Run()
	if left := children(os.Getpid()); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	os.Exit(code)
}

// children returns the processes whose parent or process group is pid, as "pid (name)".
func children(pid int) []string {
	var found []string
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		name, rest, _ := strings.Cut(string(b), ") ") // pid (name) state parent group ...
		f := strings.Fields(rest)
		own := strings.HasPrefix(name, fmt.Sprint(pid, " "))
		if want := fmt.Sprint(pid); !own && len(f) > 2 && (f[1] == want || f[2] == want) {
			found = append(found, name+")")
		}
	}
	return found
}
