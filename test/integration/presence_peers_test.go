//go:build integration && linux

package integration

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// desk is the binding in the test's own process, with accounts at one server.
type desk struct {
	*pjsua.Endpoint
	t            *testing.T
	tp           *pjsua.Transport
	server, name string
	seen         []pjsua.Event
}

func newDesk(t *testing.T, server, domain string) *desk {
	t.Helper()
	ep, err := pjsua.Open(pjsua.Config{})
	check(t, err)
	d := &desk{Endpoint: ep, t: t, server: server, name: domain}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), deadline)
		defer cancel()
		if err := ep.Shutdown(ctx); err != nil {
			t.Error(err)
		}
	})
	d.tp, err = ep.AddTransport(d.soon(), pjsua.TransportConfig{Type: pjsua.UDP, BindAddress: peers.Loopback})
	check(t, err)
	check(t, ep.SetCodecOrder(d.soon(), "PCMU"))
	return d
}

func (d *desk) soon() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	d.t.Cleanup(cancel)
	return ctx
}

// register adds an account and waits for its registration.
func (d *desk) register(user string, change func(*pjsua.AccountConfig)) *pjsua.Account {
	d.t.Helper()
	cfg := pjsua.AccountConfig{
		ID: "sip:" + user + "@" + d.name, Registrar: "sip:" + d.server, Proxies: []string{"sip:" + d.server}, Transport: d.tp,
		Credentials: []pjsua.Credential{{Username: user, Password: pjsua.NewSecret(peers.Password(user))}}, MediaAddress: peers.Loopback,
	}
	if change != nil {
		change(&cfg)
	}
	acc, err := d.AddAccount(d.soon(), cfg)
	check(d.t, err)
	deskEvent(d, func(ev pjsua.RegistrationChanged) bool { return ev.Account == acc.ID() && ev.Registered })
	return acc
}

func (d *desk) uri(user string) string { return "sip:" + user + "@" + d.name }

// deskEvent reads events until one of type E satisfies ok. Earlier ones are looked at
// first, since events of several things come in any order.
func deskEvent[E pjsua.Event](d *desk, ok func(E) bool) E {
	d.t.Helper()
	for i, ev := range d.seen {
		if e, is := ev.(E); is && ok(e) {
			d.seen = append(d.seen[:i:i], d.seen[i+1:]...)
			return e
		}
	}
	limit := time.After(deadline)
	for {
		select {
		case ev := <-d.Events():
			if e, is := ev.(E); is && ok(e) {
				return e
			}
			d.seen = append(d.seen, ev)
		case <-limit:
			var want E
			d.t.Fatalf("no %T within %v; seen %+v", want, deadline, d.seen)
		}
	}
}

