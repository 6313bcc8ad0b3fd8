package pjsua

import (
	"net/netip"
	"time"
)

// ICETrickle is the use of trickle ICE (RFC 8838; pj_ice_sess_trickle).
type ICETrickle int

// The uses of trickle ICE.
const (
	TrickleOff  ICETrickle = iota
	TrickleHalf            // trickles when the far end says that it can
	TrickleFull            // trickles from the first offer: the far end must be able to
)

func (t ICETrickle) String() string { return enumString(int(t), "ICETrickle", "off", "half", "full") }

// ICEConfig is ICE (RFC 8445; pjsua_ice_config, pj_ice_sess_options), of an account or
// of all that have none of their own. It works for media, with STUN and TURN as far as
// these are configured.
type ICEConfig struct {
	Enable bool // enable_ice
	// MaxHostCandidates bounds the candidates of local interfaces
	// (ice_max_host_cands); 0 means no bound, below 0 none is offered.
	MaxHostCandidates int
	// HostCandidates are further local addresses to offer (ice_manual_host), at most
	// 8. For accounts only.
	HostCandidates []netip.Addr
	// NoAggressive nominates a pair in a check of its own once all have been checked
	// (RFC 8445); otherwise the first that works is (aggressive nomination of RFC
	// 5245).
	NoAggressive bool
	// NominationDelay is the wait before that check, 0 means 400 ms, below 0 none
	// (nominated_check_delay).
	NominationDelay time.Duration
	// NominationTimeout is how long the controlled side waits for a nomination; 0
	// means 10 s, below 0 for ever (controlled_agent_want_nom_timeout).
	NominationTimeout time.Duration
	Trickle           ICETrickle
	// NoSourceCheck takes media from addresses that no check came from
	// (check_src_addr).
	NoSourceCheck bool
	// NoRTCP leaves RTCP out of ICE (ice_no_rtcp).
	NoRTCP bool
	// NoAlwaysUpdate sends the re-INVITE after the checks only when the address
	// changed (ice_always_update).
	NoAlwaysUpdate bool
}

// TURNTransport is what leads to a TURN server (pj_turn_tp_type).
type TURNTransport int

// The transports to a TURN server.
const (
	TURNUDP TURNTransport = iota
	TURNTCP
	TURNTLS
)

func (t TURNTransport) String() string {
	return enumString(int(t), "TURNTransport", "UDP", "TCP", "TLS")
}

// TURNConfig is a TURN server (RFC 8656; pjsua_turn_config), of an account or of all
// that have none of their own. Its candidates need ICE.
type TURNConfig struct {
	Enable    bool          // enable_turn
	Server    string        // "host" or "host:port" (turn_server)
	Transport TURNTransport // turn_conn_type
	// Realm, Username and Password are the long-term credential (turn_auth_cred).
	// An empty Realm takes the server's.
	Realm    string
	Username string
	Password Secret
	// PasswordHashed says that Password is the MD5 hash that RFC 8489 section 9.2.2
	// makes the key of (PJ_STUN_PASSWD_HASHED).
	PasswordHashed bool
	TLS            TLSConfig // turn_tls_setting
}

func (p *problems) ice(name string, c ICEConfig, account bool) {
	p.atMost(len(c.HostCandidates), name+" host candidates", 8)
	if !account && len(c.HostCandidates) > 0 {
		p.bad("%s.HostCandidates is for accounts", name)
	}
	for _, a := range c.HostCandidates {
		if !a.IsValid() || a.Zone() != "" {
			p.bad("%s host candidate %v is not an address", name, a)
		}
	}
	p.within(name+".Trickle", int(c.Trickle), 0, int(TrickleFull))
}

func (p *problems) turn(name string, c TURNConfig) {
	if c.Enable && c.Server == "" {
		p.bad("%s has no server", name)
	}
	p.within(name+".Transport", int(c.Transport), 0, int(TURNTLS))
	p.text(c.Server, c.Realm, c.Username)
	p.tls(c.TLS)
}
