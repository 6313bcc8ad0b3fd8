package pjsua

import "time"

// AccountConfig is what [Endpoint.AddAccount] and [Account.Modify] take, and
// [Account.Config] returns (pjsua_acc_config).
//
// What is not here: srtp_optional_dup_offer is deprecated and ignored by PJSIP;
// use_stream_ka and stream_ka_cfg are not compiled; rtp_cfg has no TLS; user_data is
// [Account.SetUserData]'s; video.
type AccountConfig struct {
	// ID is the address of record, `"Name" <sip:user@domain>` or `sip:user@domain`.
	ID string
	// Priority is the order in which accounts are matched with requests, greatest
	// first (priority).
	Priority int

	// Registrar is the URI to register at, such as "sip:pbx.example.com"; empty:
	// the account does not register (reg_uri).
	Registrar string
	// RegisterLater leaves the first REGISTER to [Account.Register], so that one that
	// cannot be sent leaves the account in place (register_on_acc_add).
	RegisterLater bool
	// DisableRegOnModify keeps [Account.Modify] from registering again
	// (disable_reg_on_modify).
	DisableRegOnModify bool
	// RegisterHeaders are added to REGISTER requests (reg_hdr_list).
	RegisterHeaders []Header
	// RegisterTimeout is the expiry asked for; 0 means 300 s (reg_timeout).
	RegisterTimeout time.Duration
	// RefreshBefore is how long before the expiry the registration is refreshed; 0
	// means 5 s (reg_delay_before_refresh).
	RefreshBefore time.Duration
	// UnregisterTimeout is how long PJSIP waits at its end for a registration to end
	// (unreg_timeout); 0 means 4 s.
	UnregisterTimeout time.Duration
	// RetryInterval is the wait before a failed registration is tried again
	// (reg_retry_interval). Unlike PJSIP's 300 s, 0 means 30 s: a bot is to be back
	// soon after its PBX is. Below 0: no retry.
	RetryInterval time.Duration
	// FirstRetry is the wait before the first retry after the loss of a connection
	// (reg_first_retry_interval). Unlike PJSIP's, which is at once, 0 means 5 s, or
	// RetryInterval where that is less. Below 0: at once.
	FirstRetry time.Duration
	// RetryRandom is added to or taken from these at random at most, so that many
	// phones do not come back at once (reg_retry_random_interval). Unlike PJSIP's
	// 10 s, 0 means half of RetryInterval. Below 0: nothing.
	RetryRandom time.Duration
	// DropCallsOnRegFail ends the account's calls when registering again has failed
	// too (drop_calls_on_reg_fail).
	DropCallsOnRegFail bool
	// RegisterProxies says which proxies a REGISTER visits (reg_use_proxy).
	RegisterProxies RegisterProxies

	// Proxies are URIs of outbound proxies, in order (proxy), at most 8. The parameter
	// ;lr is added where it is missing, unless Config.NoForceLR.
	Proxies []string
	// Credentials answer challenges (cred_info), at most 8.
	Credentials []Credential
	// InitialAuth sends an empty Authorization header before a challenge, for
	// AuthAlgorithm (auth_pref; RFC 3310 wants it).
	InitialAuth   bool
	AuthAlgorithm string
	// SharedAuth uses a nonce for all requests of the account, so that fewer are
	// challenged (use_shared_auth).
	SharedAuth bool
	// Transport binds the account to one transport; nil: PJSIP chooses by URI
	// (transport_id).
	Transport *Transport
	// IPv6SIP says which IP is used for SIP (ipv6_sip_use).
	IPv6SIP IPv6Use

	// ForceContact is the URI to use as Contact instead of what PJSIP finds
	// (force_contact).
	ForceContact string
	// ContactParams and ContactURIParams are added to the Contact and to the URI in
	// it, each as ";name=value" (contact_params, contact_uri_params); the same for
	// REGISTER only (reg_contact_params, reg_contact_uri_params).
	ContactParams            string
	ContactURIParams         string
	RegisterContactParams    string
	RegisterContactURIParams string
	// RewriteContact puts the address that the registrar saw into Contact (NAT;
	// allow_contact_rewrite). RewriteVia does so with Via (allow_via_rewrite),
	// RewriteSDP with the SDP where neither STUN nor ICE is used
	// (allow_sdp_nat_rewrite). Unlike PJSIP's, the default of the first two is not to:
	// an address that a registrar made up is used only where that is wanted.
	RewriteContact ContactRewrite
	RewriteVia     bool
	RewriteSDP     bool
	// ContactRewriteMethod is how that is told to the registrar
	// (contact_rewrite_method).
	ContactRewriteMethod ContactRewriteMethod
	// NoContactSrcPort keeps the port of an outgoing connection out of Contact
	// (contact_use_src_port). Where the destination is a name it is not there anyway.
	NoContactSrcPort bool
	// NoOutbound turns off SIP outbound over TCP and TLS (RFC 5626; use_rfc5626).
	NoOutbound bool
	// OutboundInstanceID is the +sip.instance, "<urn:uuid:...>"; empty: made of the
	// host's name (rfc5626_instance_id). OutboundRegID is the reg-id; empty: 1
	// (rfc5626_reg_id).
	OutboundInstanceID string
	OutboundRegID      string
	// KeepAlive is the interval of keep-alive packets over UDP; 0 means 15 s;
	// below 0: none (ka_interval). KeepAliveData is what is sent; empty means CR LF
	// (ka_data).
	KeepAlive     time.Duration
	KeepAliveData string

	// MWI subscribes to message waiting (RFC 3842; mwi_enabled), for MWIExpires; 0
	// means an hour (mwi_expires).
	MWI        bool
	MWIExpires time.Duration
	// Publish publishes the account's presence (RFC 3903; publish_enabled).
	Publish bool
	// NoPublishQueue makes a PUBLISH while another is under way an error instead of
	// sending it afterwards (publish_opt.queue_request).
	NoPublishQueue bool
	// UnpublishTimeout is how long PJSIP waits at its end for the publication to end;
	// 0 means 2 s (unpublish_max_wait_time_msec).
	UnpublishTimeout time.Duration
	// PIDFTupleID is the tuple's id in presence documents; empty: a random one
	// (pidf_tuple_id).
	PIDFTupleID string
	// SubscribeHeaders are added to SUBSCRIBE requests (sub_hdr_list).
	SubscribeHeaders []Header
	// NoMessageAutoResponse leaves the answer to a MESSAGE to the program, instead of
	// 200 at once (auto_repond_sip_message).
	NoMessageAutoResponse bool

	// Rel100 (require_100rel), SessionTimer (use_timer), SessionExpires, MinSE
	// (timer_setting) and SIPREC (use_siprec) replace what Config says.
	Rel100         Rel100Use
	SessionTimer   SessionTimerUse
	SessionExpires time.Duration
	MinSE          time.Duration
	SIPREC         SIPRECUse
	// CallHold is how calls are put on hold (call_hold_type).
	CallHold CallHoldType
	// NoLockCodec accepts an answer with several codecs as it is; otherwise a
	// re-INVITE asks for one (lock_codec).
	NoLockCodec bool

	// SRTP (use_srtp), SRTPSignaling (srtp_secure_signaling), SRTPKeying and
	// SRTPCryptos (srtp_opt) replace what Config says.
	SRTP          SRTPUse
	SRTPSignaling SRTPSignaling
	SRTPKeying    []SRTPKeying
	SRTPCryptos   []SRTPCrypto

	// RTPPort is the first UDP port for media, RTPPortRange how many follow
	// (rtp_cfg.port, port_range). Unlike PJSIP's 4000, 0 means any, so that two
	// programs on one machine do not meet. RTP takes the even ones, RTCP the next.
	RTPPort      int
	RTPPortRange int
	RTPRandom    bool // begin anywhere in that range (rtp_cfg.randomize_port)
	// MediaAddress binds RTP to a local address; empty means all
	// (rtp_cfg.bound_addr).
	MediaAddress string
	// PublicAddress is put into the SDP instead of the local address
	// (rtp_cfg.public_addr).
	PublicAddress string
	// RTPQoS marks RTP and RTCP (rtp_cfg.qos_type, qos_params), RTPSocketOptions are
	// set on their sockets, at most 4 (rtp_cfg.sockopt_params).
	RTPQoS           QoS
	RTPSocketOptions []SocketOption
	// RTCPMux sends RTCP from the port of RTP (RFC 5761; enable_rtcp_mux).
	RTCPMux bool
	// RTCPXR sends extended reports (RFC 3611; enable_rtcp_xr).
	RTCPXR bool
	// RTCPFeedback is RTCP feedback (RFC 4585; rtcp_fb_cfg).
	RTCPFeedback RTCPFeedback
	// TextRedundancy is how many earlier texts a packet of real-time text repeats
	// (RFC 4103; txt_red_level); 0 means 2, below 0 none.
	TextRedundancy int
	// LoopMedia gives calls a transport without sockets (use_loop_med_tp), which
	// with LoopMediaBack sends back what it gets (enable_loopback).
	LoopMedia     bool
	LoopMediaBack bool

	// IPv6Media says which IP is used for media (ipv6_media_use).
	IPv6Media IPv6Use
	NAT64     bool    // write IPv4 addresses of the SDP as NAT64 ones (nat64_opt)
	STUNSIP   STUNUse // the use of STUN for SIP (sip_stun_use)
	STUNMedia STUNUse // and for media (media_stun_use)
	NoUPnPSIP bool    // not for SIP, although Config.UPnP is set (sip_upnp_use)
	// NoUPnPMedia: not for media, although Config.UPnP is set (media_upnp_use).
	NoUPnPMedia bool
	// ICE and TURN replace Config.Media's (ice_cfg, ice_cfg_use, turn_cfg,
	// turn_cfg_use); nil: those.
	ICE  *ICEConfig
	TURN *TURNConfig
	// IPChange says what happens to the account at a change of the IP address
	// (ip_change_cfg).
	IPChange IPChange

	// Policy of the account's calls; nil: the endpoint's.
	Policy *Policy
}

