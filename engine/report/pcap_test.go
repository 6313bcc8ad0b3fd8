package report

import (
	"bytes"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

func readPCAP(t *testing.T, b []byte) (packets []gopacket.Packet, times []time.Time) {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			return packets, times
		}
		if err != nil {
			t.Fatal(err)
		}
		first := layers.LayerTypeIPv4
		if data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
		p := gopacket.NewPacket(data, first, gopacket.Default)
		if e := p.ErrorLayer(); e != nil && e.LayerType() != gopacket.LayerTypeDecodeFailure {
			t.Errorf("%v", e.Error())
		}
		packets, times = append(packets, p), append(times, info.Timestamp)
	}
}

func TestPCAP(t *testing.T) {
	start := time.Date(2026, 11, 20, 2, 30, 0, 123456789, time.UTC)
	a, b := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("192.0.2.2:5080")
	a6, b6 := netip.MustParseAddrPort("[2001:db8::1]:5060"), netip.MustParseAddrPort("[fe80::1%eth0]:5060")
	long := bytes.Repeat([]byte("x"), 70_000)
	var out bytes.Buffer
	err := WritePCAP(&out, []Packet{
		{Time: start.Add(3 * time.Second), Src: a, Dst: b, Payload: []byte("third")},
		{Time: start, Src: a, Dst: b, Payload: []byte("first"), TCP: true},
		{Time: start.Add(time.Second), Src: b, Dst: a, Payload: []byte("second"), TCP: true},
		{Time: start.Add(4 * time.Second), Src: a6, Dst: b6, Payload: []byte("fourth")},
		{Time: start.Add(5 * time.Second), Src: netip.MustParseAddrPort("[::ffff:192.0.2.1]:5060"), Dst: b, Payload: long, TCP: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	packets, times := readPCAP(t, out.Bytes())
	if len(packets) != 7 {
		t.Fatalf("%d packets", len(packets))
	}
	if !times[0].Equal(start) {
		t.Errorf("the first is of %v", times[0])
	}
	for i, want := range []string{"first", "second", "third", "fourth"} {
		if got := packets[i].ApplicationLayer(); got == nil || string(got.LayerContents())+string(got.LayerPayload()) != want {
			t.Errorf("packet %d is not %q: %v", i, want, packets[i])
		}
		if _, mismatches := packets[i].VerifyChecksums(); len(mismatches) > 0 {
			t.Errorf("packet %d: %v", i, mismatches)
		}
	}
	seq := func(i int) (uint32, uint32) {
		tcp := packets[i].Layer(layers.LayerTypeTCP).(*layers.TCP)
		return tcp.Seq, tcp.Ack
	}
	for i, want := range map[int][2]uint32{0: {1, 1}, 1: {1, 6}, 4: {6, 7}, 5: {6 + 1<<15, 7}} {
		if s, ack := seq(i); s != want[0] || ack != want[1] {
			t.Errorf("packet %d: sequence %d, acknowledged %d, not %v", i, s, ack, want)
		}
	}
}

func TestPCAPRefuses(t *testing.T) {
	a, b6 := netip.MustParseAddrPort("192.0.2.1:5060"), netip.MustParseAddrPort("[2001:db8::1]:5060")
	for name, p := range map[string]Packet{
		"no address":    {Dst: a},
		"two families":  {Src: a, Dst: b6},
		"a long packet": {Src: a, Dst: a, Payload: make([]byte, 66_000)},
	} {
		if err := WritePCAP(io.Discard, []Packet{p}); err == nil || !strings.HasPrefix(err.Error(), "report: pcap: packet 0") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSIPPackets(t *testing.T) {
	start := time.Date(2026, 11, 20, 2, 30, 0, 0, time.UTC)
	body := "v=0\r\na=crypto:1 AES inline:secret|2^31\r\n"
	s := &Scenario{Started: start, Calls: []Call{{Actor: "alice", Messages: []SIPMessage{
		{At: 5 * milli, Sent: true, Transport: "TCP", Local: "192.0.2.1:40000", Remote: "192.0.2.2:5060", Raw: "INVITE sip:b SIP/2.0\r\nl: 42\r\nContent-Length: 42\r\nX: 1\r\n\r\n" + body},
		{At: 9 * milli, Transport: "TLS", Local: "192.0.2.1:40000", Remote: "192.0.2.2:5061", Raw: "SIP/2.0 200 OK\r\nAuthorization: secret\r\nContent-Length: 0\r\n\r\n"},
		{At: 9 * milli, Transport: "UDP", Local: "192.0.2.1:40000", Remote: "", Raw: "dropped"},
	}}}}
	got := s.SIPPackets()
	if len(got) != 2 {
		t.Fatalf("%d packets", len(got))
	}
	if !got[0].TCP || got[0].Src.Port() != 40000 || !got[0].Time.Equal(start.Add(5*time.Millisecond)) {
		t.Errorf("%+v", got[0])
	}
	if got[1].TCP || got[1].Src.Port() != 5061 || got[1].Dst.Port() != 40000 {
		t.Errorf("%+v", got[1])
	}
	if want := "INVITE sip:b SIP/2.0\r\nl: 39\r\nContent-Length: 39\r\nX: 1\r\n\r\nv=0\r\na=x-crypto:1 AES inline:***|2^31\r\n"; string(got[0].Payload) != want {
		t.Errorf("%q", got[0].Payload)
	}
	if want := "SIP/2.0 200 OK\r\nAuthorization: Digest ***\r\nContent-Length: 0\r\n\r\n"; string(got[1].Payload) != want {
		t.Errorf("%q", got[1].Payload)
	}
}
