//go:build cgo

package pjsua

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

const pidfType, dialogType = "Content-Type: application/pidf+xml", "Content-Type: application/dialog-info+xml"

func pidfBody(basic, person string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" ` +
		`xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:peer@127.0.0.1"><tuple id="t1"><status><basic>` + basic +
		`</basic></status><contact priority="0.8">sip:peer@127.0.0.1</contact><timestamp>2026-11-23T05:00:00Z</timestamp></tuple>` +
		person + `</presence>`
}

// subscribed makes a buddy of the peer, who accepts the subscription.
func (p *phone) subscribed(peer *sipPeer, pkg EventPackage) (*Buddy, dialog) {
	p.t.Helper()
	b := must(p.AddBuddy(within(p.t), BuddyConfig{
		URI: "Peer <sip:peer@" + peer.addr + ">", Account: p.acc,
		Subscribe: pkg == PackagePresence, SubscribeDialogEvent: pkg == PackageDialog,
	}))(p.t)
	sub := peer.request("SUBSCRIBE")
	if got := sub.header("Event"); got != pkg.String() {
		p.t.Errorf("Event: %s, want %v", got, pkg)
	}
	peer.respond(sub, "202 Accepted", "Expires: 600", "Contact: <sip:peer@"+peer.addr+">")
	p.subscription(b, SubSent)
	p.subscription(b, SubAccepted)
	return b, peer.dialog(sub)
}

// subscription waits for the next state of the buddy's subscription, which must be this.
func (p *phone) subscription(b *Buddy, state SubscriptionState) SubscriptionChanged {
	p.t.Helper()
	ev := await(p, func(ev SubscriptionChanged) bool { return ev.Buddy == b.ID() })
	if ev.State != state || ev.StateName == "" || ev.Account != p.acc.ID() {
		p.t.Errorf("%+v, want %v", ev, state)
	}
	return ev
}

func (d dialog) notify(state, body string, headers ...string) {
	d.peer.t.Helper()
	if code := d.send("NOTIFY", 0, body, append(headers, "Event: "+d.event, "Subscription-State: "+state)...); code != 200 {
		d.peer.t.Errorf("NOTIFY %s was answered with %d", state, code)
	}
}

