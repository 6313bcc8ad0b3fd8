//go:build cgo

package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// writeTone writes a tone of that level and length and returns its path.
func writeTone(t *testing.T, name string, hz, level float64, d time.Duration) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	const rate = 16000
	err := dsp.WriteWAV(path, &dsp.Audio{Rate: rate, Channels: 1, Samples: dsp.GenerateTone(rate, d, level, hz)})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// checkTone measures the longest tone in a recording.
func checkTone(t *testing.T, path string, hz, level float64) {
	t.Helper()
	a, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	if a.Unfinished {
		t.Errorf("%s was not closed", path)
	}
	var longest dsp.Segment
	for _, s := range dsp.Segments(a.Channel(0), a.Rate) {
		if s.Hz > 0 && s.End-s.Start > longest.End-longest.Start {
			longest = s
		}
	}
	if longest.Hz == 0 {
		t.Fatalf("no tone in %s: %v", path, a)
	}
	got := cleanest(a, longest)
	if math.Abs(got.Hz-hz) > 1 || math.Abs(got.Level-level) > 1 {
		t.Errorf("%s holds %v, want %g Hz, %g dBov", path, got, hz, level)
	}
}

func TestCall(t *testing.T) {
	tone := writeTone(t, "answer.wav", 440, -18, 20*time.Second)
	far, addr := phone(t, "--auto-answer", "all", "--play-on-answer", tone)
	record := filepath.Join(t.TempDir(), "heard.wav")
	near := dial(t, "sip:x@"+addr, "--record", record, "--dtmf", "1,2#", "--duration", "4s")

	var digits string
	for _, want := range []string{"1", "12", "12#"} {
		far.await("digit "+want, func(l line) bool {
			if l.typ() == "DTMFReceived" {
				digits += l["digit"].(string)
			}
			return digits == want
		})
		digits = ""
	}
	s := near.summary(exitOK, resultAnswered)
	if s.number("code") != 200 || s["ended_by"] != "local" || s["record"] != record {
		t.Errorf("summary %v", s)
	}
	if s["codec"] != "PCMA/8000" || s.number("rx", "packets") < 100 || s.number("tx", "packets") < 100 || s.number("rx", "lost") != 0 {
		t.Errorf("media in the summary %v", s)
	}
	if d := s.number("duration_ms"); d < 3900 {
		t.Errorf("the call lasted %v ms, not 4 s", d)
	}
	if s.number("answer_ms") < 0 {
		t.Errorf("no time of the answer: %v", s)
	}
	checkTone(t, record, 440, -18)
	ended := far.awaitType("CallEnded")
	if ended.number("call") <= 0 || ended["account"] != nil || ended["time"] == "" || ended.number("seq") <= 0 {
		t.Errorf("the far end's CallEnded is %v", ended)
	}
	if _, err := time.Parse(time.RFC3339, ended["time"].(string)); err != nil {
		t.Error(err)
	}
	for i, l := range far.all() {
		if l.number("seq") != float64(i+1) {
			t.Errorf("event %d has the seq %v", i+1, l["seq"])
		}
	}
}

// The call ends with the file, and the far end hears all of it.
func TestCallPlay(t *testing.T) {
	for _, tt := range []struct {
		name     string
		rate     int
		channels int
	}{{"8 kHz", 8000, 1}, {"44.1 kHz stereo", 44100, 2}} {
		t.Run(tt.name, func(t *testing.T) {
			far, addr := phone(t, "--auto-answer", "all", "--auto-recording", "--recording-path", t.TempDir())
			path := filepath.Join(t.TempDir(), "call.wav")
			var samples []int16
			for _, v := range dsp.GenerateTone(tt.rate, 2*time.Second, -12, 1000) {
				for range tt.channels {
					samples = append(samples, v)
				}
			}
			if err := dsp.WriteWAV(path, &dsp.Audio{Rate: tt.rate, Channels: tt.channels, Samples: samples}); err != nil {
				t.Fatal(err)
			}
			s := dial(t, "sip:x@"+addr, "--play", path).summary(exitOK, resultAnswered)
			if d := s.number("duration_ms"); d < 1900 {
				t.Errorf("hung up after %v ms, before the file ended", d)
			}
			ended := far.awaitType("RecordingEnded")
			checkTone(t, ended["path"].(string), 1000, -12)
		})
	}
}

