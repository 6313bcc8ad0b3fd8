package engine

import (
	"context"
	"sync"

	"github.com/offhook-voip/offhook/pjsua"
)

// ringer plays ringingSound on the sound card while a call rings here, once however many do.
type ringer struct {
	mu     sync.Mutex
	calls  map[CallID]bool
	open   bool
	player pjsua.PlayerID
	port   pjsua.PortID
}

// rings says whether the call is to be heard: it rings, and nobody speaks, who would be
// disturbed.
func (w *worker) rings(v view) bool {
	s := w.e.settings()
	if !w.e.sound || s.AudioOutputDevice == "" || s.RingingSound == "" {
		return false
	}
	if v.over || v.closing || v.role != pjsua.RoleUAS || v.reached != StateEarly.rank() {
		return false
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	for _, c := range w.e.calls {
		if c.reached >= StateConnecting.rank() {
			return false
		}
	}
	return true
}

// wakeRingingLocked has the calls that ring look whether they are to be heard.
func (e *Engine) wakeRingingLocked() {
	if !e.sound || e.settings().RingingSound == "" {
		return
	}
	for _, c := range e.calls {
		if c.ringsHereLocked() {
			c.wakeWorker()
		}
	}
}

// set says whether a call rings; the first one begins the sound, the last one ends it.
func (r *ringer) set(ctx context.Context, e *Engine, phone Phone, call CallID, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.calls[call] == on {
		return
	}
	if !on {
		delete(r.calls, call)
		if len(r.calls) == 0 {
			r.stop(ctx, e, phone)
		}
		return
	}
	if r.calls == nil {
		r.calls = make(map[CallID]bool)
	}
	r.calls[call] = true
	if r.open {
		return
	}
	path := e.settings().RingingSound
	var err error
	if r.player, r.port, err = phone.NewPlayer(ctx, path, pjsua.PlayerOptions{Loop: true}); err != nil {
		if !isGone(err) {
			e.log.Warn("ringingSound", "path", path, "error", err)
		}
		return
	}
	r.open = true
	err = r.level(ctx, e, phone)
	if err == nil {
		err = phone.Connect(ctx, r.port, pjsua.SoundPort, pjsua.ConnectOptions{})
	}
	if err != nil && !isGone(err) {
		e.log.Warn("ringingSound", "path", path, "error", err)
	}
}

func (r *ringer) level(ctx context.Context, e *Engine, phone Phone) error {
	return phone.SetPortLevels(ctx, r.port, 1, float64(e.settings().VolumeRing)/100)
}

// volume sets the level of what is being played.
func (r *ringer) volume(ctx context.Context, e *Engine, phone Phone) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.open {
		return nil
	}
	return r.level(ctx, e, phone)
}

func (r *ringer) stop(ctx context.Context, e *Engine, phone Phone) {
	if !r.open {
		return
	}
	r.open = false
	if err := phone.ClosePlayer(ctx, r.player); err != nil && !isGone(err) {
		e.log.Warn("ringingSound", "error", err)
	}
}
