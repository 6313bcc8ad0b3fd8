package engine

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// buddy returns what the last BuddyChanged of the events says.
func lastBuddy(t *testing.T, events []Event) BuddyInfo {
	t.Helper()
	for i := len(events) - 1; i >= 0; i-- {
		if ev, ok := events[i].(BuddyChanged); ok {
			return ev.BuddyInfo
		}
	}
	t.Fatalf("no BuddyChanged in %v", brief(events))
	return BuddyInfo{}
}

func TestWatch(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		r.events()
		var id pjsua.BuddyID
		r.phone.onBuddy = func(got pjsua.BuddyID, uri string) error {
			id = got
			// The first event beats the return.
			r.phone.send(pjsua.SubscriptionChanged{EventHeader: r.phone.head(), Package: pjsua.PackagePresence, Buddy: id, Account: r.acc1, State: pjsua.SubSent})
			synctest.Wait()
			return nil
		}
		info, err := r.e.Watch(t.Context(), "1002", WatchOptions{})
		if err != nil || info.URI != "sip:1002@pbx" || info.Status != BuddyUnknown {
			t.Fatalf("%+v, %v", info, err)
		}
		if got := lastBuddy(t, r.expect("BuddyChanged")); got.State != "SENT" {
			t.Errorf("%+v", got)
		}
		for _, c := range []struct {
			presence pjsua.Presence
			want     string
		}{
			{pjsua.Presence{Status: pjsua.BuddyOnline}, BuddyOnline},
			{pjsua.Presence{Status: pjsua.BuddyOnline, Note: "On the phone"}, BuddyOnThePhone},
			{pjsua.Presence{Status: pjsua.BuddyOnline, Note: "Ringing"}, BuddyRinging},
			{pjsua.Presence{Status: pjsua.BuddyOnline, Activity: pjsua.ActivityBusy}, BuddyBusy},
			{pjsua.Presence{Status: pjsua.BuddyOnline, Activity: pjsua.ActivityAway}, BuddyAway},
			{pjsua.Presence{Status: pjsua.BuddyOffline}, BuddyOffline},
		} {
			r.phone.send(pjsua.BuddyChanged{EventHeader: r.phone.head(), Buddy: id, State: pjsua.SubActive, Presence: c.presence, Body: []byte("x")})
			if got := lastBuddy(t, r.events()); got.Status != c.want {
				t.Errorf("%+v: %+v", c.presence, got)
			}
		}
		// A NOTIFY without a body tells nothing new.
		r.phone.send(pjsua.BuddyChanged{EventHeader: r.phone.head(), Buddy: id, State: pjsua.SubActive})
		r.expect()
		r.phone.send(pjsua.SubscriptionChanged{EventHeader: r.phone.head(), Package: pjsua.PackagePresence, Buddy: id, State: pjsua.SubTerminated, Code: 403, Reason: "rejected"})
		if got := lastBuddy(t, r.events()); got.Status != BuddyUnknown || got.Code != 403 {
			t.Errorf("%+v", got)
		}
		// Watching again, or registering again, brings it back.
		if _, err := r.e.Watch(t.Context(), "1002", WatchOptions{}); err != nil {
			t.Fatal(err)
		}
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.journal(words("buddy", "updatebuddy"), fmt.Sprintf("buddy %d sip:1002@pbx presence", r.acc1),
			fmt.Sprintf("updatebuddy %d presence", id), fmt.Sprintf("updatebuddy %d presence", id))
		if list := r.e.Buddies(); len(list) != 1 {
			t.Errorf("%+v", list)
		}
		if err := r.e.Unwatch(t.Context(), "1002"); err != nil {
			t.Fatal(err)
		}
		r.journal(words("removebuddy"), fmt.Sprintf("removebuddy %d", id))
		if r.e.Unwatch(t.Context(), "1002") == nil {
			t.Error("again")
		}
		if _, err := r.e.Watch(t.Context(), "1002", WatchOptions{Package: "weather"}); err == nil {
			t.Error("weather")
		}
	})
}

func TestWatchWaitsForTheRegistration(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if _, err := r.e.Watch(t.Context(), "1002", WatchOptions{Account: 1, Package: PackageDialog}); err != nil {
			t.Fatal(err)
		}
		r.journal(words("buddy"))
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		r.journal(words("buddy"), fmt.Sprintf("buddy %d sip:1002@pbx dialog", r.acc1))
	})
}

func TestABuddyThatCannotBeAdded(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		r.phone.onBuddy = func(pjsua.BuddyID, string) error { return pjsua.StatusTooMany }
		if _, err := r.e.Watch(t.Context(), "1002", WatchOptions{}); !errors.Is(err, pjsua.StatusTooMany) {
			t.Errorf("%v", err)
		}
		if len(r.e.Buddies()) != 0 {
			t.Error("it is remembered")
		}
	})
}

