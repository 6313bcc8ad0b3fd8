package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// What steps expect to hear other than prompts.

// hearing follows what is heard, piece by piece, until a step has what it expects.
type hearing struct {
	e        *ears
	first    int64 // position of the first sample that is listened to
	position int64 // of the next
}

// listen begins where the last expectation ended.
func (s *Session) listen(ctx context.Context, l *line, deadline time.Time) (*hearing, error) {
	e, err := s.hearing(ctx, l, deadline)
	if err != nil {
		return nil, err
	}
	at := e.mind()
	return &hearing{e: e, first: at, position: at}, nil
}

// next returns the next samples; io.EOF after the end of the call, errLate after the deadline.
func (h *hearing) next(ctx context.Context, deadline time.Time) ([]int16, error) {
	samples, at, err := h.e.next(ctx, h.position, deadline)
	if err != nil {
		return nil, err
	}
	if h.position == h.first {
		h.first = at // what is older was dropped
	}
	h.position = at + int64(len(samples))
	return samples, nil
}

// heard says in a tester's words what has been heard so far: "2.1 s of silence, then 0.8 s of
// speech".
func (h *hearing) heard() string {
	var parts []string
	list := dsp.FindActivity(h.e.from(h.first)[:max(h.position-h.first, 0)], earRate, dsp.ActivityOptions{})
	for _, a := range list {
		parts = append(parts, fmt.Sprintf("%s of %s", seconds(samplesTime(a.Length)), soundWords[a.Sounds]))
	}
	const most = 5
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("%d more such parts", len(parts)-most))
	}
	if len(parts) == 0 {
		return "heard nothing"
	}
	return "heard " + strings.Join(parts, ", then ")
}

var soundWords = map[dsp.Sounds]string{dsp.Quiet: "silence", dsp.Speech: "speech", dsp.Other: "tones or noise"}

// missed is the failure of a step that has not heard what it expects.
func (h *hearing) missed(expected string, err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return failed(expected, h.heard()+"; then the call ended")
	case errors.Is(err, errLate):
		return failed(expected, h.heard())
	}
	return err
}

// expectActivity listens for speech, or silence, that lasts and begins in time.
func (s *Session) expectActivity(ctx context.Context, t *task, l *line, sounds dsp.Sounds, kind report.MarkKind, lasts, said time.Duration) error {
	what := soundWords[sounds]
	expected := fmt.Sprintf("%s of %s %s", seconds(lasts), what, within(t.within(said)))
	deadline := t.until(said)
	h, err := s.listen(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	d, err := dsp.NewActivityDetector(earRate, dsp.ActivityOptions{})
	if err != nil {
		return err
	}
	now := dsp.Activity{} // what goes on: silence, from the first sample on
	done := func(a dsp.Activity, length int64) bool {
		return a.Sounds == sounds && length >= timeSamples(lasts) && !h.e.at(h.first+a.Start).After(deadline)
	}
	pass := func(a dsp.Activity, length int64) error {
		h.e.pass(h.first + a.Start + length)
		s.said(t, expected, fmt.Sprintf("%s of %s", seconds(samplesTime(length)), what))
		s.mark(l, report.Mark{Side: report.Heard, Kind: kind, Label: what, OK: true}, h.e.at(h.first+a.Start), h.e.at(h.first+a.Start+length))
		return nil
	}
	for {
		// One that has begun in time may go on after the deadline.
		limit := deadline
		if now.Sounds == sounds && !h.e.at(h.first+now.Start).After(deadline) {
			limit = deadline.Add(lasts + time.Second)
		}
		samples, err := h.next(ctx, limit)
		if err != nil {
			return h.missed(expected, err)
		}
		for _, a := range d.Hear(samples) {
			if a.Length > 0 && done(a, a.Length) {
				return pass(a, a.Length)
			}
			if a.Length == 0 {
				now = a
			}
		}
		if length := h.position - h.first - now.Start; done(now, length) {
			return pass(now, length)
		}
	}
}

func (s *Session) expectSilence(ctx context.Context, t *task, l *line, a *scenario.ExpectSilence) error {
	lasts := a.For
	if lasts == 0 {
		lasts = time.Second
	}
	return s.expectActivity(ctx, t, l, dsp.Quiet, report.MarkSilence, lasts, a.Within)
}

func (s *Session) expectSpeech(ctx context.Context, t *task, l *line, a *scenario.ExpectSpeech) error {
	lasts := a.For
	if lasts == 0 {
		lasts = 300 * time.Millisecond
	}
	return s.expectActivity(ctx, t, l, dsp.Speech, report.MarkSpeech, lasts, a.Within)
}

// maxUtterance bounds what a recogniser is given at once.
const maxUtterance = 60 * time.Second

// expectText has everything that is said recognised, one utterance after the other, until the
// text was there. When the time is over, what is being said is recognised too.
func (s *Session) expectText(ctx context.Context, t *task, l *line, a *scenario.ExpectText) error {
	if s.r.opts.Recogniser == nil {
		return errors.New("there is no recogniser that could understand what is said")
	}
	pattern, err := a.Matches.Compile()
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("the text %q %s", a.Text, within(t.within(a.Within)))
	if pattern != nil {
		expected = fmt.Sprintf("a text /%s/ %s", a.Matches, within(t.within(a.Within)))
	}
	deadline := t.until(a.Within)
	h, err := s.listen(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	d, err := dsp.NewActivityDetector(earRate, dsp.ActivityOptions{})
	if err != nil {
		return err
	}
	var text string
	fits := func(from, length int64) (bool, error) {
		samples := h.e.from(h.first + from)
		samples = samples[:min(length, int64(len(samples)), timeSamples(maxUtterance))]
		said, err := s.r.opts.Recogniser.Recognise(ctx, &dsp.Audio{Rate: earRate, Channels: 1, Samples: samples}, bot.RecogniseOptions{Language: a.Language})
		if err != nil {
			return false, err
		}
		text = strings.TrimSpace(text + " " + said.Text)
		ok := a.Text != "" && strings.Contains(plainText(text), plainText(a.Text)) || pattern != nil && pattern.MatchString(text) || a.Text == "" && pattern == nil && text != ""
		s.mark(l, report.Mark{Side: report.Heard, Kind: report.MarkText, Label: said.Text, OK: ok}, h.e.at(h.first+from), h.e.at(h.first+from+length))
		if ok {
			h.e.pass(h.first + from + length)
			s.said(t, expected, fmt.Sprintf("%q", text))
			if a.As != "" {
				t.vars.Set(a.As, captured(pattern, text))
			}
		}
		return ok, nil
	}
	var now dsp.Activity
	for {
		samples, late := h.next(ctx, deadline)
		for _, a := range d.Hear(samples) {
			if a.Length == 0 {
				now = a
			} else if a.Sounds == dsp.Speech {
				if ok, err := fits(a.Start, a.Length); ok || err != nil {
					return err
				}
			}
		}
		if late == nil {
			continue
		}
		if !errors.Is(late, errLate) && !errors.Is(late, io.EOF) {
			return late
		}
		if length := h.position - h.first - now.Start; now.Sounds == dsp.Speech && length > 0 {
			if ok, err := fits(now.Start, length); ok || err != nil {
				return err
			}
		}
		if text == "" {
			return h.missed(expected, late)
		}
		return failed(expected, fmt.Sprintf("%q", text))
	}
}

// plainText is a text without case and punctuation.
func plainText(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
}

// isEOF says whether the call ended.
func isEOF(err error) bool { return errors.Is(err, io.EOF) }
