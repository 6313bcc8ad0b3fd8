package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Account is one account of the configuration.
type Account struct {
	e   *Engine
	cfg config.Account

	// Written before the engine runs, read-only then.
	id  pjsua.AccountID
	uri string // address of record

	// Guarded by Engine.mu.
	reg     RegistrationChanged // the last outcome
	known   bool                // there is an outcome since the last attempt
	expires time.Time           // when the registration ends
	changed chan struct{}       // closed and replaced at each outcome
	retry   *time.Timer         // for failures that PJSIP does not retry
}

// AccountInfo is a snapshot of an account.
type AccountInfo struct {
	Number    int    `json:"number"` // 0 is the local account
	Label     string `json:"label"`
	URI       string `json:"uri"` // address of record; empty before the engine runs
	Server    string `json:"server"`
	Domain    string `json:"domain"`
	Username  string `json:"username"`
	Transport string `json:"transport"`
	// Registers is false for an account without a server.
	Registers  bool   `json:"registers"`
	Registered bool   `json:"registered"`
	Code       int    `json:"code"` // of the last REGISTER, 0 before there was an answer
	Reason     string `json:"reason"`
	Detail     string `json:"detail,omitempty"`
	ExpiresMS  int64  `json:"expires_ms"` // until the registration ends
}

func newAccount(e *Engine, cfg config.Account) *Account {
	return &Account{e: e, cfg: cfg, changed: make(chan struct{})}
}

// Number returns the account's number in the configuration.
func (a *Account) Number() int { return a.cfg.Number }

// Info returns a snapshot of the account.
func (a *Account) Info() AccountInfo {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	return a.infoLocked()
}

func (a *Account) infoLocked() AccountInfo {
	info := AccountInfo{
		Number:     a.cfg.Number,
		Label:      a.cfg.Label,
		URI:        a.uri,
		Server:     a.cfg.Server,
		Domain:     a.cfg.Domain,
		Username:   a.cfg.Username,
		Transport:  string(a.cfg.Transport),
		Registers:  a.cfg.Registers(),
		Registered: a.reg.Registered,
		Code:       a.reg.Code,
		Reason:     a.reg.Reason,
		Detail:     a.reg.Detail,
	}
	if info.Registered {
		info.ExpiresMS = max(0, time.Until(a.expires).Milliseconds())
	}
	return info
}

// Register sends a REGISTER now. The outcome is a [RegistrationChanged] event, or
// what [Account.WaitRegistered] returns.
func (a *Account) Register(ctx context.Context) error { return a.register(ctx, true) }

// Unregister ends the registration; the account stays, and does not register
// again by itself.
func (a *Account) Unregister(ctx context.Context) error { return a.register(ctx, false) }

func (a *Account) register(ctx context.Context, renew bool) error {
	if !a.cfg.Registers() {
		return ErrNoRegistrar
	}
	phone, err := a.e.runningPhone()
	if err != nil {
		return err
	}
	a.e.mu.Lock()
	a.stopRetryLocked()
	a.known = false
	a.e.mu.Unlock()
	if err := phone.Register(ctx, a.id, renew); err != nil {
		return fmt.Errorf("engine: account %d: register: %w", a.cfg.Number, err)
	}
	return nil
}

// WaitRegistered returns nil as soon as the account is registered, or at once when
// it has no server. It returns a [*RegistrationError] when the last attempt failed,
// whether or not another follows by itself.
func (a *Account) WaitRegistered(ctx context.Context) error {
	if !a.cfg.Registers() {
		return nil
	}
	for {
		a.e.mu.Lock()
		reg, known, changed := a.reg, a.known, a.changed
		a.e.mu.Unlock()
		if known {
			if reg.Registered {
				return nil
			}
			return &RegistrationError{Account: a.cfg.Number, Code: reg.Code, Reason: reg.Reason, Detail: reg.Detail}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-a.e.closed:
			return ErrNotRunning
		}
	}
}

// longRetry is the wait after a refusal that waiting rarely cures.
const longRetry = 5 * time.Minute

// retryInterval is the wait of PJSIP's own retries.
const retryInterval = 30 * time.Second

// retriedByPJSIP says whether PJSIP tries again by itself after a REGISTER ended
// with code (pjsua_acc.c, regc_cb).
func retriedByPJSIP(code pjsua.SIPCode) bool {
	switch code {
	case pjsua.CodeRequestTimeout, pjsua.CodeTemporarilyUnavailable, pjsua.CodeInternalServerError,
		502, pjsua.CodeServiceUnavailable, 504:
		return true
	}
	return code >= 600 && code < 700
}

// registrationDetail explains the refusals that a configuration causes.
func (a *Account) registrationDetail(code pjsua.SIPCode) string {
	switch {
	case code == 401 || code == 407 || code == 403:
		if a.cfg.Password.Reveal() == "" {
			return fmt.Sprintf("%s wants a password, and the account has none", a.cfg.Server)
		}
		return fmt.Sprintf("%s refuses username and password of %s", a.cfg.Server, a.authID())
	case code == 404:
		return fmt.Sprintf("%s does not know %s", a.cfg.Server, a.cfg.Username)
	}
	return ""
}

func (a *Account) authID() string {
	if a.cfg.AuthID != "" {
		return a.cfg.AuthID
	}
	return a.cfg.Username
}

// setRegistrationLocked takes in the outcome of a REGISTER and publishes it.
func (a *Account) setRegistrationLocked(ctx context.Context, ev pjsua.RegistrationChanged) {
	out := RegistrationChanged{
		EventHeader:   a.e.header("RegistrationChanged", ev.Time, a.cfg.Number, 0),
		Registered:    ev.Registered,
		Code:          int(ev.Code),
		Reason:        ev.Reason,
		Unregistering: ev.Unregistering,
	}
	failed := !ev.Registered && !ev.Unregistering
	switch {
	case ev.Registered:
		out.ExpiresMS = ev.Expires.Milliseconds()
		a.expires = ev.Time.Add(ev.Expires)
	case failed:
		out.Detail = a.registrationDetail(ev.Code)
	}
	a.reg, a.known = out, true
	close(a.changed)
	a.changed = make(chan struct{})
	a.stopRetryLocked()
	if failed && !retriedByPJSIP(ev.Code) && a.e.state == running {
		a.retry = time.AfterFunc(longRetry, func() { a.retryNow(ctx) })
	}
	a.e.bus.publish(out)
	if failed {
		a.e.log.Warn("registration failed", "account", a.cfg.Number, "code", out.Code, "reason", out.Reason, "detail", out.Detail)
	} else {
		a.e.log.Info("registration changed", "account", a.cfg.Number, "registered", out.Registered, "code", out.Code, "expires", ev.Expires)
	}
}

func (a *Account) stopRetryLocked() {
	if a.retry != nil {
		a.retry.Stop()
		a.retry = nil
	}
}

func (a *Account) retryNow(ctx context.Context) {
	a.e.mu.Lock()
	if a.e.state != running {
		a.e.mu.Unlock()
		return
	}
	phone := a.e.phone
	a.e.workers.Add(1)
	a.e.mu.Unlock()
	defer a.e.workers.Done()
	if err := phone.Register(ctx, a.id, true); err != nil && !errors.Is(err, pjsua.ErrClosed) {
		a.e.log.Warn("register again", "account", a.cfg.Number, "error", err)
	}
}
