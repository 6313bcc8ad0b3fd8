package dsp

import (
	"iter"
	"math"
	"math/cmplx"

	"gonum.org/v1/gonum/dsp/fourier"
	"gonum.org/v1/gonum/dsp/window"
)

// minBlock is the shortest block that a tone is looked for in.
const minBlock = 32

// A fitter measures sines in blocks of one length by least squares under a Hann
// window: the window keeps other tones and the edges of the block out of the
// answer, and the fit has no bias from the tone's own mirror image, which a
// spectrum of a short block has.
//
// Time runs from the middle of the block, so that of the functions that are
// fitted the even ones (1, cos, t sin) and the odd ones (sin, t cos) are
// orthogonal and the equations fall into two small sets.
type fitter struct {
	window []float64 // weights that sum to 1
	w      float64   // the frequency that is tuned to, in radians per sample

	cos, sin []float64 // of w at each sample
	c0, c1   float64   // weighted sums of cos and cos²
	s1       float64   // of sin²

	fft    *fourier.FFT // made by strongest when it is first called, with
	padded []float64    // its input,
	lines  []complex128 // its output,
	sum    []float64    // and the power of each line over all blocks
}

func newFitter(n int) *fitter {
	f := &fitter{window: make([]float64, n), cos: make([]float64, n), sin: make([]float64, n)}
	for i := range f.window {
		f.window[i] = 1
	}
	window.Hann(f.window)
	var sum float64
	for _, v := range f.window {
		sum += v
	}
	for i := range f.window {
		f.window[i] /= sum
	}
	return f
}

// blocks yields the blocks of x, each half over the one before, so that
// together the windows weigh all samples alike but those at the ends. The last
// block ends where x ends.
func (f *fitter) blocks(x []float64) iter.Seq[[]float64] {
	n := len(f.window)
	hop := max(n/2, 1)
	return func(yield func([]float64) bool) {
		for at := 0; at+n <= len(x); at += hop {
			if !yield(x[at : at+n]) {
				return
			}
		}
		if rest := len(x) - n; rest > 0 && rest%hop != 0 {
			yield(x[rest:])
		}
	}
}

// strongest returns the frequency with the most power over all blocks of x, in
// radians per sample, to a fraction of a spectral line.
func (f *fitter) strongest(x []float64) float64 {
	if f.fft == nil {
		// Padded to a power of two, for speed whatever the length is.
		size := 1
		for size < len(f.window) {
			size *= 2
		}
		f.fft = fourier.NewFFT(size)
		f.padded = make([]float64, size)
		f.lines = make([]complex128, size/2+1)
		f.sum = make([]float64, size/2+1)
	}
	clear(f.sum)
	for b := range f.blocks(x) {
		var mean float64
		for i, v := range b {
			mean += v * f.window[i]
		}
		for i, v := range b {
			f.padded[i] = (v - mean) * f.window[i]
		}
		f.fft.Coefficients(f.lines, f.padded)
		for i, c := range f.lines {
			f.sum[i] += real(c)*real(c) + imag(c)*imag(c)
		}
	}
	best := 1
	for i := 1; i < len(f.sum)-1; i++ {
		if f.sum[i] > f.sum[best] {
			best = i
		}
	}
	at := float64(best)
	if l, m, r := f.sum[best-1], f.sum[best], f.sum[best+1]; l+r != 2*m {
		at += max(-0.5, min((l-r)/(2*(l-2*m+r)), 0.5))
	}
	return 2 * math.Pi * at / float64(f.fft.Len())
}

// tune sets the frequency for power.
func (f *fitter) tune(w float64) {
	f.w = w
	n := len(f.window)
	f.c0, f.c1, f.s1 = 0, 0, 0
	// A rotating phasor is much cheaper than a sine for each sample; over a
	// block its error stays below 1e-12.
	mid := float64(n-1) / 2
	z, step := cmplx.Rect(1, -w*mid), cmplx.Rect(1, w)
	for i := range n {
		c, s, g := real(z), imag(z), f.window[i]
		f.cos[i], f.sin[i] = c, s
		f.c0 += g * c
		f.c1 += g * c * c
		f.s1 += g * s * s
		z *= step
	}
}

