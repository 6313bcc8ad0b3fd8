package dsp

import (
	"fmt"
	"math"
	"math/cmplx"
	"slices"
	"time"
)

// Segment is a stretch of a recording in which one tone sounds, or none
// (Hz is 0): silence, noise, speech; Level tells which.
type Segment struct {
	Start, End time.Duration // from the beginning of the recording
	Tone
}

// String shows the segment for a log or a failed test.
func (s Segment) String() string {
	return fmt.Sprintf("%.3fs-%.3fs %v", s.Start.Seconds(), s.End.Seconds(), s.Tone)
}

// What Segments calls a tone; see there.
const (
	segmentFrame  = 60 * time.Millisecond // in which a frequency is looked for
	segmentHop    = 10 * time.Millisecond
	segmentFloor  = -70.0 // dBov
	shortestTone  = 50 * time.Millisecond
	longestGap    = 70 * time.Millisecond // 60 and what measuring it may add
	shortestQuiet = 30 * time.Millisecond
	edgeWindow    = 10 * time.Millisecond // over which the edges of a tone are blurred
)

// Segments returns the timeline of the tones in samples of one channel. The
// segments follow each other without gap or overlap and cover all of samples;
// no two neighbours are both without a tone.
//
// A tone is what stands out of its surroundings for 50 ms or longer, has 50 Hz
// or more and -70 dBov or more; white noise may be as loud as it is. Tones are
// told apart when they differ by more than 3 % and 10 Hz. A gap of up to 60 ms
// (three lost packets of 20 ms) within a tone is part of the tone, one of 80 ms is
// a pause; less than 30 ms without a tone are not reported. Voices have short
// tones too; their SNR is low.
//
// Of tones that sound together the strongest is reported. Of two that are about
// equal it is one and the same as long as no more than 20 ms of them are missing;
// ask [Goertzel] for the other.
//
// Start and End are within 10 ms of where the tone has half its amplitude (15 ms
// when it beats with another one), unless a packet is missing there. Hz, Level and
// SNR are as exact as [MeasureTone] is on the same stretch.
//
// There are no segments at a rate below 1 or above 1 MHz.
func Segments(samples []int16, rate int) []Segment {
	if len(samples) == 0 || !measurable(rate) {
		return nil
	}
	x := toFloat(samples)
	runs := findRuns(x, rate)
	for i := range runs {
		runs[i].sharpen(x, rate)
	}
	runs = joinRuns(runs, rate)
	return timeline(samples, rate, runs)
}

// A run is a stretch of samples, from start to before end, with one tone.
type run struct {
	start, end int
	hz, power  float64 // where it is loudest
}

// findRuns finds the stretches in which frame after frame has the same tone.
func findRuns(x []float64, rate int) []run {
	n, hop := blockLength(len(x), rate, segmentFrame), framesIn(segmentHop, rate)
	if n < minBlock || hop < 1 {
		return nil
	}
	f := newFitter(n)
	lowest := 2 * math.Pi * 3 / float64(n) // 50 Hz: a tone apart from DC
	var runs []run
	last := &run{end: -len(x)} // so long ago that it does not matter
	sounding := false          // last goes up to here
	for at := 0; at+n <= len(x); at += hop {
		frame, middle := x[at:at+n], at+n/2
		recent := middle-last.end <= framesIn(longestGap, rate)
		var likely float64
		if recent {
			likely = radians(last.hz, rate)
		}
		w, power, ok := f.toneOf(frame, lowest, likely)
		if !ok {
			sounding = false
			continue
		}
		hz := w * float64(rate) / (2 * math.Pi)
		if recent && !sameTone(hz, last.hz) {
			// Hold on to the tone so far while another one is not clearly
			// stronger, so that two equal tones make one run and not many.
			if p := f.powerBeside(frame, w, likely); p >= power/4 {
				hz, power = last.hz, p
			} else {
				sounding = false
			}
		}
		if !sounding {
			runs = append(runs, run{start: middle - hop/2})
			last, sounding = &runs[len(runs)-1], true
		}
		last.end = middle + hop/2
		if power > last.power {
			last.hz, last.power = hz, power
		}
	}
	return runs
}

// toneOf returns the strongest tone of a frame, if it stands out. It is quicker
// when it is told which tone is likely, unless that is 0.
func (f *fitter) toneOf(frame []float64, lowest, likely float64) (w, power float64, ok bool) {
	if toLevel(variance(frame)) < segmentFloor-6 { // most of it may be silence
		return 0, 0, false
	}
	try := func(near float64) (rest float64) {
		if w, _, ok = f.fit(frame, near); ok {
			f.tune(w)
			power, rest = f.power(frame)
		}
		return rest
	}
	rest := math.Inf(1)
	if likely > 0 {
		rest = try(likely)
	}
	if !ok || power < rest { // with half of the power no other can be stronger
		rest = try(f.strongest(frame))
	}
	ok = ok && w >= lowest && power >= standsOut(len(frame))*(power+rest)
	return w, power, ok
}

// powerBeside returns the power of a tone of frequency other in what is left of a
// frame without the tone of frequency w: the latter alone has some at the former
// when they are near each other.
func (f *fitter) powerBeside(frame []float64, w, other float64) float64 {
	f.tune(w)
	a, b, c := f.solve(frame)
	rest := make([]float64, len(frame))
	for i, v := range frame {
		rest[i] = v - c - a*f.cos[i] - b*f.sin[i]
	}
	f.tune(other)
	p, _ := f.power(rest)
	return p
}

