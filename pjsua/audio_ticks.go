//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "ring.h"
*/
import "C"

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"
)

// ticks wakes the goroutines that wait for the bridge's clock. One goroutine waits for
// the one handle that becomes readable when a ring has moved and somebody waits.
type ticks struct {
	wake   *C.oh_wake
	wanted *uint32
	file   *os.File
	done   chan struct{}

	mu     sync.Mutex // guards what follows; held while a ring is looked at
	audios map[*Audio]struct{}
	closed bool
}

func newTicks() (*ticks, error) {
	if C.oh_ring_size() != C.sizeof_oh_ring {
		return nil, errors.New("pjsua: cbridge was compiled from another ring.h; run go clean -cache")
	}
	wake := C.oh_wake_new()
	if wake == nil {
		return nil, errors.New("pjsua: no file handle left for the audio clock")
	}
	s := &ticks{
		wake: wake, wanted: word(C.oh_wake_wanted(wake)), done: make(chan struct{}),
		file: os.NewFile(uintptr(C.oh_wake_handle(wake)), "tick"), audios: map[*Audio]struct{}{},
	}
	go s.run()
	return s, nil
}

// want adds n to the number of those who wait.
func (s *ticks) want(n int32) { atomic.AddInt32((*int32)(unsafe.Pointer(s.wanted)), n) }

func (s *ticks) add(a *Audio) {
	s.mu.Lock()
	s.audios[a] = struct{}{}
	s.mu.Unlock()
}

func (s *ticks) remove(a *Audio) {
	s.mu.Lock()
	delete(s.audios, a)
	s.mu.Unlock()
}

func (s *ticks) run() {
	defer close(s.done)
	pending := word(C.oh_wake_pending(s.wake))
	var buf [8]byte
	for {
		if _, err := s.file.Read(buf[:]); err != nil {
			return
		}
		atomic.StoreUint32(pending, 0) // before looking: what moves now writes again
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			return
		}
		for a := range s.audios {
			a.moved()
		}
		s.mu.Unlock()
	}
}

// moved wakes those whom the last tick may have helped.
func (a *Audio) moved() {
	if a.rwait.Load() && a.readable() {
		signal(a.rsig)
	}
	if a.wwait.Load() && a.writable() {
		signal(a.wsig)
	}
	if a.marked.Load() > 0 {
		a.mmu.Lock()
		a.settleMarks(false)
		a.mmu.Unlock()
	}
}

// close ends all Audios; PJSIP is gone.
func (s *ticks) close() {
	s.mu.Lock()
	s.closed = true
	audios := make([]*Audio, 0, len(s.audios))
	for a := range s.audios {
		audios = append(audios, a)
	}
	s.mu.Unlock()
	C.oh_wake_now(s.wake)
	<-s.done
	for _, a := range audios {
		a.free(ErrClosed)
	}
	s.file.Close()
	C.oh_wake_free(s.wake)
}
