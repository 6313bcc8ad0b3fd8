package bottest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// line is the bot's end of a Caller.
type line struct{ c *Caller }

var _ bot.Line = (*line)(nil)

// alive returns why nothing can be done with the call any more.
func (l *line) alive(ctx context.Context) error {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	if l.c.over {
		return engine.ErrCallEnded
	}
	return ctx.Err()
}

func (l *line) Info() engine.CallInfo {
	c := l.c
	c.mu.Lock()
	defer c.mu.Unlock()
	info := engine.CallInfo{
		ID: 1, Account: c.opts.Account, Role: "UAS", State: c.state, Code: int(c.code), Remote: c.opts.From, Local: c.opts.To,
		Started: c.started, Answered: c.answered, Held: c.held,
	}
	if c.opts.Answered {
		info.Role = "UAC"
	}
	return info
}

func (l *line) Done() <-chan struct{} { return l.c.done }

func (l *line) Headers(name string) []string {
	var values []string
	for _, h := range l.c.opts.Headers {
		if strings.EqualFold(h.Name, name) {
			values = append(values, h.Value)
		}
	}
	return values
}

func (l *line) Notify(f func(engine.Event)) {
	l.c.mu.Lock()
	l.c.notify = f
	waiting := l.c.waiting
	l.c.waiting = nil
	l.c.mu.Unlock()
	for _, ev := range waiting {
		f(ev)
	}
}

func (l *line) Answer(ctx context.Context, code pjsua.SIPCode, _ string, _ ...pjsua.Header) error {
	if err := l.alive(ctx); err != nil {
		return err
	}
	if code >= 300 {
		return l.Hangup(ctx, code, "")
	}
	l.c.change(func() {
		l.c.code = code
		if code.Success() {
			l.c.state, l.c.answered = engine.StateConfirmed, time.Now()
			return
		}
		l.c.state = engine.StateEarly
		l.c.early = l.c.early || code == pjsua.CodeProgress
	})
	return nil
}

func (l *line) Hangup(_ context.Context, code pjsua.SIPCode, _ string) error {
	l.c.mu.Lock()
	answered := !l.c.answered.IsZero()
	l.c.mu.Unlock()
	switch {
	case answered:
		code = 200
	case code == 0:
		code = 603
	}
	l.c.end(code)
	return nil
}

func (l *line) Audio(ctx context.Context, rate int, opts pjsua.AudioOptions) (engine.Audio, error) {
	if err := l.alive(ctx); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	a := newAudio(l.c, rate, opts)
	l.c.change(func() { l.c.audios = append(l.c.audios, a) })
	return a, nil
}

func (l *line) Record(ctx context.Context, path string, opts engine.RecordOptions) (func(context.Context) error, error) {
	if err := l.alive(ctx); err != nil {
		return nil, err
	}
	l.c.mu.Lock()
	from := len(l.c.said)
	l.c.mu.Unlock()
	return func(context.Context) error {
		l.c.mu.Lock()
		said, heard := slices.Clone(l.c.said[from:]), l.c.heard[from:]
		l.c.mu.Unlock()
		if opts.Stereo {
			both := make([]int16, 0, 2*len(said))
			for i := range said {
				both = append(both, said[i], heard[i])
			}
			return wav.Write(path, l.c.rate, 2, both)
		}
		for i := range said {
			if opts.Mix {
				said[i] = int16(min(max(int(said[i])+int(heard[i]), -32768), 32767))
			}
		}
		return wav.Write(path, l.c.rate, 1, said)
	}, nil
}

func (l *line) SendDTMF(ctx context.Context, digits string, _ engine.DTMFOptions) error {
	for _, d := range digits {
		if err := l.alive(ctx); err != nil {
			return err
		}
		pause := 200 * time.Millisecond
		if d == ',' {
			pause = time.Second
		} else {
			l.c.change(func() { l.c.digits += string(d) })
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return l.alive(ctx)
}

func (l *line) Message(ctx context.Context, text, _ string) (engine.MessageID, error) {
	if err := l.alive(ctx); err != nil {
		return 0, err
	}
	l.c.change(func() { l.c.messages = append(l.c.messages, text) })
	return 1, nil
}

func (l *line) Hold(ctx context.Context) error { return l.hold(ctx, true) }

func (l *line) Resume(ctx context.Context) error { return l.hold(ctx, false) }

func (l *line) hold(ctx context.Context, held bool) error {
	if err := l.alive(ctx); err != nil {
		return err
	}
	l.c.change(func() { l.c.held = held })
	return nil
}

func (l *line) Transfer(ctx context.Context, target string) error {
	if err := l.alive(ctx); err != nil {
		return err
	}
	l.c.change(func() { l.c.transfers = append(l.c.transfers, target) })
	if l.c.opts.Transfer != nil {
		if err := l.c.opts.Transfer(target); err != nil {
			return err
		}
	}
	l.c.end(200) // an engine hangs up what was transferred
	return nil
}

func (l *line) TransferTo(ctx context.Context, other bot.Line) error {
	o, ok := other.(*line)
	if !ok {
		return errors.New("bottest: the calls are of different kinds")
	}
	if err := l.Transfer(ctx, o.c.target); err != nil {
		return err
	}
	o.c.end(200)
	return nil
}

func (l *line) Consult(ctx context.Context, target string) (bot.Line, error) {
	if err := l.Hold(ctx); err != nil {
		return nil, err
	}
	if l.c.opts.Consult != nil {
		if err := l.c.opts.Consult(target); err != nil {
			return nil, err
		}
	}
	party := newCaller(l.c.t, Options{From: target, To: l.c.opts.To, Answered: true, Bot: l.c.opts.Bot, Timeout: l.c.opts.Timeout})
	party.target = target
	l.c.change(func() { l.c.parties = append(l.c.parties, party) })
	return &line{party}, nil
}

func (l *line) Conference(ctx context.Context, others ...bot.Line) error {
	all := []*line{l}
	for _, other := range others {
		o, ok := other.(*line)
		if !ok {
			return fmt.Errorf("bottest: the calls are of different kinds")
		}
		all = append(all, o)
	}
	for _, one := range all {
		if err := one.hold(ctx, false); err != nil {
			return err
		}
		for _, other := range all {
			if other != one {
				one.c.change(func() { one.c.joined = append(one.c.joined, other.c) })
			}
		}
	}
	return nil
}
