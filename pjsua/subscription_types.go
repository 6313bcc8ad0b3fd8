package pjsua

import "time"

// EventPackage is what a subscription is about (RFC 6665).
type EventPackage int

// The event packages that pjsua subscribes to.
const (
	PackagePresence EventPackage = 1 + iota // "presence": RFC 3856
	PackageDialog                           // "dialog": RFC 4235, a busy lamp
	PackageMWI                              // "message-summary": RFC 3842
)

func (p EventPackage) String() string {
	return enumString(int(p), "EventPackage", "none", "presence", "dialog", "message-summary")
}

// SubscriptionState is a state of a subscription (pjsip_evsub_state).
type SubscriptionState int

// The states, in the order in which a subscription goes through them.
const (
	SubNull       SubscriptionState = iota
	SubSent                         // SUBSCRIBE is under way
	SubAccepted                     // it was answered, no NOTIFY has come
	SubPending                      // the other side has not decided yet
	SubActive                       // NOTIFY tells what changes
	SubTerminated                   // over, or refused
	SubUnknown                      // a state of the other side's own, see its name
)

func (s SubscriptionState) String() string {
	return enumString(int(s), "SubscriptionState", "NULL", "SENT", "ACCEPTED", "PENDING", "ACTIVE", "TERMINATED", "UNKNOWN")
}

// SubscriptionChanged reports that a subscription of ours is in another state: pjsua's
// on_buddy_evsub_state, on_buddy_evsub_dlg_event_state and on_mwi_state. One that was
// terminated is tried again by pjsua, at once or after 5 minutes as its reason wants
// (RFC 6665 section 4.1.3), until the program takes it back.
type SubscriptionChanged struct {
	EventHeader
	Package   EventPackage
	Buddy     BuddyID   // 0 with PackageMWI
	Account   AccountID // 0 when the buddy has none of its own
	State     SubscriptionState
	StateName string        // as the other side calls it
	Expires   time.Duration // until it ends unless it is refreshed; 0 when it is over
	// Code is what SUBSCRIBE was answered with when that ended it, 200 when NOTIFY or
	// time did; 0 while it is not over, and with PackageMWI.
	Code   SIPCode
	Reason string // why it is over, such as "rejected", "timeout", "Not Found"
}
