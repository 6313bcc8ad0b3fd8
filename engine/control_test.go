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

// another makes a further call that is up.
func (r *rig) another(number string) *Call {
	r.t.Helper()
	c := r.dial(number)
	r.phone.confirm(c.ID())
	r.events()
	return c
}

func TestBlindTransfer(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		tr, err := c.Transfer(t.Context(), "1009")
		if err != nil {
			t.Fatal(err)
		}
		r.journal(words("transfer"), fmt.Sprintf("transfer %d sip:1009@pbx", c.ID()))
		if _, err := c.Transfer(t.Context(), "1009"); !errors.Is(err, ErrTransferPending) {
			t.Errorf("a second transfer: %v", err)
		}
		for _, code := range []pjsua.SIPCode{100, 180, 200} {
			r.phone.send(pjsua.TransferProgress{EventHeader: r.phone.head(), Call: c.ID(), Code: code, Reason: "x", Final: code == 200})
		}
		events := r.expect("TransferStarted", "TransferProgress", "TransferProgress", "TransferProgress", "TransferEnded",
			"CallStateChanged DISCONNECTED", "CallEnded 0")
		if e := events[4].(TransferEnded); e.Outcome != TransferSucceeded || e.Code != 200 || e.Call != c.ID() || e.Target != "sip:1009@pbx" {
			t.Errorf("%+v", e)
		}
		if err := tr.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestTransferFails(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		tr, err := c.Transfer(t.Context(), "1009")
		if err != nil {
			t.Fatal(err)
		}
		r.phone.send(pjsua.TransferProgress{EventHeader: r.phone.head(), Call: c.ID(), Code: 486, Reason: "Busy", Final: true})
		r.expect("TransferStarted", "TransferProgress", "TransferEnded")
		var failed *TransferError
		if err := tr.Wait(t.Context()); !errors.As(err, &failed) || failed.Code != 486 || failed.Outcome != TransferFailed {
			t.Errorf("%v", err)
		}
		if c.Info().State != StateConfirmed {
			t.Error("the call is gone")
		}
		// One whose end the far end does not tell.
		if tr, err = c.Transfer(t.Context(), "1009"); err != nil {
			t.Fatal(err)
		}
		r.phone.end(c.ID(), 200, "")
		if err := tr.Wait(t.Context()); !errors.As(err, &failed) || failed.Outcome != TransferUnknown {
			t.Errorf("%v", err)
		}
		r.expect("TransferStarted", "CallStateChanged DISCONNECTED", "TransferEnded", "CallEnded 200")
		// One that cannot be sent.
		other := r.another("1004")
		r.phone.onTransfer = func(_, _ pjsua.CallID, _ string) error { return pjsua.StatusInvalid }
		if _, err := other.Transfer(t.Context(), "1009"); !errors.Is(err, pjsua.StatusInvalid) {
			t.Errorf("%v", err)
		}
		r.expect("TransferStarted", "TransferEnded")
		if _, err := other.Transfer(t.Context(), "sip:"); err == nil {
			t.Error("a target that is none")
		}
		r.expect()
	})
}

func TestAttendedTransfer(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		second, err := c.Consult(t.Context(), "1005")
		if err != nil {
			t.Fatal(err)
		}
		r.phone.confirm(second.ID())
		r.events()
		r.journal(words("hold"), fmt.Sprintf("hold %d", c.ID()))
		if _, err := c.TransferTo(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		r.journal(words("transferto"), fmt.Sprintf("transferto %d %d", c.ID(), second.ID()))
		started := r.events()[0].(TransferStarted)
		if started.Other != second.ID() {
			t.Errorf("%+v", started)
		}
		if _, err := second.TransferTo(t.Context(), second); err == nil {
			t.Error("a transfer to itself")
		}
	})
}

func TestTransferByFeatureCode(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.EnableFeatureCodeBT, c.Settings.FeatureCodeBT = true, "##"
		c.Settings.EnableFeatureCodeAT, c.Settings.FeatureCodeAT = true, "*2"
	}, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		tr, err := c.Transfer(t.Context(), "10-09")
		if err != nil {
			t.Fatal(err)
		}
		var unknown *TransferError
		if err := tr.Wait(t.Context()); !errors.As(err, &unknown) || unknown.Outcome != TransferUnknown {
			t.Errorf("%v", err)
		}
		if second, err := c.Consult(t.Context(), "1005"); err != nil || second != nil {
			t.Errorf("%v %v", second, err)
		}
		r.expect("TransferStarted", "DTMFSent", "TransferEnded", "TransferStarted", "DTMFSent", "TransferEnded")
		if n := len(r.phone.noted("transfer", "hold")); n != 0 {
			t.Errorf("%d REFERs", n)
		}
	})
}

