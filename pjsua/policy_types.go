package pjsua

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Policy says how pjsua's callbacks are answered that PJSIP cannot leave to Go, because
// it wants the decision before they return. The nearest policy is obeyed as a whole:
// that of the call ([Call.SetPolicy]), else that of its account ([AccountConfig],
// [Account.SetPolicy]), else that of the endpoint ([Config], [Endpoint.SetPolicy]). Each
// decision is reported by an event. The zero value lets nobody move a call: transfers,
// Replaces and redirects are declined; offers are answered. Nor does it let anybody watch
// the presence of an account.
type Policy struct {
	Transfer  TransferPolicy
	Replaces  ReplacesPolicy
	Redirect  RedirectPolicy
	Offer     OfferPolicy
	Subscribe SubscribePolicy // an account's or the endpoint's
	Media     MediaPolicy
	// ReportTransactions makes a [CallTransactionChanged] of each step of each transaction
	// in a call (pjsua's on_call_tsx_state), which is several for every request.
	ReportTransactions bool
}

// TransferAction is what is done with a REFER.
type TransferAction int

// The answers to a REFER.
const (
	TransferDecline TransferAction = iota // refuse all
	TransferAccept                        // follow all: a stranger can make this phone call anybody
	TransferAllow                         // follow those to the Targets, refuse the others
)

func (a TransferAction) String() string {
	return enumString(int(a), "TransferAction", "decline", "accept", "allow")
}

// TransferPolicy answers a REFER of the far end in a call (RFC 3515; pjsua's
// on_call_transfer_request2). The event is [TransferRequested]; when PJSIP has made the new
// call, [CallTransferred] tells its number.
type TransferPolicy struct {
	Action  TransferAction
	Targets []Target // that TransferAllow follows
	// Early follows a REFER in a call that is not answered, too. Otherwise it is refused,
	// whatever Action says.
	Early bool
	// Code refuses; 0 means 603.
	Code SIPCode
	// Setting of the new call; nil: that of the call in which the REFER came.
	Setting *CallSetting
}

// ReplacesPolicy answers an INVITE with Replaces (RFC 3891; pjsua's
// on_call_replace_request2), by the policy of the call that is to be replaced. The events
// are [ReplaceRequested] and, when it was accepted, [CallReplaced].
type ReplacesPolicy struct {
	Accept bool
	// Code refuses; 0 means 603.
	Code SIPCode
	// Setting of the new call; nil: that of the call which is replaced.
	Setting *CallSetting
}

// RedirectAction is what is done with a contact of a 3xx answer.
type RedirectAction int

// The ways to treat a contact.
const (
	RedirectStop   RedirectAction = iota // do not try it
	RedirectFollow                       // send the INVITE there
	RedirectAsk                          // wait for Call.ProcessRedirect
)

func (a RedirectAction) String() string {
	return enumString(int(a), "RedirectAction", "stop", "follow", "ask")
}

// RedirectPolicy says what becomes of the contacts in a 3xx answer to an INVITE (RFC 3261
// section 8.1.3.4; pjsua's on_call_redirected). They are tried in the order of their q
// values until one takes the call, or refuses it with 6xx. [CallRedirected] reports each.
// A call none of whose contacts is tried ends with the code of the last answer.
type RedirectPolicy struct {
	Action RedirectAction
	// Targets, when there are any, are the only ones that are followed or asked for.
	Targets []Target
	// MaxHops bounds how many contacts are followed in one call; 0 means 5. It does not
	// bound RedirectAsk.
	MaxHops int
	// ReplaceTo puts the new target into To as well, which RFC 3261 leaves as it was
	// (PJSIP_REDIRECT_ACCEPT_REPLACE).
	ReplaceTo bool
}

// OfferAction is what is done with an SDP offer in a call that is up.
type OfferAction int

// The answers to an offer.
const (
	OfferAccept OfferAction = iota
	OfferRefuse             // 488; the media stay as they were
	OfferAsk                // re-INVITEs wait for Call.AnswerReinvite, other offers are accepted
)