func TestBuddyPresence(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	b, d := p.subscribed(peer, PackagePresence)
	changed := func() BuddyChanged {
		t.Helper()
		return await(p, func(ev BuddyChanged) bool { return ev.Buddy == b.ID() })
	}

	d.notify("pending;expires=599", "")
	p.subscription(b, SubPending)
	if ev := changed(); ev.State != SubPending || ev.Presence.Status != BuddyUnknown || ev.Body != nil || ev.Account != p.acc.ID() {
		t.Errorf("%+v", ev)
	}
	if info := must(b.Info(within(t)))(t); info.Presence.Status != BuddyUnknown || info.State != SubPending || !info.Monitored {
		t.Errorf("%+v", info)
	}

	body := pidfBody("open", "")
	d.notify("active;expires=598", body, pidfType)
	p.subscription(b, SubActive)
	tuple := PresenceTuple{ID: "t1", Open: true, Contact: "sip:peer@127.0.0.1", Timestamp: "2026-11-23T05:00:00Z"}
	want := Presence{Status: BuddyOnline, StatusText: "Online", Tuples: []PresenceTuple{tuple}}
	if ev := changed(); ev.State != SubActive || string(ev.Body) != body || !reflect.DeepEqual(ev.Presence, want) || ev.Err != nil {
		t.Errorf("%+v", ev)
	}

	d.notify("active;expires=597", pidfBody("closed", `<dm:person id="p1"><rpid:activities><rpid:away/><rpid:busy/></rpid:activities>`+
		`<dm:note>Grüße &amp; &lt;b&gt;</dm:note></dm:person>`), pidfType)
	tuple.Open = false
	want = Presence{
		Status: BuddyOffline, StatusText: "Grüße & <b>", Note: "Grüße & <b>", Person: "p1", Activity: ActivityBusy,
		Activities: []string{"away", "busy"}, Tuples: []PresenceTuple{tuple},
	}
	if ev := changed(); !reflect.DeepEqual(ev.Presence, want) || ev.Err != nil {
		t.Errorf("%+v, want %+v", ev.Presence, want)
	}

	// A NOTIFY without a body changes nothing, though it frees what PJSIP knew.
	for range 3 {
		d.notify("active;expires=596", "")
		if ev := changed(); ev.Body != nil || ev.Presence.Status != BuddyUnknown {
			t.Errorf("%+v", ev)
		}
	}
	info := must(b.Info(within(t)))(t)
	wantInfo := BuddyInfo{
		ID: b.ID(), URI: "Peer <sip:peer@" + peer.addr + ">", Account: p.acc.ID(), Contact: "sip:peer@" + peer.addr,
		Monitored: true, Package: PackagePresence, State: SubActive, Presence: want,
	}
	if !reflect.DeepEqual(info, wantInfo) {
		t.Errorf("%+v, want %+v", info, wantInfo)
	}

	check(t, b.SubscribePresence(within(t), false))
	sub := peer.request("SUBSCRIBE")
	if sub.header("Expires") != "0" {
		t.Errorf("%s", sub.raw)
	}
	peer.respond(sub, "200 OK", "Expires: 0")
	d.notify("terminated;reason=noresource", "")
	if ev := p.subscription(b, SubTerminated); ev.Reason != "noresource" || ev.Code != 200 || ev.Expires != 0 {
		t.Errorf("%+v", ev)
	}
	if ev := changed(); ev.State != SubTerminated || ev.Presence.Status != BuddyUnknown {
		t.Errorf("%+v", ev)
	}
	info = must(b.Info(within(t)))(t)
	if info.Monitored || info.Package != 0 || info.Presence.Status != BuddyUnknown || info.Reason != "noresource" {
		t.Errorf("%+v", info)
	}
	check(t, b.Remove(within(t)))
}

func TestBuddyDialogs(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	b, d := p.subscribed(peer, PackageDialog)
	body := `<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="7" state="full" entity="sip:peer@127.0.0.1">
<dialog id="d1" call-id="c1@x" local-tag="lt" remote-tag="rt" direction="recipient">
<state event="cancelled" code="487">terminated</state></dialog>
<dialog id="d2" call-id="c2@x" direction="initiator"><state>early</state><duration>12</duration>
<local><identity display="Peer">sip:peer@127.0.0.1</identity><target uri="sip:peer@127.0.0.1:5060"/></local>
<remote><identity display="Ann">sip:ann@x</identity><target uri="sip:ann@192.0.2.1"/></remote></dialog>
</dialog-info>`
	d.notify("active;expires=600", body, dialogType)
	p.subscription(b, SubActive)
	ev := await(p, func(BuddyDialogChanged) bool { return true })
	want := DialogInfo{Version: 7, Full: true, Entity: "sip:peer@127.0.0.1", Dialogs: []Dialog{
		{ID: "d1", CallID: "c1@x", LocalTag: "lt", RemoteTag: "rt", Direction: "recipient", State: DialogTerminated, StateName: "terminated", Event: "cancelled", Code: 487},
		{ID: "d2", CallID: "c2@x", Direction: "initiator", State: DialogEarly, StateName: "early", Duration: 12 * time.Second,
			Local:  DialogParty{"sip:peer@127.0.0.1", "Peer", "sip:peer@127.0.0.1:5060"},
			Remote: DialogParty{"sip:ann@x", "Ann", "sip:ann@192.0.2.1"}},
	}}
	if !reflect.DeepEqual(ev.Dialogs, want) || ev.Dialogs.State() != DialogEarly || ev.Buddy != b.ID() || ev.Account != p.acc.ID() || ev.Err != nil {
		t.Errorf("%+v", ev)
	}
	d.notify("active;expires=600", "")
	if ev := await(p, func(BuddyDialogChanged) bool { return true }); ev.Body != nil || ev.Dialogs.State() != DialogUnknown {
		t.Errorf("%+v", ev)
	}
	if info := must(b.Info(within(t)))(t); !reflect.DeepEqual(info.Dialogs, want) || info.Package != PackageDialog {
		t.Errorf("%+v", info)
	}
	if err := b.SubscribePresence(within(t), true); err == nil {
		t.Error("a second subscription was taken")
	}
	d.notify("active;expires=600", `<dialog-info version="8" state="full" entity="sip:peer@127.0.0.1"></dialog-info>`, dialogType)
	if ev := await(p, func(BuddyDialogChanged) bool { return true }); ev.Dialogs.State() != DialogTerminated || len(ev.Dialogs.Dialogs) != 0 {
		t.Errorf("%+v", ev)
	}
}

