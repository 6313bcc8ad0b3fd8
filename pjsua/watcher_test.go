//go:build cgo

package pjsua

import (
	"strings"
	"testing"
)

// watched adds an account that others may subscribe to, and a buddy of alice's that does.
func (p *phone) watched(policy SubscribePolicy) (*Account, *Buddy) {
	p.t.Helper()
	acc := must(p.AddAccount(within(p.t), AccountConfig{ID: "Carol <sip:carol@" + p.addr + ">", Policy: &Policy{Subscribe: policy}}))(p.t)
	check(p.t, acc.SetOnlineStatus(within(p.t), OnlineStatus{Online: true}))
	b := must(p.AddBuddy(within(p.t), BuddyConfig{URI: "sip:carol@" + p.addr, Account: p.acc, Subscribe: true}))(p.t)
	return acc, b
}

// watching reads events until those of both ends of a subscription are as wanted.
type watching struct {
	asked   WatcherSubscribed
	watcher WatcherChanged
	sub     SubscriptionChanged
	told    BuddyChanged
}

func (w *watching) await(p *phone, ok func(*watching) bool) {
	p.t.Helper()
	for !ok(w) {
		switch ev := p.next().(type) {
		case WatcherSubscribed:
			w.asked = ev
		case WatcherChanged:
			w.watcher = ev
		case SubscriptionChanged:
			w.sub = ev
		case BuddyChanged:
			w.told = ev
		}
	}
}

