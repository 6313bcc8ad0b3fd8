//go:build integration && linux

package integration

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// unreachable are registrars that give no answer, by what becomes of it.
type unreachable struct {
	closedUDP  string // nothing listens
	closedTCP  string
	silentUDP  string // it takes everything and says nothing
	silentTCP  string
	nameless   string // a name without an address
	accountINI string // accounts 2 to 6 at these, in this order
}

func newUnreachable(t *testing.T) unreachable {
	t.Helper()
	free := peers.FreePorts(t, 2)
	udp, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			conn, err := tcp.Accept()
			if err != nil {
				return
			}
			defer conn.Close() // it is open for as long as the listener is
		}
	}()
	t.Cleanup(func() {
		udp.Close()
		tcp.Close()
		<-served
	})
	u := unreachable{
		closedUDP: fmt.Sprint("127.0.0.1:", free), closedTCP: fmt.Sprint("127.0.0.1:", free+1),
		silentUDP: udp.LocalAddr().String(), silentTCP: tcp.Addr().String(), nameless: "no-such-pbx.test",
	}
	var b strings.Builder
	for i, a := range []struct{ server, transport string }{
		{u.closedUDP, "udp"}, {u.closedTCP, "tcp"}, {u.silentUDP, "udp"}, {u.silentTCP, "tcp"}, {u.nameless, "udp"},
	} {
		fmt.Fprintf(&b, "server-%[1]d = %[2]s\ntransport-%[1]d = %[3]s\nusername-%[1]d = user%[1]d\npassword-%[1]d = x\n", i+2, a.server, a.transport)
	}
	u.accountINI = b.String()
	return u
}

// Accounts whose registrars cannot be reached say so, and the one whose registrar can
// is registered and takes calls as if it were alone.
func TestKamailioBesideUnreachableRegistrars(t *testing.T) {
	t.Parallel()
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	u := newUnreachable(t)
	good := fmt.Sprintf("[Account]\nserver = %s\nusername = alice\npassword = %s\n", k.UDP, peers.Password("alice"))
	run := startRun(t, "-c", writeINI(t, good+u.accountINI), "--auto-answer", "all")
	run.awaitRegistered(1)
	bob := writeINI(t, fmt.Sprintf("[Account]\nserver = %s\nusername = bob\npassword = %s\n", k.UDP, peers.Password("bob")))
	startCall(t, "alice", "-c", bob, "--duration", "500ms").summary(exitOK, "answered")

	for account, want := range map[int]struct {
		code   float64
		detail string
	}{
		2: {408, u.closedUDP + " does not answer"}, // by UDP PJSIP does not hear that a port is closed
		3: {503, "no connection to " + u.closedTCP},
		4: {408, u.silentUDP + " does not answer"},
		5: {408, u.silentTCP + " does not answer"},
		6: {502, "the name no-such-pbx.test cannot be resolved"},
	} {
		got := run.await(fmt.Sprint("outcome for account ", account), func(l line) bool {
			return l.typ() == "RegistrationChanged" && l.number("account") == float64(account)
		})
		if got["registered"] != false || got.number("code") != want.code || got.text("detail") != want.detail || got.text("reason") == "" {
			t.Errorf("%v, want %v", got, want)
		}
	}
	stopRun(t, run)
	k.WaitLocations(0, deadline)
}

// A call of an account that cannot register ends with exit code 4 when its time is over,
// or as soon as the reason is known.
func TestKamailioCallThatCannotRegister(t *testing.T) {
	t.Parallel()
	u := newUnreachable(t)
	ini := writeINI(t, "[Account]\n"+u.accountINI)
	for account, want := range map[int]string{
		2: u.closedUDP + " did not answer within 1s",
		3: "no connection to " + u.closedTCP,
		4: u.silentUDP + " did not answer within 1s",
		5: u.silentTCP + " did not answer within 1s",
		6: "the name no-such-pbx.test cannot be resolved",
	} {
		call := startCall(t, "100", "-c", ini, "--account", fmt.Sprint(account), "--timeout", "1s")
		s := call.summary(exitRegisterFailed, "register_failed")
		if len(call.ofType("EngineStopped")) != 1 {
			t.Errorf("account %d: the last event was not printed", account)
		}
		if !strings.Contains(s.text("reason"), want) || s["ring_ms"] != nil || s["answer_ms"] != nil {
			t.Errorf("account %d: %v, want %q", account, s, want)
		}
	}
}
