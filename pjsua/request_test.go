//go:build cgo

package pjsua

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Requests outside calls, to ourselves: each is answered, and those that PJSIP does not
// handle are reported.
func TestRequestsOutsideCalls(t *testing.T) {
	p := newPhone(t, Config{UserAgent: "loop"})
	for _, tc := range []struct {
		method   string
		code     SIPCode
		header   string // that the answer has
		reported bool
	}{
		{"OPTIONS", CodeOK, "Allow", false}, {"KDMQ", 405, "Allow", true}, {"INFO", 481, "Via", true},
		{"NOTIFY", 481, "Via", true}, {"SUBSCRIBE", 400, "Via", false}, {"PUBLISH", 489, "Allow-Events", true},
	} {
		before := len(p.seen)
		got := make(chan RequestAnswered, 1)
		go func() {
			ev, err := p.acc.SendRequestWait(context.Background(), tc.method, p.uri(),
				RequestOptions{Msg: MsgData{Headers: []Header{{"X-Test", "one"}, {"Event", "none"}}, ContentType: "text/plain", Body: []byte("hello")}})
			if err != nil {
				t.Error(err)
			}
			got <- ev
		}()
		answered := await(p, func(RequestAnswered) bool { return true })
		if ev := <-got; ev.Request != answered.Request || ev.Code != tc.code || ev.Method != tc.method ||
			ev.Account != p.acc.ID() || ev.Call != 0 || ev.Message.Value(tc.header) == "" {
			t.Errorf("%s: %+v", tc.method, ev)
		}
		if !tc.reported {
			continue
		}
		var in RequestReceived
		for _, ev := range p.seen[before:] {
			if ev, is := ev.(RequestReceived); is {
				in = ev
			}
		}
		if in.Method != tc.method || in.Code != tc.code || in.Asked || in.Call != 0 || in.Account != p.acc.ID() ||
			in.Source != p.addr || in.Transport != UDP || in.Message.Value("X-Test") != "one" ||
			in.Message.Value("User-Agent") != "loop" || string(in.Message.Body) != "hello" || in.Message.Value("Accept") == "" {
			t.Errorf("%s: %+v", tc.method, in)
		}
	}
	for _, method := range []string{"", "A B", "INVITE", "ACK", "CANCEL"} {
		if _, err := p.acc.SendRequest(within(t), method, p.uri(), RequestOptions{}); err == nil {
			t.Errorf("%q was sent", method)
		}
	}
	if _, err := p.acc.SendRequest(within(t), "OPTIONS", "nonsense", RequestOptions{}); err == nil {
		t.Error("a request to nonsense was sent")
	}
}

// A bare request has nothing beyond its rules; routes and the request URI are the
// program's.
func TestBareRequestAndRoute(t *testing.T) {
	p := newPhone(t, Config{UserAgent: "loop"})
	must(p.acc.SendRequest(within(t), "KDMQ", "sip:x@192.0.2.1", RequestOptions{Bare: true, Msg: MsgData{
		TargetURI: "sip:y@192.0.2.2",
		Headers:   []Header{{"Route", "<sip:" + p.addr + ";lr>, <sip:192.0.2.3;lr>"}, {"Max-Forwards", "7"}, {"X-Test", "one"}},
	}}))(t)
	m := await(p, func(RequestReceived) bool { return true }).Message
	if m.URI != "sip:y@192.0.2.2" || m.Value("To") != "<sip:x@192.0.2.1>" || m.Value("X-Test") != "one" {
		t.Errorf("%+v", m)
	}
	if routes := strings.Join(m.Values("Route"), ","); routes != "<sip:"+p.addr+";lr>,<sip:192.0.2.3;lr>" {
		t.Errorf("Route: %s", routes)
	}
	if m.Value("User-Agent") != "" || m.Value("Accept") != "" {
		t.Errorf("%+v", m.Headers)
	}
	await(p, func(ev RequestAnswered) bool { return ev.Code == 405 })
}

