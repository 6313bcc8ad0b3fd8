//go:build integration && linux

package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// startCommanded runs an engine whose local account is on TCP unless args say otherwise,
// and returns what tells it a verb: the object that the verb prints.
func startCommanded(t *testing.T, args ...string) (*process, func(args ...string) line) {
	t.Helper()
	socket := writeFile(t, "s", "") + ".sock"
	if !slices.Contains(args, "--transport-0") {
		args = append(args, "--transport-0", "tcp")
	}
	p := startRun(t, append(args, "--socket", socket)...)
	return p, func(args ...string) line {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, append(args, "--json", "--socket", socket)...)
		cmd.Dir, cmd.Env = t.TempDir(), environment()
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
		var l line
		if err := json.Unmarshal(out, &l); err != nil {
			t.Fatalf("%q: %v: %s", args, err, out)
		}
		return l
	}
}

// tcpOf is where the engine listens with TCP.
func tcpOf(t *testing.T, p *process) string {
	t.Helper()
	list, _ := p.awaitType("EngineStarted")["transports"].([]any)
	for _, tp := range list {
		if tp, _ := tp.(map[string]any); tp["type"] == "TCP" {
			return line(tp).text("address")
		}
	}
	t.Fatalf("no TCP in %v", list)
	return ""
}

// byTCP is a URI of somebody at addr.
func byTCP(user, addr string) string { return "sip:" + user + "@" + addr + ";transport=tcp" }

// answers are the steps of a called SIPp up to the ACK.
func answers() []peers.Step {
	return []peers.Step{peers.Take("INVITE"), peers.Send("200 OK").WithSDP(), peers.Take("ACK")}
}

// hangsUp are the steps of a SIPp that ends its call.
func hangsUp() []peers.Step { return []peers.Step{peers.Send("BYE"), peers.Take("200")} }

// isHungUp are those of one whose call is ended.
func isHungUp() []peers.Step { return []peers.Step{peers.Take("BYE"), peers.Send("200 OK")} }

// told are the NOTIFYs about a REFER, up to one with the final status of the new call. The
// second may come before the first is answered.
func told(final int) []peers.Step {
	notify := func(state, status string) peers.Step {
		return peers.Take("NOTIFY", "Event: *refer", "Subscription-State: *"+state, "Content-Type: *message/sipfrag", "SIP/2.0 "+status+" ")
	}
	ok := peers.Step{Sends: "200 OK", Answers: "NOTIFY"}
	return []peers.Step{notify("active", "100"), notify("terminated", fmt.Sprint(final)), ok, ok}
}

// script joins steps.
func script(t *testing.T, parts ...[]peers.Step) *peers.SIPp {
	t.Helper()
	var sc peers.Script
	for _, part := range parts {
		sc.Steps = append(sc.Steps, part...)
	}
	return peers.StartScript(t, sc)
}

