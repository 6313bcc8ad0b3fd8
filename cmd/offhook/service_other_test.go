//go:build !windows

package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// testSocket returns where nobody listens yet.
func testSocket(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "s")
}

// Who is used to Windows is told what is done here.
func TestNoServiceVerb(t *testing.T) {
	var out, complaint bytes.Buffer
	if code := execute([]string{"service", "install", "-c", "offhook.ini"}, &out, &complaint); code != exitUsage || !strings.Contains(complaint.String(), "systemd") {
		t.Errorf("exit code %d: %s%s", code, out.String(), complaint.String())
	}
}
