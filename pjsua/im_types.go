package pjsua

// MessageID is the serial number of a MESSAGE request that was sent, which its
// [MessageStatus] carries; never used twice in a process, 0 names nothing.
type MessageID int64

// MessageOptions are the choices of [Account.SendMessage] and [Call.SendMessage].
type MessageOptions struct {
	// ContentType is the media type of the body, with parameters where it has any;
	// empty means text/plain, whose character set is UTF-8 (RFC 3428 section 9).
	ContentType string
	// Msg is added to the request. Its own body counts only where the message has none:
	// a nil body with Msg.Parts sends the parts alone.
	Msg MsgData
}

// TypingOptions are the choices of [Account.SendTyping] and [Call.SendTyping].
type TypingOptions struct {
	Msg MsgData // of the MESSAGE that says so
}

// MessageReceived reports a MESSAGE (RFC 3428), inside a call or outside: pjsua's
// on_pager2. It has been answered with 200, unless the account leaves that to the
// program. Everything in it but Source is the sender's claim.
type MessageReceived struct {
	EventHeader
	Call        CallID    // 0 outside a call
	Account     AccountID // the account that it was addressed to, or the call's
	From        string    // name and URI
	To          string
	Contact     string // URI, empty when there is none: a MESSAGE should have none
	ContentType string // with parameters; empty when there is no body or it is not plausible
	Body        []byte // byte for byte, whatever it holds
	Source      string // address and port it came from
	Request     []byte // the request as it came, headers and body
}

// HeaderValues returns the values of all header fields called name (any case) in the
// request, in order of appearance. Folded lines are joined.
func (e MessageReceived) HeaderValues(name string) []string { return headerValues(e.Request, name) }

// MessageStatus reports what became of a message that was sent: pjsua's
// on_pager_status2. It comes once for each, unless the call that it was sent in ends
// first. A 200 says that the next element has it, a 202 that it is under way (RFC 3428
// section 7); neither says that it was read.
type MessageStatus struct {
	EventHeader
	Message  MessageID
	Call     CallID // 0 outside a call
	Account  AccountID
	To       string
	Code     SIPCode // 408 when no answer came, 503 when it could not be sent
	Reason   string
	Response []byte // as it came; nil when none did
}

// TypingReceived reports that the far end types a message or has stopped (RFC 3994):
// pjsua's on_typing2.
type TypingReceived struct {
	EventHeader
	Call    CallID // 0 outside a call
	Account AccountID
	From    string
	To      string
	Contact string
	Typing  bool
	Request []byte // the MESSAGE as it came
}
