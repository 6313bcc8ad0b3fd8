//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"sync"
)

// Room is a conversation of several: everybody in it hears everybody else, each at a gain
// of its own. Members are calls, Audios, players and whatever else is a [Node]; one that
// ends leaves by itself. Connections follow the media of calls: see
// [Endpoint.KeepConnected]. Its methods may be called from any goroutine.
type Room struct {
	ep *Endpoint
	mu sync.Mutex // one change at a time, until the bridge has made it

	// the executor's
	members map[nodeKey]*member
	gains   map[roomLink]float64 // where SetLevel or Whisper said something
	conns   map[roomLink]*Connection
}

type roomLink struct{ from, to nodeKey }

type member struct {
	room *Room
	key  nodeKey
	node Node
	opts JoinOptions
	only *nodeKey // who alone hears it: Whisper
}

// NewRoom makes an empty room. It needs no Close when it is empty.
func (ep *Endpoint) NewRoom() *Room {
	return &Room{
		ep: ep, members: map[nodeKey]*member{}, gains: map[roomLink]float64{}, conns: map[roomLink]*Connection{},
	}
}

// Join brings n into the room, and returns when all in the room hear it and it hears them.
// ErrInRoom: it is there already; ErrCallGone, ErrPortGone: it has ended.
func (r *Room) Join(ctx context.Context, n Node, opts JoinOptions) error {
	return r.change(ctx, func(t onThread) error {
		m := &member{room: r, key: n.node(t), node: n, opts: opts}
		if r.members[m.key] != nil {
			return ErrInRoom
		}
		if _, err := m.key.find(t); err != nil && !errors.Is(err, ErrNoMedia) {
			return err
		}
		if m.key.call != 0 {
			if err := r.ep.conns.join(t, m.key.call, m); err != nil {
				return err
			}
		}
		r.members[m.key] = m
		return nil
	})
}

// Leave takes n out of the room. One that is not in it is no error: it may just have
// ended.
func (r *Room) Leave(ctx context.Context, n Node) error {
	return r.change(ctx, func(t onThread) error {
		if m := r.members[n.node(t)]; m != nil {
			m.leave(t)
		}
		return nil
	})
}

// SetLevel sets the gain at which from is heard by to: 1 is unchanged, 0 not at all.
// ErrNotInRoom: one of the two is not in the room.
func (r *Room) SetLevel(ctx context.Context, from, to Node, level float64) error {
	return r.change(ctx, func(t onThread) error {
		link := roomLink{from.node(t), to.node(t)}
		if r.members[link.from] == nil || r.members[link.to] == nil {
			return ErrNotInRoom
		}
		r.gains[link] = max(level, 0)
		return nil
	})
}

// Whisper makes only to hear from, and none who joins later, until Speak. ErrNotInRoom:
// one of the two is not in the room.
func (r *Room) Whisper(ctx context.Context, from, to Node) error {
	return r.change(ctx, func(t onThread) error {
		m, only := r.members[from.node(t)], to.node(t)
		if m == nil || r.members[only] == nil {
			return ErrNotInRoom
		}
		m.only = &only
		return nil
	})
}

// Speak takes Whisper back: everybody hears from again, at the levels of before.
func (r *Room) Speak(ctx context.Context, from Node) error {
	return r.change(ctx, func(t onThread) error {
		m := r.members[from.node(t)]
		if m == nil {
			return ErrNotInRoom
		}
		m.only = nil
		return nil
	})
}

// Members returns who is in the room, in no order.
func (r *Room) Members(ctx context.Context) ([]Node, error) {
	var out []Node
	err := r.ep.do(ctx, func(t onThread) error {
		for _, m := range r.members {
			out = append(out, m.node)
		}
		return nil
	})
	return out, err
}

// Close makes all leave. The room can be used again.
func (r *Room) Close(ctx context.Context) error {
	return r.change(ctx, func(t onThread) error {
		for _, m := range r.members {
			m.leave(t)
		}
		return nil
	})
}

// change does something to the members, then makes the connections that follow from it
// and waits for the bridge.
func (r *Room) change(ctx context.Context, fn func(onThread) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var results []chan Status
	err := r.ep.do(ctx, func(t onThread) error {
		if err := fn(t); err != nil {
			return err
		}
		var err error
		results, err = r.connect(t)
		return err
	})
	for _, result := range results {
		if err == nil {
			err = r.ep.await(ctx, result)
		}
	}
	return err
}

// connect makes the connections what the members and levels say.
func (r *Room) connect(t onThread) (results []chan Status, err error) {
	for _, m := range r.members {
		if _, err := m.key.find(t); err != nil && !errors.Is(err, ErrNoMedia) {
			m.leave(t) // it has ended
		}
	}
	for link, c := range r.conns {
		if c.over || r.members[link.from] == nil || r.members[link.to] == nil || r.gain(link) == 0 {
			c.close(t)
			delete(r.conns, link)
		}
	}
	for from := range r.members {
		for to := range r.members {
			link := roomLink{from, to}
			gain := r.gain(link)
			if from == to || gain == 0 {
				continue
			}
			if c := r.conns[link]; c != nil {
				if c.level != gain {
					err = errors.Join(err, c.setLevel(t, gain))
				}
				continue
			}
			c := &Connection{ep: r.ep, src: from, dst: to, level: gain}
			result, failed := r.ep.conns.add(t, c)
			switch {
			case failed == nil:
				r.conns[link] = c
				results = append(results, result)
			case !errors.Is(failed, ErrCallGone) && !errors.Is(failed, ErrPortGone):
				err = errors.Join(err, failed)
			}
			// One that has ended is about to leave by itself.
		}
	}
	return results, err
}

// gain is that at which one member hears another.
func (r *Room) gain(link roomLink) float64 {
	from, to := r.members[link.from], r.members[link.to]
	if from == nil || to == nil || from.opts.Muted || to.opts.Deaf || from.only != nil && *from.only != link.to {
		return 0
	}
	if gain, ok := r.gains[link]; ok {
		return gain
	}
	switch {
	case from.opts.Level < 0:
		return 0
	case from.opts.Level > 0:
		return from.opts.Level
	}
	return 1
}

// leave takes the member out; connect closes its connections.
func (m *member) leave(t onThread) {
	r := m.room
	delete(r.members, m.key)
	if m.key.call != 0 {
		r.ep.conns.leave(t, m.key.call, m)
	}
	for link := range r.gains {
		if link.from == m.key || link.to == m.key {
			delete(r.gains, link)
		}
	}
}

func (m *member) callPorts(onThread) {} // its connections follow by themselves

func (m *member) callEnded(t onThread) {
	m.leave(t)
	for link := range m.room.conns {
		if link.from == m.key || link.to == m.key {
			delete(m.room.conns, link) // they end with the call
		}
	}
}
