//go:build cgo

package pjsua

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"
)

func (p *phone) nextMessage(tr *Trace) SIPMessage {
	p.t.Helper()
	select {
	case m, ok := <-tr.Messages():
		if !ok {
			p.t.Fatal("the trace ended")
		}
		return m
	case <-time.After(patience):
		p.t.Fatalf("no message for %v", patience)
	}
	panic("unreachable")
}

// hangupAnswered awaits the answers that a hang-up of the call gets.
func (p *phone) hangupAnswered(c *Call, method string) HangupAnswered {
	p.t.Helper()
	return await(p, func(ev HangupAnswered) bool { return ev.Call == c.id && ev.Method == method })
}

// Every message of a call is seen when it is sent and when it arrives, with its call, up
// to the answer to the BYE, which comes when the call is over for PJSIP.
func TestTraceOfACall(t *testing.T) {
	p := newPhone(t, Config{UserAgent: "loop"})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	c := p.connect()
	p.hangup(c)
	answer := p.hangupAnswered(c.out, "BYE")
	if answer.Code != CodeOK || answer.Message == nil || answer.Message.Value("CSeq") == "" {
		t.Errorf("%+v", answer)
	}
	type step struct {
		method string // of the CSeq
		code   SIPCode
		sent   bool
		call   CallID
	}
	// Sent and received are seen in the order of sockets, that is each before the other.
	want := map[step]int{
		{"INVITE", 0, true, c.out.id}: 1, {"INVITE", 0, false, 0}: 1,
		{"INVITE", CodeOK, true, c.in.id}: 1, {"INVITE", CodeOK, false, c.out.id}: 1,
		{"ACK", 0, true, c.out.id}: 1, {"ACK", 0, false, c.in.id}: 1,
		{"BYE", 0, true, c.out.id}: 1, {"BYE", 0, false, c.in.id}: 1,
		{"BYE", CodeOK, true, c.in.id}: 1, {"BYE", CodeOK, false, c.out.id}: 1,
	}
	var last time.Time
	for len(want) > 0 {
		m := p.nextMessage(tr)
		if m.Message == nil || m.Local != p.addr || m.Remote != p.addr || m.Transport != UDP || m.Lost != 0 ||
			m.Dropped != 0 || m.Time.Before(last) {
			t.Fatalf("%+v", m)
		}
		last = m.Time
		_, method := m.Message.CSeq()
		if m.Message.Code == CodeTrying {
			continue
		}
		s := step{method, m.Message.Code, m.Sent, m.Call}
		if want[s] == 0 {
			t.Errorf("unexpected: %+v\n%s", s, m.Raw)
		}
		delete(want, s)
		if m.Message.CallID() == "" || !bytes.HasSuffix(m.Raw, m.Message.Body) {
			t.Errorf("%q", m.Raw)
		}
	}
	tr.Close()
	tr.Close()
	if _, open := <-tr.Messages(); open {
		t.Error("a message after Close")
	}
}

// An INVITE that gets no answer is retransmitted; CANCEL and the 487 come when the call
// is over for PJSIP.
func TestTraceOfACancelledCall(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Answer(within(t), CodeRinging, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == out.ID() && ev.State == StateEarly })
	check(t, out.Hangup(within(t), HangupOptions{}))
	codes := map[string]SIPCode{}
	for len(codes) < 2 {
		ev := await(p, func(HangupAnswered) bool { return true })
		if ev.Call != out.id {
			t.Errorf("%+v", ev)
		}
		codes[ev.Method] = ev.Code
	}
	if codes["CANCEL"] != CodeOK || codes["INVITE"] != CodeRequestTerminated {
		t.Errorf("%v", codes)
	}
	for {
		m := p.nextMessage(tr)
		if m.Message.Code == CodeRequestTerminated && !m.Sent {
			if m.Call != out.id {
				t.Errorf("%+v", m)
			}
			break
		}
	}
}

func TestTraceShowsNoSecrets(t *testing.T) {
	p := newPhone(t, Config{})
	acc := must(p.AddAccount(within(t), AccountConfig{
		ID: "sip:carol@" + p.addr, MediaAddress: "127.0.0.1", SRTP: SRTPMandatory,
	}))(t)
	plain := must(p.Trace(within(t), TraceOptions{}))(t)
	full := must(p.Trace(within(t), TraceOptions{Secrets: true}))(t)
	must(acc.Dial(within(t), p.uri(), DialOptions{Msg: MsgData{Headers: []Header{{"Authorization", `Digest response="c0ffee"`}}}}))(t)
	red, all := p.nextMessage(plain), p.nextMessage(full)
	for _, secret := range []string{"c0ffee", "inline:"} {
		if !strings.Contains(string(all.Raw), secret) {
			t.Errorf("%q was to be seen in %q", secret, all.Raw)
		}
	}
	if text := string(red.Raw); strings.Contains(text, "c0ffee") || !strings.Contains(text, "inline:***") ||
		strings.Count(text, "inline:") != strings.Count(text, "inline:***") {
		t.Errorf("secrets in %q", red.Raw)
	}
	if got := red.Message.Value("Authorization"); got != "***" || red.Call != all.Call || red.Call == 0 {
		t.Errorf("Authorization %q, call %d and %d", got, red.Call, all.Call)
	}
}

// A consumer that does not read loses messages, is told how many, and holds nobody up.
func TestTraceThatIsNotRead(t *testing.T) {
	p := newPhone(t, Config{})
	slow := must(p.Trace(within(t), TraceOptions{Buffer: 1}))(t)
	all := must(p.Trace(within(t), TraceOptions{}))(t)
	c := p.connect()
	p.hangup(c)
	total := 0
	for seen := false; !seen; total++ {
		m := p.nextMessage(all)
		_, method := m.Message.CSeq()
		seen = method == "BYE" && m.Message.Code == CodeOK && !m.Sent
	}
	if first := p.nextMessage(slow); first.Lost != 0 || !first.Sent {
		t.Errorf("%+v", first)
	}
	total--
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	if m := p.nextMessage(slow); m.Lost != uint64(total) || m.Call != out.id {
		t.Errorf("%d of %d lost, call %d", m.Lost, total, m.Call)
	}
}

// What PJSIP cannot read is in the trace too, with the reason.
func TestTraceOfRubbish(t *testing.T) {
	p := newPhone(t, Config{})
	tr := must(p.Trace(within(t), TraceOptions{}))(t)
	for _, rubbish := range []string{
		"OPTIONS sip:x SIP/2.0\r\nFrom: <<what is this?\r\n\r\n", "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:1;branch=z9hG4bKx\r\n\r\n",
	} {
		p.sendRaw(rubbish)
		m := p.nextMessage(tr)
		if string(m.Raw) != rubbish || m.Dropped == 0 || m.Sent || m.Call != 0 {
			t.Errorf("%+v", m)
		}
	}
	p.Close()
	if _, open := <-tr.Messages(); open {
		t.Error("the trace outlives the endpoint")
	}
	_, err := p.Trace(within(t), TraceOptions{})
	assertIs(t, err, ErrClosed)
}

// sendRaw sends a datagram to the phone.
func (p *phone) sendRaw(text string) {
	p.t.Helper()
	conn := must(net.Dial("udp", p.addr))(p.t)
	defer conn.Close()
	must(conn.Write([]byte(text)))(p.t)
}
