package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// conference is a conversation of several calls, which is mixed here. A call that is on
// hold is in it, and neither heard nor hears until it is resumed.
type conference struct {
	id   ConferenceID
	room Room
}

// ConferenceInfo is a snapshot of a conference.
type ConferenceInfo struct {
	Conference ConferenceID `json:"conference"`
	Calls      []CallID     `json:"calls"`
}

// Conference brings calls that are answered into one conference: that of the first of
// them that is in one, else a new one. Calls on hold are resumed. It returns when all of
// them hear each other, bounded by ctx.
func (e *Engine) Conference(ctx context.Context, calls ...*Call) (ConferenceID, error) {
	phone, err := e.runningPhone()
	if err != nil {
		return 0, err
	}
	conf, held, err := e.meet(phone, calls)
	if err != nil {
		return 0, err
	}
	for _, c := range held {
		err := c.offer(ctx, "resume", func() error { return phone.Resume(ctx, c.id) })
		if err != nil && !errors.Is(err, ErrCallEnded) {
			return conf.id, err
		}
	}
	for _, c := range calls {
		err := c.waitUntil(ctx, func() bool {
			return c.e.state != running || c.conf != conf || c.room == conf || c.roomErr != nil
		})
		if ctx.Err() != nil {
			return conf.id, ctx.Err()
		}
		if err != nil {
			continue // it ended
		}
		c.e.mu.Lock()
		err = c.roomErr
		c.e.mu.Unlock()
		if err != nil {
			return conf.id, c.failed("conference", err)
		}
	}
	return conf.id, nil
}

// meet puts the calls into one conference, and returns those on hold.
func (e *Engine) meet(phone Phone, calls []*Call) (conf *conference, held []*Call, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := make(map[*Call]bool)
	for _, c := range calls {
		seen[c] = true
		switch {
		case c.endedLocked():
			return nil, nil, ErrCallEnded
		case c.reached != StateConfirmed.rank():
			return nil, nil, ErrNotAnswered
		case conf == nil:
			conf = c.conf
		}
	}
	if len(seen) < 2 && (conf == nil || len(seen) == 0) {
		return nil, nil, errors.New("engine: a conference needs two calls")
	}
	if conf == nil {
		e.lastConf++
		conf = &conference{id: e.lastConf, room: phone.NewRoom()}
	}
	for _, c := range calls {
		if c.heldLocked() {
			held = append(held, c)
		}
	}
	e.groupLocked(conf, calls...)
	return conf, held, nil
}

// groupLocked puts calls into a conference, or with nil takes them out of theirs, and
// publishes who is in which then.
func (e *Engine) groupLocked(conf *conference, calls ...*Call) {
	var changed []*conference
	for _, c := range calls {
		if c.conf == conf {
			continue
		}
		for _, touched := range []*conference{c.conf, conf} {
			if touched != nil && !slices.Contains(changed, touched) {
				changed = append(changed, touched)
			}
		}
		c.conf, c.roomErr = conf, nil
		c.changedLocked()
	}
	for _, touched := range changed {
		members := e.membersLocked(touched)
		if len(members) == 1 { // no conference any more
			members[0].conf = nil
			members[0].changedLocked()
			members = nil
		}
		e.bus.publish(ConferenceChanged{
			EventHeader: e.header("ConferenceChanged", time.Now(), 0, 0), Conference: touched.id, Calls: idsOf(members),
		})
	}
}

func (e *Engine) membersLocked(conf *conference) []*Call {
	return slices.DeleteFunc(e.callsLocked(), func(c *Call) bool { return c.conf != conf })
}

func idsOf(calls []*Call) []CallID {
	ids := []CallID{}
	for _, c := range calls {
		ids = append(ids, c.id)
	}
	return ids
}

// Merge brings all answered calls into one conference: MicroSIP's merge all.
func (e *Engine) Merge(ctx context.Context) (ConferenceID, error) {
	e.mu.Lock()
	calls := e.callsLocked()
	calls = slices.DeleteFunc(calls, func(c *Call) bool { return c.reached != StateConfirmed.rank() })
	e.mu.Unlock()
	return e.Conference(ctx, calls...)
}

