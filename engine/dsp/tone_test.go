package dsp

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

func TestMeasureToneClean(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for _, hz := range []float64{30, 440, 1000, 3400.7, 0.49 * float64(rate)} {
			for _, d := range []time.Duration{ms(100), ms(333), time.Second} {
				for _, level := range []float64{FullScaleSine, -20, -60} {
					got := MeasureTone(quantise(sine(rate, framesIn(d, rate), hz, level, 0.7)), rate)
					wantTone(t, got, hz, level, 0.1, 0.1)
					if d >= time.Second && level >= -20 {
						wantTone(t, got, hz, level, 0.001, 0.001)
					}
					if got.Clipped != 0 && hz >= 300 {
						t.Errorf("%g Hz: %d clipped", hz, got.Clipped)
					}
				}
			}
		}
	})
}

// The floor of a clean tone's SNR is that of the quantisation, 98 dB below a full
// scale sine. At frequencies that have no common measure with the rate its error
// is white.
func TestMeasureToneQuantisation(t *testing.T) {
	for _, level := range []float64{-3.02, -23.02, -43.02} {
		got := MeasureTone(quantise(sine(8000, 8000, 441.37, level, 0)), 8000)
		if want := 98 + level + 3; math.Abs(got.SNR-want) > 1.5 {
			t.Errorf("%g dBov: SNR %.2f, want %.2f", level, got.SNR, want)
		}
	}
}

func TestMeasureToneInNoise(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for _, snr := range []float64{60, 30, 20, 10, 0} {
			hzWithin, levelWithin := 0.1, 0.1
			if snr < 10 {
				hzWithin, levelWithin = 0.5, 0.2
			}
			for seed := range seeds(rate, 6) {
				hz := 300 + 131.7*float64(seed)
				x := mix(sine(rate, rate, hz, -20, 1), noise(rate, -20-snr, seed))
				got := MeasureTone(quantise(x), rate)
				wantTone(t, got, hz, -20, hzWithin, levelWithin)
				if math.Abs(got.SNR-snr) > 0.5 {
					t.Errorf("SNR %.2f, want %g within 0.5", got.SNR, snr)
				}
			}
		}
	})
}

// Short tones in noise are where the estimate is worst.
func TestMeasureToneShortInNoise(t *testing.T) {
	for seed := range uint64(50) {
		hz := 300 + 61.3*float64(seed)
		x := mix(sine(8000, 800, hz, -20, 1), noise(800, -30, seed))
		wantTone(t, MeasureTone(quantise(x), 8000), hz, -20, 0.3, 0.6)
	}
}

// At 1000 and 2000 Hz all periods of a tone meet the same few steps of G.711, so
// what these do to it depends on the phase.
func TestMeasureToneMuLaw(t *testing.T) {
	for _, hz := range []float64{200, 440, 697, 1000, 1004, 1633, 2000, 2600, 3300} {
		for _, level := range []float64{-6.18, -10, -20, -30, -40} {
			for _, phase := range []float64{0, 0.3, 1.1} {
				got := MeasureTone(muLaw(quantise(sine(8000, 8000, hz, level, phase))), 8000)
				wantTone(t, got, hz, level, 0.1, 0.3)
				if got.SNR < 30 {
					t.Errorf("%g Hz at %g dBov: SNR %.1f", hz, level, got.SNR)
				}
			}
		}
	}
}

func TestMeasureToneLostFrames(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		for seed := range seeds(rate, 12) {
			x := quantise(sine(rate, 2*rate, 440, -15, 0.1))
			wantTone(t, MeasureTone(loseFrames(x, rate, 0.05, seed), rate), 440, -15.5, 0.5, 0.6)
		}
	})
}

// A jitter buffer that drops a frame makes the phase jump; for 437 Hz by 0.74 of
// a period, which a measurement over the whole takes for another frequency.
func TestMeasureTonePhaseJumps(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		x := quantise(sine(rate, rate, 437, -15, 0))
		frame := rate / 50
		dropped := Concat(x[:20*frame], x[21*frame:])
		wantTone(t, MeasureTone(dropped, rate), 437, -15, 0.5, 1)
		repeated := Concat(x[:20*frame], x[19*frame:30*frame], x[29*frame:])
		wantTone(t, MeasureTone(repeated, rate), 437, -15, 0.5, 1)
	})
}

func TestMeasureToneStrongestOfTwo(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		x := mix(sine(rate, rate, 440, -16, 0), sine(rate, rate, 480, -10, 1))
		got := MeasureTone(quantise(x), rate)
		wantTone(t, got, 480, -10, 0.1, 0.1)
		if math.Abs(got.SNR-6) > 0.2 {
			t.Errorf("SNR %.2f, want 6: the other tone counts as noise", got.SNR)
		}
	})
}

