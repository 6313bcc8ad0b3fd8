//go:build integration && linux

package peers

import (
	"path/filepath"
	"testing"
	"time"
)

// Each card carries its own sound at the level it was given, in both directions.
func TestPulseCards(t *testing.T) {
	p := StartPulse(t)
	tones := map[string]float64{Desk: 440, Headset: 1000}
	for card, hz := range tones {
		wav := filepath.Join(t.TempDir(), "tone.wav")
		if err := ToneWAV(wav, hz, ToneLevel, 6, 16000, 2); err != nil {
			t.Fatal(err)
		}
		p.Speak(card, wav)
		p.play(card+"_out", wav) // what a program plays on it
	}
	for card, hz := range tones {
		requireTone(t, card+" microphone", loud(t, p.record(card+"_mic", 8000, time.Second), 4000), hz, ToneLevel)
		requireTone(t, card+" speaker", loud(t, p.Hear(card, 8000, time.Second), 4000), hz, ToneLevel)
	}
	p.Stop()
	if left := children(p.proc.pid()); len(left) > 0 {
		t.Errorf("left after Stop: %v", left)
	}
}

func TestPulseIsSilent(t *testing.T) {
	p := StartPulse(t)
	for _, v := range p.Hear(Desk, 8000, 100*time.Millisecond) {
		if v != 0 {
			t.Fatalf("a sample of %d when nothing is played", v)
		}
	}
}

// loud returns the n samples that follow the first 100 ms that are not silent.
func loud(t *testing.T, s []int16, n int) []float64 {
	t.Helper()
	var f []float64
	for _, v := range s {
		if v != 0 || f != nil {
			f = append(f, float64(v)/32768)
		}
	}
	const settle = 800
	if len(f) < settle+n {
		t.Fatalf("only %d samples are not silent", len(f))
	}
	return f[settle : settle+n]
}