func TestWatcherIsTold(t *testing.T) {
	p := newPhone(t, Config{})
	acc, b := p.watched(SubscribePolicy{Action: SubscribeAccept})
	var w watching
	w.await(p, func(w *watching) bool {
		return w.watcher.State == SubActive && w.sub.State == SubActive && w.told.Presence.Status == BuddyOnline
	})
	if ev := w.asked; ev.Code != CodeOK || ev.Watcher == 0 || ev.Account != acc.ID() || ev.Buddy != 0 || ev.Source != p.addr ||
		ev.Remote != "<sip:alice@127.0.0.1>" && !strings.Contains(ev.Remote, "sip:alice@") || len(ev.HeaderValues("event")) != 1 || ev.Expires <= 0 {
		t.Errorf("%+v", ev)
	}
	if w.watcher.Watcher != w.asked.Watcher || w.watcher.Account != acc.ID() || w.told.Buddy != b.ID() {
		t.Errorf("%+v", w)
	}
	for _, tc := range []struct {
		status OnlineStatus
		text   string
	}{
		{OnlineStatus{Online: true, Activity: ActivityBusy, Note: `Grüße <&"'>]]> %s`}, `Grüße <&"'>]]> %s`},
		{OnlineStatus{Online: true, Activity: ActivityAway, Person: `p"<`}, "Away"},
		{OnlineStatus{Online: true}, "Online"},
		{OnlineStatus{Note: strings.Repeat("&", 1024)}, strings.Repeat("&", 1024)},
		{OnlineStatus{}, "Offline"},
	} {
		check(t, acc.SetOnlineStatus(within(t), tc.status))
		ev := await(p, func(BuddyChanged) bool { return true })
		status := BuddyOffline
		if tc.status.Online {
			status = BuddyOnline
		}
		if got := ev.Presence; got.Status != status || got.Activity != tc.status.Activity || got.Note != tc.status.Note ||
			got.StatusText != tc.text && tc.status.Activity != ActivityAway || ev.Err != nil {
			t.Errorf("%+v: %+v in %s", tc.status, ev, ev.Body)
		}
		if tc.status.Person != "" && ev.Presence.Person != tc.status.Person {
			t.Errorf("person %q", ev.Presence.Person)
		}
	}
	for _, bad := range []OnlineStatus{{Note: strings.Repeat("x", 1025)}, {Activity: 9}, {Person: strings.Repeat("x", 129)}} {
		if acc.SetOnlineStatus(within(t), bad) == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	assertIs(t, p.acc.NotifyPresence(within(t), w.asked.Watcher, SubActive, NotifyPresenceOptions{}), ErrWatcherGone) // not alice's
	check(t, acc.NotifyPresence(within(t), w.asked.Watcher, SubActive, NotifyPresenceOptions{Msg: MsgData{Headers: []Header{{"X-Test", "one"}}}}))
	await(p, func(ev BuddyChanged) bool { return ev.Presence.Status == BuddyOffline })
	for _, state := range []SubscriptionState{SubNull, SubSent, SubAccepted, SubUnknown, 99} {
		if acc.NotifyPresence(within(t), w.asked.Watcher, state, NotifyPresenceOptions{}) == nil {
			t.Errorf("%v was taken", state)
		}
	}

	check(t, b.SubscribePresence(within(t), false))
	w.await(p, func(w *watching) bool { return w.watcher.State == SubTerminated && w.sub.State == SubTerminated })
	assertIs(t, acc.NotifyPresence(within(t), w.asked.Watcher, SubActive, NotifyPresenceOptions{}), ErrWatcherGone)
	assertIs(t, acc.NotifyPresence(within(t), 0, SubActive, NotifyPresenceOptions{}), ErrWatcherGone)

	// An account that goes takes leave of those who watch it.
	check(t, b.SubscribePresence(within(t), true))
	w = watching{}
	w.await(p, func(w *watching) bool { return w.watcher.State == SubActive && w.sub.State == SubActive })
	check(t, acc.Remove(within(t), RemoveOptions{}))
	w.await(p, func(w *watching) bool { return w.watcher.State == SubTerminated && w.sub.State == SubTerminated })
	if w.sub.Reason != "noresource" {
		t.Errorf("%+v", w.sub)
	}
}

func TestWatcherAsks(t *testing.T) {
	p := newPhone(t, Config{})
	acc, b := p.watched(SubscribePolicy{Action: SubscribeAsk})
	var w watching
	w.await(p, func(w *watching) bool { return w.watcher.State == SubPending && w.sub.State == SubPending })
	if w.asked.Code != 202 || w.told.Body != nil || w.told.Presence.Status != BuddyUnknown {
		t.Errorf("%+v", w)
	}
	// Nobody who waits is told anything.
	check(t, acc.SetOnlineStatus(within(t), OnlineStatus{Online: true, Note: "secret"}))
	check(t, acc.NotifyPresence(within(t), w.asked.Watcher, SubActive, NotifyPresenceOptions{}))
	w.await(p, func(w *watching) bool {
		return w.watcher.State == SubActive && w.sub.State == SubActive && w.told.Body != nil
	})
	if w.told.Presence.Note != "secret" {
		t.Errorf("%+v", w.told)
	}
	check(t, acc.NotifyPresence(within(t), w.asked.Watcher, SubTerminated, NotifyPresenceOptions{Reason: "rejected", NoBody: true}))
	w.told = BuddyChanged{}
	w.await(p, func(w *watching) bool {
		return w.watcher.State == SubTerminated && w.sub.State == SubTerminated && w.told.State == SubTerminated
	})
	if w.sub.Reason != "rejected" || w.sub.Code != 200 || w.told.Body != nil {
		t.Errorf("%+v", w)
	}
	check(t, b.Remove(within(t)))

	// Who is accepted at once does not wait afterwards.
	for range 20 {
		w = watching{}
		b := must(p.AddBuddy(within(t), BuddyConfig{URI: "sip:carol@" + p.addr, Account: p.acc, Subscribe: true}))(t)
		w.await(p, func(w *watching) bool { return w.asked.Watcher != 0 })
		check(t, acc.NotifyPresence(within(t), w.asked.Watcher, SubActive, NotifyPresenceOptions{}))
		w.await(p, func(w *watching) bool { return w.sub.State == SubActive })
		check(t, b.SubscribePresence(within(t), false))
		w.await(p, func(w *watching) bool {
			if w.sub.State == SubPending {
				t.Fatalf("%+v", w)
			}
			return w.watcher.State == SubTerminated && w.sub.State == SubTerminated
		})
		check(t, b.Remove(within(t)))
	}
}

func TestWatcherIsRefused(t *testing.T) {
	p := newPhone(t, Config{})
	for _, tc := range []struct {
		policy SubscribePolicy
		code   SIPCode
	}{{SubscribePolicy{}, CodeDecline}, {SubscribePolicy{Code: CodeForbidden}, CodeForbidden}} {
		acc, b := p.watched(tc.policy)
		var w watching
		w.await(p, func(w *watching) bool { return w.sub.State == SubTerminated && w.asked.Code != 0 })
		if w.asked.Code != tc.code || w.asked.Watcher != 0 || w.sub.Code != tc.code || w.watcher.Watcher != 0 {
			t.Errorf("%+v", w)
		}
		check(t, b.Remove(within(t)))
		check(t, acc.Remove(within(t), RemoveOptions{}))
	}
}

func TestPublish(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:eve@" + peer.addr, Publish: true, Proxies: []string{"sip:" + peer.addr}}))(t)
	check(t, acc.SetOnlineStatus(within(t), OnlineStatus{Online: true, Activity: ActivityBusy, Note: "a<b"}))
	pub := peer.request("PUBLISH")
	presence, err := ParsePresence(pub.header("Content-Type"), []byte(pub.body()))
	if err != nil || presence.Status != BuddyOnline || presence.Note != "a<b" || presence.Activity != ActivityBusy || pub.header("Event") != "presence" {
		t.Errorf("%+v, %v in %s", presence, err, pub.raw)
	}
	// What the phone has read before it answers this it has dealt with.
	sync := dialog{peer, "sip:eve@" + p.addr, "", "<sip:peer@" + peer.addr + ">;tag=1", "<sip:eve@" + peer.addr + ">", "sync", pub.from}
	peer.respond(pub, "200 OK", "SIP-ETag: one", "Expires: 600")
	sync.send("MESSAGE", 1, "")
	check(t, acc.SetOnlineStatus(within(t), OnlineStatus{}))
	pub = peer.request("PUBLISH")
	if presence, _ := ParsePresence(pub.header("Content-Type"), []byte(pub.body())); presence.Status != BuddyOffline || pub.header("SIP-If-Match") != "one" {
		t.Errorf("%s", pub.raw)
	}
	peer.respond(pub, "200 OK", "SIP-ETag: two", "Expires: 600")
	sync.callID = "again"
	sync.send("MESSAGE", 2, "")
	check(t, acc.Remove(within(t), RemoveOptions{}))
	if pub = peer.request("PUBLISH"); pub.header("Expires") != "0" || pub.header("SIP-If-Match") != "two" {
		t.Errorf("%s", pub.raw)
	}
	peer.respond(pub, "200 OK", "SIP-ETag: three", "Expires: 0")
}
