package pjsua

import (
	"fmt"
	"net/netip"
	"time"
)

// RTPTraceOptions are the choices of [Endpoint.TraceRTP].
type RTPTraceOptions struct {
	// Call is the only one whose packets come; 0: all calls.
	Call CallID
	// Snap is how many bytes are kept of a packet; 0 means 1500, which is a whole one.
	Snap int
	// Buffer is how many packets wait for the consumer; 0 means 4096, of one call 20 s both
	// ways. Those that do not fit are counted in [RTPPacket.Lost].
	Buffer int
}

// maxSnap is more than any packet has.
const maxSnap = 65535

// Validate checks the sizes.
func (o RTPTraceOptions) Validate() error {
	if o.Snap < 0 || o.Snap > maxSnap || o.Buffer < 0 {
		return fmt.Errorf("pjsua: RTP trace %+v: Snap is 0 to %d, Buffer not below 0", o, maxSnap)
	}
	return nil
}

// RTPPacket is a packet of a call's media as it was sent or received, but not encrypted:
// with SRTP it is what the encryption was given, or has made of what came. With an
// [Impairment] it is what was sent in the end, and what came before it was spoilt.
type RTPPacket struct {
	Time time.Time
	Sent bool // and not received
	RTCP bool
	Call CallID
	// Index is that of the m= line.
	Index int
	// Local is our address as the SDP tells it, Remote that of the far end, where packets
	// come from or go to; not valid where it is not known.
	Local, Remote netip.AddrPort
	Data          []byte // the first Snap bytes
	Size          int    // of the whole packet, in bytes
	// Lost is how many packets before this one were lost to the trace.
	Lost uint64
}
