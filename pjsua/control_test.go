//go:build cgo

package pjsua

import (
	"strings"
	"testing"
)

// endAll hangs everything up and waits for the ends of n calls.
func (p *phone) endAll(n int) {
	p.t.Helper()
	check(p.t, p.HangupAll(within(p.t)))
	for ; n > 0; n-- {
		await(p, func(CallEnded) bool { return true })
	}
}

// A stranger's REFER is declined unless policy says otherwise, and the transferor is told.
func TestTransferDeclined(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	check(t, c.out.Transfer(within(t), "sip:carol@"+p.addr, TransferOptions{}))
	asked := await(p, func(TransferRequested) bool { return true })
	if asked.Call != c.in.id || asked.Account != p.acc.id || asked.Code != CodeDecline || !strings.Contains(asked.Target, "carol") {
		t.Errorf("%+v", asked)
	}
	got := await(p, func(TransferProgress) bool { return true })
	if got.Call != c.out.id || got.Code != CodeDecline || !got.Final {
		t.Errorf("%+v", got)
	}
	check(t, p.acc.SetPolicy(within(t), &Policy{Transfer: TransferPolicy{Code: CodeForbidden}}))
	check(t, c.out.Transfer(within(t), "sip:carol@"+p.addr, TransferOptions{}))
	if got := await(p, func(TransferProgress) bool { return true }); got.Code != CodeForbidden {
		t.Errorf("%+v", got)
	}
	p.endAll(2)
}

// transferred is what a blind transfer did: in is the call that it made, at the new
// target.
func (p *phone) transferred(c pair) (born CallTransferred, in IncomingCall) {
	p.t.Helper()
	for born.NewCall == 0 || in.Call == 0 {
		switch ev := p.next().(type) {
		case CallTransferred:
			born = ev
		case IncomingCall:
			in = ev
		case CallStateChanged:
			if ev.Call == born.NewCall && born.NewCall == 0 {
				p.t.Fatalf("an event of the new call before CallTransferred: %+v", ev)
			}
		}
	}
	return born, in
}

func TestBlindTransfer(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{Transfer: TransferPolicy{Action: TransferAccept}}})
	for _, byCallee := range []bool{false, true} {
		c := p.connect()
		from, to := c.out, c.in
		if byCallee {
			from, to = to, from
		}
		check(t, from.Transfer(within(t), "<sip:carol@"+p.addr+">", TransferOptions{
			Msg: MsgData{Headers: []Header{{"X-Why", "lunch"}}},
		}))
		if asked := await(p, func(TransferRequested) bool { return true }); asked.Call != to.id || asked.Code != 202 {
			t.Errorf("%+v", asked)
		}
		born, in := p.transferred(c)
		if born.Call != to.id || !strings.Contains(born.Remote, "carol") || born.SIPCallID != in.SIPCallID {
			t.Errorf("%+v", born)
		}
		if by := in.HeaderValues("Referred-By"); len(by) != 1 {
			t.Errorf("Referred-By %q", by)
		}
		check(t, p.Call(in.Call).Answer(within(t), CodeRinging, AnswerOptions{}))
		ringing := await(p, func(ev TransferProgress) bool { return ev.Code >= CodeRinging })
		if ringing.Call != from.id || ringing.Code != CodeRinging || ringing.Final {
			t.Errorf("%+v", ringing)
		}
		check(t, p.Call(in.Call).Answer(within(t), CodeOK, AnswerOptions{}))
		done := await(p, func(ev TransferProgress) bool { return ev.Code >= CodeOK })
		if done.Call != from.id || done.Code != CodeOK || !done.Final {
			t.Errorf("%+v", done)
		}
		check(t, from.Hangup(within(t), HangupOptions{}))
		await(p, func(ev CallEnded) bool { return ev.Call == to.id })
		if info := must(p.Call(born.NewCall).Info(within(t)))(t); info.State != StateConfirmed {
			t.Errorf("%+v", info)
		}
		p.endAll(2)
	}
}

