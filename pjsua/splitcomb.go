//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "conf.h"
#include "splitcomb.h"
*/
import "C"

import (
	"context"
	"fmt"
)

// SplitComb is pjmedia's splitter and combiner: a stereo port of the bridge, and a mono
// port for each of its two channels. What the SplitComb hears of its left side its left
// channel says, and what its left channel hears the SplitComb says on its left side; so
// with the right one. It is for bridges that are stereo ([MediaConfig].Channels 2), where
// it brings a mono call to one side of a stereo sound device, recorder or player.
//
// Each channel adds a tick of delay each way, of [SplitCombOptions].BufferTicks at the
// most, and is silent for some ticks when its buffers were not used for some. To record or
// hear the two parties of a call side by side to the sample, in any bridge, take
// [Call.Tap] or a [RecorderOptions] with both.
//
// Close it when it is no longer needed; after that its ports are those of nobody.
type SplitComb struct {
	ep   *Endpoint
	id   SplitCombID
	port PortID
	gone <-chan struct{}

	channels [C.OH_SPLITCOMB_CHANNELS]SplitCombChannel

	c *C.oh_splitcomb // the executor's; nil when closed
}

// SplitCombChannel is one channel of a [SplitComb], as a mono port of the bridge.
type SplitCombChannel struct {
	port PortID
}

// NewSplitComb puts one of the bridge's rate into the bridge, with its channels
// (pjmedia_splitcomb_create, pjmedia_splitcomb_create_rev_channel). The bridge must be
// stereo.
//
// Ports of one's own that would be channels without being in the bridge
// (pjmedia_splitcomb_set_channel) do not exist here: connect what is in the bridge to
// Channel.
func (ep *Endpoint) NewSplitComb(ctx context.Context, opts SplitCombOptions) (*SplitComb, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if n := orDefault(ep.media.Channels, 1); n != C.OH_SPLITCOMB_CHANNELS {
		return nil, fmt.Errorf("pjsua: splitcomb: the bridge has %d channel, Config.Media.Channels must be %d", n, C.OH_SPLITCOMB_CHANNELS)
	}
	s := &SplitComb{ep: ep, id: SplitCombID(C.oh_mint())}
	err := ep.do(ctx, func(t onThread) error {
		rate := orDefault(ep.media.ClockRate, 16000)
		frame, err := ep.tickSamples(t, rate)
		if err != nil {
			return err
		}
		s.gone = ep.pump.expectPortGone(int64(s.id))
		c := new(C.oh_splitcomb)
		if st := C.oh_splitcomb_new(C.int64_t(s.id), C.uint(rate), C.uint(frame), C.uint(opts.BufferTicks), cInt(opts.SimpleFIFO), c); st != C.PJ_SUCCESS {
			return t.fail("make a splitcomb", st)
		}
		s.c = c
		s.port = portIn(t, c.slot[0])
		for i := range s.channels {
			s.channels[i] = SplitCombChannel{portIn(t, c.slot[1+i])}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// ID returns the serial number.
func (s *SplitComb) ID() SplitCombID { return s.id }

// Port returns the stereo port.
func (s *SplitComb) Port() PortID { return s.port }

// Channel returns a channel, 0 for the left one and 1 for the right one. Any other number
// gives a [Node] that cannot be connected: ErrPortGone.
func (s *SplitComb) Channel(n int) SplitCombChannel {
	if n < 0 || n >= len(s.channels) {
		return SplitCombChannel{NoPort}
	}
	return s.channels[n]
}

func (s *SplitComb) node(onThread) nodeKey { return nodeKey{port: s.port} }

// Port returns the channel's mono port.
func (c SplitCombChannel) Port() PortID { return c.port }

func (c SplitCombChannel) node(onThread) nodeKey { return nodeKey{port: c.port} }

// Close takes all its ports out of the bridge (pjsua_conf_remove_port) and returns when the
// bridge has let go of them. A second Close returns ErrSplitCombGone.
func (s *SplitComb) Close(ctx context.Context) error {
	err := s.ep.do(ctx, func(t onThread) error {
		if s.c == nil {
			return ErrSplitCombGone
		}
		s.ep.conns.dropPort(t, s.port)
		for _, c := range s.channels {
			s.ep.conns.dropPort(t, c.port)
		}
		C.oh_splitcomb_remove(s.c)
		s.c = nil
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-s.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
