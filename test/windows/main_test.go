//go:build integration && linux

package windows

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

var (
	exe         string // offhook.exe, built from this clone
	program     string // offhook for Linux
	eventSchema *api.EventSchema
)

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "offhook")
	if err == nil {
		defer os.RemoveAll(dir)
		eventSchema, err = api.NewEventSchema(serve.Events())
	}
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build makes both programs. OFFHOOK_EXE names an offhook.exe to test in the place of this clone's.
func build(dir string) error {
	program = filepath.Join(dir, "offhook")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/offhook").CombinedOutput(); err != nil {
		return fmt.Errorf("go build ./cmd/offhook: %w\n%s", err, out)
	}
	if exe = os.Getenv("OFFHOOK_EXE"); exe != "" {
		return nil
	}
	var err error
	if exe, err = filepath.Abs("../../bin/offhook.exe"); err != nil {
		return err
	}
	if out, err := exec.Command("make", "-C", "../..", "windows").CombinedOutput(); err != nil {
		return fmt.Errorf("make windows: %w\n%s", err, out)
	}
	return nil
}

// environment is the tester's, without what would configure offhook.
func environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "OFFHOOK_") {
			env = append(env, kv)
		}
	}
	return env
}
