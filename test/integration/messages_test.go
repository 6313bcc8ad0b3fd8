//go:build integration && linux

package integration

import (
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/test/peers"
)

// ask sends a request, in the call where there is one, and waits for the answer.
func (b *binding) ask(acc *pjsua.Account, call *pjsua.Call, method, uri string, msg pjsua.MsgData) pjsua.RequestAnswered {
	b.t.Helper()
	var id pjsua.RequestID
	var err error
	if call != nil {
		id, err = call.SendRequest(within(b.t), method, pjsua.CallRequestOptions{Msg: msg})
	} else {
		id, err = acc.SendRequest(within(b.t), method, uri, pjsua.RequestOptions{Msg: msg})
	}
	b.ok(err)
	return seen(b, func(ev pjsua.RequestAnswered) bool { return ev.Request == id })
}

// Requests that are no calls, outside a call and inside one. What Asterisk has no use for inside a call it does not
// answer at all: SIPp does, see below.
func TestAsteriskAnswersRequests(t *testing.T) {
	a := peers.StartAsterisk(t)
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", a.UDP, b.transport)
	call := b.dial(acc, "sip:600@"+a.UDP, pjsua.DialOptions{})
	watch := a.Watch()
	digit := pjsua.MsgData{ContentType: "application/dtmf-relay", Body: []byte("Signal=5\r\nDuration=160\r\n")}
	for _, tc := range []struct {
		method string
		msg    pjsua.MsgData
		call   *pjsua.Call
		code   pjsua.SIPCode
		header string // that the answer has
	}{
		{"OPTIONS", pjsua.MsgData{}, nil, 200, "Allow"},
		{"KDMQ", pjsua.MsgData{}, nil, 501, "Server"},
		{"INFO", digit, call, 200, "Server"},
	} {
		got := b.ask(acc, tc.call, tc.method, "sip:600@"+a.UDP, tc.msg)
		if got.Code != tc.code || got.Message.Value(tc.header) == "" {
			t.Errorf("%s, in a call %v: %d %s %+v", tc.method, tc.call != nil, int(got.Code), got.Reason, got.Message)
		}
	}
	watch.Wait(deadline, peers.Event{"Event": "DTMFEnd", "Direction": "Received", "Digit": "5"})
	answer, err := call.HangupWait(within(t), pjsua.HangupOptions{})
	if err != nil || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
}

// The same with SIPp, both ways: it checks the code of each answer that it gets.
func TestSIPpRequests(t *testing.T) {
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", "", b.transport)
	b.ok(b.SetRequestRules(within(t),
		pjsua.RequestRule{Method: "KDMQ", Response: pjsua.Response{Code: 299}},
		pjsua.RequestRule{Method: "INFO", Response: pjsua.Response{Code: 415}},
		pjsua.RequestRule{Method: "OPTIONS", Response: pjsua.Response{Code: 480}},
	))
	requests := []peers.Request{{Method: "INFO", Code: 415}, {Method: "OPTIONS", Code: 480}, {Method: "KDMQ", Code: 299}}
	msg := pjsua.MsgData{Headers: []pjsua.Header{{Name: "X-Own", Value: "yes"}}, ContentType: "text/plain", Body: []byte("of ours")}

	uas := peers.StartUAS(t, peers.UAS{Calls: 1, Takes: requests, Sends: requests})
	call := b.dial(acc, "sip:x@"+uas.Addr, pjsua.DialOptions{})
	for _, r := range requests {
		if got := b.ask(acc, call, r.Method, "", msg); int(got.Code) != r.Code || got.Call != call.ID() || got.Message.Value("X-Peer") != "SIPp" {
			t.Errorf("%+v", got)
		}
	}
	for _, r := range requests {
		got := seen(b, func(ev pjsua.RequestReceived) bool { return ev.Method == r.Method })
		if got.Call != call.ID() || int(got.Code) != r.Code || got.Message.Value("X-Peer") != "SIPp" ||
			!strings.HasPrefix(string(got.Message.Body), r.Method+" of SIPp") {
			t.Errorf("%+v", got)
		}
	}
	answer, err := call.HangupWait(within(t), pjsua.HangupOptions{})
	if err != nil || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
	requireAllGood(t, uas, uas.Wait(deadline), 1)

	for _, r := range requests {
		uas := peers.StartUAS(t, peers.UAS{Calls: 1, Outside: r})
		if got := b.ask(acc, nil, r.Method, "sip:x@"+uas.Addr, msg); int(got.Code) != r.Code || got.Account != acc.ID() || got.Message.Value("X-Peer") != "SIPp" {
			t.Errorf("%+v", got)
		}
		requireAllGood(t, uas, uas.Wait(deadline), 1)

		addr := b.transport.Info().Address
		uac := peers.StartUAC(t, peers.UAC{URI: "sip:1001@" + addr, Addr: addr, Calls: 1, Rate: 1, Outside: r})
		if got := seen(b, func(ev pjsua.RequestReceived) bool { return ev.Method == r.Method }); got.Call != 0 || got.Account != acc.ID() || got.Message.Value("X-Peer") != "SIPp" {
			t.Errorf("%+v", got)
		}
		requireAllGood(t, uac, uac.Wait(deadline), 1)
	}
}

// Real-time text is agreed upon with another implementation, and what it sends back of ours
// arrives once and in order.
func TestSIPpText(t *testing.T) {
	uas := peers.StartUAS(t, peers.UAS{Calls: 1, Echo: true, Text: true})
	b := openBinding(t, pjsua.Config{})
	acc := b.account("1001", "", b.transport)
	call := b.dial(acc, "sip:x@"+uas.Addr, pjsua.DialOptions{Setting: pjsua.CallSetting{Text: 1}})
	const text = "Grüße, 你好: nothing that is typed is lost on the way"
	b.ok(call.SendText(within(t), text, pjsua.TextOptions{}))
	got := ""
	for len(got) < len(text) {
		ev := seen(b, func(ev pjsua.TextReceived) bool { return ev.Call == call.ID() })
		if ev.Lost != 0 {
			t.Errorf("%+v", ev)
		}
		got += ev.Text
	}
	if got != text {
		t.Errorf("%q", got)
	}
	answer, err := call.HangupWait(within(t), pjsua.HangupOptions{})
	if err != nil || answer.Code != pjsua.CodeOK {
		t.Errorf("%+v, %v", answer, err)
	}
	requireAllGood(t, uas, uas.Wait(deadline), 1)
}
