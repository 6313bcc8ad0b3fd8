package pjsua

import (
	"errors"
	"fmt"
	"time"
)

// AudioID is the serial number of an Audio, as CallID is of a call.
type AudioID int64

// AudioOptions are for [Endpoint.NewAudio] and [Call.Audio].
type AudioOptions struct {
	// ReadBuffer is how much of what the port hears is kept for the reader; 0 means
	// 1 s, below 0 none: the Audio is only written. Rounded up.
	ReadBuffer time.Duration
	// WriteBuffer is how much may be written ahead of what is heard; 0 means 1 s,
	// below 0 none: the Audio is only read.
	WriteBuffer time.Duration
	// ReadOverrun says what is lost when nobody reads; [OverrunDefault] is
	// DropOldest. The clock cannot wait, so Block is refused.
	ReadOverrun Overrun
	// WriteOverrun says what Write does when the buffer is full; [OverrunDefault] is
	// Block.
	WriteOverrun Overrun
}

// Overrun says what becomes of samples for which a buffer has no room.
type Overrun int

// The ways to treat an overrun.
const (
	OverrunDefault Overrun = iota
	DropOldest             // what waits longest is lost
	DropNewest             // what comes is lost
	Block                  // the writer waits for room
)

func (o Overrun) String() string {
	return enumString(int(o), "Overrun", "default", "drop oldest", "drop newest", "block")
}

// defaultAudioBuffer is what the buffers of AudioOptions are when they are 0, and
// maxAudioBuffer the most that they may be.
const (
	defaultAudioBuffer = time.Second
	maxAudioBuffer     = time.Hour
)

// Validate reports everything that is wrong with o, joined.
func (o AudioOptions) Validate() error {
	var errs []error
	bad := func(format string, a ...any) { errs = append(errs, fmt.Errorf("pjsua: audio: "+format, a...)) }
	if o.ReadBuffer > maxAudioBuffer || o.WriteBuffer > maxAudioBuffer {
		bad("a buffer of more than %v", maxAudioBuffer)
	}
	if o.ReadBuffer < 0 && o.WriteBuffer < 0 {
		bad("neither reading nor writing")
	}
	if o.ReadOverrun < OverrunDefault || o.ReadOverrun > DropNewest {
		bad("ReadOverrun is %v: the clock of the bridge cannot wait for a reader", o.ReadOverrun)
	}
	if o.WriteOverrun < OverrunDefault || o.WriteOverrun > Block {
		bad("WriteOverrun is %v", o.WriteOverrun)
	}
	return errors.Join(errs...)
}

// AudioStats are the figures of an Audio since it was made, in samples unless they say
// otherwise.
type AudioStats struct {
	Written   uint64 // accepted by Write
	Played    uint64 // taken by the bridge's clock: heard
	Cleared   uint64 // accepted and never heard: by Clear, or pushed out with DropOldest
	Queued    uint64 // accepted and waiting
	Refused   uint64 // not accepted, with DropNewest
	Silence   uint64 // given to the bridge in place of samples, because none were queued
	Underruns uint64 // times that the queue ran dry after something was heard

	Heard    uint64 // given to the reader's side by the bridge, in samples
	Overruns uint64 // of these, lost because nobody read them
	Buffered uint64 // of these, waiting for the reader
}

// Mark is what [Audio.Mark] reports.
type Mark struct {
	Name string
	// Position is how many samples had been written before the mark.
	Position uint64
	// Cleared says that not all of them were heard: a Clear, or the end, came first.
	// The fields below are 0 then.
	Cleared bool
	// At is the number of samples that the bridge had taken from this Audio, silence
	// included, when the last sample before the mark was heard.
	At uint64
	// Tick is the number of the bridge's tick in which it was, and Time when that was.
	Tick uint64
	Time time.Time
}

// audioRates are the sample rates that an Audio may have.
func checkRate(rate int) error {
	switch rate {
	case 8000, 16000, 24000, 48000:
		return nil
	}
	return fmt.Errorf("pjsua: audio: %d Hz: the rate must be 8000, 16000, 24000 or 48000", rate)
}