// A disk that is full is an error, and the call goes on.
func TestCallRecordToFullDisk(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "all")
	path := filepath.Join(t.TempDir(), "full.wav")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	p := dial(t, "sip:x@"+addr, "--record", path, "--duration", "1500ms")
	s := p.summary(exitUsage, resultAnswered)
	if d := s.number("duration_ms"); d < 1400 {
		t.Errorf("the call lasted %v ms", d)
	}
	p.awaitType("RecordingFailed")
	if e := p.awaitType("Error"); !strings.Contains(e["message"].(string), "full.wav") {
		t.Errorf("error %v", e)
	}
	if log := p.stderr.String(); !strings.Contains(log, "full.wav") {
		t.Errorf("standard error:\n%s", log)
	}
}

// The far end hangs up first.
func TestCallEndedByFarEnd(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "all", "--auto-hang-up-time", "1")
	s := dial(t, "sip:x@"+addr).summary(exitOK, resultAnswered)
	if s["ended_by"] != "remote" {
		t.Errorf("summary %v", s)
	}
}

// Ctrl-C ends an answered call as asked.
func TestCallInterrupted(t *testing.T) {
	far, addr := phone(t, "--auto-answer", "all")
	near := dial(t, "sip:x@"+addr)
	near.awaitState("CONFIRMED")
	near.signal(os.Interrupt)
	s := near.summary(exitOK, resultAnswered)
	if s["ended_by"] != "local" {
		t.Errorf("summary %v", s)
	}
	far.awaitType("CallEnded")
}

func TestCallNotAnswered(t *testing.T) {
	far, addr := phone(t, "--auto-answer", "")
	s := dial(t, "sip:x@"+addr, "--timeout", "1s").summary(exitNotAnswered, resultTimeout)
	if s.number("ring_ms") < 0 || s["answer_ms"] != nil || !strings.Contains(s["reason"].(string), "1s") {
		t.Errorf("summary %v", s)
	}
	if ended := far.awaitType("CallEnded"); ended.number("code") != 487 {
		t.Errorf("the far end was not cancelled: %v", ended)
	}

	near := dial(t, "sip:x@"+addr)
	near.awaitState("EARLY")
	near.signal(os.Interrupt)
	near.summary(exitNotAnswered, resultCancelled)
}

func TestCallRejected(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "all", "--max-concurrent-calls", "1")
	first := dial(t, "sip:x@"+addr)
	first.awaitState("CONFIRMED")
	s := dial(t, "sip:x@"+addr).summary(exitRejected, resultRejected)
	if s.number("code") != 486 {
		t.Errorf("summary %v", s)
	}
	for _, code := range []int{404, 503, 603} {
		p := newPeer(t, func(method string) int {
			if method == "INVITE" {
				return code
			}
			return 200
		})
		s := dial(t, "sip:x@"+p.addr).summary(exitRejected, resultRejected)
		if s.number("code") != float64(code) || s["reason"] != "Because" {
			t.Errorf("rejected with %d, the summary is %v", code, s)
		}
	}
}

// Answered, and no RTP comes.
func TestCallWithoutRTP(t *testing.T) {
	p := newPeer(t, func(string) int { return 200 })
	s := dial(t, "sip:x@"+p.addr, "--duration", "1500ms").summary(exitMediaFailed, resultMediaFailed)
	if s.number("code") != 200 || s.number("rx", "packets") != 0 || s.number("tx", "packets") <= 0 {
		t.Errorf("summary %v", s)
	}
	// In a short call that is no failure.
	dial(t, "sip:x@"+p.addr, "--duration", "100ms").summary(exitOK, resultAnswered)
}

