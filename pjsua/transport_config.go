package pjsua

import (
	"crypto/tls"
	"fmt"
	"os"
	"time"
)

// TransportConfig is what [Endpoint.AddTransport] takes (pjsua_transport_config,
// pjsip_tls_setting).
type TransportConfig struct {
	Type TransportType
	// Port to listen on; 0 means any free port.
	Port int
	// PortRange: when above 0, the next PortRange ports are tried too (port_range).
	PortRange int
	// RandomPort begins anywhere in that range (randomize_port).
	RandomPort bool
	// BindAddress is the local address; empty means all (bound_addr).
	BindAddress string
	// PublicAddress is put into Via and Contact instead of the local address
	// (public_addr).
	PublicAddress string
	QoS           QoS
	// SocketOptions are set on the sockets, at most 4 (sockopt_params).
	SocketOptions []SocketOption
	TLS           TLSConfig
}

// QoSType is a class of traffic, which PJSIP turns into a DSCP and priorities
// (pj_qos_type).
type QoSType int

// The classes.
const (
	QoSBestEffort QoSType = iota // nothing is set
	QoSBackground
	QoSVideo
	QoSVoice
	QoSControl
	QoSSignalling
)

func (t QoSType) String() string {
	return enumString(int(t), "QoSType", "best effort", "background", "video", "voice", "control", "signalling")
}

// WMM is a priority of WiFi Multimedia (pj_qos_wmm_prio).
type WMM int

// The priorities.
const (
	WMMUnset WMM = iota
	WMMBulkEffort
	WMMBulk
	WMMVideo
	WMMVoice
)

func (w WMM) String() string {
	return enumString(int(w), "WMM", "unset", "bulk effort", "bulk", "video", "voice")
}

// QoS marks packets (pj_qos_type, pj_qos_params). Type is the portable way, the rest,
// where set, comes after it.
type QoS struct {
	Type     QoSType
	DSCP     int // 1 to 63 (RFC 2474); 0: not set; below 0: set to 0
	Priority int // SO_PRIORITY, 1 to 255; 0: not set; below 0: set to 0
	WMM      WMM
}

// SocketOption is one call of setsockopt (pj_sockopt_params). The numbers are those
// of the system.
type SocketOption struct {
	Level, Name int
	Value       []byte // as in memory
}

// TLSProtocol is a set of versions of TLS (pj_ssl_sock_proto).
type TLSProtocol uint

// The versions.
const (
	TLS10 TLSProtocol = 4
	TLS11 TLSProtocol = 8
	TLS12 TLSProtocol = 16
	TLS13 TLSProtocol = 32
)

// TLSEntropy is where the random numbers of TLS are seeded from (pj_ssl_entropy_t).
type TLSEntropy int

// The sources.
const (
	EntropyNone    TLSEntropy = iota // the TLS library's own
	EntropyEGD                       // the socket EntropyPath
	EntropyRandom                    // /dev/random
	EntropyURandom                   // /dev/urandom
	EntropyFile                      // the file EntropyPath
)

func (e TLSEntropy) String() string {
	return enumString(int(e), "TLSEntropy", "none", "EGD", "random", "urandom", "file")
}

// TLSConfig is TLS of a SIP transport (pjsip_tls_setting) or to a TURN server
// (pj_turn_sock_tls_cfg). All certificates are PEM. Where a file is named, the texts
// are not used.
//
// What is not here: method is superseded by Protocols; cert_lookup is of Windows'
// own TLS, which is not compiled; cert_direct is memory of OpenSSL. QoS and socket
// options are those of [TransportConfig].
type TLSConfig struct {
	CAFile   string // trusted roots; empty: the system's (ca_list_file)
	CAPath   string // a directory of them, with hashed names (ca_list_path)
	CertFile string // shown to servers, and to clients of a listener (cert_file)
	KeyFile  string // its key (privkey_file)
	CAPEM    []byte // the same as texts (ca_buf, cert_buf, privkey_buf)
	CertPEM  []byte
	KeyPEM   Secret
	Password Secret // of the key (password)

	// Protocols are the versions allowed (proto); 0 means PJSIP's: 1.0 to 1.2, for
	// TURN what the TLS library prefers.
	Protocols TLSProtocol
	// Ciphers are the ciphers allowed, in order, by OpenSSL's or the standard's names
	// (ciphers); empty means the library's own. TLS 1.3 has its own.
	Ciphers []string
	// Curves are the groups for the key exchange, in order, by name, such as "x25519"
	// (curves).
	Curves []string
	// SigAlgs are the signature algorithms, as "ECDSA+SHA256:RSA+SHA256" (sigalgs).
	SigAlgs string
	// Entropy and EntropyPath seed the random numbers (entropy_type, entropy_path).
	Entropy     TLSEntropy
	EntropyPath string

	// Insecure accepts any server certificate (verify_server). Off unless set, unlike
	// PJSIP's default: keys and passwords go through it.
	Insecure bool
	// VerifyClient refuses clients whose certificate does not verify (verify_client),
	// RequireClientCert those that have none (require_client_cert).
	VerifyClient      bool
	RequireClientCert bool
	// Timeout bounds the handshake; 0 means no bound, for TURN PJSIP's (timeout).
	Timeout time.Duration
	// InitialTimeout closes an incoming connection that says nothing
	// (initial_timeout); 0 means 600 s.
	InitialTimeout time.Duration
	// NoRenegotiation refuses renegotiation in TLS 1.2 and before
	// (enable_renegotiation).
	NoRenegotiation bool
	// ReuseAddr sets SO_REUSEADDR on the listener also where PJSIP does not
	// (reuse_addr).
	ReuseAddr bool
	// StrictQoS and StrictSocketOptions make a setting that the system refuses an
	// error (qos_ignore_error, sockopt_ignore_error are on otherwise).
	StrictQoS           bool
	StrictSocketOptions bool
}

