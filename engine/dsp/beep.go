package dsp

import (
	"fmt"
	"math"
)

// Beep is a single short tone, such as an answering machine's before it records.
type Beep struct {
	Start, Length int64 // samples, Start since the first that the detector heard
	Hz            float64
	Level         float64 // dBov
	Sure          float64 // 0 to 1
}

func (b Beep) String() string {
	return fmt.Sprintf("beep of %.0f Hz from %d for %d samples, %.1f dBov, sure %.2f", b.Hz, b.Start, b.Length, b.Level, b.Sure)
}

// What a beep is.
const (
	beepLow, beepHigh     = 400, 2600 // Hz
	beepShort, beepLong   = 60, 2000  // ms
	beepFaint             = -45.0     // dBov
	beepPure, beepWander  = 0.88, 0.010
	beepMeasureTolerance  = 12 // ms that a length may be measured too short
	beepSecond            = 0.03
	beepWanderLeast       = 7.0 // Hz
	beepPureSure, beepMin = 0.97, 3
)

// BeepDetector finds beeps in a stream of samples of one channel: one tone of 400 to 2600 Hz that
// keeps its frequency, for 60 ms to 2 s, with nothing else beside it and no other tone next to
// it. A beep is told
// when it is over, some 100 ms after its end. A detector is for one goroutine at a time.
type BeepDetector struct {
	runs  *runFinder
	found []Beep
}

// NewBeepDetector returns a detector for samples of a rate: a multiple of 500 Hz from 8000 to
// 48000.
func NewBeepDetector(rate int) (*BeepDetector, error) {
	f, err := newFramer("beeps", rate)
	if err != nil {
		return nil, err
	}
	return &BeepDetector{runs: newRunFinder(f)}, nil
}

// Hear takes the next samples in, as many as there are, and returns the beeps that are over.
// What it returns is valid until the next call.
func (d *BeepDetector) Hear(samples []int16) []Beep {
	d.found = d.found[:0]
	d.runs.hear(samples, func(fr *frame) {
		if run := d.runs.look(fr); run != nil {
			if b, ok := d.runs.beep(run); ok {
				d.found = append(d.found, b)
			}
		}
	})
	return d.found
}

// FindBeeps returns the beeps in samples of one channel. There are none at a rate that no
// detector is for.
func FindBeeps(samples []int16, rate int) []Beep {
	d, err := NewBeepDetector(rate)
	if err != nil {
		return nil
	}
	all := append([]Beep(nil), d.Hear(samples)...)
	return append(all, d.Hear(make([]int16, rate/4))...)
}

// beep says whether a run is one.
func (r *runFinder) beep(run *toneRun) (Beep, bool) {
	long := (run.end - run.start) * 1000 / int64(r.rate)
	if long < beepShort-beepMeasureTolerance || long > beepLong || run.level() < beepFaint || run.pure < beepPure || run.frames < beepMin {
		return Beep{}, false
	}
	var tones [runPeaks + 1]toneAt
	n := r.tones(run, &tones)
	best := 0
	for i := range n {
		if tones[i].power > tones[best].power {
			best = i
		}
	}
	hz := tones[best].hz
	for i := range n {
		if i != best && tones[i].power > beepSecond*2 {
			return Beep{}, false
		}
	}
	if n == 0 || hz < beepLow*0.99 || hz > beepHigh*1.01 || !run.alone || run.high-run.low > max(beepWanderLeast, beepWander*hz) {
		return Beep{}, false
	}
	sure := 0.6 + 0.3*min(1, max(0, (run.pure-beepPure)/(beepPureSure-beepPure))) + 0.1*min(1, float64(long)/200)
	return Beep{run.start, run.end - run.start, hz, run.level(), math.Min(sure, 1)}, true
}