// A lamp at Asterisk shows what its hint says, by dialog-info and by PIDF.
func TestAsteriskLamps(t *testing.T) {
	a := peers.StartAsterisk(t)
	d := newDesk(t, a.UDP, peers.Loopback)
	acc := d.register("1001", nil)
	a.SetLamp("NOT_INUSE")
	blf, err := d.AddBuddy(d.soon(), pjsua.BuddyConfig{URI: d.uri("650"), Account: acc, SubscribeDialogEvent: true})
	check(t, err)
	pres, err := d.AddBuddy(d.soon(), pjsua.BuddyConfig{URI: d.uri("650"), Account: acc, Subscribe: true})
	check(t, err)
	for _, b := range []*pjsua.Buddy{blf, pres} {
		deskEvent(d, func(ev pjsua.SubscriptionChanged) bool { return ev.Buddy == b.ID() && ev.State == pjsua.SubActive })
	}
	for _, tc := range []struct {
		lamp  string
		state pjsua.DialogState
		text  string
	}{
		{"", pjsua.DialogTerminated, "Ready"}, // as it was
		{"RINGING", pjsua.DialogEarly, "Ringing"},
		{"INUSE", pjsua.DialogConfirmed, "On the phone"},
		{"NOT_INUSE", pjsua.DialogTerminated, "Ready"},
	} {
		if tc.lamp != "" {
			a.SetLamp(tc.lamp)
		}
		ev := deskEvent(d, func(ev pjsua.BuddyDialogChanged) bool { return ev.Dialogs.State() == tc.state })
		if ev.Buddy != blf.ID() || ev.Account != acc.ID() || ev.Err != nil || !strings.Contains(ev.Dialogs.Entity, "650") {
			t.Errorf("%s: %+v", tc.lamp, ev)
		}
		told := deskEvent(d, func(pjsua.BuddyChanged) bool { return true })
		if told.Buddy != pres.ID() || told.Presence.Status != pjsua.BuddyOnline || told.Err != nil || told.Presence.StatusText != tc.text {
			t.Errorf("%s: %+v", tc.lamp, told)
		}
	}
	check(t, blf.Remove(d.soon()))
	check(t, pres.SubscribePresence(d.soon(), false))
	deskEvent(d, func(ev pjsua.SubscriptionChanged) bool {
		return ev.Buddy == pres.ID() && ev.State == pjsua.SubTerminated
	})

	// What Asterisk has no hint for it refuses.
	none, err := d.AddBuddy(d.soon(), pjsua.BuddyConfig{URI: d.uri("699"), Account: acc, SubscribeDialogEvent: true})
	check(t, err)
	ev := deskEvent(d, func(ev pjsua.SubscriptionChanged) bool {
		return ev.Buddy == none.ID() && ev.State == pjsua.SubTerminated
	})
	if ev.Code != pjsua.CodeNotFound {
		t.Errorf("%+v", ev)
	}
}

// A message in a mailbox lights the lamp of the account that subscribed to it, and of one
// that is told without.
func TestAsteriskMailbox(t *testing.T) {
	a := peers.StartAsterisk(t)
	d := newDesk(t, a.UDP, peers.Loopback)
	subscribed := d.register("1002", func(cfg *pjsua.AccountConfig) { cfg.MWI = true })
	told := d.register("1008", nil)
	for acc, voicemail := range map[*pjsua.Account]string{subscribed: "6052", told: "6058"} {
		empty := deskEvent(d, func(ev pjsua.MWIChanged) bool { return ev.Account == acc.ID() })
		if empty.Summary.Waiting || empty.Summary.Voice() != (pjsua.MessageCount{}) || empty.Err != nil || empty.Subscribed != (acc == subscribed) {
			t.Errorf("%+v", empty)
		}
		call, err := acc.Dial(d.soon(), d.uri(voicemail), pjsua.DialOptions{})
		check(t, err)
		deskEvent(d, func(ev pjsua.CallStateChanged) bool { return ev.Call == call.ID() && ev.State == pjsua.StateConfirmed })
		<-time.After(3 * time.Second) // a message is as long as it is
		check(t, call.Hangup(d.soon(), pjsua.HangupOptions{}))
		full := deskEvent(d, func(ev pjsua.MWIChanged) bool { return ev.Account == acc.ID() && ev.Summary.Waiting })
		if full.Summary.Voice().New != 1 || full.Err != nil {
			t.Errorf("%+v in %s", full, full.Body)
		}
	}
	ev := deskEvent(d, func(ev pjsua.SubscriptionChanged) bool { return ev.State == pjsua.SubActive })
	if ev.Account != subscribed.ID() || ev.Package != pjsua.PackageMWI {
		t.Errorf("%+v", ev)
	}
}

