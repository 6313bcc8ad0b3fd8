package dsp

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/dsp/fourier"
)

// A framer cuts a stream into overlapping frames and takes their spectra: what the detectors of
// tones, speech and answering machines have in common.
type framer struct {
	rate, hop, size int // Hz, samples
	window          []float64
	bin             float64 // Hz from one line of the spectrum to the next
	top             int     // lines up to 4 kHz

	heard   int64
	block   []float64 // the last size samples, and room for a hop
	fresh   int
	in, out float64 // of the filter that takes DC away
	pole    float64
	fft     *fourier.FFT
	padded  []float64
	lines   []complex128
	frame   frame
}

// frame is 64 ms of audio; the next one is 10 ms later.
type frame struct {
	end   int64     // samples heard so far
	mid   int64     // the sample in its middle
	fresh float64   // power of its last 10 ms
	total float64   // power above 100 Hz
	power []float64 // that of each line of the spectrum; a sine has all of its in 8 of them
}

const (
	frameHop  = 10 // ms
	frameSize = 64 // ms
)

// newFramer takes rates that are a multiple of 500 Hz from 8000 to 48000.
func newFramer(what string, rate int) (*framer, error) {
	if rate < 8000 || rate > 48000 || rate%500 != 0 {
		return nil, fmt.Errorf("dsp: no %s at %d Hz: the rate must be a multiple of 500 from 8000 to 48000", what, rate)
	}
	n := rate * frameSize / 1000
	f := &framer{
		rate: rate, hop: rate * frameHop / 1000, size: n, window: make([]float64, n), block: make([]float64, n),
		pole: math.Exp(-2 * math.Pi * 40 / float64(rate)), fft: fourier.NewFFT(2 * n), padded: make([]float64, 2*n),
		lines: make([]complex128, n+1), bin: float64(rate) / float64(2*n),
	}
	f.top = min(int(4000/f.bin), n)
	var square float64
	for i := range f.window {
		f.window[i] = (1 - math.Cos(2*math.Pi*(float64(i)+0.5)/float64(n))) / 2
		square += f.window[i] * f.window[i]
	}
	// So that the power of the lines adds up to that of the signal.
	scale := math.Sqrt(1 / square / float64(n))
	for i := range f.window {
		f.window[i] *= scale
	}
	f.frame.power = make([]float64, f.top)
	return f, nil
}

// at returns samples for ms.
func (f *framer) at(ms int) int64 { return int64(ms) * int64(f.rate) / 1000 }

// hear calls look with each frame; what it is given is valid until it returns.
func (f *framer) hear(samples []int16, look func(*frame)) {
	for len(samples) > 0 {
		if f.fresh == 0 {
			copy(f.block, f.block[f.hop:])
		}
		n := min(len(samples), f.hop-f.fresh)
		at := f.size - f.hop + f.fresh
		for i, s := range samples[:n] {
			v := float64(s) / fullScale
			f.out = v - f.in + f.pole*f.out
			f.in = v
			f.block[at+i] = f.out
		}
		samples = samples[n:]
		f.heard += int64(n)
		if f.fresh += n; f.fresh == f.hop {
			f.fresh = 0
			f.spectrum()
			look(&f.frame)
		}
	}
}

func (f *framer) spectrum() {
	fr := &f.frame
	fr.end, fr.mid, fr.fresh, fr.total = f.heard, f.heard-int64(f.size/2), 0, 0
	for _, v := range f.block[f.size-f.hop:] {
		fr.fresh += v * v
	}
	fr.fresh /= float64(f.hop)
	for i, v := range f.block {
		f.padded[i] = v * f.window[i]
	}
	f.fft.Coefficients(f.lines, f.padded)
	low := int(100 / f.bin)
	for i := range fr.power {
		c := f.lines[i]
		p := real(c)*real(c) + imag(c)*imag(c)
		fr.power[i] = p
		if i >= low {
			fr.total += p
		}
	}
}

// lobe is how many lines to each side of a tone have its power, nearly.
const lobe = 4

// peaks finds the strongest lines of a spectrum, strongest first: at most len(to), each at
// least share of the strongest, and none within a lobe of another. It returns how many.
func peaks(power []float64, from int, share float64, to []int) int {
	n := 0
	var first float64
	for n < len(to) {
		best := -1
		for i := max(from, 1); i < len(power)-1; i++ {
			if power[i] <= power[i-1] || power[i] < power[i+1] || best >= 0 && power[i] <= power[best] {
				continue
			}
			near := false
			for _, p := range to[:n] {
				near = near || i-p < lobe && p-i < lobe
			}
			if !near {
				best = i
			}
		}
		if best < 0 || power[best] < share*first || power[best] == 0 {
			return n
		}
		if n == 0 {
			first = power[best]
		}
		to[n] = best
		n++
	}
	return n
}

// hz is the frequency of the peak at a line, by the parabola through the logarithms around it.
func (f *framer) hz(power []float64, line int) float64 {
	l, m, r := math.Log(power[line-1]+1e-30), math.Log(power[line]+1e-30), math.Log(power[line+1]+1e-30)
	at := float64(line)
	if d := l - 2*m + r; d < 0 {
		at += max(-0.5, min((l-r)/(2*d), 0.5))
	}
	return at * f.bin
}
