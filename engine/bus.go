package engine

import (
	"sync"
	"time"
)

// maxBehind is how many events a subscriber may be behind before it is cut off.
const maxBehind = 65536

// bus numbers events and hands each to every subscriber. A subscriber has a queue
// of its own, so publishing never waits for one.
//
// Lock order: Engine.mu, bus.mu, Subscription.mu.
type bus struct {
	mu     sync.Mutex
	seq    uint64
	subs   map[*Subscription]struct{}
	closed bool
}

// next returns the header for the next event, which has to be published before
// next is called again; both happen with Engine.mu held.
func (b *bus) next(typ string, at time.Time, account int, call CallID) EventHeader {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seq++
	return EventHeader{Seq: b.seq, Time: at.UTC(), Type: typ, Account: account, Call: call}
}

// last returns the number of the last event.
func (b *bus) last() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.seq
}

func (b *bus) publish(ev Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.subs {
		s.push(ev)
	}
}

// close ends every subscription after the events that it has not read yet.
func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for s := range b.subs {
		s.finish()
	}
	b.subs = nil
}

func (b *bus) subscribe() *Subscription {
	s := &Subscription{
		bus:    b,
		events: make(chan Event),
		wake:   make(chan struct{}, 1),
		quit:   make(chan struct{}),
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		s.finish()
	} else {
		if b.subs == nil {
			b.subs = make(map[*Subscription]struct{})
		}
		b.subs[s] = struct{}{}
	}
	go s.pump()
	return s
}

func (b *bus) drop(s *Subscription) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.subs, s)
}

// Subscription is one reader of an Engine's events, made by [Engine.Subscribe].
type Subscription struct {
	bus    *bus
	events chan Event
	wake   chan struct{} // a push happened
	quit   chan struct{} // Close was called
	once   sync.Once

	mu       sync.Mutex
	queue    []Event
	behind   int         // events that the reader has not taken, queue included
	lost     uint64      // events dropped since the reader was cut off
	first    EventHeader // of the first one dropped
	finished bool        // nothing will be pushed any more
}

// Events returns the channel of the subscriber's events, in the order of their
// Seq. It is closed after [Subscription.Close], after [EngineStopped], and after
// an [EventsLost] whose Final is true.
func (s *Subscription) Events() <-chan Event { return s.events }

// Close ends the subscription; events that were not read are dropped. It may be
// called at any time, more than once, and from any goroutine.
func (s *Subscription) Close() {
	s.once.Do(func() {
		s.bus.drop(s)
		close(s.quit)
	})
}

func (s *Subscription) push(ev Event) {
	s.mu.Lock()
	switch {
	case s.finished:
	case s.lost > 0:
		s.lost++
	case s.behind == maxBehind:
		s.first, s.lost = ev.Header(), 1
	default:
		s.queue = append(s.queue, ev)
		s.behind++
	}
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) finish() {
	s.mu.Lock()
	s.finished = true
	s.mu.Unlock()
	s.signal()
}

func (s *Subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pump carries events from the queue to the channel until there is nothing more
// to come.
func (s *Subscription) pump() {
	defer close(s.events)
	defer s.bus.drop(s)
	for {
		batch, last := s.take()
		for _, ev := range batch {
			select {
			case s.events <- ev:
				s.mu.Lock()
				s.behind--
				s.mu.Unlock()
			case <-s.quit:
				return
			}
		}
		switch {
		case len(batch) > 0:
		case last:
			return
		default:
			select {
			case <-s.wake:
			case <-s.quit:
				return
			}
		}
	}
}

// take empties the queue, and says whether the subscription ends when it is
// empty. The event that reports a cut-off comes last and alone.
func (s *Subscription) take() (batch []Event, last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.queue) > 0:
		batch, s.queue = s.queue, nil
	case s.lost > 0:
		h := s.first
		h.Type, h.Account, h.Call = "EventsLost", 0, 0
		batch = []Event{EventsLost{EventHeader: h, Count: s.lost, Final: true}}
		s.lost, s.finished = 0, true
		s.behind++
	case s.finished:
		last = true
	}
	return batch, last
}
