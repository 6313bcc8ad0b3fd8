//go:build unix

package api

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkOwner says that a file or folder is neither the user's nor root's. Root may use
// everybody's.
func checkOwner(info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if me := os.Geteuid(); ok && me != 0 && int(stat.Uid) != me && stat.Uid != 0 {
		return errors.New("it belongs to another user")
	}
	return nil
}

// checkPrivate says why others than the user could read a file.
func checkPrivate(info fs.FileInfo) error {
	if err := checkOwner(info); err != nil {
		return err
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("its permissions are %#o, and others than its owner must have none: chmod go= does that", perm)
	}
	return nil
}

// lockFile takes the lock of a file, and says whether that was possible.
func lockFile(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// userSuffix tells the folders of users apart that share the folder of temporary files.
func userSuffix() string { return fmt.Sprintf("-%d", os.Geteuid()) }

// samePath is the path of a file in the form in which it has one only.
func samePath(path string) string { return path }
