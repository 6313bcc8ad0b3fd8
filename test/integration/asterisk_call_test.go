//go:build integration && linux

package integration

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// codecs are those that Asterisk takes, as audioCodecs and CallSummary name them.
var codecs = []struct{ id, codec string }{
	{"PCMU/8000/1", "PCMU/8000"},
	{"PCMA/8000/1", "PCMA/8000"},
	{"G722/16000/1", "G722/8000"},
	{"opus/48000/2", "opus/48000"},
}

// A tone that is played to the echo comes back with every codec on every transport,
// by TLS encrypted.
func TestAsteriskEcho(t *testing.T) {
	t.Parallel()
	const level = -12.0
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	tone := toneFile(t, 440, level, 3*time.Second)
	for _, acc := range accounts {
		for _, codec := range codecs {
			t.Run(acc.transport+" "+codec.codec, func(t *testing.T) {
				t.Parallel()
				record := filepath.Join(t.TempDir(), "echo.wav")
				p := startCall(t, "600", "-c", ini, "--account", acc.user[3:], "--audio-codecs", codec.id,
					"--play", tone, "--record", record)
				s := p.summary(exitOK, "answered")
				if s.text("codec") != codec.codec || s.number("code") != 200 || s.text("ended_by") != "local" ||
					s.number("rx", "packets") < 100 || s.number("tx", "packets") < 100 || s.number("rx", "lost") > 0 {
					t.Errorf("summary %v", s)
				}
				suite := ""
				if acc.transport == "TLS" {
					suite = "AES_CM_128_HMAC_SHA1_80"
				}
				if media := p.awaitType("CallMediaChanged"); media.text("media", "srtp") != suite ||
					media.text("media", "codec") != codec.codec {
					t.Errorf("media %v, want SRTP %q", media, suite)
				}
				requireTones(t, readRecording(t, record), level, 440)
			})
		}
	}
}

// Asterisk answers an offer of several codecs with several codecs, of which one is
// chosen by another request then. With SRTP too the audio survives that.
func TestAsteriskSeveralCodecs(t *testing.T) {
	t.Parallel()
	const level = -12.0
	a := peers.StartAsterisk(t)
	record := filepath.Join(t.TempDir(), "echo.wav")
	p := startCall(t, "600", "-c", writeINI(t, accountsINI(a)), "--account", "3",
		"--play", toneFile(t, 440, level, 3*time.Second), "--record", record)
	if s := p.summary(exitOK, "answered"); s.number("rx", "packets") < 100 || s.number("rx", "lost") > 0 {
		t.Errorf("summary %v", s)
	}
	requireTones(t, readRecording(t, record), level, 440)
}

// SRTP that one side requires and the other does not have is refused, and so is SRTP
// that is required and not offered.
func TestAsteriskSRTPRefused(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	for _, tt := range []struct {
		name  string
		flags []string
	}{
		{"required here only", []string{"--account", "1", "--srtp", "mandatory"}},
		{"required there only", []string{"--account", "3", "--srtp-3", ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := startCall(t, "600", append(tt.flags, "-c", ini)...).summary(exitRejected, "rejected")
			if s.number("code") != 488 || s.text("reason") == "" || s["answer_ms"] != nil {
				t.Errorf("summary %v", s)
			}
		})
	}
	t.Run("optional", func(t *testing.T) {
		t.Parallel()
		// RTP in the clear, since the other side has no SRTP.
		p := startCall(t, "601", "-c", ini, "--srtp", "optional")
		p.summary(exitOK, "answered")
		if media := p.awaitType("CallMediaChanged"); media.text("media", "srtp") != "" {
			t.Errorf("media %v", media)
		}
	})
}

// Asterisk's prompt is heard whole, and when Asterisk hangs up after it the call has
// ended as it should.
func TestAsteriskPrompt(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	record := filepath.Join(t.TempDir(), "prompt.wav")
	s := startCall(t, "601", "-c", writeINI(t, accountsINI(a)), "--record", record).summary(exitOK, "answered")
	if s.text("ended_by") != "remote" || s.number("duration_ms") < 1000*peers.PromptSeconds-200 {
		t.Errorf("summary %v", s)
	}
	audio := readRecording(t, record)
	requireTones(t, audio, peerLevel, peers.ToneHz)
	if s := tones(audio)[0]; math.Abs((s.End-s.Start).Seconds()-peers.PromptSeconds) > 0.3 {
		t.Errorf("the prompt is %v, want %v s", s, peers.PromptSeconds)
	}
}