// Validate reports everything that is wrong with c, joined.
func (c TransportConfig) Validate() error {
	p := problems{what: "transport"}
	switch c.Type {
	case UDP, TCP, TLS, UDP6, TCP6, TLS6:
	default:
		p.bad("unknown type %v", c.Type)
	}
	p.within("port", c.Port, 0, 65535)
	if c.PortRange < 0 || c.Port+c.PortRange > 65535 {
		p.bad("ports %d+%d are outside 0 to 65535", c.Port, c.PortRange)
	}
	p.address("bind address", c.BindAddress)
	p.text(c.PublicAddress)
	p.qos(c.QoS, c.SocketOptions)
	p.tls(c.TLS)
	return p.err()
}

func (p *problems) qos(q QoS, options []SocketOption) {
	p.within("QoS.Type", int(q.Type), 0, int(QoSSignalling))
	p.within("QoS.DSCP", q.DSCP, -1, 63)
	p.within("QoS.Priority", q.Priority, -1, 255)
	p.within("QoS.WMM", int(q.WMM), 0, int(WMMVoice))
	p.atMost(len(options), "socket options", 4)
	for _, o := range options {
		if len(o.Value) == 0 {
			p.bad("socket option %d of level %d has no value", o.Name, o.Level)
		}
	}
}

func (p *problems) tls(c TLSConfig) {
	p.text(c.CAFile, c.CAPath, c.CertFile, c.KeyFile, c.SigAlgs, c.EntropyPath)
	p.text(c.Ciphers...)
	p.text(c.Curves...)
	if all := TLS10 | TLS11 | TLS12 | TLS13; c.Protocols&^all != 0 {
		p.bad("TLS.Protocols %#x holds unknown ones", uint(c.Protocols))
	}
	p.within("TLS.Entropy", int(c.Entropy), 0, int(EntropyFile))
	files := c.CAFile != "" || c.CAPath != "" || c.CertFile != "" || c.KeyFile != ""
	if files && (len(c.CAPEM) > 0 || len(c.CertPEM) > 0 || c.KeyPEM.Reveal() != "") {
		p.bad("TLS names files and has texts: PJSIP would ignore the texts")
	}
	if c.Timeout < 0 || c.InitialTimeout < 0 {
		p.bad("a TLS timeout is below 0")
	}
	p.atMost(len(c.Ciphers), "TLS ciphers", 256)
	p.atMost(len(c.Curves), "TLS curves", 32)
}

// readable says what is wrong with the files or texts of a certificate whose key has no
// password.
func (c TLSConfig) readable() error {
	cert, key := c.CertPEM, []byte(c.KeyPEM.Reveal())
	if c.CertFile != "" {
		var err error
		if cert, err = os.ReadFile(c.CertFile); err != nil {
			return fmt.Errorf("pjsua: %w", err)
		}
		if key, err = os.ReadFile(c.KeyFile); err != nil {
			return fmt.Errorf("pjsua: %w", err)
		}
	}
	if len(cert) == 0 || c.Password.Reveal() != "" {
		return nil
	}
	if _, err := tls.X509KeyPair(cert, key); err != nil {
		return fmt.Errorf("pjsua: certificate: %w", err)
	}
	return nil
}
