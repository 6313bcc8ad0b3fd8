package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// What a telephone lets its user hear (ITU-T E.180): how a call rings at the other end, once
// and again, and that something happens in a call, once.
var (
	ringBackTones = []pjsua.Tone{{Freq1: 425, On: time.Second, Off: 4 * time.Second, Volume: toneVolume}}
	beepTones     = []pjsua.Tone{
		{Freq1: 425, On: 200 * time.Millisecond, Off: 200 * time.Millisecond, Volume: toneVolume},
		{Freq1: 425, On: 200 * time.Millisecond, Off: 100 * time.Millisecond, Volume: toneVolume},
	}
)

const toneVolume = 0.1 // -20 dB: beside a voice

// sounds are what the sound card plays besides the calls.
type sounds struct {
	ringing  alert
	ringBack alert
}

// alert is a sound that goes on while a call wants it, once however many do.
type alert struct {
	mu    sync.Mutex
	calls map[CallID]bool
	port  pjsua.PortID
	end   func(context.Context) error // nil while it is silent
}

// set says whether a call wants the sound; the first one begins it, the last one ends it.
func (a *alert) set(ctx context.Context, e *Engine, call CallID, on bool, begin func() (pjsua.PortID, func(context.Context) error, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls[call] == on {
		return
	}
	if !on {
		delete(a.calls, call)
		if len(a.calls) == 0 && a.end != nil {
			e.soundFailed(a.end(ctx))
			a.end = nil
		}
		return
	}
	if a.calls == nil {
		a.calls = make(map[CallID]bool)
	}
	a.calls[call] = true
	if a.end != nil {
		return
	}
	var err error
	a.port, a.end, err = begin()
	e.soundFailed(err)
}

func (e *Engine) soundFailed(err error) {
	if err != nil && !isGone(err) {
		e.log.Warn("a sound of the telephone cannot be played", "error", err)
	}
}

// audible says whether somebody listens to a sound card.
func (e *Engine) audible() bool { return e.sound && e.settings().AudioOutputDevice != "" }

// hear has the call heard before it is answered, and the end of that.
func (w *worker) hear(ctx context.Context, v view) {
	e := w.e
	early := e.audible() && !v.over && !v.closing && v.reached == StateEarly.rank()
	in := v.role == pjsua.RoleUAS
	spoken := early && in && e.someoneSpeaks()
	e.sounds.ringing.set(ctx, e, w.c.id, early && in && !spoken && e.settings().RingingSound != "",
		func() (pjsua.PortID, func(context.Context) error, error) { return e.beginRinging(ctx, w.phone) })
	// What the other end plays itself comes instead.
	e.sounds.ringBack.set(ctx, e, w.c.id, early && !in && !v.audio.recv,
		func() (pjsua.PortID, func(context.Context) error, error) {
			return e.beginTones(ctx, w.phone, ringBackTones, pjsua.PlayTonesOptions{Loop: true})
		})
	if early && in && !w.waits {
		w.waits = true
		if spoken {
			w.beep(ctx)
		}
	}
}

// someoneSpeaks says whether there is a call that would be disturbed.
func (e *Engine) someoneSpeaks() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.calls {
		if c.reached >= StateConnecting.rank() {
			return true
		}
	}
	return false
}

// wakeEarlyLocked has the calls that are not answered look whether they are to be heard.
func (e *Engine) wakeEarlyLocked() {
	if !e.sound {
		return
	}
	for _, c := range e.calls {
		if c.reached == StateEarly.rank() {
			c.wakeWorker()
		}
	}
}

func (e *Engine) beginRinging(ctx context.Context, phone Phone) (pjsua.PortID, func(context.Context) error, error) {
	path := e.settings().RingingSound
	player, port, err := phone.NewPlayer(ctx, path, pjsua.PlayerOptions{Loop: true})
	if err != nil {
		return pjsua.NoPort, nil, fmt.Errorf("ringingSound %s: %w", path, err)
	}
	err = errors.Join(e.setRingVolume(ctx, phone, port), phone.Connect(ctx, port, pjsua.SoundPort, pjsua.ConnectOptions{}))
	return port, func(ctx context.Context) error { return phone.ClosePlayer(ctx, player) }, err
}

func (e *Engine) setRingVolume(ctx context.Context, phone Phone, port pjsua.PortID) error {
	return phone.SetPortLevels(ctx, port, 1, float64(e.settings().VolumeRing)/100)
}

// ringVolume brings about VolumeRing while it rings.
func (e *Engine) ringVolume(ctx context.Context, phone Phone) error {
	a := &e.sounds.ringing
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.end == nil {
		return nil
	}
	return e.setRingVolume(ctx, phone, a.port)
}

// beginTones plays tones as loud as calls are.
func (e *Engine) beginTones(ctx context.Context, phone Phone, tones []pjsua.Tone, opts pjsua.PlayTonesOptions) (pjsua.PortID, func(context.Context) error, error) {
	id, port, err := phone.NewTones(ctx, tones, opts)
	if err != nil {
		return pjsua.NoPort, nil, err
	}
	return port, func(ctx context.Context) error { return phone.CloseTone(ctx, id) }, e.hearTone(ctx, phone, port)
}

func (e *Engine) hearTone(ctx context.Context, phone Phone, port pjsua.PortID) error {
	return errors.Join(phone.SetPortLevels(ctx, port, 1, float64(e.settings().VolumeOutput)/100),
		phone.Connect(ctx, port, pjsua.SoundPort, pjsua.ConnectOptions{}))
}

// beep tells that another call waits, or that a call is answered by itself.
func (w *worker) beep(ctx context.Context) {
	e := w.e
	if !e.audible() || !e.settings().LocalDTMF {
		return
	}
	_, end, err := e.beginTones(ctx, w.phone, beepTones, pjsua.PlayTonesOptions{})
	e.soundFailed(err)
	var length time.Duration
	for _, t := range beepTones {
		length += t.On + t.Off
	}
	e.endSound(ctx, length, end)
}

// hearDigits plays digits that are being sent.
func (e *Engine) hearDigits(ctx context.Context, phone Phone, digits string, each time.Duration) {
	if !e.audible() || !e.settings().LocalDTMF {
		return
	}
	id, port, err := phone.NewTone(ctx, digits, pjsua.ToneDigits{On: each - tonePause, Off: tonePause, Volume: toneVolume})
	if err != nil {
		e.soundFailed(err)
		return
	}
	e.soundFailed(e.hearTone(ctx, phone, port))
	e.endSound(ctx, time.Duration(len(digits))*each, func(ctx context.Context) error { return phone.CloseTone(ctx, id) })
}

// endSound closes what plays once, after it was heard.
func (e *Engine) endSound(ctx context.Context, after time.Duration, end func(context.Context) error) {
	if end == nil {
		return
	}
	e.mu.Lock()
	if e.state != running {
		e.mu.Unlock()
		e.soundFailed(end(context.WithoutCancel(ctx)))
		return
	}
	e.workers.Add(1)
	e.mu.Unlock()
	go func() {
		defer e.workers.Done()
		t := time.NewTimer(after)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		e.soundFailed(end(context.WithoutCancel(ctx)))
	}()
}
