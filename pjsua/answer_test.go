//go:build cgo

package pjsua

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// step waits for a traced message that begins with start and, where it is a response,
// answers the method.
func (p *phone) step(tr *Trace, start, method string) SIPMessage {
	p.t.Helper()
	for {
		m := p.nextMessage(tr)
		if strings.HasPrefix(string(m.Raw), start) && m.Message != nil && strings.HasSuffix(m.Message.Value("CSeq"), " "+method) {
			return m
		}
	}
}

// Provisional responses are numbered and acknowledged (RFC 3262).
func TestPRACK(t *testing.T) {
	p := newCouple(t, UDP, "127.0.0.1", AccountConfig{Rel100: Rel100Mandatory}, nil)
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	c := pair{out: must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)}
	c.in = p.Call(await(p, func(IncomingCall) bool { return true }).Call)
	if invite := p.step(tr, "INVITE ", "INVITE").Message; invite.Value("Require") != "100rel" {
		t.Errorf("%+v", invite)
	}
	check(t, c.in.Answer(within(t), CodeRinging, AnswerOptions{}))
	ringing := p.step(tr, "SIP/2.0 180", "INVITE").Message
	prack := p.step(tr, "PRACK ", "PRACK").Message
	if seq := ringing.Value("RSeq"); seq == "" || prack.Value("RAck") != seq+" "+ringing.Value("CSeq") {
		t.Errorf("RSeq %q, RAck %q", seq, prack.Value("RAck"))
	}
	p.step(tr, "SIP/2.0 200", "PRACK")
	check(t, c.in.Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == c.in.ID() && ev.State == StateConfirmed })
	p.hangup(c)
}

// Of the codecs that an INVITE offers the caller's first is taken, and with OwnCodecOrder ours.
func TestOwnCodecOrder(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.SetCodecOrder(within(t), "G722", "PCMU"))
	peer := newSIPPeer(t)
	phone := must(net.ResolveUDPAddr("udp", p.addr))(t)
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0 9\r\n"
	for _, c := range []struct {
		own  bool
		want string // in the answer
	}{{false, " RTP/AVP 0\r\n"}, {true, " RTP/AVP 9\r\n"}} {
		send := func(method, to, body string) {
			peer.write(fmt.Appendf(nil, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bK%s%v\r\nMax-Forwards: 70\r\n"+
				"From: <sip:peer@%s>;tag=peer\r\nTo: %s\r\nCall-ID: own-%v\r\nCSeq: 1 %s\r\nContact: <sip:peer@%s>\r\n"+
				"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
				method, p.uri(), peer.addr, method, c.own, peer.addr, to, c.own, method, peer.addr, len(body), body), phone)
		}
		send("INVITE", "<"+p.uri()+">", sdp)
		call := p.Call(await(p, func(IncomingCall) bool { return true }).Call)
		check(t, call.Answer(within(t), CodeOK, AnswerOptions{OwnCodecOrder: c.own}))
		ok := peer.await("200", func(m sipMsg) bool {
			return strings.HasPrefix(m.start(), "SIP/2.0 200") && m.header("Call-ID") == fmt.Sprintf("own-%v", c.own)
		})
		if !strings.Contains(ok.body(), c.want) {
			t.Errorf("own order %v: %s", c.own, ok.body())
		}
		send("ACK", ok.header("To"), "")
		await(p, func(ev CallStateChanged) bool { return ev.Call == call.ID() && ev.State == StateConfirmed })
		check(t, call.Hangup(within(t), HangupOptions{}))
		peer.respond(peer.request("BYE"), "200 OK")
		await(p, func(ev CallEnded) bool { return ev.Call == call.ID() })
	}
}

// Via asks for the answer to go where the request came from (RFC 3581), unless it is not to.
func TestRport(t *testing.T) {
	for _, no := range []bool{true, false} {
		p := newPhone(t, Config{NoRport: no})
		peer := newSIPPeer(t)
		out := must(p.acc.Dial(within(t), "sip:bob@"+peer.addr, DialOptions{}))(t)
		invite := peer.request("INVITE")
		if via := invite.header("Via"); strings.Contains(via, ";rport") == no {
			t.Errorf("NoRport %v: %s", no, via)
		}
		peer.respond(invite, "486 Busy Here")
		await(p, func(ev CallEnded) bool { return ev.Call == out.ID() })
		check(t, p.Close())
	}
}

