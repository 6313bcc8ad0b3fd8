//go:build integration && linux

package integration

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// One UAS refuses with each of the codes: exit code 2, and the code and its phrase in
// the summary.
func TestSIPpRefuses(t *testing.T) {
	t.Parallel()
	for _, code := range []int{404, 486, 503} {
		for _, first := range [][]int{nil, {180}} {
			uas := peers.StartUAS(t, peers.UAS{Provisional: first, Refuse: code, Calls: 1})
			s := startCall(t, "sip:x@"+uas.Addr).summary(exitRejected, "rejected")
			if s.number("code") != float64(code) || s.text("reason") != "Refused" || s["answer_ms"] != nil || s["ended_by"] != nil {
				t.Errorf("%d after %v: %v", code, first, s)
			}
			if rang := s["ring_ms"] != nil; rang != (first != nil) {
				t.Errorf("%d after %v: ring_ms is %v", code, first, s["ring_ms"])
			}
			requireAllGood(t, uas, uas.Wait(deadline), 1)
		}
	}
}

// A call that rings and is never answered is cancelled when its time is over.
func TestSIPpNeverAnswers(t *testing.T) {
	t.Parallel()
	for _, first := range []int{100, 180, 183} {
		uas := peers.StartUAS(t, peers.UAS{Provisional: []int{first}, Never: true, Calls: 1})
		s := startCall(t, "sip:x@"+uas.Addr, "--timeout", "1s").summary(exitNotAnswered, "timeout")
		if s.text("reason") != "not answered within 1s" || s["answer_ms"] != nil {
			t.Errorf("after %d: %v", first, s)
		}
		if rang := s["ring_ms"] != nil; rang != (first != 100) {
			t.Errorf("after %d: ring_ms is %v", first, s["ring_ms"])
		}
		requireAllGood(t, uas, uas.Wait(deadline), 1) // CANCEL, 487, ACK
	}
}

// Early media is heard and recorded before the answer.
func TestSIPpEarlyMedia(t *testing.T) {
	t.Parallel()
	const early = 4 * time.Second
	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{183}, Tone: true, AnswerAfter: early, Calls: 1})
	heard := filepath.Join(t.TempDir(), "heard.wav")
	s := startCall(t, "sip:x@"+uas.Addr, "--record", heard, "--duration", "500ms").summary(exitOK, "answered")
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	rang, answered := s.number("ring_ms"), s.number("answer_ms")
	if rang < 0 || answered < rang+1000 || s.number("duration_ms") < 500 {
		t.Errorf("times: %v", s)
	}
	// SIPp's tone begins with the 183, and half of what is before the answer is enough
	// on a busy machine.
	audio := readRecording(t, heard)
	requireTones(t, audio, peerLevel, peers.ToneHz)
	if got := audio.Duration(); got < early/2+500*time.Millisecond {
		t.Errorf("the recording lasts %v, and the call lasted 0.5 s after the answer", got)
	}
	before := audio.Slice(0, early/2)
	if got := tones(before); len(got) != 1 || got[0].End-got[0].Start < early/4 {
		t.Errorf("before the answer there was %v", dsp.Segments(before.Channel(0), before.Rate))
	}
}

// Early media only: the call is refused after an announcement, which is recorded.
func TestSIPpEarlyMediaThenRefused(t *testing.T) {
	t.Parallel()
	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{183}, Never: true, Tone: true, Calls: 1})
	heard := filepath.Join(t.TempDir(), "heard.wav")
	s := startCall(t, "sip:x@"+uas.Addr, "--record", heard, "--timeout", "2s").summary(exitNotAnswered, "timeout")
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	if s.text("record") != heard || s.number("rx", "packets") < 1 {
		t.Errorf("%v", s)
	}
	requireTones(t, readRecording(t, heard), peerLevel, peers.ToneHz)
}

// A UAS that answers and sends no RTP: exit code 5.
func TestSIPpNoRTP(t *testing.T) {
	t.Parallel()
	uas := peers.StartUAS(t, peers.UAS{Calls: 1})
	s := startCall(t, "sip:x@"+uas.Addr, "--duration", "1500ms").summary(exitMediaFailed, "media_failed")
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	if s.number("code") != 200 || !strings.HasPrefix(s.text("reason"), "answered, but no RTP came in 1.5") ||
		s.number("rx", "packets") != 0 || s.number("tx", "packets") < 1 {
		t.Errorf("%v", s)
	}
}

// What offhook plays comes back: WAV files of other rates, widths and channels are
// converted on the way.
func TestSIPpEchoesConvertedWAV(t *testing.T) {
	t.Parallel()
	uas := peers.StartUAS(t, peers.UAS{Echo: true})
	for _, f := range []struct{ rate, channels int }{{44100, 2}, {48000, 1}, {8000, 2}, {22050, 1}} {
		dir := t.TempDir()
		play, heard := filepath.Join(dir, "play.wav"), filepath.Join(dir, "heard.wav")
		if err := peers.ToneWAV(play, 440, toneLevel-dsp.FullScaleSine, 2, f.rate, f.channels); err != nil {
			t.Fatal(err)
		}
		startCall(t, "sip:x@"+uas.Addr, "--play", play, "--record", heard, "--audio-codecs", "PCMA/8000/1").summary(exitOK, "answered")
		audio := readRecording(t, heard)
		requireTones(t, audio, toneLevel, 440)
		if got := audio.Duration(); got < 1500*time.Millisecond || got > 10*time.Second {
			t.Errorf("%d Hz, %d channels: the recording lasts %v", f.rate, f.channels, got)
		}
	}
	stats := uas.Stop()
	requireAllGood(t, uas, stats, 4)
}

// A peer that is not there: no answer by UDP, refused by TCP, no address for its name.
func TestSIPpNobodyThere(t *testing.T) {
	t.Parallel()
	addr := fmt.Sprint("127.0.0.1:", peers.FreePorts(t, 1))
	s := startCall(t, "sip:x@"+addr, "--timeout", "1s").summary(exitNotAnswered, "timeout")
	if s.text("reason") != "not answered within 1s" {
		t.Errorf("%v", s)
	}
	s = startCall(t, "sip:x@"+addr, "--transport-0", "tcp", "--timeout", "5s").summary(exitRejected, "rejected")
	// What of it is told first is a matter of chance.
	if s.number("code") != 503 || s.text("reason") != "Connection refused" && s.text("reason") != "Broken pipe" {
		t.Errorf("%v", s)
	}
	s = startCall(t, "sip:x@no-such-host.test", "--timeout", "30s").summary(exitRejected, "rejected")
	if s.number("code") != 502 || !strings.Contains(s.text("reason"), "gethostbyname() has returned error") {
		t.Errorf("%v", s)
	}
}