// Separate takes the call out of its conference and puts it on hold. A conference of
// which one call is left is over.
func (e *Engine) Separate(ctx context.Context, call *Call) error {
	phone, err := call.phoneFor()
	if err != nil {
		return err
	}
	e.mu.Lock()
	in, held := call.conf != nil, call.heldLocked()
	e.groupLocked(nil, call)
	e.mu.Unlock()
	switch {
	case !in:
		return ErrNoConference
	case held:
		return nil
	}
	return call.offer(ctx, "hold", func() error { return phone.Hold(ctx, call.id) })
}

// HangupConference ends all calls of a conference.
func (e *Engine) HangupConference(ctx context.Context, id ConferenceID) (int, error) {
	return e.hangupThose(ctx, func(c *Call) bool { return c.conf != nil && c.conf.id == id })
}

// Conferences returns a snapshot of the conferences, in the order of their numbers.
func (e *Engine) Conferences() []ConferenceInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []ConferenceInfo
	for _, c := range e.callsLocked() {
		if c.conf == nil || slices.ContainsFunc(out, func(i ConferenceInfo) bool { return i.Conference == c.conf.id }) {
			continue
		}
		out = append(out, ConferenceInfo{Conference: c.conf.id, Calls: idsOf(e.membersLocked(c.conf))})
	}
	slices.SortFunc(out, func(a, b ConferenceInfo) int { return cmp.Compare(a.Conference, b.Conference) })
	return out
}

// seat is where a call is in a room, and how.
type seat struct {
	conf *conference
	opts pjsua.JoinOptions
}

// seatLocked is where the call should be: with audio in both directions in the midst of
// its conference, on hold outside.
func (c *Call) seatLocked() seat {
	if c.conf == nil || c.endedLocked() {
		return seat{}
	}
	for _, m := range c.media {
		if m.Port != pjsua.NoPort && m.Status == pjsua.MediaActive {
			return seat{c.conf, pjsua.JoinOptions{Muted: m.Dir&pjsua.DirRecv == 0, Deaf: m.Dir&pjsua.DirSend == 0}}
		}
	}
	return seat{}
}

// sit brings the call to where it should be in a room. Connections follow the call's port
// by themselves.
func (w *wires) sit(ctx context.Context) {
	w.e.mu.Lock()
	want := w.c.seatLocked()
	w.e.mu.Unlock()
	defer w.listen(ctx)
	if want == w.seat || time.Now().Before(w.seatNext) {
		return
	}
	if w.seat.conf != nil {
		w.c.report("leave a conference", w.seat.conf.room.Leave(ctx, w.c.id))
		w.seat = seat{}
	}
	var err error
	if want.conf != nil {
		err = want.conf.room.Join(ctx, w.c.id, want.opts)
		if err == nil {
			w.seat, w.seatFails = want, 0
		} else if !isGone(err) {
			// It is in the room for all that, with some of its connections.
			w.c.report("leave a conference", want.conf.room.Leave(ctx, w.c.id))
			if w.seatFails++; w.seatFails < linkTries {
				w.seatNext = time.Now().Add(linkPause)
				w.retry.Reset(linkPause)
				err = nil
			}
		}
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	w.c.room = w.seat.conf
	if err != nil && !isGone(err) {
		w.e.log.Warn("join a conference", "call", w.c.id, "error", err)
		w.e.groupLocked(nil, w.c)
		w.c.roomErr = err
	}
	w.c.changedLocked()
}

// listen has the recordings of both parties hear the whole conference that the call is in.
func (w *wires) listen(ctx context.Context) {
	w.e.mu.Lock()
	want := make(map[*Recording]*conference)
	for _, r := range w.c.recs {
		if r.mix && !r.ending && w.seat.conf != nil {
			want[r] = w.seat.conf
		}
	}
	w.e.mu.Unlock()
	for r, conf := range w.hears {
		if want[r] != conf {
			w.c.report("record a conference", conf.room.Unlisten(ctx, r.id))
			delete(w.hears, r)
		}
	}
	for r, conf := range want {
		if w.hears[r] != nil {
			continue
		}
		if err := conf.room.Listen(ctx, r.id); err != nil {
			w.c.report("record a conference", err)
			continue // it hears the call alone
		}
		w.hears[r] = conf
		w.e.mu.Lock()
		if !r.linked {
			r.startedLocked(time.Now())
		}
		w.e.mu.Unlock()
	}
}
