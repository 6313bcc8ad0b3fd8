//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// SendDTMF sends digits, 0 to 9, *, #, A to D, and R for a hook flash, one after the other
// (pjsua_call_send_dtmf). It returns when the last of them is in PJSIP's queue, which has
// room for 32: until there is room it waits, and when ctx ends meanwhile the rest is not
// sent. Digits of two calls of it do not mix unless one has more than 32. INFO requests are
// sent at once, without waiting for each other's answers.
func (c *Call) SendDTMF(ctx context.Context, digits string, opts DTMFOptions) error {
	if opts.Method == DTMFRFC4733 {
		return c.queueDTMF(ctx, "send DTMF", digits, opts.Duration, sendDTMF)
	}
	if err := dtmfDigits("send DTMF", digits); err != nil {
		return err
	}
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		param := (*C.pjsua_call_send_dtmf_param)(a.zero(C.sizeof_pjsua_call_send_dtmf_param))
		C.pjsua_call_send_dtmf_param_default(param)
		param.digits = a.str(digits)
		param.method = C.PJSUA_DTMF_METHOD_SIP_INFO
		if opts.Duration > 0 {
			param.duration = C.uint(opts.Duration / time.Millisecond)
		}
		st := C.oh_call_in_dialog(C.int(slot))
		if st == C.PJ_SUCCESS {
			st = C.pjsua_call_send_dtmf(slot, param)
		}
		return t.fail("send DTMF", st)
	})
}

// DialDTMF sends digits as RFC 4733 events, each for duration, 0 for PJSIP's
// (pjsua_call_dial_dtmf2). It is SendDTMF with that method.
func (c *Call) DialDTMF(ctx context.Context, digits string, duration time.Duration) error {
	return c.queueDTMF(ctx, "dial DTMF", digits, duration, dialDTMF)
}

func sendDTMF(t onThread, slot C.pjsua_call_id, digits string, duration time.Duration) C.pj_status_t {
	var a arena
	defer a.free()
	param := (*C.pjsua_call_send_dtmf_param)(a.zero(C.sizeof_pjsua_call_send_dtmf_param))
	C.pjsua_call_send_dtmf_param_default(param)
	param.digits = a.str(digits)
	if duration > 0 {
		param.duration = C.uint(duration / time.Millisecond)
	}
	return C.pjsua_call_send_dtmf(slot, param)
}

func dialDTMF(_ onThread, slot C.pjsua_call_id, digits string, duration time.Duration) C.pj_status_t {
	var a arena
	defer a.free()
	text := a.str(digits)
	return C.pjsua_call_dial_dtmf2(slot, &text, C.uint(duration/time.Millisecond))
}

func dtmfDigits(op, digits string) error {
	if digits == "" || strings.Trim(strings.ToUpper(digits), "0123456789*#ABCDR") != "" {
		return fmt.Errorf("pjsua: %s: %q are not all digits 0-9, *, #, A-D, R", op, digits)
	}
	return nil
}

// queueDTMF gives digits to send as PJSIP's queue has room for them.
func (c *Call) queueDTMF(ctx context.Context, op, digits string, duration time.Duration,
	send func(onThread, C.pjsua_call_id, string, time.Duration) C.pj_status_t) error {
	if err := dtmfDigits(op, digits); err != nil {
		return err
	}
	least := len(digits) // to be queued at a time
	if least > maxDTMF {
		least = 1
	}
	tick := time.NewTicker(dtmfPoll)
	defer tick.Stop()
	for {
		err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
			var queued C.uint
			if st := C.pjsua_call_get_queued_dtmf_digits(slot, &queued); st != C.PJ_SUCCESS {
				return t.fail(op, st)
			}
			n := min(len(digits), maxDTMF-int(queued))
			if n < least {
				return nil
			}
			if st := send(t, slot, digits[:n], duration); st != C.PJ_SUCCESS {
				return t.fail(op, st)
			}
			digits = digits[n:]
			return nil
		})
		if err != nil || digits == "" {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-c.ep.gone:
			return ErrClosed
		}
	}
}

// QueuedDTMF returns how many digits wait to be sent (pjsua_call_get_queued_dtmf_digits), that
// which is being sent among them.
func (c *Call) QueuedDTMF(ctx context.Context) (int, error) {
	var n int
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var queued C.uint
		st := C.pjsua_call_get_queued_dtmf_digits(slot, &queued)
		n = int(queued)
		return t.fail("queued DTMF", st)
	})
	return n, err
}
