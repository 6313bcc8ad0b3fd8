package pjsua

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MediaPolicy changes what PJSIP negotiates for a call and makes its streams with. The
// answer to an INVITE is made before the program hears of the call, so the policy of the
// account or the endpoint counts for it.
type MediaPolicy struct {
	// Codecs are the only ones that are offered or taken, the first the most wanted, by ids
	// as in [Endpoint.SetCodecOrder]; the telephone-events at their clock rates stay. None:
	// all that are on. A codec that is off stays off; where all of them are, the SDP has a
	// format that nobody knows, and an INVITE ends with 488, as it does without a codec in
	// common; a re-INVITE is refused, by PJSIP with 500, and changes nothing. With
	// [AnswerOptions].OwnCodecOrder this order decides about an offer. It goes for SDP that
	// is made from now on, so that a re-INVITE can change the codec of a call.
	Codecs []string
	// SDP are changes of the SDP that is offered or answered, in order (pjsua's
	// on_call_sdp_created).
	SDP []SDPRule
	// ReportSDP makes an [SDPCreated] of each SDP.
	ReportSDP bool
	// ReportRTP lets an [RTPTrace] see the packets of calls that began before it.
	ReportRTP bool
	// Stream is how streams are made; nil: as configured (pjsua's on_stream_precreate).
	Stream *StreamSetting
	// Impair spoils the call's RTP; nil: nothing does but [MediaConfig] (pjsua's
	// on_create_media_transport).
	Impair *Impairment
}

// SDPOp is what an [SDPRule] does.
type SDPOp int

// The changes.
const (
	SDPAdd    SDPOp = iota // append the line
	SDPSet                 // replace all lines with its name
	SDPRemove              // remove all lines with its name
)

func (op SDPOp) String() string { return enumString(int(op), "SDPOp", "add", "set", "remove") }

// SDPRule changes lines of an SDP (RFC 8866).
type SDPRule struct {
	Op SDPOp
	// Media is the type of the m= lines whose section is changed, "audio" or "text";
	// empty: the session's section.
	Media string
	// Line is an attribute, "a=name:value" or "a=name", or a bandwidth, "b=TYPE:number". To
	// remove, "a=name" or "b=TYPE" is enough. PJSIP keeps 68 attributes of a section.
	Line string
}

func (r SDPRule) parse() (kind byte, name, value string, err error) {
	head, rest, ok := strings.Cut(r.Line, "=")
	name, value, _ = strings.Cut(rest, ":")
	bad := !ok || head != "a" && head != "b" || !isToken(name) || strings.ContainsAny(value, "\r\n\x00")
	if head == "b" && r.Op != SDPRemove {
		_, e := strconv.ParseUint(value, 10, 32)
		bad = bad || e != nil
	}
	if bad || r.Op < SDPAdd || r.Op > SDPRemove || r.Media != "" && !isToken(r.Media) {
		return 0, "", "", fmt.Errorf("pjsua: SDP rule %+v: not a line of an SDP", r)
	}
	return head[0], name, value, nil
}

// Switch turns something on or off, or leaves it alone.
type Switch int

// The positions.
const (
	Keep Switch = iota
	On
	Off
)

func (s Switch) String() string { return enumString(int(s), "Switch", "keep", "on", "off") }

// StreamSetting is what a stream is made with; a zero field is as configured.
type StreamSetting struct {
	JitterInit        time.Duration  // prefetch at the start (jb_init); below 0: none
	JitterMinPrefetch time.Duration  // jb_min_pre; below 0: none
	JitterMaxPrefetch time.Duration  // jb_max_pre; below 0: none
	JitterMax         time.Duration  // jb_max
	JitterDiscard     *JitterDiscard // jb_discard_algo
	VAD               Switch         // voice activity detection: send nothing in silence
	PLC               Switch         // packet loss concealment
}

