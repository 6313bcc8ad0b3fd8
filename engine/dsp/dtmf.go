package dsp

import (
	"fmt"
	"math"
)

// DTMFDigit is a digit that was heard (ITU-T Q.23).
type DTMFDigit struct {
	Digit byte // '0' to '9', '*', '#', 'A' to 'D'
	// Start and Length are in samples, Start since the first that the detector heard. A
	// digit is where its tones have half their amplitude or more; with noise 15 dB below
	// that is right within 4 ms. Length is 0 as long as the digit sounds.
	Start, Length int64
}

// DTMFDetector finds digits in a stream of samples of one channel, as ITU-T Q.24 has it.
//
// It hears a digit whose two tones last 40 ms or more, have -36 to -3 dBm0 each, are
// within 1.5 % of their frequencies, and of which the high one is at most 4 dB above and
// 8 dB below the low one; white noise may be 15 dB below. A gap of up to 25 ms, which a
// lost packet leaves, is part of the digit, one of 40 ms and more parts two digits. It
// hears none that lasts 23 ms or less, has less than -45 dBm0 or is 3.5 % off, and none in
// whatever has more than two tones: speech, music, noise, the tones of telephone networks.
// What is between is heard or not. Two tones of music that are those of a digit by chance
// are one.
//
// A detector is for one goroutine at a time.
type DTMFDetector struct {
	hop    int       // samples from block to block
	pause  int64     // samples that part two digits
	window []float64 // Hann's
	slope  []float64 // its derivative
	gain   float64   // of a tone's power by the window: (sum of window)²/2
	noise  float64   // of noise's: sum of window²
	bins   float64   // spectral lines for each radian per sample
	coeff  [2][4]float64
	radian [8]float64 // of each tone, for each sample

	block   []float64 // what is looked at
	fresh   int       // how many samples of the next one are there
	tail    []float64 // these
	in, out float64   // what came and went last through the filter that takes DC away
	pole    float64   // of it
	scaled  []float64 // block under its window

	hops   int64                // blocks so far
	powers [dtmfPast][8]float64 // of the tones in the last blocks
	digit  byte                 // that the last block had, 0: none
	run    int                  // blocks in a row that had it
	active DTMFDigit            // that sounds; 0: none
	lo, hi int                  // its tones
	level  float64              // amplitude of the digit when it was last clear
	over   int64                // where it may have ended
	silent bool                 // it seems to have: over holds
	found  []DTMFDigit
}

// What a digit is. The thresholds lie between what has to be heard and what must not be.
const (
	dtmfBlock    = 20    // ms
	dtmfHop      = 4     // ms
	dtmfShortest = 26    // ms that it has lasted when it is sure: 40 in all is one, 23 is none
	dtmfPause    = 31    // ms between two: 40 parts them, 25 does not
	dtmfRun      = 4     // blocks in a row that must be clear
	dtmfFaintest = -49.5 // dBov of a tone, -43 dBm0
	dtmfOff      = 0.021 // of a frequency: 1.5 % is one, 3.5 % is none; an octave or a fifth needs 2.12 %
	dtmfTwistUp  = 5.5   // dB that the high tone may be above the low one: 4
	dtmfTwistDn  = 9.5   // and below: 8
	dtmfShare    = 0.87  // of all power that the two tones must have
	dtmfPast     = 24    // blocks that are remembered
)

var dtmfTones = [8]float64{697, 770, 852, 941, 1209, 1336, 1477, 1633}

const dtmfDigits = "123A456B789C*0#D"

// NewDTMFDetector returns a detector for samples of a rate: a multiple of 250 Hz from
// 8000 to 48000.
func NewDTMFDetector(rate int) (*DTMFDetector, error) {
	if rate < 8000 || rate > 48000 || rate%250 != 0 {
		return nil, fmt.Errorf("dsp: no DTMF is heard at %d Hz: the rate must be a multiple of 250 from 8000 to 48000", rate)
	}
	n := rate * dtmfBlock / 1000
	d := &DTMFDetector{
		hop: rate * dtmfHop / 1000, pause: int64(rate * dtmfPause / 1000),
		window: make([]float64, n), slope: make([]float64, n),
		block: make([]float64, n), scaled: make([]float64, n),
		bins: float64(n) / (2 * math.Pi), found: make([]DTMFDigit, 0, 8),
	}
	d.tail, d.pole = make([]float64, d.hop), math.Exp(-2*math.Pi*40/float64(rate))
	var sum float64
	for i := range n {
		s, c := math.Sincos(2 * math.Pi * (float64(i) + 0.5) / float64(n))
		d.window[i], d.slope[i] = (1-c)/2, math.Pi/float64(n)*s
		sum += d.window[i]
		d.noise += d.window[i] * d.window[i]
	}
	d.gain = sum * sum / 2
	for i, hz := range dtmfTones {
		d.radian[i] = radians(hz, rate)
		d.coeff[i/4][i%4] = 2 * math.Cos(d.radian[i])
	}
	return d, nil
}

