//go:build cgo

package pjsua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// ownBody says which body of the program's own a message has.
type ownBody int

const (
	noBody   ownBody = iota
	textBody         // it is the whole body
	parts            // two parts beside PJSIP's SDP
)

// ownMessage is one message that carries header fields and a body of the program's own.
type ownMessage struct {
	name   string  // unique in a test: the value of X-Own
	method string  // of the CSeq
	code   SIPCode // 0: a request
	body   ownBody
	// answers says that it may follow provisional responses.
	answers bool
	send    func(MsgData) error
}

// msg is what the program adds.
func (m ownMessage) msg() MsgData {
	d := MsgData{Headers: []Header{{"X-Own", m.name}, {"X-Second", "one; two=\"three\""}}}
	switch m.body {
	case textBody:
		d.ContentType, d.Body = "text/plain", []byte(m.name)
	case parts:
		d.Parts = []BodyPart{
			{ContentType: "text/plain", Body: []byte(m.name), Headers: []Header{{"X-Part", "1"}}},
			{ContentType: "application/x-own", Body: []byte("second part")},
		}
	}
	return d
}

// check fails unless the far end got the message, with nothing lost.
func (m ownMessage) check(t *testing.T, got *Message) {
	t.Helper()
	_, method := got.CSeq()
	if method != m.method || got.Code != m.code {
		t.Errorf("%s is in %s, code %d", m.name, method, int(got.Code))
	}
	values := got.Values("X-Own")
	if m.answers {
		values = values[len(values)-1:] // see AnswerOptions.Msg
	}
	if len(values) != 1 || values[0] != m.name || got.Value("X-Second") != "one; two=\"three\"" {
		t.Errorf("%s: %v", m.name, got.Headers)
	}
	body, typ := string(got.Body), got.Value("Content-Type")
	if m.body != parts {
		want := map[ownBody]string{textBody: m.name}[m.body]
		if body != want || m.body == textBody && typ != "text/plain" {
			t.Errorf("%s: %s %q", m.name, typ, body)
		}
		return
	}
	own, second, sdp := strings.Index(body, "\r\n\r\n"+m.name+"\r\n"), strings.Index(body, "\r\n\r\nsecond part\r\n"), strings.Index(body, "m=audio")
	if !strings.HasPrefix(typ, "multipart/mixed") || !(0 < own && own < second && second < sdp) ||
		strings.Count(body, "application/sdp") != 1 || !strings.Contains(body, "X-Part: 1\r\n") || !strings.Contains(body, "application/x-own") {
		t.Errorf("%s: %s %q", m.name, typ, body)
	}
}

// exchange sends each message and waits until the far end has it.
func (p *phone) exchange(t *testing.T, tr *Trace, messages []ownMessage) {
	t.Helper()
	for _, m := range messages {
		check(t, m.send(m.msg()))
		for {
			got := p.nextMessage(tr)
			if !got.Sent && got.Message != nil && slices.Contains(got.Message.Values("X-Own"), m.name) {
				m.check(t, got.Message)
				break
			}
		}
	}
}

