package pjsua

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrAccountBusy is returned by [Account.Remove] while calls use the account.
var ErrAccountBusy = errors.New("pjsua: the account has calls")

// AccountInfo is a snapshot of an account (pjsua_acc_info).
type AccountInfo struct {
	ID           AccountID
	URI          string // of its ID
	Default      bool   // see [Endpoint.SetDefaultAccount]
	HasRegistrar bool
	Registered   bool
	Code         SIPCode // of the last REGISTER, 0 before there was an answer
	Reason       string
	// LastError is PJSIP's status where the last REGISTER failed before an answer; 0
	// otherwise.
	LastError  Status
	Expires    time.Duration // until the registration ends
	Online     bool          // as presence says
	OnlineText string
}

// RegistrationChanged reports the outcome of a REGISTER: pjsua's on_reg_state2.
type RegistrationChanged struct {
	EventHeader
	Account AccountID
	Code    SIPCode // the answer's code; 0 when there was none, see Status
	Reason  string  // the answer's reason phrase, or PJSIP's text for Status
	Status  Status  // other than 0: the request failed before an answer came
	Expires time.Duration
	// Registered says whether a registration is in force now: a 2xx answer
	// with an expiry other than zero.
	Registered bool
	// Unregistering says that the request was one to end the registration.
	Unregistering bool
	Response      []byte // the answer, headers and body; nil when none came
}

// HeaderValues returns the values of all header fields called name (any case) in the
// answer, in order of appearance.
func (e RegistrationChanged) HeaderValues(name string) []string {
	return headerValues(e.Response, name)
}

// RegistrationStarted reports that a REGISTER is about to be sent: pjsua's
// on_reg_started2. Its answer comes as [RegistrationChanged].
type RegistrationStarted struct {
	EventHeader
	Account AccountID
	Renew   bool // false: it is one to end the registration
}

// AccountMatched reports that a rule of [Endpoint.SetIncomingRules] decided which
// account a request is for: pjsua's on_acc_find_for_incoming.
type AccountMatched struct {
	EventHeader
	Account AccountID // that of the rule
	Default AccountID // that PJSIP would have taken; 0: none
	Rule    int       // its number, from 0
	Method  string
	URI     string // the request URI
}

// AuthChallenged reports that a request of an account was answered with 401 or 407:
// pjsua's on_auth_challenge, once for each WWW-Authenticate or Proxy-Authenticate
// header. PJSIP answers it with the credentials of the account and of [Config]; without
// one that fits the realm the request fails with the code.
type AuthChallenged struct {
	EventHeader
	Account   AccountID
	Call      CallID // 0: the request is none of a call
	Code      SIPCode
	Method    string // of the request
	Scheme    string // such as "Digest"
	Realm     string
	Algorithm string // empty means MD5
	Stale     bool   // the password was right, the nonce too old
}

// IncomingRule says which account a request is for (pjsua's on_acc_find_for_incoming).
// The texts are compared with the request URI in any case; an empty one fits any.
type IncomingRule struct {
	User   string // at most 63 bytes
	Domain string // at most 127 bytes
	// Line is the value of the URI's parameter "line", by which a registrar tells
	// registrations apart when it was part of the Contact; at most 63 bytes.
	Line    string
	Account *Account
}

func (r IncomingRule) validate(i int) error {
	if len(r.User) > 63 || len(r.Domain) > 127 || len(r.Line) > 63 {
		return fmt.Errorf("pjsua: incoming rule %d has a text that is too long", i)
	}
	if strings.ContainsRune(r.User+r.Domain+r.Line, 0) {
		return fmt.Errorf("pjsua: incoming rule %d holds a NUL", i)
	}
	if r.Account == nil {
		return fmt.Errorf("pjsua: incoming rule %d has no account", i)
	}
	return nil
}

// RemoveOptions are the choices of [Account.Remove] (pjsua_acc_del_param).
type RemoveOptions struct {
	// Force removes an account that has calls, which go on but cannot authenticate any
	// more; otherwise it stays, with ErrAccountBusy.
	Force bool
}
