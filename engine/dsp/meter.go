package dsp

import (
	"fmt"
	"math"
)

// LineMeter measures what can be wrong with the audio of one direction of a call. It is for one
// goroutine at a time.
type LineMeter struct {
	rate      int
	m         LineMeasure
	sum, sum2 float64
	last      int16
	same      int64 // samples in a row that are alike, for silence
	at        int   // and as large as clipAt, with one sign
	low       int64 // samples in a row of a faint level
	part      float64
	n         int
}

// LineMeasure is what a [LineMeter] has heard. Times are in samples.
type LineMeasure struct {
	Samples int64
	// Clipped counts samples in runs of two and more within 0.3 dB of one end of the range, ClippedRuns
	// these runs, LongestClip the longest. A sound card or a gateway that is too loud makes many short
	// ones; a tone that just reaches full scale counts too. What was attenuated after it was cut off does not.
	Clipped, ClippedRuns, LongestClip int64
	// Zero counts samples of digital silence: the same value, 0 or next to it, for 5 ms and
	// longer; LongestZero is the longest stretch. RTP that flows with nothing in it has no other.
	Zero, LongestZero int64
	// Faint counts samples of less than -60 dBov for 20 ms, digital silence included: what a line
	// has that carries comfort noise and no voice. LongestFaint is the longest stretch.
	Faint, LongestFaint int64
	Peak                float64 // dBov, of the largest sample: 0 is full scale
	Level               float64 // dBov, mean
	Offset              float64 // mean, as a share of full scale
}

// clipAt is how large a sample is that counts as clipped, -0.3 dBov. Full scale of G.711 is 32124 or
// 32256, and other codecs and changes of the rate leave ripples on what was flat.
const clipAt = 31600

// ClippedShare is the share of samples that are clipped. 0.001 is heard.
func (m LineMeasure) ClippedShare() float64 { return share(m.Clipped, m.Samples) }

// HasAudio says whether there was more than noise: a tenth of a second or more that is not Faint.
func (m LineMeasure) HasAudio(rate int) bool { return m.Samples-m.Faint >= int64(rate/10) }

func share(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// NewLineMeter returns a meter for samples of a rate in Hz, 1 or more.
func NewLineMeter(rate int) (*LineMeter, error) {
	if !measurable(rate) {
		return nil, fmt.Errorf("dsp: no meter at %d Hz", rate)
	}
	return &LineMeter{rate: rate}, nil
}

// MeasureLine is what a [LineMeter] says of samples of one channel.
func MeasureLine(samples []int16, rate int) LineMeasure {
	l, err := NewLineMeter(rate)
	if err != nil {
		return LineMeasure{Peak: MinLevel, Level: MinLevel}
	}
	l.Hear(samples)
	return l.Measure()
}

// Hear takes samples of one channel in, as many as there are.
func (l *LineMeter) Hear(samples []int16) {
	block, least := max(l.rate/50, 1), int64(max(l.rate/200, 1))
	for _, s := range samples {
		l.m.Samples++
		v := float64(s) / fullScale
		l.sum += v
		l.sum2 += v * v
		l.m.Peak = max(l.m.Peak, math.Abs(v))
		l.clip(s)
		l.silence(s, least)
		l.faint(v, block)
		l.last = s
	}
}

func (l *LineMeter) clip(s int16) {
	if s < clipAt && s > -clipAt {
		l.at = 0
		return
	}
	if l.at > 0 && (s > 0) == (l.last > 0) {
		l.at++
	} else {
		l.at = 1
	}
	switch {
	case l.at == 2:
		l.m.Clipped += 2
		l.m.ClippedRuns++
	case l.at > 2:
		l.m.Clipped++
	}
	if l.at >= 2 {
		l.m.LongestClip = max(l.m.LongestClip, int64(l.at))
	}
}

func (l *LineMeter) silence(s int16, least int64) {
	// Silence in A-law is 8, and -8.
	if s < -8 || s > 8 || l.same > 0 && s != l.last {
		l.same = 0
		if s < -8 || s > 8 {
			return
		}
	}
	l.same++
	switch {
	case l.same == least:
		l.m.Zero += least
	case l.same > least:
		l.m.Zero++
	}
	if l.same >= least {
		l.m.LongestZero = max(l.m.LongestZero, l.same)
	}
}

func (l *LineMeter) faint(v float64, block int) {
	l.part += v * v
	if l.n++; l.n < block {
		return
	}
	if l.part/float64(l.n) < 1e-6 {
		l.m.Faint += int64(l.n)
		l.low += int64(l.n)
		l.m.LongestFaint = max(l.m.LongestFaint, l.low)
	} else {
		l.low = 0
	}
	l.part, l.n = 0, 0
}

// Measure returns the figures so far.
func (l *LineMeter) Measure() LineMeasure {
	m := l.m
	m.Peak, m.Level = MinLevel, MinLevel
	if l.m.Peak > 0 {
		m.Peak = max(MinLevel, 20*math.Log10(l.m.Peak))
	}
	if m.Samples > 0 {
		m.Offset = l.sum / float64(m.Samples)
		m.Level = toLevel(l.sum2 / float64(m.Samples))
	}
	return m
}

// Paths is which directions of a call carry audio.
type Paths int

// The directions.
const (
	NoPath     Paths = iota // nobody is heard: no audio
	FirstOnly               // one-way audio
	SecondOnly              // the same the other way
	BothPaths
)

func (p Paths) String() string {
	if names := [...]string{"no audio", "first side only", "second side only", "both ways"}; p >= 0 && int(p) < len(names) {
		return names[p]
	}
	return fmt.Sprintf("Paths(%d)", int(p))
}

// JudgePaths says which of the two sides of a call were heard. It is a finding only when both sides
// had the time to say something: a call of a few seconds in which one listens is one-way too.
func JudgePaths(first, second LineMeasure, rate int) Paths {
	var p Paths
	if first.HasAudio(rate) {
		p |= FirstOnly
	}
	if second.HasAudio(rate) {
		p |= SecondOnly
	}
	return p
}