// A far end that is wrong in every way brings nothing down, and what it says next counts.
func TestHostileNotify(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	active := "Subscription-State: active;expires=600"
	for _, pkg := range []EventPackage{PackagePresence, PackageDialog} {
		b, d := p.subscribed(peer, pkg)
		event := "Event: " + pkg.String()
		mime, good := pidfType, pidfBody("open", "")
		if pkg == PackageDialog {
			mime, good = dialogType, `<dialog-info version="0" state="full"><dialog id="1"><state>confirmed</state></dialog></dialog-info>`
		}
		for _, tc := range []struct {
			what, body string
			headers    []string
			cseq, code int
		}{
			{"first", good, []string{event, active, mime}, 1000, 200},
			{"out of order", good, []string{event, active, mime}, 999, 500},
			{"cut", good[:len(good)/2], []string{event, active, mime}, 1001, 488},
			{"no XML", "\x00\xff<<<>>>", []string{event, active, mime}, 1002, 488},
			{"other document", "<html></html>", []string{event, active, mime}, 1003, 488},
			{"nothing after", "", []string{event, active}, 1004, 200},
			{"cut again", good[:20], []string{event, active, mime}, 1005, 488},
			{"nothing again", "", []string{event, active}, 1006, 200},
			{"other type", good, []string{event, active, "Content-Type: text/plain"}, 1007, 488},
			{"no type", good, []string{event, active}, 1008, 200},
			{"deep", strings.Repeat("<a>", 2000), []string{event, active, mime}, 1009, 488},
			{"deep and closed", strings.Repeat("<a>", 900) + strings.Repeat("</a>", 900), []string{event, active, mime}, 1010, 488},
			{"parts", "--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n", []string{event, active, "Content-Type: multipart/related;boundary=b"}, 1011, 488},
			{"unterminated parts", "--b\r\n\r\n", []string{event, active, "Content-Type: multipart/related;boundary=b"}, 1012, 200},
			{"no state", good, []string{event, mime}, 1013, 400},
			{"unknown state", good, []string{event, mime, "Subscription-State: " + strings.Repeat("x", 2000)}, 1014, 200},
			{"other package", good, []string{"Event: nothing", active, mime}, 1015, 481},
			{"entities", `<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>` + good, []string{event, active, mime}, 1016, 0},
			{"last", good, []string{event, active, mime}, 1017, 200},
		} {
			if code := d.send("NOTIFY", tc.cseq, tc.body, tc.headers...); code != tc.code && tc.code != 0 {
				t.Errorf("%v: %s was answered with %d, want %d", pkg, tc.what, code, tc.code)
			}
		}
		if pkg == PackagePresence {
			await(p, func(ev BuddyChanged) bool {
				return ev.State == SubActive && ev.Presence.Status == BuddyOnline && ev.Buddy == b.ID()
			})
		} else {
			await(p, func(ev BuddyDialogChanged) bool { return ev.Dialogs.State() == DialogConfirmed && ev.Buddy == b.ID() })
		}
		info := must(b.Info(within(t)))(t)
		if info.Presence.Status != BuddyOnline && info.Dialogs.State() != DialogConfirmed {
			t.Errorf("%+v", info)
		}
		check(t, b.Remove(within(t)))
		peer.respond(peer.request("SUBSCRIBE"), "200 OK", "Expires: 0")
	}
}