func TestCallRegistersFirst(t *testing.T) {
	const password = "correct-horse"
	account := func(addr string, more ...string) []string {
		return append([]string{
			"--server-7", addr, "--username-7", "1007", "--password-7", password,
			"--server-3", "127.0.0.1:9", "--username-3", "1003",
			"--account", "7", "--log-level", "trace",
		}, more...)
	}
	check := func(p *process) {
		t.Helper()
		if strings.Contains(p.stderr.String(), password) {
			t.Error("the password is in the log")
		}
		for _, l := range p.all() {
			for _, v := range l {
				if s, ok := v.(string); ok && strings.Contains(s, password) {
					t.Errorf("the password is in %v", l)
				}
			}
		}
	}
	t.Run("registered", func(t *testing.T) {
		p := newPeer(t, func(method string) int {
			if method == "INVITE" {
				return 404
			}
			return 200
		})
		call := dial(t, "1234", account(p.addr)...)
		s := call.summary(exitRejected, resultRejected)
		if s.number("account") != 7 {
			t.Errorf("summary %v", s)
		}
		reg := call.awaitType("RegistrationChanged")
		if reg["registered"] != true || reg.number("account") != 7 {
			t.Errorf("registration %v", reg)
		}
		dialled := call.awaitState("CALLING")
		if dialled["remote"] != "sip:1234@"+p.addr {
			t.Errorf("dialled %v", dialled)
		}
		check(call)
	})
	t.Run("refused", func(t *testing.T) {
		p := newPeer(t, func(string) int { return 403 })
		call := dial(t, "1234", account(p.addr)...)
		s := call.summary(exitRegisterFailed, resultRegisterFailed)
		if s.number("code") != 403 {
			t.Errorf("summary %v", s)
		}
		check(call)
	})
	t.Run("no answer", func(t *testing.T) {
		p := newPeer(t, func(string) int { return 0 })
		s := dial(t, "1234", account(p.addr, "--timeout", "1s")...).summary(exitRegisterFailed, resultRegisterFailed)
		if s.number("code") != 0 || !strings.Contains(s["reason"].(string), p.addr) {
			t.Errorf("summary %v", s)
		}
	})
}

// What only shows once the engine runs is an error of usage all the same.
func TestCallUnusable(t *testing.T) {
	for _, uri := range []string{"sip:::bad", "", "mailto:a@b", "sip:a b@c"} {
		p := dial(t, uri)
		if code := p.code(); code != exitUsage || p.last().typ() != "Error" {
			t.Errorf("calling %q: exit code %d, last line %v", uri, code, p.last())
		}
	}
}

// An engine of a call takes none.
func TestCallRefusesCalls(t *testing.T) {
	_, addr := phone(t, "--auto-answer", "")
	busy := dial(t, "sip:x@"+addr, "--auto-answer", "all")
	own := busy.awaitType("EngineStarted")["transports"].([]any)[0].(map[string]any)["address"].(string)
	busy.awaitState("EARLY")
	s := dial(t, "sip:x@"+own).summary(exitRejected, resultRejected)
	if s.number("code") != 486 {
		t.Errorf("summary %v", s)
	}
	busy.signal(syscall.SIGTERM)
	busy.summary(exitNotAnswered, resultCancelled)
}

// A URI that asks for TCP needs no configuration.
func TestCallOverTheTransportOfItsURI(t *testing.T) {
	far, _ := phone(t, "--auto-answer", "all", "--transport-0", "tcp")
	var tcp string
	for _, tr := range far.awaitStarted() {
		if tr["type"] == "TCP" {
			tcp = tr["address"].(string)
		}
	}
	near := dial(t, "sip:x@"+tcp+";transport=tcp", "--duration", "1s")
	near.summary(0, "answered")
	for _, l := range near.all() {
		if l.typ() == "TransportChanged" && l["transport"] == "TCP" {
			return
		}
	}
	t.Error("no TCP connection was made")
}

// awaitStarted returns the transports that the engine listens on.
func (p *process) awaitStarted() (list []map[string]any) {
	for _, l := range p.all() {
		if l.typ() == "EngineStarted" {
			for _, tr := range l["transports"].([]any) {
				list = append(list, tr.(map[string]any))
			}
		}
	}
	return list
}
