//go:build cgo

package pjsua

/*
#include "account.h"

// The fixed-size text buffers of pjsua_acc_info are too big for one record per event.

// Serials as user data never pass through Go, which would take them for pointers that are
// broken.
static void set_serial(pjsua_acc_config *c, int64_t serial) { c->user_data = (void *)(intptr_t)serial; }
static void set_account_serial(pjsua_acc_id acc, int64_t serial) { pjsua_acc_set_user_data(acc, (void *)(intptr_t)serial); }
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// Account is an account of pjsua: an address of record, with a registration when it
// has a registrar. Its methods return ErrAccountGone after Remove.
type Account struct {
	ep *Endpoint
	id AccountID
}

// ID returns the account's serial number, which events carry.
func (acc *Account) ID() AccountID { return acc.id }

// Account returns the handle of the account with this serial number.
func (ep *Endpoint) Account(id AccountID) *Account { return &Account{ep, id} }

// AddAccount adds an account (pjsua_acc_add) and, when it has a registrar, sends the
// first REGISTER unless that is left for later; the answer comes as
// RegistrationChanged. It fails when there is no transport to send it by.
func (ep *Endpoint) AddAccount(ctx context.Context, cfg AccountConfig) (*Account, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	id := AccountID(C.oh_mint())
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		pool, release, err := newPool(t, &a)
		if err != nil {
			return err
		}
		defer release()
		c := newAccountConfig(t, &a)
		if err := setAccount(t, c, pool, &a, cfg); err != nil {
			return err
		}
		C.set_serial(c, C.int64_t(id))
		// pjsua_acc_add would swallow the error of its first REGISTER.
		c.register_on_acc_add = C.PJ_FALSE
		var slot C.pjsua_acc_id
		if err := ep.setAccountPolicy(t, id, cfg.Policy); err != nil {
			return err
		}
		// The table knows the account before the first event can be read.
		ep.mu.Lock()
		defer ep.mu.Unlock()
		if st := C.pjsua_acc_add(c, C.PJ_FALSE, &slot); st != C.PJ_SUCCESS {
			return t.fail(fmt.Sprintf("add account %q", cfg.ID), st)
		}
		ep.accounts[id] = slot
		C.oh_account_set_register_on_add(C.int(slot), cBool(!cfg.RegisterLater))
		if cfg.Registrar == "" || cfg.RegisterLater {
			return nil
		}
		err = register(t, slot, true, fmt.Sprintf("register %q at %q", cfg.ID, cfg.Registrar))
		if err != nil {
			delete(ep.accounts, id)
			C.pjsua_acc_del(slot)
		}
		return err
	})
	if err != nil {
		ep.forgetPolicy(id)
		return nil, err
	}
	return ep.Account(id), nil
}

// on runs fn with the account's slot on pjsua's thread.
func (acc *Account) on(ctx context.Context, fn func(t onThread, slot C.pjsua_acc_id) error) error {
	return acc.ep.do(ctx, func(t onThread) error {
		acc.ep.mu.Lock()
		slot, ok := acc.ep.accounts[acc.id]
		acc.ep.mu.Unlock()
		if !ok {
			return ErrAccountGone
		}
		return fn(t, slot)
	})
}

// Register sends a REGISTER now, or, with renew false, one that ends the registration
// (pjsua_acc_set_registration). The answer comes as RegistrationChanged, and so does
// the failure to send it; an error means that no event follows.
func (acc *Account) Register(ctx context.Context, renew bool) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error { return register(t, slot, renew, "register") })
}

func register(t onThread, slot C.pjsua_acc_id, renew bool, op string) error {
	before := C.oh_registrations_reported()
	st := C.pjsua_acc_set_registration(slot, cBool(renew))
	if C.oh_registrations_reported() != before {
		return nil
	}
	return t.fail(op, st)
}

// Info returns a snapshot of the account (pjsua_acc_get_info).
func (acc *Account) Info(ctx context.Context) (AccountInfo, error) {
	var out AccountInfo
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) (err error) {
		out, err = accountInfo(t, acc.id, slot)
		return err
	})
	return out, err
}

func accountInfo(t onThread, id AccountID, slot C.pjsua_acc_id) (AccountInfo, error) {
	var info C.pjsua_acc_info
	if st := C.pjsua_acc_get_info(slot, &info); st != C.PJ_SUCCESS {
		return AccountInfo{}, t.fail("account info", st)
	}
	out := AccountInfo{
		ID: id, URI: goStr(info.acc_uri), Default: info.is_default != 0, HasRegistrar: info.has_registration != 0,
		Registered: registered(t, slot), LastError: Status(info.reg_last_err),
		Online: info.online_status != 0, OnlineText: goStr(info.online_status_text),
	}
	if code := SIPCode(info.status); code > 0 {
		out.Code = code
		out.Reason = goStr(info.status_text)
	}
	if out.Registered {
		out.Expires = time.Duration(info.expires) * time.Second
	}
	return out, nil
}

// Accounts lists the accounts, in no order that means anything (pjsua_enum_accs).
func (ep *Endpoint) Accounts(ctx context.Context) ([]AccountInfo, error) {
	var out []AccountInfo
	err := ep.do(ctx, func(t onThread) error {
		for _, slot := range accountIDs(t) {
			id := AccountID(C.oh_account_serial(slot))
			if id == 0 {
				continue
			}
			info, err := accountInfo(t, id, slot)
			if err != nil {
				return err
			}
			out = append(out, info)
		}
		return nil
	})
	return out, err
}

// AddLocalAccount adds an account for the address that a transport is published as
// (pjsua_acc_add_local): its ID is that, its priority below that of other accounts, and
// it is bound to the transport.
func (ep *Endpoint) AddLocalAccount(ctx context.Context, tp *Transport) (*Account, error) {
	id := AccountID(C.oh_mint())
	err := tp.on(ctx, func(t onThread) error {
		var slot C.pjsua_acc_id
		if st := C.pjsua_acc_add_local(tp.id, C.PJ_FALSE, &slot); st != C.PJ_SUCCESS {
			return t.fail("add local account", st)
		}
		C.set_account_serial(slot, C.int64_t(id))
		ep.mu.Lock()
		ep.accounts[id] = slot
		ep.mu.Unlock()
		// It has PJSIP's defaults and not ours.
		cfg, err := accountConfig(t, ep, slot)
		if err == nil {
			err = modify(t, ep, id, slot, AccountConfig{ID: cfg.ID, Priority: cfg.Priority, Transport: tp})
		}
		if err != nil {
			remove(t, ep, id, slot)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ep.Account(id), nil
}

// Valid says whether the account is there (pjsua_acc_is_valid).
func (acc *Account) Valid(ctx context.Context) (bool, error) {
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		if C.pjsua_acc_is_valid(slot) == 0 {
			return ErrAccountGone
		}
		return nil
	})
	if err == ErrAccountGone {
		return false, nil
	}
	return err == nil, err
}

// SetDefaultAccount makes acc the account for requests that fit no other
// (pjsua_acc_set_default). It is the first one unless set.
func (ep *Endpoint) SetDefaultAccount(ctx context.Context, acc *Account) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		return t.fail("set the default account", C.pjsua_acc_set_default(slot))
	})
}

// DefaultAccount returns the default account, nil when there is none
// (pjsua_acc_get_default).
func (ep *Endpoint) DefaultAccount(ctx context.Context) (*Account, error) {
	var acc *Account
	err := ep.do(ctx, func(t onThread) error {
		acc = ep.accountIn(t, C.pjsua_acc_get_default())
		return nil
	})
	return acc, err
}

// accountIn is the account in a slot, nil when there is none.
func (ep *Endpoint) accountIn(_ onThread, slot C.pjsua_acc_id) *Account {
	if C.pjsua_acc_is_valid(slot) == 0 {
		return nil
	}
	if id := AccountID(C.oh_account_serial(slot)); id != 0 {
		return ep.Account(id)
	}
	return nil
}

// AccountForOutgoing returns the account that fits a call to uri best
// (pjsua_acc_find_for_outgoing), nil when there is none.
func (ep *Endpoint) AccountForOutgoing(ctx context.Context, uri string) (*Account, error) {
	var acc *Account
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		to, err := sipURI(t, &a, fmt.Sprintf("account for %q", uri), uri)
		if err != nil {
			return err
		}
		acc = ep.accountIn(t, C.pjsua_acc_find_for_outgoing(&to))
		return nil
	})
	return acc, err
}

// SetIncomingRules replaces the table that decides which account a request outside of a
// dialog is for: INVITE, MESSAGE, SUBSCRIBE, OPTIONS and unsolicited NOTIFY (pjsua's
// on_acc_find_for_incoming). The first rule that fits decides, and [AccountMatched]
// reports it; where none does, or its account was removed, PJSIP chooses by the user
// and the domain of the To header. No rules remove the table.
func (ep *Endpoint) SetIncomingRules(ctx context.Context, rules []IncomingRule) error {
	for i, r := range rules {
		if err := r.validate(i); err != nil {
			return err
		}
	}
	return ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		first := (*C.oh_match)(a.zero(uintptr(len(rules)+1) * C.sizeof_oh_match))
		for i, r := range rules {
			c := &unsafe.Slice(first, len(rules))[i]
			setText(c.user[:], r.User)
			setText(c.domain[:], r.Domain)
			setText(c.line[:], r.Line)
			c.account = C.int64_t(r.Account.id)
		}
		if C.oh_matches_set(first, C.uint(len(rules))) == 0 {
			return t.fail("set incoming rules", C.PJ_ENOMEM)
		}
		return nil
	})
}

// setText copies a text that fits, with its NUL, into zeroed memory.
func setText(dst []C.char, text string) {
	for i := range len(text) {
		dst[i] = C.char(text[i])
	}
}

// SetTransport binds the account to a transport, nil to none (pjsua_acc_set_transport).
// A registration stays with the one it was made by until it is renewed.
func (acc *Account) SetTransport(ctx context.Context, tp *Transport) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		id := C.pjsua_transport_id(C.PJSUA_INVALID_ID)
		if tp != nil {
			if acc.ep.transport(tp.id) != tp {
				return ErrTransportGone
			}
			id = tp.id
		}
		return t.fail("bind account to transport", C.pjsua_acc_set_transport(slot, id))
	})
}

// Contact returns the Contact header that the account would send in a request to uri
// (pjsua_acc_create_uac_contact).
func (acc *Account) Contact(ctx context.Context, uri string) (string, error) {
	var out string
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("contact for %q", uri)
		to, err := sipURI(t, &a, op, uri)
		if err != nil {
			return err
		}
		pool, release, err := newPool(t, &a)
		if err != nil {
			return err
		}
		defer release()
		var contact C.pj_str_t
		if st := C.pjsua_acc_create_uac_contact(pool, &contact, slot, &to); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		out = goStr(contact)
		return nil
	})
	return out, err
}

// SetUserData keeps a value with the account (pjsua_acc_set_user_data); nil removes it.
// It goes with the account, and is not looked at.
func (acc *Account) SetUserData(ctx context.Context, data any) error {
	return acc.on(ctx, func(_ onThread, _ C.pjsua_acc_id) error {
		acc.ep.mu.Lock()
		defer acc.ep.mu.Unlock()
		if data == nil {
			delete(acc.ep.accountData, acc.id)
		} else {
			acc.ep.accountData[acc.id] = data
		}
		return nil
	})
}

// UserData returns what SetUserData kept, nil when there is nothing
// (pjsua_acc_get_user_data).
func (acc *Account) UserData() any {
	acc.ep.mu.Lock()
	defer acc.ep.mu.Unlock()
	return acc.ep.accountData[acc.id]
}

// Config returns the configuration that is in force (pjsua_acc_get_config): that given
// to AddAccount or the last Modify, with PJSIP's defaults filled in.
func (acc *Account) Config(ctx context.Context) (AccountConfig, error) {
	var cfg AccountConfig
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) (err error) {
		cfg, err = accountConfig(t, acc.ep, slot)
		return err
	})
	cfg.Policy = acc.ep.accountPolicy(acc.id)
	return cfg, err
}

func accountConfig(t onThread, ep *Endpoint, slot C.pjsua_acc_id) (AccountConfig, error) {
	var a arena
	defer a.free()
	pool, release, err := newPool(t, &a)
	if err != nil {
		return AccountConfig{}, err
	}
	defer release()
	c := newAccountConfig(t, &a)
	if st := C.pjsua_acc_get_config(slot, pool, c); st != C.PJ_SUCCESS {
		return AccountConfig{}, t.fail("account config", st)
	}
	return getAccount(t, c, ep.transport), nil
}

// Modify replaces the account's configuration (pjsua_acc_modify). Where something that
// a registrar sees changed, the account registers again, after ending the registration
// of before, whose outcome is not reported, unless DisableRegOnModify. An error of that
// does not bring the old configuration back.
func (acc *Account) Modify(ctx context.Context, cfg AccountConfig) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		return modify(t, acc.ep, acc.id, slot, cfg)
	})
}

func modify(t onThread, ep *Endpoint, id AccountID, slot C.pjsua_acc_id, cfg AccountConfig) error {
	var a arena
	defer a.free()
	pool, release, err := newPool(t, &a)
	if err != nil {
		return err
	}
	defer release()
	ice := ep.media.ICE.Enable
	if cfg.ICE != nil {
		ice = cfg.ICE.Enable
	}
	if ice && C.PJSUA_ADD_ICE_TAGS != 0 {
		cfg.ContactParams += iceTag // as pjsua_acc_add did
	}
	c := newAccountConfig(t, &a)
	if err := setAccount(t, c, pool, &a, cfg); err != nil {
		return err
	}
	C.set_serial(c, C.int64_t(id))
	if err := ep.setAccountPolicy(t, id, cfg.Policy); err != nil {
		return err
	}
	return t.fail(fmt.Sprintf("modify account %q", cfg.ID), C.oh_account_modify(C.int(slot), c))
}

// Remove ends the registration without waiting for the answer and deletes the account
// and its buddies (pjsua_acc_del2). The error of one that has calls is ErrAccountBusy.
func (acc *Account) Remove(ctx context.Context, opts RemoveOptions) error {
	for {
		ending := false
		err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
			if busy := C.oh_account_busy(C.int(slot)); busy != C.OH_IDLE && !opts.Force {
				ending = busy == C.OH_ENDING
				return ErrAccountBusy
			}
			if err := removeBuddies(t, acc.id); err != nil {
				return err
			}
			param := C.pjsua_acc_del_param{force: cBool(opts.Force)}
			st := C.pjsua_acc_del2(slot, &param)
			switch st {
			case C.PJ_EBUSY: // a call came in just now
				return ErrAccountBusy
			case C.PJ_SUCCESS:
				acc.ep.forget(t, acc.id)
			}
			return t.fail("remove account", st)
		})
		if !ending {
			return err
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// remove takes back an account that could not be set up.
func remove(t onThread, ep *Endpoint, id AccountID, slot C.pjsua_acc_id) {
	C.pjsua_acc_del(slot)
	ep.forget(t, id)
}

func (ep *Endpoint) forget(_ onThread, id AccountID) {
	ep.forgetPolicy(id)
	ep.mu.Lock()
	defer ep.mu.Unlock()
	delete(ep.accounts, id)
	delete(ep.accountData, id)
}

func decodeAccount(head *C.oh_head, h EventHeader) Event {
	r := (*C.oh_account_fact)(unsafe.Pointer(head))
	text := func(t C.oh_text) string { return recordText(head, t) }
	switch head._type {
	case C.OH_REGISTRATION_STARTED:
		return RegistrationStarted{EventHeader: h, Account: AccountID(head.account), Renew: r.renew != 0}
	case C.OH_ACCOUNT_MATCHED:
		return AccountMatched{
			EventHeader: h, Account: AccountID(head.account), Default: AccountID(r.default_acc), Rule: int(r.rule),
			Method: text(r.method), URI: text(r.uri),
		}
	case C.OH_CHALLENGED:
		return AuthChallenged{
			EventHeader: h, Account: AccountID(head.account), Call: CallID(head.call), Code: SIPCode(r.code), Method: text(r.method),
			Scheme: text(r.uri), Realm: text(r.realm), Algorithm: text(r.algorithm), Stale: r.stale != 0,
		}
	}
	return nil
}