// REFER is refused unless the account obeys it; then the far end is told how the call that
// it asked for fares, up to its end.
func TestSIPpTransfersUs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		args  []string
		refer int // the answer to it
		final int // of the call that it asks for
	}{
		{"by default", nil, 603, 0},
		{"not allowed", []string{"--accept-transfers-0", "dialAllow", "--dial-allow-0", "x;!new;@127.0.0.1"}, 603, 0},
		{"allowed", []string{"--accept-transfers-0", "dialAllow", "--dial-allow-0", "x;new;@127.0.0.1"}, 202, 200},
		{"obeyed", []string{"--accept-transfers-0", "1"}, 202, 200},
		{"busy there", []string{"--accept-transfers-0", "1"}, 202, 486},
		{"strict", []string{"--dialect", "strict", "--single-mode", "0"}, 202, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var target *peers.SIPp
			refersTo := "127.0.0.1:9"
			switch tt.final {
			case 200:
				target = script(t, answers(), isHungUp())
			case 486:
				target = script(t, []peers.Step{peers.Take("INVITE"), peers.Send("486 Busy Here"), peers.Take("ACK")})
			}
			if target != nil {
				refersTo = target.Addr
			}
			refers := []peers.Step{
				peers.Send("REFER", "Refer-To: <"+byTCP("new", refersTo)+">", "Referred-By: <sip:sipp@[local_ip]>"),
				peers.Take(fmt.Sprint(tt.refer)),
			}
			if tt.final != 0 {
				refers = append(refers, told(tt.final)...)
			}
			from := script(t, answers(), refers, hangsUp())

			p, tell := startCommanded(t, tt.args...)
			tell("dial", byTCP("x", from.Addr))
			requireAllGood(t, from, from.Wait(deadline), 1)
			asked := p.awaitType("TransferRequested")
			if asked.number("code") != float64(tt.refer) || !strings.Contains(asked.text("target"), "sip:new@") {
				t.Errorf("%v", asked)
			}
			if tt.final == 0 {
				if got := p.ofType("CallTransferred"); len(got) != 0 {
					t.Errorf("%v", got)
				}
				return
			}
			born := p.awaitType("CallTransferred")
			if tt.final == 200 {
				p.await("the new call", func(l line) bool {
					return l.typ() == "CallStateChanged" && l["call"] == born["new_call"] && l["state"] == "CONFIRMED"
				})
				tell("hangup", "--call", fmt.Sprint(born.number("new_call")))
			}
			requireAllGood(t, target, target.Wait(deadline), 1)
			requireSeen(t, target, "INVITE sip:new@", "Referred-By: <sip:sipp@127.0.0.1>")
			ended := p.await("the end of the new call", func(l line) bool { return l.typ() == "CallEnded" && l["call"] == born["new_call"] })
			if ended.number("code") != float64(tt.final) {
				t.Errorf("%v", ended)
			}
		})
	}
}

// A call that is not answered is not transferred, whoever may transfer it later.
func TestSIPpTransfersUsTooEarly(t *testing.T) {
	t.Parallel()
	target := script(t, answers(), isHungUp())
	refer := peers.Send("REFER", "Refer-To: <"+byTCP("new", target.Addr)+">")
	from := script(t, []peers.Step{
		peers.Take("INVITE"), peers.Send("180 Ringing"), refer, peers.Take("603"), peers.Send("200 OK").WithSDP(), peers.Take("ACK"),
		refer, peers.Take("202"),
	}, told(200), hangsUp())
	p, tell := startCommanded(t, "--accept-transfers-0", "1")
	tell("dial", byTCP("x", from.Addr))
	requireAllGood(t, from, from.Wait(deadline), 1)
	p.awaitType("CallEnded") // of the first call, after the other events
	if asked := p.ofType("TransferRequested"); len(asked) != 2 || asked[0].number("code") != 603 || asked[1].number("code") != 202 {
		t.Errorf("%v", asked)
	}
	born := p.ofType("CallTransferred")
	if len(born) != 1 {
		t.Fatalf("%v", born)
	}
	tell("hangup", "--call", fmt.Sprint(born[0].number("new_call")))
	requireAllGood(t, target, target.Wait(deadline), 1)
}

// A program that wants to follows a REFER before the answer.
func TestSIPpTransfersUsEarly(t *testing.T) {
	target := script(t, answers(), isHungUp())
	from := script(t, []peers.Step{
		peers.Take("INVITE"), peers.Send("180 Ringing"), peers.Send("REFER", "Refer-To: <"+byTCP("new", target.Addr)+">"), peers.Take("202"),
	}, told(200), []peers.Step{peers.Send("486 Busy Here"), peers.Take("ACK")})
	b := openBinding(t, pjsua.Config{Policy: pjsua.Policy{Transfer: pjsua.TransferPolicy{Action: pjsua.TransferAccept, Early: true}}})
	tcp, err := b.AddTransport(within(t), pjsua.TransportConfig{Type: pjsua.TCP, BindAddress: peers.Loopback})
	check(t, err)
	call, err := b.account("1001", "", tcp).Dial(within(t), byTCP("x", from.Addr), pjsua.DialOptions{})
	check(t, err)
	born := seen(b, func(ev pjsua.CallTransferred) bool { return ev.Call == call.ID() })
	b.confirmed(born.NewCall)
	requireAllGood(t, from, from.Wait(deadline), 1)
	check(t, b.Call(born.NewCall).Hangup(within(t), pjsua.HangupOptions{}))
	requireAllGood(t, target, target.Wait(deadline), 1)
}