func TestACallThatATransferMakes(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		born := r.phone.newCall(r.acc1, pjsua.RoleUAC, "sip:1010@pbx")
		r.phone.send(pjsua.CallTransferred{EventHeader: r.phone.head(), Call: c.ID(), NewCall: born.id, Account: r.acc1, Remote: "sip:1010@pbx"})
		r.phone.state(born.id, pjsua.StateCalling, 0, "")
		r.expect("CallTransferred", "CallStateChanged CALLING")
		info := r.e.Calls()[1]
		if info.Remote != "sip:1010@pbx" || info.Account != 1 || info.Role != "UAC" {
			t.Errorf("%+v", info)
		}
		if n := func() int { r.e.mu.Lock(); defer r.e.mu.Unlock(); return r.e.diallingLocked() }(); n != 0 {
			t.Errorf("%d dials wait", n)
		}
	})
}

// A call that takes the place of another takes its place in the conference.
func TestACallThatReplacesAnother(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.connected()
		b := r.another("1005")
		id, err := r.e.Conference(t.Context(), a, b)
		if err != nil {
			t.Fatal(err)
		}
		r.events()
		r.phone.send(pjsua.ReplaceRequested{EventHeader: r.phone.head(), Call: b.ID(), Code: 200, Remote: "sip:1010@pbx"})
		born := r.phone.newCall(r.acc1, pjsua.RoleUAS, "sip:1010@pbx")
		r.phone.send(pjsua.CallReplaced{EventHeader: r.phone.head(), Call: b.ID(), NewCall: born.id, Account: r.acc1, Remote: "sip:1010@pbx"})
		r.phone.confirm(born.id)
		r.phone.end(b.ID(), 200, "")
		events := r.events()
		if got := brief(events)[:3]; !slices.Equal(got, []string{"ReplaceRequested", "ConferenceChanged", "CallReplaced"}) {
			t.Errorf("%q", got)
		}
		list := r.e.Conferences()
		if len(list) != 1 || list[0].Conference != id || !slices.Equal(list[0].Calls, []CallID{a.ID(), born.id}) {
			t.Errorf("%+v", list)
		}
		r.e.mu.Lock()
		room := a.conf.room.(*fakeRoom)
		r.e.mu.Unlock()
		if in := room.in(); !slices.Equal(in, []pjsua.CallID{a.ID(), born.id}) {
			t.Errorf("in the room: %v", in)
		}
	})
}

func TestForward(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:boss@pbx")
		r.events()
		c, _ := r.e.Call(id)
		if err := c.Forward(t.Context(), "1077"); err != nil {
			t.Fatal(err)
		}
		r.journal(words("answer"), fmt.Sprintf("answer %d 180", id),
			fmt.Sprintf("answer %d 302 Contact: <sip:1077@pbx> Diversion: <sip:1001@pbx>", id))
		if err := c.Forward(t.Context(), "1077"); !errors.Is(err, ErrCallEnded) {
			t.Errorf("again: %v", err)
		}
		up, _ := r.connected()
		if err := up.Forward(t.Context(), "1077"); !errors.Is(err, ErrNotRinging) {
			t.Errorf("of a call that is up: %v", err)
		}
		if err := up.Reject(t.Context(), 0, ""); !errors.Is(err, ErrNotRinging) {
			t.Errorf("Reject of a call that is up: %v", err)
		}
	})
}

func TestRejectAndRedirect(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		first, second := r.phone.ring(r.acc1, "sip:a@pbx"), pjsua.CallID(0)
		r.events()
		second = r.phone.ring(r.acc1, "sip:b@pbx")
		r.events()
		a, _ := r.e.Call(first)
		b, _ := r.e.Call(second)
		if err := a.Reject(t.Context(), 0, ""); err != nil {
			t.Fatal(err)
		}
		if err := b.Redirect(t.Context(), 300, "1008", `"Ann" <sip:ann@far.example>`); err != nil {
			t.Fatal(err)
		}
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 486 ", first))
		r.journal(words("answer"), fmt.Sprintf("answer %d 180", first), fmt.Sprintf("answer %d 180", second),
			fmt.Sprintf(`answer %d 300 Contact: <sip:1008@pbx> Contact: "Ann" <sip:ann@far.example>`, second))
	})
}

