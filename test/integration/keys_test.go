//go:build integration && linux

package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// Step 1 of the decision about an incoming call: whose order of codecs counts.
func TestForcedCodec(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		want string
	}{{nil, "PCMU/8000"}, {[]string{"--force-codec"}, "PCMA/8000"}} {
		p := startRun(t, append(tt.args, "--auto-answer", "all", "--audio-codecs", "PCMA/8000/1 PCMU/8000/1", "--auto-hang-up-time", "1")...)
		s := startCall(t, "sip:offhook@"+listensAt(t, p), "--audio-codecs", "PCMU/8000/1 PCMA/8000/1").summary(exitOK, "answered")
		if got := s.text("codec"); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.args, got, tt.want)
		}
	}
}

// A rule hands a call that rings to a command, which answers it.
func TestSIPpRuleHook(t *testing.T) {
	t.Parallel()
	socket := writeFile(t, "s", "") + ".sock"
	ini := writeINI(t, fmt.Sprintf("[Settings]\ndenyIncoming = all\n[Rule.desk]\ncaller = *@far.example\naction = hook\n"+
		"command = /bin/sh -c \"exec %s answer --socket %s --call $OFFHOOK_CALL_ID\"\n", program, socket))
	p := startRun(t, "-c", ini, "--socket", socket)
	addr := listensAt(t, p)
	uac := peers.StartUAC(t, peers.UAC{URI: "sip:offhook@" + addr, Addr: addr, Calls: 1, Rate: 1, From: ann, Duration: 100 * time.Millisecond})
	requireAllGood(t, uac, uac.Wait(deadline), 1)
	requireSeen(t, uac, "SIP/2.0 180 Ringing", "SIP/2.0 200 OK")
	if got := p.ofType("HookFailed"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	refused(t, p, peers.UAC{From: "x@near.example"}, refusal{code: 486, line: "486 Incoming calls blocked by user"})
}