// Header fields and bodies of the program's own are in whatever pjsua sends for a call.
func TestOwnMessagesOfACall(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	var c pair
	answer := func(code SIPCode) func(MsgData) error {
		return func(msg MsgData) error { return c.in.Answer(within(t), code, AnswerOptions{Msg: msg}) }
	}
	offer := func(send func(MsgData) error) func(MsgData) error {
		return func(msg MsgData) error {
			p.offer(func() error { return send(msg) })
			return nil
		}
	}
	p.exchange(t, tr, []ownMessage{
		{"invite", "INVITE", 0, parts, false, func(msg MsgData) (err error) {
			c.out, err = p.acc.Dial(within(t), p.uri(), DialOptions{Msg: msg})
			c.in = p.Call(await(p, func(IncomingCall) bool { return true }).Call)
			return err
		}},
		{"ringing", "INVITE", CodeRinging, noBody, true, answer(CodeRinging)},
		{"progress", "INVITE", CodeProgress, parts, true, answer(CodeProgress)},
		{"ok", "INVITE", CodeOK, parts, true, answer(CodeOK)},
	})
	for up := map[CallID]bool{}; len(up) < 2; {
		up[await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed }).Call] = true
	}
	p.exchange(t, tr, []ownMessage{
		{"hold", "INVITE", 0, parts, false, offer(func(msg MsgData) error { return c.out.Hold(within(t), HoldOptions{Msg: msg}) })},
		{"resume", "INVITE", 0, parts, false, offer(func(msg MsgData) error { return c.out.Resume(within(t), ReinviteOptions{Msg: msg}) })},
		{"late reinvite", "INVITE", 0, noBody, false, offer(func(msg MsgData) error {
			return c.out.Reinvite(within(t), ReinviteOptions{Setting: CallSetting{Flags: CallNoSDPOffer}, Msg: msg})
		})},
		{"update", "UPDATE", 0, parts, false, offer(func(msg MsgData) error { return c.in.Update(within(t), UpdateOptions{Msg: msg}) })},
		{"empty update", "UPDATE", 0, textBody, false, offer(func(msg MsgData) error {
			return c.in.Update(within(t), UpdateOptions{Setting: CallSetting{Flags: CallNoSDPOffer}, Msg: msg})
		})},
	})
	check(t, c.in.SetPolicy(within(t), &Policy{Offer: OfferPolicy{Action: OfferAsk}}))
	asked := func() error {
		p.offer(func() error { return c.out.Reinvite(within(t), ReinviteOptions{}) })
		await(p, func(ev ReinviteReceived) bool { return ev.Waiting })
		return nil
	}
	p.exchange(t, tr, []ownMessage{
		{"reinvite accepted", "INVITE", CodeOK, parts, false, func(msg MsgData) error {
			check(t, asked())
			return c.in.AnswerReinvite(within(t), CodeOK, AnswerReinviteOptions{Msg: msg})
		}},
		{"reinvite refused", "INVITE", CodeNotAcceptableHere, textBody, false, func(msg MsgData) error {
			check(t, asked())
			return c.in.AnswerReinvite(within(t), CodeNotAcceptableHere, AnswerReinviteOptions{Msg: msg})
		}},
		{"info", "INFO", 0, textBody, false, func(msg MsgData) error {
			_, err := c.out.SendRequest(within(t), "INFO", CallRequestOptions{Msg: msg})
			return err
		}},
		{"transfer", "REFER", 0, textBody, false, func(msg MsgData) error {
			return c.out.Transfer(within(t), "sip:carol@"+p.addr, TransferOptions{Msg: msg})
		}},
		{"message", "MESSAGE", 0, textBody, false, func(msg MsgData) error {
			body := msg.Body
			msg.ContentType, msg.Body = "", nil
			_, err := c.out.SendMessage(within(t), body, MessageOptions{Msg: msg})
			return err
		}},
		{"bye", "BYE", 0, textBody, false, func(msg MsgData) error { return c.out.Hangup(within(t), HangupOptions{Msg: msg}) }},
	})
}

// The same for calls that do not come about.
func TestOwnMessagesOfRefusals(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	var c pair
	dial := ownMessage{"late invite", "INVITE", 0, noBody, false, func(msg MsgData) (err error) {
		c.out, err = p.acc.Dial(within(t), p.uri(), DialOptions{Setting: CallSetting{Flags: CallNoSDPOffer}, Msg: msg})
		c.in = p.Call(await(p, func(IncomingCall) bool { return true }).Call)
		return err
	}}
	p.exchange(t, tr, []ownMessage{dial,
		{"busy", "INVITE", CodeBusyHere, textBody, false, func(msg MsgData) error {
			return c.in.Hangup(within(t), HangupOptions{Code: CodeBusyHere, Msg: msg})
		}},
	})
	p.ended(c.out)
	p.exchange(t, tr, []ownMessage{dial,
		{"decline", "INVITE", CodeDecline, textBody, false, func(msg MsgData) error { return c.in.Answer(within(t), CodeDecline, AnswerOptions{Msg: msg}) }},
	})
	p.ended(c.out)
	p.exchange(t, tr, []ownMessage{dial,
		{"cancel", "CANCEL", 0, textBody, false, func(msg MsgData) error {
			check(t, c.in.Answer(within(t), CodeRinging, AnswerOptions{}))
			await(p, func(ev CallStateChanged) bool { return ev.Call == c.out.id && ev.State == StateEarly })
			return c.out.Hangup(within(t), HangupOptions{Msg: msg})
		}},
	})
	if ended := p.ended(c.in); ended.Code != CodeRequestTerminated {
		t.Errorf("%+v", ended)
	}
}