func TestMuteAndVolume(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, port := r.connected()
		if err := c.SetMuted(t.Context(), Input, true); err != nil {
			t.Fatal(err)
		}
		if err := c.SetVolume(t.Context(), Output, 50); err != nil {
			t.Fatal(err)
		}
		r.journal(words("levels"), "levels call 0 1", "levels call 0 0.5")
		events := r.expect("LevelsChanged", "LevelsChanged")
		if e := events[1].(LevelsChanged); !e.MutedIn || e.MutedOut || e.VolumeIn != 100 || e.VolumeOut != 50 || e.Call != c.ID() {
			t.Errorf("%+v", e)
		}
		// A new port begins unchanged, one that stays may have been made anew.
		r.phone.says(c.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
		r.events()
		r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSendRecv)
		r.events()
		r.journal(words("levels"), "levels call 0 1", "levels call 0 0.5", "levels call 0 0.5", "levels call 0 0.5")
		if err := c.SetMuted(t.Context(), Input, false); err != nil {
			t.Fatal(err)
		}
		if info := c.Info(); info.MutedIn || info.VolumeOut != 50 {
			t.Errorf("%+v", info)
		}
		if c.SetMuted(t.Context(), "up", true) == nil || c.SetVolume(t.Context(), Input, 201) == nil {
			t.Error("nonsense is taken")
		}
	})
}

func TestMuteOfAllCalls(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		first, _ := r.connected()
		if err := r.e.SetMuted(t.Context(), Input, true); err != nil {
			t.Fatal(err)
		}
		second := r.another("1005")
		half := 50
		if err := r.e.SetVolumes(t.Context(), Volumes{Output: &half}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for _, c := range []*Call{first, second} {
			if got := r.phone.levels[r.phone.call(c.ID()).port]; got != (portLevels{0, 0.5}) {
				t.Errorf("call %d: %v", c.ID(), got)
			}
		}
		if l := r.e.Levels(); l != (Levels{MutedIn: true, VolumeIn: 100, VolumeOut: 50}) {
			t.Errorf("%+v", l)
		}
		if err := r.e.SetMuted(t.Context(), Input, false); err != nil {
			t.Fatal(err)
		}
		if got := r.phone.levels[r.phone.call(second.ID()).port]; got != (portLevels{1, 0.5}) {
			t.Errorf("unmuted: %v", got)
		}
	})
}

func TestMutedBeforeThereIsAudio(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		if err := c.SetMuted(t.Context(), Output, true); err != nil {
			t.Fatal(err)
		}
		r.phone.confirm(c.ID())
		r.events()
		r.journal(words("levels"), "levels call 1 0")
	})
}

func TestHangupThose(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		up, _ := r.connected()
		calling := r.dial("1003")
		in := r.phone.ring(r.acc1, "sip:a@pbx")
		r.events()
		if n, err := r.e.HangupCalling(t.Context()); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 0 ", calling.ID()))
		if n, err := r.e.HangupIncoming(t.Context()); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		calling = r.dial("1003")
		second := r.phone.ring(r.acc1, "sip:a@pbx")
		r.events()
		if n, err := r.e.HangupAll(t.Context()); n != 2 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		r.events()
		if calls := r.e.Calls(); len(calls) != 1 || calls[0].ID != second {
			t.Errorf("left: %+v", calls)
		}
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 0 ", calling.ID()-2), fmt.Sprintf("hangup %d 0 ", in),
			fmt.Sprintf("hangup %d 0 ", up.ID()), fmt.Sprintf("hangup %d 0 ", calling.ID()))
	})
}

func TestSelectedCall(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		selected := func(want CallID) {
			t.Helper()
			if c, ok := r.e.SelectedCall(); !ok || c.ID() != want {
				t.Errorf("selected: %v, want %d", c, want)
			}
		}
		if _, ok := r.e.SelectedCall(); ok {
			t.Error("a call is selected where there is none")
		}
		in := r.phone.ring(r.acc1, "sip:a@pbx")
		r.events()
		selected(in)
		first, _ := r.connected()
		second := r.another("1005")
		selected(second.ID())
		if c, ok := r.e.RingingCall(); !ok || c.ID() != in {
			t.Errorf("rings: %v", c)
		}
		if err := first.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		selected(first.ID())
		if err := second.Select(); err != nil {
			t.Fatal(err)
		}
		selected(second.ID())
		r.phone.end(second.ID(), 200, "")
		r.events()
		selected(first.ID())
	})
}

