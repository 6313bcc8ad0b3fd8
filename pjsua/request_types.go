package pjsua

// HangupAnswered reports what became of the BYE or CANCEL that ended a call, after its
// CallEnded: PJSIP ends a call before the request is sent. It comes for an INVITE too
// when that gets its final response after the call was cancelled: 487, or a late 200,
// which PJSIP follows with a BYE.
type HangupAnswered struct {
	EventHeader
	Call   CallID
	Method string  // BYE, CANCEL or INVITE
	Code   SIPCode // 408 also when no answer came, 503 when the transport failed
	Reason string
	// Message is the response; nil when none came.
	Message *Message
}

// CallTransactionChanged reports that a transaction of a call's dialog moved to another
// state, for every request in both directions: pjsua's on_call_tsx_state. PJSIP stops to
// report when the call is hung up from here; see [HangupAnswered].
type CallTransactionChanged struct {
	EventHeader
	Call   CallID
	Role   Role // UAC: the request is ours
	Method string
	State  TransactionState
	Code   SIPCode // of the last response, 0 before there is one
	Reason string
	// Message is the request or response that was received and led to the state; nil
	// when it was one sent, or a timer.
	Message *Message
}

// TransactionState is a state of a transaction (pjsip_tsx_state_e, RFC 3261 section 17).
type TransactionState int

// The states of a transaction.
const (
	TransactionNull TransactionState = iota
	TransactionCalling
	TransactionTrying
	TransactionProceeding
	TransactionCompleted
	TransactionConfirmed
	TransactionTerminated
	TransactionDestroyed
)

func (s TransactionState) String() string {
	return enumString(int(s), "TransactionState", "NULL", "CALLING", "TRYING", "PROCEEDING", "COMPLETED", "CONFIRMED",
		"TERMINATED", "DESTROYED")
}