// MESSAGE goes through a PBX, after its challenge, and comes out of it inside a call.
func TestAsteriskMessages(t *testing.T) {
	a := peers.StartAsterisk(t)
	d := newDesk(t, a.UDP, peers.Loopback)
	from, to := d.register("1001", nil), d.register("1002", nil)
	text := "Grüße, 你好 <&>"
	id, err := from.SendMessage(d.soon(), d.uri("1002"), []byte(text), pjsua.MessageOptions{})
	check(t, err)
	status := deskEvent(d, func(ev pjsua.MessageStatus) bool { return ev.Message == id })
	if status.Code != 202 || status.Account != from.ID() {
		t.Errorf("%+v", status)
	}
	got := deskEvent(d, func(pjsua.MessageReceived) bool { return true })
	if string(got.Body) != text || got.Account != to.ID() || !strings.HasPrefix(got.ContentType, "text/plain") || !strings.Contains(got.From, "1001") {
		t.Errorf("%+v", got)
	}
	call, err := from.Dial(d.soon(), d.uri("617"), pjsua.DialOptions{})
	check(t, err)
	got = deskEvent(d, func(pjsua.MessageReceived) bool { return true })
	if got.Call != call.ID() || strings.TrimRight(string(got.Body), "\x00") != "hello" || got.Account != from.ID() {
		t.Errorf("%+v", got)
	}
}

// MESSAGE, typing, SUBSCRIBE and NOTIFY pass a proxy on their way between two accounts.
func TestKamailioPresence(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	d := newDesk(t, k.UDP, k.Domain)
	alice := d.register("alice", nil)
	bob := d.register("bob", func(cfg *pjsua.AccountConfig) {
		cfg.Policy = &pjsua.Policy{Subscribe: pjsua.SubscribePolicy{Action: pjsua.SubscribeAsk}}
	})
	for _, tc := range []struct {
		user string
		code pjsua.SIPCode
	}{{"bob", pjsua.CodeOK}, {"nobody", pjsua.CodeNotFound}, {"9480", pjsua.CodeTemporarilyUnavailable}} {
		id, err := alice.SendMessage(d.soon(), d.uri(tc.user), []byte("hello"), pjsua.MessageOptions{})
		check(t, err)
		if ev := deskEvent(d, func(ev pjsua.MessageStatus) bool { return ev.Message == id }); ev.Code != tc.code {
			t.Errorf("%s: %+v", tc.user, ev)
		}
	}
	if ev := deskEvent(d, func(pjsua.MessageReceived) bool { return true }); ev.Account != bob.ID() || string(ev.Body) != "hello" {
		t.Errorf("%+v", ev)
	}
	check(t, bob.SendTyping(d.soon(), d.uri("alice"), true, pjsua.TypingOptions{}))
	if ev := deskEvent(d, func(pjsua.TypingReceived) bool { return true }); ev.Account != alice.ID() || !ev.Typing {
		t.Errorf("%+v", ev)
	}

	b, err := d.AddBuddy(d.soon(), pjsua.BuddyConfig{URI: d.uri("bob"), Account: alice, Subscribe: true})
	check(t, err)
	asked := deskEvent(d, func(pjsua.WatcherSubscribed) bool { return true })
	if asked.Account != bob.ID() || !strings.Contains(asked.Remote, "alice") || asked.Code != 202 {
		t.Errorf("%+v", asked)
	}
	deskEvent(d, func(ev pjsua.SubscriptionChanged) bool { return ev.Buddy == b.ID() && ev.State == pjsua.SubPending })
	check(t, bob.SetOnlineStatus(d.soon(), pjsua.OnlineStatus{Online: true, Note: "here"}))
	check(t, bob.NotifyPresence(d.soon(), asked.Watcher, pjsua.SubActive, pjsua.NotifyPresenceOptions{}))
	ev := deskEvent(d, func(ev pjsua.BuddyChanged) bool { return ev.Presence.Status == pjsua.BuddyOnline })
	if ev.Presence.Note != "here" || ev.Buddy != b.ID() {
		t.Errorf("%+v", ev)
	}
	check(t, b.SubscribePresence(d.soon(), false))
	deskEvent(d, func(ev pjsua.WatcherChanged) bool {
		return ev.Watcher == asked.Watcher && ev.State == pjsua.SubTerminated
	})
}
