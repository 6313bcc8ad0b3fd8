package pjsua

import "errors"

// ErrMemoryGone is returned by commands on a MemoryPlayer or a MemoryCapture that was
// closed.
var ErrMemoryGone = errors.New("pjsua: the memory port is closed")

// MemoryCaptureID is the serial number of a MemoryCapture, as CallID is of a call.
type MemoryCaptureID int64

// MemoryPlayerOptions are the choices of [Endpoint.NewMemoryPlayer].
type MemoryPlayerOptions struct {
	Rate int // of the samples: 8000, 16000, 24000 or 48000 Hz; 0 means 16000
	// Loop plays again and again, without a gap; otherwise [PlayerFinished] follows the
	// end, and silence.
	Loop bool
}

// MemoryCaptureOptions are the choices of [Endpoint.NewMemoryCapture].
type MemoryCaptureOptions struct {
	Rate int // of the samples: 8000, 16000, 24000 or 48000 Hz; 0 means 16000
}

// MemoryFilled reports that a MemoryCapture has as many samples as it was made for. It
// takes no more.
type MemoryFilled struct {
	EventHeader
	Capture MemoryCaptureID
}
