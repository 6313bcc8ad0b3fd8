//go:build unix

package engine

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// A stereo recording has the far end in its first port, and what we send in the second.
func TestStereoRecording(t *testing.T) {
	dir := t.TempDir()
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AutoRecording, c.Settings.RecordingPath, c.Settings.RecordingFormat = true, dir, config.RecordingStereo
	}, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.play(c, false)
		r.wiring("call>recorder", "player>call", "player>right")
		r.phone.end(c.ID(), 200, "OK")
		events := r.events()
		i := slices.IndexFunc(events, func(ev Event) bool { return ev.Header().Type == "RecordingEnded" })
		if i < 0 || !strings.HasSuffix(events[i].(RecordingEnded).Path, ".wav") {
			t.Errorf("events %q", brief(events))
		}
	})
}

// What a program writes into the call is in a stereo recording too.
func TestStereoRecordingOfAudio(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		a, err := c.Audio(t.Context(), 16000, pjsua.AudioOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Record(t.Context(), filepath.Join(t.TempDir(), "a.wav"), RecordOptions{Stereo: true}); err != nil {
			t.Fatal(err)
		}
		r.wiring("audio>right", "call>recorder")
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		r.wiring("call>recorder")
	})
}

// withLame has a program lame that does as the script says, or none.
func withLame(t *testing.T, script string) {
	t.Helper()
	dir := t.TempDir()
	if script != "" {
		if err := os.WriteFile(filepath.Join(dir, "lame"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

// record makes a call that is recorded by itself and returns its last event about that.
func recordCall(t *testing.T, dir string) (ended RecordingEnded, failed string) {
	t.Helper()
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AutoRecording, c.Settings.RecordingPath, c.Settings.RecordingFormat = true, dir, config.RecordingMP3
		f.onRecorder = func(path string) error { return os.WriteFile(path, []byte("a WAV"), 0o600) }
	}, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.phone.end(c.ID(), 200, "OK")
		for _, ev := range r.events() {
			switch ev := ev.(type) {
			case RecordingEnded:
				ended = ev
			case RecordingFailed:
				failed = ev.Reason
			}
		}
	})
	return ended, failed
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		_, ext, _ := strings.Cut(e.Name(), ".")
		list = append(list, ext)
	}
	return list
}

func TestMP3(t *testing.T) {
	dir := t.TempDir()
	withLame(t, `read x <"$2"; echo "MP3 of $x" >"$3"; exit 0`)
	// The fake WAV has no line end, so read says that it failed, and has it all.
	ended, failed := recordCall(t, dir)
	data, err := os.ReadFile(ended.Path)
	if failed != "" || !strings.HasSuffix(ended.Path, ".mp3") || err != nil || string(data) != "MP3 of a WAV\n" {
		t.Errorf("%+v, %s, %s, %v", ended, failed, data, err)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{"mp3"}) {
		t.Errorf("files %q", got)
	}
}

// Whatever goes wrong, a recording stays.
func TestMP3Fails(t *testing.T) {
	dir := t.TempDir()
	withLame(t, `echo half >"$3"; exit 1`)
	ended, failed := recordCall(t, dir)
	if !strings.HasSuffix(ended.Path, ".mp3.wav") || !strings.Contains(failed, "lame: exit status 1") {
		t.Errorf("%+v, %s", ended, failed)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{"mp3.wav"}) {
		t.Errorf("files %q", got)
	}
}

func TestWithoutLame(t *testing.T) {
	dir := t.TempDir()
	withLame(t, "")
	ended, failed := recordCall(t, dir)
	if !strings.HasSuffix(ended.Path, ".wav") || failed != "" {
		t.Errorf("%+v, %s", ended, failed)
	}
	if got := filesIn(t, dir); !slices.Equal(got, []string{"wav"}) {
		t.Errorf("files %q", got)
	}
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		if _, err := c.Record(t.Context(), filepath.Join(dir, "a.mp3"), RecordOptions{}); err == nil || !strings.Contains(err.Error(), "lame") {
			t.Errorf("error %v", err)
		}
		r.events()
	})
}

// A recording that cannot be made leaves no empty file and no name that is taken.
func TestMP3RecorderFails(t *testing.T) {
	withLame(t, "exit 0")
	withEngine(t, func(_ *config.Config, f *fakePhone) {
		f.onRecorder = func(string) error { return errors.New("disk full") }
	}, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		for range 2 {
			if _, err := c.Record(t.Context(), "a.mp3", RecordOptions{}); err == nil || !strings.Contains(err.Error(), "disk full") {
				t.Errorf("error %v", err)
			}
		}
		r.events()
	})
}
