package config

import "time"

// Config is a resolved configuration: flags over environment over file over
// defaults. [Load] makes it, and Load(Source{}) one to start from in a program that
// has no file. It is not safe for concurrent change.
type Config struct {
	Settings Settings
	// Path is the INI file that was read, empty where there was none. State that a
	// softphone remembers is written there.
	Path string
	// Accounts in the order of their numbers. The local account, if there is one,
	// has number 0 and so is the first.
	Accounts []Account
	// Rules about incoming calls, in the order of the file. The first that fits a call
	// decides about it.
	Rules []Rule
}

// Account returns the account with that number.
func (c *Config) Account(number int) (Account, bool) {
	for _, a := range c.Accounts {
		if a.Number == number {
			return a, true
		}
	}
	return Account{}, false
}

// Account is one SIP account. The comments say what differs from the key of the
// same name in docs/config.md, which is the reference.
type Account struct {
	// Number is the account's identity: the dash suffix, or the N of [AccountN].
	// 0 is the local account, which registers nowhere.
	Number int `ini:"-"`

	Label string `ini:"label"`
	// Server is the registrar, host or host:port. It follows Domain where the key
	// is absent; where the key is there and empty, the account does not register.
	Server string `ini:"server"`
	// Proxy is the outbound proxies in order, each host[:port] or a SIP URI, both
	// with optional URI parameters.
	Proxy []string `ini:"proxy"`
	// BackupServer are the registrars that are tried in order when the server does not
	// answer, ProxyFailover takes the proxies as alternatives.
	BackupServer  []string `ini:"backupServer"`
	ProxyFailover bool     `ini:"proxyFailover"`
	// Domain is the host of the address of record and of dialled numbers, host or
	// host:port. It follows Server where the key is absent or empty.
	Domain   string `ini:"domain"`
	Username string `ini:"username"`
	// Password is the text itself, ${VARIABLE} and password_file resolved.
	Password Secret `ini:"password"`
	// AuthID is the user of digest authentication; it follows Username.
	AuthID      string    `ini:"authID"`
	DisplayName string    `ini:"displayName"`
	Transport   Transport `ini:"transport"`
	SRTP        SRTP      `ini:"SRTP"`

	RegisterRefresh     time.Duration `ini:"registerRefresh"`
	KeepAlive           time.Duration `ini:"keepAlive"`
	ICE                 bool          `ini:"ICE"`
	AllowRewrite        bool          `ini:"allowRewrite"`
	TURNServer          string        `ini:"turnServer"`    // host or host:port; set, ICE is on
	TURNTransport       Transport     `ini:"turnTransport"` // UDP, TCP or TLS
	TURNUsername        string        `ini:"turnUsername"`
	TURNPassword        Secret        `ini:"turnPassword"` // ${VARIABLE} is resolved
	DisableSessionTimer bool          `ini:"disableSessionTimer"`
	PublicAddr          string        `ini:"publicAddr"`
	Publish             bool          `ini:"publish"`
	// HideCID is empty or "0" for off; MicroSIP's modes otherwise.
	HideCID         string `ini:"hideCID"`
	VoicemailNumber string `ini:"voicemailNumber"`
	DialingPrefix   string `ini:"dialingPrefix"`
	DialPlan        string `ini:"dialPlan"`

	InviteHeaders string `ini:"inviteHeaders"`
	DialAllow     string `ini:"dialAllow"`
	// AudioCodecs are the codecs of the account's calls; none: Settings.AudioCodecs.
	AudioCodecs       []string `ini:"accountCodecs"`
	MaxCalls          int      `ini:"maxAccountCalls"`   // 0: no bound
	MaxCallsPerMinute int      `ini:"maxCallsPerMinute"` // 0: no bound
	// FollowRedirects, AcceptTransfers and AcceptReplaces are resolved: never empty in
	// a configuration that was loaded, and read as "0" where they are.
	FollowRedirects string `ini:"followRedirects"`
	AcceptTransfers string `ini:"acceptTransfers"` // "0", "dialAllow" or "1"
	AcceptReplaces  string `ini:"acceptReplaces"`

	InbandDTMF InbandDTMF `ini:"inbandDTMF"`

	// Other holds the account keys that were set and have no field, by their
	// spelling in the key table.
	Other map[string]string `ini:"-"`
}