// Hear takes the next samples in, as many as there are. It returns what is new of digits:
// one as soon as it is sure, 30 to 50 ms after it began, with Length 0, and once more
// when it is over. What it returns is valid until the next call.
func (d *DTMFDetector) Hear(samples []int16) []DTMFDigit {
	d.found = d.found[:0]
	for _, s := range samples {
		// An offset, or the hum of the mains, is not what the tones are compared with.
		v := float64(s) / fullScale
		d.out = v - d.in + d.pole*d.out
		d.in = v
		d.tail[d.fresh] = d.out
		if d.fresh++; d.fresh < d.hop {
			continue
		}
		d.fresh = 0
		copy(d.block, d.block[d.hop:])
		copy(d.block[len(d.block)-d.hop:], d.tail)
		d.look()
		d.hops++
	}
	return d.found
}

// FindDTMF returns the digits in samples of one channel; one that is cut off by the end
// lasts until there. There are none at a rate that no detector is for.
func FindDTMF(samples []int16, rate int) []DTMFDigit {
	d, err := NewDTMFDetector(rate)
	if err != nil {
		return nil
	}
	var all []DTMFDigit
	add := func(found []DTMFDigit) {
		for _, f := range found {
			if f.Length > 0 {
				all = append(all, f)
			}
		}
	}
	add(d.Hear(samples))
	add(d.Hear(make([]int16, rate/10))) // ends what sounds
	return all
}

// middle is the sample in the middle of the block that is n blocks back.
func (d *DTMFDetector) middle(n int) int64 {
	return (d.hops-int64(n)+1)*int64(d.hop) - int64(len(d.block)/2)
}

// amplitude is that of two tones, n blocks back.
func (d *DTMFDetector) amplitude(lo, hi, n int) float64 {
	p := &d.powers[(d.hops-int64(n)+dtmfPast)%dtmfPast]
	return math.Sqrt(p[lo] + p[hi])
}

// look looks at a block.
func (d *DTMFDetector) look() {
	powers := &d.powers[d.hops%dtmfPast]
	*powers = [8]float64{}
	var total float64
	for i, v := range d.block {
		v *= d.window[i]
		d.scaled[i] = v
		total += v * v
	}
	total /= d.noise
	digit, lo, hi := byte(0), 0, 0
	if total > faintest {
		for i := range 2 {
			p := goertzel4(d.scaled, &d.coeff[i])
			for j, v := range p {
				powers[4*i+j] = v / d.gain
			}
		}
		digit, lo, hi = d.name(powers, total)
	}
	if digit == 0 || digit != d.digit {
		d.run = 0
	}
	d.digit = digit
	if digit != 0 {
		d.run++
	}
	d.follow()
	if digit == 0 || digit == d.active.Digit || d.run < dtmfRun {
		return
	}
	if start, ok := d.began(lo, hi); ok {
		d.end()
		d.active = DTMFDigit{Digit: digit, Start: start}
		d.lo, d.hi, d.level, d.silent = lo, hi, d.amplitude(lo, hi, 0), false
		d.found = append(d.found, d.active)
	}
}

var faintest = math.Pow(10, dtmfFaintest/10)

// name says which digit a block with these powers is, 0 for none.
func (d *DTMFDetector) name(powers *[8]float64, total float64) (digit byte, lo, hi int) {
	hi = 4
	for i := 1; i < 4; i++ {
		if powers[i] > powers[lo] {
			lo = i
		}
		if powers[4+i] > powers[hi] {
			hi = 4 + i
		}
	}
	// Tones off their frequencies have less here, by no more than this.
	if powers[lo]+powers[hi] < dtmfShare*total/3 {
		return 0, 0, 0
	}
	low, ok := d.measure(lo)
	if !ok {
		return 0, 0, 0
	}
	high, ok := d.measure(hi)
	twist := 10 * math.Log10(high/low)
	if !ok || low < faintest || high < faintest || twist > dtmfTwistUp || twist < -dtmfTwistDn || low+high < dtmfShare*total {
		return 0, 0, 0
	}
	return dtmfDigits[4*lo+hi-4], lo, hi
}

