//go:build integration && linux

package peers

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"
)

// phoneOf is a registered phone of user that requests can go to.
func phoneOf(t *testing.T, a *Asterisk, user string) *dialog {
	t.Helper()
	d, addr := listen(t)
	if code, _ := registerAt(t, "udp", a.UDP, "", Loopback, user, Password(user), addr); code != 200 {
		t.Fatalf("REGISTER of %s: %d", user, code)
	}
	return d
}

// awaitRequest reads until a request of that method, answers it with 200 and returns it.
func (d *dialog) awaitRequest(method string) *message {
	d.t.Helper()
	for {
		m := d.read()
		if m.method != "" {
			d.accept(m, "")
		}
		if m.method == method {
			return m
		}
	}
}

// outside sends a request that is no INVITE and answers the challenge. Its dialog, where it makes one, goes on at d.
func outside(t *testing.T, a *Asterisk, user, method, to, body string, header ...string) (d *dialog, code int) {
	t.Helper()
	d, addr := listen(t)
	if err := d.sip.Conn.(*called).to(a.UDP); err != nil {
		t.Fatal(err)
	}
	d.uri, d.to = "sip:"+to+"@"+a.UDP, "To: <sip:"+to+"@"+Loopback+">"
	d.id = []string{
		fmt.Sprintf("From: <sip:%s@%s>;tag=%s", user, Loopback, rand.Text()),
		fmt.Sprintf("Contact: <sip:%s@%s>", user, addr), "Call-ID: " + rand.Text(),
	}
	d.request(method, rand.Text(), 1, body, header...)
	for cseq := 2; ; cseq++ {
		m := d.read()
		for m.method != "" || m.code < 200 {
			m = d.read()
		}
		if m.code != 401 {
			return d, m.code
		}
		answer := digest(m.header["Www-Authenticate"][0], method, d.uri, user, Password(user))
		d.request(method, rand.Text(), cseq, body, append(header, "Authorization: "+answer)...)
	}
}

func TestAsteriskForwardsMessages(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	d := phoneOf(t, a, "1001")
	if _, code := outside(t, a, "1002", "MESSAGE", "1001", "good morning", "Content-Type: text/plain"); code != 202 {
		t.Fatalf("MESSAGE: %d", code)
	}
	m := d.awaitRequest("MESSAGE")
	if m.body != "good morning" || !strings.Contains(m.header.Get("From"), "sip:1002@") {
		t.Errorf("MESSAGE from %s: %q", m.header.Get("From"), m.body)
	}
	c := call(t, a.UDP, "sip:617@"+a.UDP, "1001")
	if m := c.awaitRequest("MESSAGE"); m.body != "hello" {
		t.Errorf("MESSAGE in the call: %q", m.body)
	}
	c.waitBye()
}

func TestAsteriskMailboxes(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	unasked := phoneOf(t, a, "1008")
	if m := unasked.awaitRequest("NOTIFY"); !strings.Contains(m.body, "Messages-Waiting: no") {
		t.Errorf("NOTIFY: %q", m.body)
	}
	asked, code := outside(t, a, "1001", "SUBSCRIBE", "1001", "", "Event: message-summary", "Accept: application/simple-message-summary", "Expires: 60")
	if code != 200 {
		t.Fatalf("SUBSCRIBE: %d", code)
	}
	if m := asked.awaitRequest("NOTIFY"); !strings.Contains(m.body, "Messages-Waiting: no") {
		t.Errorf("NOTIFY: %q", m.body)
	}
	for user, d := range map[string]*dialog{"1001": asked, "1008": unasked} {
		if n := a.Messages(user); n != 0 {
			t.Errorf("%s has %d messages", user, n)
		}
		c := call(t, a.UDP, "sip:605"+user[3:]+"@"+a.UDP, "1002")
		requireTone(t, "beep", c.hearTone(GoodbyeHz, 2400), GoodbyeHz, ToneLevel)
		for i, voice := 0, alaw(tone(ToneHz, ToneLevel, 2, 8000)); i < len(voice); i += 160 {
			c.receiveNothing(20 * time.Millisecond)
			c.transmit(8, uint32(i), voice[i:i+160])
		}
		c.bye()
		m := d.awaitRequest("NOTIFY")
		for !strings.Contains(m.body, "Messages-Waiting: yes") {
			m = d.awaitRequest("NOTIFY")
		}
		if !strings.Contains(m.body, "Voice-Message: 1/0") || a.Messages(user) != 1 {
			t.Errorf("%s: %q, %d messages", user, m.body, a.Messages(user))
		}
	}
}

