package dsp

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestGenerateTone(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for _, level := range []float64{FullScaleSine, -20, -50} {
			x := GenerateTone(rate, time.Second, level, 440)
			if len(x) != rate {
				t.Errorf("%d samples, want %d", len(x), rate)
			}
			got := MeasureTone(x[rate/100:rate-rate/100], rate)
			wantTone(t, got, 440, level, 0.01, 0.05)
			if got.SNR < 98+level+2 {
				t.Errorf("%v: not clean", got)
			}
			if got.Clipped > 0 {
				t.Errorf("%d samples clipped", got.Clipped)
			}
		}
		x := GenerateTone(rate, time.Second, -9.04, 697, 1209)
		for _, hz := range []float64{697, 1209} {
			if got := Goertzel(x[rate/100:rate-rate/100], rate, hz); math.Abs(got+9.04) > 0.05 {
				t.Errorf("%g Hz: %.2f dBov", hz, got)
			}
		}
		if n := countClipped(x); n > 0 {
			t.Errorf("two tones of -9.04 dBov: %d samples clipped", n)
		}
		if n := countClipped(GenerateTone(rate, time.Second, 0, 440)); n == 0 {
			t.Error("a sine of 0 dBov does not clip")
		}
	})
}

// The ends are soft and the middle is at full amplitude.
func TestGenerateToneFades(t *testing.T) {
	x := GenerateTone(8000, ms(100), FullScaleSine, 1000)
	peak := func(x []int16) int16 {
		return max(slices.Max(x), -slices.Min(x))
	}
	for _, ends := range [][]int16{x[:4], x[len(x)-4:]} {
		if got := peak(ends); got > 1000 {
			t.Errorf("%d in the first or last half millisecond", got)
		}
	}
	if got := peak(x[40:48]); got < 32000 {
		t.Errorf("%d after 5 ms", got)
	}
	if got := len(GenerateTone(8000, ms(2), -10, 1000)); got != 16 {
		t.Errorf("2 ms has %d samples", got)
	}
}

func TestGenerateToneNothing(t *testing.T) {
	for _, tt := range []struct {
		rate int
		d    time.Duration
		hz   []float64
		n    int
	}{
		{8000, 0, []float64{440}, 0},
		{8000, -time.Second, []float64{440}, 0},
		{0, time.Second, []float64{440}, 0},
		{-1, time.Second, []float64{440}, 0},
		{8000, ms(1), nil, 8},
		{8000, ms(1), []float64{5000}, 8},
		{8000, ms(1), []float64{1e9 + 100}, 8},
		{8000, ms(1), []float64{-440, 0}, 8},
		{8000, ms(1), []float64{math.NaN(), math.Inf(1)}, 8},
	} {
		x := GenerateTone(tt.rate, tt.d, -10, tt.hz...)
		if len(x) != tt.n || slices.ContainsFunc(x, func(s int16) bool { return s != 0 }) {
			t.Errorf("%v at %d Hz for %v: %v", tt.hz, tt.rate, tt.d, x)
		}
	}
}

func TestSilenceAndConcat(t *testing.T) {
	if got := Silence(8000, ms(20)); len(got) != 160 || slices.Max(got) != 0 || slices.Min(got) != 0 {
		t.Errorf("20 ms of silence: %d samples", len(got))
	}
	if got := Silence(8000, -ms(20)); len(got) != 0 {
		t.Errorf("negative silence: %d samples", len(got))
	}
	a, b := []int16{1, 2}, []int16{3}
	if got := Concat(a, nil, b); !slices.Equal(got, []int16{1, 2, 3}) {
		t.Errorf("got %v", got)
	}
}