// A transfer whose target refuses is told as that, and the call goes on.
func TestTransferFails(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{Transfer: TransferPolicy{Action: TransferAccept}}})
	c := p.connect()
	check(t, c.out.Transfer(within(t), "sip:carol@"+p.addr, TransferOptions{}))
	_, in := p.transferred(c)
	check(t, p.Call(in.Call).Hangup(within(t), HangupOptions{Code: CodeBusyHere}))
	done := await(p, func(ev TransferProgress) bool { return ev.Final })
	if done.Code != CodeBusyHere {
		t.Errorf("%+v", done)
	}
	if on := must(c.out.IsActive(within(t)))(t); !on {
		t.Error("the call ended")
	}
	p.endAll(2)
}

func TestTransferAllowList(t *testing.T) {
	p := newPhone(t, Config{})
	host := p.addr
	c := p.connect()
	for _, tc := range []struct {
		target  string
		targets []Target
		allowed bool
	}{
		{"sip:1001@" + host, []Target{{Host: "pbx.example.com"}, {Host: "127.0.0.1"}}, true},
		{"sip:1001@" + host, []Target{{Host: host}}, true},
		{"sip:1001@" + host, []Target{{Host: "127.0.0.1:1"}}, false},
		{"sip:1001@" + host, []Target{{User: "1001", Host: host}}, true},
		{"sip:1001@" + host, []Target{{User: "1002", Host: host}}, false},
		{"sip:10011@" + host, []Target{{User: "1001"}}, false},
		{"sip:10011@" + host, []Target{{UserPrefix: "1001"}}, true},
		{"sip:+4930123@" + host, []Target{{UserPrefix: "+4930"}}, true},
		{"sip:+4940123@" + host, []Target{{UserPrefix: "+4930"}}, false},
		{"\"A\" <sip:%31001@" + host + ">", []Target{{User: "1001"}}, true},
		{"sip:1001@" + host + ";maddr=127.0.0.2", []Target{{Host: "127.0.0.1"}}, false},
		{"<sip:1001@" + host + "?Route=%3Csip:127.0.0.2%3Blr%3E>", []Target{{Host: "127.0.0.1"}}, false},
		{"<sip:1001@" + host + "?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>", []Target{{Host: "127.0.0.1"}}, true},
		{"<sip:evil@192.0.2.1?x=127.0.0.1>", []Target{{Host: "127.0.0.1"}}, false},
		{"<sip:127.0.0.1@192.0.2.1>", []Target{{Host: "127.0.0.1"}}, false},
	} {
		check(t, c.in.SetPolicy(within(t), &Policy{Transfer: TransferPolicy{Action: TransferAllow, Targets: tc.targets}}))
		check(t, c.out.Transfer(within(t), tc.target, TransferOptions{}))
		asked := await(p, func(TransferRequested) bool { return true })
		if asked.Code.Success() != tc.allowed {
			t.Errorf("%s among %+v: %d", tc.target, tc.targets, int(asked.Code))
		}
		if asked.Code.Success() { // the INVITE with Replaces that nobody has is refused by PJSIP
			born := await(p, func(CallTransferred) bool { return true })
			if err := p.Call(born.NewCall).Hangup(within(t), HangupOptions{}); err != ErrCallGone {
				check(t, err)
			}
		}
		await(p, func(ev TransferProgress) bool { return ev.Final })
	}
	check(t, c.in.SetPolicy(within(t), nil))
	check(t, c.out.Transfer(within(t), "sip:1001@"+host, TransferOptions{}))
	if asked := await(p, func(TransferRequested) bool { return true }); asked.Code != CodeDecline {
		t.Errorf("the account's policy: %+v", asked)
	}
}

