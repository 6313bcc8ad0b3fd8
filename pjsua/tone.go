//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "bridge.h"
#include "conf.h"
#include "tone.h"

// cgo cannot take the address of an element of this array.
static void set_digit(pjmedia_tone_digit_map *m, unsigned i, char digit, short f1, short f2)
{
	m->digits[i].digit = digit;
	m->digits[i].freq1 = f1;
	m->digits[i].freq2 = f2;
}
static char digit_at(const pjmedia_tone_digit_map *m, unsigned i) { return m->digits[i].digit; }
static short freq1_at(const pjmedia_tone_digit_map *m, unsigned i) { return m->digits[i].freq1; }
static short freq2_at(const pjmedia_tone_digit_map *m, unsigned i) { return m->digits[i].freq2; }
*/
import "C"

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"
	"unsafe"
)

// ToneGenerator plays tones and in-band DTMF into the bridge. What is asked for while
// something plays comes after it; at most 31 tones wait. It plays while its port is
// connected to another. Close it when it is no longer needed; after that its commands
// return ErrToneGone.
type ToneGenerator struct {
	ep   *Endpoint
	id   ToneID
	port PortID
	gone <-chan struct{}

	// the executor's
	c      *C.oh_tone // nil when closed
	queued int        // tones since it was last silent
}

