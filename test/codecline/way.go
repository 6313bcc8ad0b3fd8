package codecline

import (
	"math"
	"time"

	"gonum.org/v1/gonum/dsp/fourier"
)

// way is what one end of a call says: a mark that tells how late it arrives, and signals.
type way struct {
	samples []int16
	signals []int // their numbers
	at      []int // where each begins
}

// The times of what is around the signals.
const (
	lead    = 2 * time.Second        // before the mark: the jitter buffer finds its size
	gap     = 500 * time.Millisecond // after the mark and after each signal
	longest = 3 * time.Second        // that audio may be late
)

func (w way) seconds(rate int) float64 { return float64(len(w.samples)) / float64(rate) }

// split puts the signals on the two ways of a call, about as much on each.
func split(rate int, signals [][]int16, todo []int) [2]way {
	var ways [2]way
	pause := make([]int16, frames(gap, rate))
	for i := range ways {
		ways[i].samples = append(ways[i].samples, make([]int16, frames(lead, rate))...)
		ways[i].samples = append(ways[i].samples, mark(rate)...)
		ways[i].samples = append(ways[i].samples, pause...)
	}
	for _, i := range todo {
		w := &ways[0]
		if len(ways[1].samples) < len(w.samples) {
			w = &ways[1]
		}
		w.signals, w.at = append(w.signals, i), append(w.at, len(w.samples))
		w.samples = append(w.samples, signals[i]...)
		w.samples = append(w.samples, pause...)
	}
	return ways
}

func frames(d time.Duration, rate int) int { return int(int64(d) * int64(rate) / int64(time.Second)) }

// mark is three sweeps through the telephone band, not evenly apart: most of it is left
// when packets are lost, and it is like itself at one place only.
func mark(rate int) []int16 {
	const from, to, long = 400.0, 3000.0, 0.3
	m := make([]int16, rate*3/2)
	for _, start := range []float64{0, 0.45, 1.05} {
		at := int(start * float64(rate))
		for i := range int(long * float64(rate)) {
			t := float64(i) / float64(rate)
			edge := math.Sin(math.Pi * t / long)
			m[at+i] = int16(8000 * edge * math.Sin(2*math.Pi*(from*t+(to-from)*t*t/2/long)))
		}
	}
	return m
}

// delay returns by how many samples the mark of the way is late in what arrived: where the
// two correlate best.
func (w way) delay(got []int16, rate int) int {
	m, start := mark(rate), frames(lead, rate)
	window := got[start:min(len(got), start+len(m)+frames(longest, rate))]
	n := 1
	for n < len(m)+len(window) {
		n *= 2
	}
	fft := fourier.NewFFT(n)
	a, b := make([]float64, n), make([]float64, n)
	for i, s := range window {
		a[i] = float64(s)
	}
	for i, s := range m {
		b[i] = float64(s)
	}
	fa, fb := fft.Coefficients(nil, a), fft.Coefficients(nil, b)
	for i := range fa {
		fa[i] *= complex(real(fb[i]), -imag(fb[i]))
	}
	like := fft.Sequence(nil, fa)
	best := 0
	for i := range min(len(window), frames(longest, rate)) {
		if like[i] > like[best] {
			best = i
		}
	}
	return best
}
