//go:build unix

package api

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

func listen(t *testing.T, path string) net.Listener {
	t.Helper()
	l, err := ListenSocket(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// Only the user can connect, whatever the umask; so with the folders that were missing.
func TestSocketPermissions(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "a", "b")
	path := filepath.Join(dir, "s")
	listen(t, path)
	for name, want := range map[string]os.FileMode{path: os.ModeSocket | 0o600, path + ".lock": 0o600, dir: os.ModeDir | 0o700, filepath.Dir(dir): os.ModeDir | 0o700} {
		if info, err := os.Lstat(name); err != nil || info.Mode() != want {
			t.Errorf("%s is %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

func TestSecondEngine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	first := listen(t, path)
	var busy *BusyError
	if l, err := ListenSocket(path); !errors.As(err, &busy) || busy.Path != path {
		t.Fatalf("the second: %v, %v", l, err)
	}
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatalf("the first has lost its socket: %v", err)
	}
	c.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket stays: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	listen(t, path)
}

// What an engine left that was killed is replaced; another program's socket is not.
func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	var busy *BusyError
	if _, err := ListenSocket(path); !errors.As(err, &busy) {
		t.Errorf("while another program listens: %v", err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	l := listen(t, path)
	// It does not take away what has taken its place.
	if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("other"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); string(text) != "other" {
		t.Errorf("the other file is %q, %v", text, err)
	}
	if _, err := ListenSocket(path); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("where a file is: %v", err)
	}
}

// Of many that start at once over a stale socket, one is the engine.
func TestRaceForSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 20 {
		stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		stale.SetUnlinkOnClose(false)
		stale.Close()
		var won atomic.Int32
		var winner atomic.Value
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				l, err := ListenSocket(path)
				var busy *BusyError
				switch {
				case err == nil:
					won.Add(1)
					winner.Store(l)
				case !errors.As(err, &busy):
					t.Error(err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Fatalf("%d listen", won.Load())
		}
		c, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := winner.Load().(net.Listener).Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSocketPaths(t *testing.T) {
	if _, err := ListenSocket(filepath.Join(t.TempDir(), strings.Repeat("x", 120))); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("a long path: %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenSocket(filepath.Join(file, "s")); err == nil {
		t.Error("a file is a folder")
	}

	dir := t.TempDir()
	t.Setenv("XDG_RUNTIME_DIR", dir)
	paths := map[string]bool{}
	for _, config := range []string{"", "a.ini", filepath.Join(dir, "a.ini"), filepath.Join(dir, "b.ini")} {
		path, err := DefaultSocket(config)
		if err != nil || filepath.Dir(path) != filepath.Join(dir, "offhook") || paths[path] {
			t.Errorf("%q has %q, %v", config, path, err)
		}
		paths[path] = true
	}
	// A configuration is the same by each of its names.
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "a.ini"), nil, 0o600), os.Symlink("a.ini", filepath.Join(dir, "link.ini"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	var same []string
	for _, config := range []string{"a.ini", "./a.ini", filepath.Join(dir, "a.ini"), "link.ini"} {
		path, err := DefaultSocket(config)
		if err != nil {
			t.Fatal(err)
		}
		same = append(same, path)
	}
	for _, path := range same {
		if path != same[0] {
			t.Errorf("paths %q", same)
		}
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", dir)
	if path, err := DefaultSocket(""); err != nil || path != filepath.Join(dir, fmt.Sprintf("offhook-%d", os.Geteuid()), "default.sock") {
		t.Errorf("without a folder for the run time: %q, %v", path, err)
	}
}

// A folder and a socket of somebody else are not used.
func TestOthersSocket(t *testing.T) {
	if os.Geteuid() == 0 {
		// Root may use everybody's; what tells others apart can be looked at.
		info, err := os.Stat(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := checkOwner(info); err != nil {
			t.Error(err)
		}
		return
	}
	info, err := os.Stat("/") // root's, which is trusted
	if err != nil {
		t.Fatal(err)
	}
	if err := checkOwner(info); err != nil {
		t.Error(err)
	}
}