func TestMeasureToneDCOffset(t *testing.T) {
	x := sine(8000, 8000, 100, -30, 0)
	clean := MeasureTone(quantise(x), 8000)
	for i := range x {
		x[i] += 0.5
	}
	got := MeasureTone(quantise(x), 8000)
	wantTone(t, got, 100, -30, 0.01, 0.01)
	if math.Abs(got.SNR-clean.SNR) > 1 {
		t.Errorf("SNR %.1f with an offset, %.1f without", got.SNR, clean.SNR)
	}
}

func TestMeasureToneClipping(t *testing.T) {
	over := MeasureTone(quantise(sine(8000, 8000, 441, 3, 0)), 8000)
	// A sine of twice the amplitude is over full scale for 2/3 of the time.
	if share := float64(over.Clipped) / 8000; math.Abs(share-2.0/3) > 0.01 {
		t.Errorf("%.3f of the samples clipped, want 2/3", share)
	}
	if math.Abs(over.Hz-441) > 0.1 || over.SNR > 15 {
		t.Errorf("clipped tone: %v", over)
	}
	for _, tt := range []struct {
		samples []int16
		want    int
	}{
		{[]int16{32767, 0, 32767, 0}, 0},
		{[]int16{32767, -32768, 32767}, 0},
		{[]int16{32767, 32767}, 2},
		{[]int16{0, -32768, -32768, -32768, 32767, 32767, 5, 32767}, 5},
	} {
		if got := countClipped(tt.samples); got != tt.want {
			t.Errorf("%v: %d clipped, want %d", tt.samples, got, tt.want)
		}
	}
}

func TestMeasureToneNone(t *testing.T) {
	constant := make([]int16, 8000)
	for i := range constant {
		constant[i] = 1000
	}
	for _, samples := range [][]int16{nil, {}, {1}, {32767, -32768}, make([]int16, 8000), constant} {
		got := MeasureTone(samples, 8000)
		if got.Hz != 0 || got.SNR != 0 {
			t.Errorf("%d samples: %v", len(samples), got)
		}
		if len(samples) != 2 && got.Level != MinLevel {
			t.Errorf("%d samples: level %v, want %v", len(samples), got.Level, MinLevel)
		}
	}
	for _, rate := range []int{0, -1, math.MinInt, 1_000_001, math.MaxInt} {
		x := GenerateTone(8000, time.Second, -10, 440)
		if got := MeasureTone(x, rate); got.Hz != 0 {
			t.Errorf("rate %d: %v", rate, got)
		}
		if got := Segments(x, rate); got != nil {
			t.Errorf("rate %d: %v", rate, got)
		}
		if got := Goertzel(x, rate, 440); got != MinLevel {
			t.Errorf("rate %d: %v", rate, got)
		}
	}
}

// Noise has no tone, but for one in some thousands.
func TestMeasureToneNoise(t *testing.T) {
	for n, pieces := range map[int]int{40: 1000, 80: 1000, 200: 1000, 800: 1000, 4000: 100} {
		var found int
		for seed := range uint64(pieces) {
			got := MeasureTone(quantise(noise(n, -20, seed)), 8000)
			if got.Hz != 0 {
				found++
			} else if n >= 4000 && math.Abs(got.Level+20) > 0.5 {
				t.Errorf("level of the noise %.2f, want -20", got.Level)
			}
		}
		if found > 3 {
			t.Errorf("%d samples: %d tones in %d pieces of noise", n, found, pieces)
		}
	}
}

func TestMeasureToneShortInput(t *testing.T) {
	for n := range 400 {
		got := MeasureTone(quantise(sine(8000, n, 440, -10, 0)), 8000)
		if n < 32 && got.Hz != 0 {
			t.Errorf("%d samples: %v", n, got)
		}
		if n >= 80 && (math.Abs(got.Hz-440) > 5 || math.Abs(got.Level+10) > 0.5) {
			t.Errorf("%d samples: %v", n, got)
		}
	}
}

// Where there is no tone, what is there has no say in its frequency.
func TestMeasureToneForAPart(t *testing.T) {
	for seed := range uint64(20) {
		x := noise(16000, -40, seed)
		copy(x[6000:], sine(8000, 3200, 1440, -10, 0))
		wantTone(t, MeasureTone(quantise(x), 8000), 1440, -17, 0.01, 0.3)
	}
}

