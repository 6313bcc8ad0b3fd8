//go:build cgo

package pjsua

/*
#include "bridge.h"

static oh_event *next_event(oh_event *ev) { return (oh_event *)ev->item.next; }
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
)

const (
	maxEvents = 65536 // waiting for the consumer, beside what is in the channel
	maxOps    = 65536
	maxLogs   = 4096
)

// pump moves records from C to Go. One goroutine blocks in C until a queue has
// something; it settles conference operations itself, which must not wait for the
// consumer of events, and wakes the goroutines that deliver events and logs.
type pump struct {
	waker             *C.oh_waker
	evq, opq, logq    *C.oh_queue
	logger            hclog.Logger
	events            chan Event
	seq               uint64 // the events goroutine's
	observe           func(Event)
	evReady, logReady chan struct{}
	abandon           chan struct{} // closed when nobody waits for the consumer any more
	running           sync.WaitGroup

	mu  sync.Mutex // guards what follows
	ops map[confOp][]chan Status
	rec map[RecorderID]recording
}

// recording is a recorder's file.
type recording struct {
	path string
	gone chan struct{} // closed when the file is
}

// confOp identifies an operation of the conference bridge that was asked for.
type confOp struct {
	kind      C.int32_t
	src, sink PortID
}

func newPump(logger hclog.Logger) (*pump, error) {
	p := &pump{
		logger:   logger,
		events:   make(chan Event, 256),
		evReady:  make(chan struct{}, 1),
		logReady: make(chan struct{}, 1),
		abandon:  make(chan struct{}),
		ops:      map[confOp][]chan Status{},
		rec:      map[RecorderID]recording{},
	}
	p.waker = C.oh_waker_new()
	if p.waker == nil {
		return nil, errors.New("pjsua: out of memory")
	}
	p.evq = C.oh_queue_new(p.waker, eventsBit, maxEvents)
	p.opq = C.oh_queue_new(p.waker, opsBit, maxOps)
	p.logq = C.oh_queue_new(p.waker, logsBit, maxLogs)
	if p.evq == nil || p.opq == nil || p.logq == nil {
		p.free()
		return nil, errors.New("pjsua: out of memory")
	}
	p.running.Add(3)
	go p.wait()
	go p.deliverEvents()
	go p.deliverLogs()
	return p, nil
}

func (p *pump) attach() { C.oh_bridge_attach(p.evq, p.opq, p.logq) }
func (p *pump) detach() { C.oh_bridge_attach(nil, nil, nil) }

func (p *pump) free() {
	C.oh_queue_free(p.evq)
	C.oh_queue_free(p.opq)
	C.oh_queue_free(p.logq)
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
	for id, rec := range p.rec {
		close(rec.gone)
		delete(p.rec, id)
	}
}

func (p *pump) wait() {
	defer p.running.Done()
	defer close(p.evReady)
	defer close(p.logReady)
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
	for ev := (*C.oh_event)(unsafe.Pointer(list)); ev != nil; ev = C.next_event(ev) {
		switch ev._type {
		case C.OH_CONF_OP:
			op := confOp{ev.op, PortID(ev.src), PortID(ev.sink)}
			p.mu.Lock()
			if waiters := p.ops[op]; len(waiters) > 0 {
				waiters[0] <- Status(ev.status)
				p.dropWaiter(op, waiters[0])
			}
			p.mu.Unlock()
		case C.OH_PORT_GONE:
			p.mu.Lock()
			if rec, ok := p.rec[RecorderID(ev.object)]; ok {
				close(rec.gone)
				delete(p.rec, RecorderID(ev.object))
			}
			p.mu.Unlock()
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

// expectGone returns a channel that is closed when the recorder's file is.
func (p *pump) expectGone(id RecorderID, path string) chan struct{} {
	gone := make(chan struct{})
	p.mu.Lock()
	p.rec[id] = recording{path, gone}
	p.mu.Unlock()
	return gone
}

func (p *pump) recorderPath(id RecorderID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rec[id].path
}

func (p *pump) deliverEvents() {
	defer p.running.Done()
	defer close(p.events)
	for {
		_, more := <-p.evReady
		var lost C.uint64_t
		list := C.oh_queue_take(p.evq, &lost)
		for ev := (*C.oh_event)(unsafe.Pointer(list)); ev != nil; ev = C.next_event(ev) {
			p.send(p.decode(ev, p.header(time.Unix(0, int64(ev.time_ns)))))
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

func (p *pump) decode(ev *C.oh_event, h EventHeader) Event {
	text := func(t C.oh_text) string {
		if t.len == 0 {
			return ""
		}
		base := unsafe.Pointer(C.oh_event_text(ev))
		return string(unsafe.Slice((*byte)(unsafe.Add(base, int(t.off))), int(t.len)))
	}
	switch ev._type {
	case C.OH_REGISTRATION:
		code := SIPCode(ev.code)
		return RegistrationChanged{
			EventHeader: h, Account: AccountID(ev.account), Code: code, Reason: text(ev.reason),
			Status: Status(ev.status), Expires: time.Duration(ev.expires) * time.Second,
			Registered:    ev.status == 0 && code.Success() && ev.renew != 0 && ev.expires > 0,
			Unregistering: ev.renew == 0,
		}
	case C.OH_INCOMING_CALL:
		return IncomingCall{
			EventHeader: h, Call: CallID(ev.call), Account: AccountID(ev.account), Remote: text(ev.remote),
			Local: text(ev.local), SIPCallID: text(ev.sip_call_id), Source: text(ev.source),
			Request: []byte(text(ev.body)),
		}
	case C.OH_CALL_STATE:
		return CallStateChanged{
			EventHeader: h, Call: CallID(ev.call), Account: AccountID(ev.account), Role: Role(ev.role),
			State: CallState(ev.state), Code: SIPCode(ev.code), Reason: text(ev.reason),
			Remote: text(ev.remote), Local: text(ev.local), SIPCallID: text(ev.sip_call_id),
		}
	case C.OH_CALL_MEDIA:
		return CallMediaChanged{EventHeader: h, Call: CallID(ev.call), Media: decodeMedia(ev)}
	case C.OH_CALL_ENDED:
		return CallEnded{
			EventHeader: h, Call: CallID(ev.call), Account: AccountID(ev.account), Role: Role(ev.role),
			Code: SIPCode(ev.code), Reason: text(ev.reason), Remote: text(ev.remote), Local: text(ev.local),
			SIPCallID: text(ev.sip_call_id),
			Connected: time.Duration(ev.connected_ms) * time.Millisecond,
			Total:     time.Duration(ev.total_ms) * time.Millisecond,
			Stats:     decodeStats(&ev.stats),
		}
	case C.OH_DTMF:
		return DTMFReceived{
			EventHeader: h, Call: CallID(ev.call), Digit: byte(ev.digit), Method: DTMFMethod(ev.method),
			Duration: time.Duration(ev.duration_ms) * time.Millisecond,
		}
	case C.OH_TRANSFER:
		return TransferRequested{
			EventHeader: h, Call: CallID(ev.call), Account: AccountID(ev.account), Target: text(ev.remote),
			Code: SIPCode(ev.code),
		}
	case C.OH_PLAYER_EOF:
		return PlayerFinished{EventHeader: h, Player: PlayerID(ev.object)}
	case C.OH_RECORDER_FAILED:
		return RecorderFailed{
			EventHeader: h, Recorder: RecorderID(ev.object), Path: p.recorderPath(RecorderID(ev.object)),
			Status: Status(ev.status), Reason: text(ev.reason),
		}
	case C.OH_TRANSPORT:
		return TransportChanged{
			EventHeader: h, Type: TransportType(ev.transport), Connected: ev.connected != 0,
			Remote: text(ev.remote), Status: Status(ev.status), Reason: text(ev.reason),
		}
	}
	panic("pjsua: a record of unknown type: bridge.h and pump.go differ")
}

func decodeMedia(ev *C.oh_event) []Media {
	media := make([]Media, int(ev.media_count))
	for i := range media {
		m := &ev.media[i]
		media[i] = Media{
			Index: int(m.index), Status: MediaStatus(m.status), Dir: MediaDir(m.dir), Port: PortID(m.slot),
			Codec: C.GoString(&m.codec[0]), SRTP: C.GoString(&m.srtp[0]),
		}
	}
	return media
}

func decodeStats(s *C.oh_stats) CallStats {
	dir := func(d *C.oh_direction) DirectionStats {
		return DirectionStats{
			Packets: uint64(d.packets), Bytes: uint64(d.bytes), Lost: uint64(d.lost),
			Discarded: uint64(d.discarded), Reordered: uint64(d.reordered), Duplicates: uint64(d.duplicates),
			Jitter:    time.Duration(d.jitter_us) * time.Microsecond,
			JitterMax: time.Duration(d.jitter_max_us) * time.Microsecond,
		}
	}
	return CallStats{
		Codec: C.GoString(&s.codec[0]), RX: dir(&s.rx), TX: dir(&s.tx),
		RTT: time.Duration(s.rtt_us) * time.Microsecond,
	}
}