func TestBuddyRefused(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	b := must(p.AddBuddy(within(t), BuddyConfig{URI: "sip:nobody@" + peer.addr, Account: p.acc, Subscribe: true}))(t)
	peer.respond(peer.request("SUBSCRIBE"), "404 Not Found")
	ev := await(p, func(ev SubscriptionChanged) bool { return ev.State == SubTerminated })
	if ev.Buddy != b.ID() || ev.Code != CodeNotFound || ev.Reason != "Not Found" || ev.Package != PackagePresence {
		t.Errorf("%+v", ev)
	}
	if info := must(b.Info(within(t)))(t); info.Code != CodeNotFound || info.Reason != "Not Found" || info.Package != 0 || !info.Monitored {
		t.Errorf("%+v", info)
	}
	// pjsua would try again in five minutes; the program may at once, and for the dialogs.
	check(t, b.UpdatePresence(within(t)))
	peer.respond(peer.request("SUBSCRIBE"), "489 Bad Event")
	await(p, func(ev SubscriptionChanged) bool { return ev.State == SubTerminated && ev.Code == 489 })
	check(t, b.SubscribeDialogEvent(within(t), true))
	if sub := peer.request("SUBSCRIBE"); sub.header("Event") != "dialog" {
		t.Errorf("%s", sub.raw)
	}
}

// A handle whose buddy is gone never acts on the next in the same slot.
func TestStaleBuddy(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	uri := func(i int) string { return fmt.Sprintf("sip:b%d@%s", i, peer.addr) }
	var gone []*Buddy
	for i := range 50 {
		b := must(p.AddBuddy(within(t), BuddyConfig{URI: uri(i)}))(t)
		for _, old := range gone {
			assertIs(t, old.Remove(within(t)), ErrBuddyGone)
		}
		if found := must(p.FindBuddy(within(t), uri(i)))(t); found.ID() != b.ID() {
			t.Fatalf("found %d, want %d", found.ID(), b.ID())
		}
		check(t, b.Remove(within(t)))
		gone = append(gone, b)
	}
	stale := gone[0]
	_, err := stale.Info(within(t))
	for _, err := range []error{err, stale.SubscribePresence(within(t), true), stale.SubscribeDialogEvent(within(t), true),
		stale.UpdatePresence(within(t)), stale.UpdateDialogEvent(within(t)), p.Buddy(0).Remove(within(t))} {
		assertIs(t, err, ErrBuddyGone)
	}
	_, err = p.FindBuddy(within(t), uri(0))
	assertIs(t, err, StatusNotFound)

	// Nor does an account's next user in its slot subscribe to what the last one watched.
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:carol@" + p.addr}))(t)
	mine := must(p.AddBuddy(within(t), BuddyConfig{URI: uri(1), Account: acc}))(t)
	other := must(p.AddBuddy(within(t), BuddyConfig{URI: uri(2), Account: p.acc}))(t)
	check(t, acc.Remove(within(t), RemoveOptions{}))
	assertIs(t, mine.Remove(within(t)), ErrBuddyGone)
	if list := must(p.Buddies(within(t)))(t); len(list) != 1 || list[0].ID() != other.ID() || must(p.BuddyCount(within(t)))(t) != 1 {
		t.Errorf("%v", list)
	}
	_, err = p.AddBuddy(within(t), BuddyConfig{URI: uri(1), Account: acc})
	assertIs(t, err, ErrAccountGone)
	for _, cfg := range []BuddyConfig{
		{}, {URI: "tel:123"}, {URI: "sip:x@y\r\nX: y"}, {URI: uri(1), Subscribe: true, SubscribeDialogEvent: true},
		{URI: "sip:x@127.0.0.1;transport=tcp", Account: p.acc, Subscribe: true}, // no such transport
	} {
		b, err := p.AddBuddy(within(t), cfg)
		if err == nil {
			// It failed at once, which the event tells.
			await(p, func(ev SubscriptionChanged) bool { return ev.Buddy == b.ID() && ev.State == SubTerminated })
			check(t, b.Remove(within(t)))
		}
		t.Logf("%+v: %v", cfg, err)
	}
	check(t, p.PresenceDump(within(t), true))
	// There is room for as many as PJSIP was compiled for.
	for i := must(p.BuddyCount(within(t)))(t); i < limits.Buddies; i++ {
		must(p.AddBuddy(within(t), BuddyConfig{URI: uri(i)}))(t)
	}
	_, err = p.AddBuddy(within(t), BuddyConfig{URI: uri(0)})
	assertIs(t, err, StatusTooMany)
}

