package runner

import (
	"net/netip"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
)

// What one actor sends another is there once, a repetition twice, and what others send stays.
func TestOnWire(t *testing.T) {
	a, b, pbx := netip.MustParseAddrPort("127.0.0.1:5060"), netip.MustParseAddrPort("127.0.0.1:5062"), netip.MustParseAddrPort("127.0.0.1:5070")
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	packet := func(ms int, src, dst netip.AddrPort, text string) report.Packet {
		return report.Packet{Time: at.Add(time.Duration(ms) * time.Millisecond), Src: src, Dst: dst, Payload: []byte(text)}
	}
	got := onWire([]report.Packet{
		packet(0, a, b, "INVITE"), packet(1, a, b, "INVITE"), // sent, received
		packet(500, a, b, "INVITE"), packet(501, a, b, "INVITE"), // once more
		packet(2, b, a, "100"), packet(3, b, a, "100"),
		packet(4, a, b, "lost"),
		packet(5, pbx, a, "OPTIONS"), packet(6, pbx, a, "OPTIONS"),
	}, map[netip.AddrPort]bool{a: true, b: true})
	texts := ""
	for _, p := range got {
		texts += string(p.Payload) + " "
	}
	if want := "INVITE 100 lost OPTIONS OPTIONS INVITE "; texts != want {
		t.Errorf("%q, want %q", texts, want)
	}
}
