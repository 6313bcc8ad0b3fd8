//go:build cgo

package pjsua

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"
)

// packets reads a trace until enough says so.
func packets(t *testing.T, tr *RTPTrace, enough func(RTPPacket) bool) []RTPPacket {
	t.Helper()
	var all []RTPPacket
	for end := time.After(patience); ; {
		select {
		case p, ok := <-tr.Packets():
			if !ok {
				t.Fatal("the trace ended")
			}
			if all = append(all, p); enough(p) {
				return all
			}
		case <-end:
			t.Fatalf("not enough packets: %d", len(all))
		}
	}
}

// bothWays is enough when each of the ends of a call has sent and received so many packets
// of RTP, and has sent RTCP.
func bothWays(c pair, rtp int) func(RTPPacket) bool {
	type way struct {
		call       CallID
		sent, rtcp bool
	}
	count := map[way]int{}
	return func(p RTPPacket) bool {
		count[way{p.Call, p.Sent, p.RTCP}]++
		for _, call := range []CallID{c.out.id, c.in.id} {
			if count[way{call, true, false}] < rtp || count[way{call, false, false}] < rtp || count[way{call, true, true}] == 0 {
				return false
			}
		}
		return true
	}
}

// What one end sends the other receives, from the addresses that the SDP tells, and with
// SRTP it is not encrypted in the trace.
func TestRTPTrace(t *testing.T) {
	for _, c := range []struct {
		name    string
		account AccountConfig
		ipv6    bool
	}{
		{"plain", AccountConfig{}, false},
		{"IPv6", AccountConfig{IPv6Media: IPv6Only}, true},
		{"SDES", AccountConfig{SRTP: SRTPMandatory, SRTPKeying: []SRTPKeying{SDES}}, false},
		{"SDES with RTCP mux", AccountConfig{RTCPMux: true, SRTP: SRTPMandatory, SRTPKeying: []SRTPKeying{SDES}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport, host := UDP, "127.0.0.1"
			if c.ipv6 {
				transport, host = UDP6, "::1"
			}
			p := newCouple(t, transport, host, c.account, nil)
			check(t, p.SetCodecOrder(within(t), "PCMU"))
			tr := must(p.TraceRTP(within(t), RTPTraceOptions{}))(t)
			call := p.connect()
			addr := map[CallID]netip.AddrPort{}
			for _, c := range []*Call{call.out, call.in} {
				info := must(c.MediaTransportInfo(within(t), 0))(t)
				addr[c.id] = must(netip.ParseAddrPort(info.LocalRTP))(t)
			}
			other := map[CallID]CallID{call.out.id: call.in.id, call.in.id: call.out.id}
			mux := c.account.RTCPMux
			sent := map[string]RTPPacket{}
			all := packets(t, tr, bothWays(call, 30))
			for _, pkt := range all {
				if pkt.Sent && !pkt.RTCP {
					sent[fmt.Sprint(pkt.Data[2:12])] = pkt
				}
			}
			unknown := 0
			for _, pkt := range all {
				local, remote := addr[pkt.Call], addr[other[pkt.Call]]
				if pkt.RTCP && !mux {
					local, remote = netip.AddrPortFrom(local.Addr(), local.Port()+1), netip.AddrPortFrom(remote.Addr(), remote.Port()+1)
				}
				if pkt.Local != local || pkt.Remote != remote || pkt.Index != 0 || pkt.Lost != 0 || pkt.Size != len(pkt.Data) || pkt.Data[0]>>6 != 2 {
					t.Fatalf("%+v, between %v and %v", pkt, local, remote)
				}
				if pkt.RTCP {
					if pkt.Data[1] < 200 || pkt.Data[1] > 207 {
						t.Errorf("%+v", pkt)
					}
					continue
				}
				if pt := pkt.Data[1] & 0x7f; pt != 0 || pkt.Size != 12+160 {
					t.Errorf("payload type %d, %d bytes", pt, pkt.Size)
				}
				if pkt.Sent {
					continue
				}
				from, known := sent[fmt.Sprint(pkt.Data[2:12])]
				if !known {
					unknown++
				} else if !bytes.Equal(from.Data, pkt.Data) || from.Call != other[pkt.Call] || from.Time.After(pkt.Time) {
					t.Errorf("received %+v, sent %+v", pkt, from)
				}
			}
			if unknown > 2 { // the record of what is sent can come after that of what is received
				t.Errorf("%d packets were received that nobody sent", unknown)
			}
			p.hangup(call)
			tr.Close()
			tr.Close()
			for range tr.Packets() { // what is in the channel
			}
		})
	}
}

// Calls from before the trace are seen where their policy said so; one call of several, and
// the beginnings of its packets only.
func TestRTPTraceOfSomeCalls(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{ReportRTP: true}}))
	before := p.connect()
	check(t, p.acc.SetPolicy(within(t), nil))
	hidden := p.connect()
	all := must(p.TraceRTP(within(t), RTPTraceOptions{}))(t)
	one := must(p.TraceRTP(within(t), RTPTraceOptions{Call: before.in.id, Snap: 20}))(t)
	later := p.connect()
	seen := map[CallID]bool{}
	packets(t, all, func(pkt RTPPacket) bool {
		seen[pkt.Call] = true
		return len(seen) == 4
	})
	for _, call := range []*Call{hidden.out, hidden.in} {
		if seen[call.id] {
			t.Errorf("%v was not to be seen: %v", call.id, seen)
		}
	}
	n := 0
	for _, pkt := range packets(t, one, func(RTPPacket) bool { n++; return n == 50 }) {
		if pkt.Call != before.in.id || !pkt.RTCP && (len(pkt.Data) != 20 || pkt.Size != 172) {
			t.Fatalf("%+v", pkt)
		}
	}
	all.Close()
	// Now that nobody asks for the others C makes no records of them.
	n = 0
	packets(t, one, func(RTPPacket) bool { n++; return n == 50 })
	for _, c := range []pair{before, hidden, later} {
		p.hangup(c)
	}
	p.Close()
	for range one.Packets() {
	}
	_, err := p.TraceRTP(within(t), RTPTraceOptions{})
	assertIs(t, err, ErrClosed)
	for _, bad := range []RTPTraceOptions{{Snap: -1}, {Snap: 65536}, {Buffer: -1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v is valid", bad)
		}
	}
}

