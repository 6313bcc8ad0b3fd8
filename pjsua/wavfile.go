package pjsua

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// recordable reports why no recording can be made at path, in words that PJSIP's
// status would not have.
func recordable(path string) error {
	if !strings.EqualFold(filepath.Ext(path), ".wav") {
		return errors.New("the name must end in .wav")
	}
	if dir := filepath.Dir(path); !isDir(dir) {
		return fmt.Errorf("there is no folder %q", dir)
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// wavHeader is the length of the header that PJSIP writes.
const wavHeader = 44

// complete checks that a closed recording holds the bytes of audio that went into it.
func complete(path string, bytes int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("pjsua: recording: %w", err)
	}
	if missing := bytes + wavHeader - info.Size(); missing > 0 {
		return fmt.Errorf("pjsua: recording %q is incomplete: %d bytes could not be written; is the disk full?", path, missing)
	}
	return nil
}

// reasonHeader is the value of a Reason header of RFC 3326.
func reasonHeader(code SIPCode, text string) string {
	if text == "" {
		return fmt.Sprintf("SIP;cause=%d", int(code))
	}
	return fmt.Sprintf("SIP;cause=%d;text=%q", int(code), text)
}
