package dsp

import (
	"math"
	"math/rand/v2"
	"strings"
)

// A talker says words that no language has, each letter a sound of its own: enough like
// speech to test what compares speech, on a machine without a voice.
type talker struct {
	pitch   float64 // Hz
	formant float64 // all formants times this
	speed   float64
	seed    uint64
}

var (
	anna = talker{pitch: 195, formant: 1.12, speed: 1, seed: 1}
	otto = talker{pitch: 110, formant: 0.96, speed: 1.05, seed: 2}
)

// sounds are the formants of the vowels, in Hz, and the middle of the noise of the others.
var sounds = map[rune][3]float64{
	'a': {730, 1090, 2440}, 'e': {530, 1840, 2480}, 'i': {270, 2290, 3010}, 'o': {570, 840, 2410}, 'u': {300, 870, 2240},
	'm': {250, 1100, 2100}, 'n': {250, 1450, 2300}, 'l': {360, 1300, 2700}, 'r': {420, 1300, 1600},
	's': {3100}, 'f': {2400}, 'h': {1500}, 't': {2900}, 'k': {1800}, 'p': {900},
}

// say returns the words of a text at a level of about -20 dBov, and nothing before or after.
func (t talker) say(rate int, text string) []int16 {
	r := rand.New(rand.NewPCG(t.seed, 3))
	var x []float64
	var state [3][2]float64
	var phase float64
	at := 0.0 // s
	for _, c := range strings.ToLower(text) {
		f, known := sounds[c]
		long := 0.09 + 0.05*r.Float64()
		vowel := strings.ContainsRune("aeioumnlr", c)
		switch {
		case c == ',':
			long = 0.25
		case !known:
			long = 0.05
		case strings.ContainsRune("tkp", c):
			long = 0.07
		}
		n := int(long / t.speed * float64(rate))
		hiss := [2]float64{}
		for i := range n {
			at += 1 / float64(rate)
			part := float64(i) / float64(n)
			edge := math.Min(1, math.Min(part, 1-part)*6)
			var v float64
			switch {
			case !known:
			case vowel:
				// A pulse for each period, through three resonators.
				phase += t.pitch * (1 + 0.12*math.Sin(2*math.Pi*0.7*at)) / float64(rate)
				pulse := 0.0
				if phase >= 1 {
					phase--
					pulse = 1
				}
				for k, hz := range f {
					v += resonate(&state[k], pulse, hz*t.formant, 90, rate) / float64(k+1)
				}
				v *= edge
			default:
				noise := 0.02 * r.NormFloat64()
				if strings.ContainsRune("tkp", c) && part < 0.6 {
					noise = 0
				}
				v = 1.5 * edge * resonate(&hiss, noise, f[0]*math.Sqrt(t.formant), 600, rate)
			}
			x = append(x, v)
		}
	}
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	scale := 0.1 / math.Sqrt(sum/float64(len(x)))
	for i := range x {
		x[i] *= scale
	}
	return quantise(x)
}

// resonate is a filter with one peak of a width in Hz.
func resonate(state *[2]float64, in, hz, wide float64, rate int) float64 {
	radius := math.Exp(-math.Pi * wide / float64(rate))
	out := in*(1-radius)*8 + 2*radius*math.Cos(2*math.Pi*hz/float64(rate))*state[0] - radius*radius*state[1]
	state[1], state[0] = state[0], out
	return out
}

// melody returns chords of three tones, a new one each third of a second.
func melody(rate int, seconds float64, seed uint64) []int16 {
	r := rand.New(rand.NewPCG(seed, 4))
	var x []float64
	for len(x) < int(seconds*float64(rate)) {
		root := 220 * math.Pow(2, float64(r.IntN(18))/12)
		n := rate / 3
		chord := mix(sine(rate, n, root, -23, 0), sine(rate, n, root*1.26, -25, 0), sine(rate, n, root*1.5, -27, 0))
		for i := range chord {
			chord[i] *= math.Exp(-3 * float64(i) / float64(n))
		}
		x = append(x, chord...)
	}
	return quantise(x)
}