func TestAutoHold(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.AutoHold = true }, func(t *testing.T, r *rig) {
		first, port := r.connected()
		second := r.another("1005")
		r.journal(words("hold"), fmt.Sprintf("hold %d", first.ID()))
		r.phone.says(first.ID(), port, pjsua.MediaLocalHold, pjsua.DirSend)
		r.events()
		if !first.Info().Held || second.Info().Held {
			t.Error("who is held?")
		}
		if err := first.ToggleHold(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.journal(words("hold", "resume"), fmt.Sprintf("hold %d", first.ID()), fmt.Sprintf("hold %d", second.ID()),
			fmt.Sprintf("resume %d", first.ID()))
	})
}

// While the re-INVITE of a Hold is not answered PJSIP refuses another.
func TestResumeWaitsForTheHold(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		tries := 0
		r.phone.onResume = func(pjsua.CallID) error {
			if tries++; tries < 5 {
				return fmt.Errorf("re-INVITE: %w", pjsua.StatusInvalidOp)
			}
			return nil
		}
		if err := c.Resume(t.Context()); err != nil || tries != 5 {
			t.Errorf("%d tries, %v", tries, err)
		}
		r.phone.onResume = func(pjsua.CallID) error { return pjsua.StatusInvalidOp }
		if err := c.Resume(t.Context()); !errors.Is(err, pjsua.StatusInvalidOp) {
			t.Errorf("never: %v", err)
		}
	})
}

func TestInbandDTMF(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.DTMFMethod = config.DTMFInband }, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		begin := time.Now()
		if err := c.SendDTMF(t.Context(), "12#", DTMFOptions{}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begin); took < 600*time.Millisecond {
			t.Errorf("three digits in %v", took)
		}
		events := r.expect("DTMFSent")
		if e := events[0].(DTMFSent); e.Method != "INBAND" || e.Digits != "12#" {
			t.Errorf("%+v", e)
		}
		r.journal(words("tone", "closetone", "dtmf"), "tone 12# 100ms", "closetone")
		r.wiring()
		r.phone.says(c.ID(), r.phone.call(c.ID()).port, pjsua.MediaLocalHold, pjsua.DirSend)
	})
}

func TestAutoDTMFFallsBackToTones(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) {
		f.onDTMF = func(o pjsua.DTMFOptions) error {
			if o.Method == pjsua.DTMFRFC4733 {
				return pjsua.StatusNoTelephoneEvent
			}
			return nil
		}
	}, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		if err := c.SendDTMF(t.Context(), "5", DTMFOptions{}); err != nil {
			t.Fatal(err)
		}
		r.journal(words("tone"), "tone 5 100ms")
		if err := c.SendDTMF(t.Context(), "5", DTMFOptions{Method: config.DTMFRFC4733}); !errors.Is(err, pjsua.StatusNoTelephoneEvent) {
			t.Errorf("RFC 4733 was asked for: %v", err)
		}
		if err := c.SendDTMF(t.Context(), "5", DTMFOptions{Method: config.DTMFInfo}); err != nil {
			t.Error(err)
		}
	})
}

func TestPostDialDTMF(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if _, err := r.e.Dial(t.Context(), DialRequest{URI: "1002", DTMF: "1x"}); err == nil {
			t.Error("digits that are none")
		}
		c, err := r.e.Dial(t.Context(), DialRequest{URI: "1002", DTMF: "12,3"})
		if err != nil {
			t.Fatal(err)
		}
		r.events()
		begin := time.Now()
		r.phone.confirm(c.ID())
		var at []time.Duration
		for len(at) < 2 {
			if d, ok := (<-r.sub.Events()).(DTMFSent); ok {
				at = append(at, d.Time.Sub(begin.UTC()))
			}
		}
		// A second, then the two digits and another second.
		if at[0] != time.Second || at[1] != 2400*time.Millisecond {
			t.Errorf("digits at %v", at)
		}
	})
}
