package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// asOffhook is set in processes that are to be the program and not its test.
const asOffhook = "RUN_AS_OFFHOOK"

func TestMain(m *testing.M) {
	switch os.Getenv(asOffhook) {
	case "":
	case "stuck":
		beStuck()
	default:
		main()
	}
	for _, e := range os.Environ() {
		if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "OFFHOOK_") {
			os.Unsetenv(name)
		}
	}
	os.Exit(m.Run())
}

// beStuck is a program that does not end at the first signal.
func beStuck() {
	ctx, _ := untilSignal(context.Background())
	_ = writeJSON(os.Stdout, map[string]string{"type": "Ready"})
	<-ctx.Done()
	_ = writeJSON(os.Stdout, map[string]string{"type": "Stuck"})
	select {}
}

// ran is what a command line did.
type ran struct {
	code           int
	stdout, stderr string
}

// offhook runs a command line in this process.
func offhook(args ...string) ran {
	var stdout, stderr bytes.Buffer
	code := execute(args, &stdout, &stderr)
	return ran{code, stdout.String(), stderr.String()}
}

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update writes it)\n--- got\n%s\n--- want\n%s", path, got, want)
	}
}

func writeFile(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// object decodes one JSON object and nothing after it.
func object(t *testing.T, text string) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("not one JSON object: %v\n%s", err, text)
	}
	return v
}
