//go:build cgo && unix

package pjsua

import (
	ossignal "os/signal"
	"syscall"
	"testing"
)

// limitFiles lets files grow to size until the test ends: writing past it fails, as on a
// full disk.
func limitFiles(t testing.TB, size uint64) {
	t.Helper()
	ossignal.Ignore(syscall.SIGXFSZ) // which would end the process
	var old syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old))
	limit := old
	limit.Cur = size
	check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
	t.Cleanup(func() { check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)) })
}
