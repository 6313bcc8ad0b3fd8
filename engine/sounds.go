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

// sounds are what the sound card plays besides the calls. Where no card is open there are
// none.
type sounds struct {
	ringing  alert
	ringBack alert
}

// sound is what plays on the card.
type sound struct {
	port pjsua.PortID
	stop func(context.Context) error // nil: nothing plays
}

// alert is a sound that goes on while a call wants it, once however many do.
type alert struct {
	mu    sync.Mutex
	calls map[CallID]bool
	sound sound
}

// set says whether a call wants the sound; the first one begins it, the last one ends it.
func (a *alert) set(ctx context.Context, e *Engine, call CallID, on bool, begin func() (sound, error)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls[call] == on {
		return
	}
	if !on {
		delete(a.calls, call)
		if len(a.calls) == 0 {
			e.stopSound(ctx, a.sound)
			a.sound = sound{}
		}
		return
	}
	if a.calls == nil {
		a.calls = make(map[CallID]bool)
	}
	a.calls[call] = true
	if a.sound.stop == nil {
		var err error
		a.sound, err = begin()
		e.soundFailed(err)
	}
}

func (e *Engine) stopSound(ctx context.Context, s sound) {
	if s.stop != nil {
		e.soundFailed(s.stop(context.WithoutCancel(ctx)))
	}
}

func (e *Engine) soundFailed(err error) {
	if err != nil && !isGone(err) {
		e.log.Warn("a sound of the telephone cannot be played", "error", err)
	}
}

// audible says whether somebody listens to a sound card.
func (e *Engine) audible() bool { return e.sound && e.settings().AudioOutputDevice != "" }

// alert has the call heard before it is answered, and the end of that.
func (w *worker) alert(ctx context.Context, v view) {
	e := w.e
	if !e.sound {
		return
	}
	early := e.audible() && !v.over && !v.closing && v.reached == StateEarly.rank()
	in := v.role == pjsua.RoleUAS
	spoken := early && in && e.someoneSpeaks()
	e.sounds.ringing.set(ctx, e, w.c.id, early && in && !spoken && e.settings().RingingSound != "",
		func() (sound, error) { return e.beginRinging(ctx, w.phone) })
	// What the other end plays itself comes instead.
	e.sounds.ringBack.set(ctx, e, w.c.id, early && !in && !v.audio.recv,
		func() (sound, error) {
			return e.beginTones(ctx, w.phone, ringBackTones, pjsua.PlayTonesOptions{Loop: true})
		})
	if early && in && !w.alerted {
		w.alerted = true
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

// onCard has what plays at port heard, as loud as percent says.
func onCard(ctx context.Context, phone Phone, port pjsua.PortID, percent int) error {
	return errors.Join(phone.SetPortLevels(ctx, port, 1, float64(percent)/100),
		phone.Connect(ctx, port, pjsua.SoundPort, pjsua.ConnectOptions{}))
}

func (e *Engine) beginRinging(ctx context.Context, phone Phone) (sound, error) {
	path := e.settings().RingingSound
	player, port, err := phone.NewPlayer(ctx, path, pjsua.PlayerOptions{Loop: true})
	if err != nil {
		return sound{}, fmt.Errorf("ringingSound %s: %w", path, err)
	}
	stop := func(ctx context.Context) error { return phone.ClosePlayer(ctx, player) }
	return sound{port, stop}, onCard(ctx, phone, port, e.settings().VolumeRing)
}

// ringVolume brings about VolumeRing while it rings.
func (e *Engine) ringVolume(ctx context.Context, phone Phone) error {
	a := &e.sounds.ringing
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sound.stop == nil {
		return nil
	}
	return phone.SetPortLevels(ctx, a.sound.port, 1, float64(e.settings().VolumeRing)/100)
}

// beginTones plays tones as loud as calls are.
func (e *Engine) beginTones(ctx context.Context, phone Phone, tones []pjsua.Tone, opts pjsua.PlayTonesOptions) (sound, error) {
	id, port, err := phone.NewTones(ctx, tones, opts)
	return e.toneOnCard(ctx, phone, id, port, err)
}

// beginDigits plays digits that are being sent, each so long with its pause.
func (e *Engine) beginDigits(ctx context.Context, phone Phone, digits string, each time.Duration) sound {
	if !e.audible() || !e.settings().LocalDTMF {
		return sound{}
	}
	id, port, err := phone.NewTone(ctx, digits, pjsua.ToneDigits{On: each - tonePause, Off: tonePause, Volume: toneVolume})
	s, err := e.toneOnCard(ctx, phone, id, port, err)
	e.soundFailed(err)
	return s
}

// toneOnCard has a new tone generator heard, unless err says that there is none.
func (e *Engine) toneOnCard(ctx context.Context, phone Phone, id pjsua.ToneID, port pjsua.PortID, err error) (sound, error) {
	if err != nil {
		return sound{}, err
	}
	stop := func(ctx context.Context) error { return phone.CloseTone(ctx, id) }
	return sound{port, stop}, onCard(ctx, phone, port, e.settings().VolumeOutput)
}

// beep tells that another call waits, or that a call is answered by itself. The call does
// not wait for its end.
func (w *worker) beep(ctx context.Context) {
	e := w.e
	if !e.audible() || !e.settings().LocalDTMF {
		return
	}
	s, err := e.beginTones(ctx, w.phone, beepTones, pjsua.PlayTonesOptions{})
	e.soundFailed(err)
	var length time.Duration
	for _, t := range beepTones {
		length += t.On + t.Off
	}
	e.workers.Go(func() { // the worker that begins it is one of them
		t := time.NewTimer(length)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		e.stopSound(ctx, s)
	})
}
