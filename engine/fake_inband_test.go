package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// fakeAudio hears what the test says for the far end, and keeps what is written.
type fakeAudio struct {
	f    *fakePhone
	call pjsua.CallID
	rate int
	port pjsua.PortID

	mu      sync.Mutex
	samples []int16
	written []int16
	err     error         // of reads after samples
	changed chan struct{} // one slot
}

func (f *fakePhone) Audio(_ context.Context, call pjsua.CallID, rate int, opts pjsua.AudioOptions) (Audio, error) {
	listens := opts.WriteBuffer < 0
	if listens {
		f.note("listen %d %d", call, rate)
	} else {
		f.note("audio %d %d", call, rate)
	}
	if f.onListen != nil {
		if err := f.onListen(call); err != nil {
			return nil, err
		}
	}
	if err := f.gone(call); err != nil {
		return nil, err
	}
	a := &fakeAudio{f: f, call: call, rate: rate, changed: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	a.port = f.addLocked("audio")
	if !listens {
		return a, nil
	}
	if f.listeners[call] != nil {
		return nil, errors.New("two listen to a call")
	}
	f.listeners[call] = a
	return a, nil
}

func (f *fakePhone) Trace(context.Context, pjsua.TraceOptions) (Trace, error) {
	return nil, errors.New("the fake phone sends no messages")
}

func (f *fakePhone) TraceRTP(context.Context, pjsua.RTPTraceOptions) (RTPTrace, error) {
	return nil, errors.New("the fake phone has no media")
}

// say has the far end say something; nobody may hear it.
func (f *fakePhone) say(call pjsua.CallID, samples []int16) {
	f.mu.Lock()
	a := f.listeners[call]
	f.mu.Unlock()
	if a != nil {
		a.change(func() { a.samples = append(a.samples, samples...) })
	}
}

// listening returns how many listen to calls.
func (f *fakePhone) listening() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}

func (a *fakeAudio) change(change func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change()
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

func (a *fakeAudio) ReadSamples(p []int16) (int, error) {
	for {
		a.mu.Lock()
		n, err := copy(p, a.samples), a.err
		a.samples = a.samples[n:]
		a.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, err
		}
		<-a.changed
	}
}

func (a *fakeAudio) WriteSamples(p []int16) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.written = append(a.written, p...)
	return len(p), nil
}

func (a *fakeAudio) Rate() int                        { return a.rate }
func (a *fakeAudio) Port() pjsua.PortID               { return a.port }
func (a *fakeAudio) SetReadDeadline(time.Time) error  { return nil }
func (a *fakeAudio) SetWriteDeadline(time.Time) error { return nil }
func (a *fakeAudio) Played() uint64                   { return 0 }
func (a *fakeAudio) Queued() uint64                   { return uint64(len(a.written)) }
func (a *fakeAudio) Clear() uint64                    { return 0 }
func (a *fakeAudio) Pause()                           {}
func (a *fakeAudio) Resume()                          {}
func (a *fakeAudio) Mark(string) <-chan pjsua.Mark    { return nil }
func (a *fakeAudio) Stats() pjsua.AudioStats          { return pjsua.AudioStats{} }

func (a *fakeAudio) Close() error {
	a.f.mu.Lock()
	if a.f.listeners[a.call] == a {
		delete(a.f.listeners, a.call)
	}
	a.f.dropLocked(a.port)
	a.f.mu.Unlock()
	a.f.note("unlisten %d", a.call)
	a.change(func() { a.samples, a.err = nil, pjsua.ErrAudioGone })
	return nil
}

// endListenerLocked ends what hears a call that is over.
func (f *fakePhone) endListenerLocked(call pjsua.CallID) {
	if a := f.listeners[call]; a != nil {
		a.change(func() { a.err = io.EOF })
	}
}
