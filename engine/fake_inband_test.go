package engine

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/offhook-voip/offhook/pjsua"
)

// fakeListener hears what the test says for the far end.
type fakeListener struct {
	f    *fakePhone
	call pjsua.CallID

	mu      sync.Mutex
	samples []int16
	err     error         // of reads after samples
	changed chan struct{} // one slot
}

func (f *fakePhone) Listen(_ context.Context, call pjsua.CallID, rate int) (Listener, error) {
	f.note("listen %d %d", call, rate)
	if f.onListen != nil {
		if err := f.onListen(call); err != nil {
			return nil, err
		}
	}
	if err := f.gone(call); err != nil {
		return nil, err
	}
	l := &fakeListener{f: f, call: call, changed: make(chan struct{}, 1)}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners[call] != nil {
		return nil, errors.New("two listen to a call")
	}
	f.listeners[call] = l
	return l, nil
}

// say has the far end say something; nobody may hear it.
func (f *fakePhone) say(call pjsua.CallID, samples []int16) {
	f.mu.Lock()
	l := f.listeners[call]
	f.mu.Unlock()
	if l != nil {
		l.change(func() { l.samples = append(l.samples, samples...) })
	}
}

// listening returns how many listen to calls.
func (f *fakePhone) listening() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.listeners)
}

func (l *fakeListener) change(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	select {
	case l.changed <- struct{}{}:
	default:
	}
}

func (l *fakeListener) ReadSamples(p []int16) (int, error) {
	for {
		l.mu.Lock()
		n, err := copy(p, l.samples), l.err
		l.samples = l.samples[n:]
		l.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, err
		}
		<-l.changed
	}
}

func (l *fakeListener) Close() error {
	l.f.note("unlisten %d", l.call)
	l.f.mu.Lock()
	delete(l.f.listeners, l.call)
	l.f.mu.Unlock()
	l.change(func() { l.samples, l.err = nil, pjsua.ErrAudioGone })
	return nil
}

// endListenerLocked ends what hears a call that is over.
func (f *fakePhone) endListenerLocked(call pjsua.CallID) {
	if l := f.listeners[call]; l != nil {
		l.change(func() { l.err = io.EOF })
	}
}
