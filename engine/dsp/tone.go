package dsp

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Reference points of levels; see the package comment.
const (
	// MinLevel is the lowest level there is, in dBov: digital silence.
	MinLevel = -127.0
	// FullScaleSine is the level of the loudest sine that does not clip, in dBov.
	FullScaleSine = -3.0103

	fullScale = 32768 // the overload point of 16 bits
)

// Tone is what was measured of the strongest tone in some audio. The zero value
// is never measured, since the level of silence is MinLevel.
type Tone struct {
	// Hz is the frequency, 0 when there is no tone.
	Hz float64
	// Level is that of the tone alone in dBov, without noise and other tones.
	// When there is no tone, it is the level of everything but a DC offset.
	Level float64
	// SNR is the ratio of the tone to everything else but a DC offset, in dB:
	// noise, other tones, distortion, gaps. 0 when there is no tone. A clean
	// 16-bit tone has about 98 dB less what it is below full scale, one that
	// went through G.711 30 dB or more.
	SNR float64
	// Clipped counts samples in runs of two or more at the same end of the
	// 16-bit range. A sine that just reaches full scale has none, but for one so
	// low (30 Hz at 16 kHz) that neighbouring samples round to the same value.
	Clipped int
}

// String shows the tone for a log or a failed test.
func (t Tone) String() string {
	s := fmt.Sprintf("no tone %.1f dBov", t.Level)
	if t.Hz > 0 {
		s = fmt.Sprintf("%.1f Hz %.1f dBov SNR %.0f dB", t.Hz, t.Level, t.SNR)
	}
	if t.Clipped > 0 {
		s += fmt.Sprintf(" %d clipped", t.Clipped)
	}
	return s
}

// toneBlock is the length over which a tone is taken to be coherent. Longer
// parts other tones better (they must be 20 Hz away), shorter loses less to a
// jump in phase, which a jitter buffer makes when it drops or repeats a frame.
const toneBlock = 100 * time.Millisecond

// MeasureTone finds the strongest tone in samples of one channel and measures
// it. Audio that holds several tones one after the other is for [Segments].
//
// For a tone of 1 s or more, between 30 Hz and 0.49 of the rate, that sounds all
// the time, frequency is within 0.1 Hz and level within 0.1 dB when the tone is
// clean (from 100 ms on) or white noise is 10 dB below it. With noise as loud as
// the tone it is 0.5 Hz and 0.2 dB, through G.711 0.1 Hz and 0.3 dB, since its
// coarse steps change what is heard; Opus at 12 kbit/s and more does no worse.
// Frames of 20 ms that were lost (5 % of them, replaced by silence), dropped or
// repeated leave the frequency within 0.5 Hz and take up to 1 dB from the level.
// SNR is within 0.5 dB up to 60 dB. Shorter input is measured less exactly; less
// than a period and a half, or less than 32 samples, has no tone, nor has
// anything at a rate below 1 or above 1 MHz.
//
// Audio has a tone when one frequency stands out from what noise does by
// chance; a tone 10 dB below white noise in the telephone band is lost in it.
// Speech and music may have tones too: look at SNR.
func MeasureTone(samples []int16, rate int) Tone {
	return measure(samples, rate, 0)
}

// Goertzel returns the level in dBov of the tone at hz in samples of one channel,
// whatever else sounds with it. It averages power over blocks of 100 ms, so it
// keeps apart tones 20 Hz away and more, and is within 0.1 dB for a tone within
// 1 Hz of hz. The floor that white noise leaves is about 24 dB below the noise at
// 8 kHz. It returns MinLevel when hz is below 20 or within 5 of half the rate, the
// rate is above 1 MHz, or samples is shorter than two periods of hz or than 32.
func Goertzel(samples []int16, rate int, hz float64) float64 {
	if !measurable(rate) {
		return MinLevel
	}
	size := blockLength(len(samples), rate, toneBlock)
	lines := hz * float64(size) / float64(rate) // periods in a block
	if size < minBlock || !(lines >= 2 && lines <= float64(size)/2-0.5) {
		return MinLevel
	}
	x := toFloat(samples)
	var tone float64
	var n int
	f := newFitter(size)
	f.tune(radians(hz, rate))
	for b := range f.blocks(x) {
		t, _ := f.power(b)
		tone += t
		n++
	}
	return toLevel(tone / float64(n))
}

