package bot

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// labeller is an Audio that wants to know what the samples are that are written next: a
// test's. A part that goes on after an interruption begins at offset.
type labeller interface {
	Label(what string, offset, length uint64)
}

// Playing is a prompt that [Call.Start] has begun. Its methods may be called from any
// goroutine.
type Playing struct {
	c    *Call
	opts playOptions
	done chan struct{}

	// Of the goroutine of run.
	parts  []*part
	next   uint64        // the sample that is written next
	ticket chan struct{} // closed when it is its turn; nil: it did not ask

	mu      sync.Mutex
	want    intent
	halt    chan struct{} // closed when want is no longer to play
	resting bool          // it is paused, and nothing of it waits to be heard
	by      Interruption
	seen    uint64 // Call.presses when it began or went on
	heard   uint64 // before the present turn
	base    uint64 // what the mouth had played when the present turn began
	sounds  bool   // it is its turn
	total   uint64
	ended   bool // all parts are known: total is final
	err     error
	changed chan struct{}
}

type intent int

const (
	play intent = iota
	pause
	stop
)

// Start has the far end hear a prompt, after what it hears already, and returns at once; a
// file that cannot be played or a voice that fails is an error now.
func (c *Call) Start(ctx context.Context, prompt Prompt, opts ...PlayOption) (*Playing, error) {
	if err := c.speaks(ctx); err != nil {
		return nil, err
	}
	o := playOptions{language: c.opts.Language}
	for _, opt := range opts {
		opt(&o)
	}
	if (o.stop|o.pause)&Speech != 0 {
		if _, err := c.listen(ctx); err != nil {
			return nil, err
		}
	}
	if err := c.openMouth(ctx); err != nil {
		return nil, err
	}
	parts, err := prompt.open(ctx, c, o.language)
	if err != nil {
		if c.lives(context.Background()) != nil {
			return nil, engine.ErrCallEnded
		}
		return nil, err
	}
	p := &Playing{c: c, opts: o, done: make(chan struct{}), parts: parts, halt: make(chan struct{}), changed: make(chan struct{})}
	c.mu.Lock()
	p.seen = c.presses
	if o.stop&Digit != 0 {
		p.seen -= uint64(len(c.pressed))
	}
	c.mu.Unlock()
	p.measure()
	p.ticket = c.turns.ask()
	go p.run()
	return p, nil
}

// Say says a text and waits until it was heard, or was interrupted as opts say.
func (c *Call) Say(ctx context.Context, text string, opts ...PlayOption) (Played, error) {
	return c.Perform(ctx, Text(text), opts...)
}

// Play plays WAV files one after the other, and waits until they were heard.
func (c *Call) Play(ctx context.Context, paths ...string) (Played, error) {
	return c.Perform(ctx, Files(paths...))
}

// PlayReader plays what a program or a service makes meanwhile: see [Reader].
func (c *Call) PlayReader(ctx context.Context, r io.Reader, rate int, opts ...PlayOption) (Played, error) {
	return c.Perform(ctx, Reader(r, rate), opts...)
}

// Perform is Start and Wait: any prompt, with any options. When ctx ends it stops.
func (c *Call) Perform(ctx context.Context, prompt Prompt, opts ...PlayOption) (Played, error) {
	p, err := c.Start(ctx, prompt, opts...)
	if err != nil {
		return Played{Rate: c.opts.Rate}, err
	}
	return p.waitOrStop(ctx)
}

// Continue goes on with the prompt that was paused last, with the sample after the last
// that was heard, and waits as [Call.Say] does.
func (c *Call) Continue(ctx context.Context) (Played, error) {
	c.mu.Lock()
	if len(c.paused) == 0 {
		c.mu.Unlock()
		if err := c.lives(ctx); err != nil {
			return Played{}, err
		}
		return Played{}, ErrNothingPaused
	}
	p := c.paused[len(c.paused)-1]
	c.mu.Unlock()
	p.Resume()
	return p.waitOrStop(ctx)
}

func (p *Playing) waitOrStop(ctx context.Context) (Played, error) {
	played, err := p.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		p.Stop()
		<-p.done
		return p.Played(), err
	}
	return played, err
}

// openMouth opens what the call speaks by.
func (c *Call) openMouth(ctx context.Context) error {
	c.mu.Lock()
	have := c.mouth != nil
	c.mu.Unlock()
	if have {
		return nil
	}
	a, err := c.line.Audio(ctx, c.opts.Rate, pjsua.AudioOptions{ReadBuffer: -1})
	if err != nil {
		return err
	}
	c.mu.Lock()
	taken := c.mouth != nil || !c.open
	if !taken {
		c.mouth = a
	}
	c.mu.Unlock()
	if taken {
		a.Close()
	}
	return c.lives(ctx)
}

