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

// Two phones talk through Asterisk, which decodes and encodes between them, so that
// each direction of each codec is judged by another implementation of it. An echo
// cannot tell: what the encoder does wrong the decoder may undo.
func TestAsteriskTranscoding(t *testing.T) {
	t.Parallel()
	const level, here, there = -15.0, 440.0, 1000.0
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	called := startRun(t, "-c", ini, "--audio-codecs", "PCMA/8000/1", "--auto-answer", "all",
		"--play-on-answer", toneFile(t, there, level, time.Minute), "--auto-recording", "--recording-path", t.TempDir())
	called.awaitRegistered(2)
	tone := toneFile(t, here, level, 3*time.Second)
	for _, codec := range codecs {
		t.Run(codec.codec, func(t *testing.T) {
			called.forget()
			record := filepath.Join(t.TempDir(), "heard.wav")
			p := startCall(t, "1002", "-c", ini, "--account", "1", "--audio-codecs", codec.id, "--play", tone, "--record", record)
			if s := p.summary(exitOK, "answered"); s.text("codec") != codec.codec {
				t.Errorf("summary %v", s)
			}
			requireTones(t, readRecording(t, record), level, there)
			// The other recording holds both directions.
			both := readRecording(t, called.awaitType("RecordingEnded").text("path"))
			if got := loudest(both, here); math.Abs(got-level) > 1 {
				t.Errorf("the other phone heard %.1f dBov, want %.1f", got, level)
			}
		})
	}
}

// loudest returns the level of the tone of hz, whatever else sounds, in the half second
// in which it is loudest.
func loudest(audio *dsp.Audio, hz float64) float64 {
	const window, step = 500 * time.Millisecond, 100 * time.Millisecond
	level := dsp.MinLevel
	for from := time.Duration(0); from+window <= audio.Duration(); from += step {
		part := audio.Slice(from, from+window)
		level = max(level, dsp.Goertzel(part.Channel(0), part.Rate, hz))
	}
	return level
}
