package pjsua

import "time"

// TransferOptions are the choices of [Call.Transfer] and [Call.AttendedTransfer].
type TransferOptions struct {
	// NoRequireReplaces leaves "Require: replaces" out of the URI of an attended transfer
	// (PJSUA_XFER_NO_REQUIRE_REPLACES), for far ends that refuse what they are required to
	// know.
	NoRequireReplaces bool
	Msg               MsgData // of the REFER
}

// UpdateOptions are the choices of [Call.Update].
type UpdateOptions struct {
	Setting CallSetting
	Msg     MsgData // of the UPDATE
}

// AnswerReinviteOptions are the choices of [Call.AnswerReinvite].
type AnswerReinviteOptions struct {
	// SDP is the answer to the offer; empty: what PJSIP makes of the call's setting.
	SDP    string
	Reason string  // replaces the code's own phrase; empty keeps it
	Msg    MsgData // of the response
}

// RedirectOp is a decision about a contact that [RedirectAsk] left to the program
// (pjsip_redirect_op).
type RedirectOp int

// The decisions.
const (
	RedirectReject        RedirectOp = iota // not this contact; go on with the next
	RedirectAccept                          // send the INVITE there
	RedirectAcceptReplace                   // and put it into To as well
	_                                       // pending, which is what it was
	RedirectStopAll                         // end the call
)

func (op RedirectOp) String() string {
	return enumString(int(op), "RedirectOp", "reject", "accept", "accept-replace", "pending", "stop")
}

// Capability says whether the far end has said that it supports something
// (pjsip_dialog_cap_status).
type Capability int

// What is known of a capability.
const (
	CapabilityUnsupported Capability = iota
	CapabilitySupported
	CapabilityUnknown // it has not sent the header field
)

func (c Capability) String() string {
	return enumString(int(c), "Capability", "unsupported", "supported", "unknown")
}

// maxDTMF is how many digits a stream of PJSIP queues.
const maxDTMF = 32

// dtmfPoll is how often SendDTMF looks whether there is room for further digits, which
// take 70 ms at least.
const dtmfPoll = 50 * time.Millisecond
