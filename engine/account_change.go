package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// AddAccount adds an account to a running engine, and registers it when it has a server.
// With Number 0 it gets the next free number. The configuration file is not changed.
func (e *Engine) AddAccount(ctx context.Context, cfg config.Account) (*Account, error) {
	e.changing.Lock()
	defer e.changing.Unlock()
	if cfg.Number == 0 {
		e.mu.Lock()
		for _, a := range e.accounts {
			cfg.Number = max(cfg.Number, a.cfg().Number)
		}
		e.mu.Unlock()
		cfg.Number++
	}
	if _, taken := e.Account(cfg.Number); taken {
		return nil, fmt.Errorf("%w: %d", ErrAccountExists, cfg.Number)
	}
	a := newAccount(e, cfg)
	phone, err := e.prepare(ctx, a)
	if err != nil {
		return nil, err
	}
	if err := e.startAccount(ctx, phone, a); err != nil {
		return nil, err
	}
	e.mu.Lock()
	e.accounts = append(e.accounts, a)
	slices.SortFunc(e.accounts, func(x, y *Account) int { return cmp.Compare(x.cfg().Number, y.cfg().Number) })
	e.bus.publish(AccountAdded{EventHeader: e.header("AccountAdded", time.Now(), cfg.Number, 0), URI: a.uri})
	e.mu.Unlock()
	e.registerAll(context.WithoutCancel(ctx), a)
	return a, nil
}

// prepare checks a new or changed account and opens what it needs.
func (e *Engine) prepare(ctx context.Context, a *Account) (Phone, error) {
	whole := config.Config{Settings: *e.settings(), Accounts: []config.Account{*a.cfg()}}
	if err := errors.Join(whole.Validate(), a.check()); err != nil {
		return nil, err
	}
	phone, err := e.runningPhone()
	if err != nil {
		return nil, err
	}
	if err := e.ensureCodecs(ctx, phone, a); err != nil {
		return nil, err
	}
	return phone, e.listen(ctx, phone, e.transportsFor(a))
}

// UpdateAccount gives the account with cfg's number another configuration. Where a
// registrar sees a difference it registers again; its calls go on.
func (e *Engine) UpdateAccount(ctx context.Context, cfg config.Account) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	a, ok := e.Account(cfg.Number)
	if !ok {
		return &UnknownAccountError{Number: cfg.Number}
	}
	next := newAccount(e, cfg)
	next.impair.Store(a.impair.Load())
	phone, err := e.prepare(ctx, next)
	if err != nil {
		return err
	}
	if routes := routesOf(next.cfg()); len(routes) == len(routesOf(a.cfg())) {
		next.route.Store(a.route.Load())
	}
	wire := next.phoneConfigNow()
	if err := phone.ModifyAccount(ctx, a.id, wire); err != nil {
		return fmt.Errorf("engine: account %d: %w", cfg.Number, err)
	}
	e.mu.Lock()
	a.conf.Store(next.cfg())
	a.route.Store(next.route.Load())
	a.tried = 0
	a.uri = wire.ID
	a.stopRetryLocked()
	if !cfg.Registers() {
		a.reg, a.known = RegistrationChanged{}, false
	}
	e.bus.publish(AccountUpdated{EventHeader: e.header("AccountUpdated", time.Now(), cfg.Number, 0), URI: a.uri})
	for _, c := range e.calls {
		if c.account == a {
			c.wakeWorker()
		}
	}
	status, err := e.presence.status()
	e.mu.Unlock()
	if err == nil && cfg.Publish {
		err = phone.SetOnlineStatus(ctx, a.id, status)
	}
	return err
}

// SetImpairment spoils the RTP of the account's calls on purpose, of those that begin from
// now on, to test what stands it; nil: no longer. It is no part of the configuration.
func (a *Account) SetImpairment(ctx context.Context, impair *pjsua.Impairment) error {
	if impair != nil {
		if err := impair.Validate(); err != nil {
			return err
		}
	}
	a.e.changing.Lock()
	defer a.e.changing.Unlock()
	phone, err := a.e.runningPhone()
	if err != nil {
		return err
	}
	before := a.impair.Swap(impair)
	if err := phone.ModifyAccount(ctx, a.id, a.phoneConfigNow()); err != nil {
		a.impair.Store(before)
		return fmt.Errorf("engine: account %d: %w", a.cfg().Number, err)
	}
	return nil
}

// Impairment returns what SetImpairment has set, nil for none. It must not be changed.
func (a *Account) Impairment() *pjsua.Impairment { return a.impair.Load() }

// RemoveAccount ends the registration of an account and removes it, with what it
// watches. One that has calls stays: [ErrAccountBusy].
func (e *Engine) RemoveAccount(ctx context.Context, number int) error {
	e.changing.Lock()
	defer e.changing.Unlock()
	a, ok := e.Account(number)
	if !ok {
		return &UnknownAccountError{Number: number}
	}
	phone, err := e.runningPhone()
	if err != nil {
		return err
	}
	if err := phone.RemoveAccount(ctx, a.id); err != nil {
		if errors.Is(err, pjsua.ErrAccountBusy) {
			return ErrAccountBusy
		}
		return fmt.Errorf("engine: account %d: remove: %w", number, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.accounts = slices.DeleteFunc(e.accounts, func(o *Account) bool { return o == a })
	delete(e.byID, a.id)
	for _, w := range slices.Clone(e.watches) {
		if w.account == a {
			e.forgetWatchLocked(w)
		}
	}
	a.stopRetryLocked()
	a.gone = true
	close(a.changed)
	a.changed = make(chan struct{})
	e.bus.publish(AccountRemoved{EventHeader: e.header("AccountRemoved", time.Now(), number, 0), URI: a.uri})
	return nil
}
