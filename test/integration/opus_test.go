//go:build integration && linux

package integration

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// decodeOpus decodes an Ogg file with opusdec.
func decodeOpus(t *testing.T, path string) *dsp.Audio {
	t.Helper()
	decoded := path + ".wav"
	if out, err := exec.Command("opusdec", "--quiet", "--rate", "16000", path, decoded).CombinedOutput(); err != nil {
		t.Fatalf("opusdec: %v: %s", err, out)
	}
	audio, err := dsp.ReadWAV(decoded)
	if err != nil {
		t.Fatal(err)
	}
	return audio
}

// An Opus recording is what another decoder takes, and so is that of a process that was
// killed.
func TestOpusRecording(t *testing.T) {
	for _, killed := range []bool{false, true} {
		run := startRun(t, "--auto-answer", "all", "--play-on-answer", toneFile(t, 440, toneLevel, 20*time.Second))
		path := filepath.Join(t.TempDir(), "call.opus")
		call := startCall(t, "sip:x@"+listensAt(t, run), "--record", path, "--duration", "5s")
		if !killed {
			call.summary(0, "answered")
		} else {
			for limit := time.Now().Add(deadline); ; <-time.After(50 * time.Millisecond) {
				if fi, err := os.Stat(path); err == nil && fi.Size() > 12_000 { // 3 s at 32 kbit/s
					break
				}
				if time.Now().After(limit) {
					t.Fatal("the recording does not grow")
				}
			}
			call.signal(os.Kill)
			call.code()
		}
		audio := decodeOpus(t, path)
		got := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond)
		t.Logf("killed %v: %v, %+v", killed, audio, got)
		if math.Abs(got.Hz-440) > 0.5 || math.Abs(got.Level-toneLevel) > 1 || audio.Duration() < 2*time.Second {
			t.Errorf("killed %v: %v, %+v, want 440 Hz at %v dBov", killed, audio, got, toneLevel)
		}
		stopRun(t, run)
	}
}
