package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// Account is one account of the configuration.
type Account struct {
	e    *Engine
	conf atomic.Pointer[config.Account] // what it points at never changes

	route  atomic.Int32                     // which of routesOf it goes
	impair atomic.Pointer[pjsua.Impairment] // of its calls; nil: none

	id pjsua.AccountID // written before anybody knows the account

	// Guarded by Engine.mu.
	uri     string              // address of record
	reg     RegistrationChanged // the last outcome
	known   bool                // there is an outcome since the last attempt
	expires time.Time           // when the registration ends
	changed chan struct{}       // closed and replaced at each outcome
	out     outgoing
	retry   *time.Timer // for failures that PJSIP does not retry
	tried   int32       // ways that failed one after the other
	mailbox *Mailbox    // nil while nothing is known
	gone    bool        // it was removed
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
	// Mailbox is what is known of the account's voice mail.
	Mailbox *Mailbox `json:"mailbox,omitempty"`
}

func newAccount(e *Engine, cfg config.Account) *Account {
	a := &Account{e: e, changed: make(chan struct{})}
	a.conf.Store(&cfg)
	return a
}

// cfg is the account's configuration that holds now.
func (a *Account) cfg() *config.Account { return a.conf.Load() }

// Number returns the account's number in the configuration.
func (a *Account) Number() int { return a.cfg().Number }

// Info returns a snapshot of the account.
func (a *Account) Info() AccountInfo {
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	return a.infoLocked()
}

