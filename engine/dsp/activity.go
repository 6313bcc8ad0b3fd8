package dsp

import (
	"fmt"
	"math"
	"time"
)

// Sounds is what a stretch of a line has.
type Sounds int

// What a line may have.
const (
	Quiet  Sounds = iota // nothing, or steady noise that is not loud
	Speech               // somebody speaks, or sings
	Other                // tones, music of few tones, loud steady noise
)

func (s Sounds) String() string {
	if names := [...]string{"silence", "speech", "other"}; s >= 0 && int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("Sounds(%d)", int(s))
}

// Activity is a stretch of a line. One follows the other without a gap.
type Activity struct {
	Sounds Sounds
	// Start and Length are in samples, Start since the first that the detector heard. Length is 0
	// as long as it goes on.
	Start, Length int64
	Level         float64 // mean, dBov; 0 as long as it goes on
}

func (a Activity) String() string {
	return fmt.Sprintf("%v from %d for %d samples, %.1f dBov", a.Sounds, a.Start, a.Length, a.Level)
}

// ActivityOptions are the thresholds of an [ActivityDetector]; 0 is the default of each.
type ActivityOptions struct {
	// Speech is how much of a voice there must be before it is speech: 60 ms. Shorter is a click.
	Speech time.Duration
	// Silence is how long a pause must last before the speech is over: 300 ms. Shorter is a
	// pause between words.
	Silence time.Duration
	// Above is by how many dB speech is above the noise: 9. It lasts until it is less than
	// 5 dB above it.
	Above float64
	// Faintest is the level in dBov of the faintest speech: -52.
	Faintest float64
}

func (o *ActivityOptions) defaults() {
	if o.Speech == 0 {
		o.Speech = 60 * time.Millisecond
	}
	if o.Silence == 0 {
		o.Silence = 300 * time.Millisecond
	}
	if o.Above == 0 {
		o.Above = 9
	}
	if o.Faintest == 0 {
		o.Faintest = -52
	}
}

// Validate reports what is wrong with the options.
func (o ActivityOptions) Validate() error {
	if o.Speech < 0 || o.Speech > time.Second || o.Silence < 0 || o.Silence > 10*time.Second || o.Above < 0 || o.Above > 40 ||
		o.Faintest > 0 || o.Faintest < MinLevel {
		return fmt.Errorf("dsp: activity %+v: Speech is 0 to 1 s, Silence 0 to 10 s, Above 0 to 40 dB, Faintest %v to 0 dBov", o, MinLevel)
	}
	return nil
}

// ActivityDetector tells speech, silence and other sounds apart in a stream of samples of one
// channel.
//
// It knows the noise of the line by the quietest of the last two seconds, so that a line that hums,
// and comfort noise, are silence. Speech is what is above it and has the harmonics of a voice, not the flat
// spectrum of noise nor the few steady lines of a tone. It is for one goroutine at a time.
type ActivityDetector struct {
	runs  *runFinder
	voice voiceTrack
}

// voiceTrack is an ActivityDetector without its framer, for detectors that have one.
type voiceTrack struct {
	*framer
	opts  ActivityOptions
	found []Activity

	floor  float64 // power of the noise
	lows   [20]float64
	low    float64 // least power in the tenth of a second that is under way
	frames int
	smooth float64

	now    Activity
	sum    float64 // of power since it began
	count  int
	past   [64]float64 // power of the last frames
	voiced int         // score of voiced frames
	loud   int64       // where it has last been above the noise
	rose   int64       // where it rose above it; 0: it is not
	tone   int64       // where a tone has last sounded
	toned  int64       // where it began
	steady int         // frames of loud sound that is no voice
}

// NewActivityDetector returns a detector for samples of a rate: a multiple of 500 Hz from 8000
// to 48000.
func NewActivityDetector(rate int, opts ActivityOptions) (*ActivityDetector, error) {
	f, err := newFramer("speech", rate)
	if err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	d := &ActivityDetector{runs: newRunFinder(f)}
	d.voice.init(f, opts)
	return d, nil
}

func (v *voiceTrack) init(f *framer, opts ActivityOptions) {
	opts.defaults()
	v.framer, v.opts, v.floor = f, opts, math.Pow(10, -6.5)
	for i := range v.lows {
		v.lows[i] = math.Inf(1)
	}
	v.low, v.tone, v.loud = math.Inf(1), -1, -1
}

// Hear takes the next samples in, as many as there are, and returns what is new: a stretch when
// it has begun, with Length 0, and once more when it is over. What it returns is valid
// until the next call.
func (d *ActivityDetector) Hear(samples []int16) []Activity {
	d.voice.found = d.voice.found[:0]
	d.runs.hear(samples, func(fr *frame) {
		d.runs.look(fr)
		d.voice.look(fr, d.runs)
	})
	return d.voice.found
}

// FindActivity returns the timeline of samples of one channel; it covers all of them. There is none
// at a rate that no detector is for.
func FindActivity(samples []int16, rate int, opts ActivityOptions) []Activity {
	d, err := NewActivityDetector(rate, opts)
	if err != nil || len(samples) == 0 {
		return nil
	}
	var all []Activity
	for _, a := range d.Hear(samples) {
		if a.Length > 0 {
			all = append(all, a)
		}
	}
	last := d.voice.now
	if last.Length = int64(len(samples)) - last.Start; last.Length > 0 {
		if v := &d.voice; last.Sounds == Speech && v.loud > last.Start && int64(len(samples))-v.loud > v.at(100) {
			// It ends in a pause that is too short to be silence, and has no other end.
			last.Length = v.loud - last.Start
			last.Level = toLevel(v.sum / float64(max(1, v.count)))
			all = append(all, last)
			last = Activity{Quiet, v.loud, int64(len(samples)) - v.loud, MinLevel}
		} else {
			last.Level = toLevel(v.sum / float64(max(1, v.count)))
		}
		all = append(all, last)
	}
	return all
}

