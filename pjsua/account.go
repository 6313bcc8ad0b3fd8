//go:build cgo

package pjsua

/*
#include "bridge.h"

// The fixed-size text buffers of pjsua_acc_info are too big for one record per event.
static void *serial_data(int64_t serial) { return (void *)(intptr_t)serial; }
*/
import "C"

import (
	"context"
	"fmt"
	"time"
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
		c.user_data = C.serial_data(C.int64_t(id))
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
	out := AccountInfo{ID: acc.id}
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var info C.pjsua_acc_info
		if st := C.pjsua_acc_get_info(slot, &info); st != C.PJ_SUCCESS {
			return t.fail("account info", st)
		}
		out.URI = goStr(info.acc_uri)
		out.Registered = registered(t, slot)
		if code := SIPCode(info.status); code > 0 {
			out.Code = code
			out.Reason = goStr(info.status_text)
		}
		if out.Registered {
			out.Expires = time.Duration(info.expires) * time.Second
		}
		return nil
	})
	return out, err
}

// Config returns the configuration that is in force (pjsua_acc_get_config): that given
// to AddAccount or the last Modify, with PJSIP's defaults filled in.
func (acc *Account) Config(ctx context.Context) (AccountConfig, error) {
	var cfg AccountConfig
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		pool, release, err := newPool(t, &a)
		if err != nil {
			return err
		}
		defer release()
		c := newAccountConfig(t, &a)
		if st := C.pjsua_acc_get_config(slot, pool, c); st != C.PJ_SUCCESS {
			return t.fail("account config", st)
		}
		cfg = getAccount(t, c, acc.ep.transport)
		cfg.Policy = acc.ep.accountPolicy(acc.id)
		return nil
	})
	return cfg, err
}

// Remove ends the registration without waiting for the answer and deletes the
// account and its buddies (pjsua_acc_del).
func (acc *Account) Remove(ctx context.Context) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		if err := removeBuddies(t, acc.id); err != nil {
			return err
		}
		acc.ep.mu.Lock()
		delete(acc.ep.accounts, acc.id)
		acc.ep.mu.Unlock()
		acc.ep.forgetPolicy(acc.id)
		return t.fail("remove account", C.pjsua_acc_del(slot))
	})
}
