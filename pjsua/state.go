//go:build cgo

package pjsua

/*
#include "record.h"

static void log_here(pjsua_logging_config *c) { c->cb = oh_on_log; }
*/
import "C"

import (
	"context"
	"fmt"
)

// State says where pjsua is in its life (pjsua_get_state); ErrClosed after Close.
func (ep *Endpoint) State(ctx context.Context) (EndpointState, error) {
	var state EndpointState
	err := ep.do(ctx, func(onThread) error {
		state = EndpointState(C.pjsua_get_state())
		return nil
	})
	return state, err
}

// SetLogging changes what PJSIP logs from now on (pjsua_reconfigure_logging). The lines
// go to the logger that [Config] has, as before.
func (ep *Endpoint) SetLogging(ctx context.Context, opts LogOptions) error {
	if opts.Level < 0 || opts.Level > 6 {
		return fmt.Errorf("pjsua: log level %d is outside 0 to 6", opts.Level)
	}
	return ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		level := opts.Level
		if level == 0 {
			level = pjLevel(ep.pump.logger)
		}
		c := logging(t, &a, level, opts.NoMessages)
		C.log_here(c)
		return t.fail("set logging", C.pjsua_reconfigure_logging(c))
	})
}

// VerifySIPURL returns nil when uri is a SIP or SIPS URI (RFC 3261 section 19.1), with or
// without a display name, that PJSIP can parse (pjsua_verify_sip_url).
func (ep *Endpoint) VerifySIPURL(ctx context.Context, uri string) error {
	return ep.verify(ctx, uri, func(t onThread, s *C.char) C.pj_status_t { return C.pjsua_verify_sip_url(s) })
}

// VerifyURL is VerifySIPURL for URIs of the other schemes that PJSIP knows too, such as
// tel (pjsua_verify_url).
func (ep *Endpoint) VerifyURL(ctx context.Context, uri string) error {
	return ep.verify(ctx, uri, func(t onThread, s *C.char) C.pj_status_t { return C.pjsua_verify_url(s) })
}

func (ep *Endpoint) verify(ctx context.Context, uri string, fn func(onThread, *C.char) C.pj_status_t) error {
	return ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		// PJSIP reads up to the first NUL, and takes a text that is too long for a mistake of
		// its caller.
		for i := range len(uri) {
			if uri[i] == 0 {
				return t.fail(fmt.Sprintf("verify %q", uri), C.PJSIP_EINVALIDURI)
			}
		}
		if uri == "" || len(uri) > C.PJSIP_MAX_URL_SIZE {
			return t.fail(fmt.Sprintf("verify %q", uri), C.PJSIP_EINVALIDURI)
		}
		return t.fail(fmt.Sprintf("verify %q", uri), fn(t, a.cstr(uri)))
	})
}

// dumpSize is more than PJSIP writes about a call with all of its streams.
const dumpSize = 32 << 10

// Dump describes the call in lines for a person to read (pjsua_call_dump): its state and
// times, with media also the codecs and figures of its streams. Programs read
// [Call.Info] and [Call.Stats].
func (c *Call) Dump(ctx context.Context, media bool) (string, error) {
	var out string
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		buf := (*C.char)(a.zero(dumpSize))
		if st := C.pjsua_call_dump(slot, cBool(media), buf, dumpSize, a.cstr("")); st != C.PJ_SUCCESS {
			return t.fail("dump call", st)
		}
		out = C.GoString(buf)
		return nil
	})
	return out, err
}
