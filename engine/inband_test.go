package engine

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// tonesOf are digits as a far end says them, 80 ms each and 60 ms between them.
func tonesOf(digits string) []int16 {
	low := []float64{697, 770, 852, 941}
	high := []float64{1209, 1336, 1477, 1633}
	out := dsp.Silence(inbandRate, 60*time.Millisecond)
	for _, d := range digits {
		i := strings.IndexRune("123A456B789C*0#D", d)
		out = append(out, dsp.GenerateTone(inbandRate, 80*time.Millisecond, -16, low[i/4], high[i%4])...)
		out = append(out, dsp.Silence(inbandRate, 60*time.Millisecond)...)
	}
	return out
}

// received are the digits that were reported, each with its method's first letter but for
// tones, whose is t.
func (r *rig) received() string {
	r.t.Helper()
	var text strings.Builder
	for _, ev := range r.events() {
		d, ok := ev.(DTMFReceived)
		if !ok {
			r.t.Errorf("%T", ev)
			continue
		}
		text.WriteString(d.Digit + map[string]string{"INBAND": "t", "RFC4733": "r", "INFO": "i"}[d.Method])
	}
	return text.String()
}

// says has the far end say digits as tones, and waits until they were listened to.
func (r *rig) says(c *Call, digits string) {
	r.phone.say(c.ID(), tonesOf(digits))
	time.Sleep(2 * inbandPeriod)
	synctest.Wait()
}

// event has a digit come by RFC 4733 or INFO.
func (r *rig) event(c *Call, digit byte, method pjsua.DTMFMethod) {
	r.phone.send(pjsua.DTMFReceived{EventHeader: r.phone.head(), Call: c.ID(), Digit: digit, Method: method})
}

func inbandIs(mode config.InbandDTMF, tones bool) setup {
	return func(c *config.Config, f *fakePhone) {
		c.Accounts[0].InbandDTMF, f.tones = mode, tones
	}
}

func TestInbandDigits(t *testing.T) {
	withEngine(t, inbandIs("", true), func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.journal(words("listen"), fmt.Sprintf("listen %d 16000", c.ID()))
		r.says(c, "1223#")
		events := r.expect("DTMFReceived", "DTMFReceived", "DTMFReceived", "DTMFReceived", "DTMFReceived")
		for i, ev := range events {
			d := ev.(DTMFReceived)
			if d.Digit != "1223#"[i:i+1] || d.Method != "INBAND" || d.Call != c.ID() || d.Account != 1 || d.DurationMS != 0 {
				t.Errorf("digit %d: %+v", i, d)
			}
		}
		r.phone.end(c.ID(), 200, "OK")
		r.events()
		r.journal(words("listen", "unlisten"), fmt.Sprintf("listen %d 16000", c.ID()), fmt.Sprintf("unlisten %d", c.ID()))
	})
}

// Where digits go by RFC 4733, or are not wanted, nobody listens.
func TestInbandDigitsOnlyWhereAsked(t *testing.T) {
	for _, tt := range []struct {
		mode    config.InbandDTMF
		tones   bool
		listens bool
	}{
		{"", false, false},
		{config.InbandDTMFAuto, false, false},
		{config.InbandDTMFAuto, true, true},
		{config.InbandDTMFOn, false, true},
		{config.InbandDTMFOn, true, true},
		{config.InbandDTMFOff, false, false},
		{config.InbandDTMFOff, true, false},
	} {
		t.Run(fmt.Sprintf("%s %v", tt.mode, tt.tones), func(t *testing.T) {
			withEngine(t, inbandIs(tt.mode, tt.tones), func(t *testing.T, r *rig) {
				c, _ := r.connected()
				want, heard := 0, ""
				if tt.listens {
					want, heard = 1, "5t"
				}
				if n := r.phone.listening(); n != want {
					t.Errorf("%d listen", n)
				}
				r.says(c, "5")
				if got := r.received(); got != heard {
					t.Errorf("heard %q", got)
				}
				r.event(c, '7', pjsua.DTMFRFC4733)
				if got := r.received(); got != "7r" {
					t.Errorf("by RFC 4733: %q", got)
				}
			})
		})
	}
}

