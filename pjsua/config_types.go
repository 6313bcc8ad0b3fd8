package pjsua

// Rel100Use is the use of reliable provisional responses, 100rel and PRACK (RFC 3262;
// pjsua_100rel_use).
type Rel100Use int

// The uses of 100rel.
const (
	Rel100Default   Rel100Use = iota // an account's: what Config says; Config's: not used
	Rel100NotUsed                    // not offered; a far end that requires it gets it
	Rel100Mandatory                  // required in outgoing calls, refused with 421 without
	Rel100Optional                   // offered
)

func (u Rel100Use) String() string {
	return enumString(int(u), "Rel100Use", "default", "not used", "mandatory", "optional")
}

// SessionTimerUse is the use of session timers (RFC 4028; pjsua_sip_timer_use).
type SessionTimerUse int

// The uses of session timers.
const (
	TimerDefault  SessionTimerUse = iota // an account's: what Config says; Config's: optional
	TimerInactive                        // not used unless the far end requires them
	TimerOptional                        // used when the far end supports and wants them
	TimerRequired                        // calls without them fail
	TimerAlways                          // used, whether the far end supports them or not
)

func (u SessionTimerUse) String() string {
	return enumString(int(u), "SessionTimerUse", "default", "inactive", "optional", "required", "always")
}

// SIPRECUse is the use of session recording (RFC 7866; pjsua_sip_siprec_use).
type SIPRECUse int

// The uses of session recording.
const (
	SIPRECDefault   SIPRECUse = iota // an account's: what Config says; Config's: inactive
	SIPRECInactive                   // refused where it is required
	SIPRECOptional                   // accepted
	SIPRECMandatory                  // calls without it fail
)

func (u SIPRECUse) String() string {
	return enumString(int(u), "SIPRECUse", "default", "inactive", "optional", "mandatory")
}

// SRTPUse says whether media must be encrypted (pjmedia_srtp_use).
type SRTPUse int

// The uses of SRTP.
const (
	SRTPDefault   SRTPUse = iota // an account's: what Config says; Config's: off
	SRTPOff                      // neither offered nor accepted
	SRTPOptional                 // offered and accepted; calls without it go through
	SRTPMandatory                // calls without it fail
)

func (u SRTPUse) String() string {
	return enumString(int(u), "SRTPUse", "default", "off", "optional", "mandatory")
}

// SRTPSignaling is what SRTP asks of the signalling, which carries the keys of SDES
// (pjsua_acc_config.srtp_secure_signaling).
type SRTPSignaling int

// What SRTP may ask for.
const (
	SRTPDefaultSignaling SRTPSignaling = iota // an account's: what Config says; Config's: any
	SRTPAnySignaling                          // nothing
	SRTPTLSSignaling                          // TLS to the next hop
	SRTPSIPSSignaling                         // sips: to the far end
)

func (s SRTPSignaling) String() string {
	return enumString(int(s), "SRTPSignaling", "default", "any", "TLS", "SIPS")
}

// SRTPKeying is a way to agree on SRTP keys (pjmedia_srtp_keying_method).
type SRTPKeying int

// The keying methods.
const (
	SDES     SRTPKeying = iota // keys in the SDP, RFC 4568
	DTLSSRTP                   // RFC 5763
)

func (k SRTPKeying) String() string { return enumString(int(k), "SRTPKeying", "SDES", "DTLS-SRTP") }

// SRTPCrypto is a crypto suite of SRTP (pjmedia_srtp_crypto).
type SRTPCrypto struct {
	Name string // such as "AES_CM_128_HMAC_SHA1_80", "AEAD_AES_256_GCM"
	// Key is the master key and salt, as bytes; empty: a random one for each call, as
	// it should be.
	Key Secret
	// NoEncryption and NoAuthentication turn off parts of the protection.
	NoEncryption, NoAuthentication bool
}

// DigestAlgorithm is the algorithm that a hashed password was made with
// (pjsip_auth_algorithm_type).
type DigestAlgorithm int

