//go:build integration && linux

package peers

import (
	"fmt"
	"strings"
	"testing"
)

func TestKamailioRegisters(t *testing.T) {
	t.Parallel()
	k := StartKamailio(t, KamailioOptions{})
	for i, p := range []struct{ network, addr string }{{"udp", k.UDP}, {"tcp", k.TCP}, {"tls", k.TLS}} {
		user := fmt.Sprint("alice-", p.network)
		if got, _ := register(t, p.network, p.addr, k.Certs.CA, k.Domain, user, "wrong"); got != 401 {
			t.Errorf("%s: REGISTER with a wrong password: %d", p.network, got)
		}
		if got, _ := register(t, p.network, p.addr, k.Certs.CA, k.Domain, user, Password(user)); got != 200 {
			t.Errorf("%s: REGISTER: %d", p.network, got)
		}
		all := k.WaitLocations(i+1, waitSIP)
		found := false
		for _, l := range all {
			found = found || l.User == user && strings.HasPrefix(l.Contact, "sip:"+user+"@127.0.0.1:")
		}
		if !found {
			t.Errorf("%s: %s is not among %v", p.network, user, all)
		}
	}
}

func TestKamailioStopsAndStarts(t *testing.T) {
	t.Parallel()
	k := StartKamailio(t, KamailioOptions{})
	first := k.proc.pid()
	register(t, "tcp", k.TCP, "", k.Domain, "bob", Password("bob"))
	k.WaitLocations(1, waitSIP)
	k.Stop()
	if left := children(first); len(left) > 0 {
		t.Errorf("left after Stop: %v", left)
	}
	if err := options("udp", k.UDP, ""); err == nil {
		t.Error("it still answers after Stop")
	}
	k.Start()
	k.WaitLocations(0, waitSIP)
	if got, _ := register(t, "udp", k.UDP, "", k.Domain, "bob", Password("bob")); got != 200 {
		t.Errorf("REGISTER after the restart: %d", got)
	}
}

func TestKamailioAnswersAsAsked(t *testing.T) {
	t.Parallel()
	k := StartKamailio(t, KamailioOptions{})
	for _, code := range []int{404, 486, 503, 603} {
		if got := call(t, k.UDP, fmt.Sprintf("sip:9%d@%s", code, k.Domain), "anyone").code; got != code {
			t.Errorf("sip:9%d: %d", code, got)
		}
	}
	if got := call(t, k.UDP, "sip:nobody@"+k.Domain, "x").code; got != 404 {
		t.Errorf("a user that is not registered: %d", got)
	}
	if got := call(t, k.UDP, "sip:someone@example.com", "x").code; got != 403 {
		t.Errorf("a foreign domain: %d", got)
	}
}

// A call between two of its users goes through it, the requests within the dialog too.
func TestKamailioRelays(t *testing.T) {
	t.Parallel()
	k := StartKamailio(t, KamailioOptions{})
	uas := StartUAS(t, UAS{Provisional: []int{180}, Calls: 1})
	registerAt(t, "udp", k.UDP, "", k.Domain, "bob", Password("bob"), uas.Addr)
	d := call(t, k.UDP, "sip:bob@"+Loopback, "alice")
	if d.code != 200 || fmt.Sprint(d.provisions) != "[100 180]" {
		t.Fatalf("%v and %d", d.provisions, d.code)
	}
	d.bye()
	requireStats(t, uas.Wait(waitSIP), Stats{Created: 1, Successful: 1})
}
