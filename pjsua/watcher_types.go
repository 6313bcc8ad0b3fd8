package pjsua

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"time"
)

// WatcherID is the serial number of a subscription to our presence, never used twice in a
// process; 0 names nothing.
type WatcherID int64

// ErrWatcherGone is returned for a watcher whose subscription is over.
var ErrWatcherGone = errors.New("pjsua: the watcher's subscription is over")

// SubscribeAction is what is done with a SUBSCRIBE to an account's presence.
type SubscribeAction int

// The answers to a SUBSCRIBE.
const (
	SubscribeDecline SubscribeAction = iota // refuse all
	SubscribeAccept                         // anybody may watch the account
	SubscribeAsk                            // 202 and "pending" until Account.NotifyPresence decides
)

func (a SubscribeAction) String() string {
	return enumString(int(a), "SubscribeAction", "decline", "accept", "ask")
}

// SubscribePolicy answers a SUBSCRIBE to an account's presence (RFC 3856; pjsua's
// on_incoming_subscribe). The event is [WatcherSubscribed].
type SubscribePolicy struct {
	Action SubscribeAction
	// Code refuses; 0 means 603.
	Code SIPCode
}

// OnlineStatus is what watchers and the presence server are told of an account
// (pjrpid_element).
type OnlineStatus struct {
	Online   bool
	Activity Activity
	Note     string // any text of up to 1,024 bytes
	Person   string // id of the person element (RFC 4480); empty: PJSIP makes one
}

// element returns the texts as they go into XML: PJSIP does not escape them.
func (s OnlineStatus) element() (note, person string, err error) {
	if len(s.Note) > 1024 || len(s.Person) > 128 {
		return "", "", errors.New("pjsua: online status: the note or the person's id is too long")
	}
	escape := func(text string) string {
		var b strings.Builder
		err = errors.Join(err, xml.EscapeText(&b, []byte(text)))
		return b.String()
	}
	note, person = escape(s.Note), escape(s.Person)
	if s.Activity < ActivityUnknown || s.Activity > ActivityBusy {
		err = errors.Join(err, fmt.Errorf("pjsua: online status: unknown %v", s.Activity))
	}
	return note, person, err
}

// NotifyPresenceOptions are the choices of [Account.NotifyPresence].
type NotifyPresenceOptions struct {
	// StateName is sent in place of "active", "pending" or "terminated".
	StateName string
	// Reason says why, with SubTerminated: "rejected", "noresource", "giveup" (RFC 6665
	// section 4.1.3).
	Reason string
	// NoBody leaves out what the account's presence is; one that is refused should not
	// learn it.
	NoBody bool
	Msg    MsgData // of the NOTIFY
}

// WatcherSubscribed reports a SUBSCRIBE to an account's presence and how it was answered:
// pjsua's on_incoming_subscribe.
type WatcherSubscribed struct {
	EventHeader
	Watcher WatcherID // 0 when it was refused
	Account AccountID
	Buddy   BuddyID       // who has the URI in From, 0 when nobody has
	Remote  string        // From: name and URI, as the watcher claims
	Code    SIPCode       // 200, 202 when [Account.NotifyPresence] is to decide, else a refusal
	Expires time.Duration // asked for; 0 asks once, below 0: it did not say
	Source  string        // address and port it came from
	Request []byte        // the SUBSCRIBE as it came
}

// HeaderValues returns the values of all header fields called name (any case) in the
// SUBSCRIBE, in order of appearance. Folded lines are joined.
func (e WatcherSubscribed) HeaderValues(name string) []string { return headerValues(e.Request, name) }

// WatcherChanged reports that the subscription of a watcher is in another state: pjsua's
// on_srv_subscribe_state. SubTerminated is the last of it.
type WatcherChanged struct {
	EventHeader
	Watcher WatcherID
	Account AccountID
	Remote  string
	State   SubscriptionState
}
