package dsp

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The signals that the tests measure are made here, independently of
// GenerateTone, in floats with a full scale of 1.

// sine returns n samples of a sine at a level in dBov.
func sine(rate, n int, hz, level, phase float64) []float64 {
	a := math.Sqrt2 * math.Pow(10, level/20)
	x := make([]float64, n)
	for i := range x {
		x[i] = a * math.Cos(2*math.Pi*hz*float64(i)/float64(rate)+phase)
	}
	return x
}

// noise returns n samples of white Gaussian noise at a level in dBov.
func noise(n int, level float64, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	a := math.Pow(10, level/20)
	x := make([]float64, n)
	for i := range x {
		x[i] = a * r.NormFloat64()
	}
	return x
}

// mix adds signals; the first decides the length.
func mix(first []float64, more ...[]float64) []float64 {
	sum := append([]float64(nil), first...)
	for _, x := range more {
		for i := range sum {
			sum[i] += x[i]
		}
	}
	return sum
}

// quantise makes 16-bit samples, cut off at full scale.
func quantise(x []float64) []int16 {
	s := make([]int16, len(x))
	for i, v := range x {
		s[i] = int16(max(-32768, min(math.Round(v*32768), 32767)))
	}
	return s
}

// muLaw sends samples through G.711 mu-law. It encodes by the definition (the
// segment is the position of the highest bit of the biased magnitude) and
// decodes by it too, so that it shares nothing with the package.
func muLaw(samples []int16) []int16 {
	out := make([]int16, len(samples))
	for i, s := range samples {
		sign, m := 1, int(s)
		if m < 0 {
			sign, m = -1, -m
		}
		m = min(m, 32635) + 132
		segment := 0
		for m>>(segment+8) > 0 {
			segment++
		}
		step := 1 << (segment + 3)
		out[i] = int16(sign * (m/step*step + step/2 - 132))
	}
	return out
}

// loseFrames replaces a share of the frames of 20 ms by silence.
func loseFrames(samples []int16, rate int, share float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 2))
	out := append([]int16(nil), samples...)
	n := rate / 50
	for at := 0; at+n <= len(out); at += n {
		if r.Float64() < share {
			clear(out[at : at+n])
		}
	}
	return out
}

var rates = []int{8000, 16000, 44100, 48000}

// forRates runs a test at each rate.
func forRates(t *testing.T, test func(t *testing.T, rate int)) {
	for _, rate := range rates {
		t.Run(fmt.Sprint(rate), func(t *testing.T) { test(t, rate) })
	}
}

// seeds returns how many random signals to try at a rate: n at 8 kHz, where it
// is cheap, and fewer at higher ones.
func seeds(rate, n int) uint64 { return uint64(max(1, n*8000/rate)) }

// wantTone checks a measured tone against what was made.
func wantTone(t *testing.T, got Tone, hz, level, hzWithin, levelWithin float64) {
	t.Helper()
	if !(math.Abs(got.Hz-hz) <= hzWithin) {
		t.Errorf("%v: got %.4f Hz, want %.4f within %g", got, got.Hz, hz, hzWithin)
	}
	if !(math.Abs(got.Level-level) <= levelWithin) {
		t.Errorf("%v: got %.3f dBov, want %.3f within %g", got, got.Level, level, levelWithin)
	}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