// The algorithms of digest authentication.
const (
	DigestUnset     DigestAlgorithm = iota // MD5
	DigestMD5                              // RFC 2617
	DigestSHA256                           // RFC 8760
	DigestSHA512256                        // RFC 8760
)

func (a DigestAlgorithm) String() string {
	return enumString(int(a), "DigestAlgorithm", "unset", "MD5", "SHA-256", "SHA-512-256")
}

// Credential answers challenges (RFC 3261 section 22, RFC 8760; pjsip_cred_info). The
// AKA credentials of IMS (RFC 3310) are not compiled into PJSIP.
type Credential struct {
	Realm    string // that it is for; empty means any
	Scheme   string // empty means "digest"
	Username string
	Password Secret
	// Hashed says that Password is the hash of "username:realm:password" in hex
	// (PJSIP_CRED_DATA_DIGEST), by Algorithm; an algorithm is for nothing else.
	Hashed    bool
	Algorithm DigestAlgorithm
}

// IPv6Use says which versions of IP an account uses (pjsua_ipv6_use). It is about what
// goes out; what comes in is answered in its own version.
type IPv6Use int

// The uses of IPv6.
const (
	IPv6Default      IPv6Use = iota // SIP: no preference; media: IPv4 is preferred
	IPv6Disabled                    // IPv4 only
	IPv6NoPreference                // what the resolver says
	IPv6PreferIPv4                  // both, IPv4 first
	IPv6PreferIPv6                  // both, IPv6 first
	IPv6Only
)

func (u IPv6Use) String() string {
	return enumString(int(u), "IPv6Use", "default", "disabled", "no preference", "prefer IPv4", "prefer IPv6", "only")
}

// STUNUse says what an account does with the STUN servers of [Config]
// (pjsua_stun_use).
type STUNUse int

// The uses of STUN.
const (
	STUNDefault        STUNUse = iota // SIP: as configured; media: retry on failure
	STUNAsConfigured                  // the servers of Config
	STUNDisabled                      // none
	STUNRetryOnFailure                // the same as STUNAsConfigured, since pjsua is told of one server only
)

func (u STUNUse) String() string {
	return enumString(int(u), "STUNUse", "default", "as configured", "disabled", "retry on failure")
}

// CallHoldType is how a call is put on hold (pjsua_call_hold_type).
type CallHoldType int

// The ways to hold.
const (
	HoldRFC3264 CallHoldType = iota // a=sendonly or inactive
	HoldRFC2543                     // c=0.0.0.0, for old peers
)

func (h CallHoldType) String() string {
	return enumString(int(h), "CallHoldType", "RFC3264", "RFC2543")
}

// ContactRewrite says when the address that the registrar saw is put into Contact
// (pjsua_acc_config.allow_contact_rewrite).
type ContactRewrite int

// When Contact is rewritten.
const (
	RewriteNever         ContactRewrite = iota
	RewriteUnlessPrivate                // not where a private address would replace a public one
	RewriteAlways
)

func (r ContactRewrite) String() string {
	return enumString(int(r), "ContactRewrite", "never", "unless private", "always")
}

// ContactRewriteMethod is a set of ways to bring a rewritten Contact to the registrar
// (pjsua_contact_rewrite_method).
type ContactRewriteMethod int

// The ways; 0 is RewriteNoUnregister and RewriteAlwaysUpdate.
const (
	RewriteUnregister   ContactRewriteMethod = 1 // remove the old one with a REGISTER of its own first
	RewriteNoUnregister ContactRewriteMethod = 2 // replace it in the same REGISTER
	RewriteAlwaysUpdate ContactRewriteMethod = 4 // rewrite also where the registration has none to compare with
)

// RegisterProxies says which proxies a REGISTER visits (pjsua_acc_config.reg_use_proxy).
type RegisterProxies int

// The proxies of a REGISTER.
const (
	RegisterViaAll      RegisterProxies = iota // Config's and the account's
	RegisterViaNone                            // straight to the registrar
	RegisterViaOutbound                        // Config's only
	RegisterViaAccount                         // the account's only
)

func (r RegisterProxies) String() string {
	return enumString(int(r), "RegisterProxies", "all", "none", "outbound", "account")
}
