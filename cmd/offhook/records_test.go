//go:build cgo

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/calllog"
)

// A real call leaves what the configuration asks for: hooks ran in their order, the call
// log has it, the pop log has its moments, and a file of the recording is there.
func TestRunRecords(t *testing.T) {
	dir := t.TempDir()
	hooks, script := filepath.Join(dir, "hooks"), filepath.Join(dir, "hook.sh")
	text := "#!/bin/sh\necho \"$OFFHOOK_HOOK $OFFHOOK_CALL_DIRECTION $OFFHOOK_CALL_CODE\" >>" + hooks + "\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	log, pops, recordings := filepath.Join(dir, "call_log.db"), filepath.Join(dir, "pop.log"), filepath.Join(dir, "rec")
	contacts := filepath.Join(dir, "contacts.csv")
	if err := os.WriteFile(contacts, []byte("Name,Number\nOffice,offhook\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"--auto-answer", "all", "--call-log", log, "--pop-log", pops, "--contacts", contacts, "--auto-recording", "--recording-path", recordings,
		"--status-file", filepath.Join(dir, "status.json"),
	}
	for _, hook := range []string{"incoming-call", "call-ring", "call-answer", "call-start", "call-busy", "call-end"} {
		args = append(args, "--cmd-"+hook, script)
	}
	args = append(args, "--cmd-recording", script)
	far, addr := phone(t, args...)
	near := dial(t, "sip:42@"+addr, "--duration", "1s")
	near.summary(exitOK, resultAnswered)
	incoming := far.awaitType("IncomingCall")
	if incoming["name"] != "Office" {
		t.Errorf("the caller is %v", incoming["name"])
	}
	recorded := far.awaitType("RecordingEnded")
	far.signal(syscall.SIGTERM)
	if code := far.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if failed := slices.ContainsFunc(far.all(), func(l line) bool { return l.typ() == "HookFailed" || l.typ() == "FileFailed" }); failed {
		t.Errorf("events %v", far.all())
	}
	got := lines(t, hooks)
	// The file may be complete before or after the end of the call is reported.
	got = slices.DeleteFunc(got, func(l string) bool { return strings.HasPrefix(l, "cmdRecording ") })
	if want := []string{"cmdIncomingCall in ", "cmdCallAnswer in 200", "cmdCallStart in 200", "cmdCallEnd in 200"}; !slices.Equal(got, want) {
		t.Errorf("hooks %q, want %q", got, want)
	}
	entries, err := engine.ReadCallLog(t.Context(), log, engine.LogQuery{})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d calls in the log, %v", len(entries), err)
	}
	e := entries[0]
	if e.Type != calllog.Incoming || e.Name != "Office" || e.Code != 200 || e.Ended.IsZero() || len(e.Recordings) != 1 || e.Recordings[0] != recorded["path"] {
		t.Errorf("in the log: %+v", e)
	}
	if _, err := os.Stat(fmt.Sprint(recorded["path"])); err != nil {
		t.Error(err)
	}
	var moments []string
	for _, l := range lines(t, pops) {
		moments = append(moments, strings.TrimPrefix(strings.Fields(l)[1], "moment="))
	}
	moments = slices.DeleteFunc(moments, func(m string) bool { return m == "recording" })
	if want := []string{"incoming", "answer", "start", "end"}; !slices.Equal(moments, want) {
		t.Errorf("moments %q, want %q", moments, want)
	}
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// SIGHUP has the file read again, in a call too; a file with a mistake changes nothing.
func TestRunReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offhook.ini")
	write := func(text string) {
		t.Helper()
		// In one step: the program may read at any time.
		if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o600), os.Rename(path+".new", path)); err != nil {
			t.Fatal(err)
		}
	}
	write("[Settings]\nautoAnswer = all\n")
	far, addr := phone(t, "-c", path)
	near := dial(t, "sip:x@"+addr)
	near.awaitState("CONFIRMED")
	write("[Settings]\nautoAnswer = all\nnonsense = 1\n")
	far.signal(syscall.SIGHUP)
	refused := far.awaitType("ConfigReloaded")
	if text := fmt.Sprint(refused["error"]); !strings.Contains(text, "nonsense") || fmt.Sprint(refused["changed"]) != "[]" {
		t.Errorf("a file with a mistake: %v", refused)
	}
	write("[Settings]\nautoAnswer = all\nmaxConcurrentCalls = 1\n")
	far.signal(syscall.SIGHUP)
	reloaded := far.await("second ConfigReloaded", func(l line) bool { return l.typ() == "ConfigReloaded" && l["error"] == nil })
	if changed := fmt.Sprint(reloaded["changed"]); changed != "[maxConcurrentCalls]" {
		t.Errorf("changed %v", reloaded["changed"])
	}
	second := dial(t, "sip:x@"+addr)
	second.summary(exitRejected, resultRejected)
	near.signal(os.Interrupt)
	near.summary(exitOK, resultAnswered)
	far.signal(syscall.SIGTERM)
	if code := far.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
