package api

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// checkOwner and checkPrivate have nothing to look at: files in a user's profile are the
// user's own, and Go's mode says nothing of access lists.
func checkOwner(fs.FileInfo) error   { return nil }
func checkPrivate(fs.FileInfo) error { return nil }

// lockFile takes the lock of a file, and says whether that was possible.
func lockFile(f *os.File) (bool, error) {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// userSuffix is empty: each user has a folder of temporary files.
func userSuffix() string { return "" }
