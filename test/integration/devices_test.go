//go:build integration && linux

package integration

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// The sound cards of the machine are found, by the names that the configuration takes.
func TestDevicesAreListed(t *testing.T) {
	pulse := peers.StartPulse(t)
	cmd := exec.Command(program, "devices", "--json")
	cmd.Env = append(os.Environ(), pulse.Env...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Devices []struct {
			Name            string
			Driver          string
			Inputs, Outputs int
		}
	}
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var names []string
	for _, d := range list.Devices {
		names = append(names, d.Name)
		if d.Driver != "ALSA" || d.Inputs != 1 || d.Outputs != 1 {
			t.Errorf("%+v", d)
		}
	}
	if got := strings.Join(names, " "); got != "default desk headset" {
		t.Errorf("devices %s", got)
	}
}

// A call through a real sound card: the caller's tone is heard on its speaker, and what
// its microphone hears arrives at the caller.
func TestCallThroughASoundCard(t *testing.T) {
	pulse := peers.StartPulse(t)
	_, address := soundRun(t, pulse, "headset")
	const hz, micHz = 700, 1100
	mic := filepath.Join(t.TempDir(), "mic.wav")
	if err := peers.ToneWAV(mic, micHz, peers.ToneLevel, 20, 16000, 1); err != nil {
		t.Fatal(err)
	}
	pulse.Speak(peers.Headset, mic)
	rec := filepath.Join(t.TempDir(), "rec.wav")
	call := startCall(t, "sip:desk@"+address, "--play",
		toneFile(t, hz, peerLevel, 12*time.Second), "--record", rec, "--duration", "8s")
	call.awaitState("CONFIRMED")
	heard := &dsp.Audio{Rate: 16000, Channels: 1, Samples: pulse.Hear(peers.Headset, 16000, 5*time.Second)}
	requireTone(t, "the speaker", heard, hz)
	call.summary(0, "answered")
	requireTone(t, "the microphone's recording", readRecording(t, rec), micHz)
}

// The sound server dies during a call: the call and its signalling go on, and the
// process neither spins nor fills its log (our patch 0002 of PJSIP).
func TestTheSoundServerDies(t *testing.T) {
	pulse := peers.StartPulse(t)
	run, address := soundRun(t, pulse, "desk")
	call := startCall(t, "sip:desk@"+address, "--play",
		toneFile(t, 700, peerLevel, 12*time.Second), "--duration", "6s")
	call.awaitState("CONFIRMED")
	pulse.Hear(peers.Desk, 8000, time.Second) // audio flows
	pulse.Stop()
	call.summary(0, "answered")
	run.awaitType("CallEnded")
	run.signal(syscall.SIGTERM)
	if code := run.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if n := len(run.errors()); n > 100_000 {
		t.Errorf("%d bytes of log", n)
	}
	if used := run.cmd.ProcessState.UserTime() + run.cmd.ProcessState.SystemTime(); used > 4*time.Second {
		t.Errorf("%v of processor time", used)
	}
}

// An unknown device is an error that names the known ones.
func TestUnknownDevice(t *testing.T) {
	pulse := peers.StartPulse(t)
	p := prepare(t, "run", "--json", "--bind-address", "127.0.0.1", "--audio-output-device", "trumpet")
	p.cmd.Env = append(p.cmd.Env, pulse.Env...)
	p.begin()
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"trumpet", "desk", "headset"} {
		if !strings.Contains(p.errors(), want) {
			t.Errorf("%q is not in %s", want, p.errors())
		}
	}
}

// soundRun is an offhook that answers every call on a card.
func soundRun(t *testing.T, pulse *peers.Pulse, card string) (run *process, address string) {
	t.Helper()
	run = startOnCard(t, pulse, card, "run", "--auto-answer", "all")
	return run, listensAt(t, run)
}

// startOnCard starts a verb that has a card.
func startOnCard(t *testing.T, pulse *peers.Pulse, card string, args ...string) *process {
	t.Helper()
	p := prepare(t, append(args, "--json", "--bind-address", "127.0.0.1", "--audio-input-device", card, "--audio-output-device", card,
		"--ec", "0")...) // an echo canceller takes a steady tone for noise
	p.cmd.Env = append(p.cmd.Env, pulse.Env...)
	p.begin()
	return p
}

// requireTone fails the test unless a tone of hz sounds somewhere in audio, at the
// peers' level within 1 dB.
func requireTone(t *testing.T, what string, audio *dsp.Audio, hz float64) {
	t.Helper()
	heard := tones(audio)
	for _, s := range heard {
		if math.Abs(s.Hz-hz) <= 1 && math.Abs(s.Level-peerLevel) <= 1 {
			return
		}
	}
	t.Errorf("%s: %v, want %g Hz at %.1f dBov", what, heard, hz, peerLevel)
}

// Who calls hears on the card that it rings at the other end.
func TestRingBackIsHeard(t *testing.T) {
	pulse := peers.StartPulse(t)
	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Never: true, Calls: 1})
	call := startOnCard(t, pulse, "desk", "call", "sip:slow@"+uas.Addr)
	call.awaitState("EARLY")
	heard := dsp.Segments(pulse.Hear(peers.Desk, 16000, 12*time.Second), 16000)
	call.signal(syscall.SIGINT)
	call.code()
	// A second in five: two of them are whole.
	whole := 0
	for _, s := range heard {
		length := s.End - s.Start
		if math.Abs(s.Hz-425) <= 2 && math.Abs(s.Level+23) <= 1 && length > 900*time.Millisecond && length < 1100*time.Millisecond {
			whole++
		}
	}
	if whole < 2 || whole > 3 {
		t.Errorf("heard %v", heard)
	}
}

// Who sends digits hears them on the card.
func TestDigitsAreHeard(t *testing.T) {
	pulse := peers.StartPulse(t)
	far := startRun(t, "--auto-answer", "all")
	call := startOnCard(t, pulse, "desk", "call", "sip:far@"+listensAt(t, far), "--dtmf", ",,159#", "--duration", "8s")
	call.awaitState("CONFIRMED")
	digits := ""
	for _, d := range dsp.FindDTMF(pulse.Hear(peers.Desk, 16000, 6*time.Second), 16000) {
		digits += string(d.Digit)
	}
	if digits != "159#" {
		t.Errorf("heard %q", digits)
	}
	call.summary(0, "answered")
}

// A card beeps before a call is answered by itself.
func TestAutoAnswerBeeps(t *testing.T) {
	pulse := peers.StartPulse(t)
	_, address := soundRun(t, pulse, "desk")
	heard := make(chan []int16)
	go func() { heard <- pulse.Hear(peers.Desk, 16000, 8*time.Second) }()
	for range 3 { // some of them while it is listened
		startCall(t, "sip:desk@"+address, "--duration", "1500ms").summary(0, "answered")
	}
	beeps := 0
	segments := dsp.Segments(<-heard, 16000)
	for _, s := range segments {
		if length := s.End - s.Start; math.Abs(s.Hz-425) <= 4 && length > 150*time.Millisecond && length < 250*time.Millisecond {
			beeps++
		}
	}
	if beeps < 2 {
		t.Errorf("heard %v", segments)
	}
}
