package dsp

import (
	"fmt"
	"math"
	"time"
)

// Answerer is who or what has answered a call.
type Answerer int

// The answerers.
const (
	AnswererUnknown Answerer = iota
	AnswererHuman
	AnswererMachine
	AnswererFax     // by its tone
	AnswererNetwork // an announcement after special information tones: nobody has answered
	AnswererNoAudio // nothing was heard
)

func (a Answerer) String() string {
	if names := [...]string{"unknown", "human", "machine", "fax", "network", "no audio"}; a >= 0 && int(a) < len(names) {
		return names[a]
	}
	return fmt.Sprintf("Answerer(%d)", int(a))
}

// AnswerOptions are the thresholds of an [AnswerDetector]; 0 is the default of each.
type AnswerOptions struct {
	// Greeting is the length of a greeting that a human and a machine are equally likely to have:
	// 2.4 s. Humans say less.
	Greeting time.Duration
	// Pause is how long there must be silence after a greeting before it may be a human's: 800 ms.
	Pause time.Duration
	// NoAudio is the silence after which nobody is there: 6 s.
	NoAudio time.Duration
	// Latest is when it decides by what it knows then, since the answer: 8 s.
	Latest time.Duration
	// Confidence is how sure it must be to decide earlier: 0.8.
	Confidence float64
}

func (o *AnswerOptions) defaults() {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&o.Greeting, 2400*time.Millisecond)
	set(&o.Pause, 800*time.Millisecond)
	set(&o.NoAudio, 6*time.Second)
	set(&o.Latest, 8*time.Second)
	if o.Confidence == 0 {
		o.Confidence = 0.8
	}
}

// Validate reports what is wrong with the options.
func (o AnswerOptions) Validate() error {
	for _, d := range []time.Duration{o.Greeting, o.Pause, o.NoAudio, o.Latest} {
		if d < 0 || d > time.Minute {
			return fmt.Errorf("dsp: answer %+v: a time is 0 to a minute", o)
		}
	}
	if o.Confidence < 0 || o.Confidence > 1 {
		return fmt.Errorf("dsp: answer: confidence %v is not 0 to 1", o.Confidence)
	}
	return nil
}

// Answer is what an [AnswerDetector] finds. Times are in samples since the first that it heard, which is that
// after the answer of the call.
type Answer struct {
	By         Answerer
	Confidence float64 // 0 to 1
	At         int64   // when it was decided
	Silence    int64   // before the first word
	Greeting   int64   // from the first word to the last so far, pauses included
	Words      int     // stretches of voice with 120 ms and more between them
	LastPause  int64   // silence since the greeting
	Tone       string  // that was heard: of [LineTones]
	Beep       Beep    // after the greeting; its Length is 0 when none was heard
}

func (a Answer) String() string {
	s := fmt.Sprintf("%v, confidence %.2f at %d: silence %d, greeting %d, %d words", a.By, a.Confidence, a.At, a.Silence, a.Greeting, a.Words)
	if a.Tone != "" {
		s += ", " + a.Tone
	}
	if a.Beep.Length > 0 {
		s += ", " + a.Beep.String()
	}
	return s
}

// AnswerDetector tells humans from machines by how they answer: people say a word or two and
// wait, machines talk on and then beep; fax machines and networks have tones. It decides once, and
// tells the beep once more when that is over, however late; a beep makes a machine of what was
// taken for a human. It is for one goroutine at a time.
type AnswerDetector struct {
	opts  AnswerOptions
	runs  *runFinder
	voice voiceTrack
	tones *LineToneDetector
	found []Answer

	first, last int64 // of voice; first is -1 before it
	words       int
	now         Answer
	decided     bool
	beeped      bool
}

// NewAnswerDetector returns a detector for samples of a rate: a multiple of 500 Hz from 8000 to
// 48000. What it hears first is what came first after the answer.
func NewAnswerDetector(rate int, opts AnswerOptions) (*AnswerDetector, error) {
	f, err := newFramer("answers", rate)
	if err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	opts.defaults()
	d := &AnswerDetector{opts: opts, runs: newRunFinder(f), first: -1}
	d.voice.init(f, ActivityOptions{})
	var signals []LineTone
	for _, t := range LineTones("") {
		if t.Country == "" {
			signals = append(signals, t)
		}
	}
	d.tones, err = newLineTones(d.runs, signals)
	return d, err
}

// Hear takes the next samples in, as many as there are, and returns what was decided. What it
// returns is valid until the next call.
func (d *AnswerDetector) Hear(samples []int16) []Answer {
	d.found = d.found[:0]
	d.runs.hear(samples, func(fr *frame) {
		run := d.runs.look(fr)
		d.tones.found = d.tones.found[:0]
		d.tones.look(fr, run)
		d.voice.found = d.voice.found[:0]
		d.voice.look(fr, d.runs)
		d.look(fr, run)
	})
	return d.found
}

