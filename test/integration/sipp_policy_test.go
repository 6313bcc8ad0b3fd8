//go:build integration && linux

package integration

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// refusal is a call by SIPp that is refused, and what the refusal says.
type refusal struct {
	code int
	line string   // its status line
	also []string // other text of the messages that SIPp saw
}

// refused has SIPp call the engine, which is to refuse.
func refused(t *testing.T, p *process, u peers.UAC, want refusal) {
	t.Helper()
	if u.URI == "" {
		u.URI = "sip:offhook@" + listensAt(t, p)
	}
	u.Addr, u.Calls, u.Rate, u.Refused = listensAt(t, p), 1, 1, want.code
	uac := peers.StartUAC(t, u)
	requireAllGood(t, uac, uac.Wait(deadline), 1)
	requireSeen(t, uac, append([]string{"SIP/2.0 " + want.line}, want.also...)...)
}

// requireSeen looks for texts in the messages that SIPp saw.
func requireSeen(t *testing.T, s *peers.SIPp, texts ...string) {
	t.Helper()
	seen, err := os.ReadFile(s.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if !strings.Contains(string(seen), text) {
			t.Errorf("no %q in\n%s", text, seen)
		}
	}
}

// requireUnseen is the opposite of requireSeen.
func requireUnseen(t *testing.T, s *peers.SIPp, texts ...string) {
	t.Helper()
	seen, err := os.ReadFile(s.Messages)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range texts {
		if strings.Contains(string(seen), text) {
			t.Errorf("%q is in\n%s", text, seen)
		}
	}
}

// inCall has SIPp hold a call with an engine that answers by itself, until the engine
// hangs up.
func inCall(t *testing.T, p *process, u peers.UAC) *peers.SIPp {
	t.Helper()
	u.URI, u.Addr = "sip:offhook@"+listensAt(t, p), listensAt(t, p)
	u.Calls, u.Rate, u.Stays = 1, 1, true
	uac := peers.StartUAC(t, u)
	p.awaitState("CONFIRMED")
	return uac
}

const ann = "ann@far.example"

// Steps 2 and 3 of the decision: who calls, and for whom, is read, and cmdIncomingCall has
// it before anything is decided.
func TestSIPpHookRunsFirst(t *testing.T) {
	t.Parallel()
	out := writeFile(t, "out", "")
	hook := writeFile(t, "hook", "#!/bin/sh\necho \"$*|$OFFHOOK_CALL_NUMBER|$OFFHOOK_CALL_DOMAIN|$OFFHOOK_CALL_NAME|$OFFHOOK_CALL_DIVERSION\" >"+out+"\n")
	if err := os.Chmod(hook, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		headers []string
		want    string
	}{
		{nil, "ann|ann|far.example|SIPp|"},
		{[]string{
			`P-Asserted-Identity: "Boss" <sip:+49301@pbx.example>`, "Remote-Party-ID: <sip:2@pbx.example>;party=calling",
			"Diversion: <sip:1000@pbx.example>;reason=unconditional", "Diversion: <sip:1001@pbx.example>", "User-Agent: SIPp",
		}, "+49301|+49301|pbx.example|Boss|1000"},
		{[]string{`Remote-Party-ID: "Two" <sip:2@pbx.example>;party=calling`}, "2|2|pbx.example|Two|"},
	} {
		p := startRun(t, "--cmd-incoming-call", hook, "--hook-wait", "60", "--deny-incoming", "all")
		refused(t, p, peers.UAC{From: ann, Headers: tt.headers}, refusal{code: 486, line: "486 "})
		got, err := os.ReadFile(out)
		check(t, err)
		if strings.TrimSpace(string(got)) != tt.want {
			t.Errorf("%q: %q, want %q", tt.headers, got, tt.want)
		}
	}
}

// Step 4 of the decision: a second call with the same party.
func TestSIPpRefusesADuplicate(t *testing.T) {
	t.Parallel()
	p := startRun(t, "--auto-answer", "all", "--duplicate-calls", "0", "--auto-hang-up-time", "8")
	first := inCall(t, p, peers.UAC{From: ann})
	refused(t, p, peers.UAC{From: ann}, refusal{code: 486, line: "486 Already in call with this contact"})
	requireAllGood(t, first, first.Wait(deadline), 1)
}

