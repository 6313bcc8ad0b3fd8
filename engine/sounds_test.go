package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// ringingSound is played while calls ring and nobody speaks, once for all of them.
func TestRinging(t *testing.T) {
	file := wavFile(t)
	with := func(name string, prepare func(*config.Settings), fn func(*testing.T, *rig)) {
		t.Run(name, func(t *testing.T) {
			withEngine(t, func(c *config.Config, f *fakePhone) {
				c.Settings.AudioOutputDevice, c.Settings.RingingSound, c.Settings.VolumeRing = "usb", file, 40
				f.devices = []pjsua.Device{{ID: 4, Name: "USB", Outputs: 2}}
				if prepare != nil {
					prepare(&c.Settings)
				}
			}, fn)
		})
	}
	played := []string{"play " + file + " loop=true", "levels player 1 0.4"}
	with("two calls", nil, func(t *testing.T, r *rig) {
		first := r.phone.ring(r.acc1, "sip:ann@far")
		second := r.phone.ring(r.acc1, "sip:bob@far")
		r.events()
		r.journal(words("play", "levels"), played...)
		if got := r.phone.wiring(); !slices.Contains(got, "player>sound") {
			t.Errorf("links %q", got)
		}
		ring := 50
		if err := r.e.SetVolumes(t.Context(), Volumes{Ring: &ring}); err != nil {
			t.Error(err)
		}
		r.journal(words("play", "levels"), append(played, "levels player 1 0.5")...)
		r.phone.end(first, 487, "Request Terminated")
		r.events()
		if r.phone.open() != 1 {
			t.Error("it ended with the first call")
		}
		call, _ := r.e.Call(second)
		if err := call.Answer(t.Context(), pjsua.CodeOK, ""); err != nil {
			t.Error(err)
		}
		r.events()
		if r.phone.open() != 0 {
			t.Error("it goes on after the answer")
		}
		// A third call does not disturb the second, and is heard when that has ended.
		third := r.phone.ring(r.acc1, "sip:eve@far")
		r.events()
		if r.phone.open() != 0 {
			t.Error("it rings into a call")
		}
		r.phone.end(second, 200, "OK")
		r.events()
		if r.phone.open() != 1 {
			t.Error("it does not ring after the call")
		}
		// A call that is made meanwhile ends it as soon as it is answered.
		out := r.dial("1002")
		r.events()
		if r.phone.open() != 1 {
			t.Error("it does not ring while another call is not answered")
		}
		r.phone.confirm(out.ID())
		r.events()
		if c, ok := r.e.Call(third); !ok || c.Info().State != StateEarly || r.phone.open() != 0 {
			t.Error("it rings into the call that was made")
		}
	})
	with("refused", func(s *config.Settings) { s.DenyIncoming = "all" }, func(t *testing.T, r *rig) {
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		r.journal(words("play"))
	})
	with("no file", func(s *config.Settings) { s.RingingSound = "" }, func(t *testing.T, r *rig) {
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		r.journal(words("play"))
	})
	with("no device", func(s *config.Settings) { s.AudioOutputDevice = "" }, func(t *testing.T, r *rig) {
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		r.journal(words("play"))
	})
	with("it goes on ringing when the file is gone", nil, func(t *testing.T, r *rig) {
		r.phone.onPlayer = func(string) error { return pjsua.StatusNotFound }
		id := r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		if c, ok := r.e.Call(id); !ok || c.Info().State != StateEarly || !strings.Contains(r.log.String(), "ringingSound") {
			t.Errorf("log %s", r.log)
		}
	})
	with("the engine stops", nil, func(t *testing.T, r *rig) {
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
	})
}

func TestSoundsOfATelephone(t *testing.T) {
	with := func(name string, prepare func(*config.Settings), fn func(*testing.T, *rig)) {
		t.Run(name, func(t *testing.T) {
			withEngine(t, func(c *config.Config, f *fakePhone) {
				c.Settings.AudioOutputDevice, c.Settings.VolumeOutput, c.Settings.LocalDTMF = "usb", 50, true
				f.devices = []pjsua.Device{{ID: 4, Name: "USB", Outputs: 2}}
				if prepare != nil {
					prepare(&c.Settings)
				}
			}, fn)
		})
	}
	heard := words("tones", "tone", "closetone")
	with("ring-back", nil, func(t *testing.T, r *rig) {
		first, second := r.dial("1002"), r.dial("1003")
		r.journal(heard)
		r.phone.state(first.ID(), pjsua.StateEarly, 180, "Ringing")
		r.phone.state(second.ID(), pjsua.StateEarly, 180, "Ringing")
		r.events()
		begun := []string{"tones 1 loop=true"}
		r.journal(heard, begun...)
		if got := r.phone.wiring(); !slices.Contains(got, "tone>sound") {
			t.Errorf("links %q", got)
		}
		if got := r.phone.noted("levels"); !slices.Contains(got, "levels tone 1 0.5") {
			t.Errorf("levels %q", got)
		}
		r.phone.confirm(first.ID())
		r.events()
		r.journal(heard, begun...) // the second goes on
		// The far end's own tone comes instead.
		r.phone.media(second.ID(), pjsua.MediaActive, pjsua.DirSend|pjsua.DirRecv)
		r.events()
		r.journal(heard, append(begun, "closetone")...)
	})
	with("a call waits", nil, func(t *testing.T, r *rig) {
		r.connected()
		r.journal(heard)
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		beep := []string{"tones 2 loop=false"}
		r.journal(heard, beep...)
		time.Sleep(time.Second)
		r.events()
		r.journal(heard, append(beep, "closetone")...)
	})
	with("an answer of its own", func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerAll }, func(t *testing.T, r *rig) {
		r.phone.ring(r.acc1, "sip:ann@far")
		time.Sleep(time.Second)
		r.events()
		r.journal(heard, "tones 2 loop=false", "closetone")
	})
	with("digits", nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		if err := c.SendDTMF(t.Context(), "12", DTMFOptions{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		r.journal(heard, "tone 12 100ms", "closetone")
	})
	with("no localDTMF", func(s *config.Settings) { s.LocalDTMF = false }, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		if err := c.SendDTMF(t.Context(), "12", DTMFOptions{}); err != nil {
			t.Fatal(err)
		}
		r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		r.journal(heard)
	})
	with("no device", func(s *config.Settings) { s.AudioOutputDevice = "" }, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		r.phone.state(c.ID(), pjsua.StateEarly, 180, "Ringing")
		r.events()
		r.journal(heard)
	})
	with("the end of the engine", nil, func(t *testing.T, r *rig) {
		r.connected()
		r.phone.ring(r.acc1, "sip:ann@far")
		c := r.dial("1002")
		r.phone.state(c.ID(), pjsua.StateEarly, 180, "Ringing")
		r.events()
	})
}
