package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// promptGrace is how long after its end a prompt may be recognised.
const promptGrace = 2 * time.Second

// references keeps the prompts that were read: many scenarios have the same.
type references struct {
	mu   sync.Mutex
	byID map[string]*reference
}

type reference struct {
	once   sync.Once
	prompt *dsp.Prompt
	length time.Duration
	err    error
}

// get reads a prompt, which reports and errors call name.
func (r *references) get(path, name string) (*reference, error) {
	r.mu.Lock()
	if r.byID == nil {
		r.byID = map[string]*reference{}
	}
	id := path + "\x00" + name
	ref := r.byID[id]
	if ref == nil {
		ref = new(reference)
		r.byID[id] = ref
	}
	r.mu.Unlock()
	ref.once.Do(func() {
		var audio *dsp.Audio
		if audio, ref.err = dsp.ReadWAV(path); ref.err == nil {
			ref.length = audio.Duration()
			ref.prompt, ref.err = dsp.NewPrompt(name, audio.Channel(0), audio.Rate)
		}
	})
	return ref, ref.err
}

// expectPrompt listens until one of the prompts has been heard to its end.
func (s *Session) expectPrompt(ctx context.Context, t *task, l *line, a *scenario.ExpectPrompt) error {
	files := a.Any
	if a.File != "" {
		files = append([]scenario.SoundFile{a.File}, files...)
	}
	least := float64(a.Likeness)
	if least == 0 {
		least = dsp.DefaultLikeness
	}
	var prompts []*dsp.Prompt
	var names []string
	paths := map[string]string{}
	longest := time.Duration(0)
	for _, f := range files {
		path := t.sc.Path(string(f))
		ref, err := s.r.prompts.get(path, string(f))
		if err != nil {
			return err
		}
		prompts, names, paths[string(f)] = append(prompts, ref.prompt), append(names, string(f)), path
		longest = max(longest, ref.length)
	}
	expected := "prompt " + strings.Join(names, " or ")
	if least != dsp.DefaultLikeness {
		expected += fmt.Sprintf(", %.0f %% like it,", least)
	}
	expected += " " + within(t.within(a.Within))
	deadline := t.until(a.Within)
	e, err := s.hearing(ctx, l, deadline)
	if err != nil {
		return s.deaf(expected, l, err)
	}
	matcher, err := dsp.NewPromptMatcher(earRate, prompts...)
	if err != nil {
		return err
	}
	first := e.mind()
	position, limit := first, deadline
	for {
		samples, at, err := e.next(ctx, position, limit)
		switch {
		case err == nil:
			if position == first {
				first = at
			}
			position = at + int64(len(samples))
			for _, m := range matcher.Hear(samples) {
				if m.Likeness >= least && !e.at(first+m.From).After(deadline) {
					return s.prompted(t, l, e, a, expected, first, m, paths[m.Name])
				}
			}
			continue
		case errors.Is(err, errLate) && limit.Equal(deadline):
			// One that has begun in time is heard to its end.
			if best := matcher.All(); len(best) > 0 && !best[0].Ended && best[0].To > best[0].From && best[0].PartLikeness >= least {
				limit = time.Now().Add(longest + promptGrace)
				continue
			}
		case errors.Is(err, errLate), errors.Is(err, io.EOF):
		default:
			return err
		}
		// The call may have ended with the prompt.
		heard := e.from(first)
		list := dsp.MatchPrompt(heard, earRate, prompts...)
		if len(list) > 0 && list[0].Likeness >= least && !e.at(first+list[0].From).After(deadline) {
			return s.prompted(t, l, e, a, expected, first, list[0], paths[list[0].Name])
		}
		what := "heard nothing"
		if len(list) > 0 && len(heard) > 0 {
			what = "heard " + list[0].String()
			if m := list[0]; m.To > m.From {
				s.markHeard(l, e, first, m, paths[m.Name], false)
			}
		}
		if errors.Is(err, io.EOF) {
			what += "; then the call ended"
		}
		return failed(expected, what)
	}
}

// prompted notes a prompt that was heard as it should be.
func (s *Session) prompted(t *task, l *line, e *ears, a *scenario.ExpectPrompt, expected string, first int64, m dsp.PromptMatch, path string) error {
	e.pass(first + m.To)
	s.markHeard(l, e, first, m, path, true)
	s.said(t, expected, m.String())
	if a.As != "" {
		t.vars.Set(a.As, m.Name)
	}
	return nil
}

func (s *Session) markHeard(l *line, e *ears, first int64, m dsp.PromptMatch, path string, ok bool) {
	s.mark(l, report.Mark{
		Side: report.Heard, Kind: report.MarkPrompt, Label: m.Name, Likeness: m.Likeness / 100, OK: ok, Reference: path,
	}, e.at(first+m.From), e.at(first+m.To))
}

// deaf says of an expectation that nothing of the call could be heard.
func (s *Session) deaf(expected string, l *line, err error) error {
	if !errors.Is(err, errNoAudio) {
		return err
	}
	s.r.hub.mu.Lock()
	defer s.r.hub.mu.Unlock()
	return failed(expected, "no audio came: "+l.stateLocked())
}
