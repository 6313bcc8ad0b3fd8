package pjsua

import (
	"errors"
	"fmt"
)

// ErrSplitCombGone is returned by commands on a SplitComb that was closed.
var ErrSplitCombGone = errors.New("pjsua: the splitcomb is closed")

// SplitCombID is the serial number of a [SplitComb], as CallID is of a call.
type SplitCombID int64

// SplitCombOptions are the choices of [Endpoint.NewSplitComb].
type SplitCombOptions struct {
	// BufferTicks is how many ticks of the bridge a channel buffers in each direction, up
	// to 255; 0 means 6.
	BufferTicks int
	// SimpleFIFO hands samples on as they are. Otherwise what is buffered beyond need is
	// taken out, and what is missing made up, by WSOLA.
	SimpleFIFO bool
}

// Validate says what is wrong with o.
func (o SplitCombOptions) Validate() error {
	if o.BufferTicks < 0 || o.BufferTicks > 255 {
		return fmt.Errorf("pjsua: splitcomb: %d ticks are outside 0 to 255", o.BufferTicks)
	}
	return nil
}
