//go:build integration && linux

package integration

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
	"github.com/offhook-voip/offhook/test/peers"
)

// soundCard is the binding on the cards of a Pulse.
type soundCard struct {
	*pjsua.Endpoint
	t     *testing.T
	pulse *peers.Pulse
}

func (c *soundCard) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	c.t.Cleanup(cancel)
	return ctx
}

func (c *soundCard) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// device looks a card up by its name.
func (c *soundCard) device(name string) pjsua.Device {
	c.t.Helper()
	d, err := c.FindDevice(c.ctx(), "ALSA", name)
	c.check(err)
	return d
}

// open opens a card in both directions.
func (c *soundCard) open(name string) {
	c.t.Helper()
	d := c.device(name)
	c.check(c.SetDevices(c.ctx(), d.ID, d.ID, pjsua.DeviceOptions{}))
}

// play plays samples of 16 kHz on the open card, again and again.
func (c *soundCard) play(samples []int16) *pjsua.Player {
	c.t.Helper()
	file, err := wav.Encode(16000, 1, samples)
	c.check(err)
	p, err := c.NewPlayerFrom(c.ctx(), bytes.NewReader(file), pjsua.PlayerOptions{Loop: true})
	c.check(err)
	c.check(c.Connect(c.ctx(), p.Port(), pjsua.SoundPort, pjsua.ConnectOptions{}))
	return p
}

// listen records the microphone of the open card for d.
func (c *soundCard) listen(d time.Duration) []int16 {
	c.t.Helper()
	path := filepath.Join(c.t.TempDir(), "mic.wav")
	rec, err := c.NewRecorder(c.ctx(), path, pjsua.RecorderOptions{})
	c.check(err)
	c.check(c.Connect(c.ctx(), pjsua.SoundPort, rec.Port(), pjsua.ConnectOptions{}))
	<-time.After(d)
	c.check(rec.Close(c.ctx()))
	a, err := wav.Read(path)
	c.check(err)
	return a.Samples
}

// level is that of all of samples, in dBov.
func level(samples []int16) float64 {
	sum := 1e-9
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(max(1, len(samples)))/(32768*32768))
}