// A digit that comes as an event or by INFO and as tones is one digit, whichever is first,
// and two equal digits stay two.
func TestInbandDigitsComeOnce(t *testing.T) {
	withEngine(t, inbandIs(config.InbandDTMFOn, false), func(t *testing.T, r *rig) {
		c, _ := r.connected()
		say := func(digits string) { r.says(c, digits) }
		event := func(digits string, method pjsua.DTMFMethod) {
			for _, d := range []byte(digits) {
				r.event(c, d, method)
			}
			synctest.Wait()
		}
		expect := func(what, want string) {
			t.Helper()
			if got := r.received(); got != want {
				t.Errorf("%s: %q, want %q", what, got, want)
			}
		}
		event("112", pjsua.DTMFRFC4733)
		time.Sleep(300 * time.Millisecond)
		say("112")
		expect("events first", "1r1r2r")
		say("33")
		time.Sleep(time.Second)
		event("33", pjsua.DTMFInfo)
		expect("tones first", "3t3t")
		for range 3 {
			event("4", pjsua.DTMFRFC4733)
			time.Sleep(200 * time.Millisecond)
			say("4")
			time.Sleep(200 * time.Millisecond)
		}
		expect("in turn", "4r4r4r")
		event("5", pjsua.DTMFRFC4733)
		say("6")
		expect("different ones", "5r6t")
		time.Sleep(twinWithin + time.Second)
		say("5")
		event("6", pjsua.DTMFRFC4733)
		expect("long after", "5t6r")
	})
}

// The listening follows the call's media, and survives a hold.
func TestInbandDigitsFollowMedia(t *testing.T) {
	withEngine(t, inbandIs(config.InbandDTMFAuto, true), func(t *testing.T, r *rig) {
		c, port := r.connected()
		id := c.ID()
		listens := func(want int, what string) {
			t.Helper()
			r.events()
			if n := r.phone.listening(); n != want {
				t.Errorf("%s: %d listen", what, n)
			}
		}
		listens(1, "tones")
		r.phone.says(id, port, pjsua.MediaLocalHold, pjsua.DirSend)
		listens(1, "on hold")
		r.phone.says(id, pjsua.NoPort, pjsua.MediaNone, pjsua.DirNone)
		listens(1, "without media")
		r.phone.media(id, pjsua.MediaActive, pjsua.DirSendRecv)
		listens(1, "resumed")
		r.journal(words("unlisten"))
		r.says(c, "9")
		if got := r.received(); got != "9t" {
			t.Errorf("heard %q", got)
		}
		r.phone.tones = false
		r.phone.media(id, pjsua.MediaActive, pjsua.DirSendRecv)
		listens(0, "a re-INVITE with telephone-event")
		r.phone.tones = true
		port = r.phone.media(id, pjsua.MediaLocalHold, pjsua.DirSend)
		listens(0, "on hold from the start")
		r.phone.says(id, port, pjsua.MediaActive, pjsua.DirSendRecv)
		listens(1, "and resumed")

		// So does a change of the account.
		a, _ := r.e.Account(1)
		cfg := *a.cfg()
		for mode, want := range map[config.InbandDTMF]int{config.InbandDTMFOff: 0, config.InbandDTMFOn: 1} {
			cfg.InbandDTMF = mode
			if err := r.e.UpdateAccount(t.Context(), cfg); err != nil {
				t.Fatal(err)
			}
			listens(want, string(mode))
		}
	})
}

// Early media is listened to; a call without audio is not.
func TestInbandDigitsInEarlyMedia(t *testing.T) {
	withEngine(t, inbandIs(config.InbandDTMFAuto, true), func(t *testing.T, r *rig) {
		c := r.dial("1002")
		r.phone.state(c.ID(), pjsua.StateEarly, 183, "Session Progress")
		r.events()
		r.journal(words("listen"))
		r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSendRecv)
		r.events()
		r.says(c, "*")
		if got := r.received(); got != "*t" {
			t.Errorf("heard %q", got)
		}
	})
}

// A bridge without room is asked again when the media change, and said once.
func TestInbandDigitsCannotBeHeard(t *testing.T) {
	fail := true
	withEngine(t, func(c *config.Config, f *fakePhone) {
		f.tones = true
		f.onListen = func(pjsua.CallID) error {
			if fail {
				return errors.New("the bridge is full")
			}
			return nil
		}
	}, func(t *testing.T, r *rig) {
		c, port := r.connected()
		if err := c.SetVolume(t.Context(), Output, 50); err != nil {
			t.Fatal(err)
		}
		r.events()
		if n := bytes.Count(r.log.Bytes(), []byte("the bridge is full")); n != 1 || len(r.phone.noted("listen")) != 1 {
			t.Errorf("%d warnings: %q", n, r.phone.noted("listen"))
		}
		fail = false
		r.phone.says(c.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
		r.events()
		r.says(c, "0")
		if got := r.received(); got != "0t" {
			t.Errorf("heard %q", got)
		}
	})
}
