//go:build cgo

package pjsua

/*
#include "watcher.h"

static pjrpid_element rpid_element(pj_str_t id, int activity, pj_str_t note)
{
	return (pjrpid_element){PJRPID_ELEMENT_TYPE_PERSON, id, activity, note};
}
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// SetOnlineStatus tells watchers whose subscription is active, and the presence server
// when the account publishes, how things are (pjsua_acc_set_online_status2). An account is
// offline until then.
func (acc *Account) SetOnlineStatus(ctx context.Context, status OnlineStatus) error {
	note, person, err := status.element()
	if err != nil {
		return err
	}
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		// pjsua_acc_set_online_status would not tell that an activity is over.
		element := (*C.pjrpid_element)(a.zero(C.sizeof_pjrpid_element))
		*element = C.rpid_element(a.str(person), C.int(status.Activity), a.str(note))
		return t.fail("set online status", C.pjsua_acc_set_online_status2(slot, cBool(status.Online), element))
	})
}

// NotifyPresence decides about a watcher of the account, or tells him its presence again
// (pjsua_pres_notify): SubActive accepts and tells it, SubPending leaves him waiting,
// SubTerminated refuses him or ends his subscription. It returns ErrWatcherGone when that
// is over.
func (acc *Account) NotifyPresence(ctx context.Context, watcher WatcherID, state SubscriptionState, opts NotifyPresenceOptions) error {
	if state < SubPending || state > SubUnknown || (state == SubUnknown && opts.StateName == "") {
		return fmt.Errorf("pjsua: notify presence: %v is no state of a NOTIFY", state)
	}
	return acc.on(ctx, func(t onThread, _ C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		msg, release, err := messageData(t, &a, opts.Msg)
		if err != nil {
			return err
		}
		defer release()
		name, reason := a.str(opts.StateName), a.str(opts.Reason)
		var gone C.int
		st := C.oh_watcher_notify(C.int64_t(watcher), C.int64_t(acc.id), C.pjsip_evsub_state(state),
			optional(&name), optional(&reason), cBool(!opts.NoBody), msg, &gone)
		if gone != 0 {
			return ErrWatcherGone
		}
		return t.fail("notify presence", st)
	})
}

// decodeWatcher makes the event of an oh_subscription to our presence.
func decodeWatcher(r *C.oh_head, h EventHeader) Event {
	s := (*C.oh_subscription)(unsafe.Pointer(r))
	if r._type == C.OH_WATCHER {
		return WatcherChanged{
			EventHeader: h, Watcher: WatcherID(r.object), Account: AccountID(r.account),
			Remote: recordText(r, s.remote), State: SubscriptionState(s.state),
		}
	}
	return WatcherSubscribed{
		EventHeader: h, Watcher: WatcherID(r.object), Account: AccountID(r.account), Buddy: BuddyID(s.buddy),
		Remote: recordText(r, s.remote), Code: SIPCode(s.code), Expires: time.Duration(s.expires) * time.Second,
		Source: recordText(r, s.source), Request: recordBytes(r, s.request),
	}
}
