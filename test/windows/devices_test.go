//go:build integration && linux

package windows

import (
	"encoding/json"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// Sound devices are listed by their names, which Windows cuts off after 31 bytes, and chosen by the whole ones; the audio
// of a call passes through them.
func TestSoundDevices(t *testing.T) {
	pulse := peers.StartPulse(t)
	w := peers.StartWine(t)
	w.Env = append(w.Env, pulse.Env...)
	speaker, microphone := peers.Speaker(peers.Headset), peers.Microphone(peers.Headset)

	out, code := w.Run(exe, "devices", "--json")
	var listed struct {
		Devices []struct {
			Name, Driver    string
			Inputs, Outputs int
		}
	}
	if code != 0 {
		t.Fatalf("devices: exit code %d", code)
	}
	check(t, json.Unmarshal([]byte(out), &listed))
	in, play := false, false
	for _, d := range listed.Devices {
		in = in || d.Inputs > 0 && d.Name == microphone
		play = play || d.Outputs > 0 && len(d.Name) >= 28 && strings.HasPrefix(speaker, d.Name)
		if d.Driver != "WMME" {
			t.Errorf("%+v", d)
		}
	}
	if !in || !play {
		t.Fatalf("%s and %s are not in %s", microphone, speaker, out)
	}

	win := startWindows(t, w, options{args: []string{"--enable-local-account", "--ec", "0",
		"--audio-input-device", microphone, "--audio-output-device", speaker}})
	lin := startLinux(t, options{args: []string{"--enable-local-account"}})
	const hz, micHz = 440, 880
	mic := filepath.Join(t.TempDir(), "mic.wav")
	check(t, peers.ToneWAV(mic, micHz, level, 60, 16000, 1))
	pulse.Speak(peers.Headset, mic)
	ours, theirs := lin.connects(0, "sip:x@"+win.address["UDP"], win)
	lin.awaitMedia(ours, "ACTIVE")
	lin.say(ours, hz)
	win.received(theirs)
	const rate = 16000
	heard := dsp.ClearestTone(pulse.Hear(peers.Headset, rate, 5*time.Second), rate, 200*time.Millisecond)
	if math.Abs(heard.Hz-hz) > 5 {
		t.Errorf("the loudspeaker plays %v, want %d Hz", heard, hz)
	}
	if heard := lin.listens(ours).tone(); math.Abs(heard.Hz-micHz) > 10 {
		t.Errorf("of the microphone %v arrives, want %d Hz", heard, micHz)
	}
	win.stops()
	lin.stops()
}

// A machine without a sound card runs all the same, and says that it does without the one that is configured.
func TestNoSoundDevice(t *testing.T) {
	w := peers.StartWine(t)
	w.Env = append(w.Env, "PULSE_SERVER=unix:"+filepath.Join(t.TempDir(), "none"), "ALSA_CONFIG_PATH=/dev/null")
	if out, code := w.Run(exe, "devices"); code != 0 || out != "no sound device" {
		t.Errorf("exit code %d, %s", code, out)
	}
	win := startWindows(t, w, options{args: []string{"--enable-local-account", "--audio-input-device", "Mikrofon", "--audio-output-device", "Reproduktor"}})
	lin := startLinux(t, options{args: []string{"--enable-local-account"}})
	if log := win.Stderr(); strings.Count(log, "this machine has no such sound device") != 2 {
		t.Error("it does not say that there is no sound device")
	}
	ours, theirs := lin.connects(0, "sip:x@"+win.address["UDP"], win)
	hearEachOther(lin, ours, win, theirs)
	win.stops()
	lin.stops()
}