// Step 5: call waiting, and the bounds.
func TestSIPpLimits(t *testing.T) {
	t.Parallel()
	for _, limit := range [][]string{{"--call-waiting", "0"}, {"--max-concurrent-calls", "1"}} {
		p := startRun(t, append(limit, "--auto-answer", "all", "--auto-hang-up-time", "8")...)
		first := inCall(t, p, peers.UAC{})
		refused(t, p, peers.UAC{From: ann}, refusal{code: 486, line: "486 Maximum concurrent calls reached"})
		requireAllGood(t, first, first.Wait(deadline), 1)
	}
}

// Step 6: another leg of the call that was answered.
func TestSIPpAnotherLeg(t *testing.T) {
	t.Parallel()
	p := startRun(t, "--auto-answer", "all", "--auto-hang-up-time", "8")
	first := inCall(t, p, peers.UAC{From: ann, CallID: "forked@far.example"})
	refused(t, p, peers.UAC{From: ann, CallID: "forked@far.example"}, refusal{code: 487, line: "487 Request Terminated"})
	requireAllGood(t, first, first.Wait(deadline), 1)
}

// Step 6, too: another leg of the call that somebody declined, who says busy in the usual words.
func TestSIPpDecline(t *testing.T) {
	t.Parallel()
	p, tell := startCommanded(t)
	u := peers.UAC{
		URI: "sip:offhook@" + listensAt(t, p), Addr: listensAt(t, p), From: ann, CallID: "forked@far.example", Calls: 1, Rate: 1, Refused: 486,
	}
	first := peers.StartUAC(t, u)
	p.awaitState("EARLY")
	tell("reject")
	requireAllGood(t, first, first.Wait(deadline), 1)
	requireSeen(t, first, "SIP/2.0 180 Ringing", "SIP/2.0 486 Busy Here")
	refused(t, p, u, refusal{code: 487, line: "487 Request Terminated"})
	u.CallID = "another@far.example"
	rings(t, p, peers.UAC{From: u.From, CallID: u.CallID})
}

// Step 7: what denyIncoming refuses, and what it does not.
func TestSIPpDenyIncoming(t *testing.T) {
	t.Parallel()
	const denied = "486 Incoming calls blocked by user"
	for _, tt := range []struct {
		args []string
		to   string // user, or user@host
		from string
		line string // empty: it rings
	}{
		{[]string{"--deny-incoming", "all"}, "offhook", "", denied},
		{[]string{"--deny-incoming", "button"}, "offhook", "", ""},
		{[]string{"--deny-incoming", "button", "--dnd"}, "offhook", "", "486 Do Not Disturb"},
		{[]string{"--deny-incoming", "user"}, "somebody", "", denied},
		{[]string{"--deny-incoming", "user"}, "offhook", "", ""},
		{[]string{"--deny-incoming", "domain"}, "offhook@other.example", "", denied},
		{[]string{"--deny-incoming", "domain"}, "somebody", "", ""},
		{[]string{"--deny-incoming", "userdomain"}, "somebody", "", denied},
		{[]string{"--deny-incoming", "userdomain"}, "offhook", "", ""},
		{[]string{"--deny-incoming", "remotedomain"}, "offhook", ann, denied},
		{[]string{"--deny-incoming", "remotedomain"}, "offhook", "ann@127.0.0.1", ""},
	} {
		p := startRun(t, tt.args...)
		u := peers.UAC{URI: "sip:" + tt.to, From: tt.from}
		if !strings.Contains(tt.to, "@") {
			u.URI += "@" + listensAt(t, p)
		}
		if tt.line != "" {
			refused(t, p, u, refusal{code: 486, line: tt.line})
			continue
		}
		rings(t, p, u)
	}
}

// rings has SIPp call and hang up when it rings.
func rings(t *testing.T, p *process, u peers.UAC) {
	t.Helper()
	if u.URI == "" {
		u.URI = "sip:offhook@" + listensAt(t, p)
	}
	u.Addr, u.Calls, u.Rate, u.Cancels = listensAt(t, p), 1, 1, true
	uac := peers.StartUAC(t, u)
	requireAllGood(t, uac, uac.Wait(deadline), 1)
	requireSeen(t, uac, "SIP/2.0 180 Ringing", "SIP/2.0 487 ")
	requireUnseen(t, uac, "SIP/2.0 183 ", "SIP/2.0 480 ")
}

