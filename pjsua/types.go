package pjsua

import (
	"fmt"
	"time"
)

// CallID, AccountID, PlayerID and RecorderID are serial numbers that this package
// hands out from 1 and never uses twice in a process. They are not pjsua's slot
// numbers, which are used again as soon as an object is gone. 0 names nothing.
type (
	CallID     int64
	AccountID  int64
	PlayerID   int64
	RecorderID int64
)

// PortID names a port of the conference bridge. It is no slot number of pjsua's, which
// is used again as soon as a port is gone: commands on the PortID of a port that is gone
// return [ErrPortGone] and never reach what took its slot.
type PortID int64

// NoPort is the PortID of what is not in the bridge.
const NoPort PortID = -1

// SoundPort is the port of the sound device: what is connected to it is played
// on the loudspeaker, what it is connected to hears the microphone.
const SoundPort PortID = 0

// Role tells who sent the INVITE (pjsip_role_e).
type Role int

// The roles of RFC 3261.
const (
	RoleUAC Role = iota // we called
	RoleUAS             // we were called
)

func (r Role) String() string { return enumString(int(r), "Role", "UAC", "UAS") }

// CallState is a state of the INVITE session (pjsip_inv_state).
type CallState int

// The states, in the order in which a call goes through them. A caller sees
// CALLING, EARLY (with a 1xx), CONNECTING (2xx), CONFIRMED (ACK); a callee
// INCOMING, EARLY, CONNECTING, CONFIRMED.
const (
	StateNull CallState = iota
	StateCalling
	StateIncoming
	StateEarly
	StateConnecting
	StateConfirmed
	StateDisconnected
)

func (s CallState) String() string {
	return enumString(int(s), "CallState", "NULL", "CALLING", "INCOMING", "EARLY", "CONNECTING", "CONFIRMED", "DISCONNECTED")
}

// MediaType is the kind of a call's m= line (pjmedia_type).
type MediaType int

// The kinds.
const (
	MediaTypeNone MediaType = iota
	MediaTypeAudio
	MediaTypeVideo
	MediaTypeText
	MediaTypeApplication
	MediaTypeUnknown
)

func (m MediaType) String() string {
	return enumString(int(m), "MediaType", "none", "audio", "video", "text", "application", "unknown")
}

// MediaStatus is the state of one stream (pjsua_call_media_status).
type MediaStatus int

// The states of a stream.
const (
	MediaNone MediaStatus = iota
	MediaActive
	MediaLocalHold
	MediaRemoteHold
	MediaError
)

func (s MediaStatus) String() string {
	return enumString(int(s), "MediaStatus", "NONE", "ACTIVE", "LOCAL_HOLD", "REMOTE_HOLD", "ERROR")
}

// MediaDir is the direction of a stream, seen from here (pjmedia_dir).
type MediaDir int

// The directions; their SDP attributes are inactive, sendonly, recvonly, sendrecv.
const (
	DirNone     MediaDir = 0
	DirSend     MediaDir = 1
	DirRecv     MediaDir = 2
	DirSendRecv MediaDir = 3
)

func (d MediaDir) String() string {
	return enumString(int(d), "MediaDir", "inactive", "sendonly", "recvonly", "sendrecv")
}

// DTMFMethod is a way to send digits (pjsua_dtmf_method).
type DTMFMethod int

// The methods that pjsua knows.
const (
	DTMFRFC4733 DTMFMethod = iota // telephone-event in RTP (RFC 4733)
	DTMFInfo                      // SIP INFO with application/dtmf-relay
)

func (m DTMFMethod) String() string { return enumString(int(m), "DTMFMethod", "RFC4733", "INFO") }

// TransportType is a SIP transport (pjsip_transport_type_e).
type TransportType int

// The transports, and their IPv6 forms.
const (
	UDP  TransportType = 1
	TCP  TransportType = 2
	TLS  TransportType = 3
	UDP6 TransportType = UDP + 128
	TCP6 TransportType = TCP + 128
	TLS6 TransportType = TLS + 128
)

func (t TransportType) String() string {
	switch t {
	case UDP:
		return "UDP"
	case TCP:
		return "TCP"
	case TLS:
		return "TLS"
	case UDP6:
		return "UDP6"
	case TCP6:
		return "TCP6"
	case TLS6:
		return "TLS6"
	}
	return fmt.Sprintf("TransportType(%d)", int(t))
}

// Secure says whether the transport is TLS.
func (t TransportType) Secure() bool { return t == TLS || t == TLS6 }

// CallStats are the figures of a call's audio, summed over all the streams that it
// had: pjmedia_rtcp_stat and pjmedia_jb_state.
type CallStats struct {
	Codec string // of the last stream, such as "PCMU/8000"
	RX    DirectionStats
	TX    DirectionStats // as the far end reported by RTCP, but for Packets and Bytes
	// RTT is the mean round trip by RTCP; 0 when no report came back.
	RTT time.Duration
}

// DirectionStats are the figures of one direction of RTP.
type DirectionStats struct {
	Packets uint64
	Bytes   uint64 // of payload
	Lost    uint64
	// Discarded arrived too late for the jitter buffer, or it was full, as it is while
	// nothing is connected to hear the call, or it made the delay shorter. It counts frames
	// of the codec, of which a packet of G.711 has two (pjmedia_jb_state).
	Discarded  uint64
	Reordered  uint64
	Duplicates uint64
	Jitter     time.Duration // mean of the interarrival jitter of RFC 3550
	JitterMax  time.Duration
}

// CallInfo is a snapshot of a call (pjsua_call_info).
type CallInfo struct {
	ID      CallID
	Account AccountID
	Role    Role
	State   CallState
	Code    SIPCode
	Reason  string
	Remote  string // name and URI
	// RemoteContact is the URI that requests in the dialog go to; empty before the far end
	// has told one. LocalContact is ours.
	RemoteContact string
	Local         string
	LocalContact  string
	SIPCallID     string
	// Setting is what the call was made or answered with, or changed to since.
	Setting CallSetting
	Media   []Media
	// ProvMedia are the streams of an offer that has no answer yet.
	ProvMedia []Media
	// MediaStatus, MediaDir and Port are those of the default audio stream, the first that
	// is in use; [NoPort] when there is none.
	MediaStatus MediaStatus
	MediaDir    MediaDir
	Port        PortID
	// RemoteOffered says that the last offer was the far end's, with RemoteAudio and
	// RemoteText streams in it.
	RemoteOffered bool
	RemoteAudio   int
	RemoteText    int
	Connected     time.Duration
	Total         time.Duration
}

// Codec is an audio codec (pjsua_codec_info).
type Codec struct {
	ID       string // such as "PCMU/8000/1"
	Priority int    // 0 is off, 255 the most wanted
}

// PortInfo describes a slot of the conference bridge (pjsua_conf_port_info).
type PortInfo struct {
	ID        PortID
	Name      string
	ClockRate int // Hz
	Channels  int
	TXLevel   float64  // gain of what the bridge sends to the port; 1 is unchanged
	RXLevel   float64  // gain of what the port sends to the bridge
	Listeners []PortID // the ports that hear this one
}

func enumString(v int, name string, texts ...string) string {
	if v >= 0 && v < len(texts) {
		return texts[v]
	}
	return fmt.Sprintf("%s(%d)", name, v)
}
