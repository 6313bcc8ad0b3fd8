//go:build integration && linux

package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// A 302 names two phones: the first is busy, the second takes the call, and gets the header
// fields and SDP lines of the program's own.
func TestSIPpRedirects(t *testing.T) {
	busy := peers.StartUAS(t, peers.UAS{Refuse: 486, Calls: 1})
	free := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Calls: 1})
	redirect := peers.StartUAS(t, peers.UAS{Refuse: 302, Calls: 1, Contacts: []string{
		"<sip:free@" + free.Addr + ">;q=0.2", "<sip:busy@" + busy.Addr + ">;q=0.9",
	}})
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", "", b.transport)
	call := b.dial(acc, "sip:x@"+redirect.Addr, pjsua.DialOptions{
		Msg: pjsua.MsgData{Headers: []pjsua.Header{{Name: "X-Own", Value: "yes"}}},
		Policy: &pjsua.Policy{
			Redirect: pjsua.RedirectPolicy{Action: pjsua.RedirectFollow},
			Media: pjsua.MediaPolicy{SDP: []pjsua.SDPRule{
				{Line: "a=x-session:one"}, {Media: "audio", Line: "a=x-line:two"}, {Op: pjsua.SDPSet, Media: "audio", Line: "b=TIAS:64000"},
			}},
		},
	})
	var hops []pjsua.CallRedirected
	for _, ev := range b.seen {
		if ev, is := ev.(pjsua.CallRedirected); is {
			hops = append(hops, ev)
		}
	}
	if len(hops) != 2 || hops[0].Code != pjsua.CodeMovedTemporarily || !strings.Contains(hops[0].Target, "busy@") ||
		hops[1].Code != pjsua.CodeBusyHere || !strings.Contains(hops[1].Target, "free@") {
		t.Errorf("%+v", hops)
	}
	answer, err := call.HangupWait(within(t), pjsua.HangupOptions{})
	if err != nil || answer.Method != "BYE" || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
	for _, uas := range []*peers.SIPp{redirect, busy, free} {
		requireAllGood(t, uas, uas.Wait(deadline), 1)
	}
	got, err := os.ReadFile(free.Messages)
	b.ok(err)
	session, audio, _ := strings.Cut(string(got), "m=audio")
	for text, part := range map[string]string{
		"INVITE sip:free@": session, "X-Own: yes": session, "a=x-session:one": session, "a=x-line:two": audio, "b=TIAS:64000": audio,
	} {
		if !strings.Contains(part, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
}
