package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
	"github.com/offhook-voip/offhook/pjsua"
)

// LocalAccount as [DialRequest.Account] is the local account, whose number 0 means
// something else there.
const LocalAccount = -1

// DialRequest is what [Engine.Dial] takes.
type DialRequest struct {
	// Account is the number of the account that calls. 0: the one of accountId, else the
	// first that is registered, else the first of the configuration, else the local
	// account.
	Account int
	// URI is whom to call: a SIP, SIPS or tel URI, user@host, or a user or number
	// of the account's domain. A display name may stand before it: "Name" <URI>. The
	// account's dialling prefix and dial plan hold for numbers and users. With DTMF empty,
	// digits may follow after a comma: 1001,12,34.
	URI string
	// Headers are added to the INVITE.
	Headers []pjsua.Header
	// DTMF are digits that are sent a second after the call is answered, as
	// [Call.SendDTMF] does; empty: none.
	DTMF string
	// Conference is a call whose conference the new one joins when it is answered; 0:
	// none. The INVITE names the calls of the conference in X-Conf-Call-ID, as MicroSIP's.
	Conference CallID
}

// Dial sends an INVITE and returns the call, which is not answered then: see
// [Call.Wait]. A URI that is none, or fits no pattern of the account's dial plan, gives a
// [*URIError], one that dialAllow forbids a [*NotAllowedError], a bound on the account's
// calls a [*LimitError]; nothing is sent then. ctx
// bounds the sending; when it ends meanwhile, the call is hung up.
func (e *Engine) Dial(ctx context.Context, req DialRequest) (*Call, error) {
	acc, err := e.dialAccount(req.Account)
	if err != nil {
		return nil, err
	}
	number := req.URI
	if req.DTMF == "" {
		number, req.DTMF = microsip.SplitDigits(req.URI)
	}
	uri, err := acc.target(number, e.settings().Dialect == config.Strict)
	if err != nil {
		return nil, err
	}
	if err := checkHeaders(req.Headers); err != nil {
		return nil, err
	}
	if req.DTMF != "" {
		if err := checkDigits(req.DTMF); err != nil {
			return nil, err
		}
	}

	e.mu.Lock()
	if e.state != running {
		e.mu.Unlock()
		return nil, ErrNotRunning
	}
	opts := pjsua.DialOptions{}
	opts.Msg.Headers, err = e.inviteHeadersLocked(req)
	if err == nil {
		err = acc.identity(&opts.Msg)
	}
	if err == nil {
		err = acc.reserveLocked(time.Now())
	}
	if err != nil {
		e.mu.Unlock()
		return nil, err
	}
	phone := e.phone
	ticket := e.dials.begin()
	e.dialledLocked(req.URI)
	e.mu.Unlock()

	e.endOthers(ctx, phone, req.Conference)
	if req.Conference == 0 {
		e.holdOthers(ctx, phone, nil)
	}
	start := time.Now()
	id, err := phone.Dial(ctx, acc.id, uri, opts)

	e.mu.Lock()
	acc.out.pending--
	var c *Call
	if err == nil {
		c = e.claimLocked(id, acc, uri, start)
		c.inviteTo, c.postDial = req.Conference, req.DTMF
		c.touchLocked()
		c.changedLocked()
	}
	e.dials.end(ticket)
	e.mu.Unlock()
	if err != nil {
		return nil, fmt.Errorf("engine: account %d: dial %s: %w", acc.cfg().Number, uri, err)
	}
	e.log.Info("dialled", "call", id, "account", acc.cfg().Number, "uri", uri)
	if err := ctx.Err(); err != nil {
		bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangupWait)
		defer cancel()
		if hangErr := c.Hangup(bye, 0, ""); hangErr != nil {
			e.log.Warn("hang up a cancelled call", "call", id, "error", hangErr)
		}
		return nil, err
	}
	return c, nil
}

