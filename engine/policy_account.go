package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// LimitError says that an account may not begin another call now.
type LimitError struct {
	Account int
	Key     string // "maxAccountCalls" or "maxCallsPerMinute"
	Max     int
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("engine: account %d: %s is %d, no other call can begin now", e.Account, e.Key, e.Max)
}

// outgoing is what bounds the calls that an account begins. Engine.mu guards it.
type outgoing struct {
	pending int         // Dials that wait for the phone
	begun   []time.Time // the calls of the last minute
}

// reserveLocked counts a call that the account is about to begin.
func (a *Account) reserveLocked(now time.Time) error {
	cfg := a.cfg()
	n := a.out.pending
	for _, c := range a.e.calls {
		if c.account == a && c.claimed && c.verdict.code < 300 {
			n++
		}
	}
	if cfg.MaxCalls > 0 && n >= cfg.MaxCalls {
		return &LimitError{cfg.Number, "maxAccountCalls", cfg.MaxCalls}
	}
	if err := a.beginLocked(now); err != nil {
		return err
	}
	a.out.pending++
	return nil
}

// beginLocked counts an INVITE to a new target.
func (a *Account) beginLocked(now time.Time) error {
	most := a.cfg().MaxCallsPerMinute
	if most == 0 {
		a.out.begun = nil
		return nil
	}
	for len(a.out.begun) > 0 && now.Sub(a.out.begun[0]) >= time.Minute {
		a.out.begun = a.out.begun[1:]
	}
	if len(a.out.begun) >= most {
		return &LimitError{a.cfg().Number, "maxCallsPerMinute", most}
	}
	a.out.begun = append(a.out.begun, now)
	return nil
}

// target brings what is dialled into the URI that is called: dialling prefix, dial plan,
// allow-list.
func (a *Account) target(text string, strict bool) (string, error) {
	cfg := a.cfg()
	number, err := formatNumber(text, cfg.DialingPrefix, cfg.DialPlan, strict)
	if err != nil {
		return "", err
	}
	uri, err := dialTarget(number, cfg.Domain, string(cfg.Transport))
	if err != nil {
		return "", err
	}
	if !allowed(cfg, uri) {
		return "", &NotAllowedError{Account: cfg.Number, URI: uri}
	}
	return uri, nil
}

// identity adds what an INVITE of the account has: the caller's id hidden or not, and own
// header fields.
func (a *Account) identity(msg *pjsua.MsgData) error {
	cfg := a.cfg()
	switch cfg.HideCID {
	case "", "0":
	case "1", "hard":
		msg.LocalURI = `"Anonymous" <sip:anonymous@anonymous.invalid>`
		fallthrough
	default:
		msg.Headers = append(msg.Headers, pjsua.Header{Name: "Privacy", Value: "id"})
	}
	own, err := parseHeaders(cfg.InviteHeaders)
	msg.Headers = append(msg.Headers, own...)
	return err
}

// parseHeaders reads "Name: value | Name: value".
func parseHeaders(text string) ([]pjsua.Header, error) {
	var headers []pjsua.Header
	for part := range strings.SplitSeq(text, "|") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(part, ":")
		if !ok {
			return nil, fmt.Errorf("engine: inviteHeaders: %q is not such as Name: value", strings.TrimSpace(part))
		}
		headers = append(headers, pjsua.Header{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)})
	}
	return headers, checkHeaders(headers)
}

// checkDialling reports what is wrong with the keys about outgoing calls.
func (a *Account) checkDialling() error {
	_, errPlan := parseDialPlan(a.cfg().DialPlan)
	_, errHeaders := parseHeaders(a.cfg().InviteHeaders)
	if err := errors.Join(errPlan, errHeaders); err != nil {
		return fmt.Errorf("account %d: %w", a.cfg().Number, err)
	}
	return nil
}

// policy is what the far ends of the account's calls may ask for, and their codecs.
func (a *Account) policy() *pjsua.Policy {
	cfg := a.cfg()
	p := &pjsua.Policy{Replaces: pjsua.ReplacesPolicy{Accept: cfg.AcceptReplaces == "1"}}
	p.Media.Codecs = cfg.AudioCodecs
	if len(cfg.AudioCodecs) == 0 {
		p.Media.Codecs = a.e.codecs()
	}
	p.Media.Impair = a.impair.Load()
	switch {
	case cfg.FollowRedirects != "1":
	case cfg.DialAllow != "" || cfg.MaxCallsPerMinute > 0:
		p.Redirect.Action = pjsua.RedirectAsk
	default:
		p.Redirect = pjsua.RedirectPolicy{Action: pjsua.RedirectFollow, ReplaceTo: true}
	}
	switch {
	case cfg.AcceptTransfers == "1", cfg.AcceptTransfers == "dialAllow" && strings.TrimSpace(cfg.DialAllow) == "":
		p.Transfer.Action = pjsua.TransferAccept
	case cfg.AcceptTransfers == "dialAllow":
		if list := targets(cfg); len(list) > 0 {
			p.Transfer = pjsua.TransferPolicy{Action: pjsua.TransferAllow, Targets: list}
		}
	}
	return p
}

// targets is dialAllow in PJSIP's words, which have no refusals: a prefix is left out
// when a refusal is about some of its numbers.
func targets(cfg *config.Account) []pjsua.Target {
	var hosts, prefixes, refusals []string
	if cfg.Domain != "" {
		hosts = append(hosts, cfg.Domain)
	}
	for item := range config.SplitList(cfg.DialAllow) {
		if host, ok := strings.CutPrefix(item, "@"); ok {
			hosts = append(hosts, host)
		} else if refused, ok := strings.CutPrefix(item, "!"); ok {
			refusals = append(refusals, strings.TrimSpace(refused))
		} else {
			prefixes = append(prefixes, item)
		}
	}
	if len(prefixes) == 0 {
		prefixes = []string{""}
	}
	var list []pjsua.Target
	for _, prefix := range prefixes {
		partly := false
		for _, refused := range refusals {
			partly = partly || strings.HasPrefix(refused, prefix)
		}
		for _, host := range hosts {
			if !partly {
				list = append(list, pjsua.Target{UserPrefix: prefix, Host: host})
			}
		}
	}
	return list
}

// maxHops bounds how many contacts of redirects are followed in one call, as PJSIP does.
const maxHops = 5

// redirectLocked decides about a contact that PJSIP leaves to the engine, and says what
// becomes of it.
func (c *Call) redirectLocked(ev pjsua.CallRedirected) string {
	if ev.Action != pjsua.RedirectAsk {
		return ev.Action.String()
	}
	c.asked, c.follow = true, false
	if c.account != nil && c.hops < maxHops && allowed(c.account.cfg(), ev.Target) && c.account.beginLocked(time.Now()) == nil {
		c.follow = true
		c.hops++
	}
	c.wakeWorker()
	if c.follow {
		return pjsua.RedirectFollow.String()
	}
	return pjsua.RedirectStop.String()
}