// solve returns the tone of the tuned frequency in a block that fits best:
// c + a cos + b sin.
func (f *fitter) solve(block []float64) (a, b, c float64) {
	var x0, xc, xs float64
	for i, v := range block {
		v *= f.window[i]
		x0 += v
		xc += v * f.cos[i]
		xs += v * f.sin[i]
	}
	if d := f.c1 - f.c0*f.c0; d > tiny {
		a = (xc - f.c0*x0) / d
	}
	if f.s1 > tiny {
		b = xs / f.s1
	}
	return a, b, x0 - f.c0*a
}

// tiny is where a set of equations has no solution to speak of: the frequency
// is so near 0 or half the rate that cos or sin is constant.
const tiny = 1e-6

// power returns the power of the tuned tone in a block, and of what is left
// when the tone and DC are taken away.
func (f *fitter) power(block []float64) (tone, rest float64) {
	a, b, c := f.solve(block)
	for i, v := range block {
		r := v - c - a*f.cos[i] - b*f.sin[i]
		rest += f.window[i] * r * r
	}
	return (a*a + b*b) / 2, rest
}

// fit finds the frequency and the power of the tone near w in a block. It is
// not ok when there is none: the search runs away or does not settle.
func (f *fitter) fit(block []float64, w float64) (at, power float64, ok bool) {
	n := float64(len(block))
	bin := 2 * math.Pi / n
	// Nearer to 0 a tone is hardly told from an offset, nearer to half the rate
	// its phase is hardly told from its amplitude.
	lowest, highest := 1.5*bin, math.Pi-bin/2
	at = w
	// Each round doubles the digits, so a last step of 1e-5 leaves an error far
	// below that; from within half a line three or four are enough.
	for range 8 {
		f.tune(at)
		a, b, _ := f.solve(block)
		power = (a*a + b*b) / 2
		if power == 0 {
			return 0, 0, false
		}
		d := f.slope(block, a, b)
		at += d
		if !(at > lowest && at < highest) || math.Abs(at-w) > 2*bin {
			return 0, 0, false
		}
		if math.Abs(d) < 1e-5*bin {
			return at, power, true
		}
	}
	return 0, 0, false
}

// slope returns by how much the frequency of the tone a cos + b sin in a block
// is off the tuned one. It adds t cos and t sin to what is fitted: their share
// is the change of phase and of amplitude over time, and only the former counts.
func (f *fitter) slope(block []float64, a, b float64) float64 {
	mid := float64(len(block)-1) / 2
	// Sums of the window with products of 1, C = cos, U = t sin (even) and
	// S = sin, V = t cos (odd), and with the block x.
	var u, cu, uu, sv, vv, x0, xc, xu, xs, xv float64
	for i, x := range block {
		g, c, s := f.window[i], f.cos[i], f.sin[i]
		t := (float64(i) - mid) / mid
		ut, vt := t*s, t*c
		u += g * ut
		cu += g * c * ut
		uu += g * ut * ut
		sv += g * s * vt
		vv += g * vt * vt
		x *= g
		x0 += x
		xc += x * c
		xu += x * ut
		xs += x * s
		xv += x * vt
	}
	// Take 1 and then C out of U, and S out of V; what is left is the answer.
	cc, cuc := f.c1-f.c0*f.c0, cu-f.c0*u
	xcc, xuu := xc-f.c0*x0, xu-u*x0
	den1 := (uu - u*u) - cuc*cuc/cc
	den2 := vv - sv*sv/f.s1
	if !(cc > tiny && f.s1 > tiny && den1 > tiny && den2 > tiny) {
		return math.NaN()
	}
	q := (xuu - cuc*xcc/cc) / den1 // of t sin
	p := (xv - sv*xs/f.s1) / den2  // of t cos
	return (b*p - a*q) / (a*a + b*b) / mid
}
