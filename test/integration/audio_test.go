//go:build integration && linux

package integration

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// peerLevel is the level of the peers' tones in dBov, the unit of package dsp.
const peerLevel = peers.ToneLevel + dsp.FullScaleSine

// toneFile writes a tone of hz at level, in dBov, and returns its path.
func toneFile(t *testing.T, hz, level float64, d time.Duration) string {
	t.Helper()
	const rate = 16000
	path := filepath.Join(t.TempDir(), "tone.wav")
	err := dsp.WriteWAV(path, &dsp.Audio{Rate: rate, Channels: 1, Samples: dsp.GenerateTone(rate, d, level, hz)})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// readRecording reads a recording that must be complete.
func readRecording(t *testing.T, path string) *dsp.Audio {
	t.Helper()
	audio, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	if audio.Unfinished {
		t.Errorf("%s was not closed", path)
	}
	return audio
}

// toneStretch is the least length of a tone that is looked at: half of what is
// measured, so that audio with holes has some.
const toneStretch = 250 * time.Millisecond

// tones returns the timeline of the tones that sound for toneStretch or longer, each
// once however often it is interrupted, by its clearest half second: a machine that
// does other work too leaves holes in a tone, which say nothing about its frequency
// and level.
func tones(audio *dsp.Audio) []dsp.Segment {
	var list []dsp.Segment
	for _, s := range dsp.Segments(audio.Channel(0), audio.Rate) {
		if s.Hz == 0 || s.End-s.Start < toneStretch {
			continue
		}
		part := audio.Slice(s.Start, s.End)
		s.Tone = dsp.ClearestTone(part.Channel(0), part.Rate, 500*time.Millisecond)
		n := len(list)
		if n == 0 || math.Abs(list[n-1].Hz-s.Hz) > 10 {
			list = append(list, s)
			continue
		}
		list[n-1].End = s.End
		if s.SNR > list[n-1].SNR {
			list[n-1].Tone = s.Tone
		}
	}
	return list
}

// requireTones fails the test unless the tones in audio are these, one after the
// other, each at level in dBov. Frequency may be off by 1 Hz, level by 1 dB.
func requireTones(t *testing.T, audio *dsp.Audio, level float64, hz ...float64) {
	t.Helper()
	heard := tones(audio)
	if len(heard) != len(hz) {
		t.Fatalf("%d tones in the recording, want %v Hz: %v", len(heard), hz, heard)
	}
	for i, s := range heard {
		if math.Abs(s.Hz-hz[i]) > 1 || math.Abs(s.Level-level) > 1 {
			t.Errorf("tone %d is %v, want %g Hz at %.1f dBov", i+1, s, hz[i], level)
		}
	}
}