func TestPolicyValidate(t *testing.T) {
	for name, p := range map[string]Policy{
		"empty target":  {Transfer: TransferPolicy{Action: TransferAllow, Targets: []Target{{}}}},
		"no target":     {Transfer: TransferPolicy{Action: TransferAllow}},
		"bad port":      {Redirect: RedirectPolicy{Targets: []Target{{Host: "a:99999"}}}},
		"bad code":      {Replaces: ReplacesPolicy{Code: 200}},
		"bad action":    {Offer: OfferPolicy{Action: 9}},
		"negative hops": {Redirect: RedirectPolicy{MaxHops: -1}},
	} {
		if p.Validate() == nil {
			t.Errorf("%s is valid", name)
		}
		if (Config{Policy: p}).Validate() == nil || (AccountConfig{ID: "sip:a@b", Policy: &p}).Validate() == nil {
			t.Errorf("%s is valid in a configuration", name)
		}
	}
	if err := (Policy{}).Validate(); err != nil {
		t.Error(err)
	}
}

func TestAttendedTransfer(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{
		Transfer: TransferPolicy{Action: TransferAccept}, Replaces: ReplacesPolicy{Accept: true},
	}})
	for _, tc := range []struct {
		name     string
		byCallee bool
		opts     TransferOptions
	}{{"caller", false, TransferOptions{}}, {"callee", true, TransferOptions{NoRequireReplaces: true}}} {
		a, b := p.connect(), p.connect()
		from, to := a.out, a.in
		if tc.byCallee {
			from, to = to, from
		}
		check(t, from.AttendedTransfer(within(t), b.out, tc.opts))
		asked := await(p, func(TransferRequested) bool { return true })
		if asked.Call != to.id || strings.Contains(asked.Target, "Require=") == tc.byCallee || !strings.Contains(asked.Target, "Replaces=") {
			t.Errorf("%s: %+v", tc.name, asked)
		}
		var replace ReplaceRequested
		var replaced CallReplaced
		var born CallTransferred
		var done TransferProgress
		ended := map[CallID]bool{}
		for !ended[b.out.id] || !ended[b.in.id] || !done.Final || replaced.NewCall == 0 {
			switch ev := p.next().(type) {
			case ReplaceRequested:
				replace = ev
			case CallReplaced:
				replaced = ev
			case CallTransferred:
				born = ev
			case TransferProgress:
				done = ev
			case IncomingCall:
				t.Errorf("%s: %+v", tc.name, ev)
			case CallEnded:
				ended[ev.Call] = true
			}
		}
		if replace.Call != b.in.id || replace.Code != CodeOK || len(replace.HeaderValues("Replaces")) != 1 || replace.Source != p.addr {
			t.Errorf("%s: %+v", tc.name, replace)
		}
		if replaced.Call != b.in.id || replaced.SIPCallID != born.SIPCallID || born.Call != to.id || done.Code != CodeOK {
			t.Errorf("%s: %+v %+v %+v", tc.name, replaced, born, done)
		}
		for _, id := range []CallID{replaced.NewCall, born.NewCall} {
			if info := must(p.Call(id).Info(within(t)))(t); info.State != StateConfirmed {
				t.Errorf("%s: %+v", tc.name, info)
			}
		}
		p.endAll(4)
	}
}

// The header of an INVITE with Replaces is enough to take over a call, so it is declined
// by default; Replaces that name no call are refused by PJSIP.
func TestReplacesDeclined(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{Transfer: TransferPolicy{Action: TransferAccept}}})
	a, b := p.connect(), p.connect()
	check(t, a.out.AttendedTransfer(within(t), b.out, TransferOptions{}))
	replace := await(p, func(ReplaceRequested) bool { return true })
	if replace.Call != b.in.id || replace.Code != CodeDecline {
		t.Errorf("%+v", replace)
	}
	if rejected := await(p, func(CallRejected) bool { return true }); rejected.Code != CodeDecline || rejected.SIPCallID != replace.SIPCallID {
		t.Errorf("%+v", rejected)
	}
	if done := await(p, func(ev TransferProgress) bool { return ev.Final }); done.Code != CodeDecline {
		t.Errorf("%+v", done)
	}
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Msg: MsgData{Headers: []Header{{"Replaces", "none;to-tag=a;from-tag=b"}}}}))(t)
	rejected := await(p, func(CallRejected) bool { return true })
	if rejected.Code != 481 || rejected.Remote != "<sip:alice@127.0.0.1>" || len(rejected.HeaderValues("Replaces")) != 1 || rejected.Source != p.addr {
		t.Errorf("%+v", rejected)
	}
	if ended := await(p, func(ev CallEnded) bool { return ev.Call == out.id }); ended.Code != 481 {
		t.Errorf("%+v", ended)
	}
	p.endAll(4)
}

