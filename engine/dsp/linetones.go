package dsp

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Names of the tones in [LineTones].
const (
	ToneDial         = "dial"
	ToneSpecialDial  = "special-dial" // stuttering or another pitch: mail waits, a service is on
	ToneRingback     = "ringback"
	ToneBusy         = "busy"
	ToneCongestion   = "congestion" // all lines are busy; America's reorder
	ToneUnobtainable = "unobtainable"
	ToneSIT          = "sit"     // special information, as ITU-T E.180 has it
	ToneSITIntercept = "sit-ic"  // the number has changed, or is out of service
	ToneSITVacant    = "sit-vc"  // the number does not exist
	ToneSITReorder   = "sit-ro"  // the caller's own network has no way
	ToneSITReorder2  = "sit-ro2" // another network has none
	ToneSITNoCircuit = "sit-nc"  // all circuits are busy
	ToneSITNoCircui2 = "sit-nc2" // those of another network
	ToneSITOther     = "sit-io"
	ToneFaxCNG       = "fax-cng" // a fax calls
	ToneFaxCED       = "fax-ced" // a fax, or a modem, answers
)

// ToneStep is one sound of a cadence, and the pause after it.
type ToneStep struct {
	Hz  []float64 // the tones that sound together: one to three, from 200 to 3400
	On  time.Duration
	Off time.Duration // 0: the next step follows at once
}

// LineTone defines a tone of a telephone network.
type LineTone struct {
	Name    string
	Country string // ISO 3166-1 alpha-2; "" for what is the same everywhere
	// Steps are one period of the cadence. A single step without Off is a continuous tone, whose
	// On is the least that it must last; 0 means 1 s.
	Steps []ToneStep
	// Once says that the steps come once and not again and again.
	Once bool
	// Off is by how many Hz the tones may be off; 0 means 1.5 %, at least 7 Hz.
	Off float64
}

func (d *LineTone) continuous() bool { return len(d.Steps) == 1 && d.Steps[0].Off == 0 && !d.Once }

// Validate reports what is wrong with the definition.
func (d LineTone) Validate() error {
	bad := func(what string) error { return fmt.Errorf("dsp: tone %q %s: %s", d.Name, d.Country, what) }
	if d.Name == "" || len(d.Steps) == 0 {
		return bad("it needs a name and a step")
	}
	if d.Off < 0 || d.Off > 100 {
		return bad("tones may be 0 to 100 Hz off")
	}
	for i, s := range d.Steps {
		if len(s.Hz) < 1 || len(s.Hz) > runPeaks {
			return bad("a step has one to three tones")
		}
		for k, hz := range s.Hz {
			if !(hz >= 200 && hz <= 3400) {
				return bad(fmt.Sprintf("%g Hz is not between 200 and 3400", hz))
			}
			if k > 0 && hz-s.Hz[k-1] < 35 {
				return bad("the tones of a step ascend and are 35 Hz apart or more")
			}
		}
		least := 80 * time.Millisecond
		if d.continuous() {
			least = 0
		}
		if s.On < least || s.On > time.Minute || s.Off < 0 || s.Off > time.Minute || s.Off > 0 && s.Off < 90*time.Millisecond {
			return bad("a sound lasts 80 ms to a minute, a pause 90 ms to a minute")
		}
		if s.Off == 0 && !d.continuous() && !(d.Once && i == len(d.Steps)-1) {
			if next := d.Steps[(i+1)%len(d.Steps)]; slices.Equal(next.Hz, s.Hz) {
				return bad("two steps with the same tones need a pause between them")
			}
		}
	}
	return nil
}

// within is by how much hz may be off.
func (d *LineTone) within(hz float64) float64 {
	if d.Off > 0 {
		return d.Off
	}
	return max(7, 0.015*hz)
}

// fits says how well the tones of a run are those of a step: 0 not at all, 1 exactly.
func (d *LineTone) fits(step int, heard []toneAt) float64 {
	want := d.Steps[step].Hz
	worst := 0.0
	for _, hz := range want {
		off, power := math.Inf(1), 0.0
		for _, h := range heard {
			if o := math.Abs(h.hz - hz); o < off {
				off, power = o, h.power
			}
		}
		off /= d.within(hz)
		if off > 1 || len(want) > 1 && power < 0.08 {
			return 0
		}
		worst = max(worst, off)
	}
	for _, h := range heard {
		near := false
		for _, hz := range want {
			// A tone that is modulated, as Japan's and India's are, has others beside it.
			near = near || math.Abs(h.hz-hz) <= 32
		}
		if !near && h.power > 0.12 {
			return 0
		}
	}
	return 1 - worst/2
}

// lasts says how well a length fits what it should be: within 15 %, and 60 ms.
func (f *framer) lasts(samples int64, want time.Duration) float64 {
	have := float64(samples) / float64(f.rate)
	off := math.Abs(have-want.Seconds()) / max(0.06, 0.15*want.Seconds())
	if off > 1 {
		return 0
	}
	return 1 - off/2
}

// HeardTone is a tone of [LineTones], or of the caller's own, that was heard.
type HeardTone struct {
	Name string
	// Countries are those whose tone of that name fits, sorted; empty for tones without one.
	Countries []string
	Hz        []float64 // of the first step, as defined
	// Start and Length are in samples, Start since the first that the detector heard. Length is 0
	// as long as the tone sounds, and to the end of the last sound otherwise.
	Start, Length int64
	Cycles        int     // periods of the cadence so far; 1 of a continuous tone
	Sure          float64 // 0 to 1
	Level         float64 // dBov
}

func (h HeardTone) String() string {
	return fmt.Sprintf("%s %v: %v Hz, %d cycles, sure %.2f, %.1f dBov", h.Name, h.Countries, h.Hz, h.Cycles, h.Sure, h.Level)
}
