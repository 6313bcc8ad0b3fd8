//go:build integration && linux

package windows

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// Two accounts of offhook.exe register by digest; it calls and is called; both hear each other, see each other's digits
// and holds; and an interrupt unregisters. All its files have names that are not ASCII.
func TestCalls(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	dir := filepath.Join(t.TempDir(), "Příliš žluťoučký kůň 電話")
	check(t, os.Mkdir(dir, 0o700))
	win := startWindows(t, peers.StartWine(t), options{ini: accounts(k, "udp", "alice", "bob"), dir: dir})
	lin := startLinux(t, options{ini: accounts(k, "udp", "carol")})
	win.awaitRegistered(2)
	lin.awaitRegistered(1)
	k.WaitLocations(3, deadline)

	for _, c := range []struct {
		name     string
		from, to *phone
		account  int
		user     string
	}{
		{"out", win, lin, 2, "carol"},
		{"in", lin, win, 1, "bob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := c.from.connects(c.account, c.user, c.to)
			hearEachOther(c.from, ours, c.to, theirs)
			digits(c.from, ours, c.to, theirs, "159*")
			digits(c.to, theirs, c.from, ours, "720#")
			holds(c.from, ours, c.to, theirs)
			holds(c.to, theirs, c.from, ours)
			again, back := c.from.listens(ours), c.to.listens(theirs)
			again.requires(880)
			back.requires(440)
			_, err := c.to.Hangup(c.to.soon(), theirs)
			check(t, err)
			requireAllPackets(t, c.from.awaitEnd(ours), c.to.awaitEnd(theirs))
		})
	}

	win.stops()
	k.WaitLocations(1, deadline)
	lin.stops()
	k.WaitLocations(0, deadline)
}

// digits has p send digits, of which q must receive each once, in order.
func digits(p *phone, ours api.CallID, q *phone, theirs api.CallID, digits string) {
	p.t.Helper()
	q.forget()
	_, err := p.SendDTMF(p.soon(), ours, api.DTMFRequest{Digits: digits})
	check(p.t, err)
	got := ""
	q.await("DTMFReceived", func(e event) bool {
		if e.Type == "DTMFReceived" && e.Call == theirs {
			got += e.Digit
		}
		return len(got) == len(digits)
	})
	if got != digits {
		p.t.Errorf("%s received %q, want %q", q.name, got, digits)
	}
}

// holds has p hold the call and resume it.
func holds(p *phone, ours api.CallID, q *phone, theirs api.CallID) {
	p.t.Helper()
	p.forget()
	q.forget()
	_, err := p.Hold(p.soon(), ours)
	check(p.t, err)
	p.awaitMedia(ours, "LOCAL_HOLD")
	q.awaitMedia(theirs, "REMOTE_HOLD")
	p.forget()
	q.forget()
	_, err = p.Resume(p.soon(), ours)
	check(p.t, err)
	p.awaitMedia(ours, "ACTIVE")
	q.awaitMedia(theirs, "ACTIVE")
}

// What Kamailio and SIPp refuse is told, and a wrong password.
func TestRefusals(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	win := startWindows(t, peers.StartWine(t), options{ini: accounts(k, "udp", "alice", "bob"), args: []string{"--password-2", "wrong"}})
	win.awaitRegistered(1)
	refused := win.await("refused registration", func(e event) bool { return e.Type == "RegistrationChanged" && e.Account == 2 })
	if refused.Registered || refused.Code != 401 {
		t.Errorf("%+v", refused)
	}
	for uri, code := range map[string]int{"nobody": 404, "sip:9486@" + k.UDP: 486, "sip:9603@" + k.UDP: 603} {
		call := win.dial(1, uri)
		if e := win.awaitEnd(call); e.Code != code {
			t.Errorf("%s: %+v", uri, e)
		}
	}
	win.stops()
}

// Port knocks reach their ports before the account registers.
func TestPortKnock(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	port, err := net.ListenPacket("udp", peers.Loopback+":0")
	check(t, err)
	defer port.Close()
	_, number, err := net.SplitHostPort(port.LocalAddr().String())
	check(t, err)
	win := startWindows(t, peers.StartWine(t), options{ini: accounts(k, "udp", "alice"), args: []string{"--port-knocker-ports", number}})
	win.awaitRegistered(1)
	b := make([]byte, 64)
	check(t, port.SetReadDeadline(time.Now().Add(deadline)))
	if n, _, err := port.ReadFrom(b); err != nil || string(b[:n]) != "knock\x00" {
		t.Errorf("%q, %v", b[:n], err)
	}
	win.stops()
}