// Digits lead through the menu of a real IVR, which says itself what it understood.
func TestAsteriskIVR(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	watch := a.Watch()
	record := filepath.Join(t.TempDir(), "ivr.wav")
	p := startCall(t, "602", "-c", writeINI(t, accountsINI(a)), "--audio-codecs", "PCMA/8000/1",
		"--dtmf", ",2,1,0", "--duration", "30s", "--record", record)
	for _, choice := range []string{"2", "1", "0"} {
		got := watch.Wait(deadline, peers.Event{"Event": "UserEvent", "UserEvent": "IVR"})
		if got["Choice"] != choice {
			t.Errorf("Asterisk took the choice %s, want %s", got["Choice"], choice)
		}
	}
	if s := p.summary(exitOK, "answered"); s.text("ended_by") != "remote" {
		t.Errorf("summary %v", s)
	}
	// Each digit cuts short what is played.
	requireTones(t, readRecording(t, record), peerLevel, peers.MenuHz, peers.Branch2Hz, peers.Branch1Hz, peers.GoodbyeHz)
}

// What Asterisk says no with is in the summary, and decides about the exit code.
func TestAsteriskRefusals(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	ini := writeINI(t, accountsINI(a))
	for _, tt := range []struct {
		number, reason string
		code           float64
	}{
		{"608", "Busy Here", 486},
		{"609", "Service Unavailable", 503},
		{"61601", "Not Found", 404},
		{"61617", "Busy Here", 486},
		{"61621", "Forbidden", 403},
		{"999", "Not Found", 404},
	} {
		t.Run(tt.number, func(t *testing.T) {
			t.Parallel()
			s := startCall(t, tt.number, "-c", ini).summary(exitRejected, "rejected")
			if s.number("code") != tt.code || s.text("reason") != tt.reason || s["answer_ms"] != nil {
				t.Errorf("summary %v", s)
			}
		})
	}
	t.Run("after early media", func(t *testing.T) {
		t.Parallel()
		record := filepath.Join(t.TempDir(), "early.wav")
		s := startCall(t, "611", "-c", ini, "--record", record).summary(exitRejected, "rejected")
		if s.number("code") != 486 || s["answer_ms"] != nil || s.number("ring_ms") < 0 || s.text("record") != record {
			t.Errorf("summary %v", s)
		}
		requireTones(t, readRecording(t, record), peerLevel, peers.ToneHz)
	})
}

// A call that only rings is given up, and Asterisk is told.
func TestAsteriskNoAnswer(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	watch := a.Watch()
	p := startCall(t, "610", "-c", writeINI(t, accountsINI(a)), "--timeout", "2s")
	p.awaitState("EARLY")
	s := p.summary(exitNotAnswered, "timeout")
	if s.number("ring_ms") < 0 || s["answer_ms"] != nil || !strings.Contains(s.text("reason"), "2s") {
		t.Errorf("summary %v", s)
	}
	hangup := watch.Wait(deadline, peers.Event{"Event": "Hangup", "Exten": "610"})
	if hangup["ChannelStateDesc"] != "Ring" {
		t.Errorf("Asterisk ended the call with %v", hangup)
	}
	ended := p.awaitType("CallEnded")
	if ended.number("code") != 487 {
		t.Errorf("%v, want 487, the answer to a CANCEL", ended)
	}
}

// Asterisk answers, sends nothing and hangs up: the summary says what was missing.
func TestAsteriskWithoutRTP(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	s := startCall(t, "613", "-c", writeINI(t, accountsINI(a))).summary(exitMediaFailed, "media_failed")
	if s.number("code") != 200 || s.text("ended_by") != "remote" || !strings.Contains(s.text("reason"), "no RTP") {
		t.Errorf("summary %v", s)
	}
}