func names(devices []pjsua.Device) string {
	var out []string
	for _, d := range devices {
		out = append(out, d.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// The binding's sound devices, on one server, since ALSA's library reads its
// configuration once in a process.
func TestSoundCards(t *testing.T) {
	pulse := peers.StartPulse(t)
	pulse.Setenv()
	ep, err := pjsua.Open(pjsua.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer ep.Close()
	go func() {
		for range ep.Events() {
		}
	}()
	c := &soundCard{ep, t, pulse}
	for _, test := range []struct {
		name string
		run  func(*soundCard)
	}{
		{"play and hear", testPlayAndHear},
		{"speaker only", testSpeakerOnly},
		{"volume", testVolume},
		{"plug in", testPlugIn},
		{"echo", testEcho}, // last: the echo stays
	} {
		t.Run(test.name, func(t *testing.T) {
			card := *c
			card.t = t
			test.run(&card)
			if err := ep.SetNullDevice(card.ctx()); err != nil {
				t.Error(err)
			}
		})
	}
}

func testPlayAndHear(c *soundCard) {
	desk := c.device(peers.Desk)
	if desk.Inputs != 1 || desk.Outputs != 1 || desk.Caps&pjsua.DeviceOutputVolume == 0 || desk.Caps&pjsua.DeviceInputLatency == 0 {
		c.t.Errorf("%+v, capabilities %v", desk, desk.Caps)
	}
	c.open(peers.Headset)
	if d, err := c.SoundDevices(c.ctx()); err != nil || !d.Active || d.Playback != c.device(peers.Headset).ID || d.SpeakerOnly {
		c.t.Errorf("%+v, error %v", d, err)
	}
	if ms, err := c.DeviceSetting(c.ctx(), pjsua.DeviceOutputLatency); err != nil || ms <= 0 {
		c.t.Errorf("latency %d ms, error %v", ms, err)
	}
	mic := filepath.Join(c.t.TempDir(), "mic.wav")
	if err := peers.ToneWAV(mic, 1100, peers.ToneLevel, 20, 16000, 1); err != nil {
		c.t.Fatal(err)
	}
	c.pulse.Speak(peers.Headset, mic)
	player := c.play(dsp.GenerateTone(16000, time.Second, peerLevel, 700))
	requireTone(c.t, "the speaker", &dsp.Audio{Rate: 16000, Channels: 1, Samples: c.pulse.Hear(peers.Headset, 16000, 3*time.Second)}, 700)
	requireTone(c.t, "the microphone", &dsp.Audio{Rate: 16000, Channels: 1, Samples: c.listen(3 * time.Second)}, 1100)
	c.check(player.Close(c.ctx()))
}

func testSpeakerOnly(c *soundCard) {
	c.check(c.SetDevices(c.ctx(), pjsua.NoDevice, c.device(peers.Headset).ID, pjsua.DeviceOptions{}))
	if d, err := c.SoundDevices(c.ctx()); err != nil || !d.Active || !d.SpeakerOnly {
		c.t.Errorf("%+v, error %v", d, err)
	}
	player := c.play(dsp.GenerateTone(16000, time.Second, peerLevel, 900))
	requireTone(c.t, "the speaker", &dsp.Audio{Rate: 16000, Channels: 1, Samples: c.pulse.Hear(peers.Headset, 16000, 3*time.Second)}, 900)
	c.check(player.Close(c.ctx()))
}

// The volume is that of ALSA's default card, which is the desk.
func testVolume(c *soundCard) {
	c.open(peers.Desk)
	player := c.play(dsp.GenerateTone(16000, time.Second, peerLevel, 800))
	heard := func() float64 {
		return dsp.ClearestTone(c.pulse.Hear(peers.Desk, 16000, 2*time.Second), 16000, 500*time.Millisecond).Level
	}
	c.check(c.SetDeviceSetting(c.ctx(), pjsua.DeviceOutputVolume, 100, pjsua.DeviceSettingOptions{}))
	loud := heard()
	c.check(c.SetDeviceSetting(c.ctx(), pjsua.DeviceOutputVolume, 50, pjsua.DeviceSettingOptions{}))
	quiet := heard()
	c.check(c.SetDeviceSetting(c.ctx(), pjsua.DeviceOutputVolume, 100, pjsua.DeviceSettingOptions{}))
	// PulseAudio's scale is cubic: half is a gain of 1/8.
	if math.Abs(loud-peerLevel) > 1 || math.Abs(loud-quiet-18) > 2 {
		c.t.Errorf("%.1f dBov at 100 %%, %.1f at 50 %%", loud, quiet)
	}
	c.check(player.Close(c.ctx()))
}

// A card that is plugged in is found, and the one that is open plays on.
func testPlugIn(c *soundCard) {
	c.open(peers.Headset)
	c.pulse.Plug()
	change, err := c.RefreshDevices(c.ctx())
	if err != nil || names(change.Added) != peers.USB || change.Removed != nil || !change.Reopened || change.Lost != nil {
		c.t.Errorf("%+v, error %v", change, err)
	}
	player := c.play(dsp.GenerateTone(16000, time.Second, peerLevel, 600))
	requireTone(c.t, "the headset", &dsp.Audio{Rate: 16000, Channels: 1, Samples: c.pulse.Hear(peers.Headset, 16000, 3*time.Second)}, 600)
	c.open(peers.USB)
	requireTone(c.t, "the new card", &dsp.Audio{Rate: 16000, Channels: 1, Samples: c.pulse.Hear(peers.USB, 16000, 3*time.Second)}, 600)
	c.check(player.Close(c.ctx()))
}

// What the loudspeaker plays comes back by the microphone; the canceller takes most of
// it away.
func testEcho(c *soundCard) {
	c.pulse.Echo(peers.Headset)
	c.check(c.SetEchoCanceller(c.ctx(), 0, 0))
	c.open(peers.Headset)
	// Bursts, as of speech: an echo canceller takes what is steady for noise.
	samples := make([]int16, 0, 32000)
	for len(samples) < 32000 {
		for range 4000 {
			samples = append(samples, int16(rand.NormFloat64()*3000))
		}
		samples = append(samples, make([]int16, 2000)...)
	}
	player := c.play(samples)
	c.listen(time.Second) // until the echo is there
	without := level(c.listen(3 * time.Second))
	if without < -40 {
		c.t.Fatalf("an echo of %.1f dBov", without)
	}
	for _, canceller := range []struct {
		name string
		opts pjsua.EchoOptions
	}{{"Speex", pjsua.EchoSpeex}, {"AEC3", pjsua.EchoWebRTCAEC3}} {
		c.check(c.SetEchoCanceller(c.ctx(), 200*time.Millisecond, canceller.opts))
		with := 0.0
		for range 4 { // it learns, and a busy machine that stumbles makes it learn anew
			c.listen(4 * time.Second)
			if with = level(c.listen(3 * time.Second)); without-with > 8 {
				break
			}
		}
		c.t.Logf("echo: %.1f dBov, with %s %.1f", without, canceller.name, with)
		if without-with < 8 {
			c.t.Errorf("the echo of %.1f dBov is %.1f with %s", without, with, canceller.name)
		}
	}
	if stats, err := c.EchoStats(c.ctx()); err != nil || stats.Name != "WebRTC AEC3" {
		c.t.Errorf("%+v, error %v", stats, err)
	}
	if tail, err := c.EchoTail(c.ctx()); err != nil || tail != 200*time.Millisecond {
		c.t.Errorf("tail %v, error %v", tail, err)
	}
	c.check(player.Close(c.ctx()))
}
