package pjsua

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config is what [Open] takes (pjsua_config, pjsua_media_config,
// pjsua_logging_config). The zero value of a field means PJSIP's default unless
// its comment says otherwise, so Config{} works: a headless endpoint with the null
// sound device.
type Config struct {
	// Logger receives PJSIP's lines under the name "pjsip". nil: no logs.
	Logger hclog.Logger
	// LogLevel is PJSIP's own level, 1 (errors) to 6. 0 follows Logger's level.
	// From level 5 on PJSIP prints SIP messages; digests and SRTP keys in them
	// are replaced by ***.
	LogLevel int
	// UserAgent is the value of the User-Agent header. Empty: none is sent.
	UserAgent string
	// MaxCalls bounds the simultaneous calls; 0 means Limits().Calls. More
	// calls are refused with 486.
	MaxCalls int
	// Threads is the number of SIP worker threads; 0 means 1.
	Threads int
	// Nameservers turn on DNS SRV resolution (RFC 3263) through PJSIP's own
	// resolver; empty: the system's resolver, A and AAAA records only.
	Nameservers []string
	// STUNServers are tried in order, "host" or "host:port".
	STUNServers []string
	Media       MediaConfig
}

// MediaConfig is the part of pjsua_media_config that programs change.
type MediaConfig struct {
	ClockRate    int           // of the conference bridge, Hz; 0 means 16000
	FrameTime    time.Duration // tick of the bridge; 0 means 20 ms
	Threads      int           // media worker threads; 0 means 1
	ConfThreads  int           // threads that mix; 0 means what PJSIP was compiled with
	VAD          bool          // stop sending RTP in silence; off unless set
	Quality      int           // resampling and codec quality 1 to 10; 0 means 8
	PacketTime   time.Duration // of RTP sent; 0 means the codec's own
	EchoTail     time.Duration // echo canceller; 0 means off
	JitterMax    time.Duration // jitter buffer's bound; 0 means PJSIP's
	JitterPrefix time.Duration // initial prefetch; 0 means PJSIP's
}

// TransportConfig is what [Endpoint.AddTransport] takes (pjsua_transport_config).
type TransportConfig struct {
	Type TransportType
	// Port to listen on; 0 means any free port.
	Port int
	// PortRange: when above 0, the next PortRange ports are tried too.
	PortRange int
	// BindAddress is the local address; empty means all.
	BindAddress string
	// PublicAddress is put into Via and Contact instead of the local address.
	PublicAddress string
	TLS           TLSConfig
}

// TLSConfig is the part of pjsip_tls_setting that programs change. All files are
// PEM.
type TLSConfig struct {
	CAFile   string // trusted roots; empty: the system's
	CertFile string
	KeyFile  string
	// Insecure accepts any server certificate. Off unless set, unlike PJSIP's
	// default.
	Insecure bool
}

// AccountConfig is what [Endpoint.AddAccount] takes (pjsua_acc_config).
type AccountConfig struct {
	// ID is the address of record, `"Name" <sip:user@domain>` or `sip:user@domain`.
	ID string
	// Registrar is the URI to register at, such as "sip:pbx.example.com"; empty:
	// the account does not register.
	Registrar string
	// RegisterLater leaves the first REGISTER to [Account.Register], so that one that
	// cannot be sent leaves the account in place.
	RegisterLater bool
	// Proxies are URIs of outbound proxies, in order. The parameter ;lr is added
	// where it is missing.
	Proxies []string
	// Username and Password answer digest challenges of any realm (RFC 2617,
	// RFC 8760). Empty Username: no credentials.
	Username string
	Password string
	// Transport binds the account to one transport; nil: PJSIP chooses by URI.
	Transport *Transport
	// RegisterTimeout is the expiry asked for; 0 means 300 s.
	RegisterTimeout time.Duration
	// RetryInterval is the wait before a failed registration is tried again;
	// 0 means 30 s; below 0: no retry.
	RetryInterval time.Duration
	// KeepAlive is the interval of keep-alive packets over UDP; 0 means 15 s;
	// below 0: none.
	KeepAlive time.Duration
	// RewriteContact lets PJSIP put the address that the registrar saw into
	// Contact and Via (NAT).
	RewriteContact bool
	SRTP           SRTPUse
	// SRTPKeying chooses the order of keying methods; empty means SDES only.
	SRTPKeying []SRTPKeying
	// RTPPort is the first UDP port for media, RTPPortRange how many follow;
	// 0 means any.
	RTPPort      int
	RTPPortRange int
	// MediaAddress binds RTP to a local address; empty means all.
	MediaAddress string
	// PublicAddress is put into the SDP instead of the local address.
	PublicAddress string
	// NoSessionTimer turns off session timers (RFC 4028).
	NoSessionTimer bool
	ICE            bool
	// MWI subscribes to message waiting (RFC 3842).
	MWI bool
}

// SRTPKeying is a way to agree on SRTP keys (pjmedia_srtp_keying_method).
type SRTPKeying int

// The keying methods.
const (
	SDES     SRTPKeying = iota // keys in the SDP, RFC 4568
	DTLSSRTP                   // RFC 5763
)

func (k SRTPKeying) String() string { return enumString(int(k), "SRTPKeying", "SDES", "DTLS-SRTP") }

// Validate reports everything that is wrong with c, joined.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: config: "+format, a...)) }
	if c.LogLevel < 0 || c.LogLevel > 6 {
		bad("LogLevel %d is outside 0 to 6", c.LogLevel)
	}
	if c.MaxCalls < 0 || (limits.Calls > 0 && c.MaxCalls > limits.Calls) {
		bad("MaxCalls %d is outside 0 to %d, what PJSIP was compiled with", c.MaxCalls, limits.Calls)
	}
	if c.Threads < 0 || c.Threads > 32 {
		bad("Threads %d is outside 0 to 32", c.Threads)
	}
	if len(c.Nameservers) > 4 {
		bad("%d nameservers, PJSIP takes 4", len(c.Nameservers))
	}
	if len(c.STUNServers) > 8 {
		bad("%d STUN servers, PJSIP takes 8", len(c.STUNServers))
	}
	switch c.Media.ClockRate {
	case 0, 8000, 16000, 22050, 24000, 32000, 44100, 48000:
	default:
		bad("Media.ClockRate %d is not a usual sample rate", c.Media.ClockRate)
	}
	if q := c.Media.Quality; q < 0 || q > 10 {
		bad("Media.Quality %d is outside 0 to 10", q)
	}
	return errors.Join(errs...)
}

