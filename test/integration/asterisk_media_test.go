//go:build integration && linux

package integration

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// Before the answer both sides hear each other through Asterisk.
func TestAsteriskEarlyMedia(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	caller := s.add(at(a.UDP, peers.Loopback, "1001"))
	s.add(at(a.UDP, peers.Loopback, "1002"))
	out, err := caller.Dial(s.soon(), "sip:1002@"+a.UDP, pjsua.DialOptions{})
	check(t, err)
	in := s.Call(await(s, func(pjsua.IncomingCall) bool { return true }).Call)
	check(t, in.Answer(s.soon(), pjsua.CodeProgress, pjsua.AnswerOptions{}))
	for withMedia := map[pjsua.CallID]bool{}; len(withMedia) < 2; {
		ev := await(s, func(ev pjsua.CallMediaChanged) bool { return ev.Media[0].Port != pjsua.NoPort })
		withMedia[ev.Call] = true
	}
	outEar, inEar := s.say(out, 440), s.say(in, 880)
	outEar.listen(time.Second)
	inEar.listen(time.Second)
	for _, call := range []*pjsua.Call{out, in} {
		if info, err := call.Info(s.soon()); err != nil || info.State != pjsua.StateEarly {
			t.Errorf("%+v, %v", info, err)
		}
	}
	outEar.requireTone(880)
	inEar.requireTone(440)
	check(t, in.Answer(s.soon(), pjsua.CodeOK, pjsua.AnswerOptions{}))
	s.up(out)
	s.hangUp(out)
}

// A re-INVITE offers another codec, and the call goes on with it.
func TestAsteriskCodecChange(t *testing.T) {
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	call := s.dial(s.add(at(a.UDP, peers.Loopback, "1001")), "sip:600@"+a.UDP)
	e := s.say(call, 660)
	e.listen(time.Second)
	for _, codec := range []string{"G722", "PCMU"} {
		check(t, s.SetCodecOrder(s.soon(), codec))
		check(t, call.Reinvite(s.soon(), pjsua.ReinviteOptions{}))
		await(s, func(ev pjsua.CallMediaChanged) bool {
			return ev.Call == call.ID() && ev.Media[0].Codec == codec+"/8000"
		})
		e.listen(time.Second)
	}
	e.requireTone(660)
	s.hangUp(call)
}
