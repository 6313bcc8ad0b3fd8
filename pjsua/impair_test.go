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
		{impair: Impairment{TX: PathImpairment{Drop: 40}}, low: 0.45, high: 0.75},
		{impair: Impairment{RX: PathImpairment{Drop: 40}}, low: 0.45, high: 0.75},
		{impair: Impairment{TX: PathImpairment{Drop: 50}, RX: PathImpairment{Drop: 50}}, low: 0.12, high: 0.4},
		{impair: Impairment{RX: PathImpairment{Drop: 100}}},
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

// Duplicates and packets out of order are in the figures of the stream that receives them,
// whichever end makes them.
func TestImpairmentOfOrder(t *testing.T) {
	p := newPhone(t, Config{})
	some := PathImpairment{Duplicate: 20, Reorder: 20}
	late := some
	late.Delay = 100 * time.Millisecond
	calls := map[string]pair{}
	for name, impair := range map[string]Impairment{"nothing": {}, "sent": {TX: some}, "received": {RX: some}, "received late": {RX: late}} {
		check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &impair}}))
		calls[name] = p.connect()
	}
	for name, c := range calls {
		// 60 duplicates are to be expected, and 50 of these; these bounds are six deviations off.
		rx := p.received(c.in, 300)
		if name == "nothing" && rx.Duplicates+rx.Reordered > 0 ||
			name != "nothing" && (rx.Duplicates < 15 || rx.Reordered < 10 || rx.Duplicates > rx.Packets/2) {
			t.Errorf("%s: %+v", name, rx)
		}
		p.hangup(c)
	}
}

// received waits until so many packets have been.
func (p *phone) received(c *Call, packets uint64) RTCPStats {
	p.t.Helper()
	for end := time.Now().Add(patience); ; {
		rx := must(c.StreamStats(within(p.t), 0))(p.t).RX
		if rx.Packets >= packets {
			return rx
		}
		if time.Now().After(end) {
			p.t.Fatalf("%d packets in %v", rx.Packets, patience)
		}
		<-time.After(100 * time.Millisecond) // RTP takes the time it takes
	}
}

// What is late is under way: sent, and not received yet. And all of it arrives, in order.
func TestImpairmentOfTime(t *testing.T) {
	p := newPhone(t, Config{})
	calls := map[string]pair{}
	for name, impair := range map[string]Impairment{
		"sent": {TX: PathImpairment{Delay: 2 * time.Second}}, "received": {RX: PathImpairment{Delay: 2 * time.Second}},
		"jitter": {RX: PathImpairment{Jitter: 200 * time.Millisecond}},
	} {
		check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &impair}}))
		calls[name] = p.connect()
	}
	for _, name := range []string{"sent", "received"} {
		c := calls[name]
		const most = 80 // of a hundred
		for end := time.Now().Add(patience); ; {
			rx := must(c.in.StreamStats(within(t), 0))(t).RX
			tx := must(c.out.StreamStats(within(t), 0))(t).TX
			if rx.Packets > 0 && tx.Packets > rx.Packets+most {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s: %d packets of %d have arrived: not %d are under way", name, rx.Packets, tx.Packets, most)
			}
			<-time.After(50 * time.Millisecond)
		}
		if rx := p.received(c.in, 150); rx.Reordered > 0 || rx.Duplicates > 0 || rx.Lost > 0 {
			t.Errorf("%s: %+v", name, rx)
		}
		p.hangup(c) // what is under way is forgotten
	}
	rx := p.received(calls["jitter"].in, 200)
	if rx.Jitter.Mean < 10*time.Millisecond || rx.Reordered > 0 {
		t.Errorf("jitter: %+v", rx)
	}
	p.hangup(calls["jitter"])
}

// A re-INVITE has the same transport, and goes on; under SRTP, too.
func TestImpairmentLasts(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &Impairment{
		TX: PathImpairment{Delay: 50 * time.Millisecond, Reorder: 30}, RX: PathImpairment{Jitter: 20 * time.Millisecond, Reorder: 30},
	}}}))
	cfg := must(p.acc.Config(within(t)))(t)
	cfg.SRTP, cfg.SRTPKeying = SRTPMandatory, []SRTPKeying{SDES}
	check(t, p.acc.Modify(within(t), cfg))
	c := p.connect()
	p.received(c.in, 50)
	check(t, c.out.Hold(within(t), HoldOptions{}))
	await(p, func(ev CallMediaChanged) bool {
		return ev.Call == c.out.ID() && len(ev.Media) > 0 && ev.Media[0].Status == MediaLocalHold
	})
	check(t, c.out.Resume(within(t), ReinviteOptions{}))
	await(p, func(ev CallMediaChanged) bool {
		return ev.Call == c.out.ID() && len(ev.Media) > 0 && ev.Media[0].Status == MediaActive
	})
	if rx := p.received(c.in, 50); rx.Reordered == 0 {
		t.Errorf("%+v", rx)
	}
	p.hangup(c)
}

// A seed loses the same packets again, and a hundredth is a hundredth. The clock is moved by
// hand, so that these packets take no minute.
func TestImpairmentRepeats(t *testing.T) {
	const packets = 3000
	var lost [2]uint64
	for i := range lost {
		p := newPhone(t, Config{Media: MediaConfig{JitterPrefix: time.Second, JitterMax: 3 * time.Second, JitterDiscard: DiscardNone}})
		check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &Impairment{TX: PathImpairment{Drop: 1, Seed: 7}}}}))
		c := p.connect()
		check(t, p.SetNoDevice(within(t)))
		// Both times to the same packet, so that the same ones are lost.
		for sent := must(c.out.StreamStats(within(t), 0))(t).TX.Packets; sent < packets; {
			check(t, p.Tick(within(t), int(min(20, packets-sent)))) // no more than a socket's buffer holds
			sent = must(c.out.StreamStats(within(t), 0))(t).TX.Packets
			for end := time.Now().Add(patience); ; <-time.After(time.Millisecond) {
				rx := must(c.in.StreamStats(within(t), 0))(t).RX
				if lost[i] = rx.Lost; rx.Packets+rx.Lost+1 >= sent {
					break
				}
				if time.Now().After(end) {
					t.Fatalf("%+v of %d after %v", rx, sent, patience)
				}
			}
		}
		check(t, p.SetNullDevice(within(t)))
		p.hangup(c)
		p.Close()
	}
	// 30, and three and a half standard deviations.
	if lost[0] < 11 || lost[0] > 49 || lost[0] != lost[1] {
		t.Errorf("%d of %d packets were lost", lost, packets)
	}
}

func TestImpairmentRefusals(t *testing.T) {
	for _, i := range []Impairment{
		{TX: PathImpairment{Drop: -1}}, {RX: PathImpairment{Drop: 101}}, {TX: PathImpairment{Reorder: 101}}, {RX: PathImpairment{Duplicate: -1}},
		{TX: PathImpairment{Delay: -1}}, {RX: PathImpairment{Jitter: 11 * time.Second}},
	} {
		if (&Policy{Media: MediaPolicy{Impair: &i}}).Validate() == nil {
			t.Errorf("%+v is valid", i)
		}
	}
}
