package pjsua

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

// Secret is a text that is never printed: every verb of package fmt, JSON and
// structured loggers print ***. Its Reveal method gives the text.
type Secret = secret.Text

// NewSecret returns text as a secret.
func NewSecret(text string) Secret { return secret.New(text) }

// Config is what [Open] takes (pjsua_config, pjsua_media_config,
// pjsua_logging_config). The zero value of a field means PJSIP's default unless
// its comment says otherwise, so Config{} works: a headless endpoint with the null
// sound device.
type Config struct {
	// Logger receives PJSIP's lines under the name "pjsip"
	// (pjsua_logging_config.cb). nil: no logs.
	Logger hclog.Logger
	// LogLevel is PJSIP's own level, 1 (errors) to 6 (level and console_level). 0
	// follows Logger's level. From level 5 on PJSIP prints SIP messages; digests and
	// SRTP keys in them are replaced by ***.
	LogLevel int
	// NoMessageLog leaves SIP messages out of the log at every level (msg_logging).
	NoMessageLog bool

	// UserAgent is the value of the User-Agent header. Empty: none is sent.
	UserAgent string
	// MaxCalls bounds the simultaneous calls; 0 means Limits().Calls. More
	// calls are refused with 486.
	MaxCalls int
	// Threads is the number of SIP worker threads (thread_cnt); 0 means 1. Below 0
	// there is none, and the program calls [Endpoint.HandleEvents] instead.
	Threads int
	// Nameservers turn on DNS SRV resolution (RFC 3263) through PJSIP's own
	// resolver (nameserver); empty: Resolver looks names up.
	Nameservers []string
	// Resolver looks up the names of SIP and STUN servers, while nothing else waits
	// (pjsip_ext_resolver); nil: net.DefaultResolver, the system's. A name that is not
	// found in 10 s fails with 502. Names of TURN servers are not among them: they are
	// PJSIP's, which waits for them while it prepares a call's media.
	Resolver Resolver
	// ResolveSRV makes Resolver look for SRV records first where a URI has no port, as
	// Nameservers does; otherwise it looks for addresses only.
	ResolveSRV bool
	// NoRport leaves rport (RFC 3581) out of the Via of requests: servers answer to the
	// address that we think we have (pjsip_cfg_t.endpt.disable_rport).
	NoRport bool
	// OutboundProxies are URIs that every request of every account visits first, in
	// order, before the account's own proxies (outbound_proxy). At most 4.
	OutboundProxies []string
	// NoForceLR keeps PJSIP from adding ;lr to proxies that lack it (force_lr): a
	// proxy without it is a strict router (RFC 2543).
	NoForceLR bool
	// Credentials answer challenges of proxies for all accounts, after the account's
	// own (cred_info). At most 8.
	Credentials []Credential

	// STUNServers are tried in order, "host" or "host:port", from Open on; the first
	// that answers is used, see [Endpoint.UpdateSTUNServers] (stun_srv).
	// [STUNResolved] tells. At most 8.
	STUNServers []string
	// STUNTryIPv6 looks STUN servers up in IPv6 where IPv4 finds none
	// (stun_try_ipv6).
	STUNTryIPv6 bool
	// STUNRequired makes STUN servers out of reach fail [Endpoint.AddTransport], and
	// calls (stun_ignore_failure is on otherwise: they go on without).
	STUNRequired bool
	// STUNMapUseSTUN2 puts RFC 5389's magic cookie into requests that resolve mapped
	// addresses (stun_map_use_stun2).
	STUNMapUseSTUN2 bool
	// NATTypeInSDP adds a line for troubleshooting to the SDP (nat_type_in_sdp): 0
	// means 1, the number of the type; 2 the name too; below 0 nothing.
	NATTypeInSDP int
	// UPnP asks the router for port mappings (enable_upnp), UPnPInterface only that
	// of one interface (upnp_if_name). PJSIP must be compiled with it.
	UPnP          bool
	UPnPInterface string

	// The next six are what accounts have that do not say otherwise.

	// Rel100 is the use of reliable provisional responses (RFC 3262;
	// require_100rel); the default is not to.
	Rel100 Rel100Use
	// SessionTimer is the use of session timers (RFC 4028; use_timer); the default
	// is TimerOptional.
	SessionTimer SessionTimerUse
	// SessionExpires is the interval asked for; 0 means 1800 s. MinSE is the shortest
	// that is accepted; 0 means 90 s, and so does less (timer_setting).
	SessionExpires time.Duration
	MinSE          time.Duration
	// SIPREC is the use of session recording (RFC 7866; use_siprec), which PJSIP
	// only signals; it must be compiled with it.
	SIPREC SIPRECUse
	// SRTP is the use of SRTP (use_srtp); the default is SRTPOff.
	SRTP SRTPUse
	// SRTPSignaling is what SRTP asks of the signalling (srtp_secure_signaling).
	// Unlike PJSIP's, the default is SRTPAnySignaling: DTLS-SRTP does not send keys
	// through it, and who asks for SRTP over UDP has a reason.
	SRTPSignaling SRTPSignaling
	// SRTPKeying chooses the keying methods and their order (srtp_opt.keying). Unlike
	// PJSIP's, the default is SDES only: only the first one is offered anyway.
	SRTPKeying []SRTPKeying
	// SRTPCryptos chooses the crypto suites and their order (srtp_opt.crypto); empty
	// means all. At most 16.
	SRTPCryptos []SRTPCrypto

	// NoUnsolicitedMWI refuses NOTIFY requests about mailboxes that nobody subscribed
	// to (enable_unsolicited_mwi).
	NoUnsolicitedMWI bool
	// KeepForkedCalls leaves the other legs up when a forked INVITE is answered by
	// more than one (hangup_forked_call is on otherwise). For tests only: PJSIP has
	// media for one.
	KeepForkedCalls bool
	// NoReferSubTag leaves norefersub (RFC 4488) out of the Supported header
	// (no_refer_sub).
	NoReferSubTag bool

	Media MediaConfig

	// Policy answers what PJSIP wants to know at once, for accounts and calls that
	// have no policy of their own.
	Policy Policy
}

