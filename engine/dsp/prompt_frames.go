package dsp

import (
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/dsp/window"
)

// What prompts are compared by: 100 times in a second the levels in bands that are all
// within the range of a telephone, so that what the line takes away is not missed.
const (
	promptRate   = 100 // frames in a second
	promptWindow = 40  // ms of a frame, under Hann's window
	promptBands  = 20
	promptLow    = 300.0 // Hz
	promptHigh   = 3400.0
)

// A promptFrame is what is known of 10 ms of audio.
type promptFrame struct {
	level float32              // dBov, of all bands together
	band  [promptBands]float32 // dBov
}

// nothing is the frame where nothing was heard.
var nothing = func() promptFrame {
	f := promptFrame{level: MinLevel}
	for b := range f.band {
		f.band[b] = MinLevel
	}
	return f
}()

// A promptFramer makes frames of a stream of samples.
type promptFramer struct {
	rate   int
	window []float64
	fft    *fourier.FFT
	padded []float64
	lines  []complex128
	power  []float64 // of the lines up to the highest band
	bands  [promptBands]bandLines

	past   []float64 // samples that are still needed
	first  int64     // position of past[0]
	next   int64     // frame
	frames []promptFrame
}

// bandLines are the weights of the lines of a spectrum in one band.
type bandLines struct {
	first  int
	weight []float64
}

func newPromptFramer(rate int) *promptFramer {
	n, size := rate*promptWindow/1000, 1
	for size < n {
		size *= 2
	}
	f := &promptFramer{
		rate: rate, window: make([]float64, n), fft: fourier.NewFFT(size),
		padded: make([]float64, size), lines: make([]complex128, size/2+1),
		// The first frame is in the middle of the first sample: silence is before it.
		past: make([]float64, n/2), first: -int64(n / 2),
	}
	for i := range f.window {
		f.window[i] = 1
	}
	window.Hann(f.window)
	var sum float64
	for _, w := range f.window {
		sum += w * w
	}
	for i := range f.window {
		// So that the power of all lines is the mean square.
		f.window[i] *= math.Sqrt(2/(sum*float64(size))) / fullScale
	}
	hz := float64(rate) / float64(size)
	f.power = make([]float64, min(int(1.06*promptHigh/hz)+2, len(f.lines)))
	low, high := bark(promptLow), bark(promptHigh)
	wide := (high - low) / promptBands
	for b := range f.bands {
		band, middle := &f.bands[b], low+(float64(b)+0.5)*wide
		for k := range f.power {
			w := 1 - math.Abs(bark(float64(k)*hz)-middle)/wide
			if w <= 0 {
				continue
			}
			if band.weight == nil {
				band.first = k
			}
			band.weight = append(band.weight, w)
		}
	}
	return f
}

// bark is a frequency on the scale of critical bands (Traunmüller 1990).
func bark(hz float64) float64 { return 26.81*hz/(1960+hz) - 0.53 }

// hear returns the frames that are complete with these samples. They are valid until the
// next call.
func (f *promptFramer) hear(samples []int16) []promptFrame {
	f.frames = f.frames[:0]
	for _, s := range samples {
		f.past = append(f.past, float64(s))
	}
	at, n := 0, len(f.window)
	for {
		at = int(f.middle(f.next) - int64(n/2) - f.first)
		if at+n > len(f.past) {
			break
		}
		f.frames = append(f.frames, f.frame(f.past[at:at+n]))
		f.next++
	}
	at = min(at, len(f.past))
	f.past = f.past[:copy(f.past, f.past[at:])]
	f.first += int64(at)
	return f.frames
}

// middle is the sample in the middle of a frame.
func (f *promptFramer) middle(frame int64) int64 { return sampleOf(frame, f.rate) }

// sampleOf is the sample where a frame is.
func sampleOf(frame int64, rate int) int64 { return frame * int64(rate) / promptRate }

func (f *promptFramer) frame(x []float64) (out promptFrame) {
	var mean float64 // an offset is no sound
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for i, v := range x {
		f.padded[i] = (v - mean) * f.window[i]
	}
	f.fft.Coefficients(f.lines, f.padded)
	for k := range f.power {
		c := f.lines[k]
		f.power[k] = real(c)*real(c) + imag(c)*imag(c)
	}
	var total float64
	for b := range f.bands {
		band := &f.bands[b]
		var p float64
		for i, w := range band.weight {
			p += w * f.power[band.first+i]
		}
		out.band[b] = float32(toLevel(p))
		total += p
	}
	out.level = float32(toLevel(total))
	return out
}