// Done is closed when nothing of the prompt will be heard any more.
func (p *Playing) Done() <-chan struct{} { return p.done }

// Wait waits until the prompt was heard, stopped or paused, and says how much was heard. It
// does not stop it when ctx ends. A stop is no error; the end of the call is.
func (p *Playing) Wait(ctx context.Context) (Played, error) {
	for {
		p.mu.Lock()
		changed, resting := p.changed, p.resting
		p.mu.Unlock()
		if resting {
			return p.Played(), nil
		}
		select {
		case <-p.done:
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.playedLocked(), p.err
		case <-changed:
		case <-ctx.Done():
			return p.Played(), p.c.why(ctx)
		}
	}
}

// Pause makes the call silent; what is not heard yet waits for Resume. Other prompts can be
// heard meanwhile.
func (p *Playing) Pause() { p.turnTo(pause, Stopped) }

// Resume goes on with the sample after the last that was heard, when it is its turn.
func (p *Playing) Resume() { p.turnTo(play, 0) }

// Stop ends the prompt. Done is closed a moment later.
func (p *Playing) Stop() { p.turnTo(stop, Stopped) }

func (p *Playing) turnTo(want intent, by Interruption) {
	p.c.mu.Lock()
	presses := p.c.presses
	p.c.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.want == stop || p.want == want || isClosed(p.done) {
		return
	}
	if p.want == play {
		close(p.halt)
	}
	if want == play {
		p.halt, p.seen, p.resting = make(chan struct{}), presses, false
	}
	p.want, p.by = want, by
	p.tellLocked()
}

func (p *Playing) tellLocked() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// interrupt does to the prompt what its options say.
func (p *Playing) interrupt(by Interruption) {
	switch {
	case p.opts.stop&by != 0:
		p.turnTo(stop, by)
	case p.opts.pause&by != 0:
		p.turnTo(pause, by)
	}
}

// Played says how much was heard until now.
func (p *Playing) Played() Played {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.playedLocked()
}

func (p *Playing) playedLocked() Played {
	heard := p.heardLocked()
	out := Played{
		Samples: heard, Rate: p.c.opts.Rate, Total: p.total, Complete: p.ended && heard == p.total, By: p.by,
	}
	var texts []string
	for _, part := range p.parts {
		if part.text == "" || heard <= part.start {
			continue
		}
		if t := heardText(part.text, part.samples, heard-part.start); t != "" {
			texts = append(texts, t)
		}
	}
	out.HeardText = strings.Join(texts, " ")
	return out
}

func (p *Playing) heardLocked() uint64 {
	if p.sounds {
		return p.heard + p.c.mouth.Played() - p.base
	}
	return p.heard
}