// dialAccount returns the account that calls.
func (e *Engine) dialAccount(number int) (*Account, error) {
	switch number {
	case 0:
	case LocalAccount:
		number = 0
		fallthrough
	default:
		if a, ok := e.Account(number); ok {
			return a, nil
		}
		return nil, &UnknownAccountError{Number: number}
	}
	if chosen := e.settings().AccountID; chosen > 0 {
		if a, ok := e.Account(chosen); ok {
			return a, nil
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var first, local *Account
	for _, a := range e.accounts {
		switch {
		case a.reg.Registered:
			return a, nil
		case a.cfg().Local():
			local = a
		case first == nil:
			first = a
		}
	}
	if first != nil {
		return first, nil
	}
	if local != nil {
		return local, nil
	}
	return nil, &UnknownAccountError{Number: number}
}

// inviteHeadersLocked are those of an INVITE.
func (e *Engine) inviteHeadersLocked(req DialRequest) ([]pjsua.Header, error) {
	headers := slices.Clone(req.Headers)
	if req.Conference == 0 {
		return headers, nil
	}
	host, ok := e.calls[req.Conference]
	if !ok {
		return nil, ErrCallEnded
	}
	members := []*Call{host}
	if host.conf != nil {
		members = e.membersLocked(host.conf)
	}
	for _, c := range members {
		headers = append(headers, pjsua.Header{Name: "X-Conf-Call-ID", Value: c.sipCallID})
	}
	return headers, nil
}

// checkHeaders refuses what would become another header or another message.
func checkHeaders(headers []pjsua.Header) error {
	for _, h := range headers {
		if h.Name == "" || strings.IndexFunc(h.Name, notToken) >= 0 {
			return fmt.Errorf("engine: %q is no name of a SIP header", h.Name)
		}
		if strings.ContainsAny(h.Value, "\r\n\x00") {
			return fmt.Errorf("engine: the value of the header %s holds a line break or NUL", h.Name)
		}
	}
	return nil
}

func notToken(r rune) bool {
	switch {
	case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
		return false
	}
	return !strings.ContainsRune("-.!%*_+`'~", r)
}

// dialTable knows which Dials wait for the phone. A call's first events, its last
// one even, can be there before the phone has returned the call's id, so calls of
// ours that ended are kept as long as a Dial that may have made them waits.
type dialTable struct {
	last    uint64
	waiting map[uint64]struct{}
	ended   map[CallID]endedCall
}

type endedCall struct {
	call *Call
	last uint64 // dialTable.last when it ended: no later Dial made it
}

func newDialTable() dialTable {
	return dialTable{waiting: make(map[uint64]struct{}), ended: make(map[CallID]endedCall)}
}

func (t *dialTable) begin() uint64 {
	t.last++
	t.waiting[t.last] = struct{}{}
	return t.last
}

func (t *dialTable) end(ticket uint64) {
	delete(t.waiting, ticket)
	oldest := uint64(math.MaxUint64)
	for n := range t.waiting {
		oldest = min(oldest, n)
	}
	for id, c := range t.ended {
		if c.last < oldest {
			delete(t.ended, id)
		}
	}
}

// keep remembers a call that ended before its Dial returned.
func (t *dialTable) keep(c *Call) {
	if len(t.waiting) > 0 {
		t.ended[c.id] = endedCall{call: c, last: t.last}
	}
}

// claimLocked returns the record of the call that a Dial made.
func (e *Engine) claimLocked(id CallID, acc *Account, uri string, start time.Time) *Call {
	c, ok := e.calls[id]
	if !ok {
		if old, ended := e.dials.ended[id]; ended {
			delete(e.dials.ended, id)
			return old.call
		}
		c = e.newCallLocked(id, start)
		c.role = pjsua.RoleUAC
		c.setStateLocked(StateCalling, start)
	}
	c.claimed = true
	if c.account == nil {
		c.account = acc
	}
	if c.remote == "" {
		c.remote = uri
	}
	return c
}

// diallingLocked counts the Dials whose calls are not in the table yet.
func (e *Engine) diallingLocked() int {
	n := len(e.dials.waiting) - len(e.dials.ended)
	for _, c := range e.calls {
		if !c.claimed {
			n--
		}
	}
	return max(n, 0)
}