// FindAnswer returns what answers in samples of one channel, which begin with the answer: the
// last finding, so that it has the beep. It is unknown at a rate that no detector is for.
func FindAnswer(samples []int16, rate int, opts AnswerOptions) (a Answer) {
	d, err := NewAnswerDetector(rate, opts)
	if err != nil {
		return a
	}
	last := func(found []Answer) {
		if n := len(found); n > 0 {
			a = found[n-1]
		}
	}
	last(d.Hear(samples))
	last(d.Hear(make([]int16, 2*rate)))
	return a
}

// in returns samples for a time.
func (d *AnswerDetector) in(t time.Duration) int64 { return d.runs.at(int(t / time.Millisecond)) }

func (d *AnswerDetector) look(fr *frame, run *toneRun) {
	d.listen()
	if run != nil && !d.beeped {
		if b, ok := d.runs.beep(run); ok && b.Sure >= 0.75 && d.mayBeep(&b) {
			d.beeped = true
			d.now.Beep = b
			d.decide(fr, AnswererMachine, 0.9+0.09*b.Sure)
			return
		}
	}
	if d.decided {
		return
	}
	if len(d.tones.found) > 0 {
		t := &d.tones.found[0]
		d.now.Tone = t.Name
		by := AnswererNetwork
		if t.Name == ToneFaxCNG || t.Name == ToneFaxCED {
			by = AnswererFax
		}
		d.decide(fr, by, t.Sure)
		return
	}
	d.weigh(fr)
}

// mayBeep says whether a beep is where one may be: not the first tone of special information, nor a
// fax's, and after a greeting.
func (d *AnswerDetector) mayBeep(b *Beep) bool {
	off := func(hz, by float64) bool { return math.Abs(b.Hz-hz) > by }
	if d.first < 0 || b.Start < d.first+d.runs.at(300) {
		return false
	}
	return off(1100, 15) || b.Length < d.runs.at(420) || b.Length > d.runs.at(580)
}

// listen follows the voice.
func (d *AnswerDetector) listen() {
	for _, a := range d.voice.found {
		if a.Sounds == Speech && a.Length == 0 && d.first < 0 {
			d.first, d.words = a.Start, 1
		}
	}
	if d.first < 0 || d.voice.now.Sounds != Speech {
		return
	}
	if loud := d.voice.loud; loud > d.last {
		if d.last > 0 && loud-d.last > d.runs.at(120) {
			d.words++
		}
		d.last = loud
	}
}

// weigh decides when it is sure, or late.
func (d *AnswerDetector) weigh(fr *frame) {
	if d.first < 0 {
		if fr.end >= d.in(d.opts.NoAudio) && d.voice.now.Sounds == Quiet {
			d.decide(fr, AnswererNoAudio, 0.9)
		} else if fr.end >= 2*d.in(d.opts.Latest) {
			d.decide(fr, AnswererUnknown, 0.5)
		}
		return
	}
	long := float64(d.last-d.first) / float64(d.runs.rate)
	pause := fr.end - d.last
	// The logistic function of the length: 0.5 at opts.Greeting.
	machine := 1 / (1 + math.Exp(-(long-d.opts.Greeting.Seconds())/0.42))
	need := d.opts.Confidence
	late := fr.end >= d.in(d.opts.Latest)
	switch {
	case pause < d.in(d.opts.Pause) && machine >= need:
		d.decide(fr, AnswererMachine, machine)
	case pause >= d.in(d.opts.Pause):
		// The longer nobody goes on, the more he waits for us.
		waits := min(0.6, 0.5*float64(pause-d.in(d.opts.Pause))/float64(d.runs.rate))
		if human := min(1-machine*(1-waits), 0.98); human >= need {
			d.decide(fr, AnswererHuman, human)
		} else if machine >= need {
			d.decide(fr, AnswererMachine, machine)
		} else if late {
			d.guess(fr, human, machine)
		}
	case late:
		d.guess(fr, 1-machine, machine)
	}
}

// guess decides by what there is.
func (d *AnswerDetector) guess(fr *frame, human, machine float64) {
	switch {
	case human >= 0.6:
		d.decide(fr, AnswererHuman, human)
	case machine >= 0.6:
		d.decide(fr, AnswererMachine, machine)
	default:
		d.decide(fr, AnswererUnknown, max(human, machine))
	}
}

func (d *AnswerDetector) decide(fr *frame, by Answerer, confidence float64) {
	d.decided = true
	a := &d.now
	a.By, a.Confidence, a.At, a.Words = by, confidence, fr.end, d.words
	a.Silence = fr.end
	if d.first >= 0 {
		a.Silence, a.Greeting, a.LastPause = d.first, max(0, d.last-d.first), fr.end-d.last
	}
	d.found = append(d.found, *a)
}