// A challenge is answered with the account's credentials, once.
func TestRequestIsAuthenticated(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:carol@" + p.addr, Credentials: []Credential{{Realm: "*", Username: "carol", Password: NewSecret("secret")}}}))(t)
	for _, bare := range []bool{false, true} {
		id := must(acc.SendRequest(within(t), "PUBLISH", "sip:x@"+peer.addr, RequestOptions{Bare: bare}))(t)
		first := peer.request("PUBLISH")
		if first.header("Authorization") != "" {
			t.Error("the first request has credentials")
		}
		peer.respond(first, "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n1", algorithm=MD5`)
		second := peer.request("PUBLISH")
		if auth := second.header("Authorization"); !strings.Contains(auth, `username="carol"`) || !strings.Contains(auth, "response=") {
			t.Errorf("Authorization: %s", auth)
		}
		peer.respond(second, "200 OK", "SIP-ETag: e1")
		ev := await(p, func(RequestAnswered) bool { return true })
		if ev.Request != id || ev.Code != CodeOK || ev.Message.Value("SIP-ETag") != "e1" || ev.Account != acc.ID() {
			t.Errorf("%+v", ev)
		}
	}
	// The second refusal is the answer.
	must(acc.SendRequest(within(t), "PUBLISH", "sip:x@"+peer.addr, RequestOptions{}))(t)
	for range 2 {
		peer.respond(peer.request("PUBLISH"), "401 Unauthorized", `WWW-Authenticate: Digest realm="r", nonce="n1", algorithm=MD5`)
	}
	if ev := await(p, func(RequestAnswered) bool { return true }); ev.Code != CodeUnauthorized {
		t.Errorf("%+v", ev)
	}
}

func TestRequestRules(t *testing.T) {
	p := newPhone(t, Config{})
	send := func(method string) RequestAnswered {
		t.Helper()
		id := must(p.acc.SendRequest(within(t), method, p.uri(), RequestOptions{}))(t)
		return await(p, func(ev RequestAnswered) bool { return ev.Request == id })
	}
	check(t, p.SetRequestRules(within(t),
		RequestRule{Method: "OPTIONS", Scope: InCall, Response: Response{Code: CodeDecline}},
		RequestRule{Method: "OPTIONS", Response: Response{Code: CodeBusyHere, Reason: "Not now",
			Headers: []Header{{"X-One", "1"}, {"X-Two", "2"}}, ContentType: "text/plain", Body: []byte("later")}},
		RequestRule{Response: Response{Code: 204}},
	))
	ev := send("OPTIONS")
	if ev.Code != CodeBusyHere || ev.Reason != "Not now" || ev.Message.Value("X-One") != "1" || ev.Message.Value("X-Two") != "2" ||
		string(ev.Message.Body) != "later" || ev.Message.Value("Content-Type") != "text/plain" {
		t.Errorf("%+v", ev)
	}
	if ev := send("KDMQ"); ev.Code != 204 {
		t.Errorf("%+v", ev)
	}
	check(t, p.SetRequestRules(within(t)))
	if ev := send("OPTIONS"); ev.Code != CodeOK {
		t.Errorf("%+v", ev)
	}
	for _, bad := range []RequestRule{
		{Method: "INVITE", Response: Response{Code: 200}}, {Method: "A B", Response: Response{Code: 200}}, {Method: "X"},
		{Method: "X", Response: Response{Code: 100}}, {Method: "X", Ask: true, Wait: time.Minute}, {Scope: 3, Response: Response{Code: 200}},
		{Method: "X", Response: Response{Code: 200, ContentType: "x"}}, {Method: "X", Response: Response{Code: 200, Headers: []Header{{"a b", ""}}}},
	} {
		if err := p.SetRequestRules(within(t), bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// The program answers itself, or is too late.
func TestRequestIsAskedFor(t *testing.T) {
	p := newPhone(t, Config{})
	check(t, p.SetRequestRules(within(t), RequestRule{Method: "KDMQ", Ask: true},
		RequestRule{Method: "SLOW", Ask: true, Wait: 50 * time.Millisecond, Response: Response{Code: CodeDecline}}))
	id := must(p.acc.SendRequest(within(t), "KDMQ", p.uri(), RequestOptions{}))(t)
	in := await(p, func(RequestReceived) bool { return true })
	if !in.Asked || in.Code != 0 || in.Method != "KDMQ" {
		t.Errorf("%+v", in)
	}
	r := Response{Code: 202, Reason: "Well", Headers: []Header{{"X-One", "1"}}, ContentType: "text/plain", Body: []byte("yes")}
	check(t, p.Respond(within(t), in.Request, r))
	ev := await(p, func(RequestAnswered) bool { return true })
	if ev.Request != id || ev.Code != 202 || ev.Reason != "Well" || ev.Message.Value("X-One") != "1" || string(ev.Message.Body) != "yes" {
		t.Errorf("%+v", ev)
	}
	assertIs(t, p.Respond(within(t), in.Request, r), StatusNotFound)
	assertIs(t, p.Respond(within(t), 0, r), StatusNotFound)
	if err := p.Respond(within(t), in.Request, Response{Code: 100}); err == nil {
		t.Error("100 was sent")
	}

	must(p.acc.SendRequest(within(t), "SLOW", p.uri(), RequestOptions{}))(t)
	in = await(p, func(RequestReceived) bool { return true })
	if ev := await(p, func(RequestAnswered) bool { return true }); ev.Code != CodeDecline {
		t.Errorf("%+v", ev)
	}
	assertIs(t, p.Respond(within(t), in.Request, r), StatusNotFound)

	// One that waits when the endpoint ends is no trouble.
	must(p.acc.SendRequest(within(t), "KDMQ", p.uri(), RequestOptions{}))(t)
	await(p, func(RequestReceived) bool { return true })
}

func TestRequestsInACall(t *testing.T) {
	p := newPhone(t, Config{Policy: Policy{ReportTransactions: true}})
	c := p.connect()
	send := func(method string, msg MsgData) (RequestAnswered, RequestReceived) {
		t.Helper()
		before := len(p.seen)
		id := must(c.out.SendRequest(within(t), method, CallRequestOptions{Msg: msg}))(t)
		answer := await(p, func(RequestAnswered) bool { return true })
		if answer.Request != id || answer.Call != c.out.id || answer.Method != method || answer.Account != 0 {
			t.Errorf("%s: %+v", method, answer)
		}
		var in RequestReceived
		states := map[Role]int{}
		for _, ev := range p.seen[before:] {
			switch ev := ev.(type) {
			case RequestReceived:
				in = ev
			case CallTransactionChanged:
				if ev.Method != method || (ev.Call == c.out.id) != (ev.Role == RoleUAC) {
					t.Errorf("%+v", ev)
				}
				states[ev.Role]++
			}
		}
		if states[RoleUAC] == 0 || states[RoleUAS] == 0 {
			t.Errorf("%s: %v", method, states)
		}
		if in.Method != method || in.Call != c.in.id || in.Message.Method != method || in.Source != p.addr {
			t.Errorf("%s: %+v", method, in)
		}
		return answer, in
	}
	text := MsgData{Headers: []Header{{"X-Test", "one"}}, ContentType: "text/plain", Body: []byte("hello")}
	for _, tc := range []struct {
		method string
		msg    MsgData
		code   SIPCode
		header string
	}{
		{"INFO", text, 415, "Accept"}, {"INFO", MsgData{}, 200, "Via"},
		{"INFO", MsgData{Headers: []Header{{"Info-Package", "x"}}}, 469, "Recv-Info"},
		{"OPTIONS", MsgData{}, 200, "Supported"}, {"KDMQ", text, 405, "Allow"}, {"NOTIFY", MsgData{}, 489, "Allow-Events"},
	} {
		answer, in := send(tc.method, tc.msg)
		if answer.Code != tc.code || in.Code != tc.code || answer.Message.Value(tc.header) == "" {
			t.Errorf("%s: %+v", tc.method, answer)
		}
		if tc.msg.ContentType != "" && (string(in.Message.Body) != "hello" || in.Message.Value("X-Test") != "one") {
			t.Errorf("%s: %+v", tc.method, in.Message)
		}
	}
	check(t, p.SetRequestRules(within(t), RequestRule{Method: "INFO", Scope: OutOfCall, Response: Response{Code: 603}},
		RequestRule{Method: "INFO", Response: Response{Code: 200, ContentType: "text/plain", Body: []byte("ok")}},
		RequestRule{Method: "KDMQ", Scope: InCall, Ask: true}))
	if answer, _ := send("INFO", text); answer.Code != 200 || string(answer.Message.Body) != "ok" {
		t.Errorf("%+v", answer)
	}
	must(c.out.SendRequest(within(t), "KDMQ", CallRequestOptions{}))(t)
	in := await(p, func(RequestReceived) bool { return true })
	check(t, p.Respond(within(t), in.Request, Response{Code: CodeOK, Headers: []Header{{"X-Back", "2"}}}))
	if answer := await(p, func(RequestAnswered) bool { return true }); answer.Code != CodeOK || answer.Message.Value("X-Back") != "2" {
		t.Errorf("%+v", answer)
	}
	// Digits by INFO are still PJSIP's.
	check(t, c.out.SendDTMF(within(t), "5", DTMFOptions{Method: DTMFInfo}))
	if ev := await(p, func(DTMFReceived) bool { return true }); ev.Call != c.in.id || ev.Digit != '5' {
		t.Errorf("%+v", ev)
	}
	if _, err := c.out.SendRequest(within(t), "UPDATE", CallRequestOptions{}); err == nil {
		t.Error("UPDATE was sent")
	}
	p.hangup(c)
	_, err := c.out.SendRequest(within(t), "INFO", CallRequestOptions{})
	assertIs(t, err, ErrCallGone)
	_, err = c.out.SendRequestWait(within(t), "INFO", CallRequestOptions{})
	assertIs(t, err, ErrCallGone)
}

// Transactions are reported for the calls whose policy wants it, and for no other.
func TestTransactionsAreReportedOnDemand(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	reported := func() (out, in int) {
		t.Helper()
		before := len(p.seen)
		must(c.out.SendRequest(within(t), "INFO", CallRequestOptions{}))(t)
		await(p, func(RequestAnswered) bool { return true })
		for _, ev := range p.seen[before:] {
			if ev, is := ev.(CallTransactionChanged); is && ev.Call == c.out.id {
				out++
			} else if is {
				in++
			}
		}
		return out, in
	}
	for _, ev := range p.seen {
		if _, is := ev.(CallTransactionChanged); is {
			t.Errorf("%+v", ev)
		}
	}
	if out, in := reported(); out != 0 || in != 0 {
		t.Errorf("%d and %d events that nobody asked for", out, in)
	}
	for range 2 { // the second takes the place of the first
		check(t, c.in.SetPolicy(within(t), &Policy{ReportTransactions: true}))
	}
	if out, in := reported(); out != 0 || in == 0 {
		t.Errorf("the callee's: %d and %d events", out, in)
	}
	check(t, c.in.SetPolicy(within(t), nil))
	check(t, p.acc.SetPolicy(within(t), &Policy{ReportTransactions: true}))
	if out, in := reported(); out == 0 || in == 0 {
		t.Errorf("the account's: %d and %d events", out, in)
	}
	check(t, p.acc.SetPolicy(within(t), nil))
	if out, in := reported(); out != 0 || in != 0 {
		t.Errorf("%d and %d events that nobody wants any more", out, in)
	}
	p.hangup(c)
}

// A challenge inside a call is answered by PJSIP; the request keeps its number.
func TestRequestInACallIsAuthenticated(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:carol@" + p.addr, Credentials: []Credential{{Realm: "*", Username: "carol", Password: NewSecret("secret")}}, MediaAddress: "127.0.0.1"}))(t)
	call := must(acc.Dial(within(t), "sip:x@"+peer.addr, DialOptions{}))(t)
	invite := peer.request("INVITE")
	sdp := strings.ReplaceAll(invite.body(), "\r\na=sendrecv", "")
	head := fmt.Sprintf("SIP/2.0 200 OK\r\nVia: %s\r\nFrom: %s\r\nTo: %s;tag=peer\r\nCall-ID: %s\r\nCSeq: %s\r\nContact: <sip:x@%s>\r\n"+
		"Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", invite.header("Via"), invite.header("From"), invite.header("To"),
		invite.header("Call-ID"), invite.header("CSeq"), peer.addr, len(sdp), sdp)
	peer.write([]byte(head), invite.from)
	await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed })
	id := must(call.SendRequest(within(t), "INFO", CallRequestOptions{}))(t)
	peer.respond(peer.request("INFO"), "407 Proxy Authentication Required", `Proxy-Authenticate: Digest realm="r", nonce="n1", algorithm=MD5`)
	again := peer.request("INFO")
	if again.header("Proxy-Authorization") == "" {
		t.Errorf("%s", again.raw)
	}
	peer.respond(again, "200 OK", "X-Test: one")
	ev := await(p, func(RequestAnswered) bool { return true })
	if ev.Request != id || ev.Code != CodeOK || ev.Call != call.id || ev.Message.Value("X-Test") != "one" {
		t.Errorf("%+v", ev)
	}
	check(t, call.Hangup(within(t), HangupOptions{}))
	peer.respond(peer.request("BYE"), "200 OK", `Reason: Q.850;cause=16;text="bye"`)
	if ev := p.hangupAnswered(call, "BYE"); ev.Code != CodeOK || ev.Message.Value("Reason") != `Q.850;cause=16;text="bye"` {
		t.Errorf("%+v", ev)
	}
}
