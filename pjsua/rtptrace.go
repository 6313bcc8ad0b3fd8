//go:build cgo

package pjsua

/*
#include "rtptrace.h"
*/
import "C"

import (
	"context"
	"net/netip"
	"time"
	"unsafe"
)

// RTPTrace is a tap of the media packets of calls.
type RTPTrace struct {
	tr      *tracer
	packets chan RTPPacket
	call    CallID
	snap    int
	lost    uint64 // the tracer's mu guards it
}

// newRTPTracer hands out oh_rtp.
func newRTPTracer(waker *C.oh_waker) *tracer {
	tr := newTracer(waker, rtpTracesBit)
	tr.send = func(r *C.oh_head) { sendRTP(tr, (*C.oh_rtp)(unsafe.Pointer(r))) }
	tr.want = func() {
		snap, call := 0, CallID(-1) // all of the traces' calls: one, or 0 for any
		for open := range tr.traces {
			t := open.(*RTPTrace)
			snap = max(snap, t.snap)
			if call == -1 {
				call = t.call
			} else if call != t.call {
				call = 0
			}
		}
		C.oh_rtptrace_set(C.uint(snap), C.int64_t(max(call, 0)))
	}
	return tr
}

// TraceRTP begins to hand out the RTP and RTCP packets of calls, in both directions; not
// those of ICE, STUN and DTLS. It sees calls whose media are made while a trace is open,
// and others where [MediaPolicy].ReportRTP said so beforehand. It ends with
// [RTPTrace.Close] or with the endpoint. Several traces may be open; while none is, a
// packet of a call that could be traced costs one load of a variable, and others cost
// nothing. ctx is not waited on.
func (ep *Endpoint) TraceRTP(ctx context.Context, opts RTPTraceOptions) (*RTPTrace, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	t := &RTPTrace{
		tr: ep.pump.rtpTraces, call: opts.Call, snap: orDefault(opts.Snap, 1500),
		packets: make(chan RTPPacket, orDefault(opts.Buffer, traceBuffer)),
	}
	if err := t.tr.open(ep, t); err != nil {
		return nil, err
	}
	return t, nil
}

// Packets returns the channel on which the packets come; it is closed by Close and at the
// end of the endpoint. One that is not read loses packets and stops nothing.
func (t *RTPTrace) Packets() <-chan RTPPacket { return t.packets }

// Close ends the trace; what is in the channel can still be read.
func (t *RTPTrace) Close() { t.tr.close(t) }

func (t *RTPTrace) missed(n uint64) { t.lost += n }
func (t *RTPTrace) end()            { close(t.packets) }

// sendRTP gives a packet to all traces that want it, each with data of its own.
func sendRTP(tr *tracer, r *C.oh_rtp) {
	for open := range tr.traces {
		t := open.(*RTPTrace)
		if t.call != 0 && t.call != CallID(r.head.call) {
			continue
		}
		p := decodeRTP(r, t.snap)
		p.Lost = t.lost
		select {
		case t.packets <- p:
			t.lost = 0
		default:
			t.lost++
		}
	}
}

func decodeRTP(r *C.oh_rtp, snap int) RTPPacket {
	text := r.data
	text.len = min(text.len, C.uint32_t(snap))
	return RTPPacket{
		Time: time.Unix(0, int64(r.head.time_ns)), Sent: r.sent != 0, RTCP: r.rtcp != 0, Call: CallID(r.head.call),
		Index: int(r.index), Local: addrPort(&r.local), Remote: addrPort(&r.remote),
		Data: recordBytes(&r.head, text), Size: int(r.size),
	}
}

func addrPort(a *C.oh_rtp_address) netip.AddrPort {
	ip, _ := netip.AddrFromSlice(C.GoBytes(unsafe.Pointer(&a.ip[0]), a.len)) // of no length it is not valid
	return netip.AddrPortFrom(ip, uint16(a.port))
}