// What has less than a period and a half in 100 ms is a drifting offset.
func TestMeasureToneDrift(t *testing.T) {
	for hz := 0.5; hz < 14; hz += 0.5 {
		if got := MeasureTone(quantise(sine(8000, 8000, hz, -10, 0)), 8000); got.Hz != 0 {
			t.Errorf("%g Hz: %v", hz, got)
		}
	}
}

func TestLevelReference(t *testing.T) {
	square := make([]int16, 8000)
	for i := range square {
		square[i] = -32768
		if i/10%2 == 0 {
			square[i] = 32767
		}
	}
	if got := toLevel(variance(toFloat(square))); math.Abs(got) > 0.001 {
		t.Errorf("full-scale square wave: %.4f dBov, want 0", got)
	}
	full := quantise(sine(8000, 8000, 441.3, FullScaleSine, 0))
	if got := MeasureTone(full, 8000).Level; math.Abs(got-FullScaleSine) > 0.001 {
		t.Errorf("full-scale sine: %.4f dBov, want %.4f", got, FullScaleSine)
	}
}

func TestToneSurvivesJSON(t *testing.T) {
	for _, samples := range [][]int16{nil, make([]int16, 800), GenerateTone(8000, time.Second, -10, 440)} {
		if _, err := json.Marshal(MeasureTone(samples, 8000)); err != nil {
			t.Error(err)
		}
	}
}

func TestGoertzel(t *testing.T) {
	forRates(t, func(t *testing.T, rate int) {
		x := quantise(mix(
			sine(rate, rate, 350, -13, 0),
			sine(rate, rate, 440, -16, 1),
			sine(rate, rate, 1633, -40, 2),
			noise(rate, -50, 1)))
		for _, tt := range []struct{ hz, want float64 }{
			{350, -13}, {440, -16}, {1633, -40}, {349, -13}, {441, -16},
		} {
			if got := Goertzel(x, rate, tt.hz); math.Abs(got-tt.want) > 0.1 {
				t.Errorf("%g Hz: %.2f dBov, want %g", tt.hz, got, tt.want)
			}
		}
		if got := Goertzel(x, rate, 1000); got > -70 {
			t.Errorf("no tone at 1000 Hz: %.2f dBov", got)
		}
	})
}

// Tones 20 Hz away do not count.
func TestGoertzelKeepsApart(t *testing.T) {
	x := quantise(sine(8000, 8000, 460, -10, 0))
	if got := Goertzel(x, 8000, 440); got > -60 {
		t.Errorf("460 Hz measures %.1f dBov at 440 Hz", got)
	}
}

func TestGoertzelNoiseFloor(t *testing.T) {
	x := quantise(noise(80000, -20, 3))
	if got := Goertzel(x, 8000, 1000); math.Abs(got+44.3) > 1.5 {
		t.Errorf("%.1f dBov in noise of -20, want about -44", got)
	}
}

func TestGoertzelNothing(t *testing.T) {
	x := GenerateTone(8000, time.Second, -10, 440)
	for _, tt := range []struct {
		samples []int16
		rate    int
		hz      float64
	}{
		{nil, 8000, 440}, {x, 0, 440}, {x, -8000, 440}, {x, 8000, 0}, {x, 8000, -440}, {x, 8000, 4000},
		{x, 8000, 1e300}, {x, 8000, math.NaN()}, {x, 8000, math.Inf(1)}, {x[:36], 8000, 440}, {x[:31], 8000, 3000}, {x, 10, 4},
		{x, 8000, 19}, {x, 8000, 3996}, {make([]int16, 8000), 8000, 440},
	} {
		if got := Goertzel(tt.samples, tt.rate, tt.hz); got != MinLevel {
			t.Errorf("%d samples at %d, %g Hz: %v", len(tt.samples), tt.rate, tt.hz, got)
		}
	}
}

func TestBlocksCoverAll(t *testing.T) {
	for _, size := range []int{32, 33, 800} {
		for n := size; n < 3*size; n++ {
			x := make([]float64, n)
			f := newFitter(size)
			for b := range f.blocks(x) {
				for i := range b {
					b[i]++
				}
			}
			if least := slices.Min(x); least < 1 || slices.Max(x) > 3 {
				t.Fatalf("blocks of %d in %d samples: some sample is in %g of them", size, n, least)
			}
		}
	}
}

// A fit stays near where it is told to look.
func TestFitStaysNear(t *testing.T) {
	f := newFitter(800)
	const bin = 2 * math.Pi / 800
	for seed := range uint64(50) {
		x := mix(noise(800, -30, seed), sine(8000, 800, 1000, -10, 0))
		for _, away := range []float64{-6, -4.5, -3, 3, 4.5, 6} {
			w := radians(1000, 8000) + away*bin
			if at, _, ok := f.fit(x, w); ok && math.Abs(at-w) > 2*bin {
				t.Errorf("from %.1f lines away to %.1f", away, (at-w)/bin+away)
			}
		}
	}
}