// Step 8: who is answered by itself.
func TestSIPpAutoAnswer(t *testing.T) {
	t.Parallel()
	header := []string{"--auto-answer", "header"}
	for _, tt := range []struct {
		args    []string
		headers []string
		from    string
		answers bool
		rings   bool // before
	}{
		{[]string{"--auto-answer", "all"}, nil, "", true, false},
		{[]string{"--auto-answer", "all", "--auto-answer-delay", "1"}, nil, "", true, true},
		{[]string{"--auto-answer", "button"}, nil, "", false, true},
		{[]string{"--auto-answer", "button", "--aa"}, nil, "", true, false},
		{header, nil, "", false, true},
		{header, []string{"X-AutoAnswer: true"}, "", true, false},
		{header, []string{"X-AUTOANSWER: 1"}, "", true, false},
		{header, []string{"X-AUTOANSWER: 0"}, "", false, true},
		{header, []string{"Call-Info: <sip:far.example>;x=Auto Answer"}, "", true, false},
		{append([]string{"--auto-answer-delay", "3600"}, header...), []string{"Call-Info: <sip:far.example>;answer-after=0"}, "", true, false},
		{header, []string{"Alert-Info: <urn:x>;info=alert-autoanswer"}, "", false, true},
		{header, []string{"Call-Info: <sip:far.example>;answer-after=1"}, "", true, true},
		{header, []string{"Call-Info: <sip:far.example>;answer-after=0"}, "", true, false},
		{header, []string{"Answer-Mode: Auto"}, "", false, true},
		{append([]string{"--auto-answer-modes"}, header...), []string{"Answer-Mode: Auto"}, "", true, false},
		{append([]string{"--auto-answer-modes"}, header...), []string{"Alert-Info: <urn:x>;info=alert-autoanswer"}, "", true, false},
		{[]string{"--auto-answer", "all", "--auto-answer-number", "9*;an?"}, nil, ann, true, false},
		{[]string{"--auto-answer", "all", "--auto-answer-number", "9*;bo?"}, nil, ann, false, true},
	} {
		p := startRun(t, tt.args...)
		u := peers.UAC{From: tt.from, Headers: tt.headers}
		if !tt.answers {
			rings(t, p, u)
			continue
		}
		u.URI, u.Addr, u.Calls, u.Rate, u.Duration = "sip:offhook@"+listensAt(t, p), listensAt(t, p), 1, 1, 100*time.Millisecond
		uac := peers.StartUAC(t, u)
		requireAllGood(t, uac, uac.Wait(deadline), 1)
		if tt.rings {
			requireSeen(t, uac, "SIP/2.0 180 Ringing")
		} else {
			requireUnseen(t, uac, "SIP/2.0 180 Ringing")
		}
	}
}

// Step 8: other calls, which autoAnswerCalls is about.
func TestSIPpAutoAnswerBesideACall(t *testing.T) {
	t.Parallel()
	p := startRun(t, "--auto-answer", "all", "--auto-answer-calls", "", "--auto-hang-up-time", "8")
	first := inCall(t, p, peers.UAC{})
	rings(t, p, peers.UAC{From: ann})
	requireAllGood(t, first, first.Wait(deadline), 1)
}

// Step 9: 302 with the target and who forwards, at once or after it rang.
func TestSIPpForwards(t *testing.T) {
	t.Parallel()
	for _, delay := range []string{"0", "1"} {
		for _, how := range [][]string{{"--forwarding", "all"}, {"--forwarding", "button", "--fwd"}} {
			p := startRun(t, append(how, "--forwarding-number", "sip:1009@pbx.example", "--forwarding-delay", delay)...)
			own := fmt.Sprintf("<sip:offhook@%s>", listensAt(t, p))
			refused(t, p, peers.UAC{}, refusal{code: 302, line: "302 Moved Temporarily", also: []string{
				"Contact: <sip:1009@pbx.example>\r\n", "Diversion: " + own + "\r\n",
			}})
		}
	}
	p := startRun(t, "--forwarding", "button", "--forwarding-number", "sip:1009@pbx.example")
	rings(t, p, peers.UAC{})
}

