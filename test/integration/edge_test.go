//go:build integration && linux

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// A TLS server that asks for a certificate registers the account that shows one.
func TestKamailioClientCertificate(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{ClientCerts: true})
	for name, tc := range map[string]struct {
		tls        pjsua.TLSConfig
		registered bool
	}{
		"none": {pjsua.TLSConfig{CAFile: k.Certs.CA}, false},
		"good": {pjsua.TLSConfig{CAFile: k.Certs.CA, CertFile: k.Certs.Cert, KeyFile: k.Certs.Key}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStation(t, peers.Loopback, pjsua.Config{})
			tp, err := s.AddTransport(s.soon(), pjsua.TransportConfig{Type: pjsua.TLS, BindAddress: peers.Loopback, TLS: tc.tls})
			check(t, err)
			cfg := at(k.TLS+";transport=tls", k.Domain, "alice")
			cfg.Transport = tp
			acc, err := s.AddAccount(s.soon(), cfg)
			check(t, err)
			reg := await(s, func(ev pjsua.RegistrationChanged) bool { return ev.Account == acc.ID() })
			if reg.Registered != tc.registered || !tc.registered && reg.Code != pjsua.CodeServiceUnavailable {
				t.Errorf("%+v", reg)
			}
		})
	}
}

// Behind an edge proxy the registrar keeps the flow that the account has to it, and calls
// come by it; the account's calls go by the service route.
func TestKamailioEdge(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{Edge: true})
	s := openStation(t, peers.Loopback, pjsua.Config{})
	tcp, err := s.AddTransport(s.soon(), pjsua.TransportConfig{Type: pjsua.TCP, BindAddress: peers.Loopback})
	check(t, err)
	register := func(user string) *pjsua.Account {
		cfg := at(k.TCP+";transport=tcp", k.Domain, user)
		cfg.Proxies, cfg.Transport, cfg.MediaAddress = nil, tcp, peers.Loopback
		cfg.OutboundInstanceID = "<urn:uuid:00000000-0000-1000-8000-00000000000" + user[:1] + ">"
		acc, err := s.AddAccount(s.soon(), cfg)
		check(t, err)
		await(s, func(ev pjsua.RegistrationChanged) bool { return ev.Account == acc.ID() && ev.Registered })
		return acc
	}
	a := register("alice")
	register("bob")
	sent := s.awaitSIP("REGISTER", func(m pjsua.SIPMessage) bool { return strings.HasPrefix(string(m.Raw), "REGISTER ") })
	for _, want := range []string{"reg-id=1", "+sip.instance=\"<urn:uuid:", "Supported: outbound, path"} {
		if !strings.Contains(string(sent.Raw), want) {
			t.Errorf("no %s in\n%s", want, sent.Raw)
		}
	}
	ok := s.awaitSIP("200", func(m pjsua.SIPMessage) bool { return strings.HasPrefix(string(m.Raw), "SIP/2.0 200 ") })
	for _, want := range []string{"Path: <sip:edge@", "Service-Route: <" + k.ServiceRoute + ">", "Require: outbound"} {
		if !strings.Contains(string(ok.Raw), want) {
			t.Errorf("no %s in\n%s", want, ok.Raw)
		}
	}

	call, err := a.Dial(s.soon(), "sip:bob@"+k.Domain, pjsua.DialOptions{})
	check(t, err)
	in := s.answer()
	s.up(call)
	s.up(in)
	invite := s.awaitSIP("INVITE", func(m pjsua.SIPMessage) bool {
		return strings.HasPrefix(string(m.Raw), "INVITE sip:bob@"+k.Domain)
	})
	if !strings.Contains(string(invite.Raw), "Route: <"+k.ServiceRoute+">") {
		t.Errorf("no service route in\n%s", invite.Raw)
	}
	out, back := s.say(call, 440), s.say(in, 880)
	out.listen(time.Second)
	back.listen(time.Second)
	out.requireTone(880)
	back.requireTone(440)
	s.hangUp(call)
}

// ICE with another implementation: the candidates that both sides use are of an address that
// neither has in its c= line alone.
func TestBaresipICE(t *testing.T) {
	peers.AddAddress(t, outside)
	s := openStation(t, outside, pjsua.Config{})
	acc := s.add(pjsua.AccountConfig{ID: "sip:alice@" + s.addr, ICE: &pjsua.ICEConfig{Enable: true}, RTCPMux: true})
	b := peers.StartBaresip(t, peers.BaresipConfig{NAT: "ice", Coturn: peers.StartCoturn(t), IP: outside, RTCPMux: true})

	call, err := acc.Dial(s.soon(), "sip:baresip@"+b.Addr, pjsua.DialOptions{})
	check(t, err)
	b.Wait(deadline, peers.BaresipEvent{Type: "CALL_INCOMING"})
	b.Accept()
	s.up(call)
	e := s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(peers.ToneHz)
	b.Hangup()
	await(s, func(ev pjsua.CallEnded) bool { return ev.Call == call.ID() })
	requireHeard(t, b, 660)
	s.awaitLog("ICE process complete, status=Success", 1)

	b.Dial("sip:alice@" + s.addr)
	call = s.answer()
	s.up(call)
	e = s.say(call, 880)
	e.listen(time.Second)
	e.requireTone(peers.ToneHz)
	s.hangUp(call)
	b.Wait(deadline, peers.BaresipEvent{Type: "CALL_CLOSED"})
	requireHeard(t, b, 880)
	s.awaitLog("ICE process complete, status=Success", 2)
}
