//go:build unix

package api

import (
	"path/filepath"
	"testing"
)

// testSocket returns where nobody listens yet.
func testSocket(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "s")
}

// testFolder returns a folder that goes with the test.
func testFolder(t testing.TB) string {
	t.Helper()
	return t.TempDir()
}