// A caller who wants too short a session is told what is the least (422, RFC 4028), and
// asks again.
func TestSessionTimer(t *testing.T) {
	p := newCouple(t, UDP, "127.0.0.1", AccountConfig{SessionTimer: TimerRequired, SessionExpires: 100 * time.Second, MinSE: 100 * time.Second},
		func(bob *AccountConfig) { bob.SessionExpires, bob.MinSE = 300*time.Second, 200*time.Second })
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	if m := p.step(tr, "INVITE ", "INVITE").Message; !strings.HasPrefix(m.Value("Session-Expires"), "100") || m.Value("Min-SE") != "100" {
		t.Errorf("%+v", m)
	}
	if m := p.step(tr, "SIP/2.0 422", "INVITE").Message; m.Value("Min-SE") != "200" {
		t.Errorf("%+v", m)
	}
	in := p.Call(await(p, func(IncomingCall) bool { return true }).Call)
	check(t, in.Answer(within(t), CodeOK, AnswerOptions{}))
	if m := p.step(tr, "SIP/2.0 200", "INVITE").Message; !strings.HasPrefix(m.Value("Session-Expires"), "200;refresher=") {
		t.Errorf("%+v", m)
	}
	await(p, func(ev CallStateChanged) bool { return ev.Call == in.ID() && ev.State == StateConfirmed })
	p.hangup(pair{out: out, in: in})
}

// A proxy sent the INVITE to two phones, and both answered: the call is with the first, and
// the other one gets ACK and BYE (RFC 3261 section 13.2.2.4).
func TestForkedAnswers(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	out := must(p.acc.Dial(within(t), "sip:bob@"+peer.addr, DialOptions{}))(t)
	invite := peer.request("INVITE")
	media := must(net.ListenPacket("udp", "127.0.0.1:0"))(t)
	defer media.Close()
	_, port, _ := net.SplitHostPort(media.LocalAddr().String())
	answer := func(status, phone, body string) {
		t.Helper()
		leg := invite
		leg.raw = []byte(strings.Replace(string(invite.raw), "\r\nTo: "+invite.header("To"), "\r\nTo: "+invite.header("To")+";tag="+phone, 1))
		peer.respondBody(leg, status, body, "Contact: <sip:"+phone+"@"+peer.addr+">", "Content-Type: application/sdp")
	}
	sdp := "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio " + port + " RTP/AVP 0\r\n"
	answer("180 Ringing", "one", "")
	answer("180 Ringing", "two", "")
	answer("200 OK", "two", sdp)
	if ack := peer.request("ACK"); !strings.Contains(ack.header("To"), ";tag=two") {
		t.Errorf("%s", ack.raw)
	}
	answer("200 OK", "one", sdp)
	if ack := peer.request("ACK"); !strings.Contains(ack.header("To"), ";tag=one") {
		t.Errorf("%s", ack.raw)
	}
	bye := peer.request("BYE")
	if !strings.Contains(bye.header("To"), ";tag=one") || !strings.HasPrefix(bye.start(), "BYE sip:one@") {
		t.Errorf("%s", bye.raw)
	}
	peer.respond(bye, "200 OK")
	if info := must(out.Info(within(t)))(t); info.State != StateConfirmed {
		t.Errorf("%+v", info)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	bye = peer.request("BYE")
	if !strings.Contains(bye.header("To"), ";tag=two") {
		t.Errorf("%s", bye.raw)
	}
	peer.respond(bye, "200 OK")
	await(p, func(ev CallEnded) bool { return ev.Call == out.ID() })
}

// What a registrar says that requests are to go by (Service-Route, RFC 3608) they go by.
func TestServiceRoute(t *testing.T) {
	p := newPhone(t, Config{})
	peer, service := newSIPPeer(t), newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:1001@" + peer.addr, Registrar: "sip:" + peer.addr}))(t)
	register := peer.request("REGISTER")
	route := "<sip:service@" + service.addr + ";lr>"
	peer.respond(register, "200 OK", "Contact: "+register.header("Contact"), "Expires: 60", "Service-Route: "+route)
	await(p, func(ev RegistrationChanged) bool { return ev.Account == acc.ID() && ev.Registered })
	out := must(acc.Dial(within(t), "sip:bob@"+peer.addr, DialOptions{}))(t)
	invite := service.request("INVITE")
	if invite.header("Route") != route || !strings.HasPrefix(invite.start(), "INVITE sip:bob@"+peer.addr) {
		t.Errorf("%s", invite.raw)
	}
	service.respond(invite, "486 Busy Here")
	await(p, func(ev CallEnded) bool { return ev.Call == out.ID() && ev.Code == CodeBusyHere })
}