// measure returns the power of a tone in the block, if it has about the frequency that it
// should. How far it is off is told by the transform under the window's derivative, which
// for a tone is as many times that under the window.
func (d *DTMFDetector) measure(tone int) (power float64, ok bool) {
	// A phasor that rotates is cheaper than a sine for each sample.
	stepIm, stepRe := math.Sincos(d.radian[tone])
	re, im := 1.0, 0.0
	var a, b, da, db float64
	for i, v := range d.block {
		w, s := v*d.window[i], v*d.slope[i]
		a += w * re
		b -= w * im
		da += s * re
		db -= s * im
		re, im = re*stepRe-im*stepIm, re*stepIm+im*stepRe
	}
	p := a*a + b*b
	off := (b*da - a*db) / p // radians per sample
	if !(math.Abs(off) < dtmfOff*d.radian[tone]) {
		return 0, false
	}
	g := 1.0
	if x := off * d.bins; x != 0 {
		g = math.Sin(math.Pi*x) / (math.Pi * x * (1 - x*x))
	}
	return p / d.gain / (g * g), true
}

// began looks back for where the digit that sounds began, and says whether it has lasted
// long enough.
func (d *DTMFDetector) began(lo, hi int) (start int64, ok bool) {
	now := d.amplitude(lo, hi, 0)
	half := now / 2
	after := now
	for n := 1; n < dtmfPast && int64(n) <= d.hops; n++ {
		a := d.amplitude(lo, hi, n)
		if a < half {
			part := (half - a) / (after - a)
			start = d.middle(n) + int64(part*float64(d.hop))
			break
		}
		start, after = d.middle(n), a
	}
	start = max(start, 0)
	return start, d.middle(0)-start >= int64(d.hop*dtmfShortest/dtmfHop)
}

// follow looks whether the digit that sounds is over.
func (d *DTMFDetector) follow() {
	if d.active.Digit == 0 {
		return
	}
	now, half := d.amplitude(d.lo, d.hi, 0), d.level/2
	sounds := d.digit == d.active.Digit || now >= half
	switch {
	case sounds && d.silent:
		if d.crossed(half)-d.over >= d.pause {
			d.end()
			return
		}
		d.silent = false
	case !sounds && !d.silent:
		d.silent, d.over = true, d.crossed(half)
	case !sounds && d.middle(0)-d.over >= d.pause:
		d.end()
		return
	}
	if d.digit == d.active.Digit {
		d.level = now
	}
}

// crossed is where, between the last two blocks, the amplitude of the digit that sounds
// was this.
func (d *DTMFDetector) crossed(half float64) int64 {
	before, now := d.amplitude(d.lo, d.hi, 1), d.amplitude(d.lo, d.hi, 0)
	part := 1.0
	if before != now {
		part = max(0, min((before-half)/(before-now), 1))
	}
	return d.middle(1) + int64(part*float64(d.hop))
}

// end ends the digit that sounds, if there is one.
func (d *DTMFDetector) end() {
	if d.active.Digit == 0 {
		return
	}
	if !d.silent {
		d.over = d.middle(0)
	}
	d.active.Length = max(d.over-d.active.Start, 1)
	d.found = append(d.found, d.active)
	d.active = DTMFDigit{}
}

// goertzel4 returns the squared magnitudes of four transforms of x. Four at a time keep
// the processor busy while each waits for itself.
func goertzel4(x []float64, c *[4]float64) (p [4]float64) {
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	var a0, a1, a2, a3, b0, b1, b2, b3 float64
	for _, v := range x {
		a0, b0 = v+c0*a0-b0, a0
		a1, b1 = v+c1*a1-b1, a1
		a2, b2 = v+c2*a2-b2, a2
		a3, b3 = v+c3*a3-b3, a3
	}
	p[0] = a0*a0 + b0*b0 - c0*a0*b0
	p[1] = a1*a1 + b1*b1 - c1*a1*b1
	p[2] = a2*a2 + b2*b2 - c2*a2*b2
	p[3] = a3*a3 + b3*b3 - c3*a3*b3
	return p
}
