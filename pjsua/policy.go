//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "policy.h"
*/
import "C"

import "context"

// defaultHops is how many redirects are followed unless the policy says otherwise.
const defaultHops = 5

// setPolicy puts a policy in force for the object with this serial, 0 for the endpoint;
// nil takes it back.
func setPolicy(t onThread, serial int64, p *Policy) error {
	if p == nil {
		C.oh_policy_set(C.int64_t(serial), nil)
		return nil
	}
	if err := p.Media.checkCodecs(t); err != nil {
		return err
	}
	c := C.oh_policy_new()
	if c == nil {
		return t.fail("set policy", C.PJ_ENOMEM)
	}
	if !p.fill(t, c) {
		C.oh_policy_release(c)
		return t.fail("set policy", C.PJ_ENOMEM)
	}
	if C.oh_policy_set(C.int64_t(serial), c) == 0 {
		return t.fail("set policy", C.PJ_ENOMEM)
	}
	return nil
}

// fill writes p into its C form; false without memory.
func (p *Policy) fill(t onThread, c *C.oh_policy) bool {
	c.transfer = C.int32_t(p.Transfer.Action)
	c.transfer_code = C.int32_t(p.Transfer.Code)
	c.transfer_early = C.int32_t(cBool(p.Transfer.Early))
	fillSetting(t, &c.transfer_setting, p.Transfer.Setting)
	c.replaces = C.int32_t(cBool(p.Replaces.Accept))
	c.replaces_code = C.int32_t(p.Replaces.Code)
	fillSetting(t, &c.replaces_setting, p.Replaces.Setting)
	c.redirect = C.int32_t(p.Redirect.Action)
	c.redirect_hops = C.int32_t(orDefault(p.Redirect.MaxHops, defaultHops))
	c.redirect_to = C.int32_t(cBool(p.Redirect.ReplaceTo))
	c.offer = C.int32_t(p.Offer.Action)
	fillSetting(t, &c.offer_setting, p.Offer.Setting)
	fillSetting(t, &c.late_setting, p.Offer.LateSetting)
	c.subscribe = C.int32_t(p.Subscribe.Action)
	c.subscribe_code = C.int32_t(p.Subscribe.Code)
	c.report_transactions = C.int32_t(cBool(p.ReportTransactions))
	return fillTargets(&c.transfer_targets, p.Transfer.Targets) &&
		fillTargets(&c.redirect_targets, p.Redirect.Targets) && p.Media.fill(c)
}

func fillSetting(t onThread, c *C.oh_setting, s *CallSetting) {
	if s == nil {
		return
	}
	var a arena
	defer a.free()
	full := callSetting(t, &a, *s)
	c.given = 1
	c.flags = C.uint32_t(full.flag)
	c.audio, c.text = C.int32_t(full.aud_cnt), C.int32_t(full.txt_cnt)
	c.dirs = C.int32_t(min(len(s.Dirs), len(c.dir)))
	for i := range c.dirs {
		c.dir[i] = C.int32_t(full.media_dir[i])
	}
}

func fillTargets(list **C.oh_target, targets []Target) bool {
	for _, target := range targets {
		var a arena
		host, port, _ := target.hostPort() // Validate saw it
		user, prefix, name := a.str(target.User), a.str(target.UserPrefix), a.str(host)
		ok := C.oh_policy_target(list, user.ptr, prefix.ptr, name.ptr, C.int(port))
		a.free()
		if ok == 0 {
			return false
		}
	}
	return true
}

// SetPolicy replaces the policy for everything that has none of its own.
func (ep *Endpoint) SetPolicy(ctx context.Context, p Policy) error {
	if err := p.Validate(); err != nil {
		return err
	}
	return ep.do(ctx, func(t onThread) error { return setPolicy(t, 0, &p) })
}

// SetPolicy replaces the account's policy, for calls that have none of their own from now
// on; nil takes it back, so that the endpoint's applies.
func (acc *Account) SetPolicy(ctx context.Context, p *Policy) error {
	if err := validPolicy(p); err != nil {
		return err
	}
	return acc.on(ctx, func(t onThread, _ C.pjsua_acc_id) error { return acc.ep.setAccountPolicy(t, acc.id, p) })
}

// setAccountPolicy also keeps what the configuration of the account says, for
// [Account.Config].
func (ep *Endpoint) setAccountPolicy(t onThread, id AccountID, p *Policy) error {
	if err := setPolicy(t, int64(id), p); err != nil {
		return err
	}
	ep.mu.Lock()
	defer ep.mu.Unlock()
	if p == nil {
		delete(ep.policies, id)
	} else {
		copied := *p
		ep.policies[id] = &copied
	}
	return nil
}

func (ep *Endpoint) forgetPolicy(id AccountID) {
	C.oh_policy_set(C.int64_t(id), nil)
	ep.mu.Lock()
	defer ep.mu.Unlock()
	delete(ep.policies, id)
}

func (ep *Endpoint) accountPolicy(id AccountID) *Policy {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	return ep.policies[id]
}

// SetPolicy gives the call a policy of its own; nil takes it back, so that its account's
// applies. It ends with the call; a call that a transfer or a Replaces makes begins with
// its account's.
func (c *Call) SetPolicy(ctx context.Context, p *Policy) error {
	if err := validPolicy(p); err != nil {
		return err
	}
	return c.on(ctx, func(t onThread, _ C.pjsua_call_id) error {
		if err := setPolicy(t, int64(c.id), p); err != nil {
			return err
		}
		if C.oh_call_slot(C.int64_t(c.id)) < 0 { // it ended meanwhile, and took back what it had
			return setPolicy(t, int64(c.id), nil)
		}
		return nil
	})
}
