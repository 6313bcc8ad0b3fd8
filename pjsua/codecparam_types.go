package pjsua

import "time"

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