// Step 9 against step 8: what is due first, and answering only where that is before.
func TestSIPpForwardsOrAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		answer, forward string
		answers         bool
	}{{"1", "3600", true}, {"3600", "1", false}, {"0", "1", true}, {"1", "0", false}} {
		p := startRun(t, "--auto-answer", "all", "--auto-answer-delay", tt.answer, "--forwarding", "all",
			"--forwarding-number", "sip:1009@pbx.example", "--forwarding-delay", tt.forward)
		if tt.answers {
			uac := inCall(t, p, peers.UAC{})
			p.signal(syscall.SIGTERM)
			requireAllGood(t, uac, uac.Wait(deadline), 1)
			continue
		}
		refused(t, p, peers.UAC{}, refusal{code: 302, line: "302 Moved Temporarily", also: []string{"Contact: <sip:1009@pbx.example>"}})
	}
}

// Step 10: neither: it rings, and the caller gives up.
func TestSIPpRings(t *testing.T) {
	t.Parallel()
	p := startRun(t)
	rings(t, p, peers.UAC{})
	if ended := p.awaitType("CallEnded"); ended.number("code") != 487 {
		t.Errorf("%v", ended)
	}
}

// Rules of the configuration, in their order and before denyIncoming.
func TestSIPpRules(t *testing.T) {
	t.Parallel()
	ini := writeINI(t, `[Settings]
denyIncoming = all
[Rule.boss]
caller = boss
action = ring
[Rule.sales]
header = Subject: *offer*
action = reject
code = 480
reason = No Sales
[Rule.away]
caller = *@far.example
action = forward
target = sip:1009@pbx.example
`)
	p := startRun(t, "-c", ini)
	rings(t, p, peers.UAC{From: "boss@far.example"})
	refused(t, p, peers.UAC{From: ann, Headers: []string{"Subject: an OFFER for you"}}, refusal{code: 480, line: "480 No Sales"})
	refused(t, p, peers.UAC{From: ann}, refusal{code: 302, line: "302 ", also: []string{"Contact: <sip:1009@pbx.example>"}})
	refused(t, p, peers.UAC{From: "x@near.example"}, refusal{code: 486, line: "486 Incoming calls blocked by user"})
	if got := p.ofType("RuleMatched"); len(got) != 3 || got[0].text("rule") != "boss" || got[2].text("action") != "forward" {
		t.Errorf("%v", got)
	}
}

// A call that lasts too long ends with a Warning in its BYE.
func TestSIPpMaxDuration(t *testing.T) {
	t.Parallel()
	p := startRun(t, "--auto-answer", "all", "--auto-hang-up-time", "1")
	uac := inCall(t, p, peers.UAC{})
	requireAllGood(t, uac, uac.Wait(deadline), 1)
	requireSeen(t, uac, "BYE sip:sipp@", `Warning: 399 localhost "Call duration exceeded"`)
}

// What MicroSIP sends for what its user does: one engine, and command lines for it.
func TestSIPpCommandLines(t *testing.T) {
	t.Parallel()
	socket := writeFile(t, "s", "") + ".sock"
	p := startRun(t, "--socket", socket)
	addr := listensAt(t, p)
	tell := func(line string) line {
		t.Helper()
		done := start(t, "microsip", "--json", "--socket", socket, "--", line)
		if code := done.code(); code != exitOK {
			t.Fatalf("%s: exit code %d, %s", line, code, done.errors())
		}
		return done.last()
	}
	ring := func(u peers.UAC) *peers.SIPp {
		t.Helper()
		u.URI, u.Addr, u.Calls, u.Rate = "sip:offhook@"+addr, addr, 1, 1
		p.forget()
		uac := peers.StartUAC(t, u)
		p.awaitState("EARLY")
		return uac
	}

	uac := ring(peers.UAC{Refused: 603})
	got := tell("/hangupincoming")
	if calls, _ := got["calls"].([]any); got.text("command") != "hangupincoming" || len(calls) != 1 {
		t.Errorf("%v", got)
	}
	requireAllGood(t, uac, uac.Wait(deadline), 1)
	requireSeen(t, uac, "SIP/2.0 603 Decline")

	uac = ring(peers.UAC{Stays: true})
	tell("/answer")
	p.awaitState("CONFIRMED")
	tell("/hangupall")
	requireAllGood(t, uac, uac.Wait(deadline), 1)

	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Never: true, Calls: 1})
	p.forget()
	tell("sip:x@" + uas.Addr)
	p.awaitState("EARLY")
	tell("/hangupcalling") // CANCEL
	requireAllGood(t, uas, uas.Wait(deadline), 1)

	tell("/exit")
	if code := p.code(); code != exitOK {
		t.Errorf("the engine's exit code is %d", code)
	}
}

