//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/test/peers"
)

// A message goes out as text/plain, and what becomes of it is told: who takes it, who
// does not, that nobody is there.
func TestSIPpMessagesOut(t *testing.T) {
	t.Parallel()
	const text = "Grüße, back at 3"
	p, tell := startCommanded(t)
	status := func(sent line) line {
		t.Helper()
		return p.await("status of a message", func(l line) bool { return l.typ() == "MessageStatus" && l["message"] == sent["message"] })
	}
	message := peers.Take("MESSAGE", "Content-Type: *text/plain", text)
	for _, answer := range []string{"200 OK", "202 Accepted", "404 Not Found", "486 Busy Here", "603 Decline"} {
		s := script(t, []peers.Step{message, peers.Send(answer)})
		got := status(tell("message", byTCP("bob", s.Addr), text))
		if fmt.Sprint(got.number("code"), " ", got.text("reason")) != answer || !strings.Contains(got.text("to"), "sip:bob@") {
			t.Errorf("%s: %v", answer, got)
		}
		requireAllGood(t, s, s.Wait(deadline), 1)
		requireSeen(t, s, "MESSAGE sip:bob@")
	}

	absent := tell("message", byTCP("bob", fmt.Sprint("127.0.0.1:", peers.FreePorts(t, 1))), text)
	if got := status(absent); got.number("code") != 503 {
		t.Errorf("%v", got)
	}
}

// By UDP nobody tells that nobody is there: PJSIP gives up after 32 s (RFC 3261 timer F).
func TestSIPpMessageUnanswered(t *testing.T) {
	t.Parallel()
	p, tell := startCommanded(t, "--transport-0", "udp")
	sent := tell("message", fmt.Sprintf("sip:bob@127.0.0.1:%d", peers.FreePorts(t, 1)), "anybody there?")
	got := p.awaitType("MessageStatus")
	if got.number("code") != 408 || got["message"] != sent["message"] {
		t.Errorf("%v", got)
	}
}

// Messages inside a call, both ways.
func TestSIPpMessagesInACall(t *testing.T) {
	t.Parallel()
	p, tell := startCommanded(t)
	s := script(t, answers(), []peers.Step{
		peers.Take("MESSAGE", "Content-Type: *text/plain", "from here"), peers.Send("200 OK"),
		peers.Send("MESSAGE").With("text/plain", "from there"), peers.Take("200"),
	}, isHungUp())
	call := tell("dial", byTCP("x", s.Addr))
	p.awaitState("CONFIRMED")
	sent := tell("message", "--call", fmt.Sprint(call.number("call")), "from here")
	got := p.await("status of a message", func(l line) bool { return l.typ() == "MessageStatus" && l["message"] == sent["message"] })
	if got.number("code") != 200 || got["call"] != call["call"] {
		t.Errorf("%v", got)
	}
	if got := p.awaitType("MessageReceived"); strings.TrimSpace(got.text("text")) != "from there" || got["call"] != call["call"] {
		t.Errorf("%v", got)
	}
	tell("hangup")
	requireAllGood(t, s, s.Wait(deadline), 1)
}

// A message that comes in is answered with 200 and told, unless disableMessaging drops it.
func TestSIPpMessagesIn(t *testing.T) {
	t.Parallel()
	for _, disabled := range []bool{false, true} {
		p, _ := startCommanded(t, fmt.Sprint("--disable-messaging=", disabled), "--deny-incoming", "all")
		addr := tcpOf(t, p)
		for contentType, body := range map[string]string{"text/plain": "Grüße", "application/json": `{"n":1}`} {
			s := peers.StartScript(t, peers.Script{Addr: addr, URI: "sip:offhook@" + addr, From: ann, Steps: []peers.Step{
				peers.Send("MESSAGE").With(contentType, body), peers.Take("200"),
			}})
			requireAllGood(t, s, s.Wait(deadline), 1)
			if disabled {
				continue
			}
			got := p.await(contentType, func(l line) bool { return l.typ() == "MessageReceived" && l["content_type"] == contentType })
			if !strings.Contains(got.text("from"), ann) || (strings.TrimSpace(got.text("text")) == body) != (contentType == "text/plain") {
				t.Errorf("%v", got)
			}
		}
		// Events are in order: after that of a call nothing comes of the messages.
		refused(t, p, peers.UAC{}, refusal{code: 486, line: "486 "})
		p.awaitType("IncomingCall")
		if got := p.ofType("MessageReceived"); disabled == (len(got) != 0) {
			t.Errorf("disabled %v: %v", disabled, got)
		}
	}
}
