package dsp

import (
	"math"
	"slices"
	"time"
)

// fade is how long a generated tone takes to swell and to die away. An abrupt
// edge is heard as a click and smears the spectrum.
const fade = 5 * time.Millisecond

// GenerateTone returns d of one or more sines sounding together, each at the
// given level in dBov, with raised-cosine fades of 5 ms at both ends (shorter
// when d is short). One tone does not clip up to [FullScaleSine] (-3.01 dBov),
// two up to -9.03 dBov; what exceeds full scale is cut off there. A frequency
// at or above half the rate, or not above 0, is left out, since it cannot be
// rendered. Rounding leaves a noise of about -101 dBov.
func GenerateTone(rate int, d time.Duration, level float64, hz ...float64) []int16 {
	out := make([]int16, framesIn(d, rate))
	amplitude := fullScale * math.Sqrt2 * math.Pow(10, level/20)
	edge := min(framesIn(fade, rate), len(out)/2)
	for i := range out {
		var sum float64
		for _, f := range hz {
			if f > 0 && f < float64(rate)/2 {
				sum += math.Sin(2 * math.Pi * math.Mod(f*float64(i)/float64(rate), 1))
			}
		}
		if near := min(i, len(out)-1-i); near < edge {
			sum *= (1 - math.Cos(math.Pi*(float64(near)+0.5)/float64(edge))) / 2
		}
		out[i] = saturate(amplitude * sum)
	}
	return out
}

// Silence returns d of digital silence.
func Silence(rate int, d time.Duration) []int16 {
	return make([]int16, framesIn(d, rate))
}

// Concat returns the parts one after the other in a new slice.
func Concat(parts ...[]int16) []int16 {
	return slices.Concat(parts...)
}

// saturate rounds to the nearest sample value that 16 bits hold.
func saturate(v float64) int16 {
	return int16(math.Round(max(math.MinInt16, min(v, math.MaxInt16))))
}
