//go:build cgo

package pjsua

import (
	"testing"
	"time"
)

// Both ends of a call have the policy that the account had when it began. A packet that is
// lost when it is sent counts as sent.
func TestImpairment(t *testing.T) {
	p := newPhone(t, Config{})
	cases := []struct {
		impair    Impairment
		low, high float64 // of what was sent arrives
		call      pair
	}{
		{impair: Impairment{}, low: 0.95, high: 1},
		{impair: Impairment{TXDrop: 40}, low: 0.45, high: 0.75},
		{impair: Impairment{RXDrop: 40}, low: 0.45, high: 0.75},
		{impair: Impairment{TXDrop: 50, RXDrop: 50}, low: 0.12, high: 0.4},
		{impair: Impairment{RXDrop: 100}},
	}
	for i := range cases {
		check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &cases[i].impair}}))
		cases[i].call = p.connect()
	}
	const enough = 300 // five standard deviations are within the bounds
	sent := func(c pair) uint64 { return must(c.out.StreamStats(within(t), 0))(t).TX.Packets }
	for end := time.Now().Add(patience); sent(cases[len(cases)-1].call) < enough; {
		if time.Now().After(end) {
			t.Fatalf("%d packets in %v", sent(cases[len(cases)-1].call), patience)
		}
		<-time.After(200 * time.Millisecond) // RTP takes the time it takes
	}
	for _, c := range cases {
		received := must(c.call.in.StreamStats(within(t), 0))(t).RX.Packets
		out := sent(c.call)
		if share := float64(received) / float64(out); share < c.low || share > c.high {
			t.Errorf("%+v: %d of %d packets arrived", c.impair, received, out)
		}
		p.hangup(c.call)
	}
}

func TestImpairmentRefusals(t *testing.T) {
	for _, i := range []Impairment{{TXDrop: -1}, {RXDrop: 101}} {
		if (&Policy{Media: MediaPolicy{Impair: &i}}).Validate() == nil {
			t.Errorf("%+v is valid", i)
		}
	}
}
