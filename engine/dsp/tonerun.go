package dsp

import "math"

// A toneRun is a stretch of a stream in which the same tones sound.
type toneRun struct {
	start, end int64 // samples; end is 0 while it sounds
	spectrum   []float64
	frames     float64 // that the spectrum is the sum of
	power      float64 // greatest of a frame
	pure       float64 // mean share that the tones have of all power
	begun      bool    // start is known
	quiet      int64   // where it seems to have ended; 0: it sounds
	others     int     // frames in a row that sound otherwise
	old        int     // frames since it began
	alone      bool    // no other tones are next to it
	low, high  float64 // of the strongest tone's frequency, Hz, where it is loud
}

// A runFinder follows the tones of a stream: tones that begin, last with holes of up to
// 70 ms, which lost packets leave, and end.
type runFinder struct {
	*framer
	past   [runPast][]float64 // spectra of the last frames
	frames int                // so far

	cand   int // frames in a row that may be a new run
	mask   []bool
	run    toneRun
	ended  toneRun // the last one
	active bool    // run is one
}

const (
	runPast   = 24    // frames that are remembered
	runFloor  = -62.0 // dBov, of what is a tone at all
	runShare  = 0.7   // of all power that tones must have
	runLike   = 0.7   // how alike two spectra of one tone are
	runSure   = 3     // frames alike that begin a run
	runHole   = 70    // ms within a run
	runOn     = 0.33  // of the greatest power: there the tone begins and ends
	runSettle = 8     // frames after which a run's beginning is looked for
	runPeaks  = 3     // tones at once
)

func newRunFinder(f *framer) *runFinder {
	r := &runFinder{framer: f, mask: make([]bool, f.top)}
	for i := range r.past {
		r.past[i] = make([]float64, f.top)
	}
	r.run.spectrum, r.ended.spectrum = make([]float64, f.top), make([]float64, f.top)
	return r
}

// before returns the spectrum n frames back.
func (r *runFinder) before(n int) []float64 { return r.past[((r.frames-n)%runPast+runPast)%runPast] }

// tonal says whether few tones have most of the power of a frame, and what share.
func (r *runFinder) tonal(fr *frame) (share float64, ok bool) {
	if fr.total < math.Pow(10, runFloor/10) {
		return 0, false
	}
	var at [runPeaks]int
	n := peaks(fr.power, int(150/r.bin), 0.02, at[:])
	var sum float64
	for i, line := range at[:n] {
		for k := max(0, line-lobe); k <= min(len(fr.power)-1, line+lobe); k++ {
			counted := false
			for _, other := range at[:i] {
				counted = counted || k-other <= lobe && other-k <= lobe
			}
			if !counted {
				sum += fr.power[k]
			}
		}
	}
	share = sum / fr.total
	return share, share >= runShare
}