func TestTooManyCallsAreReported(t *testing.T) {
	p := newPhone(t, Config{MaxCalls: 1})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	if rejected := await(p, func(CallRejected) bool { return true }); rejected.Code != CodeBusyHere || rejected.Call != 0 || rejected.Local != "<sip:bob@127.0.0.1>" {
		t.Errorf("%+v", rejected)
	}
	if ended := await(p, func(CallEnded) bool { return true }); ended.Call != out.id || ended.Code != CodeBusyHere {
		t.Errorf("%+v", ended)
	}
	if n := must(p.MaxCalls(within(t)))(t); n != 1 {
		t.Errorf("at most %d calls", n)
	}
}

func TestHangupWait(t *testing.T) {
	p := newPhone(t, Config{UserAgent: "answerer"})
	c := p.connect()
	got := must(c.out.HangupWait(within(t), HangupOptions{}))(t)
	if got.Call != c.out.id || got.Method != "BYE" || got.Code != CodeOK || got.Reason != "OK" || got.Message.Value("CSeq") == "" {
		t.Errorf("%+v", got)
	}
	if _, err := c.out.HangupWait(within(t), HangupOptions{}); err != ErrCallGone {
		t.Errorf("again: %v", err)
	}
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Answer(within(t), CodeRinging, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == out.id && ev.State == StateEarly })
	got = must(out.HangupWait(within(t), HangupOptions{}))(t)
	if got.Method != "INVITE" || got.Code != CodeRequestTerminated {
		t.Errorf("%+v", got)
	}
	must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in = await(p, func(IncomingCall) bool { return true })
	if got := must(p.Call(in.Call).HangupWait(within(t), HangupOptions{Code: CodeBusyHere}))(t); got.Method != "" {
		t.Errorf("%+v", got)
	}
	// The far end's refusal is no answer to a hang-up.
	await(p, func(ev CallEnded) bool { return ev.Code == CodeBusyHere && ev.Role == RoleUAC })
	p.hangup(p.connect())
	for _, ev := range p.seen {
		if ev, is := ev.(HangupAnswered); is && ev.Code == CodeBusyHere {
			t.Errorf("%+v", ev)
		}
	}
}

func TestCallsAndUserData(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	c.out.SetUserData("the caller")
	calls := must(p.Calls(within(t)))(t)
	if len(calls) != 2 || must(p.CallCount(within(t)))(t) != 2 {
		t.Errorf("%d calls", len(calls))
	}
	for _, call := range calls {
		active, media := must(call.IsActive(within(t)))(t), must(call.HasMedia(within(t)))(t)
		if want := map[CallID]any{c.out.id: "the caller"}[call.id]; call.UserData() != want || !active || !media {
			t.Errorf("call %d: %v, active %v, media %v", call.id, call.UserData(), active, media)
		}
	}
	for _, tc := range []struct {
		header, token string
		want          Capability
	}{
		{"Allow", "REFER", CapabilitySupported}, {"allow", "FROB", CapabilityUnsupported},
		{"Supported", "replaces", CapabilitySupported}, {"X-None", "x", CapabilityUnknown},
	} {
		if got := must(c.out.RemoteHasCap(within(t), tc.header, tc.token))(t); got != tc.want {
			t.Errorf("%s %s: %v", tc.header, tc.token, got)
		}
	}
	p.hangup(c)
	if c.out.UserData() != "the caller" {
		t.Errorf("after the end: %v", c.out.UserData())
	}
	if on := must(c.out.IsActive(within(t)))(t); on {
		t.Error("active after the end")
	}
	if calls := must(p.Calls(within(t)))(t); len(calls) != 0 {
		t.Errorf("%d calls are left", len(calls))
	}
}
