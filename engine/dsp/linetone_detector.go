package dsp

import (
	"errors"
	"slices"
	"time"
)

// LineToneDetector finds the tones of telephone networks in a stream of samples of one
// channel, by their frequencies and cadences.
//
// A tone with a pause is told when a period of it has passed: after two sounds, or after one
// of 0.8 s or more and its pause. A continuous one is told when it has lasted longer than
// any sound of a cadence with the same frequencies. It is told once more when it is over. Of names that fit,
// as the same tone means different things in different countries, that which fits best is
// told. A detector is for one goroutine at a time.
type LineToneDetector struct {
	runs  *runFinder
	defs  []defTrack
	found []HeardTone

	lastEnd int64 // of the last run; -1: there was none
	lastOn  bool  // a run sounds, and the pause before it was judged
	noise   float64
	noisy   int // frames that noise is the mean power of
	late    [8]float64
	frames  int
	level   float64
	now     HeardTone // that is on; Name is empty when none
	nowEnd  int64     // of its last sound
	tones   [runPeaks + 1]toneAt
	names   []string // that fit
}

// defTrack is how far a definition was followed.
type defTrack struct {
	LineTone
	phases []tonePhase
	next   []toneChain // by the phase that must come next
	least  int64       // that a continuous tone must last
	need   int         // sounds that a cadence must have
	best   toneChain   // that is reported
}

type tonePhase struct {
	step int // -1 is a pause
	long time.Duration
}

// toneChain is phases that came one after the other.
type toneChain struct {
	sounds int
	start  int64
	end    int64 // of the last sound
	fit    float64
}

// NewLineToneDetector returns a detector of these tones, of [LineTones]() when none is given, for
// samples of a rate: a multiple of 500 Hz from 8000 to 48000.
func NewLineToneDetector(rate int, tones ...LineTone) (*LineToneDetector, error) {
	f, err := newFramer("line tones", rate)
	if err != nil {
		return nil, err
	}
	return newLineTones(newRunFinder(f), tones)
}

func newLineTones(runs *runFinder, tones []LineTone) (*LineToneDetector, error) {
	if len(tones) == 0 {
		tones = LineTones()
	}
	d := &LineToneDetector{runs: runs, lastEnd: -1}
	var errs []error
	for _, t := range tones {
		if err := t.Validate(); err != nil {
			errs = append(errs, err)
			continue
		}
		def := defTrack{LineTone: t}
		for i, s := range t.Steps {
			def.phases = append(def.phases, tonePhase{i, s.On})
			if s.Off > 0 {
				def.phases = append(def.phases, tonePhase{-1, s.Off})
			}
		}
		def.next = make([]toneChain, len(def.phases)+1)
		d.defs = append(d.defs, def)
	}
	for i := range d.defs {
		d.defs[i].setLeast(d.defs, runs.framer)
		d.defs[i].setNeed(d.defs, runs.framer)
	}
	return d, errors.Join(errs...)
}

// setLeast makes a continuous tone last longer than the sounds that it could be.
func (t *defTrack) setLeast(all []defTrack, f *framer) {
	if !t.continuous() {
		return
	}
	least := t.Steps[0].On
	if least == 0 {
		least = time.Second
		for _, o := range all {
			for _, s := range o.Steps {
				if !o.continuous() && sameTones(s.Hz, t.Steps[0].Hz) {
					least = max(least, s.On*5/4)
				}
			}
		}
	}
	t.least = f.at(int(least / time.Millisecond))
}

// setNeed makes a short cadence last until it cannot be the beginning of a longer one.
func (t *defTrack) setNeed(all []defTrack, f *framer) {
	t.need = len(t.Steps)
	if len(t.Steps) > 1 || t.continuous() {
		return
	}
	s := t.Steps[0]
	if s.On >= 800*time.Millisecond || s.Off >= 800*time.Millisecond {
		return
	}
	t.need = 2
	same := func(a, b time.Duration) bool { return f.lasts(f.at(int(a/time.Millisecond)), b) > 0 }
	for _, o := range all {
		if len(o.Steps) < 2 || o.Once || !sameTones(o.Steps[0].Hz, s.Hz) {
			continue
		}
		in := 0
		for _, x := range o.Steps {
			if same(x.On, s.On) {
				in++
			}
		}
		t.need = max(t.need, in+1)
	}
}

// sameTones says whether two sets of frequencies may be taken for each other.
func sameTones(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return max(x-y, y-x) <= 26 })
}

// Hear takes the next samples in, as many as there are, and returns what is new. What it
// returns is valid until the next call.
func (d *LineToneDetector) Hear(samples []int16) []HeardTone {
	d.found = d.found[:0]
	d.runs.hear(samples, func(fr *frame) { d.look(fr, d.runs.look(fr)) })
	return d.found
}