func (a *Account) infoLocked() AccountInfo {
	info := AccountInfo{
		Number:     a.cfg().Number,
		Label:      a.cfg().Label,
		URI:        a.uri,
		Server:     a.cfg().Server,
		Domain:     a.cfg().Domain,
		Username:   a.cfg().Username,
		Transport:  string(a.cfg().Transport),
		Registers:  a.cfg().Registers(),
		Registered: a.reg.Registered,
		Code:       a.reg.Code,
		Reason:     a.reg.Reason,
		Detail:     a.reg.Detail,
		Mailbox:    a.mailbox,
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
	if !a.cfg().Registers() {
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
		return fmt.Errorf("engine: account %d: register: %w", a.cfg().Number, err)
	}
	return nil
}

// WaitRegistered returns nil as soon as the account is registered, or at once when
// it has no server. It returns a [*RegistrationError] when the last attempt failed,
// whether or not another follows by itself.
func (a *Account) WaitRegistered(ctx context.Context) error {
	if !a.cfg().Registers() {
		return nil
	}
	for {
		a.e.mu.Lock()
		reg, known, changed, gone := a.reg, a.known, a.changed, a.gone
		a.e.mu.Unlock()
		if gone {
			return &UnknownAccountError{Number: a.Number()}
		}
		if known {
			if reg.Registered {
				return nil
			}
			return &RegistrationError{Account: a.cfg().Number, Code: reg.Code, Reason: reg.Reason, Detail: reg.Detail}
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

// registerAll sends a REGISTER of each of the accounts that have a server. It does
// nothing when the engine does not run.
func (e *Engine) registerAll(ctx context.Context, accounts ...*Account) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != running {
		return
	}
	phone := e.phone
	e.workers.Add(1)
	go func() {
		defer e.workers.Done()
		for _, a := range accounts {
			if a.cfg().Registers() {
				a.registerNow(ctx, phone)
			}
		}
	}()
}

// registerNow sends a REGISTER. One that PJSIP cannot send, as there is no transport
// for the server's address for example, is an outcome like a refusal.
func (a *Account) registerNow(ctx context.Context, phone Phone) {
	a.knock(ctx)
	err := phone.Register(ctx, a.id, true)
	switch {
	case err == nil, ctx.Err() != nil, errors.Is(err, pjsua.ErrClosed), errors.Is(err, pjsua.StatusSIPBusy):
		return // busy: a REGISTER is on its way
	}
	failure := pjsua.RegistrationChanged{EventHeader: pjsua.EventHeader{Time: time.Now()}, Account: a.id, Reason: err.Error()}
	var known *pjsua.Error
	if errors.As(err, &known) {
		failure.Status, failure.Reason = known.Status, known.Text()
	}
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	a.setRegistrationLocked(ctx, failure)
}

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

// connectionErrors are the operating system's words which PJSIP gives as the reason of
// a 503 of its own. Which one is a matter of chance: of a refused connection the write
// may be told before the connecting.
var connectionErrors = []string{
	"Connection refused", "Broken pipe", "Connection reset by peer", "Connection timed out",
	"No route to host", "Network is unreachable",
}

// registrationDetail is what the registrar says of a failure, or explains those that a
// configuration causes.
func (a *Account) registrationDetail(ev pjsua.RegistrationChanged) string {
	code := ev.Code
	said := strings.Join(ev.HeaderValues("P-Registrar-Error"), ", ")
	way := a.routeNow()
	server := way.server // where the REGISTER goes
	if len(way.proxies) > 0 {
		server = way.proxies[0]
	}
	switch {
	case code >= 400 && said != "":
		return said
	case ev.Status == pjsua.StatusNoName, strings.Contains(ev.Reason, "PJ_ERESOLVE"):
		// PJSIP's transactions keep a status only as a text.
		return fmt.Sprintf("the name %s cannot be resolved", server)
	case code == pjsua.CodeServiceUnavailable && slices.Contains(connectionErrors, ev.Reason):
		return fmt.Sprintf("no connection to %s", server)
	case code == pjsua.CodeRequestTimeout:
		return fmt.Sprintf("%s does not answer", server)
	case strings.Contains(ev.Reason, "PJSIP_TLS_ECERTVERIF"):
		return fmt.Sprintf("the certificate of %s is not trusted, or is not for that name: tlsCAFile names the authorities that are, tlsVerify = 0 accepts any", a.cfg().Server)
	case code == 401 || code == 407 || code == 403:
		if a.cfg().Password.Reveal() == "" {
			return fmt.Sprintf("%s wants a password, and the account has none", a.cfg().Server)
		}
		return fmt.Sprintf("%s refuses username and password of %s", a.cfg().Server, a.authID())
	case code == 404:
		return fmt.Sprintf("%s does not know %s", a.cfg().Server, a.cfg().Username)
	}
	return ""
}

func (a *Account) authID() string {
	if a.cfg().AuthID != "" {
		return a.cfg().AuthID
	}
	return a.cfg().Username
}

// setRegistrationLocked takes in the outcome of a REGISTER and publishes it.
func (a *Account) setRegistrationLocked(ctx context.Context, ev pjsua.RegistrationChanged) {
	out := RegistrationChanged{
		EventHeader:   a.e.header("RegistrationChanged", ev.Time, a.cfg().Number, 0),
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
		out.Detail = a.registrationDetail(ev)
	}
	a.reg, a.known = out, true
	close(a.changed)
	a.changed = make(chan struct{})
	a.stopRetryLocked()
	if !a.failoverLocked(ctx, ev) && failed && !retriedByPJSIP(ev.Code) && a.e.state == running {
		wait := longRetry
		if ev.Code == 0 {
			wait = retryInterval // it was not sent, which may pass
		}
		a.retry = time.AfterFunc(jitter(wait), func() { a.e.registerAll(ctx, a) })
	}
	a.e.bus.publish(out)
	if ev.Registered {
		a.e.subscribeAllLocked(ctx, a)
	}
	if failed {
		a.e.log.Warn("registration failed", "account", a.cfg().Number, "code", out.Code, "reason", out.Reason, "detail", out.Detail)
	} else {
		a.e.log.Info("registration changed", "account", a.cfg().Number, "registered", out.Registered, "code", out.Code, "expires", ev.Expires)
	}
}

func (a *Account) stopRetryLocked() {
	if a.retry != nil {
		a.retry.Stop()
		a.retry = nil
	}
}
