//go:build unix

// Package pjsip has tests of what build.sh says. What it builds has its own, in test.
package pjsip

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Go's build cache sees the flags and neither the archives nor what pkg-config says: the
// stamp of the build must be in the flags, once, for every target.
func TestStampInFlags(t *testing.T) {
	for target, prefix := range map[string]string{"native": "prefix", "windows-amd64": "prefix-windows-amd64"} {
		t.Run(target, func(t *testing.T) {
			dir := t.TempDir()
			for _, pattern := range []string{"*.sh", "pjsip.lock", "config_site.h"} {
				files, _ := filepath.Glob(pattern)
				if len(files) == 0 {
					t.Fatalf("there is no %s", pattern)
				}
				for _, file := range files {
					b, err := os.ReadFile(file)
					if err == nil {
						err = os.WriteFile(filepath.Join(dir, file), b, 0o700)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
			}
			pc := filepath.Join(dir, prefix, "lib/pkgconfig/libpjproject.pc")
			if err := os.MkdirAll(filepath.Dir(pc), 0o700); err != nil {
				t.Fatal(err)
			}
			var flags string
			for _, stamp := range []string{"0123456789abcdef", "fedcba9876543210"} {
				if err := os.WriteFile(pc, []byte("offhook_stamp="+stamp+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				// As in a shell that has the last build's environment.
				cmd := exec.Command("bash", "-c", `set -e; env=$("$0" --target "$1" --print-env); eval "$env"; echo "$CGO_CFLAGS"; echo "$GOOS"`,
					filepath.Join(dir, "build.sh"), target)
				cmd.Env = append(os.Environ(), "CGO_CFLAGS=-O2 -DOTHER"+flags, "GOOS=")
				out, err := cmd.Output()
				if err != nil {
					t.Fatal(err)
				}
				got, goos, _ := strings.Cut(strings.TrimSuffix(string(out), "\n"), "\n")
				flags = " -DOFFHOOK_PJSIP_STAMP=" + stamp
				if want := "-O2 -DOTHER" + flags; got != want {
					t.Errorf("CGO_CFLAGS %q, not %q", got, want)
				}
				if want := map[string]string{"windows-amd64": "windows"}[target]; goos != want {
					t.Errorf("GOOS %q, not %q", goos, want)
				}
			}
		})
	}
}
