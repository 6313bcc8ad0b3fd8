//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// The address goes away in a call, and another one comes: the account is registered
// again and the call goes on, with a new DTLS handshake.
func TestIPChange(t *testing.T) {
	const before, after = outside, "198.51.100.2"
	remove := peers.AddAddress(t, before)
	a := peers.StartAsterisk(t)
	s := openStation(t, before, pjsua.Config{})
	cfg := at(a.UDP, peers.Loopback, "1004") // whose media is not bound to loopback
	cfg.SRTP, cfg.SRTPKeying, cfg.RTCPMux = pjsua.SRTPMandatory, []pjsua.SRTPKeying{pjsua.DTLSSRTP}, true
	cfg.RewriteContact = pjsua.RewriteAlways
	acc := s.add(cfg)
	if l := a.WaitLocations(1, deadline); !strings.Contains(l[0].Contact, "@"+before+":") {
		t.Errorf("registered %+v", l)
	}
	call := s.dial(acc, "sip:600@"+a.UDP)
	e := s.say(call, 660)
	e.listen(time.Second)
	e.requireTone(660)

	remove()
	peers.AddAddress(t, after)
	check(t, s.HandleIPChange(s.soon(), pjsua.IPChangeOptions{}))
	done := false
	var steps []pjsua.IPChangeOp
	for !done {
		step := await(s, func(pjsua.IPChangeProgress) bool { return true })
		steps = append(steps, step.Op)
		done = step.Op == pjsua.IPChangeCompleted
		if step.Status != 0 || step.Code != 0 && !step.Code.Success() {
			t.Errorf("%+v", step)
		}
	}
	if got := fmt.Sprint(steps); got != "[SHUTDOWN_TP RESTART_LIS ACC_UPDATE_CONTACT ACC_REINVITE_CALLS COMPLETED]" {
		t.Errorf("steps %s", got)
	}
	// The old contact could not be removed from where it was. The new one is what the
	// kernel sends from to Asterisk's address now that nothing is bound.
	found := ""
	for _, l := range a.WaitLocations(2, deadline) {
		found += l.Contact + " "
	}
	if !strings.Contains(found, "@"+before+":") || !strings.Contains(found, "@"+peers.Loopback+":") {
		t.Errorf("registered %s", found)
	}
	e = s.say(call, 880)
	e.listen(2 * time.Second)
	e.requireTone(880)
	s.hangUp(call)
}
