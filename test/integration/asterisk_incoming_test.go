//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// Asterisk calls each of three accounts by the transport that it registered with, and
// is answered; what it plays is recorded, over TLS encrypted.
func TestAsteriskIncoming(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	watch := a.Watch()
	p := startRun(t, "-c", writeINI(t, accountsINI(a)), "--auto-answer", "all",
		"--auto-recording", "--recording-path", t.TempDir())
	for _, acc := range accounts {
		p.awaitRegistered(acc.number)
	}
	for _, acc := range accounts {
		p.forget()
		a.Originate(acc.user, "601")
		in := p.awaitType("IncomingCall")
		if in.number("account") != float64(acc.number) || !strings.Contains(in.text("remote"), "sip:601@") {
			t.Errorf("call to %s: %v", acc.user, in)
		}
		if got := watch.Wait(deadline, peers.Event{"Event": "OriginateResponse"}); got["Response"] != "Success" {
			t.Errorf("call to %s: %v", acc.user, got)
		}
		if media := p.awaitType("CallMediaChanged"); (media.text("media", "srtp") != "") != (acc.transport == "TLS") {
			t.Errorf("call to %s: media %v", acc.user, media)
		}
		ended := p.awaitType("CallEnded")
		if ended["call"] != in["call"] || ended.text("role") != "UAS" || ended.number("rx", "lost") > 0 ||
			ended.number("duration_ms") < 1000*peers.PromptSeconds-200 {
			t.Errorf("call to %s: %v", acc.user, ended)
		}
		audio := readRecording(t, p.awaitType("RecordingEnded").text("path"))
		requireTones(t, audio, peerLevel, peers.ToneHz)
	}
}

// Every digit that Asterisk sends arrives once and in order.
func TestAsteriskDTMF(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	p := startRun(t, "-c", writeINI(t, accountsINI(a)), "--auto-answer", "all")
	p.awaitRegistered(1)
	a.Originate("1001", "614")
	requireDigits(t, p, 1, "1234567890*#ABCD")
}

// With an Asterisk that takes no telephone-event digits are tones in both directions. A
// busy machine that is late with packets leaves holes in them: then the call is made again.
func TestAsteriskInbandDTMF(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	ini := writeINI(t, fmt.Sprintf("[Account]\nserver = %s\nusername = 1010\npassword = %s\n", a.UDP, peers.Password("1010")))
	p := startRun(t, "-c", ini, "--auto-answer", "all", "--audio-codecs", "PCMA/8000/1")
	p.awaitRegistered(1)
	const want = "1234567890*#ABCD"
	for try := 1; ; try++ {
		a.Originate("1010", "614")
		ended := p.awaitType("CallEnded")
		digits := ""
		for _, d := range p.ofType("DTMFReceived") {
			if d["call"] == ended["call"] {
				digits += d.text("digit")
			}
			if d.text("method") != "INBAND" {
				t.Errorf("%v", d)
			}
		}
		if digits == want {
			break
		}
		t.Logf("the digits %q arrived: %v", digits, ended)
		if try == 10 {
			t.Fatal("the digits never arrived right")
		}
		p.forget()
	}

	// The other way round it is Asterisk that finds them.
	for try := 1; ; try++ {
		watch := a.Watch()
		startCall(t, "602", "-c", ini, "--audio-codecs", "PCMA/8000/1", "--dtmf", ",2,0", "--duration", "30s").summary(exitOK, "answered")
		got := watch.Wait(deadline, peers.Event{"Event": "UserEvent", "UserEvent": "IVR"})["Choice"]
		if got == "2" {
			return
		}
		t.Logf("Asterisk took the choice %s", got)
		if try == 10 {
			t.Fatal("it never was 2")
		}
	}
}

// Digits go from one phone to the other through Asterisk, the same one twice too.
func TestAsteriskRelaysDTMF(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	called := startRun(t, "-c", ini, "--auto-answer", "all")
	called.awaitRegistered(2)
	startCall(t, "1002", "-c", ini, "--dtmf", "5566##,6")
	requireDigits(t, called, 2, "5566##6")
}

// requireDigits waits for the end of a call of p and fails the test unless exactly
// these digits came.
func requireDigits(t *testing.T, p *process, account int, want string) {
	t.Helper()
	p.awaitType("CallEnded")
	digits := ""
	for _, d := range p.ofType("DTMFReceived") {
		digits += d.text("digit")
		// A digit is reported when it begins, so nobody knows how long it is.
		if d.text("method") != "RFC4733" || d.number("account") != float64(account) || d.number("duration_ms") != 0 {
			t.Errorf("%v", d)
		}
	}
	if digits != want {
		t.Errorf("the digits %q arrived, want %q", digits, want)
	}
}

// One phone calls the other through Asterisk and gives up before that answers.
func TestAsteriskCancelledCall(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	called := startRun(t, "-c", ini)
	called.awaitRegistered(2)
	startCall(t, "1002", "-c", ini, "--timeout", "2s").summary(exitNotAnswered, "timeout")
	called.awaitState("EARLY")
	if ended := called.awaitType("CallEnded"); ended.number("code") != 487 || ended.number("duration_ms") != 0 {
		t.Errorf("the call that was cancelled ended with %v", ended)
	}
}