func TestBusyLamp(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		var id pjsua.BuddyID
		r.phone.onBuddy = func(got pjsua.BuddyID, _ string) error { id = got; return nil }
		if _, err := r.e.Watch(t.Context(), "1002", WatchOptions{Package: PackageDialog}); err != nil {
			t.Fatal(err)
		}
		r.events()
		dialog := func(id string, state pjsua.DialogState, direction string) pjsua.Dialog {
			return pjsua.Dialog{ID: id, State: state, StateName: state.String(), Direction: direction}
		}
		for _, c := range []struct {
			full    bool
			dialogs []pjsua.Dialog
			want    string
			n       int
		}{
			{true, nil, BuddyOnline, 0},
			{true, []pjsua.Dialog{dialog("a", pjsua.DialogEarly, "recipient")}, BuddyRinging, 1},
			{false, []pjsua.Dialog{dialog("b", pjsua.DialogConfirmed, "initiator")}, BuddyOnThePhone, 2},
			{false, []pjsua.Dialog{dialog("b", pjsua.DialogTerminated, "initiator")}, BuddyRinging, 1},
			{false, []pjsua.Dialog{dialog("a", pjsua.DialogTerminated, "recipient")}, BuddyOnline, 0},
			{true, []pjsua.Dialog{dialog("c", pjsua.DialogEarly, "initiator")}, BuddyOnThePhone, 1},
		} {
			r.phone.send(pjsua.BuddyDialogChanged{
				EventHeader: r.phone.head(), Buddy: id, State: pjsua.SubActive, Body: []byte("x"),
				Dialogs: pjsua.DialogInfo{Full: c.full, Dialogs: c.dialogs},
			})
			if got := lastBuddy(t, r.events()); got.Status != c.want || len(got.Dialogs) != c.n {
				t.Errorf("%+v: %+v", c, got)
			}
		}
	})
}

func TestPublish(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Accounts[0].Publish = true }, func(t *testing.T, r *rig) {
		if err := r.e.Publish(t.Context(), Presence{Online: true, Activity: "busy", Note: "Do not disturb"}); err != nil {
			t.Fatal(err)
		}
		r.journal(words("online"), fmt.Sprintf("online %d true unknown %q", r.acc1, ""),
			fmt.Sprintf("online %d true busy %q", r.acc1, "Do not disturb"))
		if r.e.Publish(t.Context(), Presence{Activity: "asleep"}) == nil {
			t.Error("asleep")
		}
	})
}

func TestMWI(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		r.phone.send(pjsua.MWIChanged{EventHeader: r.phone.head(), Account: r.acc1, Summary: pjsua.MessageSummary{
			Waiting: true, Account: "sip:vm@pbx", Messages: map[string]pjsua.MessageCount{"voice-message": {New: 2, Old: 8, UrgentNew: 1}},
		}})
		r.phone.send(pjsua.MWIChanged{EventHeader: r.phone.head(), Account: r.acc1, Err: errors.New("no body")})
		events := r.expect("MWIChanged")
		want := Mailbox{Waiting: true, New: 2, Old: 8, UrgentNew: 1, Mailbox: "sip:vm@pbx"}
		if e := events[0].(MWIChanged); e.Mailbox != want || e.Account != 1 {
			t.Errorf("%+v", e)
		}
		if m := r.e.Accounts()[1].Mailbox; m == nil || *m != want {
			t.Errorf("%+v", m)
		}
	})
}

func TestMessages(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		id, err := r.e.SendMessage(t.Context(), 3, "1002", "hello", "")
		if err != nil {
			t.Fatal(err)
		}
		c, _ := r.connected()
		if _, err := c.Message(t.Context(), "<b>hi</b>", "text/html"); err != nil {
			t.Fatal(err)
		}
		acc3, _ := r.e.Account(3)
		r.journal(words("message", "callmessage"), fmt.Sprintf(`message %d sip:1002@pbx "hello" `, acc3.id),
			fmt.Sprintf(`callmessage %d "<b>hi</b>" text/html`, c.ID()))
		r.phone.send(pjsua.MessageStatus{EventHeader: r.phone.head(), Message: id, Account: acc3.id, To: "sip:1002@pbx", Code: 202, Reason: "Accepted"})
		r.phone.send(pjsua.MessageReceived{EventHeader: r.phone.head(), Account: r.acc1, From: "sip:a@b", ContentType: "text/plain; charset=utf-8", Body: []byte("grüß")})
		r.phone.send(pjsua.MessageReceived{EventHeader: r.phone.head(), Account: r.acc1, From: "sip:a@b", ContentType: "image/png", Body: []byte{1, 2}})
		r.phone.send(pjsua.MessageReceived{EventHeader: r.phone.head(), Account: r.acc1, From: "sip:a@b", ContentType: "text/plain", Body: []byte{0xff}})
		events := r.expect("MessageStatus", "MessageReceived", "MessageReceived", "MessageReceived")
		if e := events[0].(MessageStatus); e.Message != id || e.Code != 202 || e.Account != 3 {
			t.Errorf("%+v", e)
		}
		if e := events[1].(MessageReceived); e.Text != "grüß" || e.Body != nil || e.Account != 1 {
			t.Errorf("%+v", e)
		}
		for _, ev := range events[2:] {
			if e := ev.(MessageReceived); e.Text != "" || e.Body == nil {
				t.Errorf("%+v", e)
			}
		}
	})
}

func TestMessagesAreOff(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.DisableMessaging = true }, func(t *testing.T, r *rig) {
		if _, err := r.e.SendMessage(t.Context(), 1, "1002", "hello", ""); !errors.Is(err, ErrMessagingDisabled) {
			t.Errorf("%v", err)
		}
		c, _ := r.connected()
		if _, err := c.Message(t.Context(), "x", ""); !errors.Is(err, ErrMessagingDisabled) {
			t.Errorf("%v", err)
		}
		r.events()
		r.phone.send(pjsua.MessageReceived{EventHeader: r.phone.head(), Account: r.acc1, From: "sip:a@b", Body: []byte("x")})
		r.expect()
	})
}
