package runner

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// How a call becomes a scenario.
const (
	draftPause    = 1200 * time.Millisecond // of silence, after which another prompt begins
	draftShortest = 400 * time.Millisecond  // of sound that is a prompt
	draftEdge     = 60 * time.Millisecond   // of silence around a prompt
	draftSlack    = 3 * time.Second         // by which everything may be later
	draftTogether = 1500 * time.Millisecond // between digits of one number
)

// Draft makes a scenario of the session's first call, which has been dialled: the prompts that
// were heard, each as a WAV file in dir, the digits that were sent between them, and how the
// call ended. The session needs a folder, since without one not all that is heard is kept. It
// may be called before Close.
func (s *Session) Draft(dir string) (*scenario.Scenario, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lines) == 0 {
		return nil, errNoCall
	}
	l := s.lines[0]
	s.r.hub.mu.Lock()
	answered, began, ended, byUs, e := l.answered, l.began, l.ended, l.byUs, l.ears
	remote := l.remote
	s.r.hub.mu.Unlock()
	switch {
	case answered.IsZero():
		return nil, errors.New("runner: the call was not answered: there is nothing to make a scenario of")
	case e == nil || !e.whole:
		return nil, errors.New("runner: what was heard of the call was not kept")
	}
	def := s.in.Scenario.Actors[0]
	out := &scenario.Scenario{Name: s.in.Scenario.Name, Actors: []scenario.Actor{def}}
	add := func(a scenario.Action) { out.Steps = append(out.Steps, scenario.Step{Action: a}) }
	add(&scenario.Dial{To: remote})
	add(&scenario.ExpectAnswer{Within: roundUp(answered.Sub(began) + draftSlack)})

	d := drafter{dir: dir, samples: e.from(0), add: add}
	at := max(timeSamples(answered.Sub(e.started)), 0)
	keys := slices.Clone(s.marks[l])
	keys = slices.DeleteFunc(keys, func(m mark) bool { return m.Kind != report.MarkDigit || m.Side != report.Said })
	slices.SortFunc(keys, func(a, b mark) int { return a.from.Compare(b.from) })
	for i := 0; i < len(keys); {
		digits, to := keys[i].Label, keys[i].to
		from := timeSamples(keys[i].from.Sub(e.started))
		for i++; i < len(keys) && keys[i].from.Sub(to) < draftTogether; i++ {
			digits, to = digits+keys[i].Label, keys[i].to
		}
		if err := d.turn(at, from); err != nil {
			return nil, err
		}
		add(&scenario.SendDTMF{Digits: digits})
		at = timeSamples(to.Sub(e.started))
	}
	if err := d.turn(at, int64(len(d.samples))); err != nil {
		return nil, err
	}
	if ended != nil && !byUs {
		add(&scenario.ExpectHangup{Within: draftSlack + 2*time.Second})
	} else {
		add(&scenario.Hangup{})
	}
	return out, nil
}

// drafter writes what is heard between two keys.
type drafter struct {
	dir     string
	samples []int16
	add     func(scenario.Action)
	prompts int
}

// turn makes steps of what is heard from one position to another.
func (d *drafter) turn(from, to int64) error {
	from, to = min(max(from, 0), int64(len(d.samples))), min(max(to, 0), int64(len(d.samples)))
	if from >= to {
		return nil
	}
	part := d.samples[from:to]
	last := int64(0) // where the last prompt ended
	var group []dsp.Activity
	flush := func() error {
		if len(group) == 0 {
			return nil
		}
		start, end := group[0].Start, group[len(group)-1].Start+group[len(group)-1].Length
		group = nil
		if samplesTime(end-start) < draftShortest {
			return nil
		}
		within := roundUp(samplesTime(start-last) + draftSlack)
		last = end
		if tone, ok := toneIn(part[start:end]); ok {
			d.add(&scenario.ExpectTone{Tone: tone, Within: within})
			return nil
		}
		edge := timeSamples(draftEdge)
		start, end = max(start-edge, 0), min(end+edge, int64(len(part)))
		d.prompts++
		name := fmt.Sprintf("prompt-%02d.wav", d.prompts)
		d.add(&scenario.ExpectPrompt{File: scenario.SoundFile(name), Within: within})
		if err := os.MkdirAll(d.dir, 0o777); err != nil {
			return err
		}
		return dsp.WriteWAV(filepath.Join(d.dir, name), &dsp.Audio{Rate: earRate, Channels: 1, Samples: part[start:end]})
	}
	for _, a := range dsp.FindActivity(part, earRate, dsp.ActivityOptions{}) {
		if a.Sounds == dsp.Quiet {
			if samplesTime(a.Length) >= draftPause {
				if err := flush(); err != nil {
					return err
				}
			}
			continue
		}
		group = append(group, a)
	}
	return flush()
}

// toneIn says whether a stretch is a tone that has a name.
func toneIn(samples []int16) (scenario.Tone, bool) {
	for _, h := range dsp.FindLineTones(samples, earRate) {
		for tone, name := range toneNames {
			if h.Name == name && h.Length*2 > int64(len(samples)) {
				return tone, true
			}
		}
	}
	return "", false
}

// roundUp makes a time that people would write.
func roundUp(d time.Duration) time.Duration {
	return time.Duration(math.Ceil(d.Seconds())) * time.Second
}
