package pjsua

import "time"

// TraceOptions are the choices of [Endpoint.Trace].
type TraceOptions struct {
	// Secrets leaves digests (Authorization, Proxy-Authorization) and SRTP keys (the
	// inline keys of RFC 4568) in the messages; otherwise *** stands for them, and a body
	// is no longer as long as its Content-Length says.
	Secrets bool
	// Buffer is how many messages wait for the consumer; 0 means 4096. Those that do not
	// fit are counted in [SIPMessage.Lost].
	Buffer int
}

// SIPMessage is a SIP message that passed the transport layer, a retransmission too.
type SIPMessage struct {
	Time      time.Time
	Sent      bool // and not received
	Transport TransportType
	Local     string // address and port of the transport; behind NAT the published one
	Remote    string // address and port of the far end; empty for a datagram that was dropped
	// Call is the call that the message belongs to, also after its end. 0: none, or not
	// known yet, as in the INVITE of an incoming call and the 100 to it; see Message.CallID.
	Call    CallID
	Raw     []byte
	Message *Message // Raw, parsed; nil when that failed
	// Dropped says why PJSIP took no notice of what it received: unreadable, or without a
	// header field that must be there. 0: it did take notice.
	Dropped Status
	// Lost is how many messages before this one were lost.
	Lost uint64
}