// look takes a frame in, after the run finder has.
func (v *voiceTrack) look(fr *frame, runs *runFinder) {
	v.noise(fr)
	at := fr.end - int64(v.hop)
	above := fr.fresh > v.floor*math.Pow(10, v.opts.Above/10) && fr.fresh > math.Pow(10, v.opts.Faintest/10)
	hold := fr.fresh > v.floor*math.Pow(10, 0.5) && fr.fresh > math.Pow(10, v.opts.Faintest/10-0.4)
	if above || hold && v.rose > 0 {
		if v.rose == 0 {
			v.rose = at + 1
		}
		v.loud = fr.end
	} else if fr.end-v.loud > v.at(120) {
		v.rose = 0
	}
	// The tone's frames are centred 32 ms before.
	tone := runs.active && runs.run.quiet == 0 && runs.run.pure > 0.85 && steadyTone(runs)
	if tone {
		if v.tone < 0 || fr.mid-v.tone > v.at(150) {
			v.toned = runs.run.start
		}
		v.tone = fr.mid
	}
	loud := fr.total > v.floor*math.Pow(10, v.opts.Above/10) && fr.total > math.Pow(10, v.opts.Faintest/10)
	switch {
	case tone:
		v.voiced = max(0, v.voiced-2)
		v.steady++
	case loud && voiced(fr.power, v.framer):
		v.voiced, v.steady = min(v.voiced+1, 30), 0
	case loud:
		v.voiced = max(0, v.voiced-1)
		v.steady++
	default:
		v.voiced, v.steady = max(0, v.voiced-2), 0
	}
	v.sum += fr.fresh
	v.count++
	v.past[v.frames%len(v.past)] = fr.fresh
	v.decide(fr)
}

// steadyTone says whether the run has lasted too long and pure for a vowel.
func steadyTone(runs *runFinder) bool {
	run := &runs.run
	if run.high-run.low > max(12, 0.02*run.high) { // a voice is never as steady
		return false
	}
	n := runs.heard - int64(runs.size/2) - run.start
	return n > runs.at(180) || run.pure > 0.97 && n > runs.at(60)
}

// noise keeps the power of the noise: the least of the last two seconds, a little above it.
func (v *voiceTrack) noise(fr *frame) {
	v.smooth += (fr.fresh - v.smooth) * 0.3
	v.low = min(v.low, max(v.smooth, 1e-10))
	v.frames++
	if v.frames%10 == 0 {
		copy(v.lows[:], v.lows[1:])
		v.lows[len(v.lows)-1] = v.low
		v.low = math.Inf(1)
		least := math.Inf(1)
		for _, l := range v.lows {
			least = min(least, l)
		}
		// Louder than this is no noise of a line.
		v.floor = min(max(least*1.6, 1e-7), math.Pow(10, -3.4))
	}
	if v.smooth < v.floor {
		v.floor = max(v.smooth*1.6, 1e-7)
	}
}

// voiced says whether a frame has harmonics: a spectrum with lines, and not flat as noise is.
func voiced(power []float64, f *framer) bool {
	from, to := int(150/f.bin), min(int(3400/f.bin), len(power))
	var logs, sum float64
	for _, p := range power[from:to] {
		logs += math.Log(p + 1e-14)
		sum += p
	}
	n := float64(to - from)
	return math.Exp(logs/n) < 0.1*sum/n
}

// decide says what the line has now, and where that began.
func (v *voiceTrack) decide(fr *frame) {
	speech := int(v.opts.Speech / (frameHop * time.Millisecond))
	silence := v.at(int(v.opts.Silence / time.Millisecond))
	switch v.now.Sounds {
	case Quiet:
		switch {
		case v.voiced >= speech && v.rose > 0:
			v.turn(Speech, v.rose-1)
		case v.tone == fr.mid && v.tone-v.toned > v.at(60):
			v.turn(Other, v.toned)
		case v.steady > 40:
			v.turn(Other, fr.end-int64(v.steady*v.hop))
		}
	case Speech:
		switch {
		case v.tone == fr.mid && v.tone-v.toned > v.at(600):
			v.turn(Other, v.toned)
		case fr.end-v.loud >= silence:
			v.turn(Quiet, v.loud)
		}
	case Other:
		switch {
		case v.voiced >= max(2*speech, 12) && v.tone < fr.mid-v.at(100):
			v.turn(Speech, max(v.tone, fr.end-int64(v.voiced*v.hop)))
		case fr.end-v.loud >= v.at(100):
			v.turn(Quiet, v.loud)
		}
	}
}

// turn ends what was and begins what is.
func (v *voiceTrack) turn(to Sounds, at int64) {
	at = max(at, v.now.Start)
	// What came after that is not of what was.
	var sum float64
	n := min(int(max(0, v.heard-at))/v.hop, len(v.past), v.count)
	for i := range n {
		sum += v.past[(v.frames-i+len(v.past))%len(v.past)]
	}
	v.sum, v.count = max(0, v.sum-sum), v.count-n
	if v.now.Length = at - v.now.Start; v.now.Length > 0 {
		v.now.Level = toLevel(v.sum / float64(max(1, v.count)))
		v.found = append(v.found, v.now)
	}
	v.now = Activity{Sounds: to, Start: at}
	v.found = append(v.found, v.now)
	v.sum, v.count, v.voiced = sum, n, 0
}
