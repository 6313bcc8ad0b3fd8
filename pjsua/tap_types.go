package pjsua

import (
	"errors"
	"fmt"
	"time"
)

// TapSide says whom a [Tap] listens to.
type TapSide int

// The sides of a call.
const (
	// TapBoth gives two channels: the far end on the left, what it is sent on the right.
	TapBoth TapSide = iota
	// TapCaller gives what the far end says.
	TapCaller
	// TapBot gives what the far end is sent: the sum of all that is connected to the call.
	TapBot
	// TapMix gives the sum of both sides in one channel.
	TapMix
)

func (s TapSide) String() string {
	return enumString(int(s), "TapSide", "both", "caller", "bot", "mix")
}

// TapOptions are the choices of [Call.Tap].
type TapOptions struct {
	Side TapSide
	// Rate is 8000, 16000, 24000 or 48000 Hz; 0 means 16000.
	Rate int
	// Buffer is how much is kept for a reader who is late; 0 means 1 s. The oldest is
	// lost then, and counted.
	Buffer time.Duration
}

// Validate reports everything that is wrong with o, joined.
func (o TapOptions) Validate() error {
	var errs []error
	if o.Side < TapBoth || o.Side > TapMix {
		errs = append(errs, fmt.Errorf("pjsua: tap: side %v", o.Side))
	}
	if o.Rate != 0 {
		errs = append(errs, checkRate(o.Rate))
	}
	if o.Buffer < 0 || o.Buffer > maxAudioBuffer {
		errs = append(errs, fmt.Errorf("pjsua: tap: a buffer of %v", o.Buffer))
	}
	return errors.Join(errs...)
}

// TapStats are the figures of a Tap, in frames of all its channels.
type TapStats struct {
	Read uint64 // given to the reader
	Lost uint64 // given up because nobody read them, of the side that lost most
	// Filled are frames of one side that were filled with silence because the other had
	// a tick that it had not.
	Filled uint64
}
