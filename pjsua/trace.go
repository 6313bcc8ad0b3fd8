//go:build cgo

package pjsua

/*
#include "message.h"
*/
import "C"

import (
	"context"
	"sync"
	"time"
	"unsafe"
)

// Trace is a tap of all SIP messages.
type Trace struct {
	tr       *tracer
	messages chan SIPMessage
	secrets  bool
	lost     uint64 // the tracer's goroutine's
}

// tracer hands traced messages to the open traces. They have a queue of their own, so
// that many of them push out no event.
type tracer struct {
	queue *C.oh_queue
	ready chan struct{}

	mu     sync.Mutex // guards what follows
	traces map[*Trace]struct{}
	ended  bool
}

// maxTraced bounds what waits for the tracer's goroutine, which waits for nobody.
const maxTraced = 16384

func newTracer(waker *C.oh_waker) *tracer {
	return &tracer{
		queue:  C.oh_queue_new(waker, tracesBit, maxTraced),
		ready:  make(chan struct{}, 1),
		traces: map[*Trace]struct{}{},
	}
}

// Trace begins to hand out every SIP message that is sent or received, in both
// directions, by any transport, retransmissions and the answer to a BYE included. It ends
// with [Trace.Close] or with the endpoint. Several traces may be open; while none is, a
// message costs one load of a variable. ctx is not waited on.
func (ep *Endpoint) Trace(ctx context.Context, opts TraceOptions) (*Trace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tr := ep.pump.traces
	t := &Trace{tr: tr, secrets: opts.Secrets, messages: make(chan SIPMessage, orDefault(max(opts.Buffer, 0), 4096))}
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if tr.ended || ep.closed.Load() {
		return nil, ErrClosed
	}
	tr.traces[t] = struct{}{}
	C.oh_trace_set(1)
	return t, nil
}

// Messages returns the channel on which the messages come; it is closed by Close and at
// the end of the endpoint. One that is not read loses messages and stops nothing.
func (t *Trace) Messages() <-chan SIPMessage { return t.messages }

// Close ends the trace; what is in the channel can still be read.
func (t *Trace) Close() {
	t.tr.mu.Lock()
	defer t.tr.mu.Unlock()
	if _, open := t.tr.traces[t]; open {
		t.tr.drop(t)
	}
}

func (tr *tracer) drop(t *Trace) {
	delete(tr.traces, t)
	close(t.messages)
	if len(tr.traces) == 0 {
		C.oh_trace_set(0)
	}
}

// deliver runs until ready is closed.
func (tr *tracer) deliver() {
	for {
		_, more := <-tr.ready
		var lost C.uint64_t
		list := C.oh_queue_take(tr.queue, &lost)
		tr.mu.Lock()
		for r := (*C.oh_head)(unsafe.Pointer(list)); r != nil; r = (*C.oh_head)(unsafe.Pointer(r.item.next)) {
			tr.send((*C.oh_sip)(unsafe.Pointer(r)))
		}
		for t := range tr.traces {
			t.lost += uint64(lost)
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

// send decodes a message as often as the traces differ, and gives it to all of them.
func (tr *tracer) send(r *C.oh_sip) {
	var decoded [2]*SIPMessage
	for t := range tr.traces {
		m := &decoded[cBool(t.secrets)]
		if *m == nil {
			*m = decodeSIP(r, t.secrets)
		}
		msg := **m
		msg.Lost = t.lost
		select {
		case t.messages <- msg:
			t.lost = 0
		default:
			t.lost++
		}
	}
}

func decodeSIP(r *C.oh_sip, secrets bool) *SIPMessage {
	raw := recordText(&r.head, r.data)
	if !secrets {
		raw = redact(raw)
	}
	return &SIPMessage{
		Time: time.Unix(0, int64(r.head.time_ns)), Sent: r.sent != 0, Transport: TransportType(r.transport),
		Local: recordText(&r.head, r.local), Remote: recordText(&r.head, r.remote), Call: CallID(r.head.call),
		Raw: []byte(raw), Message: parseRecord(raw), Dropped: Status(r.head.status),
	}
}
