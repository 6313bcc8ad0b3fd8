package bot

import (
	"sync"

	"github.com/offhook-voip/offhook/engine"
)

// switchboard hands the events of calls to those who want them. An event may be there
// before the function that dials has returned, so while somebody dials those of unknown
// calls are kept.
type switchboard struct {
	mu    sync.Mutex
	calls map[engine.CallID]func(engine.Event)
	early map[engine.CallID][]engine.Event
	dials int
}

// dialling counts those who dial.
func (s *switchboard) dialling(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dials += n; s.dials == 0 {
		clear(s.early)
	}
}

func (s *switchboard) join(id engine.CallID, f func(engine.Event)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = make(map[engine.CallID]func(engine.Event))
	}
	s.calls[id] = f
	for _, ev := range s.early[id] {
		s.handLocked(id, ev, f)
	}
	delete(s.early, id)
}

func (s *switchboard) hand(ev engine.Event) {
	id := ev.Header().Call
	if id == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.calls[id]; f != nil {
		s.handLocked(id, ev, f)
		return
	}
	if s.dials > 0 {
		if s.early == nil {
			s.early = make(map[engine.CallID][]engine.Event)
		}
		s.early[id] = append(s.early[id], ev)
	}
}

// handLocked calls f, so that the events of a call stay in order.
func (s *switchboard) handLocked(id engine.CallID, ev engine.Event, f func(engine.Event)) {
	f(ev)
	if _, over := ev.(engine.CallEnded); over {
		delete(s.calls, id)
	}
}
