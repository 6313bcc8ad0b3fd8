//go:build cgo

package pjsua

import (
	"strings"
	"testing"
	"time"
)

// More digits than PJSIP's queue takes go out in order, as the earlier ones leave.
func TestLongDTMF(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	if info := must(c.in.Info(within(t)))(t); len(info.Media) != 1 || !info.Media[0].TelephoneEvent {
		t.Errorf("%+v", info.Media)
	}
	digits := strings.Repeat("123456789*", 4) + "#0"
	done := make(chan error, 1)
	go func() { done <- c.out.SendDTMF(within(t), digits, DTMFOptions{Duration: 40 * time.Millisecond}) }()
	for i := range digits {
		if ev := await(p, func(DTMFReceived) bool { return true }); ev.Digit != digits[i] || ev.Call != c.in.id {
			t.Fatalf("digit %d: %+v", i, ev)
		}
	}
	check(t, <-done)
	check(t, c.in.DialDTMF(within(t), "12", 40*time.Millisecond))
	if n := must(c.in.QueuedDTMF(within(t)))(t); n < 1 || n > 2 {
		t.Errorf("%d digits are queued", n)
	}
	for _, want := range "12" {
		if ev := await(p, func(DTMFReceived) bool { return true }); ev.Digit != byte(want) || ev.Call != c.out.id {
			t.Errorf("%+v", ev)
		}
	}
	if err := c.in.DialDTMF(within(t), "12x", 0); err == nil {
		t.Error("12x was dialled")
	}
	p.hangup(c)
}