// NewToneGenerator puts a tone generator into the bridge (pjmedia_tonegen_create2). It is
// silent until it is told to play.
func (ep *Endpoint) NewToneGenerator(ctx context.Context, opts ToneOptions) (*ToneGenerator, error) {
	rate := orDefault(opts.Rate, 16000)
	if err := checkRate(rate); err != nil {
		return nil, err
	}
	g := &ToneGenerator{ep: ep, id: ToneID(C.oh_mint())}
	err := ep.do(ctx, func(t onThread) error {
		frame, err := ep.tickSamples(t, rate)
		if err != nil {
			return err
		}
		g.gone = ep.pump.expectPortGone(int64(g.id))
		var slot C.pjsua_conf_port_id
		if st := C.oh_tone_new(C.int64_t(g.id), C.uint(rate), C.uint(frame), &g.c, &slot); st != C.PJ_SUCCESS {
			return t.fail("make a tone generator", st)
		}
		g.port = portIn(t, slot)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// ID returns the generator's serial number.
func (g *ToneGenerator) ID() ToneID { return g.id }

// Port returns the generator's port in the bridge.
func (g *ToneGenerator) Port() PortID { return g.port }

func (g *ToneGenerator) node(onThread) nodeKey { return nodeKey{port: g.port} }

// on runs fn on pjsua's thread, unless the generator is closed.
func (g *ToneGenerator) on(ctx context.Context, fn func(onThread) error) error {
	return g.ep.do(ctx, func(t onThread) error {
		if g.c == nil {
			return ErrToneGone
		}
		return fn(t)
	})
}

// Play appends tones to what is played (pjmedia_tonegen_play). StatusTooMany: more than
// 31 would wait.
func (g *ToneGenerator) Play(ctx context.Context, tones []Tone, opts PlayTonesOptions) error {
	var errs []error
	descs := make([]C.pjmedia_tone_desc, 0, len(tones))
	for _, tone := range tones {
		errs = append(errs, tone.Validate())
		descs = append(descs, C.pjmedia_tone_desc{
			freq1: C.short(tone.Freq1), freq2: C.short(tone.Freq2), volume: toneAmplitude(tone.Volume),
			on_msec: C.short(tone.On / time.Millisecond), off_msec: C.short(tone.Off / time.Millisecond),
		})
	}
	if err := errors.Join(errs...); err != nil || len(tones) == 0 {
		return err
	}
	return g.play(ctx, "play tones", len(descs), func(onThread) C.pj_status_t {
		return C.pjmedia_tonegen_play(g.c.port, C.uint(len(descs)), &descs[0], toneLoop(opts.Loop))
	})
}

// PlayDigits appends digits to what is played (pjmedia_tonegen_play_digits): 0 to 9, *, #
// and A to D of DTMF (ITU-T Q.23), or those of SetDigitMap. StatusTooMany: more than 31
// would wait.
func (g *ToneGenerator) PlayDigits(ctx context.Context, digits string, opts ToneDigits) error {
	if err := opts.Validate(); err != nil || digits == "" {
		return err
	}
	on, off := opts.On, opts.Off
	if on == 0 {
		on = 100 * time.Millisecond
	}
	if off == 0 {
		off = 100 * time.Millisecond
	}
	descs := make([]C.pjmedia_tone_digit, 0, len(digits))
	for _, d := range []byte(toneDigits(digits)) {
		descs = append(descs, C.pjmedia_tone_digit{
			digit: C.char(d), volume: toneAmplitude(opts.Volume),
			on_msec: C.short(on / time.Millisecond), off_msec: C.short(off / time.Millisecond),
		})
	}
	op := fmt.Sprintf("play digits %q", digits)
	return g.play(ctx, op, len(descs), func(onThread) C.pj_status_t {
		return C.pjmedia_tonegen_play_digits(g.c.port, C.uint(len(descs)), &descs[0], toneLoop(opts.Loop))
	})
}

// play runs fn, which appends n tones, if there is room: pjmedia would abort where its
// assertions are on.
func (g *ToneGenerator) play(ctx context.Context, op string, n int, fn func(onThread) C.pj_status_t) error {
	return g.on(ctx, func(t onThread) error {
		if C.pjmedia_tonegen_is_busy(g.c.port) == 0 {
			g.queued = 0
		}
		if g.queued+n > maxTones {
			return t.fail(op, C.PJ_ETOOMANY)
		}
		if st := fn(t); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		g.queued += n
		return nil
	})
}

func toneAmplitude(v float64) C.short { return C.short(v * 32767) }

func toneLoop(loop bool) C.uint {
	if loop {
		return C.PJMEDIA_TONEGEN_LOOP
	}
	return 0
}

// Busy says whether something plays or waits (pjmedia_tonegen_is_busy).
func (g *ToneGenerator) Busy(ctx context.Context) (busy bool, err error) {
	err = g.on(ctx, func(onThread) error {
		busy = C.pjmedia_tonegen_is_busy(g.c.port) != 0
		return nil
	})
	return busy, err
}

// Stop ends what plays and forgets what waits (pjmedia_tonegen_stop).
func (g *ToneGenerator) Stop(ctx context.Context) error {
	return g.on(ctx, func(t onThread) error { return t.fail("stop tones", C.pjmedia_tonegen_stop(g.c.port)) })
}

// StopLoop ends a loop after its last tone (pjmedia_tonegen_stop_loop).
func (g *ToneGenerator) StopLoop(ctx context.Context) error {
	return g.on(ctx, func(t onThread) error { return t.fail("stop the loop", C.pjmedia_tonegen_stop_loop(g.c.port)) })
}

// Rewind begins with the first tone again (pjmedia_tonegen_rewind).
func (g *ToneGenerator) Rewind(ctx context.Context) error {
	return g.on(ctx, func(t onThread) error { return t.fail("rewind tones", C.pjmedia_tonegen_rewind(g.c.port)) })
}

// DigitMap returns the digits that PlayDigits knows (pjmedia_tonegen_get_digit_map).
func (g *ToneGenerator) DigitMap(ctx context.Context) ([]DigitTone, error) {
	var out []DigitTone
	err := g.on(ctx, func(onThread) error {
		m := &g.c.digits
		for i := range m.count {
			digit := bytes.ToUpper([]byte{byte(C.digit_at(m, i))})[0]
			out = append(out, DigitTone{digit, int(C.freq1_at(m, i)), int(C.freq2_at(m, i))})
		}
		return nil
	})
	return out, err
}

// SetDigitMap replaces the digits that PlayDigits knows, by at most 16 others
// (pjmedia_tonegen_set_digit_map). Upper and lower case are the same.
func (g *ToneGenerator) SetDigitMap(ctx context.Context, digits []DigitTone) error {
	errs := make([]error, 0, len(digits))
	for _, d := range digits {
		errs = append(errs, toneFreq(d.Freq1, false), toneFreq(d.Freq2, true))
	}
	if len(digits) == 0 || len(digits) > maxDigitMap {
		errs = append(errs, fmt.Errorf("pjsua: a digit map of %d: it must have 1 to %d", len(digits), maxDigitMap))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return g.on(ctx, func(onThread) error {
		m := &g.c.digits
		for i, d := range digits {
			C.set_digit(m, C.uint(i), C.char(toneDigits(string(rune(d.Digit)))[0]), C.short(d.Freq1), C.short(d.Freq2))
		}
		m.count = C.uint(len(digits))
		return nil
	})
}

// Close ends the tones and takes the port out of the bridge (pjsua_conf_remove_port). It
// returns when the bridge has let go of it.
func (g *ToneGenerator) Close(ctx context.Context) error {
	err := g.on(ctx, func(t onThread) error {
		g.ep.conns.dropPort(t, g.port)
		C.oh_port_remove(C.pjsua_conf_port_id(g.port.port().slot), g.c.port)
		C.free(unsafe.Pointer(g.c))
		g.c = nil
		return nil
	})
	if err != nil {
		return err
	}
	select {
	case <-g.gone:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