// problems collects what is wrong with a configuration.
type problems struct {
	what string
	errs []error
}

func (p *problems) bad(format string, a ...any) {
	p.errs = append(p.errs, fmt.Errorf("pjsua: "+p.what+": "+format, a...))
}

func (p *problems) err() error { return errors.Join(p.errs...) }

// join adds what another Validate has found.
func (p *problems) join(err error) {
	if err != nil {
		p.errs = append(p.errs, err)
	}
}

// within reports a number outside of from to to.
func (p *problems) within(name string, v, from, to int) {
	if v < from || v > to {
		p.bad("%s %d is outside %d to %d", name, v, from, to)
	}
}

// atMost reports a list that PJSIP has no room for.
func (p *problems) atMost(n int, name string, limit int) {
	if n > limit {
		p.bad("%d %s, PJSIP takes %d", n, name, limit)
	}
}

// text reports values that would break out of the line that they are for.
func (p *problems) text(values ...string) {
	for _, v := range values {
		if strings.ContainsAny(v, "\r\n\x00") {
			p.bad("a value holds a line break or NUL")
			return
		}
	}
}

// address reports what is not an IP address; empty is fine.
func (p *problems) address(name, v string) {
	if v == "" {
		return
	}
	if _, err := netip.ParseAddr(v); err != nil {
		p.bad("%s %q is not an IP address", name, v)
	}
}

// Validate reports everything that is wrong with c, joined. Syntax of URIs is
// PJSIP's to check, see [Open].
func (c Config) Validate() error {
	p := problems{what: "config"}
	p.within("LogLevel", c.LogLevel, 0, 6)
	if c.MaxCalls < 0 || (limits.Calls > 0 && c.MaxCalls > limits.Calls) {
		p.bad("MaxCalls %d is outside 0 to %d, what PJSIP was compiled with", c.MaxCalls, limits.Calls)
	}
	if c.Threads > 32 {
		p.bad("Threads %d is over 32", c.Threads)
	}
	p.atMost(len(c.Nameservers), "nameservers", 4)
	if len(c.Nameservers) > 0 && (c.Resolver != nil || c.ResolveSRV) {
		p.bad("Nameservers take the place of Resolver and ResolveSRV")
	}
	p.atMost(len(c.OutboundProxies), "outbound proxies", 4)
	if err := checkSTUNServers(c.STUNServers); err != nil && len(c.STUNServers) > 0 {
		p.errs = append(p.errs, err)
	}
	p.within("NATTypeInSDP", c.NATTypeInSDP, -1, 2)
	p.text(c.UserAgent, c.UPnPInterface)
	p.text(c.Nameservers...)
	p.text(c.OutboundProxies...)
	p.timers(c.SessionExpires, c.MinSE)
	p.within("Rel100", int(c.Rel100), 0, int(Rel100Optional))
	p.within("SessionTimer", int(c.SessionTimer), 0, int(TimerAlways))
	p.within("SIPREC", int(c.SIPREC), 0, int(SIPRECMandatory))
	p.srtp(c.SRTP, c.SRTPSignaling, c.SRTPKeying, c.SRTPCryptos)
	p.credentials(c.Credentials)
	p.media(c.Media)
	p.join(c.Policy.Validate())
	return p.err()
}

func (p *problems) timers(expires, minSE time.Duration) {
	if minSE != 0 && minSE < 90*time.Second {
		p.bad("MinSE %v is under 90 s (RFC 4028 section 5)", minSE)
	}
	if expires != 0 && expires < max(minSE, 90*time.Second) {
		p.bad("SessionExpires %v is under MinSE", expires)
	}
}

func (p *problems) srtp(use SRTPUse, signaling SRTPSignaling, keying []SRTPKeying, cryptos []SRTPCrypto) {
	p.within("SRTP", int(use), 0, int(SRTPMandatory))
	p.within("SRTPSignaling", int(signaling), 0, int(SRTPSIPSSignaling))
	p.atMost(len(keying), "SRTP keying methods", 2)
	for _, k := range keying {
		p.within("SRTPKeying", int(k), int(SDES), int(DTLSSRTP))
	}
	p.atMost(len(cryptos), "SRTP crypto suites", 16)
	for _, c := range cryptos {
		p.text(c.Name, c.Key.Reveal())
	}
}

func (p *problems) credentials(list []Credential) {
	p.atMost(len(list), "credentials", 8)
	for _, c := range list {
		if c.Username == "" {
			p.bad("a credential has no Username")
		}
		p.text(c.Username, c.Realm, c.Scheme, c.Password.Reveal())
		p.within("credential's Algorithm", int(c.Algorithm), 0, int(DigestSHA512256))
		if c.Algorithm != DigestUnset && !c.Hashed {
			p.bad("a credential's Algorithm is for a Hashed password")
		}
	}
}

// ConnectOptions are the choices of [Endpoint.Connect] and [Endpoint.KeepConnected].
type ConnectOptions struct {
	// Level multiplies the samples of this connection; 0 means 1, below 0 silence.
	Level float64
}