// alike compares the shapes of two spectra: 1 is the same.
func alike(a, b []float64) float64 {
	var ab, aa, bb float64
	for i, v := range a {
		w := b[i]
		ab += math.Sqrt(v * w)
		aa += v
		bb += w
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// look takes a frame in. When a run has ended by it, that is returned; what it holds is
// valid until the next call.
func (r *runFinder) look(fr *frame) (ended *toneRun) {
	copy(r.past[r.frames%runPast], fr.power)
	share, tonal := r.tonal(fr)
	if r.active {
		ended = r.follow(fr, share, tonal)
	}
	if !r.active {
		r.seek(fr, tonal)
	}
	r.frames++
	return ended
}

// seek waits for frames that are alike.
func (r *runFinder) seek(fr *frame, tonal bool) {
	switch {
	case !tonal:
		r.cand = 0
		return
	case r.cand > 0 && alike(fr.power, r.before(1)) < runLike:
		r.cand = 1
	default:
		r.cand++
	}
	if r.cand < runSure || r.frames < runSure {
		return
	}
	r.active, r.cand = true, 0
	run := &r.run
	*run = toneRun{spectrum: run.spectrum, start: max(0, fr.mid-int64((runSure-1)*r.hop))}
	clear(run.spectrum)
	for n := range runSure {
		r.add(r.before(n), 1)
	}
}

// add adds a frame to what the run is.
func (r *runFinder) add(power []float64, share float64) {
	run := &r.run
	for i, v := range power {
		run.spectrum[i] += v
	}
	run.frames++
	run.pure += (share - run.pure) / run.frames
	var at [runPeaks]int
	n := peaks(run.spectrum, int(150/r.bin), 0.02, at[:])
	clear(r.mask)
	for _, line := range at[:n] {
		for k := max(0, line-lobe); k <= min(len(power)-1, line+lobe); k++ {
			r.mask[k] = true
		}
	}
	run.power = max(run.power, r.inMask(power))
}

// wander keeps between which frequencies the strongest tone was.
func (r *runFinder) wander(power []float64) {
	run := &r.run
	near := 1
	for i, v := range run.spectrum {
		if v > run.spectrum[near] {
			near = i
		}
	}
	best := min(max(near, 1), len(power)-2)
	for i := max(1, near-lobe); i <= min(len(power)-2, near+lobe); i++ {
		if power[i] > power[best] {
			best = i
		}
	}
	hz := r.hz(power, best)
	if run.high == 0 {
		run.low, run.high = hz, hz
	}
	run.low, run.high = min(run.low, hz), max(run.high, hz)
}

// inMask is the power of a spectrum where the run's tones are.
func (r *runFinder) inMask(power []float64) (sum float64) {
	for i, on := range r.mask {
		if on {
			sum += power[i]
		}
	}
	return sum
}

func (r *runFinder) follow(fr *frame, share float64, tonal bool) *toneRun {
	run := &r.run
	run.old++
	p := r.inMask(fr.power)
	same := alike(fr.power, run.spectrum) >= runLike/1.4
	if p >= runOn*run.power && (same || p >= runShare*fr.total) {
		run.quiet, run.others = 0, 0
		if p >= run.power/3 {
			r.add(fr.power, share)
		}
		if p >= 0.7*run.power {
			r.wander(fr.power)
		}
		if run.old == runSettle {
			r.begin(0)
		}
		return nil
	}
	if run.quiet == 0 {
		last := r.inMask(r.before(1))
		part := 0.5
		if last > p && last > runOn*run.power {
			part = (math.Sqrt(last) - math.Sqrt(runOn*run.power)) / (math.Sqrt(last) - math.Sqrt(p))
		}
		run.quiet = fr.mid - int64((1-min(part, 1))*float64(r.hop))
	}
	if tonal && p < share*fr.total/4 && alike(fr.power, r.before(1)) >= runLike {
		run.others++
	} else {
		run.others = 0
	}
	if fr.mid-run.quiet <= r.at(runHole) && run.others < runSure {
		return nil
	}
	r.begin(int((fr.mid - run.quiet) / int64(r.hop)))
	run.end = max(run.quiet, run.start+1)
	run.alone = run.others < runSure && run.start-r.ended.end > r.at(40)
	r.active, r.cand = false, max(0, run.others-1)
	r.run, r.ended = r.ended, r.run
	return &r.ended
}

// begin looks for where the run began, in what is remembered but the last few frames.
func (r *runFinder) begin(after int) {
	run := &r.run
	if run.begun {
		return
	}
	run.begun = true
	for n := after + 1; n < runPast && n <= r.frames; n++ {
		if n > run.old+runSettle {
			return
		}
		if p := r.inMask(r.before(n)); n > run.old && p < runOn*run.power {
			next := r.inMask(r.before(n - 1))
			part := 0.5
			if next > p {
				part = (math.Sqrt(runOn*run.power) - math.Sqrt(p)) / (math.Sqrt(next) - math.Sqrt(p))
			}
			mid := (int64(r.frames)+1)*int64(r.hop) - int64(r.size/2)
			run.start = max(0, mid-int64((float64(n)-min(max(part, 0), 1))*float64(r.hop)))
			return
		}
	}
}

// tones measures the tones of a run: their frequencies, ascending, into to, and returns how many.
// Weaker than a thirtieth of the strongest is none.
func (r *runFinder) tones(run *toneRun, to *[runPeaks + 1]toneAt) int {
	var at [runPeaks + 1]int
	n := peaks(run.spectrum, int(150/r.bin), 0.033, at[:])
	var most float64
	for i, line := range at[:n] {
		to[i] = toneAt{r.hz(run.spectrum, line), run.spectrum[line]}
		most = max(most, to[i].power)
	}
	for i := range n {
		to[i].power /= most
		for k := i; k > 0 && to[k].hz < to[k-1].hz; k-- {
			to[k], to[k-1] = to[k-1], to[k]
		}
	}
	return n
}

// toneAt is a tone of a run: its power is that relative to the strongest.
type toneAt struct{ hz, power float64 }

// level is that of the tones of a run, dBov.
func (run *toneRun) level() float64 { return toLevel(run.power) }
