//go:build cgo

package pjsua

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestDump(t *testing.T) {
	p := newPhone(t, Config{})
	text := must(p.Dump(within(t), true))(t)
	for _, want := range []string{"Start dumping", p.addr, "Dumping media transports", "Dump complete"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the dump of %d bytes", want, len(text))
		}
	}
	if short := must(p.Dump(within(t), false))(t); len(short) >= len(text) {
		t.Errorf("%d bytes without detail, %d with", len(short), len(text))
	}
}

// Without worker threads, nothing of SIP happens but in HandleEvents.
func TestHandleEvents(t *testing.T) {
	p := newPhone(t, Config{Threads: -1})
	must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	ctx, stop := context.WithCancel(within(t))
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if _, err := p.HandleEvents(ctx, 5*time.Millisecond); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
		}
	}()
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Hangup(within(t), HangupOptions{}))
	await(p, func(CallEnded) bool { return true })
	await(p, func(CallEnded) bool { return true })
	stop()
	<-done
}
