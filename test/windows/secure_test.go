//go:build integration && linux

package windows

import (
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/test/peers"
)

// Calls both ways by TCP and TLS, with the media in the clear and encrypted by keys from SDES and from DTLS, each with
// another codec.
func TestSecurity(t *testing.T) {
	for _, c := range []struct{ transport, srtp, suite, codec string }{
		{"tcp", "", "", "opus/48000/2"},
		{"tls", "mandatory", "AES_", "G722/16000/1"},
		{"tls", "dtls", "AES_", "PCMU/8000/1"},
	} {
		name := c.transport + " " + c.srtp
		t.Run(strings.TrimSpace(name), func(t *testing.T) {
			k := peers.StartKamailio(t, peers.KamailioOptions{})
			w := peers.StartWine(t)
			win := startWindows(t, w, options{
				ini:  accounts(k, c.transport, "alice"),
				args: []string{"--srtp-1", c.srtp, "--tls-ca-file", w.Path(k.Certs.CA), "--audio-codecs", c.codec},
			})
			lin := startLinux(t, options{
				ini:  accounts(k, c.transport, "carol"),
				args: []string{"--srtp-1", c.srtp, "--tls-ca-file", k.Certs.CA, "--audio-codecs", c.codec},
			})
			win.awaitRegistered(1)
			lin.awaitRegistered(1)
			for _, dir := range []struct {
				from, to *phone
				user     string
			}{{win, lin, "carol"}, {lin, win, "alice"}} {
				ours, theirs := dir.from.connects(1, dir.user, dir.to)
				hearEachOther(dir.from, ours, dir.to, theirs)
				requireSRTP(t, c.suite, dir.from.awaitMedia(ours, "ACTIVE"), dir.to.awaitMedia(theirs, "ACTIVE"))
				_, err := dir.from.Hangup(dir.from.soon(), ours)
				check(t, err)
				requireAllPackets(t, dir.from.awaitEnd(ours), dir.to.awaitEnd(theirs))
			}
			win.stops()
			lin.stops()
		})
	}
}

// requireSRTP fails the test unless the media has the suite, which is part of a name, or none. The side that answers a call
// with DTLS is told of its media before the handshake has found a suite: one side that knows it is enough.
func requireSRTP(t *testing.T, suite string, ends ...api.Media) {
	t.Helper()
	known := 0
	for _, m := range ends {
		switch {
		case m.SRTP == "":
		case suite != "" && strings.Contains(m.SRTP, suite):
			known++
		default:
			t.Errorf("the crypto suite is %q", m.SRTP)
		}
	}
	if suite != "" && known == 0 {
		t.Errorf("no crypto suite in %+v", ends)
	}
}

// A server whose certificate nobody known has signed is not talked to.
func TestUntrustedServer(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	w := peers.StartWine(t)
	other := peers.MakeCerts(t, t.TempDir())
	win := startWindows(t, w, options{ini: accounts(k, "tls", "alice"), args: []string{"--tls-ca-file", w.Path(other.CA)}})
	e := win.await("refused registration", func(e event) bool { return e.Type == "RegistrationChanged" })
	if e.Registered || e.Code != 503 {
		t.Errorf("%+v", e)
	}
	k.WaitLocations(0, deadline)
	win.stops()
}
