//go:build cgo

package pjsua

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// message sends a message to ourselves and returns what arrives and what is said of it.
func (p *phone) message(send func() (MessageID, error)) (MessageReceived, MessageStatus) {
	p.t.Helper()
	id := must(send())(p.t)
	var got MessageReceived
	var status MessageStatus
	for got.Seq == 0 || status.Seq == 0 {
		switch ev := p.next().(type) {
		case MessageReceived:
			got = ev
		case MessageStatus:
			status = ev
		}
	}
	if status.Message != id || status.Code != CodeOK || status.Reason != "OK" || status.Account != p.acc.ID() ||
		!bytes.HasPrefix(status.Response, []byte("SIP/2.0 200 OK\r\n")) {
		p.t.Errorf("%+v", status)
	}
	return got, status
}

// Whatever is in a body arrives byte for byte.
func TestMessage(t *testing.T) {
	p := newPhone(t, Config{})
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, tc := range []struct {
		body        []byte
		contentType string
		want        string
	}{
		{[]byte("hello"), "", "text/plain"},
		{[]byte("Grüße 你好 \U0001f600\r\n\r\n<&>%s%n"), "text/plain;charset=utf-8", "text/plain;charset=utf-8"},
		{every, "application/octet-stream", "application/octet-stream"},
		{[]byte{}, "", "text/plain"},
		{nil, "", "text/plain"},
		{bytes.Repeat([]byte("0123456789"), 700), "text/html", "text/html"},
	} {
		got, status := p.message(func() (MessageID, error) {
			return p.acc.SendMessage(within(t), p.uri(), tc.body, MessageOptions{
				ContentType: tc.contentType,
				Msg:         MsgData{Headers: []Header{{"X-Test", "one"}, {"X-Test", "two"}}},
			})
		})
		if !bytes.Equal(got.Body, tc.body) {
			t.Errorf("sent %q, received %q", tc.body, got.Body)
		}
		if len(tc.body) > 0 && got.ContentType != tc.want {
			t.Errorf("content type %q, want %q", got.ContentType, tc.want)
		}
		if got.Account != p.acc.ID() || got.Call != 0 || got.From != "<sip:alice@"+p.addr+">" && got.From != "<sip:alice@127.0.0.1>" ||
			got.Contact != "" || got.Source != p.addr || strings.Join(got.HeaderValues("x-test"), ",") != "one,two" {
			t.Errorf("%+v", got)
		}
		if status.To != p.uri() || status.Call != 0 {
			t.Errorf("%+v", status)
		}
	}
}

// A body of several parts, none of which is the message's own.
func TestMessageOfParts(t *testing.T) {
	p := newPhone(t, Config{})
	got, _ := p.message(func() (MessageID, error) {
		return p.acc.SendMessage(within(t), p.uri(), nil, MessageOptions{Msg: MsgData{
			Parts: []BodyPart{{ContentType: "text/plain", Body: []byte("one")}, {ContentType: "application/json", Body: []byte("{}")}},
		}})
	})
	if !strings.HasPrefix(got.ContentType, "multipart/mixed") || !bytes.Contains(got.Request, []byte("\r\n\r\none\r\n")) {
		t.Errorf("%s in %s", got.ContentType, got.Request)
	}
}

func TestMessageInACall(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	got, status := p.message(func() (MessageID, error) {
		return c.in.SendMessage(within(t), []byte("in the call\x00"), MessageOptions{})
	})
	if got.Call != c.out.ID() || string(got.Body) != "in the call\x00" || status.Call != c.in.ID() {
		t.Errorf("%+v %+v", got, status)
	}
	for _, typing := range []bool{true, false} {
		check(t, c.out.SendTyping(within(t), typing, TypingOptions{}))
		ev := await(p, func(TypingReceived) bool { return true })
		if ev.Call != c.in.ID() || ev.Typing != typing || ev.Account != p.acc.ID() {
			t.Errorf("%+v", ev)
		}
	}
	p.hangup(c)
	_, err := c.in.SendMessage(within(t), []byte("too late"), MessageOptions{})
	assertIs(t, err, ErrCallGone)
	assertIs(t, c.in.SendTyping(within(t), true, TypingOptions{}), ErrCallGone)
}

func TestTyping(t *testing.T) {
	p := newPhone(t, Config{})
	for _, typing := range []bool{true, false} {
		check(t, p.acc.SendTyping(within(t), p.uri(), typing, TypingOptions{Msg: MsgData{Headers: []Header{{"X-Test", "one"}}}}))
		ev := await(p, func(TypingReceived) bool { return true })
		if ev.Call != 0 || ev.Typing != typing || ev.Account != p.acc.ID() || len(headerValues(ev.Request, "X-Test")) != 1 {
			t.Errorf("%+v", ev)
		}
	}
}

