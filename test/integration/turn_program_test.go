//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// The configuration's TURN server gives a call its relays, one for RTP and one for RTCP. One that
// refuses the password ends the call, and the reason tells.
func TestCoturnByConfiguration(t *testing.T) {
	c := peers.StartCoturn(t)
	bob := startRun(t, "--auto-answer", "all")
	to := "sip:bob@" + bob.ofType("EngineStarted")[0].text("transports", "address")
	call := func(t *testing.T, password, transport, server string) *process {
		ini := writeINI(t, fmt.Sprintf("[Settings]\ntlsCAFile = %s\nautoHangUpTime = 2\n[Account]\nserver =\ndomain = 127.0.0.1\nusername = alice\n"+
			"turnServer = %s\nturnTransport = %s\nturnUsername = %s\nturnPassword = %s\n", c.Certs.CA, server, transport, c.User, password))
		return startCall(t, to, "-c", ini, "--account", "1")
	}
	t.Run("wrong password", func(t *testing.T) {
		s := call(t, "wrong", "udp", c.UDP).summary(exitRejected, "rejected")
		if !strings.Contains(s.text("reason"), "Unauthorized") {
			t.Errorf("%v", s)
		}
	})
	relays := 0
	for transport, server := range map[string]string{"udp": c.UDP, "tcp": c.UDP, "tls": c.TLS} {
		t.Run(transport, func(t *testing.T) {
			s := call(t, c.Password, transport, server).summary(exitOK, "answered")
			if s.number("tx", "packets") == 0 {
				t.Errorf("%v", s)
			}
			relays += 2
			for _, r := range c.WaitRelays(relays, deadline)[relays-2:] {
				if r.TCP != (transport != "udp") {
					t.Errorf("%+v", r)
				}
			}
		})
	}
}
