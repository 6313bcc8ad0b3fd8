package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// What steps say, play and send. Each has what the far end says from then on be what the next
// expectation is about.

// act notes that the actor does something: what was heard before is no longer expected.
func (s *Session) act(l *line) {
	s.r.hub.mu.Lock()
	e := l.ears
	s.r.hub.mu.Unlock()
	if e != nil {
		e.pass(e.length())
	}
}

// sayRate is that of what is spoken; the bridge converts it for the call.
const sayRate = 16000

func (s *Session) say(ctx context.Context, t *task, l *line, a *scenario.Say) error {
	path, err := s.speak(ctx, a)
	if err != nil {
		return err
	}
	return s.playFiles(ctx, l, []sound{{path, a.Text, report.MarkText}}, false, a.Wait == nil || *a.Wait)
}

// speak makes a file of a text, in the session's folder or in one that is removed at its end.
func (s *Session) speak(ctx context.Context, a *scenario.Say) (string, error) {
	audio, err := s.r.opts.Voice(a.Voice).Speak(ctx, a.Text, bot.SpeakOptions{Language: a.Language, Rate: sayRate})
	if err != nil {
		return "", err
	}
	dir, err := s.files()
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "said-*.wav")
	if err != nil {
		return "", err
	}
	if err := f.Close(); err != nil {
		return "", err
	}
	return f.Name(), dsp.WriteWAV(f.Name(), audio)
}

// sound is a file with what the report calls it.
type sound struct {
	path, label string
	kind        report.MarkKind
}

func (s *Session) play(ctx context.Context, t *task, l *line, a *scenario.Play) error {
	var list []sound
	for _, f := range a.Files {
		list = append(list, sound{t.sc.Path(string(f)), string(f), report.MarkPrompt})
	}
	return s.playFiles(ctx, l, list, a.Loop, (a.Wait == nil || *a.Wait) && !a.Loop)
}

// playFiles plays files one after the other, and waits for the end of the last one if asked to.
func (s *Session) playFiles(ctx context.Context, l *line, list []sound, loop, wait bool) error {
	s.act(l)
	all := func(ctx context.Context) error {
		for {
			for _, f := range list {
				if err := s.playFile(ctx, l, f); err != nil {
					return err
				}
			}
			if !loop {
				return nil
			}
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	s.mu.Lock()
	l.stops = append(l.stops, func() { cancel(errStopped) })
	s.mu.Unlock()
	if wait {
		defer cancel(nil)
		return all(ctx)
	}
	background := context.WithoutCancel(ctx)
	stopped, stop := context.WithCancelCause(background)
	s.mu.Lock()
	l.stops = append(l.stops, func() { stop(errStopped) })
	s.mu.Unlock()
	cancel(nil)
	s.ending.Go(func() {
		defer stop(nil)
		if err := all(stopped); err != nil && !errors.Is(err, errStopped) && !errors.Is(err, engine.ErrCallEnded) {
			s.r.log.Warn("play", "call", l.id, "error", err)
		}
	})
	return nil
}

// errStopped is why a file is no longer played.
var errStopped = errors.New("it was stopped")

func (s *Session) playFile(ctx context.Context, l *line, f sound) error {
	p, err := l.call.Play(ctx, f.path, false)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	from := time.Now()
	defer func() {
		s.mark(l, report.Mark{Side: report.Said, Kind: f.kind, Label: f.label, OK: true}, from, time.Now())
	}()
	select {
	case <-p.Done():
		select {
		case <-l.call.Done():
			return fmt.Errorf("play %s: %w", f.label, engine.ErrCallEnded)
		default:
			return nil
		}
	case <-ctx.Done():
		if err := p.Stop(context.WithoutCancel(ctx)); err != nil {
			return err
		}
		return context.Cause(ctx)
	}
}

func (s *Session) stopPlaying(ctx context.Context, l *line) error {
	s.mu.Lock()
	stops := l.stops
	l.stops = nil
	s.mu.Unlock()
	for _, stop := range stops {
		stop()
	}
	return nil
}

var dtmfMethods = map[scenario.DTMFMethod]config.DTMFMethod{
	scenario.DTMFRFC4733: config.DTMFRFC4733, scenario.DTMFInfo: config.DTMFInfo, scenario.DTMFInband: config.DTMFInband,
}

func (s *Session) sendDTMF(ctx context.Context, l *line, a *scenario.SendDTMF) error {
	s.act(l)
	opts := engine.DTMFOptions{Method: dtmfMethods[a.Method], Duration: a.Duration}
	groups := []string{a.Digits}
	if a.Gap > 0 {
		groups = nil
		for _, d := range a.Digits {
			groups = append(groups, string(d))
		}
	}
	for i, group := range groups {
		if i > 0 {
			if err := s.wait(ctx, &scenario.Wait{For: scenario.DurationRange{Min: a.Gap, Max: a.Gap}}); err != nil {
				return err
			}
		}
		from := time.Now()
		if err := l.call.SendDTMF(ctx, group, opts); err != nil {
			return err
		}
		s.mark(l, report.Mark{Side: report.Said, Kind: report.MarkDigit, Label: group, OK: true}, from, time.Now())
	}
	return nil
}

// earlyTime is how long a tone is heard before the answer unless the step says more.
const earlyTime = 3 * time.Second

// early plays early media: all of a file, or a tone for some time.
func (s *Session) early(ctx context.Context, l *line, a *scenario.Answer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if a.EarlyFor > 0 {
		timer := time.AfterFunc(a.EarlyFor, func() { cancel(errStopped) })
		defer timer.Stop()
	}
	path, label := l.actor.s.in.Scenario.Path(string(a.EarlyMedia)), string(a.EarlyMedia)
	if a.EarlyTone != "" {
		lasts := a.EarlyFor
		if lasts == 0 {
			lasts = earlyTime
		}
		var err error
		if path, err = s.toneFile(a.EarlyTone, lasts); err != nil {
			return err
		}
		label = string(a.EarlyTone)
	}
	err := s.playFile(ctx, l, sound{path, label, report.MarkTone})
	if errors.Is(err, errStopped) {
		return nil
	}
	return err
}

// record writes what is heard, or all, to a file of the session's folder.
func (s *Session) record(ctx context.Context, l *line, a *scenario.Record) error {
	if s.folder == "" {
		return errors.New("nothing is kept of this run: it has no folder for recordings")
	}
	if a.Direction == scenario.Sent {
		return errors.New("what is sent cannot be recorded alone: use both")
	}
	path := filepath.Join(s.folder, filepath.Base(filepath.FromSlash(a.File)))
	_, err := l.call.Record(ctx, path, engine.RecordOptions{Stereo: a.Direction != scenario.Received})
	if err == nil {
		s.mu.Lock()
		s.result.Files = append(s.result.Files, filepath.Join(filepath.Base(s.folder), filepath.Base(path)))
		s.mu.Unlock()
	}
	return err
}