// FindLineTones returns the tones in samples of one channel, whole; a tone that is cut off by
// the end lasts until there. There are none at a rate that no detector is for.
func FindLineTones(samples []int16, rate int, tones ...LineTone) []HeardTone {
	d, err := NewLineToneDetector(rate, tones...)
	if err != nil {
		return nil
	}
	var all []HeardTone
	add := func(found []HeardTone) {
		for _, h := range found {
			if h.Length > 0 {
				h.Hz, h.Countries = slices.Clone(h.Hz), slices.Clone(h.Countries)
				all = append(all, h)
			}
		}
	}
	add(d.Hear(samples))
	add(d.Hear(make([]int16, 8*rate)))
	return all
}

// look takes a frame in, and the run that it ended.
func (d *LineToneDetector) look(fr *frame, ended *toneRun) {
	if ended != nil {
		d.sounded(ended)
	}
	// What sounds in a pause is looked at 80 ms late: a run is known that long after it began.
	fresh := d.late[d.frames%len(d.late)]
	d.late[d.frames%len(d.late)] = fr.fresh
	d.frames++
	run := &d.runs.run
	switch {
	case d.runs.active && run.begun && !d.lastOn:
		d.paused(run.start)
		d.lastOn = true
	case !d.runs.active && d.lastEnd >= 0 && fr.end-d.runs.at(100) > d.lastEnd:
		d.noise += (fresh - d.noise) / float64(d.noisy+1)
		d.noisy++
	}
	if d.runs.active && run.begun && run.old%5 == 0 {
		d.lasting(fr)
	}
	d.judge(fr, ended != nil)
}

// quietPause says whether nothing sounded in the pause: a pause is 10 dB quieter than its tone.
func (d *LineToneDetector) quietPause() bool { return d.noisy < 4 || d.noise < 0.1*d.level }

// paused is called when the next sound has begun.
func (d *LineToneDetector) paused(start int64) {
	if d.lastEnd < 0 {
		return
	}
	long := start - d.lastEnd
	if long < d.runs.at(45) {
		return // one sound follows another
	}
	for i := range d.defs {
		t := &d.defs[i]
		for k := range t.phases {
			if t.phases[k].step >= 0 {
				t.next[k] = toneChain{}
			}
		}
		// Backwards, as phase k decides what is expected after it.
		for k, p := range t.phases {
			if p.step >= 0 {
				continue
			}
			c := t.next[k]
			t.next[k] = toneChain{}
			fit := d.runs.lasts(long, p.long)
			if c.sounds == 0 || fit == 0 || !d.quietPause() {
				continue
			}
			c.fit = min(c.fit, fit)
			t.next[t.after(k)] = c
		}
		if t.best.sounds > 0 && t.expects() == 0 {
			t.best = toneChain{}
		}
	}
}

// after is the phase that follows.
func (t *defTrack) after(k int) int {
	if k++; k == len(t.phases) && !t.Once {
		return 0
	}
	return k
}

// expects is how many sounds the longest chain has.
func (t *defTrack) expects() (n int) {
	for _, c := range t.next {
		n = max(n, c.sounds)
	}
	return n
}

// sounded is called with each sound.
func (d *LineToneDetector) sounded(run *toneRun) {
	if !d.lastOn {
		d.paused(run.start)
	}
	heard := d.tones[:d.runs.tones(run, &d.tones)]
	long := run.end - run.start
	d.level = run.power
	for i := range d.defs {
		t := &d.defs[i]
		if t.continuous() {
			if t.best.sounds > 0 && t.Name == d.now.Name {
				d.nowEnd = run.end
			}
			continue
		}
		t.sound(d.runs.framer, run, heard, long)
	}
	d.lastEnd, d.lastOn, d.noise, d.noisy = run.end, false, 0, 0
}

// sound moves the chains of a definition on by a sound.
func (t *defTrack) sound(f *framer, run *toneRun, heard []toneAt, long int64) {
	n := len(t.phases)
	var moved [17]toneChain
	if n >= len(moved) {
		return
	}
	for k, p := range t.phases {
		if p.step < 0 {
			continue
		}
		fit := min(f.lasts(long, p.long), t.fits(p.step, heard))
		if fit == 0 || t.Once && k > 0 && t.next[k].sounds == 0 {
			continue
		}
		c := t.next[k]
		if c.sounds == 0 {
			c = toneChain{start: run.start, fit: fit}
		}
		c.sounds++
		c.end, c.fit = run.end, min(c.fit, fit)
		moved[t.after(k)] = c
	}
	copy(t.next, moved[:n+1])
	if t.expects() == 0 {
		t.best = toneChain{}
	}
}

