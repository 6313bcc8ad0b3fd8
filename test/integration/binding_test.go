//go:build integration && linux

package integration

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// binding is an endpoint of package pjsua with one transport.
type binding struct {
	*pjsua.Endpoint
	t         *testing.T
	transport *pjsua.Transport
	seen      []pjsua.Event
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	t.Cleanup(cancel)
	return ctx
}

func openBinding(t *testing.T, cfg pjsua.Config) *binding {
	t.Helper()
	ep, err := pjsua.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ep.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &binding{Endpoint: ep, t: t}
	b.transport = b.listen()
	return b
}

// listen adds a UDP transport.
func (b *binding) listen() *pjsua.Transport {
	b.t.Helper()
	tp, err := b.AddTransport(within(b.t), pjsua.TransportConfig{Type: pjsua.UDP, BindAddress: peers.Loopback})
	if err != nil {
		b.t.Fatal(err)
	}
	return tp
}

// account adds an account that registers at server, none when that is empty.
func (b *binding) account(user, server string, tp *pjsua.Transport) *pjsua.Account {
	b.t.Helper()
	cfg := pjsua.AccountConfig{
		ID: "sip:" + user + "@127.0.0.1", Transport: tp, MediaAddress: peers.Loopback,
		Credentials: []pjsua.Credential{{Username: user, Password: pjsua.NewSecret(peers.Password(user))}},
	}
	if server != "" {
		cfg.Registrar = "sip:" + server
	}
	acc, err := b.AddAccount(within(b.t), cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	if server != "" {
		seen(b, func(ev pjsua.RegistrationChanged) bool { return ev.Account == acc.ID() && ev.Registered })
	}
	return acc
}

// seen reads events until one of type E satisfies ok.
func seen[E pjsua.Event](b *binding, ok func(E) bool) E {
	b.t.Helper()
	timeout := time.After(deadline)
	for {
		select {
		case ev := <-b.Events():
			b.seen = append(b.seen, ev)
			if e, is := ev.(E); is && ok(e) {
				return e
			}
		case <-timeout:
			b.t.Fatalf("no such event for %v; seen %+v", deadline, b.seen)
		}
	}
}

// dial calls uri and waits for the answer.
func (b *binding) dial(acc *pjsua.Account, uri string, opts pjsua.DialOptions) *pjsua.Call {
	b.t.Helper()
	call, err := acc.Dial(within(b.t), uri, opts)
	if err != nil {
		b.t.Fatal(err)
	}
	b.confirmed(call.ID())
	return call
}

func (b *binding) confirmed(id pjsua.CallID) {
	b.t.Helper()
	seen(b, func(ev pjsua.CallStateChanged) bool {
		if ev.Call == id && ev.State == pjsua.StateDisconnected {
			b.t.Fatalf("the call ended: %+v", ev)
		}
		return ev.Call == id && ev.State == pjsua.StateConfirmed
	})
}

func (b *binding) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// A REFER of Asterisk is followed, or declined, as policy says, and Asterisk is told what
// became of it.
func TestAsteriskTransfersUs(t *testing.T) {
	a := peers.StartAsterisk(t)
	for _, tc := range []struct {
		policy pjsua.TransferPolicy
		status string
	}{
		{pjsua.TransferPolicy{}, "FAILURE"},
		{pjsua.TransferPolicy{Action: pjsua.TransferAllow, Targets: []pjsua.Target{{User: "600", Host: a.UDP}}}, "SUCCESS"},
	} {
		t.Run(tc.status, func(t *testing.T) {
			b := openBinding(t, pjsua.Config{Policy: pjsua.Policy{Transfer: tc.policy}})
			acc := b.account("1001", a.UDP, b.transport)
			watch := a.Watch()
			call := b.dial(acc, "sip:615@"+a.UDP, pjsua.DialOptions{})
			asked := seen(b, func(pjsua.TransferRequested) bool { return true })
			if asked.Call != call.ID() || !strings.Contains(asked.Target, "600@") {
				t.Errorf("%+v", asked)
			}
			if tc.status == "SUCCESS" {
				born := seen(b, func(pjsua.CallTransferred) bool { return true })
				b.confirmed(born.NewCall)
			}
			watch.Wait(deadline, peers.Event{"Event": "UserEvent", "UserEvent": "Transfer", "Status": tc.status})
			seen(b, func(ev pjsua.CallEnded) bool { return ev.Call == call.ID() })
		})
	}
}

// We transfer Asterisk: to another extension, and into another call.
func TestWeTransferAsterisk(t *testing.T) {
	a := peers.StartAsterisk(t)
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", a.UDP, b.transport)
	b.account("1002", a.UDP, b.listen())
	// A call from 1001 to 1002: Asterisk transfers only what it has bridged.
	bridged := func() *pjsua.Call {
		watch := a.Watch()
		call, err := acc.Dial(within(t), "sip:1002@"+a.UDP, pjsua.DialOptions{})
		b.ok(err)
		in := seen(b, func(pjsua.IncomingCall) bool { return true })
		b.ok(b.Call(in.Call).Answer(within(t), pjsua.CodeOK, pjsua.AnswerOptions{}))
		b.confirmed(call.ID())
		watch.WaitBridged(deadline, "1001", "1002")
		return call
	}
	final := func(call *pjsua.Call) pjsua.TransferProgress {
		return seen(b, func(ev pjsua.TransferProgress) bool { return ev.Call == call.ID() && ev.Final })
	}

	blind := bridged()
	b.ok(blind.Transfer(within(t), "sip:600@"+a.UDP, pjsua.TransferOptions{}))
	if got := final(blind); got.Code != pjsua.CodeOK {
		t.Errorf("blind: %+v", got)
	}
	b.ok(b.HangupAll(within(t)))

	call, other := bridged(), bridged()
	b.ok(call.AttendedTransfer(within(t), other, pjsua.TransferOptions{}))
	if got := final(call); got.Code != pjsua.CodeOK {
		t.Errorf("attended: %+v", got)
	}
	over := func(ev pjsua.Event) bool {
		end, ok := ev.(pjsua.CallEnded)
		return ok && end.Call == other.ID()
	}
	if !slices.ContainsFunc(b.seen, over) { // before or after the last NOTIFY
		seen(b, func(ev pjsua.CallEnded) bool { return over(ev) })
	}
}

// Late offer, hold and the answer to BYE with a peer that is not PJSIP.
func TestAsteriskLateOfferAndBye(t *testing.T) {
	a := peers.StartAsterisk(t)
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", a.UDP, b.transport)
	call := b.dial(acc, "sip:600@"+a.UDP, pjsua.DialOptions{Setting: pjsua.CallSetting{Flags: pjsua.CallNoSDPOffer}})
	offered := false
	for _, ev := range b.seen {
		if offer, ok := ev.(pjsua.OfferReceived); ok && offer.Call == call.ID() && strings.Contains(offer.SDP, "m=audio") {
			offered = true
		}
	}
	if !offered {
		t.Errorf("Asterisk's offer is not told: %+v", b.seen)
	}
	watch := a.Watch()
	b.ok(call.Hold(within(t), pjsua.HoldOptions{}))
	watch.Wait(deadline, peers.Event{"Event": "Hold"})
	seen(b, func(ev pjsua.CallMediaChanged) bool { return ev.Media[0].Status == pjsua.MediaLocalHold })
	b.ok(call.Resume(within(t), pjsua.ReinviteOptions{}))
	watch.Wait(deadline, peers.Event{"Event": "Unhold"})
	answer, err := call.HangupWait(within(t), pjsua.HangupOptions{Code: 480, Reason: "had enough"})
	if err != nil || answer.Method != "BYE" || answer.Code != pjsua.CodeOK || len(answer.Message.Values("Server")) != 1 {
		t.Errorf("%+v, %v", answer, err)
	}
}

// Two phones answer one INVITE: the call is with the first, the other one gets ACK and BYE.
func TestSIPpForkedAnswers(t *testing.T) {
	uas := peers.StartUAS(t, peers.UAS{Fork: true, Calls: 1})
	s := openStation(t, peers.Loopback, pjsua.Config{})
	acc := s.add(pjsua.AccountConfig{ID: "sip:1001@" + peers.Loopback})
	call := s.dial(acc, "sip:fork@"+uas.Addr)
	// The call is up before the other phone has answered.
	s.awaitSIP("answer to the other phone's BYE", func(m pjsua.SIPMessage) bool {
		return !m.Sent && m.Message != nil && m.Message.Code == pjsua.CodeOK && strings.HasSuffix(m.Message.Value("CSeq"), " BYE")
	})
	calls, err := s.Calls(s.soon())
	check(t, err)
	if len(calls) != 1 {
		t.Errorf("%d calls", len(calls))
	}
	answer, err := call.HangupWait(s.soon(), pjsua.HangupOptions{})
	if err != nil || answer.Method != "BYE" || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
	if got := uas.Wait(deadline); got.Successful != 1 || got.Failed != 0 {
		t.Errorf("SIPp counted %+v", got)
	}
}

// A proxy forks a call to two phones that both answer.
func TestKamailioForks(t *testing.T) {
	k := peers.StartKamailio(t, peers.KamailioOptions{})
	b := openBinding(t, pjsua.Config{})
	caller := b.account("alice", k.UDP, b.transport)
	// Two processes: an endpoint takes the second branch of an INVITE for a loop (RFC 3261
	// section 8.2.2.2).
	bobs := []*process{}
	for range 2 {
		bob := startRun(t, "--server", k.UDP, "--username", "bob", "--password", peers.Password("bob"), "--auto-answer", "all")
		bob.awaitRegistered(1)
		bobs = append(bobs, bob)
	}
	out := b.dial(caller, "sip:bob@"+k.UDP, pjsua.DialOptions{})
	for _, bob := range bobs {
		bob.awaitType("IncomingCall")
	}
	if calls, err := b.Calls(within(t)); err != nil || len(calls) != 1 {
		t.Errorf("%d calls, %v", len(calls), err)
	}
	answer, err := out.HangupWait(within(t), pjsua.HangupOptions{})
	if err != nil || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
	for _, bob := range bobs { // also the one that answered second
		bob.awaitType("CallEnded")
	}
}
