package wav

import "math"

// The resampler's filter: a windowed sinc with zeros zero crossings on each side, kept
// at steps points between two crossings and interpolated linearly.
const (
	zeros   = 24
	steps   = 512
	rolloff = 0.945 // of the lower of the two Nyquist frequencies; the rest is the transition
	kaiser  = 9.0   // about -90 dB in the stop band
)

// sinc is the right half of the filter, which is symmetric.
var sinc = func() []float64 {
	h := make([]float64, zeros*steps+2)
	for i := range zeros * steps {
		x := float64(i) / steps
		w := bessel(kaiser*math.Sqrt(1-x*x/(zeros*zeros))) / bessel(kaiser)
		h[i] = w
		if i > 0 {
			h[i] *= math.Sin(math.Pi*x) / (math.Pi * x)
		}
	}
	return h
}()

// bessel is the modified Bessel function of the first kind and order 0.
func bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-12; k++ {
		term *= x * x / (4 * k * k)
		sum += term
	}
	return sum
}

// Resample returns mono samples at another rate. It is linear in phase, begins and
// ends with the original, and returns in itself where there is nothing to do. It is for files: the bridge
// converts what passes through it itself, but only from rates whose ticks have whole
// numbers of samples, so not from 11,025 Hz.
func Resample(in []int16, from, to int) []int16 {
	if from < 1 || to < 1 || from == to {
		return in
	}
	// Below the lower of both Nyquist frequencies the filter passes everything.
	scale := rolloff * math.Min(1, float64(to)/float64(from))
	reach := zeros / scale // samples of the original on each side of a point
	out := make([]int16, (int64(len(in))*int64(to)+int64(from)-1)/int64(from))
	for i := range out {
		whole, rest := int64(i)*int64(from)/int64(to), int64(i)*int64(from)%int64(to)
		frac := float64(rest) / float64(to)
		first := max(0, int(whole)-int(reach))
		last := min(len(in)-1, int(whole)+1+int(reach))
		sum := 0.0
		for j := first; j <= last; j++ {
			x := math.Abs(float64(j)-float64(whole)-frac) * scale * steps
			if x >= zeros*steps {
				continue
			}
			k := int(x)
			f := x - float64(k)
			sum += float64(in[j]) * (sinc[k] + f*(sinc[k+1]-sinc[k]))
		}
		out[i] = clip(sum * scale)
	}
	return out
}

func clip(v float64) int16 {
	return int16(math.Round(max(-32768, min(32767, v))))
}
