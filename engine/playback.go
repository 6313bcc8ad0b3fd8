package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Playback is a file that is being played into a call.
type Playback struct {
	c    *Call
	path string
	id   pjsua.PlayerID
	port pjsua.PortID
	done chan struct{}

	// Guarded by Engine.mu.
	linked bool   // it was connected to the call
	reason string // why it ends, empty while it goes on
	err    error  // why it failed
}

// The values of [PlaybackEnded.Reason].
const (
	playbackFinished  = "finished"
	playbackStopped   = "stopped"
	playbackCallEnded = "call_ended"
	playbackFailed    = "failed"
)

// Play plays a WAV file into the call, once or in a loop, mixed with what else is
// played. It returns when the file is being played: while the call has no audio
// yet, or is on hold, it waits, bounded by ctx. The end is a [PlaybackEnded] event. A
// file that is no WAV file to play is an error at once, which wraps a
// [*wav.FormatError].
func (c *Call) Play(ctx context.Context, path string, loop bool) (*Playback, error) {
	if _, err := wav.ReadInfo(path); err != nil {
		return nil, fmt.Errorf("engine: play: %w", err)
	}
	phone, err := c.phoneFor()
	if err != nil {
		return nil, err
	}
	if err := c.waitAudio(ctx, func(a audio) bool { return a.send }); err != nil {
		return nil, err
	}
	p, err := c.openPlayback(ctx, phone, path, loop)
	if err != nil {
		return nil, err
	}
	err = c.waitOpened(ctx, func() (bool, error) { return p.linked, p.err }, p.done, func() { p.endLocked(playbackStopped) })
	if err != nil {
		return nil, err
	}
	return p, nil
}

// waitAudio waits until the call's audio flows as asked.
func (c *Call) waitAudio(ctx context.Context, ok func(audio) bool) error {
	closing := false
	err := c.waitUntil(ctx, func() bool {
		closing = c.e.state != running
		return closing || ok(c.audioLocked())
	})
	switch {
	case err != nil && ctx.Err() == nil:
		return ErrCallEnded
	case err == nil && closing:
		return ErrNotRunning
	}
	return err
}

// waitOpened waits until the worker has linked a player or recorder, and has it
// closed when ctx ends before.
func (c *Call) waitOpened(ctx context.Context, linked func() (bool, error), done <-chan struct{}, cancel func()) error {
	for {
		c.e.mu.Lock()
		ok, err := linked()
		changed := c.changed
		c.e.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-done:
			c.e.mu.Lock()
			ok, err := linked()
			c.e.mu.Unlock()
			if ok || err != nil {
				return err
			}
			return ErrCallEnded
		case <-ctx.Done():
			c.e.mu.Lock()
			cancel()
			c.wakeWorker()
			c.e.mu.Unlock()
			return ctx.Err()
		}
	}
}

// openPlayback makes the player; the worker links it.
func (c *Call) openPlayback(ctx context.Context, phone Phone, path string, loop bool) (*Playback, error) {
	id, port, err := phone.NewPlayer(ctx, path, pjsua.PlayerOptions{Loop: loop})
	if err != nil {
		return nil, fmt.Errorf("engine: call %d: play %s: %w", c.id, path, err)
	}
	p := &Playback{c: c, path: path, id: id, port: port, done: make(chan struct{})}
	c.e.mu.Lock()
	err = c.mayOpenLocked()
	if err == nil {
		c.plays = append(c.plays, p)
		c.e.players[id] = p
		c.wakeWorker()
	}
	c.e.mu.Unlock()
	if err != nil {
		c.report("close a player", phone.ClosePlayer(context.WithoutCancel(ctx), id))
		return nil, err
	}
	return p, nil
}

// mayOpenLocked says why nothing may be opened for the call any more.
func (c *Call) mayOpenLocked() error {
	switch {
	case c.endedLocked():
		return ErrCallEnded
	case c.e.state != running:
		return ErrNotRunning
	}
	return nil
}

// playOnAnswer is what the configuration asks for; the worker calls it.
func (c *Call) playOnAnswer(ctx context.Context, phone Phone) {
	path := c.e.settings().PlayOnAnswer
	if _, err := c.openPlayback(ctx, phone, path, false); err != nil && !isGone(err) {
		c.e.log.Warn("playOnAnswer", "call", c.id, "error", err)
		c.e.mu.Lock()
		defer c.e.mu.Unlock()
		c.e.bus.publish(PlaybackEnded{
			EventHeader: c.headerLocked("PlaybackEnded", time.Now()), Path: path, Reason: playbackFailed,
		})
	}
}

// Path returns the file's path as it was given to [Call.Play].
func (p *Playback) Path() string { return p.path }

// Done is closed when the file is no longer played and the file closed.
func (p *Playback) Done() <-chan struct{} { return p.done }

// Stop ends the playback and waits until the file is closed. It may be called more
// than once, and after the end.
func (p *Playback) Stop(ctx context.Context) error {
	p.c.e.mu.Lock()
	p.endLocked(playbackStopped)
	p.c.e.mu.Unlock()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// endLocked has the worker close the player. The first reason stands.
func (p *Playback) endLocked(reason string) {
	if p.reason == "" {
		p.reason = reason
		p.c.changedLocked()
	}
}

// finish takes a player that was closed off the call.
func (p *Playback) finish() {
	c := p.c
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.plays = slices.DeleteFunc(c.plays, func(o *Playback) bool { return o == p })
	delete(c.e.players, p.id)
	c.e.bus.publish(PlaybackEnded{
		EventHeader: c.headerLocked("PlaybackEnded", time.Now()), Path: p.path, Reason: p.reason,
	})
	close(p.done)
}
