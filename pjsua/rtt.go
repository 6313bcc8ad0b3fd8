//go:build cgo

package pjsua

/*
#include "rtt.h"
*/
import "C"

import (
	"context"
	"errors"
	"sync"
	"time"
	"unicode/utf8"
	"unsafe"
)

// textPace is the time between two blocks of text. PJSIP sends every 300 ms; two blocks
// that came together into one packet could be too many.
const textPace = 320 * time.Millisecond

// SendText sends real-time text in a text stream of the call (pjsua_call_send_text, T.140,
// RFC 4103), which [CallSetting].Text asks for. PJSIP sends about 60 bytes a second, and
// SendText returns when it has taken the last of them; ctx bounds the waiting, and what
// it has taken by then is sent. Text of several callers is sent one after the other.
// Without a text stream that sends the error is StatusNotFound or StatusInvalidOp.
func (c *Call) SendText(ctx context.Context, text string, opts TextOptions) error {
	if !utf8.ValidString(text) {
		return errors.New("pjsua: send text: the text is not UTF-8")
	}
	if opts.Media < 0 {
		return errors.New("pjsua: send text: there is no media below 0")
	}
	turn := c.ep.texts.enter(c.id)
	defer c.ep.texts.leave(c.id, turn)
	select {
	case turn.taken <- struct{}{}:
		defer func() { <-turn.taken }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, block := range textBlocks(text) {
		for sent := false; !sent; {
			if err := turn.pace(ctx); err != nil {
				return err
			}
			err := c.sendText(ctx, block, opts)
			if sent = err == nil; err != nil && !errors.Is(err, StatusTooMany) {
				return err
			}
		}
	}
	return nil
}

// textTurns lets one caller at a time send text in a call.
type textTurns struct {
	mu    sync.Mutex // guards what follows
	calls map[CallID]*textTurn
}

type textTurn struct {
	taken chan struct{} // holds one who sends
	users int           // the textTurns'
	next  time.Time     // of the next block; his who has taken it
}

func (x *textTurns) enter(call CallID) *textTurn {
	x.mu.Lock()
	defer x.mu.Unlock()
	turn := x.calls[call]
	if turn == nil {
		if x.calls == nil {
			x.calls = map[CallID]*textTurn{}
		}
		turn = &textTurn{taken: make(chan struct{}, 1)}
		x.calls[call] = turn
	}
	turn.users++
	return turn
}

// leave forgets the turn when nobody has come by the time of the next block.
func (x *textTurns) leave(call CallID, turn *textTurn) {
	time.AfterFunc(textPace, func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		if turn.users--; turn.users == 0 {
			delete(x.calls, call)
		}
	})
}

// pace waits for the time of the next block.
func (turn *textTurn) pace(ctx context.Context) error {
	if wait := time.Until(turn.next); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	turn.next = time.Now().Add(textPace)
	return ctx.Err()
}

func (c *Call) sendText(ctx context.Context, block string, opts TextOptions) error {
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		if opts.Media != 0 { // pjsua_call_send_text asserts what the others answer
			var info C.pjsua_stream_info
			if st := C.pjsua_call_get_stream_info(slot, C.uint(opts.Media-1), &info); st != C.PJ_SUCCESS {
				return t.fail("send text", st)
			}
		}
		param := (*C.pjsua_call_send_text_param)(a.zero(C.sizeof_pjsua_call_send_text_param))
		C.pjsua_call_send_text_param_default(param)
		param.med_idx = C.int(opts.Media - 1)
		param.text = a.str(block)
		return t.fail("send text", C.pjsua_call_send_text(slot, param))
	})
}

// decodeText makes the event of an oh_rtt.
func decodeText(r *C.oh_head, h EventHeader) Event {
	t := (*C.oh_rtt)(unsafe.Pointer(r))
	return TextReceived{
		EventHeader: h, Call: CallID(r.call), Text: recordText(r, t.text), Sequence: int(t.seq), Lost: int(t.lost),
		Timestamp: uint32(t.timestamp),
	}
}
