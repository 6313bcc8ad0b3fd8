//go:build cgo

package pjsua

/*
#include "conf.h"
*/
import "C"

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Tap listens to a call without being heard: to the far end, to what the far end is sent,
// or to both side by side. Samples are 16 bits, little-endian where they are bytes; with
// TapBoth left and right alternate, and what stands side by side was in the bridge in the
// same tick. It goes on through changes of the call's media; while the call has none
// there is silence. Methods may be called from any goroutine. Close it when it is no
// longer needed.
type Tap struct {
	ep   *Endpoint
	call CallID
	side TapSide
	rate int

	caller, bot *Audio // nil where that side is not tapped; the same for TapMix

	// the executor's
	copied C.oh_port // the call's port that bot hears a copy of; slot -1 for none

	mu     sync.Mutex // serialises readers; guards what follows
	l, r   tapFrame
	out    []byte // a frame of both channels
	rest   []byte // the part of it that was not read yet
	rdl    deadline
	read   atomic.Uint64
	filled atomic.Uint64
}

// tapFrame is the next frame of one side.
type tapFrame struct {
	samples []byte
	tick    uint64
	ok      bool
}

// Tap begins to listen to the call. It works at any time until the call has ended.
func (c *Call) Tap(ctx context.Context, opts TapOptions) (*Tap, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	tp := &Tap{ep: c.ep, call: c.id, side: opts.Side, rate: orDefault(opts.Rate, 16000), rdl: newDeadline()}
	tp.copied.slot = -1
	var result chan Status
	err := c.on(ctx, func(t onThread, _ C.pjsua_call_id) (err error) {
		if err = c.ep.conns.join(t, c.id, tp); err != nil {
			return err
		}
		if result, err = tp.open(t, c, opts); err != nil {
			tp.remove(t)
			for _, a := range tp.sides() {
				a.free(ErrAudioGone)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.ep.await(ctx, result); err != nil && ctx.Err() != nil {
		tp.Close()
		return nil, err
	}
	return tp, nil
}

func (tp *Tap) open(t onThread, c *Call, opts TapOptions) (result chan Status, err error) {
	listen := AudioOptions{ReadBuffer: opts.Buffer, WriteBuffer: -1}
	if tp.side != TapBot {
		if tp.caller, err = tp.ep.newAudio(t, tp.rate, listen); err != nil {
			return nil, err
		}
	}
	switch tp.side {
	case TapMix:
		tp.bot = tp.caller
	case TapBot, TapBoth:
		if tp.bot, err = tp.ep.newAudio(t, tp.rate, listen); err != nil {
			return nil, err
		}
	}
	if tp.side == TapBoth {
		frame := tp.caller.FrameSamples() * sampleSize
		tp.l.samples, tp.r.samples, tp.out = make([]byte, frame), make([]byte, frame), make([]byte, 2*frame)
	}
	tp.callPorts(t)
	if tp.caller != nil {
		// After the copy, which begins by disconnecting all that its port hears.
		return tp.ep.conns.add(t, &Connection{ep: tp.ep, level: 1, src: c.node(t), dst: tp.caller.node(t)})
	}
	return nil, nil
}

// sides are the Audios.
func (tp *Tap) sides() (out []*Audio) {
	if tp.caller != nil {
		out = append(out, tp.caller)
	}
	if tp.bot != nil && tp.bot != tp.caller {
		out = append(out, tp.bot)
	}
	return out
}

// callPorts makes the bot's side hear what the port hears that the call has now.
func (tp *Tap) callPorts(t onThread) {
	if tp.bot == nil {
		return
	}
	port, err := nodeKey{call: tp.call, stream: -1}.find(t)
	if err != nil || port == tp.copied {
		return
	}
	if C.oh_conf_copy(port, tp.bot.at.port()) == C.PJ_SUCCESS {
		tp.copied = port
	}
}

func (tp *Tap) callEnded(t onThread) {
	for _, a := range tp.sides() {
		a.callEnded(t)
	}
}

func (tp *Tap) remove(t onThread) {
	tp.ep.conns.leave(t, tp.call, tp)
	for _, a := range tp.sides() {
		a.removePort(t)
	}
}

// Rate returns the sample rate in Hz.
func (tp *Tap) Rate() int { return tp.rate }

// Channels returns 2 for TapBoth, else 1.
func (tp *Tap) Channels() int {
	if tp.side == TapBoth {
		return 2
	}
	return 1
}

// Read reads samples as bytes: see [Tap.ReadSamples].
func (tp *Tap) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if tp.side != TapBoth {
		n, err := tp.sides()[0].Read(p)
		tp.read.Add(uint64(n))
		return n, err
	}
	// Both rings stay while they are looked at.
	if !tp.caller.lock() {
		return 0, tp.caller.goneErr()
	}
	defer tp.caller.use.RUnlock()
	if !tp.bot.lock() {
		return 0, tp.bot.goneErr()
	}
	defer tp.bot.use.RUnlock()
	tp.mu.Lock()
	defer tp.mu.Unlock()
	n, err := tp.readBoth(p)
	tp.read.Add(uint64(n))
	return n, err
}

// ReadSamples waits until there is something to hear and returns what is there and fits
// into p: whole frames of all channels, at least one when p has room for one. After the
// end of the call it returns what is buffered and then io.EOF; after the deadline
// os.ErrDeadlineExceeded; after Close ErrAudioGone; after the end of the endpoint
// ErrClosed.
func (tp *Tap) ReadSamples(p []int16) (int, error) {
	whole := tp.Channels() * sampleSize
	b := sampleBytes(p[:len(p)/tp.Channels()*tp.Channels()])
	for n := 0; ; {
		m, err := tp.Read(b[n:])
		n += m
		if err != nil || n%whole == 0 { // a Read may have left a part of a frame
			return n / sampleSize, err
		}
	}
}

func (tp *Tap) readBoth(p []byte) (n int, err error) {
	for {
		if isClosed(tp.rdl.wait()) {
			return 0, os.ErrDeadlineExceeded
		}
		// Before looking: what comes before the end is read.
		ended := isClosed(tp.caller.ended) && isClosed(tp.bot.ended)
		for n < len(p) && (len(tp.rest) > 0 || tp.next(ended)) {
			m := copy(p[n:], tp.rest)
			tp.rest = tp.rest[m:]
			n += m
		}
		switch {
		case n > 0:
			return n, nil
		case ended && tp.caller.endErr == ErrCallGone:
			return 0, io.EOF
		case ended:
			return 0, tp.caller.endErr
		}
		late := tp.caller
		if tp.l.ok {
			late = tp.bot
		}
		late.await(&late.rwait, late.rsig, &tp.rdl, late.readable)
	}
}

// next puts the next frame of both sides together; false when one is missing that may
// still come.
func (tp *Tap) next(ended bool) bool {
	for _, side := range []struct {
		f *tapFrame
		a *Audio
	}{{&tp.l, tp.caller}, {&tp.r, tp.bot}} {
		if !side.f.ok {
			side.f.tick, side.f.ok = side.a.ring.takeFrame(side.f.samples)
		}
	}
	l, r := &tp.l, &tp.r
	if !l.ok && !r.ok || (!l.ok || !r.ok) && !ended {
		return false
	}
	useL, useR := l.ok, r.ok
	if l.ok && r.ok && l.tick != r.tick {
		// The side with the older frame goes first. It is that of the smaller number,
		// unless the clock began anew, with another sound device.
		older := l.tick < r.tick
		if gap := max(l.tick, r.tick) - min(l.tick, r.tick); gap > tp.caller.ring.mask+1 {
			older = !older
		}
		useL, useR = older, !older
	}
	interleave(tp.out, 0, l.samples, useL)
	interleave(tp.out, sampleSize, r.samples, useR)
	if useL != useR {
		tp.filled.Add(uint64(len(l.samples) / sampleSize))
	}
	l.ok, r.ok = l.ok && !useL, r.ok && !useR
	tp.rest = tp.out
	return true
}

// interleave puts mono samples, or silence, into one of two channels.
func interleave(stereo []byte, at int, mono []byte, heard bool) {
	for i := 0; i < len(mono); i += sampleSize {
		if heard {
			stereo[at], stereo[at+1] = mono[i], mono[i+1]
		} else {
			stereo[at], stereo[at+1] = 0, 0
		}
		at += 2 * sampleSize
	}
}

// SetReadDeadline makes reads that wait, and later ones, fail with
// os.ErrDeadlineExceeded from t on; the zero time is no deadline.
func (tp *Tap) SetReadDeadline(t time.Time) error {
	tp.rdl.set(t)
	for _, a := range tp.sides() {
		a.rdl.set(t)
	}
	return nil
}

// Stats returns the figures so far, also after Close.
func (tp *Tap) Stats() TapStats {
	s := TapStats{Read: tp.read.Load() / uint64(tp.Channels()*sampleSize), Filled: tp.filled.Load()}
	for _, a := range tp.sides() {
		s.Lost = max(s.Lost, a.Stats().Overruns)
	}
	return s
}

// Close ends the listening. Reads that wait return ErrAudioGone. A second Close does
// nothing; the error is always nil.
func (tp *Tap) Close() error {
	err := tp.ep.do(context.Background(), func(t onThread) error {
		tp.remove(t)
		return nil
	})
	if err != nil && !errors.Is(err, ErrClosed) {
		return err
	}
	for _, a := range tp.sides() {
		a.Close()
	}
	return nil
}
