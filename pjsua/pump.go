//go:build cgo

package pjsua

/*
#include "message.h"
#include "rtptrace.h"

static oh_head *next_record(oh_head *r) { return (oh_head *)r->item.next; }
static oh_log *next_log(oh_log *line) { return (oh_log *)line->item.next; }
*/
import "C"

import (
	"context"
	"errors"
	"sync"
	"time"
	"unsafe"

	"github.com/hashicorp/go-hclog"
)

// Bits of the queues in the waker.
const (
	eventsBit = 1 << iota
	opsBit
	logsBit
	tracesBit
	rtpTracesBit
)

const (
	maxEvents = 65536 // waiting for the consumer, beside what is in the channel
	maxOps    = 65536
	maxLogs   = 4096
)

// pump moves records from C to Go. One goroutine blocks in C until a queue has
// something; it settles conference operations itself, which must not wait for the
// consumer of events, and wakes the goroutines that deliver events, logs and traces.
type pump struct {
	waker             *C.oh_waker
	evq, opq, logq    *C.oh_queue
	logger            hclog.Logger
	events            chan Event
	seq               uint64 // the events goroutine's
	observe           func(Event)
	onCall            func(id CallID, over bool) // the call's ports changed, or it is over
	onLookup          func(*C.oh_head)           // PJSIP asks for the addresses of a name
	evReady, logReady chan struct{}
	traces, rtpTraces *tracer
	abandon           chan struct{} // closed when nobody waits for the consumer any more
	running           sync.WaitGroup

	mu  sync.Mutex // guards what follows
	ops map[confOp][]chan Status
	// closed when the port of an object, by its serial, is gone
	gone map[int64]chan struct{}
	// stun holds who waits for a STUN server, by token.
	stun map[int64]chan stunResult

	offers map[CallID]*offering
}

// confOp identifies an operation of the conference bridge that was asked for.
type confOp struct {
	kind      C.int32_t
	src, sink C.int32_t // slots
}

func newPump(logger hclog.Logger) (*pump, error) {
	p := &pump{
		logger:   logger,
		events:   make(chan Event, 256),
		evReady:  make(chan struct{}, 1),
		logReady: make(chan struct{}, 1),
		abandon:  make(chan struct{}),
		ops:      map[confOp][]chan Status{},
		gone:     map[int64]chan struct{}{},
		offers:   map[CallID]*offering{},
		stun:     map[int64]chan stunResult{},
	}
	p.waker = C.oh_waker_new()
	if p.waker == nil {
		return nil, errors.New("pjsua: out of memory")
	}
	p.evq = C.oh_queue_new(p.waker, eventsBit, maxEvents)
	p.opq = C.oh_queue_new(p.waker, opsBit, maxOps)
	p.logq = C.oh_queue_new(p.waker, logsBit, maxLogs)
	p.traces, p.rtpTraces = newSIPTracer(p.waker), newRTPTracer(p.waker)
	if p.evq == nil || p.opq == nil || p.logq == nil || p.traces.queue == nil || p.rtpTraces.queue == nil {
		p.free()
		return nil, errors.New("pjsua: out of memory")
	}
	p.running.Add(3)
	go p.wait()
	go p.deliverEvents()
	go p.deliverLogs()
	p.running.Go(p.traces.deliver)
	p.running.Go(p.rtpTraces.deliver)
	return p, nil
}

func (p *pump) attach() {
	C.oh_bridge_attach(p.evq, p.opq, p.logq)
	C.oh_trace_attach(p.traces.queue)
	C.oh_rtptrace_attach(p.rtpTraces.queue)
}

func (p *pump) detach() {
	C.oh_bridge_attach(nil, nil, nil)
	C.oh_trace_attach(nil)
	C.oh_rtptrace_attach(nil)
}

func (p *pump) free() {
	C.oh_queue_free(p.evq)
	C.oh_queue_free(p.opq)
	C.oh_queue_free(p.logq)
	C.oh_queue_free(p.traces.queue)
	C.oh_queue_free(p.rtpTraces.queue)
	C.oh_waker_free(p.waker)
}

// stop delivers what is left until ctx ends, closes the events channel and frees the
// queues. PJSIP must be gone.
func (p *pump) stop(ctx context.Context) {
	C.oh_waker_close(p.waker)
	done := make(chan struct{})
	go func() {
		p.running.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		close(p.abandon)
		<-done
	}
	p.free()
	p.mu.Lock()
	defer p.mu.Unlock()
	for op, waiters := range p.ops {
		for _, ch := range waiters {
			ch <- StatusInvalidOp
		}
		delete(p.ops, op)
	}
	for id, gone := range p.gone {
		close(gone)
		delete(p.gone, id)
	}
}

