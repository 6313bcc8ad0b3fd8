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
		if err := ToneWAV(wav, hz, ToneLevel, 10, 16000, 2); err != nil {
			t.Fatal(err)
		}
		p.Speak(card, wav)
		p.play(card+"_out", wav) // what a program plays on it
	}
	for card, hz := range tones {
		requireTone(t, card+" microphone", clearest(p.record(card+"_mic", 8000, 2*time.Second), hz), hz, ToneLevel)
		requireTone(t, card+" speaker", clearest(p.Hear(card, 8000, 2*time.Second), hz), hz, ToneLevel)
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

// clearest returns the quarter of a second of s, taken at 8 kHz, that has most of its power at hz: on a busy
// machine a sound that is played in real time has gaps.
func clearest(s []int16, hz float64) []float64 {
	f := make([]float64, len(s))
	for i, v := range s {
		f[i] = float64(v) / 32768
	}
	const window = 2000
	best, most := f[:window], 0.0
	for i := 0; i+window <= len(f); i += window / 4 {
		if _, share := level(f[i:i+window], hz); share > most {
			best, most = f[i:i+window], share
		}
	}
	return best
}
