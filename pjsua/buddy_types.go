package pjsua

import (
	"errors"
	"fmt"
	"strings"
)

// BuddyID is the serial number of a buddy, never used twice in a process; 0 names
// nothing.
type BuddyID int64

// ErrBuddyGone is returned by commands on a buddy that was removed, by itself or with
// its account.
var ErrBuddyGone = errors.New("pjsua: the buddy was removed")

// BuddyConfig is what [Endpoint.AddBuddy] takes (pjsua_buddy_config).
type BuddyConfig struct {
	// URI of the buddy, with or without a display name.
	URI string
	// Account subscribes, and the buddy goes when it is removed; nil: pjsua chooses one
	// by the URI at each subscription.
	Account *Account
	// Subscribe subscribes to the buddy's presence at once, SubscribeDialogEvent to its
	// dialogs. Of the two a buddy has one: for both, add it twice.
	Subscribe            bool
	SubscribeDialogEvent bool
}

// Validate reports everything that is wrong with c, joined. The URI's syntax is PJSIP's to
// check.
func (c BuddyConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: buddy: "+format, a...)) }
	if c.URI == "" || strings.ContainsAny(c.URI, "\r\n\x00") {
		bad("URI %q is empty or holds a line break or NUL", c.URI)
	}
	if c.Subscribe && c.SubscribeDialogEvent {
		bad("a buddy has one subscription: to its presence or to its dialogs")
	}
	return errors.Join(errs...)
}

// BuddyInfo is a snapshot of a buddy (pjsua_buddy_info).
type BuddyInfo struct {
	ID      BuddyID
	URI     string
	Account AccountID // 0 when it has none of its own
	Contact string    // where the buddy is, once a subscription was accepted
	// Monitored says that the program wants a subscription; it may be down all the same.
	Monitored bool
	Package   EventPackage // of the subscription that there is; 0: none
	State     SubscriptionState
	Code      SIPCode // that ended the last subscription, see [SubscriptionChanged]
	Reason    string
	Presence  Presence   // unknown unless Package is PackagePresence
	Dialogs   DialogInfo // none unless Package is PackageDialog
}

// BuddyChanged reports what a NOTIFY told of a buddy's presence, or that nothing is known
// any more since the subscription is over: pjsua's on_buddy_state.
type BuddyChanged struct {
	EventHeader
	Buddy    BuddyID
	Account  AccountID // 0 when the buddy has none of its own
	State    SubscriptionState
	Presence Presence
	// Err says why a body could not be read; PJSIP refuses most such by itself, with 488.
	Err         error
	ContentType string
	// Body is as it came. Without one, and unless State is SubTerminated, the NOTIFY told
	// no more than the state of the subscription: the buddy is as before.
	Body []byte
}

// BuddyDialogChanged reports what a NOTIFY told of a buddy's dialogs, as a busy lamp
// shows, or that nothing is known any more since the subscription is over: pjsua's
// on_buddy_dlg_event_state (RFC 4235).
type BuddyDialogChanged struct {
	EventHeader
	Buddy       BuddyID
	Account     AccountID // 0 when the buddy has none of its own
	State       SubscriptionState
	Dialogs     DialogInfo
	Err         error // as in BuddyChanged, as what follows
	ContentType string
	Body        []byte
}
