//go:build cgo

package pjsua

/*
#include "message.h"
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Trace is a tap of all SIP messages.
type Trace struct {
	tr       *tracer
	messages chan SIPMessage
	secrets  bool
	lost     uint64 // the tracer's mu guards it
}

// newSIPTracer hands out oh_sip.
func newSIPTracer(waker *C.oh_waker) *tracer {
	tr := newTracer(waker, tracesBit)
	tr.send = func(r *C.oh_head) { sendSIP(tr, (*C.oh_sip)(unsafe.Pointer(r))) }
	tr.want = func() { C.oh_trace_set(cBool(len(tr.traces) > 0)) }
	return tr
}

// Trace begins to hand out every SIP message that is sent or received, in both
// directions, by any transport, retransmissions and the answer to a BYE included. It ends
// with [Trace.Close] or with the endpoint. Several traces may be open; while none is, a
// message costs one load of a variable. ctx is not waited on.
func (ep *Endpoint) Trace(ctx context.Context, opts TraceOptions) (*Trace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &Trace{
		tr: ep.pump.traces, secrets: opts.Secrets, messages: make(chan SIPMessage, orDefault(max(opts.Buffer, 0), traceBuffer)),
	}
	if err := t.tr.open(ep, t); err != nil {
		return nil, err
	}
	return t, nil
}

// traceBuffer is how much waits for the consumer of a trace that says nothing else.
const traceBuffer = 4096

// Messages returns the channel on which the messages come; it is closed by Close and at
// the end of the endpoint. One that is not read loses messages and stops nothing.
func (t *Trace) Messages() <-chan SIPMessage { return t.messages }

// Close ends the trace; what is in the channel can still be read.
func (t *Trace) Close() { t.tr.close(t) }

func (t *Trace) missed(n uint64) { t.lost += n }
func (t *Trace) end()            { close(t.messages) }

// sendSIP decodes a message as often as the traces differ, and gives it to all of them.
func sendSIP(tr *tracer, r *C.oh_sip) {
	var decoded [2]*SIPMessage
	for open := range tr.traces {
		t := open.(*Trace)
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
