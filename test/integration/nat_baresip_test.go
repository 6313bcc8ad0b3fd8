//go:build integration && linux

package integration

import (
	"math"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// requireHeard fails the test unless baresip heard a tone of hz at peerLevel.
func requireHeard(t *testing.T, b *peers.Baresip, hz float64) {
	t.Helper()
	files := b.Heard()
	if len(files) == 0 {
		t.Fatal("baresip heard nothing")
	}
	audio, err := dsp.ReadWAV(files[len(files)-1])
	check(t, err)
	if tone := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond); math.Abs(tone.Hz-hz) > 1 || math.Abs(tone.Level-peerLevel) > 1 {
		t.Errorf("baresip heard %v, want %v Hz at %.1f dBov", tone, hz, peerLevel)
	}
}

// Calls to and from another implementation, in the clear and with each kind of SRTP.
func TestBaresip(t *testing.T) {
	for name, c := range map[string]struct {
		encryption string
		account    pjsua.AccountConfig
	}{
		"plain": {},
		"SDES":  {"srtp-mand", pjsua.AccountConfig{SRTP: pjsua.SRTPMandatory}},
		"DTLS": {"dtls_srtp", pjsua.AccountConfig{
			SRTP: pjsua.SRTPMandatory, SRTPKeying: []pjsua.SRTPKeying{pjsua.DTLSSRTP}, RTCPMux: true,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStation(t, peers.Loopback, pjsua.Config{})
			c.account.ID, c.account.MediaAddress = "sip:alice@"+s.addr, peers.Loopback
			acc := s.add(c.account)
			b := peers.StartBaresip(t, peers.BaresipConfig{Encryption: c.encryption, RTCPMux: c.encryption == "dtls_srtp"})
			srtp := func(call *pjsua.Call) {
				t.Helper()
				info, err := call.Info(s.soon())
				check(t, err)
				if (info.Media[0].SRTP != "") != (c.encryption != "") {
					t.Errorf("SRTP by %q", info.Media[0].SRTP)
				}
			}

			call, err := acc.Dial(s.soon(), "sip:baresip@"+b.Addr, pjsua.DialOptions{})
			check(t, err)
			b.Wait(deadline, peers.BaresipEvent{Type: "CALL_INCOMING"})
			b.Accept()
			s.up(call)
			e := s.say(call, 660)
			e.listen(time.Second)
			srtp(call)
			e.requireTone(peers.ToneHz)
			b.Hangup()
			await(s, func(ev pjsua.CallEnded) bool { return ev.Call == call.ID() })
			requireHeard(t, b, 660)

			b.Dial("sip:alice@" + s.addr)
			call = s.answer()
			s.up(call)
			e = s.say(call, 880)
			e.listen(time.Second)
			srtp(call)
			b.Hold()
			s.awaitMedia(call, pjsua.MediaRemoteHold)
			b.Resume()
			s.awaitMedia(call, pjsua.MediaActive)
			e.listen(time.Second)
			e.requireTone(peers.ToneHz)
			s.hangUp(call)
			b.Wait(deadline, peers.BaresipEvent{Type: "CALL_CLOSED"})
			requireHeard(t, b, 880)
		})
	}
}