// A call that is transferred is over when the far end tells that the new one is up, and
// stays when REFER is refused or the new one fails.
func TestSIPpIsTransferred(t *testing.T) {
	t.Parallel()
	refer := peers.Take("REFER", "Refer-To: *<?sip:1009@far[.]example", "Referred-By: *<?sip:offhook@")
	tells := func(state, status string) []peers.Step {
		return []peers.Step{
			peers.Send("NOTIFY", "Event: refer", "Subscription-State: "+state).With("message/sipfrag", "SIP/2.0 "+status),
			peers.Take("200"),
		}
	}
	for _, tt := range []struct {
		name    string
		steps   [][]peers.Step
		outcome string
		code    int
	}{
		{"refused", [][]peers.Step{{refer, peers.Send("403 Forbidden")}}, "failed", 403},
		{"succeeds", [][]peers.Step{{refer, peers.Send("202 Accepted")}, tells("active", "100 Trying"), tells("terminated;reason=noresource", "200 OK")}, "succeeded", 200},
		{"fails", [][]peers.Step{{refer, peers.Send("202 Accepted")}, tells("active", "180 Ringing"), tells("terminated;reason=noresource", "480 Gone Out")}, "failed", 480},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			far := script(t, append(append([][]peers.Step{answers()}, tt.steps...), isHungUp())...)
			p, tell := startCommanded(t)
			tell("dial", byTCP("x", far.Addr))
			p.awaitState("CONFIRMED")
			tell("transfer", "sip:1009@far.example")
			ended := p.awaitType("TransferEnded")
			if ended.text("outcome") != tt.outcome || ended.number("code") != float64(tt.code) {
				t.Errorf("%v", ended)
			}
			if tt.outcome == "failed" {
				if calls, _ := tell("calls")["calls"].([]any); len(calls) != 1 {
					t.Errorf("%v", calls)
				}
				tell("hangup")
			}
			requireAllGood(t, far, far.Wait(deadline), 1)
		})
	}
}

// A call takes the place of another (Replaces) where the account lets it, and names that
// one rightly; otherwise nothing becomes of the other.
func TestSIPpReplaces(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		accepts string
		wrong   string // what is wrong in the header field
		more    string // its parameters
		code    int
	}{
		{"by default", "", "", "", 603},
		{"another call", "1", "another", "", 481},
		{"early only", "1", "", ";early-only", 486},
		{"accepted", "1", "", "", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			first := script(t, answers(), isHungUp())
			p, tell := startCommanded(t, "--accept-replaces-0", tt.accepts)
			tell("dial", byTCP("x", first.Addr))
			up := p.awaitState("CONFIRMED")
			id, last := up.text("sip_call_id"), up["call"]
			ours, theirs := dialogTags(t, first)
			u := peers.UAC{
				URI: "sip:offhook@" + listensAt(t, p), Addr: listensAt(t, p), Calls: 1, Rate: 1, From: ann,
				Headers: []string{"Require: replaces", fmt.Sprintf("Replaces: %s%s;to-tag=%s;from-tag=%s%s", tt.wrong, id, ours, theirs, tt.more)},
			}
			if tt.code != 200 {
				u.Refused = tt.code
			} else {
				u.Stays = true
			}
			second := peers.StartUAC(t, u)
			if tt.code != 200 {
				requireAllGood(t, second, second.Wait(deadline), 1)
				if calls, _ := tell("calls")["calls"].([]any); len(calls) != 1 {
					t.Errorf("%v", calls)
				}
				if got := p.ofType("CallReplaced"); len(got) != 0 {
					t.Errorf("%v", got)
				}
			} else {
				last = p.awaitType("CallReplaced")["new_call"]
				p.await("the new call", func(l line) bool {
					return l.typ() == "CallStateChanged" && l["call"] == last && l["state"] == "CONFIRMED"
				})
			}
			tell("hangup", "--call", fmt.Sprint(last))
			requireAllGood(t, first, first.Wait(deadline), 1)
			requireAllGood(t, second, second.Wait(deadline), 1)
			if tt.code == 603 || tt.code == 200 {
				if asked := p.awaitType("ReplaceRequested"); asked.number("code") != float64(tt.code) || !strings.Contains(asked.text("remote"), ann) {
					t.Errorf("%v", asked)
				}
			}
		})
	}
}

