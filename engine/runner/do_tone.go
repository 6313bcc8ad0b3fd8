package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// ownTone is the name of a tone that a step defines.
const ownTone = "tone"

// toneNames are those of dsp for a tone of the language; sit is all whose names begin so.
var toneNames = map[scenario.Tone]string{
	scenario.ToneDial: dsp.ToneDial, scenario.ToneRingback: dsp.ToneRingback, scenario.ToneBusy: dsp.ToneBusy,
	scenario.ToneReorder: dsp.ToneCongestion, scenario.ToneSIT: dsp.ToneSIT,
}

// ownLineTone is the tone that a step defines by frequencies and cadence.
func ownLineTone(a *scenario.ExpectTone) dsp.LineTone {
	d := dsp.LineTone{Name: ownTone}
	hz := slices.Clone(a.Hz)
	slices.Sort(hz)
	if len(a.Cadence) == 0 {
		d.Steps = []dsp.ToneStep{{Hz: hz, On: a.For}}
		return d
	}
	for i := 0; i < len(a.Cadence); i += 2 {
		step := dsp.ToneStep{Hz: hz, On: a.Cadence[i]}
		if i+1 < len(a.Cadence) {
			step.Off = a.Cadence[i+1]
		}
		d.Steps = append(d.Steps, step)
	}
	return d
}

// fitsTone says whether what was heard is what a step expects.
func fitsTone(a *scenario.ExpectTone, heard dsp.HeardTone) bool {
	if len(a.Hz) > 0 {
		return heard.Name == ownTone
	}
	name := toneNames[a.Tone]
	if heard.Name != name && !(a.Tone == scenario.ToneSIT && strings.HasPrefix(heard.Name, dsp.ToneSIT)) {
		return false
	}
	return a.Country == "" || len(heard.Countries) == 0 || slices.Contains(heard.Countries, strings.ToUpper(a.Country))
}

// toneWords says a tone in a tester's words: "busy (DE, FR) of 425 Hz".
func toneWords(h dsp.HeardTone) string {
	var hz []string
	for _, f := range h.Hz {
		hz = append(hz, strconv.FormatFloat(f, 'f', -1, 64))
	}
	where := ""
	if n := len(h.Countries); n > 0 {
		list := h.Countries
		if n > 4 {
			list = append(slices.Clone(list[:4]), "…")
		}
		where = " (" + strings.Join(list, ", ") + ")"
	}
	return fmt.Sprintf("%s%s of %s Hz", h.Name, where, strings.Join(hz, "+"))
}

func (s *Session) expectTone(ctx context.Context, t *task, l *line, a *scenario.ExpectTone) error {
	if a.Tone == scenario.ToneBeep {
		return s.expectBeep(ctx, t, l, a)
	}
	expected := "tone " + string(a.Tone)
	if len(a.Hz) > 0 {
		expected = "a tone of " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(a.Hz)), "+"), "[]") + " Hz"
	}
	if a.Country != "" {
		expected += " of " + strings.ToUpper(a.Country)
	}
	if a.For > 0 {
		expected += " for " + seconds(a.For)
	}
	expected += " " + within(t.within(a.Within))
	deadline := t.until(a.Within)
	h, err := s.listen(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	var own []dsp.LineTone
	if len(a.Hz) > 0 {
		own = append(own, ownLineTone(a))
	}
	d, err := dsp.NewLineToneDetector(earRate, own...)
	if err != nil {
		return err
	}
	activity, err := dsp.NewActivityDetector(earRate, dsp.ActivityOptions{})
	if err != nil {
		return err
	}
	sounded := false // something that may be a tone has begun in time
	var others []string
	var now *dsp.HeardTone // the tone that is expected, while it sounds
	for {
		// A tone is known when a period of it has passed.
		limit := deadline
		if sounded {
			limit = deadline.Add(toneKnown)
		}
		if now != nil {
			limit = h.e.at(h.first + now.Start).Add(a.For + toneKnown)
		}
		samples, err := h.next(ctx, limit)
		if err != nil {
			if len(others) > 0 && (errors.Is(err, errLate) || isEOF(err)) {
				return failed(expected, "heard "+strings.Join(slices.Compact(others), ", then "))
			}
			return h.missed(expected, err)
		}
		for _, part := range activity.Hear(samples) {
			sounded = sounded || part.Sounds != dsp.Quiet && !h.e.at(h.first+part.Start).After(deadline)
		}
		for _, heard := range d.Hear(samples) {
			begun := h.e.at(h.first + heard.Start)
			if !fitsTone(a, heard) || begun.After(deadline) {
				others = append(others, toneWords(heard))
				continue
			}
			now = &heard
			if heard.Length > 0 && samplesTime(heard.Length) < a.For {
				now = nil
				others = append(others, fmt.Sprintf("%s for %s only", toneWords(heard), seconds(samplesTime(heard.Length))))
			}
		}
		if now == nil {
			continue
		}
		length := now.Length
		if length == 0 {
			length = h.position - h.first - now.Start
		}
		if samplesTime(length) >= a.For {
			h.e.pass(h.first + now.Start + length)
			s.said(t, expected, toneWords(*now))
			s.mark(l, report.Mark{Side: report.Heard, Kind: report.MarkTone, Label: toneWords(*now), OK: true},
				h.e.at(h.first+now.Start), h.e.at(h.first+now.Start+length))
			return nil
		}
	}
}

// toneKnown is how long after it has begun a tone may be recognised: two periods of the
// slowest cadence.
const toneKnown = 13 * time.Second

// toneFile makes a file of a tone by its name, as America's networks have it.
func (s *Session) toneFile(tone scenario.Tone, lasts time.Duration) (string, error) {
	const level = -18 // dBov of each of its frequencies
	var samples []int16
	if tone == scenario.ToneBeep {
		samples = dsp.GenerateTone(sayRate, min(lasts, 500*time.Millisecond), level, 1000)
	}
	i := slices.IndexFunc(dsp.LineTones(), func(d dsp.LineTone) bool {
		return d.Name == toneNames[tone] && (d.Country == "" || d.Country == "US")
	})
	if samples == nil && i < 0 {
		return "", fmt.Errorf("runner: there is no tone %s", tone)
	}
	for most := int(timeSamples(lasts)); len(samples) < most && i >= 0; {
		for _, step := range dsp.LineTones()[i].Steps {
			on := step.On
			if on == 0 || step.Off == 0 && len(dsp.LineTones()[i].Steps) == 1 {
				on = lasts
			}
			samples = append(samples, dsp.GenerateTone(sayRate, on, level, step.Hz...)...)
			samples = append(samples, dsp.Silence(sayRate, step.Off)...)
		}
	}
	samples = samples[:min(len(samples), int(timeSamples(lasts)))]
	dir, err := s.files()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "tone-"+string(tone)+".wav")
	return path, dsp.WriteWAV(path, &dsp.Audio{Rate: sayRate, Channels: 1, Samples: samples})
}