// lasting looks at what sounds, for continuous tones.
func (d *LineToneDetector) lasting(fr *frame) {
	run := &d.runs.run
	if run.quiet != 0 {
		return
	}
	long := fr.mid - run.start
	var heard []toneAt
	for i := range d.defs {
		t := &d.defs[i]
		if !t.continuous() || long < t.least {
			continue
		}
		if heard == nil {
			heard = d.tones[:d.runs.tones(run, &d.tones)]
		}
		if fit := t.fits(0, heard); fit > 0 && run.pure > 0.8 {
			t.best = toneChain{sounds: 1, start: run.start, end: fr.mid, fit: fit}
			d.level = run.power
		}
	}
}

// judge decides what is on.
func (d *LineToneDetector) judge(fr *frame, ended bool) {
	quiet := int64(-1) // how long it has been
	if !d.runs.active && d.lastEnd >= 0 {
		quiet = fr.mid - d.lastEnd
	}
	name, fits := "", 0.0
	for i := range d.defs {
		t := &d.defs[i]
		if t.continuous() {
			if ended {
				t.best = toneChain{}
			}
		} else {
			t.ripen(d.runs.framer, quiet, d.quietPause())
		}
		if t.best.sounds == 0 {
			continue
		}
		if t.Name == d.now.Name {
			name, fits = t.Name, 100 // what is on stays on while it fits
		}
		if sum := d.fitOf(t.Name); sum > fits {
			name, fits = t.Name, sum
		}
	}
	if d.now.Name != "" && name != d.now.Name {
		d.end()
	}
	if name == "" {
		return
	}
	first := d.now.Name == ""
	d.report(name)
	if first {
		d.found = append(d.found, d.now)
	}
}

// fitOf is how well a name fits: the best of its definitions, and a little for each other one.
func (d *LineToneDetector) fitOf(name string) (sum float64) {
	var best float64
	for i := range d.defs {
		if t := &d.defs[i]; t.Name == name && t.best.sounds > 0 {
			best = max(best, t.best.fit)
			sum += 0.01 * t.best.fit
		}
	}
	return best + min(sum, 0.08)
}

// ripen sees whether a chain says enough, and whether the silence after it has been too long.
func (t *defTrack) ripen(f *framer, quiet int64, quietPause bool) {
	sounds := len(t.Steps)
	for k := range t.next {
		c := &t.next[k]
		if c.sounds == 0 {
			continue
		}
		if t.Once {
			if k == len(t.phases) {
				t.best = *c
				if quiet > f.at(200) {
					*c, t.best = toneChain{}, toneChain{}
				}
			}
			continue
		}
		pausing := k < len(t.phases) && t.phases[k].step < 0
		if pausing && quiet >= 0 {
			p := t.phases[k].long
			want := f.at(int(p / time.Millisecond))
			if quiet > want+max(f.at(70), want*16/100) {
				*c = toneChain{}
				continue
			}
			whole := c.sounds >= t.need
			enough := quiet >= want*85/100 || sounds == 1 && c.sounds >= 2
			if whole && enough && quietPause && c.sounds >= t.best.sounds {
				t.best = *c
			}
		}
	}
	if t.best.sounds > 0 && t.expects() == 0 {
		t.best = toneChain{}
	}
}

// report brings what is on up to date.
func (d *LineToneDetector) report(name string) {
	h := &d.now
	if h.Name == "" {
		h.Countries = nil
	}
	h.Name, h.Sure = name, 0
	h.Level = toLevel(d.level)
	var chain toneChain
	per := 1
	for i := range d.defs {
		t := &d.defs[i]
		if t.Name != name || t.best.sounds == 0 {
			continue
		}
		if t.best.fit > chain.fit {
			chain, per, h.Hz = t.best, len(t.Steps), t.Steps[0].Hz
			if t.continuous() {
				per = 1
			}
		}
	}
	d.names = d.names[:0]
	for i := range d.defs {
		if t := &d.defs[i]; t.Name == name && t.best.sounds > 0 && t.Country != "" && t.best.fit > chain.fit-0.25 {
			d.names = append(d.names, t.Country)
		}
	}
	slices.Sort(d.names)
	d.names = slices.Compact(d.names)
	if !slices.Equal(d.names, h.Countries) {
		h.Countries = slices.Clone(d.names)
	}
	h.Start, h.Cycles, h.Length = chain.start, max(1, chain.sounds/per), 0
	cycles := [...]float64{0.75, 0.9, 0.97}
	h.Sure = cycles[min(h.Cycles, 3)-1] * (0.8 + 0.2*chain.fit)
	d.nowEnd = chain.end
}

// end tells that what was on is over.
func (d *LineToneDetector) end() {
	// What it was made of is not the beginning of another tone.
	for i := range d.defs {
		for k := range d.defs[i].next {
			if c := &d.defs[i].next[k]; c.start < d.nowEnd {
				*c = toneChain{}
			}
		}
	}
	d.now.Length = max(1, d.nowEnd-d.now.Start)
	d.found = append(d.found, d.now)
	d.now = HeardTone{}
}