// FuzzMeasure checks that no input breaks a measurement and that what must hold
// of every result does.
func FuzzMeasure(f *testing.F) {
	add := func(samples []int16, rate int, hz float64) {
		var b []byte
		for _, s := range samples {
			b = binary.LittleEndian.AppendUint16(b, uint16(s))
		}
		f.Add(b, rate, hz)
	}
	add(nil, 8000, 440.0)
	add([]int16{1}, 1, 0.1)
	add(GenerateTone(8000, ms(300), -10, 440), 8000, 440.0)
	add(Concat(GenerateTone(8000, ms(100), -10, 440), Silence(8000, ms(50)), GenerateTone(8000, ms(100), -10, 880)), 8000, 880.0)
	add(quantise(noise(1000, -10, 1)), 16000, 7999.9)
	add(quantise(sine(8000, 1000, 3990, -3.1, 0)), 8000, 3999.999)
	add(quantise(sine(8000, 1000, 8, -3.1, 0)), 1000, 1e-9)
	f.Fuzz(func(t *testing.T, b []byte, rate int, hz float64) {
		samples := make([]int16, min(len(b)/2, 4000))
		for i := range samples {
			samples[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
		check := func(what string, tone Tone) {
			if !(tone.Level >= MinLevel && tone.Level <= 3.5) {
				t.Errorf("%s: level %v", what, tone.Level)
			}
			if !(tone.Hz >= 0 && tone.Hz <= float64(max(rate, 0))/2) {
				t.Errorf("%s: %v Hz at rate %d", what, tone.Hz, rate)
			}
			if !(math.Abs(tone.SNR) <= -MinLevel) || tone.Hz == 0 && tone.SNR != 0 {
				t.Errorf("%s: SNR %v", what, tone.SNR)
			}
		}
		check("MeasureTone", MeasureTone(samples, rate))
		if got := Goertzel(samples, rate, hz); !(got >= MinLevel && got <= 3.5) {
			t.Errorf("Goertzel: %v", got)
		}
		segments := Segments(samples, rate)
		at, toned := time.Duration(0), true
		for _, s := range segments {
			check("Segments", s.Tone)
			if s.Start != at || s.End <= s.Start {
				t.Errorf("segment %v after %v", s, at)
			}
			if s.Hz == 0 && !toned {
				t.Errorf("two segments without a tone meet at %v", s.Start)
			}
			at, toned = s.End, s.Hz > 0
		}
		if rate > 0 && rate <= 1_000_000 && at != durationOf(len(samples), rate) {
			t.Errorf("segments end at %v of %v", at, durationOf(len(samples), rate))
		}
	})
}

func BenchmarkMeasureTone(b *testing.B) {
	for _, rate := range []int{8000, 48000} {
		x := GenerateTone(rate, time.Second, -10, 440)
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			b.SetBytes(int64(2 * len(x)))
			for b.Loop() {
				MeasureTone(x, rate)
			}
		})
	}
}

func BenchmarkSegments(b *testing.B) {
	x := Concat(GenerateTone(8000, 5*time.Second, -10, 440), Silence(8000, time.Second), GenerateTone(8000, 4*time.Second, -10, 880))
	b.SetBytes(int64(2 * len(x)))
	for b.Loop() {
		Segments(x, 8000)
	}
}

func TestClearestToneLooksPastHoles(t *testing.T) {
	const rate = 8000
	tone := GenerateTone(rate, 3*time.Second, -20, 440)
	for from := 0; from < 2*rate; from += rate / 10 { // holes in the first two seconds
		clear(tone[from : from+rate/40])
	}
	if got := ClearestTone(tone, rate, 500*time.Millisecond); math.Abs(got.Hz-440) > 0.1 || math.Abs(got.Level+20) > 0.1 || got.SNR < 40 {
		t.Errorf("%v", got)
	}
	if whole := MeasureTone(tone, rate); whole.SNR > 15 {
		t.Errorf("the holes are not heard: %v", whole)
	}
	if got, want := ClearestTone(tone, rate, time.Minute), MeasureTone(tone, rate); got != want {
		t.Errorf("short input: %v, want %v", got, want)
	}
	if got := ClearestTone(nil, rate, time.Second); got != MeasureTone(nil, rate) {
		t.Errorf("no input: %v", got)
	}
}
