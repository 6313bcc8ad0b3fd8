package engine

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestPhoneStatus(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.VolumeInput, c.Settings.VolumeOutput = 90, 80
	}, func(t *testing.T, r *rig) {
		item := func(name string) string {
			t.Helper()
			value, ok := r.e.PhoneStatus().Item(name, time.Now())
			if !ok {
				t.Errorf("there is no item %s", name)
			}
			return value
		}
		check := func(want map[string]string) {
			t.Helper()
			for name, value := range want {
				if got := item(name); got != value {
					t.Errorf("%s is %q, want %q", name, got, value)
				}
			}
		}
		check(map[string]string{"State": "IDLE", "Calls": "0", "Number": "", "Registration": "", "Volume": "80", "MicVolume": "90", "Muted": "0"})
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		check(map[string]string{"Registration": "200 OK", "Account": r.e.PhoneStatus().Account})
		if r.e.PhoneStatus().Account == "" {
			t.Error("no account dials")
		}

		id := r.phone.ring(r.acc1, `"Alice A" <sip:alice@far>`)
		r.events()
		check(map[string]string{"State": "EARLY", "Calls": "1", "Number": "alice", "Name": "Alice A", "Direction": "in", "Duration": "0"})
		answer := microsip.Command{Op: microsip.AnswerFirst}
		if _, err := r.e.Execute(t.Context(), answer, nil); err != nil {
			t.Fatal(err)
		}
		r.events()
		time.Sleep(90 * time.Second) // of the bubble
		check(map[string]string{"State": "CONFIRMED", "Duration": "90", "Held": "0"})
		r.phone.says(id, 1, pjsua.MediaLocalHold, pjsua.DirSend)
		r.command("mute")
		r.events()
		check(map[string]string{"State": "CONFIRMED", "Held": "1", "Muted": "1"})
		r.command("1002")
		r.events()
		check(map[string]string{"State": "CALLING", "Calls": "2", "Number": "1002", "Direction": "out", "Duration": "0"})
	})
}