func (p *pump) wait() {
	defer p.running.Done()
	defer close(p.evReady)
	defer close(p.logReady)
	defer close(p.traces.ready)
	defer close(p.rtpTraces.ready)
	for {
		ready := C.oh_waker_wait(p.waker)
		if ready == 0 {
			return
		}
		if ready&opsBit != 0 {
			p.settle()
		}
		if ready&eventsBit != 0 {
			signal(p.evReady)
		}
		if ready&logsBit != 0 {
			signal(p.logReady)
		}
		if ready&tracesBit != 0 {
			signal(p.traces.ready)
		}
		if ready&rtpTracesBit != 0 {
			signal(p.rtpTraces.ready)
		}
	}
}

func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// settle hands the results of conference operations to those who wait for them.
func (p *pump) settle() {
	var lost C.uint64_t
	list := C.oh_queue_take(p.opq, &lost)
	defer C.oh_items_free(list)
	if lost > 0 {
		p.logger.Error("results of conference operations lost", "count", uint64(lost))
	}
	for r := (*C.oh_head)(unsafe.Pointer(list)); r != nil; r = C.next_record(r) {
		switch r._type {
		case C.OH_CONF_OP:
			ev := (*C.oh_event)(unsafe.Pointer(r))
			op := confOp{ev.op, ev.src, ev.sink}
			p.mu.Lock()
			if waiters := p.ops[op]; len(waiters) > 0 {
				waiters[0] <- Status(r.status)
				p.dropWaiter(op, waiters[0])
			}
			p.mu.Unlock()
		case C.OH_CROSSED:
			p.crossed(r)
		case C.OH_CALL_PORTS, C.OH_CALL_OVER:
			if r._type == C.OH_CALL_OVER {
				p.dropOffer(CallID(r.call), nil)
			}
			p.onCall(CallID(r.call), r._type == C.OH_CALL_OVER)
		case C.OH_PORT_GONE:
			p.mu.Lock()
			if gone, ok := p.gone[int64(r.object)]; ok {
				close(gone)
				delete(p.gone, int64(r.object))
			}
			p.mu.Unlock()
		case C.OH_LOOKUP:
			p.onLookup(r)
		case C.OH_STUN_RESOLVED:
			p.settleSTUN(r)
		}
	}
}

// expect makes the next result of op arrive on the returned channel. It is called
// before the operation is asked for, on pjsua's thread, so that results come in the
// order of the waiters.
func (p *pump) expect(_ onThread, op confOp) chan Status {
	ch := make(chan Status, 1)
	p.mu.Lock()
	p.ops[op] = append(p.ops[op], ch)
	p.mu.Unlock()
	return ch
}

// unexpect takes back an expect whose operation was refused.
func (p *pump) unexpect(op confOp, ch chan Status) {
	p.mu.Lock()
	p.dropWaiter(op, ch)
	p.mu.Unlock()
}

func (p *pump) dropWaiter(op confOp, ch chan Status) {
	waiters := p.ops[op]
	for i := range waiters {
		if waiters[i] == ch {
			waiters = append(waiters[:i:i], waiters[i+1:]...)
			break
		}
	}
	if len(waiters) == 0 {
		delete(p.ops, op)
	} else {
		p.ops[op] = waiters
	}
}

// expectPortGone returns a channel that is closed when the bridge has let go of the port
// of the object with this serial. It is called before the port can go.
func (p *pump) expectPortGone(serial int64) <-chan struct{} {
	gone := make(chan struct{})
	p.mu.Lock()
	p.gone[serial] = gone
	p.mu.Unlock()
	return gone
}

func (p *pump) deliverEvents() {
	defer p.running.Done()
	defer close(p.events)
	for {
		_, more := <-p.evReady
		var lost C.uint64_t
		list := C.oh_queue_take(p.evq, &lost)
		for r := (*C.oh_head)(unsafe.Pointer(list)); r != nil; r = C.next_record(r) {
			p.send(p.decode(r, p.header(time.Unix(0, int64(r.time_ns)))))
		}
		C.oh_items_free(list)
		if lost > 0 {
			p.send(EventsLost{p.header(time.Now()), uint64(lost)})
		}
		if !more {
			return
		}
	}
}

func (p *pump) header(at time.Time) EventHeader {
	p.seq++
	return EventHeader{Seq: p.seq, Time: at}
}

func (p *pump) send(ev Event) {
	p.observe(ev)
	select {
	case p.events <- ev:
		return
	default:
	}
	select {
	case p.events <- ev:
	case <-p.abandon:
	}
}

func (p *pump) deliverLogs() {
	defer p.running.Done()
	for {
		_, more := <-p.logReady
		var lost C.uint64_t
		list := C.oh_queue_take(p.logq, &lost)
		for line := (*C.oh_log)(unsafe.Pointer(list)); line != nil; line = C.next_log(line) {
			text := unsafe.Slice((*byte)(unsafe.Pointer(C.oh_log_text(line))), int(line.text.len))
			logLine(p.logger, int(line.level), string(text))
		}
		C.oh_items_free(list)
		if lost > 0 {
			p.logger.Warn("log lines dropped", "count", uint64(lost))
		}
		if !more {
			return
		}
	}
}
