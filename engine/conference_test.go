package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestConference(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		b, c := r.another("1005"), r.another("1006")
		id, err := r.e.Conference(t.Context(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		events := r.expect("ConferenceChanged")
		if e := events[0].(ConferenceChanged); e.Conference != id || !slices.Equal(e.Calls, []CallID{a.ID(), b.ID()}) {
			t.Errorf("%+v", e)
		}
		room := func() []CallID {
			synctest.Wait()
			r.e.mu.Lock()
			conf := a.conf
			r.e.mu.Unlock()
			return conf.room.(*fakeRoom).in()
		}
		if _, err := a.Transfer(t.Context(), "1009"); !errors.Is(err, ErrInConference) {
			t.Errorf("a transfer: %v", err)
		}
		if again, err := r.e.Merge(t.Context()); err != nil || again != id {
			t.Errorf("%d, %v", again, err)
		}
		if got := room(); !slices.Equal(got, []CallID{a.ID(), b.ID(), c.ID()}) {
			t.Errorf("in the room: %v", got)
		}
		r.expect("ConferenceChanged")
		// Whoever is on hold is out of the room.
		port := r.phone.call(b.ID()).port
		r.phone.says(b.ID(), port, pjsua.MediaLocalHold, pjsua.DirSend)
		r.events()
		if got := room(); !slices.Equal(got, []CallID{a.ID(), c.ID()}) {
			t.Errorf("on hold: %v", got)
		}
		r.phone.says(b.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
		r.events()
		if got := room(); len(got) != 3 {
			t.Errorf("resumed: %v", got)
		}
		if err := r.e.Separate(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		r.expect("ConferenceChanged")
		if got := room(); !slices.Equal(got, []CallID{a.ID(), c.ID()}) {
			t.Errorf("separated: %v", got)
		}
		if err := r.e.Separate(t.Context(), b); !errors.Is(err, ErrNoConference) {
			t.Errorf("again: %v", err)
		}
		r.journal(words("hold"), fmt.Sprintf("hold %d", b.ID()))
		if list := r.e.Conferences(); len(list) != 1 || len(list[0].Calls) != 2 {
			t.Errorf("%+v", list)
		}
		// Of two the one that is left is in no conference.
		r.phone.end(c.ID(), 200, "")
		events = r.expect("CallStateChanged DISCONNECTED", "ConferenceChanged", "CallEnded 200")
		if e := events[1].(ConferenceChanged); len(e.Calls) != 0 {
			t.Errorf("%+v", e)
		}
		if a.Info().Conference != 0 || len(r.e.Conferences()) != 0 {
			t.Error("a conference of one")
		}
	})
}

// A recording of both parties holds everybody in the conference, and the call alone before
// and after.
func TestRecordAConference(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		b := r.another("1005")
		both, one := r.record(a, RecordOptions{Mix: true}), r.record(a, RecordOptions{})
		r.wiring("call>recorder", "call>recorder")
		if _, err := r.e.Conference(t.Context(), a, b); err != nil {
			t.Fatal(err)
		}
		r.wiring("call>recorder")
		late := r.record(a, RecordOptions{Mix: true})
		r.journal(words("listen"), fmt.Sprintf("listen %d", both.id), fmt.Sprintf("listen %d", late.id))
		if err := r.e.Separate(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		r.wiring("call>recorder", "call>recorder", "call>recorder")
		if n := len(r.phone.noted("unlisten")); n != 2 {
			t.Errorf("%d recorders left the room", n)
		}
		if err := errors.Join(both.Stop(t.Context()), one.Stop(t.Context()), late.Stop(t.Context())); err != nil {
			t.Error(err)
		}
	})
}

// The port of a call may just be replaced when it joins.
func TestJoiningIsTriedAgain(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		b := r.another("1005")
		tries := 0
		r.phone.onJoin = func(id pjsua.CallID) error {
			if id == b.ID() {
				if tries++; tries < linkTries {
					return errors.New("cancelled")
				}
			}
			return nil
		}
		if _, err := r.e.Conference(t.Context(), a, b); err != nil {
			t.Fatal(err)
		}
		if tries != linkTries || b.Info().Conference == 0 {
			t.Errorf("%d tries, %+v", tries, b.Info())
		}
	})
}

func TestConferenceErrors(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		if _, err := r.e.Conference(t.Context(), a); err == nil {
			t.Error("of one call")
		}
		if _, err := r.e.Conference(t.Context(), a, r.dial("1004")); !errors.Is(err, ErrNotAnswered) {
			t.Errorf("with a call that is not answered: %v", err)
		}
		b := r.another("1005")
		r.phone.onJoin = func(id pjsua.CallID) error {
			if id == b.ID() {
				return errors.New("no room")
			}
			return nil
		}
		if _, err := r.e.Conference(t.Context(), a, b); err == nil {
			t.Error("a call that cannot join")
		}
		r.events()
		if len(r.e.Conferences()) != 0 {
			t.Errorf("%+v", r.e.Conferences())
		}
	})
}

func TestDialIntoAConference(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		c, err := r.e.Dial(t.Context(), DialRequest{URI: "1005", Conference: a.ID()})
		if err != nil {
			t.Fatal(err)
		}
		r.events()
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1),
			fmt.Sprintf("dial %d sip:1005@pbx X-Conf-Call-ID: id-%d", r.acc1, a.ID()))
		r.phone.confirm(c.ID())
		r.events()
		if got := c.Info().Conference; got == 0 || got != a.Info().Conference {
			t.Errorf("conference %d", got)
		}
		if _, err := r.e.Dial(t.Context(), DialRequest{URI: "1005", Conference: 99}); !errors.Is(err, ErrCallEnded) {
			t.Errorf("%v", err)
		}
	})
}

// A far end on the same machine answers before the function that dials returns.
func TestAnsweredBeforeDialReturns(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		r.phone.onDial = func(id pjsua.CallID, _ string) error {
			r.phone.state(id, pjsua.StateCalling, 0, "")
			r.phone.confirm(id)
			time.Sleep(time.Second) // until the call's goroutine has seen to it
			return nil
		}
		c, err := r.e.Dial(t.Context(), DialRequest{URI: "1005,12", Conference: a.ID()})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		r.events()
		if got := c.Info().Conference; got == 0 || got != a.Info().Conference {
			t.Errorf("conference %d", got)
		}
		r.journal(words("dtmf"), fmt.Sprintf("dtmf %d 12 RFC4733 00:02.0", c.ID()))
	})
}

func TestAutoConference(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.AC, c.Settings.AutoHold = true, true }, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		b := r.another("1005")
		if a.Info().Conference == 0 || a.Info().Conference != b.Info().Conference {
			t.Errorf("%+v", r.e.Conferences())
		}
		r.journal(words("hold"))
	})
}