// Validate reports everything that is wrong with c, joined.
func (c TransportConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: transport: "+format, a...)) }
	switch c.Type {
	case UDP, TCP, TLS, UDP6, TCP6, TLS6:
	default:
		bad("unknown type %v", c.Type)
	}
	if c.Port < 0 || c.Port > 65535 {
		bad("port %d is outside 0 to 65535", c.Port)
	}
	if c.BindAddress != "" {
		if _, err := netip.ParseAddr(c.BindAddress); err != nil {
			bad("bind address %q is not an IP address", c.BindAddress)
		}
	}
	return errors.Join(errs...)
}

// Validate reports everything that is wrong with c, joined. Syntax of URIs is
// PJSIP's to check, see [Endpoint.AddAccount].
func (c AccountConfig) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: account: "+format, a...)) }
	if c.ID == "" {
		bad("ID is empty")
	}
	if len(c.Proxies) > 8 {
		bad("%d proxies, PJSIP takes 8", len(c.Proxies))
	}
	if c.RTPPort < 0 || c.RTPPort > 65535 || c.RTPPort+c.RTPPortRange > 65535 || c.RTPPortRange < 0 {
		bad("RTP ports %d+%d are outside 0 to 65535", c.RTPPort, c.RTPPortRange)
	}
	for _, text := range []string{c.ID, c.Registrar, c.Username, strings.Join(c.Proxies, "")} {
		if strings.ContainsAny(text, "\r\n\x00") {
			bad("a value holds a line break or NUL")
			break
		}
	}
	return errors.Join(errs...)
}

// ConnectOptions are the choices of [Endpoint.Connect].
type ConnectOptions struct {
	// Level multiplies the samples of this link; 0 means 1.
	Level float64
}
