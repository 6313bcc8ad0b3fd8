package wav_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// A tone keeps its frequency, level, place and purity; what the new rate cannot hold
// goes away instead of turning up elsewhere.
func TestResample(t *testing.T) {
	for _, rates := range [][2]int{{11025, 16000}, {8000, 48000}, {44100, 16000}, {48000, 8000}, {22050, 8000}, {44101, 16000}} {
		from, to := rates[0], rates[1]
		t.Run(fmt.Sprint(from, " to ", to), func(t *testing.T) {
			tone := dsp.GenerateTone(from, 2*time.Second, -12, 1000)
			out := wav.Resample(tone, from, to)
			if len(out) != 2*to {
				t.Errorf("%d samples, want %d", len(out), 2*to)
			}
			got := dsp.MeasureTone(out[to/2:to*3/2], to)
			if math.Abs(got.Hz-1000) > 0.05 || math.Abs(got.Level+12) > 0.05 || got.SNR < 60 {
				t.Errorf("1000 Hz at -12 dBov became %+v", got)
			}
			if from > to {
				high := dsp.GenerateTone(from, time.Second, -12, 0.6*float64(to))
				if l := dsp.MeasureTone(wav.Resample(high, from, to)[to/4:to*3/4], to).Level; l > -80 {
					t.Errorf("%g Hz, which %d Hz cannot hold, is there with %.1f dBov", 0.6*float64(to), to, l)
				}
			}
		})
	}
	// A click stays where it is.
	click := make([]int16, 11025)
	click[5000] = 20000
	out := wav.Resample(click, 11025, 16000)
	top := 0
	for i, v := range out {
		if v > out[top] {
			top = i
		}
	}
	if want := 5000 * 16000 / 11025; top != want && top != want+1 {
		t.Errorf("a click at %d, want %d", top, want)
	}
	if got := wav.Resample([]int16{1, 2}, 8000, 8000); len(got) != 2 || got[0] != 1 {
		t.Errorf("the same rate: %v", got)
	}
}
