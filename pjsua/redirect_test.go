//go:build cgo

package pjsua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// redirect answers the next incoming call with 302 and these contacts.
func (p *phone) redirect(contacts ...string) IncomingCall {
	p.t.Helper()
	in := await(p, func(IncomingCall) bool { return true })
	var headers []Header
	for _, c := range contacts {
		headers = append(headers, Header{"Contact", fmt.Sprintf(c, p.addr)})
	}
	check(p.t, p.Call(in.Call).Hangup(within(p.t), HangupOptions{Code: CodeMovedTemporarily, Msg: MsgData{Headers: headers}}))
	return in
}

// ended waits for the end of a call.
func (p *phone) ended(c *Call) CallEnded {
	p.t.Helper()
	return await(p, func(ev CallEnded) bool { return ev.Call == c.id })
}

// By default nobody sends a call elsewhere, and it ends with the code that it got.
func TestRedirectStops(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	p.redirect("<sip:carol@%s>")
	got := await(p, func(CallRedirected) bool { return true })
	if got.Call != out.id || got.Account != p.acc.id || got.Code != CodeMovedTemporarily || got.Action != RedirectStop ||
		got.Target != "<sip:carol@"+p.addr+">" {
		t.Errorf("%+v", got)
	}
	if ended := p.ended(out); ended.Code != CodeMovedTemporarily {
		t.Errorf("%+v", ended)
	}
}

func TestRedirectFollows(t *testing.T) {
	p := newPhone(t, Config{})
	for _, replaceTo := range []bool{false, true} {
		policy := Policy{Redirect: RedirectPolicy{Action: RedirectFollow, ReplaceTo: replaceTo}}
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: &policy}))(t)
		p.redirect("<sip:carol@%s>;q=0.2", "<sip:dave@%s>;q=0.8")
		got := await(p, func(CallRedirected) bool { return true })
		if got.Action != RedirectFollow || !strings.Contains(got.Target, "dave") || got.Hop != 1 {
			t.Errorf("%+v", got)
		}
		// Dave is busy: on to Carol.
		dave := await(p, func(IncomingCall) bool { return true })
		if want := map[bool]string{false: "<sip:bob@127.0.0.1>", true: "<sip:dave@127.0.0.1>"}[replaceTo]; dave.Local != want {
			t.Errorf("To %q, want %q", dave.Local, want)
		}
		if line, _, _ := strings.Cut(string(dave.Request), "\r\n"); !strings.HasPrefix(line, "INVITE sip:dave@") {
			t.Errorf("%s", line)
		}
		check(t, p.Call(dave.Call).Hangup(within(t), HangupOptions{Code: CodeBusyHere}))
		got = await(p, func(CallRedirected) bool { return true })
		if got.Code != CodeBusyHere || !strings.Contains(got.Target, "carol") || got.Hop != 2 {
			t.Errorf("%+v", got)
		}
		carol := await(p, func(IncomingCall) bool { return true })
		check(t, p.Call(carol.Call).Answer(within(t), CodeOK, AnswerOptions{}))
		await(p, func(ev CallStateChanged) bool { return ev.Call == out.id && ev.State == StateConfirmed })
		p.endAll(2)
	}
}

// A ring of redirects comes to an end; targets that are not allowed are passed over.
func TestRedirectIsBounded(t *testing.T) {
	p := newPhone(t, Config{})
	policy := Policy{Redirect: RedirectPolicy{Action: RedirectFollow, MaxHops: 2}}
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: &policy}))(t)
	for i := range 3 {
		p.redirect(fmt.Sprintf("<sip:hop%d@%%s>", i))
	}
	if ended := p.ended(out); ended.Code != CodeMovedTemporarily {
		t.Errorf("%+v", ended)
	}
	policy.Redirect.Targets = []Target{{User: "dave"}}
	must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: &policy}))(t)
	p.redirect("<sip:carol@%s>;q=0.8", "<sip:dave@%s>;q=0.2")
	var actions []RedirectAction
	for len(actions) < 2 {
		actions = append(actions, await(p, func(CallRedirected) bool { return true }).Action)
	}
	if !slices.Equal(actions, []RedirectAction{RedirectStop, RedirectFollow}) {
		t.Errorf("%v", actions)
	}
	p.endAll(2)
}

func TestRedirectAsks(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{Redirect: RedirectPolicy{Action: RedirectAsk}}})
	asked := func(user string) CallRedirected {
		t.Helper()
		got := await(p, func(CallRedirected) bool { return true })
		if got.Action != RedirectAsk || !strings.Contains(got.Target, user) {
			t.Errorf("%+v", got)
		}
		return got
	}
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	assertIs(t, out.ProcessRedirect(within(t), RedirectAccept), StatusInvalidOp)
	p.redirect("<sip:dave@%s>;q=0.8", "<sip:carol@%s>;q=0.2")
	asked("dave")
	check(t, out.ProcessRedirect(within(t), RedirectReject))
	asked("carol")
	check(t, out.ProcessRedirect(within(t), RedirectAcceptReplace))
	assertIs(t, out.ProcessRedirect(within(t), RedirectAccept), StatusInvalidOp)
	carol := await(p, func(IncomingCall) bool { return true })
	if carol.Local != "<sip:carol@127.0.0.1>" {
		t.Errorf("%+v", carol)
	}
	check(t, p.Call(carol.Call).Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == out.id && ev.State == StateConfirmed })
	p.endAll(2)

	for name, end := range map[string]func(*Call) error{
		"reject":      func(c *Call) error { return c.ProcessRedirect(within(t), RedirectReject) },
		"stop":        func(c *Call) error { return c.ProcessRedirect(within(t), RedirectStopAll) },
		"hangup":      func(c *Call) error { return c.Hangup(within(t), HangupOptions{}) },
		"hangup wait": func(c *Call) error { _, err := c.HangupWait(within(t), HangupOptions{}); return err },
		"hangup all":  func(*Call) error { return p.HangupAll(within(t)) },
	} {
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
		p.redirect("<sip:dave@%s>")
		asked("dave")
		if err := end(out); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		p.ended(out)
		if n := must(p.CallCount(within(t)))(t); n != 0 {
			t.Errorf("%s: %d calls are left", name, n)
		}
	}
	// Close with a decision pending.
	must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	p.redirect("<sip:dave@%s>")
	asked("dave")
}