// measure is MeasureTone, which looks for the strongest tone anywhere when near
// is 0 and otherwise for the tone near that many Hz.
func measure(samples []int16, rate int, near float64) Tone {
	x := toFloat(samples)
	t := Tone{Level: toLevel(variance(x)), Clipped: countClipped(samples)}
	n := blockLength(len(x), rate, toneBlock)
	if !measurable(rate) || n < minBlock || t.Level == MinLevel {
		return t
	}
	f := newFitter(n)
	coarse := radians(near, rate)
	if near == 0 {
		coarse = f.strongest(x)
	}
	w, ok := f.refine(x, coarse)
	if !ok {
		return t
	}

	// With the frequency known, each block gives what is the tone and what is not.
	var tone, rest float64
	var blocks int
	f.tune(w)
	for b := range f.blocks(x) {
		p, r := f.power(b)
		tone += p
		rest += r
		blocks++
	}
	if tone < standsOut(n)*(tone+rest) {
		return t
	}
	t.Hz = w * float64(rate) / (2 * math.Pi)
	t.Level = toLevel(tone / float64(blocks))
	t.SNR = min(10*math.Log10(tone/rest), -MinLevel) // rest may be 0
	return t
}

// refine returns the frequency of the tone near w in radians per sample: the
// median of what the blocks say in which it is strong. A jump in phase or a gap
// spoils the blocks it is in and leaves the median alone.
func (f *fitter) refine(x []float64, w float64) (float64, bool) {
	type estimate struct{ w, power float64 }
	var all []estimate
	var loudest float64
	for b := range f.blocks(x) {
		if e, p, ok := f.fit(b, w); ok {
			all = append(all, estimate{e, p})
			loudest = max(loudest, p)
		}
	}
	var strong []float64
	for _, e := range all {
		if e.power >= loudest/4 {
			strong = append(strong, e.w)
		}
	}
	if len(strong) == 0 {
		return 0, false
	}
	slices.Sort(strong)
	m := len(strong) / 2
	if len(strong)%2 == 0 {
		return (strong[m-1] + strong[m]) / 2, true
	}
	return strong[m], true
}

// maxRate is far past anything that is recorded.
const maxRate = 1_000_000

// measurable says whether time can be told at a rate. The upper bound keeps the
// length of a window that is given in milliseconds within reason.
func measurable(rate int) bool { return rate >= 1 && rate <= maxRate }

// standsOut returns the share of the power of a block of n samples that one
// frequency must have to be called a tone. In white noise the strongest of the
// n/2 bins has about ln(n/2) times the mean, and a Hann window spreads it over
// 1.5 bins; four times that is left to chance once in ten thousand blocks.
func standsOut(n int) float64 {
	bins := float64(n) / 2
	return min(6*math.Log(bins)/bins, 0.6)
}

// blockLength returns how many samples a block of length d has, at most n.
func blockLength(n, rate int, d time.Duration) int {
	return min(n, framesIn(d, rate))
}

func radians(hz float64, rate int) float64 { return 2 * math.Pi * hz / float64(rate) }

// toFloat scales samples to a full scale of 1.
func toFloat(samples []int16) []float64 {
	x := make([]float64, len(samples))
	for i, s := range samples {
		x[i] = float64(s) / fullScale
	}
	return x
}

// toLevel turns power into dBov.
func toLevel(power float64) float64 {
	return max(10*math.Log10(power), MinLevel) // log of 0 is -Inf
}

// variance returns the mean power without DC.
func variance(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	var sum, squares float64
	for _, v := range x {
		sum += v
	}
	mean := sum / float64(len(x))
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return squares / float64(len(x))
}

// countClipped counts samples in runs of two or more at one end of the range.
func countClipped(samples []int16) int {
	var clipped, run int
	for i, s := range samples {
		switch {
		case s != math.MaxInt16 && s != math.MinInt16:
			run = 0
			continue
		case i > 0 && samples[i-1] == s:
			run++
		default:
			run = 1
		}
		if run == 2 {
			clipped++ // the first of the run
		}
		if run >= 2 {
			clipped++
		}
	}
	return clipped
}

// ClearestTone is MeasureTone of the window in which a tone stands out most. A media
// clock on a busy machine is late now and then and leaves holes in a tone, which say
// nothing about its frequency and level. Input shorter than window is measured whole.
func ClearestTone(samples []int16, rate int, window time.Duration) Tone {
	n := int(int64(window) * int64(rate) / int64(time.Second))
	if n <= 0 || n >= len(samples) {
		return MeasureTone(samples, rate)
	}
	var best Tone
	for from := 0; from+n <= len(samples); from += max(n/10, 1) {
		if tone := MeasureTone(samples[from:from+n], rate); best.Hz == 0 || tone.SNR > best.SNR {
			best = tone
		}
	}
	return best
}