// A consumer that does not read loses packets, is told how many, and holds nobody up.
func TestRTPTraceThatIsNotRead(t *testing.T) {
	p := newPhone(t, Config{})
	slow := must(p.TraceRTP(within(t), RTPTraceOptions{Buffer: 1}))(t)
	all := must(p.TraceRTP(within(t), RTPTraceOptions{}))(t)
	c := p.connect()
	n := 0
	packets(t, all, func(RTPPacket) bool { n++; return n == 100 })
	if first := <-slow.Packets(); first.Lost != 0 {
		t.Errorf("%+v", first)
	}
	if second := <-slow.Packets(); second.Lost < 90 {
		t.Errorf("%d lost", second.Lost)
	}
	p.hangup(c)
}

// The trace has what was sent in the end, and what came before it was spoilt.
func TestRTPTraceOfImpairment(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &Impairment{
		TX: PathImpairment{Duplicate: 100, Delay: 50 * time.Millisecond}, RX: PathImpairment{Drop: 100},
	}}}))
	tr := must(p.TraceRTP(within(t), RTPTraceOptions{}))(t)
	c := p.connect()
	count := map[string]int{}
	received := 0
	all := packets(t, tr, func(pkt RTPPacket) bool {
		if pkt.Call == c.in.id && !pkt.Sent && !pkt.RTCP {
			received++
		}
		return received == 60
	})
	for _, pkt := range all {
		if pkt.Call == c.out.id && pkt.Sent && !pkt.RTCP {
			count[fmt.Sprint(pkt.Data[:12])]++
		}
	}
	single := 0
	for key, n := range count {
		if n == 1 {
			single++
		} else if n > 2 {
			t.Errorf("%s was sent %d times", key, n)
		}
	}
	if len(count) < 25 || single > 1 { // the last one's twin may be still to come
		t.Errorf("%d packets, %d of them once", len(count), single)
	}
	if stats := must(c.in.StreamStats(within(t), 0))(t); stats.RX.Packets > 0 {
		t.Errorf("%+v", stats.RX)
	}
	p.hangup(c)

	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Impair: &Impairment{TX: PathImpairment{Drop: 100}}}}))
	c = p.connect()
	for _, pkt := range packets(t, tr, func(pkt RTPPacket) bool { return pkt.Call == c.out.id && pkt.RTCP }) {
		if (pkt.Call == c.out.id || pkt.Call == c.in.id) && !pkt.RTCP {
			t.Fatalf("%+v", pkt)
		}
	}
	p.hangup(c)
}

// A far end whose RTP comes from elsewhere than its SDP says is followed, as without a
// trace, and the trace tells.
func TestRTPTraceFollows(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	tr := must(p.TraceRTP(within(t), RTPTraceOptions{}))(t)
	out := must(p.acc.Dial(within(t), "sip:peer@"+peer.addr, DialOptions{}))(t)
	invite := peer.request("INVITE")
	told, real := must(net.ListenPacket("udp", "127.0.0.1:0"))(t), must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	defer told.Close()
	defer real.Close()
	at := func(c net.PacketConn) netip.AddrPort { return must(netip.ParseAddrPort(c.LocalAddr().String()))(t) }
	peer.respondBody(invite, "200 OK", fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", at(told).Port()),
		"Contact: <sip:peer@"+peer.addr+">", "Content-Type: application/sdp")
	peer.request("ACK")
	first := packets(t, tr, func(pkt RTPPacket) bool { return pkt.Sent && !pkt.RTCP })
	phone := first[len(first)-1]
	if phone.Remote != at(told) {
		t.Errorf("%+v", phone)
	}
	buf := make([]byte, 1500)
	heard := make(chan error, 1)
	go func() {
		_, _, err := real.ReadFrom(buf)
		heard <- err
	}()
	for seq := 0; ; seq++ {
		rtp := make([]byte, 172)
		rtp[0] = 0x80
		binary.BigEndian.PutUint16(rtp[2:], uint16(seq))
		binary.BigEndian.PutUint32(rtp[4:], uint32(160*seq))
		must(real.WriteTo(rtp, net.UDPAddrFromAddrPort(phone.Local)))(t)
		select {
		case err := <-heard:
			check(t, err)
		case <-time.After(20 * time.Millisecond):
			if seq > 1000 {
				t.Fatal("not followed")
			}
			continue
		}
		break
	}
	packets(t, tr, func(pkt RTPPacket) bool { return !pkt.Sent && pkt.Remote == at(real) })
	packets(t, tr, func(pkt RTPPacket) bool { return pkt.Sent && !pkt.RTCP && pkt.Remote == at(real) })
	check(t, out.Hangup(within(t), HangupOptions{}))
	peer.respond(peer.request("BYE"), "200 OK")
	await(p, func(ev CallEnded) bool { return ev.Call == out.id })
}
