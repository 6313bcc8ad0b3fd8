package engine

import (
	"context"
	"errors"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// wires are a call's links in the conference bridge, with its players and
// recorders. They belong to the call's worker.
type wires struct {
	e     *Engine
	phone Phone
	c     *Call

	wiring    int                        // Call.wiring that made belongs to
	port      pjsua.PortID               // of the call, likewise
	made      map[link]bool              // our links; false: it may be gone
	failed    map[link]int               // failures in a row
	levels    portLevels                 // of the port
	sure      bool                       // they are what it has
	seat      seat                       // in a conference
	seatFails int                        // failures in a row to get there
	seatNext  time.Time                  // not before
	hears     map[*Recording]*conference // recorders that hear a whole conference
	retry     *time.Timer
}

// link is a connection of the conference bridge.
type link struct{ src, dst pjsua.PortID }

// A link, or the way into a room, can fail because the call's port has just been replaced,
// and the event that says so is on the way.
const (
	linkTries = 3
	linkPause = 200 * time.Millisecond
)

// audio says where the call's audio is, and which way it may flow.
type audio struct {
	port pjsua.PortID
	send bool
	recv bool
}

// audioLocked looks at the call's first stream that is in the bridge. While we
// hold the call nothing flows: what is said here is not for the far end.
func (c *Call) audioLocked() audio {
	for _, m := range c.media {
		if m.Port == pjsua.NoPort {
			continue
		}
		flows := m.Status == pjsua.MediaActive || m.Status == pjsua.MediaRemoteHold
		return audio{port: m.Port, send: flows && m.Dir&pjsua.DirSend != 0, recv: flows && m.Dir&pjsua.DirRecv != 0}
	}
	return audio{port: pjsua.NoPort}
}

func newWires(e *Engine, phone Phone, c *Call) wires {
	return wires{
		e: e, phone: phone, c: c,
		port: pjsua.NoPort, made: make(map[link]bool), failed: make(map[link]int), retry: stoppedTimer(),
		levels: unchangedLevels, sure: true, hears: make(map[*Recording]*conference),
	}
}

// wantedLocked lists the links that should be there.
//
// The sound port always speaks into the call: with the null sound device that is
// silence, so that RTP flows from the start as from every telephone.
func (w *wires) wantedLocked() []link {
	c := w.c
	a := c.audioLocked()
	var want []link
	for _, p := range c.plays {
		if a.send && p.reason == "" {
			want = append(want, link{p.port, a.port})
		}
	}
	for _, t := range c.tones {
		if a.send && !t.ending {
			want = append(want, link{t.port, a.port})
		}
	}
	for _, r := range c.recs {
		if r.ending || !a.recv {
			continue
		}
		if w.hears[r] == nil {
			want = append(want, link{a.port, r.port})
		}
		if !r.mix {
			continue
		}
		mine := r.port
		if r.right != pjsua.NoPort {
			mine = r.right
		}
		for _, p := range c.plays {
			if a.send && p.reason == "" {
				want = append(want, link{p.port, mine})
			}
		}
		for _, port := range c.streams {
			if a.send {
				want = append(want, link{port, mine})
			}
		}
		if w.e.sound && a.send {
			want = append(want, link{pjsua.SoundPort, mine})
		}
	}
	if a.send {
		want = append(want, link{pjsua.SoundPort, a.port})
	}
	if w.e.sound && a.recv {
		want = append(want, link{a.port, pjsua.SoundPort})
	}
	return want
}

// bring makes the links that should be there and cuts those that should not.
func (w *wires) bring(ctx context.Context) {
	w.e.mu.Lock()
	want, wiring, port := w.wantedLocked(), w.c.wiring, w.c.audioLocked().port
	w.e.mu.Unlock()
	if wiring != w.wiring {
		w.rewired(port)
		w.wiring = wiring
	}
	w.level(ctx, port)
	wanted := make(map[link]struct{}, len(want))
	for _, l := range want {
		wanted[l] = struct{}{}
	}
	for l, sure := range w.made {
		if _, ok := wanted[l]; ok {
			continue
		}
		// PJSIP takes a port that is being closed for an invalid one.
		if err := w.phone.Disconnect(ctx, l.src, l.dst); sure && !errors.Is(err, pjsua.StatusInvalid) {
			w.c.report("disconnect", err)
		}
		delete(w.made, l)
	}
	for _, l := range want {
		if w.made[l] || w.failed[l] >= linkTries {
			continue
		}
		err := w.phone.Connect(ctx, l.src, l.dst, pjsua.ConnectOptions{})
		switch {
		case err == nil:
			w.made[l] = true
			delete(w.failed, l)
			w.announce(l)
		case isGone(err):
		default:
			w.failed[l]++
			if w.failed[l] < linkTries {
				w.retry.Reset(linkPause)
				continue
			}
			w.c.report("connect", err)
			w.giveUp(l, err)
		}
	}
}

// rewired takes in that the call's media changed. A port that was replaced has lost
// its links, and its number may be another call's by now; one that stayed may have
// lost them.
func (w *wires) rewired(port pjsua.PortID) {
	if w.port != port {
		if w.port != pjsua.NoPort {
			w.forget(w.port)
		}
		w.levels = unchangedLevels
	}
	w.sure = w.levels == unchangedLevels // one that stayed may have been made anew
	w.port = port
	for l := range w.made {
		if l.src == port || l.dst == port {
			w.made[l] = false
		}
	}
	clear(w.failed)
	w.seatFails, w.seatNext = 0, time.Time{}
}

// level sets what the port hears and says.
func (w *wires) level(ctx context.Context, port pjsua.PortID) {
	w.e.mu.Lock()
	want := w.c.portLevelsLocked()
	w.e.mu.Unlock()
	if port != pjsua.NoPort && (want != w.levels || !w.sure) {
		err := w.phone.SetPortLevels(ctx, port, want.tx, want.rx)
		w.c.report("set levels", err)
		if err != nil && !isGone(err) { // the port has just been replaced, or it will not be better
			w.levels, w.sure = want, true
		}
		if err == nil {
			w.levels, w.sure = want, true
		}
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if w.c.levelled != w.levels {
		w.c.levelled = w.levels
		w.c.changedLocked()
	}
}

func (w *wires) forget(port pjsua.PortID) {
	for l := range w.made {
		if l.src == port || l.dst == port {
			delete(w.made, l)
		}
	}
	for l := range w.failed {
		if l.src == port || l.dst == port {
			delete(w.failed, l)
		}
	}
}

// announce says that a player or recorder works, once for each.
func (w *wires) announce(l link) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	for _, p := range w.c.plays {
		if l == (link{p.port, w.port}) && !p.linked {
			p.linked = true
			w.c.changedLocked()
		}
	}
	for _, r := range w.c.recs {
		if l == (link{w.port, r.port}) && !r.linked {
			r.startedLocked(time.Now())
		}
	}
	for _, t := range w.c.tones {
		if l == (link{t.port, w.port}) && !t.linked {
			t.linked = true
			w.c.changedLocked()
		}
	}
}

// giveUp ends the player or recorder that cannot be linked.
func (w *wires) giveUp(l link, err error) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	for _, p := range w.c.plays {
		if p.port == l.src && !p.linked {
			p.err = err
			p.endLocked(playbackFailed)
		}
	}
	for _, r := range w.c.recs {
		if (r.port == l.dst || r.right == l.dst) && !r.linked {
			r.failLocked(time.Now(), err)
		}
	}
}

// close closes the players and recorders that ended; the bridge drops their links.
func (w *wires) close(ctx context.Context) {
	var plays []*Playback
	var recs []*Recording
	w.e.mu.Lock()
	for _, p := range w.c.plays {
		if p.reason != "" {
			plays = append(plays, p)
		}
	}
	for _, r := range w.c.recs {
		if r.ending {
			recs = append(recs, r)
		}
	}
	w.e.mu.Unlock()
	for _, p := range plays {
		w.c.report("close a player", w.phone.ClosePlayer(ctx, p.id))
		w.forget(p.port)
		p.finish()
	}
	for _, r := range recs {
		if r.right != pjsua.NoPort {
			w.forget(r.right)
		}
		r.encode = func(wav, mp3 string) error { return encodeMP3(ctx, wav, mp3) }
		err := w.phone.CloseRecorder(ctx, r.id)
		w.c.report("close a recorder", err)
		w.forget(r.port)
		delete(w.hears, r)
		r.finish(ignoreClosed(err))
	}
}