func (a OfferAction) String() string {
	return enumString(int(a), "OfferAction", "accept", "refuse", "ask")
}

// OfferPolicy answers the offers that come later than the first INVITE: in re-INVITE and
// UPDATE, and in the 200 to an INVITE that had none (pjsua's on_call_rx_offer,
// on_call_rx_reinvite, on_call_tx_offer). The events are [OfferReceived],
// [ReinviteReceived] and [OfferSent].
type OfferPolicy struct {
	Action OfferAction
	// Setting of the answer; nil: the call's.
	Setting *CallSetting
	// LateSetting is that of an offer that we make because a re-INVITE had none; nil: the
	// call's.
	LateSetting *CallSetting
}

// Target describes SIP and SIPS URIs. What is given must match; a Target without any of it
// is an error. URIs with a maddr parameter, and URIs that add header fields to the INVITE
// other than Replaces and Require, are never matched: they lead elsewhere.
type Target struct {
	User       string // the whole user part, such as "1001"
	UserPrefix string // how it begins, such as "+4930"
	// Host is a name or an address, in any case, with or without a port. Without one any
	// port matches.
	Host string
}

// hostPort splits Host; port 0 is any.
func (t Target) hostPort() (host string, port int, err error) {
	host = t.Host
	if h, p, e := net.SplitHostPort(t.Host); e == nil {
		if port, err = strconv.Atoi(p); err != nil || port < 1 || port > 65535 {
			return "", 0, fmt.Errorf("pjsua: target host %q has no valid port", t.Host)
		}
		host = h
	}
	return strings.Trim(host, "[]"), port, nil
}

// Validate reports everything that is wrong with p, joined.
func (p Policy) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: policy: "+format, a...)) }
	for _, c := range []struct {
		name string
		code SIPCode
	}{{"Transfer", p.Transfer.Code}, {"Replaces", p.Replaces.Code}, {"Subscribe", p.Subscribe.Code}} {
		if c.code != 0 && (c.code < 300 || c.code > 699) {
			bad("%s.Code %d is no refusal", c.name, int(c.code))
		}
	}
	if a := p.Transfer.Action; a < TransferDecline || a > TransferAllow {
		bad("Transfer.Action is %v", a)
	}
	if p.Transfer.Action == TransferAllow && len(p.Transfer.Targets) == 0 {
		bad("Transfer allows no target: TransferDecline says that")
	}
	if a := p.Redirect.Action; a < RedirectStop || a > RedirectAsk {
		bad("Redirect.Action is %v", a)
	}
	for i, id := range p.Media.Codecs {
		if id == "" || strings.ContainsRune(id, 0) || slices.ContainsFunc(p.Media.Codecs[:i], func(o string) bool { return strings.EqualFold(o, id) }) {
			bad("Media.Codecs: %q is no id of a codec, or is listed twice", id)
		}
	}
	for _, r := range p.Media.SDP {
		if _, _, _, err := r.parse(); err != nil {
			errs = append(errs, err)
		}
	}
	if i := p.Media.Impair; i != nil {
		if err := i.Validate(); err != nil {
			errs = append(errs, err)
		}
	}
	if p.Redirect.MaxHops < 0 {
		bad("Redirect.MaxHops %d is below 0", p.Redirect.MaxHops)
	}
	if a := p.Offer.Action; a < OfferAccept || a > OfferAsk {
		bad("Offer.Action is %v", a)
	}
	if a := p.Subscribe.Action; a < SubscribeDecline || a > SubscribeAsk {
		bad("Subscribe.Action is %v", a)
	}
	for _, t := range append(append([]Target(nil), p.Transfer.Targets...), p.Redirect.Targets...) {
		if t == (Target{}) {
			bad("a Target is empty: it would match every URI")
		}
		if _, _, err := t.hostPort(); err != nil {
			errs = append(errs, err)
		}
		if strings.ContainsRune(t.User+t.UserPrefix+t.Host, 0) {
			bad("a Target has a zero byte")
		}
	}
	return errors.Join(errs...)
}

func validPolicy(p *Policy) error {
	if p == nil {
		return nil
	}
	return p.Validate()
}
