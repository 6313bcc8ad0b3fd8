// Package tempdir removes folders of files that were needed for a while. It makes none: os.MkdirTemp does.
package tempdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// Remove removes a folder with all that is in it, but not what its links lead to. One that is not there is no error. It
// is for folders that nobody else writes to. os.RemoveAll is not used, because it asks Windows for a way of deletion
// that older systems and wine 8.0 do not have.
func Remove(dir string) error {
	var found []string // each folder before what is in it
	walked := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		switch {
		case err == nil:
			found = append(found, path)
		case errors.Is(err, fs.ErrNotExist):
			return nil
		}
		return err
	})
	errs := []error{walked}
	for _, path := range slices.Backward(found) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
