package pjsua

// TransferRequested reports that the far end sent a REFER (RFC 3515) in a call, and how
// [TransferPolicy] answered it: pjsua's on_call_transfer_request2.
type TransferRequested struct {
	EventHeader
	Call    CallID
	Account AccountID
	Target  string // the Refer-To field's value
	Code    SIPCode
}

// CallTransferred reports that a REFER which was accepted made a new call. It comes before the
// other events of that call. The call in which the REFER came stays up until one side ends
// it; PJSIP tells its far end how the new call fares.
type CallTransferred struct {
	EventHeader
	Call      CallID // in which the REFER came
	NewCall   CallID
	Account   AccountID
	Remote    string // of the new call
	Local     string
	SIPCallID string
}

// TransferProgress reports how the transfer that [Call.Transfer] or [Call.AttendedTransfer]
// asked for fares: pjsua's on_call_transfer_status. 100 comes first, when the far end has
// accepted the REFER. Whether to hang up after success is the program's decision.
type TransferProgress struct {
	EventHeader
	Call    CallID // that is being transferred
	Account AccountID
	Code    SIPCode // of the new call; of the REFER when that was refused
	Reason  string
	Final   bool // no more progress will be told
}

// ReplaceRequested reports an INVITE with Replaces (RFC 3891), which asks to take the
// place of a call, and how [ReplacesPolicy] answered it: pjsua's on_call_replace_request2.
type ReplaceRequested struct {
	EventHeader
	Call      CallID // to be replaced
	Account   AccountID
	Code      SIPCode
	Remote    string // From of the INVITE
	Local     string // To of the INVITE
	SIPCallID string // Call-ID of the INVITE
	Source    string // address and port the request came from, by its Via
	Request   []byte // the INVITE, headers and body
}

// HeaderValues returns the values of all header fields called name (any case) in the
// INVITE.
func (e ReplaceRequested) HeaderValues(name string) []string { return headerValues(e.Request, name) }

// CallReplaced reports that a new call takes the place of another: pjsua's
// on_call_replaced. There is no IncomingCall for the new one; PJSIP answers it and ends the
// old one.
type CallReplaced struct {
	EventHeader
	Call      CallID // that ends
	NewCall   CallID
	Account   AccountID
	Remote    string // of the new call
	Local     string
	SIPCallID string
}

// CallRedirected reports a contact to which a call that we make could go next, and what
// [RedirectPolicy] decided: pjsua's on_call_redirected. With RedirectAsk the call waits for
// [Call.ProcessRedirect].
type CallRedirected struct {
	EventHeader
	Call    CallID
	Account AccountID
	Code    SIPCode // the answer that led here: 3xx, or the refusal of the contact before; 0 after ProcessRedirect
	Reason  string
	Target  string         // the contact's URI
	Action  RedirectAction // what is done with it
	Hop     int            // how many contacts policy has followed in this call
}

// OfferReceived reports an offer in a call that is up, and how [OfferPolicy] answered it:
// pjsua's on_call_rx_offer.
type OfferReceived struct {
	EventHeader
	Call    CallID
	Account AccountID
	Code    SIPCode // 200, or 488
	SDP     string  // the offer
}

// ReinviteReceived reports a re-INVITE with an offer: pjsua's on_call_rx_reinvite. When
// Waiting it is answered by [Call.AnswerReinvite]; otherwise OfferReceived follows.
type ReinviteReceived struct {
	EventHeader
	Call    CallID
	Account AccountID
	Waiting bool
	SDP     string // the offer
	Request []byte // the re-INVITE, headers and body
}

// HeaderValues returns the values of all header fields called name (any case) in the
// re-INVITE.
func (e ReinviteReceived) HeaderValues(name string) []string { return headerValues(e.Request, name) }

// OfferSent reports that the far end sent a re-INVITE without SDP and that we answer it
// with an offer: pjsua's on_call_tx_offer.
type OfferSent struct {
	EventHeader
	Call    CallID
	Account AccountID
}

// ReinviteCrossed reports that an offer of ours, of Hold, Resume, Reinvite or Update, was
// answered with 491 because the far end has sent one at the same time. It is sent again
// after a random time of up to 4 s (RFC 3261 section 14.1), ten times at most, unless
// another command of those comes first.
type ReinviteCrossed struct {
	EventHeader
	Call CallID
}

// CallRejected reports an INVITE that PJSIP refused on its own: no free call, no account
// for it, an unusable SDP, Replaces that name no call or that policy declined: pjsua's
// on_rejected_incoming_call.
type CallRejected struct {
	EventHeader
	// Call is the call that the INVITE had become already, which also ends with
	// CallEnded; 0 for most.
	Call      CallID
	Code      SIPCode
	Reason    string
	Remote    string // From
	Local     string // To
	SIPCallID string
	Source    string // address and port the request came from, by its Via
	Request   []byte // the INVITE; empty when PJSIP no longer had it
}

// HeaderValues returns the values of all header fields called name (any case) in the
// INVITE.
func (e CallRejected) HeaderValues(name string) []string { return headerValues(e.Request, name) }
