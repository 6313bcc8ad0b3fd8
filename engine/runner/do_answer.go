package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// Who has answered, and beeps.

// expectBeep listens for a single short tone.
func (s *Session) expectBeep(ctx context.Context, t *task, l *line, a *scenario.ExpectTone) error {
	expected := "a beep " + within(t.within(a.Within))
	deadline := t.until(a.Within)
	h, err := s.listen(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	d, err := dsp.NewBeepDetector(earRate)
	if err != nil {
		return err
	}
	for {
		// A beep is known when it is over.
		samples, err := h.next(ctx, deadline.Add(beepKnown))
		if err != nil {
			return h.missed(expected, err)
		}
		for _, b := range d.Hear(samples) {
			if !h.e.at(h.first + b.Start).After(deadline) {
				s.beeped(t, l, h, expected, b)
				return nil
			}
		}
	}
}

// beepKnown is how long after it has begun a beep is recognised.
const beepKnown = 2500 * time.Millisecond

func (s *Session) beeped(t *task, l *line, h *hearing, expected string, b dsp.Beep) {
	h.e.pass(h.first + b.Start + b.Length)
	s.said(t, expected, fmt.Sprintf("a beep of %.0f Hz for %s", b.Hz, seconds(samplesTime(b.Length))))
	s.mark(l, report.Mark{Side: report.Heard, Kind: report.MarkTone, Label: fmt.Sprintf("beep of %.0f Hz", b.Hz), OK: true},
		h.e.at(h.first+b.Start), h.e.at(h.first+b.Start+b.Length))
}

func (s *Session) expectMachine(ctx context.Context, t *task, l *line, a *scenario.ExpectMachine) error {
	return s.expectAnswerer(ctx, t, l, dsp.AnswererMachine, a.Beep, a.Within)
}

func (s *Session) expectHuman(ctx context.Context, t *task, l *line, a *scenario.ExpectHuman) error {
	return s.expectAnswerer(ctx, t, l, dsp.AnswererHuman, false, a.Within)
}

// answererWords says who has answered in a tester's words.
func answererWords(a dsp.Answer) string {
	words := map[dsp.Answerer]string{
		dsp.AnswererHuman: "a person", dsp.AnswererMachine: "an answering machine", dsp.AnswererFax: "a fax",
		dsp.AnswererNetwork: "an announcement of the network", dsp.AnswererNoAudio: "nobody", dsp.AnswererUnknown: "somebody unknown",
	}
	return fmt.Sprintf("%s (%.0f %% sure): %s of silence, then %s of greeting", words[a.By], 100*a.Confidence,
		seconds(samplesTime(a.Silence)), seconds(samplesTime(a.Greeting)))
}

// expectAnswerer listens to the beginning of an answered call.
func (s *Session) expectAnswerer(ctx context.Context, t *task, l *line, by dsp.Answerer, beep bool, said time.Duration) error {
	expected := map[dsp.Answerer]string{dsp.AnswererHuman: "a person", dsp.AnswererMachine: "an answering machine"}[by]
	if beep {
		expected += " and its beep"
	}
	expected += " " + within(t.within(said))
	deadline := t.until(said)
	h, err := s.listen(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	// Early media are not who answers.
	s.r.hub.mu.Lock()
	answered := l.answered
	s.r.hub.mu.Unlock()
	if !answered.IsZero() {
		if at := timeSamples(answered.Sub(h.e.started)); at > h.first {
			h.first, h.position = at, at
		}
	}
	d, err := dsp.NewAnswerDetector(earRate, dsp.AnswerOptions{})
	if err != nil {
		return err
	}
	var known *dsp.Answer
	for {
		samples, err := h.next(ctx, deadline)
		switch {
		case err != nil && known != nil && (errors.Is(err, errLate) || isEOF(err)):
			return failed(expected, answererWords(*known)+", and no beep")
		case err != nil:
			return h.missed(expected, err)
		}
		for _, a := range d.Hear(samples) {
			known = &a
			switch {
			case a.By != by:
				if a.By == dsp.AnswererHuman && by == dsp.AnswererMachine && beep {
					continue // its beep may still come
				}
				return failed(expected, answererWords(a))
			case beep && a.Beep.Length == 0:
			case beep:
				s.beeped(t, l, h, expected, a.Beep)
				return nil
			default:
				s.said(t, expected, answererWords(a))
				h.e.pass(h.first + a.At)
				return nil
			}
		}
	}
}