// Outside calls.
func TestOwnMessagesOfAnAccount(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	p.exchange(t, tr, []ownMessage{
		{"message", "MESSAGE", 0, textBody, false, func(msg MsgData) error {
			body := msg.Body
			msg.ContentType, msg.Body = "", nil
			_, err := p.acc.SendMessage(within(t), p.uri(), body, MessageOptions{Msg: msg})
			return err
		}},
		{"options", "OPTIONS", 0, textBody, false, func(msg MsgData) error {
			_, err := p.acc.SendRequest(within(t), "OPTIONS", p.uri(), RequestOptions{Msg: msg})
			return err
		}},
	})
	peer := newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{
		ID: "sip:carol@" + p.addr, Registrar: "sip:" + peer.addr, RegisterHeaders: []Header{{"X-Own", "register"}, {"X-Second", "2"}},
	}))(t)
	for range 2 { // and when it ends
		register := peer.request("REGISTER")
		if register.header("X-Own") != "register" || register.header("X-Second") != "2" {
			t.Errorf("%s", register.raw)
		}
		peer.respond(register, "200 OK", "Contact: "+register.header("Contact"))
		if ev := await(p, func(RegistrationChanged) bool { return true }); ev.Registered {
			check(t, acc.Register(within(t), false))
		}
	}
}

// Where a request goes, and who it says that it is from.
func TestOwnURIs(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	request := func(method string) *Message {
		t.Helper()
		for {
			if m := p.nextMessage(tr); !m.Sent && m.Message != nil && m.Message.Method == method {
				return m.Message
			}
		}
	}
	own := MsgData{
		TargetURI: fmt.Sprintf("sip:target@%s;x=1", p.addr), LocalURI: `"Own Name" <sip:own@example.org>`,
		ContactURI: "<sip:direct@" + p.addr + ">",
	}
	checkURIs := func(m *Message) {
		t.Helper()
		if m.URI != own.TargetURI || !strings.HasPrefix(m.Value("From"), own.LocalURI+";tag=") || !strings.Contains(m.Value("To"), "sip:bob@") {
			t.Errorf("%s %s: %v", m.Method, m.URI, m.Headers)
		}
	}
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Msg: own}))(t)
	invite := request("INVITE")
	checkURIs(invite)
	if contact := invite.Value("Contact"); !strings.HasPrefix(contact, own.ContactURI) {
		t.Errorf("Contact: %s", contact)
	}
	in := await(p, func(IncomingCall) bool { return true })
	if !strings.Contains(in.Remote, "sip:own@example.org") {
		t.Errorf("%+v", in)
	}
	callee := p.Call(in.Call)
	check(t, callee.Answer(within(t), CodeOK, AnswerOptions{}))
	for up := map[CallID]bool{}; len(up) < 2; {
		up[await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed }).Call] = true
	}
	// A call moves to another target; a request of the far end goes to the Contact.
	moved := "sip:moved@" + p.addr
	check(t, out.Reinvite(within(t), ReinviteOptions{Setting: CallSetting{Flags: CallUpdateTarget}, Msg: MsgData{TargetURI: moved}}))
	if m := request("INVITE"); m.URI != moved {
		t.Errorf("re-INVITE to %s", m.URI)
	}
	p.offer(func() error { return callee.Hold(within(t), HoldOptions{}) })
	if m := request("INVITE"); m.URI != "sip:direct@"+p.addr {
		t.Errorf("re-INVITE to %s", m.URI)
	}
	p.endAll(2)
	must(p.acc.SendMessage(within(t), p.uri(), []byte("hello"), MessageOptions{Msg: own}))(t)
	checkURIs(request("MESSAGE"))
}
