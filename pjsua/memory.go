//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "conf.h"
#include "memory.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"unsafe"
)

// memoryPort is what the player and the capture have in common.
type memoryPort struct {
	ep   *Endpoint
	id   int64
	port PortID
	gone <-chan struct{}

	c *C.oh_memory // the executor's; nil when closed
}

// open makes the port by fn, which is given the samples in a tick.
func (m *memoryPort) open(ctx context.Context, op string, rate, size int, fn func(onThread, C.uint, *C.pjsua_conf_port_id) C.pj_status_t) error {
	if err := checkRate(rate); err != nil {
		return err
	}
	if size < 1 || size > math.MaxInt32/2 { // pjmedia counts bytes in an int
		return fmt.Errorf("pjsua: %s: %d samples: there must be 1 to %d", op, size, math.MaxInt32/2)
	}
	return m.ep.do(ctx, func(t onThread) error {
		frame, err := m.ep.tickSamples(t, rate)
		if err != nil {
			return err
		}
		m.gone = m.ep.pump.expectPortGone(m.id)
		var slot C.pjsua_conf_port_id
		if st := fn(t, C.uint(frame), &slot); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		m.port = portIn(t, slot)
		return nil
	})
}

func (m *memoryPort) node(onThread) nodeKey { return nodeKey{port: m.port} }

// close calls before while the samples are still there.
func (m *memoryPort) close(ctx context.Context, before func(onThread)) error {
	err := m.ep.do(ctx, func(t onThread) error {
		if m.c == nil {
			return ErrMemoryGone
		}
		before(t)
		m.ep.conns.dropPort(t, m.port)
		C.oh_memory_remove(m.c)
		m.c = nil
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-m.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// MemoryPlayer plays samples into the bridge while its port is connected to another, and
// stands still while it is not. Close it when it is no longer needed; after that its
// commands return ErrMemoryGone. What must pause or seek is played by
// [Endpoint.NewPlayerFrom].
type MemoryPlayer struct{ memoryPort }

// NewMemoryPlayer puts a player of 16-bit mono samples into the bridge, which copies
// them (pjmedia_mem_player_create). [PlayerFinished] with its ID follows the end.
func (ep *Endpoint) NewMemoryPlayer(ctx context.Context, samples []int16, opts MemoryPlayerOptions) (*MemoryPlayer, error) {
	const op = "play from memory"
	p := &MemoryPlayer{memoryPort{ep: ep, id: int64(C.oh_mint())}}
	rate, size := orDefault(opts.Rate, 16000), len(samples)
	err := p.open(ctx, op, rate, size, func(t onThread, frame C.uint, slot *C.pjsua_conf_port_id) C.pj_status_t {
		st := C.oh_memory_player(C.int64_t(p.id), C.uint(rate), frame, C.size_t(size), cInt(opts.Loop), &p.c, slot)
		if st == C.PJ_SUCCESS {
			copy(unsafe.Slice((*int16)(C.oh_memory_samples(p.c)), size), samples)
		}
		return st
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// ID returns the player's serial number, which [PlayerFinished] carries.
func (p *MemoryPlayer) ID() PlayerID { return PlayerID(p.id) }

// Port returns the player's port in the bridge.
func (p *MemoryPlayer) Port() PortID { return p.port }

// Close ends the playing and takes the port out of the bridge (pjsua_conf_remove_port).
// It returns when the bridge has let go of it.
func (p *MemoryPlayer) Close(ctx context.Context) error {
	return p.close(ctx, func(onThread) {})
}

// MemoryCapture keeps the first samples that its port hears, of a recording that is not to
// be a file. A tick in which nothing plays to it takes no room. Close it when it is no
// longer needed.
type MemoryCapture struct {
	memoryPort
	rate  int
	taken []int16 // the executor's: what it had when it was closed
}

// NewMemoryCapture puts a port into the bridge that keeps size samples, 16-bit and mono
// (pjmedia_mem_capture_create). [MemoryFilled] follows when it has them; it takes no
// more then.
func (ep *Endpoint) NewMemoryCapture(ctx context.Context, size int, opts MemoryCaptureOptions) (*MemoryCapture, error) {
	const op = "capture into memory"
	c := &MemoryCapture{memoryPort: memoryPort{ep: ep, id: int64(C.oh_mint())}, rate: orDefault(opts.Rate, 16000)}
	err := c.open(ctx, op, c.rate, size, func(t onThread, frame C.uint, slot *C.pjsua_conf_port_id) C.pj_status_t {
		return C.oh_memory_capture(C.int64_t(c.id), C.uint(c.rate), frame, C.size_t(size), &c.c, slot)
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// ID returns the capture's serial number, which [MemoryFilled] carries.
func (c *MemoryCapture) ID() MemoryCaptureID { return MemoryCaptureID(c.id) }

// Port returns the capture's port in the bridge.
func (c *MemoryCapture) Port() PortID { return c.port }

// Rate returns the rate of its samples in Hz.
func (c *MemoryCapture) Rate() int { return c.rate }

// Samples returns a copy of what was captured so far, also after Close
// (pjmedia_mem_capture_get_size). Only the end of the Endpoint takes it away.
func (c *MemoryCapture) Samples(ctx context.Context) ([]int16, error) {
	var out []int16
	err := c.ep.do(ctx, func(t onThread) error {
		if c.c == nil {
			out = append(out, c.taken...)
		} else {
			out = c.samples(t)
		}
		return nil
	})
	return out, err
}

func (c *MemoryCapture) samples(onThread) []int16 {
	out := make([]int16, C.oh_memory_captured(c.c))
	copy(out, unsafe.Slice((*int16)(C.oh_memory_samples(c.c)), len(out)))
	return out
}

// Close takes the port out of the bridge (pjsua_conf_remove_port) and returns when the
// bridge has let go of it. Samples still returns what was captured; a second Close
// returns ErrMemoryGone.
func (c *MemoryCapture) Close(ctx context.Context) error {
	return c.close(ctx, func(t onThread) { c.taken = c.samples(t) })
}
