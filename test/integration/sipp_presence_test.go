//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/test/peers"
)

// officeAt is the configuration of an account of the domain addr, a SIPp by TCP, with
// which it does not register.
func officeAt(addr string, keys ...string) string {
	return "[Settings]\nbindAddress = " + peers.Loopback + "\n[Account1]\nserver =\nusername = 1001\ntransport = tcp\n" +
		"domain = " + addr + "\nproxy = sip:" + addr + ";transport=tcp;lr\n" + strings.Join(keys, "\n") + "\n"
}

// subscribed takes a subscription to a package.
func subscribed(pkg, accept string) []peers.Step {
	return []peers.Step{
		peers.Take("SUBSCRIBE", "Event: *"+pkg, "Accept: .*"+accept, "Expires: *[1-9]"),
		peers.Send("200 OK", "Expires: 600"),
	}
}

// notifies tells something by a subscription.
func notifies(pkg, contentType string, bodies ...string) (steps []peers.Step) {
	for _, body := range bodies {
		steps = append(steps, peers.Send("NOTIFY", "Event: "+pkg, "Subscription-State: active;expires=600").With(contentType, body), peers.Take("200"))
	}
	return steps
}

// unsubscribed takes the end of a subscription.
func unsubscribed(pkg string) []peers.Step {
	return []peers.Step{
		peers.Take("SUBSCRIBE", "Event: *"+pkg, "Expires: *0"),
		peers.Send("200 OK", "Expires: 0"),
		peers.Send("NOTIFY", "Event: "+pkg, "Subscription-State: terminated;reason=timeout"),
		peers.Take("200"),
	}
}

// pidf is a presence document (RFC 3863) with what RPID says.
func pidf(basic, note, activity string) string {
	doc := `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:bob@far.example">
<tuple id="t1"><status><basic>` + basic + `</basic></status></tuple>
`
	if note != "" || activity != "" {
		doc += `<dm:person id="p1"><rpid:activities>`
		if activity != "" {
			doc += "<rpid:" + activity + "/>"
		}
		doc += `</rpid:activities><dm:note>` + note + `</dm:note></dm:person>
`
	}
	return doc + "</presence>"
}

// dialogInfo is a document about one dialog (RFC 4235), none when the state is empty.
func dialogInfo(version int, scope, state string) string {
	doc := fmt.Sprintf(`<?xml version="1.0"?>
<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="%d" state="%s" entity="sip:bob@far.example">
`, version, scope)
	if state != "" {
		doc += `<dialog id="d1" direction="recipient"><state>` + state + "</state></dialog>\n"
	}
	return doc + "</dialog-info>"
}

// status is a BuddyChanged that is waited for.
type status struct{ status, note string }

// Presence and busy lamps as a notifier tells them, up to the end of the subscription.
func TestSIPpWatched(t *testing.T) {
	for _, tt := range []struct {
		name, pkg, accept, contentType string
		bodies                         []string
		want                           []status
	}{
		{"presence", engine.PackagePresence, "application/pidf.xml", "application/pidf+xml",
			[]string{pidf("open", "", ""), pidf("open", "On the phone", ""), pidf("open", "Ringing", ""), pidf("open", "in a meeting", "busy"), pidf("open", "out", "away"), pidf("closed", "", "")},
			[]status{{engine.BuddyOnline, ""}, {engine.BuddyOnThePhone, "On the phone"}, {engine.BuddyRinging, "Ringing"}, {engine.BuddyBusy, "in a meeting"}, {engine.BuddyAway, "out"}, {engine.BuddyOffline, ""}}},
		{"dialog", engine.PackageDialog, "application/dialog-info.xml", "application/dialog-info+xml",
			[]string{dialogInfo(0, "full", ""), dialogInfo(1, "partial", "early"), dialogInfo(2, "partial", "confirmed"), dialogInfo(3, "partial", "terminated"), dialogInfo(4, "full", "confirmed")},
			[]status{{engine.BuddyOnline, ""}, {engine.BuddyRinging, ""}, {engine.BuddyOnThePhone, ""}, {engine.BuddyOnline, ""}, {engine.BuddyOnThePhone, ""}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bob := script(t, subscribed(tt.pkg, tt.accept), notifies(tt.pkg, tt.contentType, tt.bodies...), unsubscribed(tt.pkg))
			o := startOffice(t, officeAt(bob.Addr))
			_, err := o.Watch(o.soon(), "bob", engine.WatchOptions{Package: tt.pkg})
			check(t, err)
			for _, want := range tt.want {
				got := awaitOffice(o, func(ev engine.BuddyChanged) bool { return ev.Status != engine.BuddyUnknown })
				if got.Status != want.status || got.Note != want.note || got.State != "ACTIVE" || got.Account != 1 || !strings.Contains(got.URI, "sip:bob@") {
					t.Errorf("%+v, want %+v", got, want)
				}
			}
			check(t, o.Unwatch(o.soon(), "bob"))
			requireAllGood(t, bob, bob.Wait(deadline), 1)
			requireSeen(t, bob, "SUBSCRIBE sip:bob@")
		})
	}
}