// An engine is started for a number where none runs, and ends as it is told.
func TestSIPpCommandLineStartsAnEngine(t *testing.T) {
	t.Parallel()
	socket := writeFile(t, "s", "") + ".sock"
	uas := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Calls: 1})
	first := start(t, "microsip", "--json", "--socket", socket, "--bind-address", "127.0.0.1", "--", "sip:x@"+uas.Addr)
	result := first.awaitType("CommandResult")
	if result.text("command") != "dial" || result["calls"] == nil {
		t.Errorf("%v", result)
	}
	first.awaitState("CONFIRMED")
	second := start(t, "microsip", "--dialect", "strict", "--socket", socket, "--", "/hangupall")
	if code := second.code(); code != exitOK || len(second.all()) != 0 || second.errors() != "" {
		t.Errorf("the second said something, or ended with %d", code)
	}
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	if code := start(t, "microsip", "--json", "--socket", socket, "--", "exit").code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if code := first.code(); code != exitOK {
		t.Errorf("the first ended with %d", code)
	}
}

// Outgoing calls: an anonymous one, own header fields, what is not dialled at all.
func TestSIPpOutgoing(t *testing.T) {
	t.Parallel()
	uas := peers.StartUAS(t, peers.UAS{Refuse: 486, Calls: 1})
	startCall(t, "sip:0301234@"+uas.Addr, "--hide-cid-0", "1", "--invite-headers-0", "X-Order: 7 | X-Desk: front").summary(exitRejected, "rejected")
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	requireSeen(t, uas, `From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=`, "Privacy: id\r\n", "X-Order: 7\r\n", "X-Desk: front\r\n")

	uas = peers.StartUAS(t, peers.UAS{Refuse: 486, Calls: 1})
	startCall(t, "030 1234", "--domain-0", uas.Addr, "--dialing-prefix-0", "0", "--dial-plan-0", "<00:49>x.").summary(exitRejected, "rejected")
	requireAllGood(t, uas, uas.Wait(deadline), 1)
	requireSeen(t, uas, "INVITE sip:49301234@")

	refused := startCall(t, "sip:0900@"+uas.Addr, "--domain-0", uas.Addr, "--dial-allow-0", "!0900")
	if code, last := refused.code(), refused.last(); code != exitUsage || !strings.Contains(last.text("message"), "dialAllow") {
		t.Errorf("exit code %d, %v", code, last)
	}
}

// A redirect is followed where the account says so, and dialAllow the target lets.
func TestSIPpFollowsARedirect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args []string
		code int // of the call; 486 is the target's
	}{
		{nil, 302},
		{[]string{"--follow-redirects-0", "1"}, 486},
		{[]string{"--follow-redirects-0", "1", "--dial-allow-0", "x;new;@127.0.0.1"}, 486},
		{[]string{"--follow-redirects-0", "1", "--dial-allow-0", "x;@127.0.0.1"}, 487}, // as PJSIP says it
	} {
		target := peers.StartUAS(t, peers.UAS{Refuse: 486, Calls: 1})
		uas := peers.StartUAS(t, peers.UAS{Refuse: 302, Contacts: []string{"<sip:new@" + target.Addr + ">"}, Calls: 1})
		s := startCall(t, "sip:x@"+uas.Addr, tt.args...).summary(exitRejected, "rejected")
		if s.number("code") != float64(tt.code) {
			t.Errorf("%q: %v", tt.args, s)
		}
		requireAllGood(t, uas, uas.Wait(deadline), 1)
		if tt.code == 486 {
			requireAllGood(t, target, target.Wait(deadline), 1)
			requireSeen(t, target, "INVITE sip:new@", "To: <sip:new@")
		} else {
			target.Stop()
		}
	}
}
