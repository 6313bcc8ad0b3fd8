package pjsua

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

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
// state, for every request in both directions: pjsua's on_call_tsx_state. Only a [Policy]
// with ReportTransactions makes it. PJSIP stops to report when the call is hung up from
// here; see [HangupAnswered].
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

// RequestID names a request that was sent or received. Like all serials it is never used
// twice.
type RequestID int64

// RequestOptions are the choices of [Account.SendRequest].
type RequestOptions struct {
	// Msg adds to the request. Of its fields count Headers, ContentType, Body and, unless
	// Bare is set, the parts. A header field Route is a route: it follows those of the
	// account's proxies and says where the request goes.
	Msg MsgData
	// Bare leaves out what PJSIP adds beyond RFC 3261 section 8.1.1: Accept and
	// User-Agent (pjsua_acc_create_request). Msg.TargetURI is the request URI then.
	Bare bool
}

// CallRequestOptions are the choices of [Call.SendRequest].
type CallRequestOptions struct {
	Msg MsgData // adds Headers and a body to the request
}

// RequestAnswered reports the final response to a request that [Account.SendRequest] or
// [Call.SendRequest] sent: pjsua's on_acc_send_request, and on_call_tsx_state. There is
// exactly one for each that was sent without an error.
type RequestAnswered struct {
	EventHeader
	Request RequestID
	Call    CallID    // 0 outside a call
	Account AccountID // 0 in a call
	Method  string
	Code    SIPCode // 408 also when no answer came, 503 when the transport failed
	Reason  string
	Message *Message // the response; nil when none came
}

// RequestReceived reports a request that neither PJSIP nor a call handled itself, in a
// call or outside, and how it was answered. INVITE, ACK, BYE, CANCEL, PRACK and UPDATE
// are never among them; MESSAGE, OPTIONS, SUBSCRIBE, NOTIFY and REFER are where a
// [RequestRule] takes them from PJSIP, or where PJSIP does not know what to do.
type RequestReceived struct {
	EventHeader
	Request   RequestID
	Call      CallID    // 0 outside a call
	Account   AccountID // that it was addressed to; 0 in a call, see Call
	Method    string
	Transport TransportType
	Source    string // address and port it came from
	// Asked says that the request waits for [Endpoint.Respond].
	Asked   bool
	Code    SIPCode // the answer; 0 when Asked
	Message *Message
}

// Response is an answer to a request.
type Response struct {
	Code    SIPCode // 200 to 699
	Reason  string  // replaces the code's own phrase; empty keeps it
	Headers []Header
	// ContentType ("text/plain") and Body are the body; empty: none.
	ContentType string
	Body        []byte
}

func (r Response) msg() MsgData {
	return MsgData{Headers: r.Headers, ContentType: r.ContentType, Body: r.Body}
}

// RequestScope says where a rule holds.
type RequestScope int

// The scopes.
const (
	Anywhere RequestScope = iota
	OutOfCall
	InCall
)

func (s RequestScope) String() string {
	return enumString(int(s), "RequestScope", "anywhere", "out of call", "in call")
}

// RequestRule says how requests with a method are answered.
type RequestRule struct {
	// Method is a SIP method. Outside a call a rule takes it from PJSIP, which would
	// answer OPTIONS, and handle MESSAGE, SUBSCRIBE and NOTIFY. In a call PJSIP comes
	// first: MESSAGE, REFER, INFO with digits or media control, and what belongs to a
	// subscription stay with it. Empty: everything that nothing else handles.
	Method string
	Scope  RequestScope
	// Ask lets the request wait for [Endpoint.Respond], for Wait; 0 means 5 s, and the
	// limit is 25 s, since the far end gives up after 32 s (RFC 3261 section 17.1.2.2).
	// After that, Response.Code is sent.
	Ask  bool
	Wait time.Duration
	// Response is the answer. Its Code must be given unless Ask is set, when 0 means 500.
	Response Response
}

const (
	defaultRequestWait = 5 * time.Second
	maxRequestWait     = 25 * time.Second
)

// Validate reports everything that is wrong with r, joined.
func (r RequestRule) Validate() error {
	var errs []error
	bad := func(format string, a ...any) {
		errs = append(errs, fmt.Errorf("pjsua: request rule %q: "+format, append([]any{r.Method}, a...)...))
	}
	if r.Method != "" && !isToken(r.Method) {
		bad("this is not a method")
	}
	switch strings.ToUpper(r.Method) {
	case "INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE":
		bad("PJSIP's calls need this method")
	}
	if r.Scope < Anywhere || r.Scope > InCall {
		bad("unknown scope %v", r.Scope)
	}
	if r.Wait < 0 || r.Wait > maxRequestWait {
		bad("Wait %v is outside 0 to %v", r.Wait, maxRequestWait)
	}
	if code := r.Response.Code; (code != 0 || !r.Ask) && (code < 200 || code > 699) {
		bad("%d is no final response code", int(code))
	}
	return errors.Join(errs...)
}

// isToken says whether s is a token of RFC 3261 section 25.1.
func isToken(s string) bool {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && !strings.ContainsRune("-.!%*_+`'~", rune(c)) {
			return false
		}
	}
	return s != ""
}
