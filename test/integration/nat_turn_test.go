//go:build integration && linux

package integration

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// outside is an address of the namespace that is no loopback address: only of such PJSIP
// makes ICE candidates.
const outside = "198.51.100.1"

// pair is a call of a station to itself, with what each side hears.
func (s *station) pair(cfg pjsua.AccountConfig) (out, in *ear) {
	s.t.Helper()
	var accounts [2]*pjsua.Account
	for i, user := range []string{"alice", "bob"} {
		cfg.ID = "sip:" + user + "@" + s.addr
		accounts[i] = s.add(cfg)
	}
	call, err := accounts[0].Dial(s.soon(), "sip:bob@"+s.addr, pjsua.DialOptions{})
	check(s.t, err)
	called := s.answer()
	s.up(call)
	s.up(called)
	return s.say(call, 440), s.say(called, 880)
}

func TestICE(t *testing.T) {
	peers.AddAddress(t, outside)
	for name, cfg := range map[string]pjsua.AccountConfig{
		"RTP":                   {},
		"RTCP mux":              {RTCPMux: true},
		"regular nomination":    {ICE: &pjsua.ICEConfig{Enable: true, NoAggressive: true}},
		"DTLS-SRTP, RTCP mux":   {RTCPMux: true, SRTP: pjsua.SRTPMandatory, SRTPKeying: []pjsua.SRTPKeying{pjsua.DTLSSRTP}},
		"SDES with ICE trickle": {ICE: &pjsua.ICEConfig{Enable: true, Trickle: pjsua.TrickleHalf}, SRTP: pjsua.SRTPMandatory},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStation(t, outside, pjsua.Config{})
			if cfg.ICE == nil {
				cfg.ICE = &pjsua.ICEConfig{Enable: true}
			}
			out, in := s.pair(cfg)
			invite := s.awaitSIP("INVITE", func(m pjsua.SIPMessage) bool { return strings.HasPrefix(string(m.Raw), "INVITE ") })
			if sdp := string(invite.Raw); !strings.Contains(sdp, " "+outside+" ") || !strings.Contains(sdp, "typ host") {
				t.Errorf("the offer has no candidate %s:\n%s", outside, sdp)
			}
			out.listen(time.Second)
			in.listen(time.Second)
			out.requireTone(880)
			in.requireTone(440)
			s.hangUp(out.call)
			s.awaitLog("ICE process complete, status=Success", 2) // on both sides
		})
	}
}

// Nothing but the relay is offered, so that all audio goes through coturn.
func TestCoturnRelaysCalls(t *testing.T) {
	peers.AddAddress(t, outside)
	for name, transport := range map[string]pjsua.TURNTransport{"UDP": pjsua.TURNUDP, "TCP": pjsua.TURNTCP, "TLS": pjsua.TURNTLS} {
		t.Run(name, func(t *testing.T) {
			c := peers.StartCoturn(t)
			s := openStation(t, peers.Loopback, pjsua.Config{})
			server := c.UDP
			if transport == pjsua.TURNTLS {
				server = c.TLS
			}
			out, in := s.pair(pjsua.AccountConfig{
				RTCPMux: true,
				ICE:     &pjsua.ICEConfig{Enable: true, MaxHostCandidates: -1},
				TURN: &pjsua.TURNConfig{
					Enable: true, Server: server, Transport: transport, Realm: c.Realm, Username: c.User, Password: pjsua.NewSecret(c.Password),
					TLS: pjsua.TLSConfig{CAFile: c.Certs.CA},
				},
			})
			out.listen(time.Second)
			in.listen(time.Second)
			out.requireTone(880)
			in.requireTone(440)
			invite := s.awaitSIP("INVITE", func(m pjsua.SIPMessage) bool { return strings.HasPrefix(string(m.Raw), "INVITE ") })
			for line := range strings.Lines(string(invite.Raw)) {
				if f := strings.Fields(line); strings.HasPrefix(line, "a=candidate") && f[7] != "relay" {
					t.Errorf("offered %s", line)
				}
			}
			s.hangUp(out.call)
			s.close()
			// Each side has a relay for RTP and one for RTCP; they end in any order.
			carried := 0
			for ended := 2; carried < 2; ended++ {
				carried = 0
				for _, r := range c.WaitRelays(ended, deadline) {
					if r.TCP == (transport == pjsua.TURNUDP) {
						t.Errorf("%+v", r)
					}
					if r.FromPeers >= 50 && r.ToPeers >= 50 {
						carried++
					}
				}
			}
		})
	}
}

func TestCoturnFindsAddresses(t *testing.T) {
	c := peers.StartCoturn(t)
	s := openStation(t, peers.Loopback, pjsua.Config{STUNServers: []string{c.UDP}})
	found := await(s, func(pjsua.STUNResolved) bool { return true })
	if found.Status != 0 || found.Server != (pjsua.STUNServer{Name: c.UDP, Address: c.UDP}) {
		t.Errorf("%+v", found)
	}
	if host, _, _ := net.SplitHostPort(s.tp.Info().Address); host != peers.Loopback {
		t.Errorf("the transport is %+v", s.tp.Info())
	}
	detected := await(s, func(pjsua.NATTypeDetected) bool { return true })
	// PJSIP 2.17 compares the mapped port with that of another socket of its own, and so takes the lack of a NAT
	// for one that lets everybody through.
	if detected.Status != 0 || detected.Type != pjsua.NATOpen && detected.Type != pjsua.NATFullCone {
		t.Errorf("%+v", detected)
	}
	s.awaitLog("STUN resolution success", 1)
}