// RTCPFeedback is RTCP feedback (RFC 4585; pjmedia_rtcp_fb_setting).
type RTCPFeedback struct {
	// AVPF offers the profile RTP/AVPF, as the RFC has it; otherwise RTP/AVP, which
	// more peers take (dont_use_avpf; RFC 8643).
	AVPF bool
	Caps []RTCPFeedbackCap // at most 16
}

// RTCPFeedbackType is a kind of feedback (pjmedia_rtcp_fb_type).
type RTCPFeedbackType int

// The kinds.
const (
	FeedbackACK RTCPFeedbackType = iota
	FeedbackNACK
	FeedbackTRRInt
	FeedbackOther
)

func (t RTCPFeedbackType) String() string {
	return enumString(int(t), "RTCPFeedbackType", "ack", "nack", "trr-int", "other")
}

// RTCPFeedbackCap is one a=rtcp-fb line (pjmedia_rtcp_fb_cap).
type RTCPFeedbackCap struct {
	Codec string // such as "PCMU"; "*" is all
	Type  RTCPFeedbackType
	Name  string // of the type, where that is FeedbackOther
	Param string // such as "pli"
}

// IPChange is what happens to an account at a change of the IP address
// (pjsua_ip_change_acc_cfg).
type IPChange struct {
	NoShutdownTransport bool // keep the transport of the registration (shutdown_tp)
	HangupCalls         bool // hangup_calls
	// NoReinvite leaves calls alone; otherwise they are sent a re-INVITE with
	// ReinviteFlags; 0 means CallReinitMedia, CallUpdateContact and CallUpdateVia
	// (reinvite_flags).
	NoReinvite    bool
	ReinviteFlags CallFlag
	UseUpdate     bool // UPDATE instead, where the far end allows it (reinv_use_update)
}

