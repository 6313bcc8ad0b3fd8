package tempdir

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestRemove(t *testing.T) {
	// Not t.TempDir, whose end fails under wine 8.0.
	dir, err := os.MkdirTemp("", "offhook-tempdir-")
	if err != nil {
		t.Fatal(err)
	}
	defer Remove(dir)
	kept := filepath.Join(dir, "kept")
	gone := filepath.Join(dir, "gone")
	for _, sub := range []string{kept, filepath.Join(gone, "a", "žluť")} {
		if err := os.MkdirAll(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(sub, "file"), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if runtime.GOOS != "windows" {
		if err := os.Symlink(kept, filepath.Join(gone, "link")); err != nil {
			t.Fatal(err)
		}
	}
	if err := Remove(gone); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("after Remove: %v", err)
	}
	if _, err := os.Stat(filepath.Join(kept, "file")); err != nil {
		t.Errorf("what a link led to: %v", err)
	}
	if err := Remove(gone); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
}