// SDPCreated reports an SDP that is offered or answered, as the rules changed it: pjsua's
// on_call_sdp_created. Only a [MediaPolicy] with ReportSDP makes it.
type SDPCreated struct {
	EventHeader
	Call    CallID
	Account AccountID
	Local   string
	Remote  string // the offer that Local answers; empty when Local is an offer
}

// StreamCreated reports that RTP begins: pjsua's on_stream_created2.
type StreamCreated struct {
	EventHeader
	Call   CallID
	Stream StreamInfo
}

// StreamDestroyed reports that a stream is over, with its figures: pjsua's
// on_stream_destroyed. A re-INVITE that changes the media ends a stream and begins
// another.
type StreamDestroyed struct {
	EventHeader
	Call   CallID
	Stream StreamInfo
	Stats  StreamStats
}

// StreamInfo describes an audio stream (pjmedia_stream_info).
type StreamInfo struct {
	Index           int    // of the m= line
	Codec           string // such as "PCMU/8000"
	ClockRate       int    // Hz, of the samples
	Channels        int
	Dir             MediaDir
	TXPayloadType   int
	RXPayloadType   int
	TXEventType     int           // payload type of telephone-event; -1: none
	RXEventType     int           // the same of what arrives
	FrameTime       time.Duration // of one frame of the codec
	FramesPerPacket int
	BitRate         int  // of the codec on average, in bits per second
	VAD             bool // of the codec when the stream began; off for the first 600 ms of a stream
	PLC             bool
	CNG             bool // comfort noise
	PENH            bool // perceptual enhancement
	SSRC            uint32
	RemoteSSRC      uint32 // as SDP told it; 0: it did not
	CNAME           string
	Local           string // address and port of RTP
	Remote          string
	RemoteRTCP      string // empty: the port after that of RTP
	RTCPMux         bool
	RTCPXR          bool // extended reports (RFC 3611)
	KeepAlive       bool
	// What the jitter buffer was made with; below 0: PJSIP's.
	JitterInit, JitterMinPrefetch, JitterMaxPrefetch, JitterMax time.Duration
}

// MathStat is the statistic of a value (pj_math_stat).
type MathStat struct {
	Count                    int
	Min, Max, Mean, Last, SD time.Duration
}

// RTCPStats are the figures of one direction of a stream (pjmedia_rtcp_stream_stat).
type RTCPStats struct {
	Packets    uint64
	Bytes      uint64 // of payload
	Discarded  uint64
	Lost       uint64
	Reordered  uint64
	Duplicates uint64
	Bursts     bool // packets were lost in a row
	Random     bool // and singly
	LossPeriod MathStat
	Jitter     MathStat
}

// JitterStats is the state of a jitter buffer (pjmedia_jb_state).
type JitterStats struct {
	FrameSize   int // bytes
	MinPrefetch int // frames, as the following
	MaxPrefetch int
	Capacity    int
	MinDelaySet int
	Burst       int
	Prefetch    int
	Size        int
	AvgDelay    time.Duration
	MinDelay    time.Duration
	MaxDelay    time.Duration
	DelaySD     time.Duration
	AvgBurst    int // frames
	Lost        int // frames, as the following
	Discarded   int
	Empty       int // how often a frame was asked for and none was there
}

// VoIPMetrics is an extended report's block about a call (RFC 3611 section 4.7). Rates and
// densities are in 256ths.
type VoIPMetrics struct {
	LossRate, DiscardRate       int
	BurstDensity, GapDensity    int
	Burst, Gap, RTT, EndSystem  time.Duration
	RFactor                     int     // 127: unknown
	MOSListening, MOSConversing float64 // 1 to 5; 0: unknown
	JitterNominal, JitterMax    time.Duration
}

// StreamStats are the figures of a stream (pjsua_stream_stat).
type StreamStats struct {
	RX     RTCPStats
	TX     RTCPStats // Lost, Jitter and the like as the far end reported
	RTT    MathStat
	Jitter JitterStats
	// XRRX and XRTX are the extended reports about what arrived and what was sent; nil
	// where there are none. Only [StreamDestroyed] has them.
	XRRX, XRTX *VoIPMetrics
}