func isClosed(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// run takes its turns until everything was heard.
func (p *Playing) run() {
	defer func() {
		p.leave()
		for _, part := range p.parts {
			if part.more != nil {
				close(part.more.quit)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		close(p.done)
		p.tellLocked()
	}()
	for {
		p.mu.Lock()
		want, halt := p.want, p.halt
		p.mu.Unlock()
		switch want {
		case stop:
			return
		case pause:
			p.leave()
			p.rest()
		case play:
			if p.ticket == nil {
				p.ticket = p.c.turns.ask()
			}
			var over bool
			var err error
			select {
			case <-p.ticket:
				over, err = p.sound(halt)
			case <-halt:
			case <-p.c.line.Done():
			}
			p.leave()
			if over || err != nil {
				p.mu.Lock()
				p.err = err
				p.mu.Unlock()
				return
			}
		}
		if p.c.lives(context.Background()) != nil {
			p.mu.Lock()
			p.err = engine.ErrCallEnded
			p.mu.Unlock()
			return
		}
	}
}

// leave gives up its turn.
func (p *Playing) leave() {
	if p.ticket != nil {
		p.c.turns.leave(p.ticket)
		p.ticket = nil
	}
}

// rest waits while the prompt is paused.
func (p *Playing) rest() {
	c := p.c
	c.mu.Lock()
	c.paused = append(c.paused, p)
	c.mu.Unlock()
	p.mu.Lock()
	if p.want == pause {
		p.resting = true
		p.tellLocked()
	}
	for p.want == pause && c.lives(context.Background()) == nil {
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-c.line.Done():
		}
		p.mu.Lock()
	}
	p.resting = false
	p.mu.Unlock()
	c.mu.Lock()
	c.paused = slices.DeleteFunc(c.paused, func(o *Playing) bool { return o == p })
	c.mu.Unlock()
}

// settled bounds the wait for the tick that drops what is queued: while the call is on hold
// nothing ticks, and then nothing is being taken either.
const settled = 200 * time.Millisecond

// longAgo ends a write that waits.
var longAgo = time.Unix(1, 0)

// sound is a turn: it writes until everything was heard (over) or halt is closed, and counts
// what was heard.
func (p *Playing) sound(halt <-chan struct{}) (over bool, err error) {
	mouth := p.c.mouth
	p.mu.Lock()
	p.base, p.sounds = mouth.Played(), true
	p.mu.Unlock()
	p.begin()
	finished, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-halt:
			_ = mouth.SetWriteDeadline(longAgo)
		case <-finished:
		}
	}()
	over, err = p.write(mouth, halt)
	close(finished)
	<-watched
	_ = mouth.SetWriteDeadline(time.Time{})
	p.c.mu.Lock()
	p.c.sounding = nil
	p.c.mu.Unlock()
	if !over && err == nil {
		mark := mouth.Mark("")
		mouth.Clear()
		select {
		case <-mark:
		case <-time.After(settled):
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard, p.sounds = p.heardLocked(), false
	p.next = p.heard
	if p.ended && p.heard == p.total {
		p.by = 0 // what came to interrupt it came too late
		return true, nil
	}
	return over, err
}

// begin says that interruptions are for this prompt, and takes in what came before.
func (p *Playing) begin() {
	c := p.c
	c.mu.Lock()
	c.sounding = p
	c.barged = false // what was said before this prompt is no answer to it
	presses := c.presses
	c.mu.Unlock()
	p.mu.Lock()
	pressed := presses > p.seen
	p.mu.Unlock()
	if pressed {
		p.interrupt(Digit)
	}
}

// write queues the prompt from p.next on and waits until it was heard.
func (p *Playing) write(mouth engine.Audio, halt <-chan struct{}) (over bool, err error) {
	var labelled *part
	for !isClosed(halt) {
		part, err := p.fill(halt)
		if err != nil {
			return false, err
		}
		if part == nil {
			break
		}
		offset := p.next - part.start
		if l, ok := mouth.(labeller); ok && part != labelled {
			l.Label(part.label, offset, uint64(len(part.samples)))
			labelled = part
		}
		rest := part.samples[offset-part.from:]
		n, err := mouth.WriteSamples(rest[:min(len(rest), p.c.opts.Rate/10)])
		p.next += uint64(n)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			return false, engine.ErrCallEnded
		}
		p.forget()
	}
	if isClosed(halt) {
		return false, nil
	}
	select {
	case m := <-mouth.Mark(""):
		if m.Cleared {
			return false, engine.ErrCallEnded
		}
		return true, nil
	case <-halt:
		return false, nil
	}
}

// fill returns the part that has the sample p.next, nil at the end or when halt is closed.
func (p *Playing) fill(halt <-chan struct{}) (*part, error) {
	for _, part := range p.parts {
		for part.more != nil && p.next >= part.end() {
			select {
			case block, ok := <-part.more.blocks:
				if !ok {
					err := part.more.err
					part.more = nil
					p.measure()
					if err != nil {
						return nil, err
					}
					continue
				}
				p.mu.Lock()
				part.samples = append(part.samples, block...)
				p.mu.Unlock()
				p.measure()
			case <-halt:
				return nil, nil
			case <-p.c.line.Done():
				return nil, engine.ErrCallEnded
			}
		}
		if p.next < part.end() {
			return part, nil
		}
	}
	return nil, nil
}

// measure finds where parts begin, as far as that is known.
func (p *Playing) measure() {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, known := uint64(0), true
	for _, part := range p.parts {
		part.start = at
		at = part.end()
		if part.more != nil {
			known = false
			break
		}
	}
	p.total, p.ended = at, known
}

// forget drops what was heard of streams.
func (p *Playing) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	heard := p.heardLocked()
	for _, part := range p.parts {
		if part.more == nil {
			continue
		}
		if begin := part.start + part.from; heard > begin+uint64(p.c.opts.Rate) {
			n := min(heard-begin, uint64(len(part.samples)))
			part.samples = part.samples[n:]
			part.from += n
		}
	}
}
