//go:build integration && linux

package integration

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// A recording that cannot be written fails with a reason; the call goes on to its end.
func TestRobustFullDiskInACall(t *testing.T) {
	t.Parallel()
	full := filepath.Join(t.TempDir(), "full.wav")
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Fatal(err)
	}
	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{183}, Tone: true, Calls: 1})
	call := startCall(t, "sip:x@"+uas.Addr, "--record", full, "--duration", "2s")
	if code := call.code(); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	failed := call.awaitType("RecordingFailed")
	if failed.text("path") != full || !strings.Contains(failed.text("reason"), "No space left on device") {
		t.Errorf("%v", failed)
	}
	if s := call.last(); s["result"] != "answered" || s.number("duration_ms") < 2000 || s.number("rx", "packets") < 50 {
		t.Errorf("the call suffered: %v", s)
	}
	if said := call.errors(); !strings.Contains(said, full) || !strings.Contains(said, "No space left on device") {
		t.Errorf("standard error: %s", said)
	}
}

// A recording folder without space, and one that is read-only: the engine answers and
// ends its calls as ever, and says of each which file could not be written and why.
func TestRobustRecordingFolder(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]struct {
		flags   uintptr
		options string
		reason  string
	}{
		"full":     {0, "size=64k", "No space left on device"},
		"readonly": {syscall.MS_RDONLY, "", "read-only file system"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			peers.RequireNetns(t) // which comes with a mount namespace: nobody else sees it
			folder := t.TempDir()
			if err := syscall.Mount("offhook-test", folder, "tmpfs", disk.flags, disk.options); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := syscall.Unmount(folder, 0); err != nil {
					t.Errorf("unmount: %v", err)
				}
			})
			run := startRun(t, "--auto-answer", "all", "--auto-recording", "--recording-path", folder)
			addr := listensAt(t, run)
			const calls = 3
			uac := peers.StartUAC(t, peers.UAC{URI: "sip:x@" + addr, Addr: addr, Calls: calls, Rate: 5, Duration: 4e9, Tone: true})
			requireAllGood(t, uac, uac.Wait(deadline), calls)
			for _, l := range run.awaitCount("CallEnded", calls) {
				if l.number("rx", "packets") < 100 {
					t.Errorf("the call suffered: %v", l)
				}
			}
			failed := map[any]line{}
			for _, l := range run.awaitCount("RecordingFailed", calls) {
				failed[l["call"]] = l
				if filepath.Dir(l.text("path")) != folder || !strings.Contains(l.text("reason"), disk.reason) {
					t.Errorf("%v", l)
				}
			}
			if len(failed) != calls {
				t.Errorf("%d calls have a failed recording: %v", len(failed), failed)
			}
			stopRun(t, run)
		})
	}
}