func TestAsteriskLamps(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	// Presence says no more than whether somebody is there, and Asterisk's note why not.
	for _, p := range []struct{ event, content, off, on string }{
		{"dialog", "application/dialog-info+xml", "<state>terminated</state>", "<state>confirmed</state>"},
		{"presence", "application/pidf+xml", "<note>Ready</note>", "<note>On the phone</note>"},
	} {
		a.SetLamp("NOT_INUSE")
		d, code := outside(t, a, "1001", "SUBSCRIBE", "650", "", "Event: "+p.event, "Accept: "+p.content, "Expires: 60")
		if code != 200 {
			t.Fatalf("SUBSCRIBE to %s: %d", p.event, code)
		}
		state := func(want string) {
			t.Helper()
			m := d.awaitRequest("NOTIFY")
			if m.header.Get("Content-Type") != p.content || !strings.Contains(m.body, want) {
				t.Errorf("NOTIFY: %s: %q, want %s", m.header.Get("Content-Type"), m.body, want)
			}
		}
		state(p.off)
		a.SetLamp("INUSE")
		state(p.on)
		call(t, a.UDP, "sip:652@"+a.UDP, "1002")
		state(p.off)
		call(t, a.UDP, "sip:651@"+a.UDP, "1002")
		state(p.on)
	}
	d, code := outside(t, a, "1002", "SUBSCRIBE", "1001", "", "Event: dialog", "Accept: application/dialog-info+xml", "Expires: 60")
	if code != 200 {
		t.Fatalf("SUBSCRIBE to 1001: %d", code)
	}
	d.awaitRequest("NOTIFY")
	c := call(t, a.UDP, "sip:600@"+a.UDP, "1001")
	if m := d.awaitRequest("NOTIFY"); !strings.Contains(m.body, "<state>confirmed</state>") {
		t.Errorf("1001 in a call: %q", m.body)
	}
	c.bye()
	if m := d.awaitRequest("NOTIFY"); !strings.Contains(m.body, "<state>terminated</state>") {
		t.Errorf("1001 after the call: %q", m.body)
	}
}

func TestAsteriskTransfers(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	w := a.Watch()
	d := call(t, a.UDP, "sip:615@"+a.UDP, "1001")
	if m := d.awaitRequest("REFER"); m.header.Get("Refer-To") != "sip:600@"+a.UDP {
		t.Errorf("REFER to %s", m.header.Get("Refer-To"))
	}
	d.request("NOTIFY", rand.Text(), d.cseq+1, "SIP/2.0 200 OK\r\n", "Event: refer",
		"Subscription-State: terminated;reason=noresource", "Content-Type: message/sipfrag;version=2.0")
	w.Wait(waitSIP, Event{"UserEvent": "Transfer", "Status": "SUCCESS"})
	d.waitBye()

	// 1002 calls 1001 and sends it to 601, blindly.
	w = a.Watch()
	called := phoneOf(t, a, "1001")
	calling := dial(t, a.UDP, "sip:1001@"+a.UDP, "1002")
	calling.await(100)
	called.answer()
	calling.await(200)
	w.WaitBridged(waitSIP, "1001", "1002")
	calling.request("REFER", rand.Text(), calling.cseq+1, "", "Refer-To: <sip:601@"+a.UDP+">")
	requireTone(t, "601", called.hearTone(ToneHz, 8000), ToneHz, ToneLevel)
	called.waitBye()
}

func TestAsteriskRequires(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	for user, extension := range map[string]string{"1005": "100rel", "1006": "timer"} {
		d := dial(t, a.UDP, "sip:600@"+a.UDP, user)
		if m := d.await(200); m.code != 421 || m.header.Get("Require") != extension {
			t.Errorf("%s: %d, Require: %s", user, m.code, m.header.Get("Require"))
		}
	}
	if d := call(t, a.UDP, "sip:600@"+a.UDP, "1004"); d.code != 488 {
		t.Errorf("1004 without DTLS: %d", d.code)
	}
}

func TestAsteriskIPv6(t *testing.T) {
	t.Parallel()
	a := StartAsterisk(t)
	for i, p := range []struct{ network, addr string }{{"udp", a.UDP6}, {"tcp", a.TCP6}, {"tls", a.TLS6}} {
		code, _ := register(t, p.network, p.addr, a.Certs.CA, "["+Loopback6+"]", "1007", Password("1007"))
		if code != 200 {
			t.Errorf("REGISTER at %s by %s: %d", p.addr, p.network, code)
		}
		if all := a.WaitLocations(i+1, waitSIP); !strings.Contains(fmt.Sprint(all), "{1007 sip:1007@[::1]:") {
			t.Errorf("1007 is not among %v", all)
		}
	}
	d := call(t, a.UDP6, "sip:600@"+a.UDP6, "1007")
	if d.code != 200 || !strings.Contains(d.answered, "c=IN IP6 ::1") {
		t.Errorf("a call by IPv6: %d, SDP %q", d.code, d.answered)
	}
	d.bye()
}
