//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/serve"
)

// program is the offhook that the tests run, built from this clone.
var program string

// eventSchema is what every event that the program prints is held to.
var eventSchema *api.EventSchema

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	var err error
	if eventSchema, err = api.NewEventSchema(serve.Events()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := os.MkdirTemp("", "offhook")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "offhook")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/offhook").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "go build ./cmd/offhook: %v\n%s", err, out)
		return 1
	}
	code := m.Run()
	if left := children(os.Getpid()); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "processes left behind:", left)
		code = 1
	}
	return code
}

// children returns the processes whose parent is pid, as "pid (name)".
func children(pid int) []string {
	var found []string
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		name, rest, _ := strings.Cut(string(b), ") ") // pid (name) state parent ...
		if f := strings.Fields(rest); len(f) > 1 && f[1] == fmt.Sprint(pid) {
			found = append(found, name+")")
		}
	}
	return found
}
