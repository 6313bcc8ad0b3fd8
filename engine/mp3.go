package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

func isMP3(path string) bool { return strings.EqualFold(filepath.Ext(path), ".mp3") }

// findLame returns the path of the program that makes MP3.
func findLame() (string, error) {
	path, err := exec.LookPath("lame")
	if err != nil {
		return "", errors.New("MP3 is made by the program lame, which is not there")
	}
	return path, nil
}

// recordingExtension is that of the files of automatic recordings. Without lame an MP3 is
// a WAV.
func (e *Engine) recordingExtension() string {
	switch e.settings().RecordingFormat {
	case config.RecordingOpus:
		return ".opus"
	case config.RecordingMP3, "":
		if _, err := findLame(); err == nil {
			return ".mp3"
		}
		e.log.Warn("recording to WAV: recordingFormat is mp3, and the program lame is not there")
	}
	return ".wav"
}

// encodeMP3 makes an MP3 of a WAV, which it removes then. When that fails the WAV stays,
// and there is no MP3.
func encodeMP3(ctx context.Context, wav, mp3 string) error {
	lame, err := findLame()
	if err != nil {
		return err
	}
	var names [2]string
	for i, name := range []string{wav, mp3} {
		if names[i], err = filepath.Abs(name); err != nil { // it may begin with a dash
			return err
		}
	}
	cmd := exec.CommandContext(ctx, lame, "--quiet", names[0], names[1])
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		_ = os.Remove(mp3) // half of it
		return fmt.Errorf("lame: %w; the recording is in %s", err, wav)
	}
	return os.Remove(wav)
}
