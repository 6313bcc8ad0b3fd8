//go:build integration && linux

package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// isRequest says whether m is such a request.
func isRequest(m pjsua.SIPMessage, method string, sent bool) bool {
	return m.Sent == sent && strings.HasPrefix(string(m.Raw), method+" ")
}

// DTLS-SRTP over ICE with RTCP on the port of RTP, as browsers have it.
func TestAsteriskDTLS(t *testing.T) {
	peers.AddAddress(t, outside)
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	cfg := at(a.UDP, peers.Loopback, "1004")
	cfg.SRTP, cfg.SRTPKeying = pjsua.SRTPMandatory, []pjsua.SRTPKeying{pjsua.DTLSSRTP}
	cfg.RTCPMux, cfg.ICE = true, &pjsua.ICEConfig{Enable: true}
	acc := s.add(cfg)
	call := s.dial(acc, "sip:600@"+a.UDP)
	e := s.say(call, 660)
	e.listen(2 * time.Second)
	info, err := call.Info(s.soon())
	check(t, err)
	if len(info.Media) != 1 || info.Media[0].SRTP == "" {
		t.Errorf("media %+v", info.Media)
	}
	answer := string(s.awaitSIP("answer", func(m pjsua.SIPMessage) bool {
		return !m.Sent && strings.HasPrefix(string(m.Raw), "SIP/2.0 200") && strings.Contains(string(m.Raw), "m=audio")
	}).Raw)
	for _, want := range []string{"UDP/TLS/RTP/SAVP", "a=fingerprint:", "a=rtcp-mux", "a=candidate:", outside} {
		if !strings.Contains(answer, want) {
			t.Errorf("the answer has no %s:\n%s", want, answer)
		}
	}
	e.requireTone(660)
	s.hangUp(call)
	s.awaitLog("ICE process complete, status=Success", 1)
}

// Provisional responses are acknowledged by PRACK, in both directions.
func TestAsteriskPRACK(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	cfg := at(a.UDP, peers.Loopback, "1005")
	cfg.Rel100 = pjsua.Rel100Optional
	acc := s.add(cfg)
	call, err := acc.Dial(s.soon(), "sip:611@"+a.UDP, pjsua.DialOptions{})
	check(t, err)
	s.awaitSIP("PRACK", func(m pjsua.SIPMessage) bool { return isRequest(m, "PRACK", true) })
	ended := await(s, func(ev pjsua.CallEnded) bool { return ev.Call == call.ID() })
	if ended.Code != pjsua.CodeBusyHere {
		t.Errorf("%+v", ended)
	}

	a.Originate("1005", "603")
	in := await(s, func(pjsua.IncomingCall) bool { return true })
	if got := in.HeaderValues("Require"); len(got) != 1 || got[0] != "100rel" {
		t.Errorf("Require: %v", got)
	}
	call = s.Call(in.Call)
	check(t, call.Answer(s.soon(), pjsua.CodeRinging, pjsua.AnswerOptions{}))
	s.awaitSIP("PRACK", func(m pjsua.SIPMessage) bool { return isRequest(m, "PRACK", false) })
	check(t, call.Answer(s.soon(), pjsua.CodeOK, pjsua.AnswerOptions{}))
	s.up(call)
	e := s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(peers.ToneHz)
	s.hangUp(call)
}

// The session is refreshed by UPDATE half way through its 90 s, and lives on.
func TestAsteriskSessionTimer(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	cfg := at(a.UDP, peers.Loopback, "1006")
	cfg.SessionTimer, cfg.SessionExpires, cfg.MinSE = pjsua.TimerRequired, 90*time.Second, 90*time.Second
	acc := s.add(cfg)
	call := s.dial(acc, "sip:603@"+a.UDP)
	ok := s.awaitSIP("answer", func(m pjsua.SIPMessage) bool {
		return !m.Sent && strings.HasPrefix(string(m.Raw), "SIP/2.0 200") && strings.Contains(string(m.Raw), "CSeq: ") && strings.Contains(string(m.Raw), " INVITE\r\n")
	})
	if got := string(ok.Raw); !strings.Contains(got, "Session-Expires: 90;refresher=uac") {
		t.Errorf("the answer's session timer:\n%s", got)
	}
	s.awaitSIP("UPDATE", func(m pjsua.SIPMessage) bool { return isRequest(m, "UPDATE", true) })
	s.awaitSIP("answer to UPDATE", func(m pjsua.SIPMessage) bool {
		return !m.Sent && strings.HasPrefix(string(m.Raw), "SIP/2.0 200") && strings.Contains(string(m.Raw), " UPDATE\r\n")
	})
	e := s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(peers.ToneHz)
	s.hangUp(call)
}

// Asterisk hands on the hold of the other phone by a re-INVITE.
func TestAsteriskReinvites(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	caller, called := s.add(at(a.UDP, peers.Loopback, "1001")), s.add(at(a.UDP, peers.Loopback, "1009"))
	out, err := caller.Dial(s.soon(), "sip:1009@"+a.UDP, pjsua.DialOptions{})
	check(t, err)
	in := s.answer()
	s.up(out)
	s.up(in)
	if info, err := in.Info(s.soon()); err != nil || info.Account != called.ID() {
		t.Errorf("%+v, %v", info, err)
	}
	outEar, inEar := s.say(out, 440), s.say(in, 880)
	inEar.listen(time.Second)
	outEar.listen(time.Second)
	check(t, out.Hold(s.soon(), pjsua.HoldOptions{}))
	s.awaitMedia(in, pjsua.MediaRemoteHold)
	s.awaitSIP("re-INVITE", func(m pjsua.SIPMessage) bool {
		return isRequest(m, "INVITE", false) && strings.Contains(string(m.Raw), "a=sendonly")
	})
	check(t, out.Resume(s.soon(), pjsua.ReinviteOptions{}))
	s.awaitMedia(in, pjsua.MediaActive)
	inEar.listen(time.Second)
	outEar.requireTone(880)
	inEar.requireTone(440)
	s.hangUp(out)
}

func TestAsteriskIPv6(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback6, pjsua.Config{})
	cfg := at(a.UDP6, "["+peers.Loopback6+"]", "1007")
	cfg.IPv6Media = pjsua.IPv6Only
	acc := s.add(cfg)
	if l := a.WaitLocations(1, deadline); !strings.Contains(l[0].Contact, "@[::1]:") {
		t.Errorf("registered %+v", l)
	}
	call := s.dial(acc, "sip:600@"+a.UDP6)
	e := s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(660)
	s.hangUp(call)

	a.Originate("1007", "603")
	call = s.answer()
	s.up(call)
	e = s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(peers.ToneHz)
	s.hangUp(call)
}