// Registers reports whether the account has a registrar and a user to register.
func (a Account) Registers() bool { return a.Server != "" && a.Username != "" }

// Local reports whether this is the local account, which registers nowhere and
// takes and makes direct calls.
func (a Account) Local() bool { return a.Number == 0 }

// The formats of recordings; "wav" is the ordinary one.
const (
	RecordingMP3    = "mp3"    // by the program lame; the empty value is the same
	RecordingOpus   = "opus"   // Opus in Ogg
	RecordingStereo = "stereo" // WAV with the far end on the left, us on the right
)

// SocketNone as Settings.Socket is no control socket.
const SocketNone = "none"

// Settings is what is not part of an account. The comments say what differs from
// the key of the same name in docs/config.md, which is the reference.
type Settings struct {
	Dialect Dialect `ini:"dialect"`

	SourcePort  int    `ini:"sourcePort"`  // 0: any free port
	BindAddress string `ini:"bindAddress"` // an IP address; empty: all
	// RTPPortMin and RTPPortMax are both 0 (any port) or a range, both ends included.
	RTPPortMin int    `ini:"rtpPortMin"`
	RTPPortMax int    `ini:"rtpPortMax"`
	UserAgent  string `ini:"userAgent"` // empty: the engine's own
	TLSCAFile  string `ini:"tlsCAFile"`
	// TLSCertFile and TLSKeyFile are both empty or both set.
	TLSCertFile string `ini:"tlsCertFile"`
	TLSKeyFile  string `ini:"tlsKeyFile"`
	TLSVerify   bool   `ini:"tlsVerify"`

	AudioCodecs       []string `ini:"audioCodecs"` // never empty; what is not listed is off
	ForceCodec        bool     `ini:"forceCodec"`
	OpusStereo        bool     `ini:"opusStereo"`
	AudioInputDevice  string   `ini:"audioInputDevice"`
	AudioOutputDevice string   `ini:"audioOutputDevice"`
	VAD               bool     `ini:"VAD"`
	VolumeInput       int      `ini:"volumeInput"`  // per cent; 0 is silence
	VolumeOutput      int      `ini:"volumeOutput"` // per cent; 0 is silence
	VolumeRing        int      `ini:"volumeRing"`   // per cent
	RingingSound      string   `ini:"ringingSound"`
	LocalDTMF         bool     `ini:"localDTMF"`
	MicAmplification  bool     `ini:"micAmplification"`
	SWLevelAdjustment bool     `ini:"swLevelAdjustment"`
	EC                bool     `ini:"EC"`

	AutoAnswer       AutoAnswer    `ini:"autoAnswer"`
	AA               bool          `ini:"AA"` // the button of AutoAnswer's "button"
	AutoAnswerDelay  time.Duration `ini:"autoAnswerDelay"`
	AutoAnswerNumber string        `ini:"autoAnswerNumber"`
	// AutoAnswerCalls is "" (no other call), "hold" or "all".
	AutoAnswerCalls string        `ini:"autoAnswerCalls"`
	AutoAnswerModes bool          `ini:"autoAnswerModes"`
	PlayOnAnswer    string        `ini:"playOnAnswer"`
	AutoHangUpTime  time.Duration `ini:"autoHangUpTime"` // 0: never
	QualityInterval time.Duration `ini:"qualityInterval"`

	RecordingPath   string `ini:"recordingPath"`
	RecordingFormat string `ini:"recordingFormat"`
	AutoRecording   bool   `ini:"autoRecording"`

	MaxCalls           int  `ini:"maxCalls"`           // 0: as many as PJSIP was compiled for
	MaxConcurrentCalls int  `ini:"maxConcurrentCalls"` // 0: no bound
	CallWaiting        bool `ini:"callWaiting"`
	SingleMode         bool `ini:"singleMode"`
	DuplicateCalls     bool `ini:"duplicateCalls"`
	AccountID          int  `ini:"accountId"` // 0: the first that is registered
	AutoHold           bool `ini:"autoHold"`
	AC                 bool `ini:"AC"` // automatic conference

	DisableMessaging    bool   `ini:"disableMessaging"`
	FeatureCodeCP       string `ini:"featureCodeCP"`
	FeatureCodeBT       string `ini:"featureCodeBT"`
	FeatureCodeAT       string `ini:"featureCodeAT"`
	EnableFeatureCodeCP bool   `ini:"enableFeatureCodeCP"`
	EnableFeatureCodeBT bool   `ini:"enableFeatureCodeBT"`
	EnableFeatureCodeAT bool   `ini:"enableFeatureCodeAT"`
	FeatureCodePark     string `ini:"featureCodePark"`
	FeatureCodeRetrieve string `ini:"featureCodeRetrieve"`

	DTMFMethod DTMFMethod `ini:"DTMFMethod"`
	EnableLog  bool       `ini:"enableLog"`
	LogLevel   string     `ini:"logLevel"` // trace, debug, info, warn or error
	// Socket is the path of the control socket; empty: the program's choice; SocketNone:
	// none.
	Socket       string   `ini:"socket"`
	APIListen    string   `ini:"apiListen"` // host:port as of net.Listen; empty: not on TCP
	APITokenFile string   `ini:"apiTokenFile"`
	APIHosts     []string `ini:"apiHosts"`
	PromptPath   string   `ini:"promptPath"`
	// WindowMessages is of Windows only.
	WindowMessages bool `ini:"windowMessages"`

	Rport              bool     `ini:"rport"`
	NetworkChanges     bool     `ini:"networkChanges"`
	PortKnockerHost    string   `ini:"portKnockerHost"`
	PortKnockerPorts   string   `ini:"portKnockerPorts"` // separated by commas
	EnableLocalAccount bool     `ini:"enableLocalAccount"`
	EnableSTUN         bool     `ini:"enableSTUN"`
	STUN               []string `ini:"STUN"` // host or host:port
	DNSSrv             bool     `ini:"dnsSrv"`
	DNSSrvNS           []string `ini:"dnsSrvNs"` // IP addresses

	Forwarding       string        `ini:"forwarding"` // "", "button" or "all"
	FWD              bool          `ini:"FWD"`        // the button of Forwarding's "button"
	ForwardingNumber string        `ini:"forwardingNumber"`
	ForwardingDelay  time.Duration `ini:"forwardingDelay"`
	// DenyIncoming is "", "button", "user", "domain", "userdomain",
	// "remotedomain" or "all".
	DenyIncoming string `ini:"denyIncoming"`
	DND          bool   `ini:"DND"` // the button of DenyIncoming's "button"

	CmdOutgoingCall    string `ini:"cmdOutgoingCall"`
	CmdIncomingCall    string `ini:"cmdIncomingCall"`
	CmdCallRing        string `ini:"cmdCallRing"`
	CmdCallAnswer      string `ini:"cmdCallAnswer"`
	CmdCallAnswerVideo string `ini:"cmdCallAnswerVideo"`
	CmdCallBusy        string `ini:"cmdCallBusy"`
	CmdCallStart       string `ini:"cmdCallStart"`
	CmdCallEnd         string `ini:"cmdCallEnd"`
	CmdCallHold        string `ini:"cmdCallHold"`
	CmdCallResume      string `ini:"cmdCallResume"`
	CmdCallTransfer    string `ini:"cmdCallTransfer"`
	CmdDTMF            string `ini:"cmdDTMF"`
	CmdRegistration    string `ini:"cmdRegistration"`
	CmdMessage         string `ini:"cmdMessage"`
	CmdMWI             string `ini:"cmdMWI"`
	CmdRecording       string `ini:"cmdRecording"`
	// HookWait is how long a call's decision waits for cmdIncomingCall, 0: not at all.
	HookWait      time.Duration `ini:"hookWait"`
	HookTimeLimit time.Duration `ini:"hookTimeLimit"` // 0: none
	HookPassword  bool          `ini:"hookPassword"`  // {password} and {md5_password} have values

	Webhook       []string `ini:"webhook"`       // URLs
	WebhookSecret Secret   `ini:"webhookSecret"` // ${VARIABLE} is resolved
	WebhookEvents []string `ini:"webhookEvents"` // types of events; empty: those of docs/webhooks.md
	WebhookSpool  string   `ini:"webhookSpool"`
	// WebhookSpoolLimit is in MB for each URL.
	WebhookSpoolLimit int `ini:"webhookSpoolLimit"`

	PopLog     string `ini:"popLog"`
	StatusFile string `ini:"statusFile"`

	CallLog      string `ini:"callLog"`
	CallLogLimit int    `ini:"callLogLimit"` // rows, 0: no bound

	SaveState bool `ini:"saveState"`
	// LastCallNumber is the one of the file; [Dialed] in it goes before.
	LastCallNumber string `ini:"lastCallNumber"`

	Contacts          string `ini:"contacts"`
	UsersDirectory    string `ini:"usersDirectory"`
	DisableNameLookup bool   `ini:"disableNameLookup"`

	// Other holds the settings that were set and have no field, by their spelling
	// in the key table.
	Other map[string]string `ini:"-"`
}

