//go:build cgo

package pjsua

/*
#include "bridge.h"

static void set_cred(pjsip_cred_info *cred, pj_str_t realm, pj_str_t scheme, pj_str_t user, pj_str_t password)
{
	cred->realm = realm;
	cred->scheme = scheme;
	cred->username = user;
	cred->data_type = PJSIP_CRED_DATA_PLAIN_PASSWD;
	cred->data = password;
}

// The fixed-size text buffers of pjsua_acc_info are too big for one record per event.
static void *serial_data(int64_t serial) { return (void *)(intptr_t)serial; }
*/
import "C"

import (
	"context"
	"fmt"
	"strings"
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
		c := (*C.pjsua_acc_config)(a.zero(C.sizeof_pjsua_acc_config))
		C.pjsua_acc_config_default(c)
		if err := setAccount(t, c, cfg, &a); err != nil {
			return err
		}
		c.user_data = C.serial_data(C.int64_t(id))
		// pjsua_acc_add would swallow the error of its first REGISTER.
		c.register_on_acc_add = C.PJ_FALSE
		var slot C.pjsua_acc_id
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
		err := register(t, slot, true, fmt.Sprintf("register %q at %q", cfg.ID, cfg.Registrar))
		if err != nil {
			delete(ep.accounts, id)
			C.pjsua_acc_del(slot)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return ep.Account(id), nil
}

func setAccount(t onThread, c *C.pjsua_acc_config, cfg AccountConfig, a *arena) error {
	uri := func(name, text string) (C.pj_str_t, error) {
		s := a.str(text)
		if text != "" && C.pjsua_verify_sip_url(s.ptr) != C.PJ_SUCCESS {
			return s, t.fail(fmt.Sprintf("account %s %q", name, text), C.PJSIP_EINVALIDURI)
		}
		return s, nil
	}
	var err error
	if c.id, err = uri("ID", cfg.ID); err != nil {
		return err
	}
	if c.reg_uri, err = uri("registrar", cfg.Registrar); err != nil {
		return err
	}
	for i, proxy := range cfg.Proxies {
		if !strings.Contains(strings.ToLower(proxy), ";lr") {
			proxy += ";lr"
		}
		if c.proxy[i], err = uri("proxy", proxy); err != nil {
			return err
		}
	}
	c.proxy_cnt = C.uint(len(cfg.Proxies))
	if cfg.Username != "" {
		C.set_cred(&c.cred_info[0], a.str("*"), a.str("digest"), a.str(cfg.Username), a.str(cfg.Password))
		c.cred_count = 1
	}
	if cfg.Transport != nil {
		c.transport_id = cfg.Transport.id
	}
	seconds := func(field *C.uint, d time.Duration, def int) {
		switch {
		case d > 0:
			*field = C.uint((d + time.Second - 1) / time.Second)
		case d < 0:
			*field = 0
		default:
			*field = C.uint(def)
		}
	}
	seconds(&c.reg_timeout, cfg.RegisterTimeout, 300)
	seconds(&c.reg_retry_interval, cfg.RetryInterval, 30)
	c.reg_first_retry_interval = min(c.reg_retry_interval, 5)
	// Half of the interval at most is added or taken away, so that many phones do not
	// come back at once.
	c.reg_retry_random_interval = c.reg_retry_interval / 2
	seconds(&c.ka_interval, cfg.KeepAlive, 15)
	c.allow_contact_rewrite = C.pj_bool_t(cBool(cfg.RewriteContact) * 2)
	c.allow_via_rewrite = cBool(cfg.RewriteContact)
	c.allow_sdp_nat_rewrite = cBool(cfg.RewriteContact)
	c.use_srtp = C.pjmedia_srtp_use(cfg.SRTP)
	c.srtp_secure_signaling = 0
	for i, k := range cfg.SRTPKeying {
		c.srtp_opt.keying[i] = C.pjmedia_srtp_keying_method(k)
	}
	if len(cfg.SRTPKeying) == 0 {
		c.srtp_opt.keying[0] = C.PJMEDIA_SRTP_KEYING_SDES
		c.srtp_opt.keying_count = 1
	} else {
		c.srtp_opt.keying_count = C.uint(len(cfg.SRTPKeying))
	}
	c.rtp_cfg.port = C.uint(cfg.RTPPort)
	c.rtp_cfg.port_range = C.uint(cfg.RTPPortRange)
	c.rtp_cfg.bound_addr = a.str(cfg.MediaAddress)
	c.rtp_cfg.public_addr = a.str(cfg.PublicAddress)
	if cfg.NoSessionTimer {
		c.use_timer = C.PJSUA_SIP_TIMER_INACTIVE
	}
	if cfg.ICE {
		c.ice_cfg_use = C.PJSUA_ICE_CONFIG_USE_CUSTOM
		c.ice_cfg.enable_ice = C.PJ_TRUE
	}
	c.mwi_enabled = cBool(cfg.MWI)
	c.vid_in_auto_show = C.PJ_FALSE
	c.vid_out_auto_transmit = C.PJ_FALSE
	return nil
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

// Remove ends the registration without waiting for the answer and deletes the
// account (pjsua_acc_del).
func (acc *Account) Remove(ctx context.Context) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		acc.ep.mu.Lock()
		delete(acc.ep.accounts, acc.id)
		acc.ep.mu.Unlock()
		return t.fail("remove account", C.pjsua_acc_del(slot))
	})
}
