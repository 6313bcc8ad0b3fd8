package pjsua

import (
	"fmt"
	"os"
)

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// The lengths of the headers that PJSIP writes: with PCM, and with a fact chunk.
const (
	wavHeader     = 44
	wavFactHeader = 56
)

// complete checks that a closed recording holds the bytes of audio that went into it.
func complete(path string, header, bytes int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("pjsua: recording: %w", err)
	}
	if missing := bytes + header - info.Size(); missing > 0 {
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