// Validate reports everything that is wrong with c, joined. Syntax of URIs is
// PJSIP's to check, see [Endpoint.AddAccount].
func (c AccountConfig) Validate() error {
	p := problems{what: "account"}
	if c.ID == "" {
		p.bad("ID is empty")
	}
	p.atMost(len(c.Proxies), "proxies", 8)
	if c.RTPPort < 0 || c.RTPPort > 65535 || c.RTPPort+c.RTPPortRange > 65535 || c.RTPPortRange < 0 {
		p.bad("RTP ports %d+%d are outside 0 to 65535", c.RTPPort, c.RTPPortRange)
	}
	p.join(validPolicy(c.Policy))
	p.text(c.ID, c.Registrar, c.ForceContact, c.ContactParams, c.ContactURIParams, c.RegisterContactParams,
		c.RegisterContactURIParams, c.OutboundInstanceID, c.OutboundRegID, c.PIDFTupleID, c.AuthAlgorithm, c.PublicAddress)
	p.text(c.Proxies...)
	p.address("MediaAddress", c.MediaAddress)
	p.credentials(c.Credentials)
	for _, d := range []struct {
		name string
		d    time.Duration
	}{
		{"RegisterTimeout", c.RegisterTimeout}, {"RefreshBefore", c.RefreshBefore}, {"UnregisterTimeout", c.UnregisterTimeout},
		{"MWIExpires", c.MWIExpires}, {"UnpublishTimeout", c.UnpublishTimeout},
	} {
		if d.d < 0 {
			p.bad("%s %v is below 0", d.name, d.d)
		}
	}
	p.timers(c.SessionExpires, c.MinSE)
	for _, e := range []struct {
		name    string
		v, most int
	}{
		{"RegisterProxies", int(c.RegisterProxies), int(RegisterViaAccount)}, {"IPv6SIP", int(c.IPv6SIP), int(IPv6Only)},
		{"IPv6Media", int(c.IPv6Media), int(IPv6Only)}, {"RewriteContact", int(c.RewriteContact), int(RewriteAlways)},
		{"ContactRewriteMethod", int(c.ContactRewriteMethod), 7}, {"Rel100", int(c.Rel100), int(Rel100Optional)},
		{"SessionTimer", int(c.SessionTimer), int(TimerAlways)}, {"SIPREC", int(c.SIPREC), int(SIPRECMandatory)},
		{"CallHold", int(c.CallHold), int(HoldRFC2543)}, {"STUNSIP", int(c.STUNSIP), int(STUNDisabled)},
		{"STUNMedia", int(c.STUNMedia), int(STUNRetryOnFailure)},
	} {
		p.within(e.name, e.v, 0, e.most)
	}
	p.srtp(c.SRTP, c.SRTPSignaling, c.SRTPKeying, c.SRTPCryptos)
	p.qos(c.RTPQoS, c.RTPSocketOptions)
	p.atMost(len(c.RTCPFeedback.Caps), "RTCP feedback capabilities", 16)
	for _, f := range c.RTCPFeedback.Caps {
		p.within("RTCP feedback type", int(f.Type), 0, int(FeedbackOther))
		p.text(f.Codec, f.Name, f.Param)
	}
	if c.TextRedundancy > 2 {
		p.bad("TextRedundancy %d is over 2", c.TextRedundancy)
	}
	if c.ICE != nil {
		p.ice("ICE", *c.ICE, true)
	}
	if c.TURN != nil {
		p.turn("TURN", *c.TURN)
	}
	return p.err()
}
