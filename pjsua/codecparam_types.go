package pjsua

import (
	"slices"
	"time"
)

// CodecParam is what a codec is opened with (pjmedia_codec_param). What
// [Endpoint.CodecParam] returns is what the codec can do at most; take that, change it, and
// give it to [Endpoint.SetCodecParam]; [Call.ModifyCodec] is for calls.
type CodecParam struct {
	ClockRate  int // Hz
	Channels   int
	AvgBitrate int // bits a second; what Opus is encoded with
	MaxBitrate int // bits a second
	// FrameTime is the length of a decoder's frame, EncoderFrameTime that of an encoder's
	// where it is another; these two, the payload type and the size are for reading.
	FrameTime        time.Duration
	EncoderFrameTime time.Duration
	PayloadType      int
	MaxFrameSize     int // bytes

	FramesPerPacket int
	VAD             bool // voice activity detection: silence is not sent
	CNG             bool // comfort noise in the place of silence that was not sent
	Enhancement     bool // perceptual enhancement, of Speex
	PLC             bool // concealment of lost packets
	PacketLoss      int  // percent that the encoder is to expect
	Complexity      int  // of the encoder, 0 to 10
	CBR             bool // constant bit rate

	// The format parameters of SDP (RFC 8866 section 6.15): what the encoder sends and
	// what the decoder offers to take.
	EncoderFmtp, DecoderFmtp []Fmtp
}

// Fmtp is one format parameter, such as useinbandfec=1. Name is empty for one without =.
type Fmtp struct{ Name, Value string }

// OpusConfig is what Opus is opened with (pjmedia_codec_opus_config).
type OpusConfig struct {
	SampleRate int           // 8000, 12000, 16000, 24000 or 48000 Hz: what the far end is asked for at most
	Channels   int           // 1 or 2
	FrameTime  time.Duration // 2.5, 5, 10, 20, 40 or 60 ms
	BitRate    int           // of the encoder, 6000 to 510000 bits a second; 0: it chooses
	PacketLoss int           // percent that the encoder is to expect, below 100
	Complexity int           // of the encoder, 0 to 10
	CBR        bool          // constant bit rate
}

// Validate says all that is wrong with c.
func (c OpusConfig) Validate() error {
	p := problems{what: "Opus"}
	if !slices.Contains([]int{8000, 12000, 16000, 24000, 48000}, c.SampleRate) {
		p.bad("SampleRate %d is none of its rates", c.SampleRate)
	}
	p.within("Channels", c.Channels, 1, 2)
	if !slices.Contains([]time.Duration{2500, 5000, 10000, 20000, 40000, 60000}, c.FrameTime/time.Microsecond) {
		p.bad("FrameTime %v is none of its frames", c.FrameTime)
	}
	if c.BitRate != 0 {
		p.within("BitRate", c.BitRate, 6000, 510000)
	}
	p.within("PacketLoss", c.PacketLoss, 0, 99)
	p.within("Complexity", c.Complexity, 0, 10)
	return p.err()
}
