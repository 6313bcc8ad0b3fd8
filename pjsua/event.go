package pjsua

import "time"

// An Event is a fact that PJSIP reported. The concrete types are those in this
// file; a type switch tells them apart:
//
//	for ev := range ep.Events() {
//		switch ev := ev.(type) {
//		case pjsua.IncomingCall:
//			...
//		}
//	}
//
// An event carries everything it has to say, because by the time a Go program
// reads it the object it is about may be gone.
type Event interface {
	// Header returns what all events have.
	Header() EventHeader
}

// EventHeader is what all events have.
type EventHeader struct {
	Seq  uint64    // rises by one with every event of an Endpoint, from 1
	Time time.Time // when the C callback ran
}

// Header implements [Event].
func (h EventHeader) Header() EventHeader { return h }

// IncomingCall reports a new INVITE: pjsua's on_incoming_call. pjsua has
// answered 100; the call waits for [Call.Answer] or [Call.Hangup].
type IncomingCall struct {
	EventHeader
	Call      CallID
	Account   AccountID // the account that the INVITE was addressed to
	Remote    string    // From: name and URI of the caller
	Local     string    // To: name and URI that was called
	SIPCallID string    // the Call-ID header
	Source    string    // address and port the request came from, by its Via
	Request   []byte    // the INVITE, headers and body, as PJSIP understood it
}

// HeaderValues returns the values of all header fields called name (any case) in
// the INVITE, in order of appearance: [Message.Values].
func (e IncomingCall) HeaderValues(name string) []string { return headerValues(e.Request, name) }

// Message returns the INVITE, nil when PJSIP could not print it.
func (e IncomingCall) Message() *Message { return parseRecord(string(e.Request)) }

// CallStateChanged reports that a call moved to another state of the INVITE
// session: pjsua's on_call_state. [StateDisconnected] is followed by [CallEnded].
type CallStateChanged struct {
	EventHeader
	Call      CallID
	Account   AccountID
	Role      Role
	State     CallState
	Code      SIPCode // the last status code of the call, 0 before there is one
	Reason    string
	Remote    string
	Local     string
	SIPCallID string
	// Message is the request or response that was received and led to the state; nil
	// when it was one sent, or something else.
	Message *Message
}

// CallMediaChanged reports the state of a call's media after an offer was
// answered: pjsua's on_call_media_state.
type CallMediaChanged struct {
	EventHeader
	Call  CallID
	Media []Media // by their order in the SDP
}

// Media is one m= line of a call: audio, text, or what pjsua does nothing with.
type Media struct {
	Index  int // of the m= line in the SDP
	Type   MediaType
	Status MediaStatus
	Dir    MediaDir
	Port   PortID // conference port of audio; [NoPort] while the stream has none
	Codec  string // such as "PCMU/8000", empty while there is no stream
	SRTP   string // the crypto suite in use, empty when RTP is in the clear
	// TelephoneEvent says that digits go by RFC 4733: both sides have telephone-event in
	// their SDP. Where it is false the far end sends them otherwise, as tones for example.
	TelephoneEvent bool
}

// CallEnded reports that a call is over, with its final figures. There is exactly one
// for each call, and it is the last event of a call but for [HangupAnswered].
type CallEnded struct {
	EventHeader
	Call      CallID
	Account   AccountID
	Role      Role
	Code      SIPCode
	Reason    string
	Remote    string
	Local     string
	SIPCallID string
	Connected time.Duration // from the answer to the end; 0 when never answered
	Total     time.Duration // from the first INVITE to the end
	Message   *Message      // that ended the call: the BYE, CANCEL or final response; nil when it was ended from here
	Stats     CallStats
}

// DTMFReceived reports one digit from the far end, as soon as it begins: pjsua's
// on_dtmf_event.
type DTMFReceived struct {
	EventHeader
	Call     CallID
	Digit    byte // '0' to '9', '*', '#', 'A' to 'D'
	Method   DTMFMethod
	Duration time.Duration // as SIP INFO tells it; 0 when it is not known yet
}

// PlayerFinished reports that a player which does not loop reached the end of its
// file.
type PlayerFinished struct {
	EventHeader
	Player PlayerID
}

// RecorderFailed reports that a recorder could not write to its file, because the
// disk is full for example. It is sent once for each recorder; what was written
// before stays. [Recorder.Close] returns an error too.
type RecorderFailed struct {
	EventHeader
	Recorder RecorderID
	Path     string
	Status   Status
	Reason   string // PJSIP's text for Status
}

// EventsLost reports that the consumer was more than 65,536 events behind and
// that Count events were dropped after the previous event.
type EventsLost struct {
	EventHeader
	Count uint64
}
