package engine

import "github.com/offhook-voip/offhook/pjsua"

// MessageID is the number of a message that was sent, never used twice in a process.
type MessageID = pjsua.MessageID

// ConferenceID is the number of a conference, never used twice by an Engine.
type ConferenceID int64

// TransferStarted reports that a REFER was sent, or the digits of a feature code.
type TransferStarted struct {
	EventHeader
	Target string `json:"target"` // who takes over: a URI, or what follows the feature code
	// Other is the call whose far end takes over, of an attended transfer.
	Other CallID `json:"other,omitempty"`
}

// TransferProgress reports how the new call of a transfer fares, as the far end
// tells it.
type TransferProgress struct {
	EventHeader
	Code   int    `json:"code"` // of the new call; of the REFER when that was refused
	Reason string `json:"reason"`
}

// TransferEnded reports the end of a transfer. There is one for each
// [TransferStarted].
type TransferEnded struct {
	EventHeader
	Target string `json:"target"`
	Other  CallID `json:"other,omitempty"`
	// Outcome is "succeeded": the call is hung up; "failed": it goes on; "unknown": it
	// ended before the far end told, or digits cannot tell.
	Outcome string `json:"outcome"`
	Code    int    `json:"code"`
	Reason  string `json:"reason"`
}

// CallTransferred reports that the far end had us call somebody else, as the
// configuration allows: its REFER made the call NewCall.
type CallTransferred struct {
	EventHeader
	NewCall CallID `json:"new_call"`
}

// ReplaceRequested reports an INVITE that asks to take the place of a call, and how it
// was answered.
type ReplaceRequested struct {
	EventHeader
	Code   int    `json:"code"`
	Remote string `json:"remote"` // who asks: name and URI
}

// CallReplaced reports that NewCall takes the place of the call, which ends.
type CallReplaced struct {
	EventHeader
	NewCall CallID `json:"new_call"`
}

// CallRedirected reports a contact to which a call of ours is redirected, and what
// becomes of it.
type CallRedirected struct {
	EventHeader
	Code   int    `json:"code"` // of the answer that redirects
	Target string `json:"target"`
	// Action is "follow" or "stop".
	Action string `json:"action"`
}

// RuleMatched reports which rule of the configuration decided about an incoming call.
type RuleMatched struct {
	EventHeader
	Rule   string `json:"rule"`   // its name
	Action string `json:"action"` // "answer", "ring", "reject", "forward", "play", "hook" or "bot"
	// Value is the file of play, the command of hook, or the name of bot.
	Value string `json:"value,omitempty"`
}

// CallRejected reports an INVITE that was refused before it became a call, as there was
// no room for it for example.
type CallRejected struct {
	EventHeader
	Code      int    `json:"code"`
	Reason    string `json:"reason"`
	Remote    string `json:"remote"`
	Local     string `json:"local"`
	SIPCallID string `json:"sip_call_id"`
}

// LevelsChanged reports what is muted and how loud: of one call, or of all, then
// without a call.
type LevelsChanged struct {
	EventHeader
	Levels
}

// ConferenceChanged reports who is in a conference. Without calls it is over.
type ConferenceChanged struct {
	EventHeader
	Conference ConferenceID `json:"conference"`
	Calls      []CallID     `json:"calls"`
}

// DTMFSent reports that digits were sent.
type DTMFSent struct {
	EventHeader
	Digits string `json:"digits"`
	Method string `json:"method"` // "RFC4733", "INFO" or "INBAND"
}

// MessageReceived reports a MESSAGE of somebody.
type MessageReceived struct {
	EventHeader
	From        string `json:"from"` // name and URI, as the sender claims
	To          string `json:"to"`
	ContentType string `json:"content_type"`
	Text        string `json:"text"` // empty where the body is not text
	// Body is the body where it is not text, in base 64.
	Body   []byte `json:"body,omitempty"`
	Source string `json:"source"` // address and port it came from
}

// MessageStatus reports what became of a message that was sent: 200, the next server
// or the far end has it; 202, it is under way; 408, nobody answered.
type MessageStatus struct {
	EventHeader
	Message MessageID `json:"message"`
	To      string    `json:"to"`
	Code    int       `json:"code"`
	Reason  string    `json:"reason"`
}

// MWIChanged reports how many messages wait in the mailbox of an account.
type MWIChanged struct {
	EventHeader
	Mailbox
}

// BuddyChanged reports what is known of somebody who is watched.
type BuddyChanged struct {
	EventHeader
	BuddyInfo
}

// AccountAdded reports a new account of a running engine.
type AccountAdded struct {
	EventHeader
	URI string `json:"uri"`
}

// AccountRemoved reports that an account is no more.
type AccountRemoved struct {
	EventHeader
	URI string `json:"uri"`
}

// AccountUpdated reports that an account has another configuration.
type AccountUpdated struct {
	EventHeader
	URI string `json:"uri"`
}

// SystemResumed reports that the machine was asleep, and that accounts and calls are being
// told as soon as it has an address.
type SystemResumed struct {
	EventHeader
	AsleepMS int64 `json:"asleep_ms"`
}

// AddressChanged reports that the machine has other IP addresses, and that accounts
// and calls are being told.
type AddressChanged struct {
	EventHeader
	Addresses []string `json:"addresses"`
}