// dialogTags are the engine's and SIPp's tag of the call that SIPp has taken. The ACK has
// both; SIPp may write it down a little later than the engine has sent it.
func dialogTags(t *testing.T, s *peers.SIPp) (engine, sipp string) {
	t.Helper()
	tags := regexp.MustCompile(`(?m)^ACK (?:.+\n)*?From:.*;tag=(\S+)\r?\n(?:.+\n)*?To:.*;tag=(\S+)\r?\n`)
	limit := time.Now().Add(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		seen, err := os.ReadFile(s.Messages)
		check(t, err)
		if found := tags.FindStringSubmatch(string(seen)); found != nil {
			return found[1], found[2]
		}
		if time.Now().After(limit) {
			t.Fatalf("no ACK with tags in\n%s", seen)
		}
		<-tick.C
	}
}

// An attended transfer names the other call in Refer-To, whose far end ends it.
func TestSIPpAttendedTransfer(t *testing.T) {
	t.Parallel()
	other := script(t, answers(), hangsUpWhen("MESSAGE"))
	far := script(t, answers(), []peers.Step{
		peers.Take("REFER", "Refer-To: *<sip:y@[^>]*[?].*Replaces="+"[^>]*to-tag%3D[^>]*from-tag%3D"), peers.Send("202 Accepted"),
		peers.Send("NOTIFY", "Event: refer", "Subscription-State: terminated;reason=noresource").With("message/sipfrag", "SIP/2.0 200 OK"),
		peers.Take("200"),
	}, isHungUp())
	p, tell := startCommanded(t)
	tell("dial", byTCP("x", far.Addr))
	first := p.awaitState("CONFIRMED")
	p.forget()
	tell("dial", byTCP("y", other.Addr))
	second := p.awaitState("CONFIRMED")
	tell("transfer", "--call", fmt.Sprint(first.number("call")), "--to", fmt.Sprint(second.number("call")))
	if ended := p.awaitType("TransferEnded"); ended.text("outcome") != "succeeded" || ended["other"] != second["call"] {
		t.Errorf("%v", ended)
	}
	requireAllGood(t, far, far.Wait(deadline), 1)
	requireSeen(t, far, "Replaces="+second.text("sip_call_id"))
	tell("message", "--call", fmt.Sprint(second.number("call")), "the other is over")
	requireAllGood(t, other, other.Wait(deadline), 1)
}

// hangsUpWhen are the steps of a SIPp that ends its call when it has got a request.
func hangsUpWhen(method string) []peers.Step {
	return append([]peers.Step{peers.Take(method), peers.Send("200 OK")}, hangsUp()...)
}

// Who is called into a conference is told of the calls in it.
func TestSIPpConferenceInvite(t *testing.T) {
	o := startOffice(t, "[Settings]\nbindAddress = "+peers.Loopback+"\n[Account]\ntransport-0 = tcp\n")
	var called []*peers.SIPp
	var calls []*engine.Call
	dial := func(conference engine.CallID) {
		s := script(t, answers(), isHungUp())
		c, err := o.Dial(o.soon(), engine.DialRequest{Account: engine.LocalAccount, URI: byTCP("x", s.Addr), Conference: conference})
		check(t, err)
		check(t, c.Wait(o.soon(), engine.StateConfirmed))
		called, calls = append(called, s), append(calls, c)
	}
	dial(0)
	dial(0)
	conf, err := o.Conference(o.soon(), calls...)
	check(t, err)
	dial(calls[0].ID())
	awaitOffice(o, func(ev engine.ConferenceChanged) bool { return len(ev.Calls) == 3 })
	n, err := o.HangupConference(o.soon(), conf)
	check(t, err)
	if n != 3 {
		t.Errorf("%d calls were in the conference", n)
	}
	for _, s := range called {
		requireAllGood(t, s, s.Wait(deadline), 1)
	}
	requireUnseen(t, called[1], "X-Conf-Call-ID")
	for _, c := range calls[:2] {
		requireSeen(t, called[2], "X-Conf-Call-ID: "+c.Info().SIPCallID)
	}
}
