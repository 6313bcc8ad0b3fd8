package dsp

import (
	"math"
	"slices"
	"testing"
	"time"
)

// play makes a tone as it is defined, for a time.
func playTone(rate int, d LineTone, level float64, long time.Duration) []int16 {
	var x []float64
	n := framesIn(long, rate)
	for i := 0; len(x) < n; i++ {
		if d.Once && i == len(d.Steps) {
			break
		}
		s := d.Steps[i%len(d.Steps)]
		on := framesIn(s.On, rate)
		if d.continuous() {
			on = n
		}
		part := make([]float64, on)
		for k, hz := range s.Hz {
			part = mix(part, sine(rate, on, hz, level, float64(k)))
		}
		x = append(x, part...)
		x = append(x, make([]float64, framesIn(s.Off, rate))...)
	}
	return quantise(x[:min(len(x), n)])
}

// period is how long one of a tone is.
func period(d LineTone) (sum time.Duration) {
	for _, s := range d.Steps {
		sum += s.On + s.Off
	}
	return sum
}

// Every tone of every country is heard where it was, with noise and without.
func TestLineTones(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, country := range []string{"US", "GB", "DE", "FR", "IT", "ES", "NL", "JP", "AU", "CN", "IN", "BR", "RU", "AT", "SE"} {
			for _, def := range LineTones(country) {
				if rate == 16000 && def.Name != ToneRingback || def.Country == "" && country != "US" {
					continue
				}
				for _, snr := range []float64{0, 15} {
					if rate == 16000 && snr > 0 || rate == 8000 && snr == 0 && country != "DE" {
						continue // slow, and the others say as much
					}
					long := 5 * time.Second
					if !def.continuous() {
						long = 3 * period(def)
					}
					x := Concat(Silence(rate, 700*time.Millisecond), playTone(rate, def, -18, long))
					if snr > 0 {
						n := quantise(noise(len(x), -18-snr, 1))
						for i := range x {
							x[i] += n[i]
						}
					}
					heard := FindLineTones(x, rate, LineTones(country)...)
					if len(heard) != 1 || heard[0].Name != def.Name {
						t.Errorf("%d Hz %s %s noise %v: heard %v", rate, country, def.Name, snr, heard)
						continue
					}
					h := heard[0]
					if def.Country != "" && !slices.Contains(h.Countries, country) {
						t.Errorf("%s %s: %v", country, def.Name, h)
					}
					late := float64(h.Start)/float64(rate) - 0.7
					if math.Abs(late) > 0.02 {
						t.Errorf("%s %s noise %v: begins %.3f s late: %v", country, def.Name, snr, late, h)
					}
				}
			}
		}
	}
}