// sameTone says whether two frequencies are one tone measured twice.
func sameTone(a, b float64) bool {
	return math.Abs(a-b) <= max(10, 0.03*min(a, b))
}

// sharpen moves the ends of the run, which frames give to half their length, to
// where the tone begins and ends. A run that frames found whose fringe alone
// touches a tone may then end before it starts, which joinRuns puts right.
func (r *run) sharpen(x []float64, rate int) {
	e := newEnvelope(x, rate, r.hz)
	r.start, r.end = e.edge(r.start, +1), e.edge(r.end, -1)
}

// An envelope gives the amplitude of one tone over time.
type envelope struct {
	x      []float64
	w      float64
	window []float64
	step   int // samples in a millisecond
}

func newEnvelope(x []float64, rate int, hz float64) *envelope {
	e := &envelope{x: x, w: radians(hz, rate), step: max(rate/1000, 1)}
	// Three periods or more keep the tone's mirror image out.
	n := max(framesIn(edgeWindow, rate), int(3*float64(rate)/hz))
	e.window = newFitter(n).window
	return e
}

// amplitude returns that of the tone around a sample. Before the beginning and
// after the end there is silence.
func (e *envelope) amplitude(at int) float64 {
	at -= len(e.window) / 2
	var sum complex128
	z, step := complex(1, 0), cmplx.Rect(1, -e.w)
	for i, g := range e.window {
		if j := at + i; j >= 0 && j < len(e.x) {
			sum += complex(g*e.x[j], 0) * z
		}
		z *= step
	}
	return cmplx.Abs(sum)
}

// edge returns where, near a sample, the tone begins (direction +1) or ends (-1):
// where the 20 ms on the one side have most over the 20 ms on the other. Averages
// make little of noise, and of the beat with another tone that sounds at the same
// time. Of places that are nearly as good it takes the
// outermost: a packet may be missing next to the edge.
func (e *envelope) edge(near, direction int) int {
	const span = 20 // a packet, so that the edges around a lost one are sharp
	// A frame may still find the tone when only its fringe is in it.
	const reach = int((segmentFrame/2 + segmentHop) / time.Millisecond)
	// sums[i] is the sum of the amplitudes before step i-reach-span.
	var sums [2*(reach+span) + 1]float64
	for i := range len(sums) - 1 {
		at := near + (i-reach-span)*e.step + e.step/2
		sums[i+1] = sums[i] + e.amplitude(at)
	}
	var rises [2*reach + 1]float64 // from the outside to the inside
	for d := range rises {
		i := (d-reach)*direction + reach + span
		before, after := sums[i]-sums[i-span], sums[i+span]-sums[i]
		if at := near + (d-reach)*direction*e.step; at >= 0 && at <= len(e.x) {
			rises[d] = (after - before) * float64(direction)
		}
	}
	most := slices.Max(rises[:])
	if most <= 0 {
		return near
	}
	for d, rise := range rises {
		if rise >= 0.75*most && rise == slices.Max(rises[max(0, d-span/2):min(len(rises), d+span/2)]) {
			return near + (d-reach)*direction*e.step
		}
	}
	return near
}

// joinRuns makes one run of what is one tone with short gaps, in which there
// may be short bursts of something else, and drops what is then still short.
func joinRuns(runs []run, rate int) []run {
	gap, shortest := framesIn(longestGap, rate), framesIn(shortestTone, rate)
	var joined []run
next:
	for _, r := range runs {
		for i := len(joined) - 1; i >= 0 && r.start-joined[i].end <= gap; i-- {
			if q := &joined[i]; sameTone(r.hz, q.hz) {
				if r.power > q.power {
					q.hz, q.power = r.hz, r.power
				}
				q.start, q.end = min(q.start, r.start), max(q.end, r.end)
				joined = joined[:i+1]
				continue next
			}
			if joined[i].end-joined[i].start >= shortest {
				break
			}
		}
		joined = append(joined, r)
	}
	return slices.DeleteFunc(joined, func(r run) bool { return r.end-r.start < shortest })
}

// timeline measures the runs and fills in what is between them.
func timeline(samples []int16, rate int, runs []run) []Segment {
	quiet := framesIn(shortestQuiet, rate)
	trim := framesIn(shortestQuiet/3, rate) // keeps edges out of what is measured
	var tones []Tone
	runs = slices.DeleteFunc(runs, func(r run) bool {
		t := measure(samples[r.start+trim:r.end-trim], rate, r.hz)
		if t.Hz == 0 || t.Level < segmentFloor {
			return true
		}
		tones = append(tones, t)
		return false
	})

	var segments []Segment
	at := 0
	add := func(end int, t Tone) {
		segments = append(segments, Segment{durationOf(at, rate), durationOf(end, rate), t})
		at = end
	}
	for i, r := range runs {
		if r.start-at >= quiet {
			add(r.start, untoned(samples[at:r.start], trim))
		}
		end := r.end
		next := len(samples)
		if i+1 < len(runs) {
			next = runs[i+1].start
		}
		if next-end < quiet {
			if i+1 < len(runs) {
				next = (end + next) / 2
			}
			end = next
		}
		add(end, tones[i])
	}
	if at < len(samples) {
		add(len(samples), untoned(samples[at:], trim))
	}
	return segments
}

// untoned measures audio without a tone, but for what may be left of its
// neighbours at its ends.
func untoned(samples []int16, trim int) Tone {
	if len(samples) > 2*trim {
		samples = samples[trim : len(samples)-trim]
	}
	return Tone{Level: toLevel(variance(toFloat(samples))), Clipped: countClipped(samples)}
}
