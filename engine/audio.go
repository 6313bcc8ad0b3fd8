package engine

import (
	"context"
	"slices"
	"sync"

	"github.com/offhook-voip/offhook/pjsua"
)

// Audio opens PCM to and from the call for a program that speaks or listens itself: what
// is read is what the far end says, what is written is what it hears, mixed with what is
// played. rate is 8000, 16000, 24000 or 48000 Hz, whatever the codec's is. It stays through
// all changes of the call's media; while the call has none, or is on hold, silence is read
// and what was written waits. A call may have several. Recordings of both parties have what
// is written. The caller closes it; see [Audio] for what the end of the call does.
func (c *Call) Audio(ctx context.Context, rate int, opts pjsua.AudioOptions) (Audio, error) {
	phone, err := c.phoneFor()
	if err != nil {
		return nil, err
	}
	a, err := phone.Audio(ctx, c.id, rate, opts)
	if err != nil {
		return nil, c.failed("open audio", err)
	}
	if opts.WriteBuffer < 0 {
		return a, nil
	}
	c.e.mu.Lock()
	c.streams = append(c.streams, a.Port())
	c.changedLocked()
	c.e.mu.Unlock()
	return &stream{Audio: a, c: c}, nil
}

// stream is an Audio that recordings of the call hear.
type stream struct {
	Audio
	c    *Call
	once sync.Once
}

func (s *stream) Close() error {
	s.once.Do(func() {
		port := s.Port()
		s.c.e.mu.Lock()
		defer s.c.e.mu.Unlock()
		s.c.streams = slices.DeleteFunc(s.c.streams, func(p pjsua.PortID) bool { return p == port })
		s.c.changedLocked()
	})
	return s.Audio.Close()
}