// Transport is the SIP transport of an account.
type Transport string

// The transports.
const (
	TransportAny Transport = "" // UDP and TCP, the stack chooses
	UDP          Transport = "udp"
	TCP          Transport = "tcp"
	TLS          Transport = "tls"
)

// SRTP says whether media is encrypted, and how keys are agreed on.
type SRTP string

// The SRTP modes. The DTLS modes are mandatory: no plain RTP.
const (
	SRTPOff       SRTP = ""
	SRTPOptional  SRTP = "optional"
	SRTPMandatory SRTP = "mandatory"
	SRTPDTLSSDES  SRTP = "dtls-sdes" // DTLS-SRTP, else SDES
	SRTPDTLS      SRTP = "dtls"      // DTLS-SRTP only
)

// AutoAnswer says which incoming calls are answered without being asked.
type AutoAnswer string

// The ways of auto answer.
const (
	AutoAnswerOff    AutoAnswer = ""
	AutoAnswerButton AutoAnswer = "button" // while Settings.AA is set
	AutoAnswerHeader AutoAnswer = "header" // when the INVITE asks for it
	AutoAnswerAll    AutoAnswer = "all"
)

// InbandDTMF says where digits are looked for in the audio. The zero value is
// InbandDTMFAuto.
type InbandDTMF string

// The values.
const (
	InbandDTMFAuto InbandDTMF = "auto" // in calls without telephone-event
	InbandDTMFOn   InbandDTMF = "on"   // in all calls
	InbandDTMFOff  InbandDTMF = "off"
)

// DTMFMethod is how digits are sent.
type DTMFMethod int

// The methods, in MicroSIP's numbers.
const (
	DTMFAuto    DTMFMethod = iota // RFC 4733 where the peer takes it, else in-band
	DTMFInband                    // as tones in the audio
	DTMFRFC4733                   // RFC 4733, MicroSIP's "RFC2833"
	DTMFInfo                      // SIP INFO
)

// Dialect chooses whose reading of the interface holds where MicroSIP and its
// documentation differ.
type Dialect string

// The dialects.
const (
	Documented Dialect = "documented"
	Strict     Dialect = "strict" // exactly what MicroSIP does
)