// What cannot be sent is told once, as an error or as a status.
func TestMessageNotDelivered(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	id := must(p.acc.SendMessage(within(t), "sip:x@"+peer.addr, []byte("hello"), MessageOptions{}))(t)
	peer.respond(peer.request("MESSAGE"), "480 Not Here Now")
	ev := await(p, func(MessageStatus) bool { return true })
	if ev.Message != id || ev.Code != CodeTemporarilyUnavailable || ev.Reason != "Not Here Now" || !bytes.HasPrefix(ev.Response, []byte("SIP/2.0 480")) {
		t.Errorf("%+v", ev)
	}
	for _, tc := range []struct {
		what, uri string
		body      []byte
		opts      MessageOptions
	}{
		{"too long", p.uri(), make([]byte, 20000), MessageOptions{}},
		{"no transport", "sip:x@127.0.0.1;transport=tcp", nil, MessageOptions{}},
		{"no URI", "", nil, MessageOptions{}},
		{"no SIP URI", "tel:123", nil, MessageOptions{}},
		{"injected", "sip:x@127.0.0.1>\r\nX: y", nil, MessageOptions{}},
		{"no media type", p.uri(), nil, MessageOptions{ContentType: "text"}},
		{"injected media type", p.uri(), nil, MessageOptions{ContentType: "text/plain\r\nX: y"}},
	} {
		id, err := p.acc.SendMessage(within(t), tc.uri, tc.body, tc.opts)
		if err == nil { // told by an event, then
			ev := await(p, func(ev MessageStatus) bool { return ev.Message == id })
			if ev.Code < 300 || ev.Response != nil {
				t.Errorf("%s: %+v", tc.what, ev)
			}
			t.Logf("%s: %d %s", tc.what, int(ev.Code), ev.Reason)
			continue
		}
		t.Logf("%s: %v", tc.what, err)
	}
	// Nothing was sent twice: the next event is that of the next message.
	id = must(p.acc.SendMessage(within(t), "sip:x@"+peer.addr, []byte("last"), MessageOptions{}))(t)
	peer.respond(peer.request("MESSAGE"), "202 Accepted")
	if ev := await(p, func(MessageStatus) bool { return true }); ev.Message != id || ev.Code != 202 {
		t.Errorf("%+v", ev)
	}
}

// Claims of a sender that are too long to be kept do no harm.
func TestHostileMessages(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	must(p.acc.SendMessage(within(t), "sip:x@"+peer.addr, nil, MessageOptions{}))(t)
	req := peer.request("MESSAGE")
	peer.respond(req, "200 OK")
	long := strings.Repeat("x", 3000)
	d := dialog{peer, "sip:alice@" + p.addr, "", "<sip:peer@" + peer.addr + ">;tag=1", "<sip:alice@" + p.addr + ">", "", req.from}
	for i, tc := range []struct {
		body    string
		headers []string
		code    int
	}{
		{"long type", []string{"Content-Type: text/" + long}, 200},
		{"long parameter", []string{"Content-Type: text/plain;p=" + long}, 200},
		{"no type", nil, 200},
		{"<isComposing", []string{"Content-Type: application/im-iscomposing+xml"}, 200},
		{strings.Repeat("<a>", 1500), []string{"Content-Type: application/im-iscomposing+xml"}, 200},
		{"", []string{"Content-Type: application/im-iscomposing+xml"}, 200},
		{"long contact", []string{"Contact: <sip:" + long + "@x>", "Content-Type: text/plain"}, 200},
	} {
		d.callID = "hostile" + string(rune('a'+i))
		if code := d.send("MESSAGE", 1, tc.body, tc.headers...); code != tc.code {
			t.Errorf("%.20q: %d, want %d", tc.body, code, tc.code)
		}
	}
	// A body without a type is none (RFC 3261 section 20.15), and what is said to be
	// typing and is not goes nowhere.
	var bodies []string
	d.callID = "end"
	d.send("MESSAGE", 1, "end", "Content-Type: text/plain")
	await(p, func(ev MessageReceived) bool {
		bodies = append(bodies, string(ev.Body))
		if strings.Contains(ev.ContentType, long) {
			t.Errorf("content type of %d bytes", len(ev.ContentType))
		}
		return string(ev.Body) == "end"
	})
	if want := []string{"long type", "long parameter", "", "", "long contact", "end"}; !slices.Equal(bodies, want) {
		t.Errorf("%q, want %q", bodies, want)
	}
	must(p.Codecs(within(t)))(t) // alive
}
