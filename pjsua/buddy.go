//go:build cgo

package pjsua

/*
#include "presence.h"

static void set_buddy_serial(pjsua_buddy_config *c, int64_t serial) { c->user_data = (void *)(intptr_t)serial; }
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// Buddy is somebody whose presence or dialogs can be watched. Its methods return
// ErrBuddyGone after Remove, even when pjsua has used its slot again.
type Buddy struct {
	ep *Endpoint
	id BuddyID
}

// ID returns the buddy's serial number, which events carry.
func (b *Buddy) ID() BuddyID { return b.id }

// Buddy returns the handle of the buddy with this serial number.
func (ep *Endpoint) Buddy(id BuddyID) *Buddy { return &Buddy{ep, id} }

// AddBuddy adds a buddy (pjsua_buddy_add). When it is to subscribe and no SUBSCRIBE can be
// sent the buddy is not added.
func (ep *Endpoint) AddBuddy(ctx context.Context, cfg BuddyConfig) (*Buddy, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	id := BuddyID(C.oh_mint())
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("add buddy %q", cfg.URI)
		if C.pjsua_get_buddy_count() >= C.uint(limits.Buddies) {
			return t.fail(op, C.PJ_ETOOMANY)
		}
		c := (*C.pjsua_buddy_config)(a.zero(C.sizeof_pjsua_buddy_config))
		C.pjsua_buddy_config_default(c)
		var err error
		if c.uri, err = sipURI(t, &a, op, cfg.URI); err != nil {
			return err
		}
		var account AccountID
		if cfg.Account != nil {
			account = cfg.Account.id
			if c.acc_id, err = cfg.Account.slot(t); err != nil {
				return err
			}
		}
		C.set_buddy_serial(c, C.int64_t(id))
		var slot C.pjsua_buddy_id
		if st := C.pjsua_buddy_add(c, &slot); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		// Subscriptions begin when the serial is known, and their failures are seen.
		C.oh_buddy_bind(C.int(slot), C.int64_t(id), C.int64_t(account))
		switch {
		case cfg.Subscribe:
			err = subscribeBuddy(t, slot, PackagePresence, true)
		case cfg.SubscribeDialogEvent:
			err = subscribeBuddy(t, slot, PackageDialog, true)
		}
		if err != nil {
			removeBuddy(t, slot)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ep.Buddy(id), nil
}

// slot returns the account's slot.
func (acc *Account) slot(onThread) (C.pjsua_acc_id, error) {
	acc.ep.mu.Lock()
	defer acc.ep.mu.Unlock()
	slot, ok := acc.ep.accounts[acc.id]
	if !ok {
		return 0, ErrAccountGone
	}
	return slot, nil
}

// on runs fn with the buddy's slot on pjsua's thread.
func (b *Buddy) on(ctx context.Context, fn func(t onThread, slot C.pjsua_buddy_id) error) error {
	return b.ep.do(ctx, func(t onThread) error {
		slot := C.oh_buddy_slot(C.int64_t(b.id))
		if slot < 0 {
			return ErrBuddyGone
		}
		return fn(t, C.pjsua_buddy_id(slot))
	})
}

// SubscribePresence begins or ends a subscription to the buddy's presence
// (pjsua_buddy_subscribe_pres, RFC 3856). Its states come as [SubscriptionChanged], what it
// tells as [BuddyChanged]. While it is wanted pjsua refreshes it and tries again when it
// fails.
func (b *Buddy) SubscribePresence(ctx context.Context, subscribe bool) error {
	return b.on(ctx, func(t onThread, slot C.pjsua_buddy_id) error {
		return subscribeBuddy(t, slot, PackagePresence, subscribe)
	})
}

// SubscribeDialogEvent begins or ends a subscription to the buddy's dialogs
// (pjsua_buddy_subscribe_dlg_event, RFC 4235), as a busy lamp needs. What it tells comes as
// [BuddyDialogChanged].
func (b *Buddy) SubscribeDialogEvent(ctx context.Context, subscribe bool) error {
	return b.on(ctx, func(t onThread, slot C.pjsua_buddy_id) error {
		return subscribeBuddy(t, slot, PackageDialog, subscribe)
	})
}

// UpdatePresence subscribes to the buddy's presence now if that is wanted and there is no
// subscription, as after one that failed (pjsua_buddy_update_pres).
func (b *Buddy) UpdatePresence(ctx context.Context) error {
	return b.update(ctx, PackagePresence)
}

// UpdateDialogEvent is UpdatePresence for the buddy's dialogs
// (pjsua_buddy_update_dlg_event).
func (b *Buddy) UpdateDialogEvent(ctx context.Context) error {
	return b.update(ctx, PackageDialog)
}

func (b *Buddy) update(ctx context.Context, pkg EventPackage) error {
	return b.on(ctx, func(t onThread, slot C.pjsua_buddy_id) error {
		return commandBuddy(t, slot, pkg, fmt.Sprintf("update %v", pkg), func() C.pj_status_t {
			if pkg == PackageDialog {
				return C.pjsua_buddy_update_dlg_event(slot)
			}
			return C.pjsua_buddy_update_pres(slot)
		})
	})
}

func subscribeBuddy(t onThread, slot C.pjsua_buddy_id, pkg EventPackage, subscribe bool) error {
	return commandBuddy(t, slot, pkg, fmt.Sprintf("subscribe to %v", pkg), func() C.pj_status_t {
		if pkg == PackageDialog {
			return C.pjsua_buddy_subscribe_dlg_event(slot, cBool(subscribe))
		}
		return C.pjsua_buddy_subscribe_pres(slot, cBool(subscribe))
	})
}

// commandBuddy runs a function of pjsua which returns success even when no SUBSCRIBE could
// be sent.
func commandBuddy(t onThread, slot C.pjsua_buddy_id, pkg EventPackage, op string, fn func() C.pj_status_t) error {
	if other := EventPackage(C.oh_buddy_package(C.int(slot))); other != 0 && other != pkg {
		return fmt.Errorf("pjsua: %s: the buddy has a subscription to %v", op, other)
	}
	before := C.oh_subscriptions_reported()
	if st := fn(); st != C.PJ_SUCCESS {
		return t.fail(op, st)
	}
	var info C.pjsua_buddy_info
	if st := C.pjsua_buddy_get_info(slot, &info); st != C.PJ_SUCCESS {
		return t.fail(op, st)
	}
	if info.monitor_pres != 0 && C.oh_buddy_package(C.int(slot)) == 0 && C.oh_subscriptions_reported() == before {
		return errors.New("pjsua: " + op + ": no SUBSCRIBE can be sent: there is no account or no transport for it")
	}
	return nil
}

// Info returns a snapshot of the buddy (pjsua_buddy_get_info,
// pjsua_buddy_get_dlg_event_info).
func (b *Buddy) Info(ctx context.Context) (BuddyInfo, error) {
	var out BuddyInfo
	err := b.on(ctx, func(t onThread, slot C.pjsua_buddy_id) error {
		var st C.pj_status_t
		s := C.oh_buddy_info(C.int(slot), &st)
		if s == nil {
			return t.fail("buddy info", st)
		}
		defer C.oh_record_free(unsafe.Pointer(s))
		r := &s.head
		out = BuddyInfo{
			ID: b.id, URI: recordText(r, s.remote), Account: AccountID(r.account), Contact: recordText(r, s.contact),
			Monitored: s.online != 0, Package: EventPackage(s._package), State: SubscriptionState(s.state),
			Code: SIPCode(s.code), Reason: recordText(r, s.reason),
		}
		// What it could not read its event has told.
		switch mime, body := recordText(r, s.mime), recordBytes(r, s.body); {
		case len(body) == 0:
		case out.Package == PackagePresence:
			out.Presence, _ = ParsePresence(mime, body)
		case out.Package == PackageDialog:
			out.Dialogs, _ = ParseDialogInfo(mime, body)
		}
		return nil
	})
	return out, err
}

// Remove ends the buddy's subscription without waiting for the answer and forgets the
// buddy (pjsua_buddy_del). No event of it follows those that are under way.
func (b *Buddy) Remove(ctx context.Context) error {
	return b.on(ctx, func(t onThread, slot C.pjsua_buddy_id) error {
		return t.fail("remove buddy", removeBuddy(t, slot))
	})
}

func removeBuddy(_ onThread, slot C.pjsua_buddy_id) C.pj_status_t {
	st := C.pjsua_buddy_del(slot)
	if st == C.PJ_SUCCESS {
		C.oh_buddy_unbind(C.int(slot))
	}
	return st
}

// removeBuddies removes the buddies of an account that is about to go: pjsua would
// subscribe to them by the next account in its slot.
func removeBuddies(t onThread, account AccountID) error {
	for {
		slot := C.oh_buddy_of_account(C.int64_t(account))
		if slot < 0 {
			return nil
		}
		if st := removeBuddy(t, C.pjsua_buddy_id(slot)); st != C.PJ_SUCCESS {
			return t.fail("remove buddy", st)
		}
	}
}

// Buddies returns all buddies (pjsua_enum_buddies).
func (ep *Endpoint) Buddies(ctx context.Context) ([]*Buddy, error) {
	var list []*Buddy
	err := ep.do(ctx, func(t onThread) error {
		slots := make([]C.pjsua_buddy_id, limits.Buddies)
		n := C.uint(len(slots))
		if st := C.pjsua_enum_buddies(&slots[0], &n); st != C.PJ_SUCCESS {
			return t.fail("list buddies", st)
		}
		for _, slot := range slots[:n] {
			list = append(list, ep.Buddy(BuddyID(C.oh_buddy_serial(C.int(slot)))))
		}
		return nil
	})
	return list, err
}

// BuddyCount returns how many buddies there are (pjsua_get_buddy_count).
func (ep *Endpoint) BuddyCount(ctx context.Context) (int, error) {
	n := 0
	err := ep.do(ctx, func(onThread) error { n = int(C.pjsua_get_buddy_count()); return nil })
	return n, err
}

// FindBuddy returns the buddy with this user, host and port (pjsua_buddy_find). There
// being none is StatusNotFound.
func (ep *Endpoint) FindBuddy(ctx context.Context, uri string) (*Buddy, error) {
	var found *Buddy
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("find buddy %q", uri)
		s, err := sipURI(t, &a, op, uri)
		if err != nil {
			return err
		}
		slot := C.pjsua_buddy_find(&s)
		if C.pjsua_buddy_is_valid(slot) == 0 {
			return t.fail(op, C.PJ_ENOTFOUND)
		}
		found = ep.Buddy(BuddyID(C.oh_buddy_serial(C.int(slot))))
		return nil
	})
	return found, err
}

// PresenceDump writes the subscriptions that there are to PJSIP's log, with verbose each of
// them (pjsua_pres_dump).
func (ep *Endpoint) PresenceDump(ctx context.Context, verbose bool) error {
	return ep.do(ctx, func(onThread) error { C.pjsua_pres_dump(cBool(verbose)); return nil })
}

// decodeSubscription makes the event of an oh_subscription.
func decodeSubscription(r *C.oh_head, h EventHeader) Event {
	s := (*C.oh_subscription)(unsafe.Pointer(r))
	text := func(t C.oh_text) string { return recordText(r, t) }
	buddy, account, state := BuddyID(r.object), AccountID(r.account), SubscriptionState(s.state)
	if r._type == C.OH_SUBSCRIPTION {
		return SubscriptionChanged{
			EventHeader: h, Package: EventPackage(s._package), Buddy: buddy, Account: account, State: state,
			StateName: text(s.state_name), Expires: time.Duration(s.expires) * time.Second, Code: SIPCode(s.code), Reason: text(s.reason),
		}
	}
	mime, body := text(s.mime), recordBytes(r, s.body)
	switch s._package {
	case C.OH_MWI:
		ev := MWIChanged{
			EventHeader: h, Account: account, Subscribed: s.online != 0, ContentType: mime, Body: body, Source: text(s.source),
		}
		ev.Summary, ev.Err = ParseMessageSummary(mime, body)
		return ev
	case C.OH_DIALOG:
		ev := BuddyDialogChanged{EventHeader: h, Buddy: buddy, Account: account, State: state, ContentType: mime, Body: body}
		if len(body) > 0 && state != SubTerminated {
			ev.Dialogs, ev.Err = ParseDialogInfo(mime, body)
		}
		return ev
	}
	ev := BuddyChanged{EventHeader: h, Buddy: buddy, Account: account, State: state, ContentType: mime, Body: body}
	if len(body) > 0 && state != SubTerminated {
		ev.Presence, ev.Err = ParsePresence(mime, body)
	}
	return ev
}