func TestMWI(t *testing.T) {
	p, peer := newPhone(t, Config{}), newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:dave@" + peer.addr, Registrar: "sip:" + peer.addr, MWI: true}))(t)
	reg := peer.request("REGISTER")
	peer.respond(reg, "200 OK", "Contact: "+reg.header("Contact")+";expires=300")
	sub := peer.request("SUBSCRIBE")
	if sub.header("Event") != "message-summary" {
		t.Fatalf("%s", sub.raw)
	}
	peer.respond(sub, "200 OK", "Expires: 600", "Contact: <sip:peer@"+peer.addr+">")
	d := peer.dialog(sub)
	const mime = "Content-Type: application/simple-message-summary"
	d.notify("active;expires=600", "Messages-Waiting: yes\r\nMessage-Account: sip:dave@x\r\nVoice-Message: 2/8 (1/0)\r\nFax-Message: 0/3\r\n", mime)
	state := await(p, func(ev SubscriptionChanged) bool { return ev.State == SubActive })
	if state.Account != acc.ID() || state.Package != PackageMWI || state.Buddy != 0 {
		t.Errorf("%+v", state)
	}
	// on_mwi_info comes before on_mwi_state.
	var ev MWIChanged
	for _, seen := range p.seen {
		if e, ok := seen.(MWIChanged); ok {
			ev = e
		}
	}
	want := MessageSummary{Waiting: true, Account: "sip:dave@x", Messages: map[string]MessageCount{
		"voice-message": {2, 8, 1, 0}, "fax-message": {0, 3, 0, 0},
	}}
	if !reflect.DeepEqual(ev.Summary, want) || ev.Account != acc.ID() || !ev.Subscribed || ev.Err != nil || ev.Source != peer.addr {
		t.Errorf("%+v", ev)
	}
	// Without being asked, for the account that it is addressed to; no body, no sense.
	other := d
	other.callID = "unsolicited"
	other.to = "<sip:dave@" + peer.addr + ">"
	for i, tc := range []struct {
		body    string
		headers []string
		want    MessageSummary
		bad     bool
	}{
		{"Messages-Waiting: no\r\nVoice-Message: 0/1 (0/0)\r\n", []string{mime}, MessageSummary{Messages: map[string]MessageCount{"voice-message": {Old: 1}}}, false},
		{"", nil, MessageSummary{}, true},
		{strings.Repeat("x", 3000), []string{mime}, MessageSummary{}, true},
		{"Messages-Waiting: yes", []string{"Content-Type: text/plain"}, MessageSummary{}, true},
	} {
		other.callID = fmt.Sprint("unsolicited", i)
		if code := other.send("NOTIFY", 1, tc.body, append(tc.headers, "Event: message-summary", "Subscription-State: active")...); code != 200 {
			t.Errorf("%d", code)
		}
		ev := await(p, func(MWIChanged) bool { return true })
		if !reflect.DeepEqual(ev.Summary, tc.want) || (ev.Err != nil) != tc.bad || ev.Subscribed || string(ev.Body) != tc.body {
			t.Errorf("%+v", ev)
		}
	}
}
