//go:build cgo

package pjsua

/*
#include "record.h"
*/
import "C"

import (
	"sync"
	"unsafe"
)

// tracer hands traced records to the open traces. They have a queue of their own, so
// that many of them push out no event.
type tracer struct {
	queue *C.oh_queue
	ready chan struct{}
	send  func(*C.oh_head) // gives a record to all traces; with mu
	want  func()           // tells C which records to make; with mu, when traces came or went

	mu     sync.Mutex // guards what follows
	traces map[tracing]struct{}
	ended  bool
}

// tracing is an open trace. Its methods are called with the tracer's mu.
type tracing interface {
	missed(n uint64) // so many records were lost
	end()            // closes the channel
}

// maxTraced bounds what waits for a tracer's goroutine, which waits for nobody.
const maxTraced = 16384

func newTracer(waker *C.oh_waker, bit C.uint32_t) *tracer {
	return &tracer{
		queue:  C.oh_queue_new(waker, bit, maxTraced),
		ready:  make(chan struct{}, 1),
		traces: map[tracing]struct{}{},
	}
}

func (tr *tracer) open(ep *Endpoint, t tracing) error {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.ended || ep.closed.Load() {
		return ErrClosed
	}
	tr.traces[t] = struct{}{}
	tr.want()
	return nil
}

func (tr *tracer) close(t tracing) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if _, open := tr.traces[t]; open {
		tr.drop(t)
	}
}

func (tr *tracer) drop(t tracing) {
	delete(tr.traces, t)
	t.end()
	tr.want()
}

// deliver runs until ready is closed.
func (tr *tracer) deliver() {
	for {
		_, more := <-tr.ready
		var lost C.uint64_t
		list := C.oh_queue_take(tr.queue, &lost)
		tr.mu.Lock()
		for r := (*C.oh_head)(unsafe.Pointer(list)); r != nil; r = (*C.oh_head)(unsafe.Pointer(r.item.next)) {
			tr.send(r)
		}
		for t := range tr.traces {
			t.missed(uint64(lost))
			if !more {
				tr.drop(t)
			}
		}
		tr.ended = !more
		tr.mu.Unlock()
		C.oh_items_free(list)
		if !more {
			return
		}
	}
}
