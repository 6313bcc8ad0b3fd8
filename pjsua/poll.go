//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Dump returns the state of the whole library as text, for a support bundle: what is
// allocated, the transports, transactions and dialogs, and with detail how PJSIP was
// compiled (pjsua_dump). Digests and keys are replaced by ***. It takes some
// milliseconds, during which no command runs.
func (ep *Endpoint) Dump(ctx context.Context, detail bool) (string, error) {
	var text string
	err := ep.do(ctx, func(t onThread) error {
		var size C.size_t
		p := C.oh_dump(C.int(cBool(detail)), &size)
		if p == nil {
			return t.fail("dump", C.PJ_ENOMEM)
		}
		defer C.oh_record_free(unsafe.Pointer(p))
		text = redact(C.GoStringN(p, C.int(size)))
		return nil
	})
	return text, err
}

// HandleEvents does what SIP worker threads do otherwise, where Config.Threads is below
// 0: it waits up to timeout for packets and timers and handles them
// (pjsua_handle_events). It returns how many there were. Commands wait for it, so
// timeout should be some milliseconds; a second is the most.
func (ep *Endpoint) HandleEvents(ctx context.Context, timeout time.Duration) (int, error) {
	n := 0
	err := ep.do(ctx, func(t onThread) error {
		ms := min(max(0, timeout), time.Second) / time.Millisecond
		got := C.pjsua_handle_events(C.uint(ms))
		if got < 0 {
			return t.fail("handle events", C.pj_status_t(-got))
		}
		n = int(got)
		return nil
	})
	return n, err
}