// MediaTransportInfo describes the transport of a stream (pjmedia_transport_info).
type MediaTransportInfo struct {
	LocalRTP   string // address and port that the SDP tells
	LocalRTCP  string
	RemoteRTP  string // where RTP came from last; empty: there was none
	RemoteRTCP string
	SRTP       *SRTPInfo // nil without SRTP in the account
	ICE        *ICEInfo  // nil without ICE in the account
}

// SRTPInfo describes the encryption of a stream (pjmedia_srtp_info), without keys.
type SRTPInfo struct {
	Active  bool
	Use     SRTPUse
	PeerUse SRTPUse
	TXSuite string // such as "AES_CM_128_HMAC_SHA1_80"; empty unless Active
	RXSuite string
}

// ICEInfo describes how ICE found its way (pjmedia_ice_transport_info).
type ICEInfo struct {
	Active     bool // both sides use ICE
	State      ICEState
	Role       ICERole
	Components []ICEComponent // RTP, RTCP
}

// ICEComponent is the pair of candidates in use.
type ICEComponent struct {
	LocalType, RemoteType ICECandidate
	Local, Remote         string // address and port
}

// ICEState is the state of ICE (pj_ice_strans_state).
type ICEState int

func (s ICEState) String() string {
	return enumString(int(s), "ICEState", "null", "gathering", "ready", "session ready", "negotiating", "running", "failed")
}

// The states of ICE.
const (
	ICENull ICEState = iota
	ICEGathering
	ICEReady
	ICESessionReady
	ICENegotiating
	ICERunning
	ICEFailed
)

// ICERole is the role in ICE (pj_ice_sess_role).
type ICERole int

func (r ICERole) String() string {
	return enumString(int(r), "ICERole", "unknown", "controlled", "controlling")
}

// The roles of RFC 8445.
const (
	ICERoleUnknown ICERole = iota
	ICEControlled
	ICEControlling
)

// ICECandidate is a type of candidate (pj_ice_cand_type).
type ICECandidate int

func (c ICECandidate) String() string {
	return enumString(int(c), "ICECandidate", "host", "srflx", "prflx", "relay")
}

// The types of candidates of RFC 8445.
const (
	ICEHost ICECandidate = iota
	ICEServerReflexive
	ICEPeerReflexive
	ICERelayed
)

// MediaEvent reports an event of PJMEDIA: pjsua's on_call_media_event and on_media_event.
// Most of them are video's; sound has errors of devices, and of sockets that the system
// took away.
type MediaEvent struct {
	EventHeader
	Call   CallID // 0: of no call
	Index  int    // of the call's stream; -1: of none
	Type   MediaEventType
	Status Status   // of an error
	Dir    MediaDir // of an error
	RTCP   bool     // a transport's error was RTCP's
	Device int      // of a device's error
	// Feedback is the kind of a MediaFeedback, which comes for what the account's
	// RTCPFeedback takes.
	Feedback RTCPFeedbackType
}

// MediaEventType is the four letters of a pjmedia_event_type.
type MediaEventType string

// The events that sound has.
const (
	MediaTransportError MediaEventType = "TERR" // PJMEDIA_EVENT_MEDIA_TP_ERR: the system stopped the socket
	MediaDeviceError    MediaEventType = "AERR" // PJMEDIA_EVENT_AUD_DEV_ERROR
	MediaFeedback       MediaEventType = "RTFB" // PJMEDIA_EVENT_RX_RTCP_FB (RFC 4585)
	MediaFormatChanged  MediaEventType = "FMCH" // PJMEDIA_EVENT_FMT_CHANGED
)

// CodecSetting is what [Call.ModifyCodec] changes; a zero field stays as it is.
type CodecSetting struct {
	VAD        Switch
	PLC        Switch
	BitRate    int // bits per second, for codecs that can, such as Opus
	PacketLoss int // percent that the encoder is to expect, such as Opus'; below 0: none
}
