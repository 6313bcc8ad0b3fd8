//go:build integration && linux

package peers

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAsteriskRegisters(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	if v := a.CLI("core show version"); !strings.HasPrefix(v, "Asterisk 2") {
		t.Errorf("version: %q", v)
	}
	a.WaitLocations(0, waitSIP)
	for i, p := range []struct{ user, network, addr, algorithm string }{
		{"1001", "udp", a.UDP, "MD5"},
		{"1002", "tcp", a.TCP, "SHA-256"},
		{"1003", "tls", a.TLS, "SHA-256"},
	} {
		if code, _ := register(t, p.network, p.addr, a.Certs.CA, Loopback, p.user, "wrong"); code != 401 {
			t.Errorf("%s: REGISTER with a wrong password: %d", p.user, code)
		}
		code, algorithm := register(t, p.network, p.addr, a.Certs.CA, Loopback, p.user, Password(p.user))
		if code != 200 || algorithm != p.algorithm {
			t.Errorf("%s: REGISTER by %s: %d, digest with %s", p.user, p.network, code, algorithm)
		}
		if all := a.WaitLocations(i+1, waitSIP); !strings.Contains(fmt.Sprint(all), "{"+p.user+" sip:"+p.user+"@127.0.0.1:") {
			t.Errorf("%s is not among %v", p.user, all)
		}
	}
	first := a.proc.pid()
	a.Stop()
	if left := children(first); len(left) > 0 {
		t.Errorf("left after Stop: %v", left)
	}
}

func TestAsteriskRefuses(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	for _, c := range []struct {
		number string
		code   int
		first  string // provisional responses
	}{
		{"608", 486, "[100]"}, {"609", 503, "[100]"}, {"611", 486, "[100 183]"},
		{"61601", 404, "[100]"}, {"61617", 486, "[100]"}, {"61621", 403, "[100]"}, {"699", 404, "[]"},
	} {
		d := call(t, a.UDP, "sip:"+c.number+"@"+a.UDP, "1001")
		if d.code != c.code || fmt.Sprint(d.provisions) != c.first {
			t.Errorf("%s: %v and %d, want %s and %d", c.number, d.provisions, d.code, c.first, c.code)
		}
		if c.number == "611" {
			requireTone(t, "early media", d.hearTone(ToneHz, 8000), ToneHz, ToneLevel)
		}
	}
	d := dial(t, a.UDP, "sip:610@"+a.UDP, "1001")
	d.await(180)
	d.cancel()
	if m := d.await(200); m.code != 487 {
		t.Errorf("610 cancelled: %d", m.code)
	}
	if d := call(t, a.UDP, "sip:600@"+a.UDP, "1003"); d.code != 488 {
		t.Errorf("1003 without SRTP: %d", d.code)
	}
}

func TestAsteriskPlays(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	d := call(t, a.UDP, "sip:601@"+a.UDP, "1001")
	requireTone(t, "601", d.hearTone(ToneHz, 20000), ToneHz, ToneLevel)
	d.waitBye()

	w := a.Watch()
	d = call(t, a.UDP, "sip:602@"+a.UDP, "1001")
	requireTone(t, "menu", d.hearTone(MenuHz, 4000), MenuHz, ToneLevel)
	for event, hz := range map[byte]float64{1: Branch1Hz, 2: Branch2Hz} {
		d.press(event)
		w.Wait(waitSIP, Event{"UserEvent": "IVR", "Choice": fmt.Sprint(event)})
		requireTone(t, fmt.Sprint("branch ", event), d.hearTone(hz, 4000), hz, ToneLevel)
	}
	d.press(0)
	w.Wait(waitSIP, Event{"UserEvent": "IVR", "Choice": "0"})
	requireTone(t, "goodbye", d.hearTone(GoodbyeHz, 2400), GoodbyeHz, ToneLevel)
	d.waitBye()
}

func TestAsteriskEchoes(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	d := call(t, a.UDP, "sip:600@"+a.UDP, "1001")
	const frame = 160
	sent := alaw(tone(ToneHz, -20, 1, 8000))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; i < len(sent); i += frame {
			<-tick.C
			d.transmit(8, uint32(i), sent[i:i+frame])
		}
	}()
	requireTone(t, "echo", d.hearTone(ToneHz, 4000), ToneHz, -20)
	<-done
	d.bye()
}

func TestAsteriskSendsDigits(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	d := call(t, a.UDP, "sip:614@"+a.UDP, "1001")
	heard := ""
	last := uint32(0)
	for len(heard) < 16 {
		p := d.receive()
		if p.kind == 101 && (heard == "" || p.stamp != last) { // all packets of one digit have one timestamp
			last = p.stamp
			heard += string("0123456789*#ABCD"[p.payload[0]])
		}
	}
	if heard != "1234567890*#ABCD" {
		t.Errorf("digits: %s", heard)
	}
	d.waitBye()
}

func TestAsteriskOriginates(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	w := a.Watch()
	a.Originate("1001", "601")
	w.Wait(waitSIP, Event{"Event": "OriginateResponse", "Response": "Failure"}) // nobody is registered

	d, addr := listen(t)
	registerAt(t, "udp", a.UDP, "", Loopback, "1001", Password("1001"), addr)
	a.WaitLocations(1, waitSIP)
	a.Originate("1001", "601")
	d.answer()
	w.Wait(waitSIP, Event{"Event": "OriginateResponse", "Response": "Success"})
	requireTone(t, "601", d.hearTone(ToneHz, 8000), ToneHz, ToneLevel)
	d.waitBye()
}
