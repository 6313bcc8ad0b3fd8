//go:build unix

package api

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// blocks returns the code of a language in docs/api.md.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatalf("no %s in docs/api.md", language)
	}
	return list
}

// What docs/api.md shows by curl works, in its order.
func TestDocumentedRequests(t *testing.T) {
	r := newRig(t, nil)
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "curl")); err != nil {
		t.Fatal(err)
	}
	// What an engine would have written.
	if err := os.MkdirAll(r.srv.cfg.Recordings, 0o777); err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string][]byte{
		filepath.Join(dir, "hello.wav"):                       wavBytes(t),
		filepath.Join(r.srv.cfg.Recordings, "order-4711.wav"): []byte("recorded"),
	} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, block := range blocks(t, "sh") {
		cmd := exec.Command("sh", "-euc", block)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), asCurl+"=1", "PATH="+dir+":"+os.Getenv("PATH"), "SOCKET="+r.socket, "URL="+r.url, "TOKEN="+adminToken)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s\n%s", err, block, out)
		}
	}
	journal := strings.Join(r.phone.noted(), "\n")
	for _, want := range []string{
		"dial sip:1002@pbx.example.com by default with [{X-Order 4711}]", "dtmf 1,2#", "hold on", "hangup on", "play hello.wav",
		`record "order-4711.wav"`, "stop-recording", "account-add", "account-remove 2", "set-contacts", "reload",
	} {
		if !strings.Contains(journal, want) {
			t.Errorf("the softphone was not asked for %q:\n%s", want, journal)
		}
	}
	if copied, err := os.ReadFile(filepath.Join(dir, "copy.wav")); string(copied) != "recorded" {
		t.Errorf("downloaded %q, %v", copied, err)
	}
}

// What docs/api.md shows in Go is part of a program that works.
func TestDocumentedProgram(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "examples", "remote", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range blocks(t, "go") {
		if !strings.Contains(string(source), block) {
			t.Errorf("not in examples/remote: %s", block)
		}
	}
	program := filepath.Join(t.TempDir(), "remote")
	build := exec.Command("go", "build", "-o", program, "../../examples/remote")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := newRig(t, nil)
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, r.socket, "sip:a@b")
	done := make(chan error, 1)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	go func() { done <- cmd.Run() }()
	for len(r.phone.Calls()) == 0 {
		if ctx.Err() != nil {
			t.Fatal("it does not call")
		}
		time.Sleep(time.Millisecond)
	}
	r.phone.sayType("CallEnded", 1, "bye")
	if err := <-done; err != nil || !strings.Contains(out.String(), "CallEnded {") {
		t.Errorf("%v: %s", err, out.String())
	}
	if out, err := exec.Command(program, r.socket, "nowhere").CombinedOutput(); err == nil || !strings.Contains(string(out), "nowhere cannot be called") {
		t.Errorf("%v: %s", err, out)
	}
}
