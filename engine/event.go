package engine

import (
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// CallID is a call's serial number, from 1, never used twice in a process. It is
// the "call" of events.
type CallID = pjsua.CallID

// An Event is a fact that the engine reports to its subscribers. The concrete
// types are those in this file, always as values; their JSON form is what
// `offhook run --json` prints.
//
// Names are in snake case. A name that ends in _ms is a time in milliseconds.
// "account" is the account's number in the INI and is left out for the local
// account, "call" the call's id.
type Event interface {
	// Header returns what all events have.
	Header() EventHeader
}

// EventHeader is what all events have.
type EventHeader struct {
	// Seq rises by one with every event of an Engine, from 1, without gaps.
	Seq uint64 `json:"seq"`
	// Time is when PJSIP reported the fact, or when the engine made it, in UTC.
	Time time.Time `json:"time"`
	// Type is the name of the Go type, such as "CallEnded".
	Type string `json:"type"`
	// Account is the number of the account in the INI, 0 for the local account
	// and for events that are about none.
	Account int `json:"account,omitempty"`
	// Call is 0 for events that are about none.
	Call CallID `json:"call,omitempty"`
}

// Header implements [Event].
func (h EventHeader) Header() EventHeader { return h }

// CallState is a state of a call, in PJSIP's words.
type CallState string

// The states, in the order in which a call goes through them; see
// [pjsua.CallState].
const (
	StateNull         CallState = "NULL"
	StateCalling      CallState = "CALLING"
	StateIncoming     CallState = "INCOMING"
	StateEarly        CallState = "EARLY"
	StateConnecting   CallState = "CONNECTING"
	StateConfirmed    CallState = "CONFIRMED"
	StateDisconnected CallState = "DISCONNECTED"
)

// rank orders the states as a call goes through them.
func (s CallState) rank() int {
	switch s {
	case StateCalling, StateIncoming:
		return 1
	case StateEarly:
		return 2
	case StateConnecting:
		return 3
	case StateConfirmed:
		return 4
	case StateDisconnected:
		return 5
	}
	return 0
}

// EngineStarted says that the transports listen and that the accounts were added.
// It is the first event of an Engine.
type EngineStarted struct {
	EventHeader
	Transports []TransportAddress `json:"transports"`
}

// TransportAddress is where a SIP transport listens.
type TransportAddress struct {
	Type    string `json:"type"`    // "UDP", "TCP", "TLS", with a 6 for IPv6
	Address string `json:"address"` // host and port
}

// EngineStopped is the last event of an Engine.
type EngineStopped struct {
	EventHeader
	// Error is why the engine stopped by itself, empty when it was asked to.
	Error string `json:"error,omitempty"`
}

// RegistrationChanged reports the outcome of a REGISTER.
type RegistrationChanged struct {
	EventHeader
	Registered bool `json:"registered"`
	// Code is the answer's status code. Where none came it is PJSIP's own: 408 after
	// 32 s without an answer, 502 when the name does not resolve, 503 when there is
	// no connection; 0 when no request could be made.
	Code int `json:"code"`
	// Reason is the answer's reason phrase, or why none came.
	Reason string `json:"reason"`
	// Detail says in words what to look at, for failures that a configuration
	// causes.
	Detail string `json:"detail,omitempty"`
	// ExpiresMS is how long the registration is good for.
	ExpiresMS int64 `json:"expires_ms,omitempty"`
	// Unregistering says that the request was one to end the registration.
	Unregistering bool `json:"unregistering,omitempty"`
}

// IncomingCall reports a new call from outside. What the engine does with it
// follows in other events.
type IncomingCall struct {
	EventHeader
	Remote string `json:"remote"` // the caller: name and URI
	Local  string `json:"local"`  // who was called: name and URI
	// Name is that of the contact with the caller's number, else the caller's own.
	Name      string `json:"name,omitempty"`
	SIPCallID string `json:"sip_call_id"`
	Source    string `json:"source"` // address and port the INVITE came from

	invite pjsua.IncomingCall
}

// HeaderValues returns the values of all header fields called name (any case) in
// the INVITE, in order of appearance.
func (e IncomingCall) HeaderValues(name string) []string { return e.invite.HeaderValues(name) }

// CallStateChanged reports that a call moved to another state.
type CallStateChanged struct {
	EventHeader
	Role      string    `json:"role"` // "UAC": we called, "UAS": we were called
	State     CallState `json:"state"`
	Code      int       `json:"code,omitempty"` // the last status code of the call
	Reason    string    `json:"reason,omitempty"`
	Remote    string    `json:"remote"`
	Local     string    `json:"local"`
	SIPCallID string    `json:"sip_call_id"`
}

// CallMediaChanged reports the media of a call after an offer was answered, or
// after the call was put on hold or resumed.
type CallMediaChanged struct {
	EventHeader
	Media []Media `json:"media"`
}

// Media is one audio stream of a call.
type Media struct {
	// Status is "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR" or "NONE".
	Status string `json:"status"`
	// Direction is that of SDP, seen from here: "sendrecv", "sendonly",
	// "recvonly", "inactive".
	Direction string `json:"direction"`
	Codec     string `json:"codec,omitempty"` // such as "PCMU/8000"
	SRTP      string `json:"srtp,omitempty"`  // the crypto suite, empty when RTP is in the clear
}

// CallEnded reports that a call is over, with its final figures. There is exactly
// one for each call, and only [PlaybackEnded], [RecordingEnded] and [HookFailed] of the
// call follow it.
type CallEnded struct {
	EventHeader
	Role      string `json:"role"`
	Code      int    `json:"code"`
	Reason    string `json:"reason"`
	Remote    string `json:"remote"`
	Local     string `json:"local"`
	SIPCallID string `json:"sip_call_id"`
	// DurationMS counts from the answer to the end, 0 when never answered.
	DurationMS int64 `json:"duration_ms"`
	// TotalMS counts from the INVITE to the end.
	TotalMS int64 `json:"total_ms"`
	// Elsewhere says that another phone took an incoming call, as the CANCEL tells.
	Elsewhere bool `json:"answered_elsewhere,omitempty"`
	CallStats
}

// CallStats are the figures of a call's audio.
type CallStats struct {
	Codec string         `json:"codec,omitempty"` // such as "PCMU/8000"
	RX    DirectionStats `json:"rx"`
	TX    DirectionStats `json:"tx"`     // but for packets and bytes, as the far end reported
	RTTMS float64        `json:"rtt_ms"` // mean round trip by RTCP; 0 when no report came back
}

// DirectionStats are the figures of one direction of RTP.
type DirectionStats struct {
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"` // of payload
	Lost        uint64  `json:"lost"`
	Discarded   uint64  `json:"discarded"` // frames, up to some in a packet: too late for the jitter buffer, or it was full
	Reordered   uint64  `json:"reordered"`
	Duplicates  uint64  `json:"duplicates"`
	JitterMS    float64 `json:"jitter_ms"` // mean
	JitterMaxMS float64 `json:"jitter_max_ms"`
	// MOS is an estimate by [dsp.MOS] from loss, jitter and round trip: from 1, bad, to
	// 4.41. It is left out where no packets came; of TX, also where the far end has not
	// reported by RTCP.
	MOS float64 `json:"mos,omitempty"`
}

// CallQuality tells how good the audio of an answered call is, once in qualityInterval.
type CallQuality struct {
	EventHeader
	Codec string           `json:"codec,omitempty"`
	RX    DirectionQuality `json:"rx"`     // since the CallQuality before
	TX    DirectionQuality `json:"tx"`     // of the whole call, as the far end reports by RTCP every few seconds
	RTTMS float64          `json:"rtt_ms"` // mean round trip by RTCP; 0 when no report came back
}

// DirectionQuality is what one direction of a call is like.
type DirectionQuality struct {
	MOS       float64 `json:"mos,omitempty"` // as that of DirectionStats
	Packets   uint64  `json:"packets"`
	Lost      uint64  `json:"lost"`
	Discarded uint64  `json:"discarded"`
	JitterMS  float64 `json:"jitter_ms"` // mean of the whole call
}

// DTMFReceived reports one digit from the far end, as soon as it begins; one that comes
// as tones when they have lasted long enough to be sure.
type DTMFReceived struct {
	EventHeader
	Digit      string `json:"digit"`       // "0" to "9", "*", "#", "A" to "D"
	Method     string `json:"method"`      // "RFC4733", "INFO" or "INBAND"
	DurationMS int64  `json:"duration_ms"` // as INFO tells it; 0 when it is not known yet
}

// TransferRequested reports that the far end sent a REFER, and how it was
// answered.
type TransferRequested struct {
	EventHeader
	Target string `json:"target"` // the Refer-To URI
	Code   int    `json:"code"`
}

// TransportChanged reports that a SIP connection came up or went away.
type TransportChanged struct {
	EventHeader
	Transport string `json:"transport"` // "TCP", "TLS", …
	Connected bool   `json:"connected"`
	Remote    string `json:"remote"`
	Reason    string `json:"reason,omitempty"` // why it went away
}

// PlaybackEnded reports that a file is no longer played into a call.
type PlaybackEnded struct {
	EventHeader
	Path string `json:"path"`
	// Reason is "finished" (the end of the file), "stopped", "call_ended" or
	// "failed".
	Reason string `json:"reason"`
}

// RecordingStarted reports that a call is being recorded.
type RecordingStarted struct {
	EventHeader
	Path string `json:"path"`
	// Mix: the file holds what we send too.
	Mix bool `json:"mix"`
}

// RecordingEnded reports that a recording was closed: the file is complete. After
// a [RecordingFailed] it holds what could be written.
type RecordingEnded struct {
	EventHeader
	Path       string `json:"path"`
	DurationMS int64  `json:"duration_ms"` // from RecordingStarted
}

// RecordingFailed reports that a recording could not be started, or that its file
// could not be written, because the disk is full for example.
type RecordingFailed struct {
	EventHeader
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// EventsLost reports that Count events were lost.
//
// With Final false the loss was between PJSIP and the engine, which was more than
// 65,536 events behind; what the engine knows of its calls and accounts is
// brought up to date, and events follow for what differs. With Final true the
// subscriber itself was that far behind: nothing follows, its channel is closed,
// Seq is that of the first event that it did not get, and it may subscribe again.
type EventsLost struct {
	EventHeader
	Count uint64 `json:"count"`
	Final bool   `json:"final"`
}