// A subscription that is refused, and one that the notifier ends, with what they say.
func TestSIPpWatchRefused(t *testing.T) {
	refused := []peers.Step{peers.Take("SUBSCRIBE"), peers.Send("403 Not You")}
	ended := append(subscribed("presence", "pidf"), notifies("presence", "application/pidf+xml", pidf("open", "", ""))...)
	ended = append(ended, peers.Send("NOTIFY", "Event: presence", "Subscription-State: terminated;reason=rejected"), peers.Take("200"))
	for _, tt := range []struct {
		name   string
		steps  []peers.Step
		code   int
		reason string
	}{{"403", refused, 403, "Not You"}, {"rejected", ended, 200, "rejected"}} {
		t.Run(tt.name, func(t *testing.T) {
			bob := script(t, tt.steps)
			o := startOffice(t, officeAt(bob.Addr))
			_, err := o.Watch(o.soon(), "bob", engine.WatchOptions{})
			check(t, err)
			got := awaitOffice(o, func(ev engine.BuddyChanged) bool { return ev.State == "TERMINATED" })
			if got.Status != engine.BuddyUnknown || got.Code != tt.code || got.Reason != tt.reason {
				t.Errorf("%+v", got)
			}
			requireAllGood(t, bob, bob.Wait(deadline), 1)
		})
	}
}

// registers takes a registration.
func registers(expires string) []peers.Step {
	return []peers.Step{peers.Take("REGISTER", "Expires: *"+expires), peers.Send("200 OK", "[last_Contact:]", "Expires: "+expires)}
}

// The mailbox of an account: PJSIP subscribes to it where the account registers. Another
// SIPp tells of one that was not subscribed to.
func TestSIPpMailbox(t *testing.T) {
	const pkg, doc = "message-summary", "application/simple-message-summary"
	full := "Messages-Waiting: yes\nMessage-Account: sip:1001@far.example\nVoice-Message: 2/8 (1/0)"
	registrar := script(t, registers("300"), registers("0"))
	server := script(t, subscribed(pkg, doc), notifies(pkg, doc, "Messages-Waiting: no\nVoice-Message: 0/0 (0/0)", full), unsubscribed(pkg))
	o := startOffice(t, "[Settings]\nbindAddress = "+peers.Loopback+"\n[Account1]\nserver = "+registrar.Addr+"\nusername = 1001\ntransport = tcp\n"+
		"domain = "+server.Addr+"\nvoicemailNumber = 6051\n")
	if got := awaitOffice(o, func(engine.MWIChanged) bool { return true }); got.Mailbox != (engine.Mailbox{}) || got.Account != 1 {
		t.Errorf("%+v", got)
	}
	want := engine.Mailbox{Waiting: true, New: 2, Old: 8, UrgentNew: 1, Mailbox: "sip:1001@far.example"}
	if got := awaitOffice(o, func(engine.MWIChanged) bool { return true }); got.Mailbox != want {
		t.Errorf("%+v", got)
	}
	check(t, o.RemoveAccount(o.soon(), 1))
	requireAllGood(t, server, server.Wait(deadline), 1)
	requireAllGood(t, registrar, registrar.Wait(deadline), 1)
}

// What an account publishes (RFC 3903): at first, when it changes, and that it is over.
// The message after an answer comes when PJSIP has the answer.
func TestSIPpPublished(t *testing.T) {
	answered := func(etag string) []peers.Step {
		return []peers.Step{
			peers.Send("200 OK", "SIP-ETag: "+etag, "Expires: 600"),
			peers.Send("MESSAGE").With("text/plain", etag).BeyondDialog(), peers.Take("200"),
		}
	}
	steps := []peers.Step{peers.Take("PUBLISH", "Event: *presence", "Content-Type: *application/pidf.xml", "<basic>open</basic>")}
	steps = append(steps, answered("one")...)
	steps = append(steps, peers.Take("PUBLISH", "SIP-If-Match: *one", "<basic>open</basic>", "busy", "until three"))
	steps = append(steps, answered("two")...)
	steps = append(steps, peers.Take("PUBLISH", "SIP-If-Match: *two", "Expires: *0"), peers.Send("200 OK", "Expires: 0"))
	server := peers.StartScript(t, peers.Script{URI: "sip:1001@127.0.0.1", Steps: steps})
	o := startOffice(t, officeAt(server.Addr, "publish = 1"))
	hasAnswer := func(etag string) {
		awaitOffice(o, func(ev engine.MessageReceived) bool { return strings.TrimSpace(ev.Text) == etag })
	}
	hasAnswer("one")
	check(t, o.Publish(o.soon(), engine.Presence{Online: true, Activity: engine.BuddyBusy, Note: "until three"}))
	hasAnswer("two")
	check(t, o.RemoveAccount(o.soon(), 1))
	requireAllGood(t, server, server.Wait(deadline), 1)
	requireSeen(t, server, "PUBLISH sip:1001@")
}

// A mailbox that an account is told of without a subscription.
func TestSIPpMailboxUnasked(t *testing.T) {
	t.Parallel()
	p, _ := startCommanded(t)
	server := peers.StartScript(t, peers.Script{Addr: tcpOf(t, p), URI: "sip:offhook@" + tcpOf(t, p), Steps: []peers.Step{
		peers.Send("NOTIFY", "Event: message-summary", "Subscription-State: active").
			With("application/simple-message-summary", "Messages-Waiting: yes\nVoice-Message: 3/0"),
		peers.Take("200"),
	}})
	requireAllGood(t, server, server.Wait(deadline), 1)
	if got := p.awaitType("MWIChanged"); got["waiting"] != true || got.number("new") != 3 || got.number("old") != 0 {
		t.Errorf("%v", got)
	}
}
