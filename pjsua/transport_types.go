package pjsua

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"time"
)

// ErrTransportGone is returned by commands on a transport that was closed.
var ErrTransportGone = errors.New("pjsua: the transport was closed")

// ErrTransportBound is returned by [Transport.Close] while accounts are bound to the
// transport.
var ErrTransportBound = errors.New("pjsua: accounts are bound to the transport")

// TransportInfo describes a SIP transport (pjsua_transport_info).
type TransportInfo struct {
	Type        TransportType
	Name        string // of the type, such as "UDP"
	Description string // PJSIP's, such as "udp 127.0.0.1:5060 [published as 127.0.0.1:5060]"
	Address     string // host and port that it is published as, in Via and Contact
	Bound       string // address and port that it is bound to
	Reliable    bool   // TCP or TLS
	Secure      bool   // TLS
	Users       int    // what refers to it now: transactions, accounts; UDP only
}

// TransportState is what happened to a SIP transport (pjsip_transport_state).
type TransportState int

// What may happen to a transport.
const (
	TransportConnected    TransportState = iota // TCP or TLS: the connection is up
	TransportDisconnected                       // TCP or TLS: it is gone, or did not come up
	TransportShutdown                           // it takes no new requests
	TransportDestroyed                          // nobody uses it any more
	TransportAcceptFailed                       // TLS: a client's handshake failed (on_accept_fail_cb)
)

func (s TransportState) String() string {
	return enumString(int(s), "TransportState", "CONNECTED", "DISCONNECTED", "SHUTDOWN", "DESTROYED", "ACCEPT_FAILED")
}

// TransportChanged reports that a SIP connection came up or went away: pjsua's
// on_transport_state. Status and Reason say why; for TLS also what was wrong with the
// certificate.
type TransportChanged struct {
	EventHeader
	Type     TransportType
	State    TransportState
	Name     string // PJSIP's name of the connection, the same in all its events
	Incoming bool   // the far end connected
	Local    string // address and port as published
	Remote   string // address and port of the far end
	Status   Status
	Reason   string
	TLS      *TLSInfo // nil where it is not TLS, or nothing is known
}

// TLSInfo describes a TLS connection (pj_ssl_sock_info).
type TLSInfo struct {
	Established bool
	Protocol    TLSProtocol
	Cipher      string // by its standard name; empty before the connection is up
	// Verified says that the far end's certificate is good for its name; Problems has
	// the bits of PJSIP's pj_ssl_cert_verify_flag_t otherwise, and Reason of the event
	// the words.
	Verified bool
	Problems uint32
	// Certificate is the far end's; nil when it showed none.
	Certificate *Certificate
}

// Certificate has the facts of an X.509 certificate (pj_ssl_cert_info).
type Certificate struct {
	Subject   string // one line, fields between slashes, as OpenSSL has it
	Issuer    string
	Serial    string // in hex
	NotBefore time.Time
	NotAfter  time.Time
	Names     []string // subject alternative names
	PEM       []byte
}

// Fingerprint is the SHA-256 of the certificate, in hex; empty without PEM.
func (c *Certificate) Fingerprint() string {
	block, _ := pem.Decode(c.PEM)
	if block == nil {
		return ""
	}
	sum := sha256.Sum256(block.Bytes)
	return hex.EncodeToString(sum[:])
}

// CloseTransportOptions are the choices of [Transport.Close].
type CloseTransportOptions struct {
	// Bound closes a transport although accounts are bound to it: they cannot send
	// until they are given another.
	Bound bool
}
