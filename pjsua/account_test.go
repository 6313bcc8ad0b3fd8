//go:build cgo

package pjsua

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestModifyTakesEveryField(t *testing.T) {
	p := newPhone(t, Config{})
	tcp := must(p.AddTransport(within(t), TransportConfig{Type: TCP, BindAddress: "127.0.0.1"}))(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:a@" + p.addr}))(t)
	full := fullAccount(tcp)
	check(t, acc.Modify(within(t), full))
	sameConfig(t, must(acc.Config(within(t)))(t), full)

	// What Config returns changes nothing, and neither does it twice.
	before := must(p.acc.Config(within(t)))(t)
	check(t, p.acc.Modify(within(t), before))
	sameConfig(t, must(p.acc.Config(within(t)))(t), before)
	if before.RTPPort != 0 || before.RegisterTimeout != 300*time.Second || before.STUNMedia != STUNRetryOnFailure || before.ICE != nil {
		t.Errorf("defaults: %+v", before)
	}
	if err := acc.Modify(within(t), AccountConfig{ID: "nobody"}); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a bad ID: %v", err)
	}
}

func TestAccountsAndTheDefaultOne(t *testing.T) {
	p := newPhone(t, Config{})
	high := must(p.AddAccount(within(t), AccountConfig{ID: "sip:high@example.com", Priority: 5}))(t)
	low := must(p.AddAccount(within(t), AccountConfig{ID: "sip:low@example.org", Priority: -5}))(t)
	var ids []AccountID
	for _, info := range must(p.Accounts(within(t)))(t) {
		ids = append(ids, info.ID)
		if info.Default != (info.ID == p.acc.ID()) {
			t.Errorf("default: %+v", info)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, []AccountID{p.acc.ID(), high.ID(), low.ID()}) {
		t.Errorf("accounts %v", ids)
	}
	check(t, p.SetDefaultAccount(within(t), low))
	if got := must(p.DefaultAccount(within(t)))(t); got == nil || got.ID() != low.ID() {
		t.Errorf("default account %v", got)
	}
	if got := must(p.AccountForOutgoing(within(t), "sip:someone@example.com"))(t); got == nil || got.ID() != high.ID() {
		t.Errorf("account for example.com: %v", got)
	}
	info := must(low.Info(within(t)))(t)
	if !info.Default || info.URI != "sip:low@example.org" || info.HasRegistrar || info.Registered || info.LastError != 0 {
		t.Errorf("info %+v", info)
	}
	check(t, low.SetUserData(within(t), 42))
	if low.UserData() != 42 || p.Account(low.ID()).UserData() != 42 || high.UserData() != nil {
		t.Error("user data")
	}
	if !must(low.Valid(within(t)))(t) {
		t.Error("an account is not valid")
	}
	check(t, low.Remove(within(t), RemoveOptions{}))
	if must(low.Valid(within(t)))(t) || low.UserData() != nil {
		t.Error("a removed account is there")
	}
	assertIs(t, low.SetUserData(within(t), 1), ErrAccountGone)
	assertIs(t, low.Remove(within(t), RemoveOptions{}), ErrAccountGone)
	// Its slot is used again at once, by another.
	again := must(p.AddAccount(within(t), AccountConfig{ID: "sip:again@example.org"}))(t)
	_, err := low.Config(within(t))
	assertIs(t, err, ErrAccountGone)
	assertIs(t, low.Modify(within(t), AccountConfig{ID: "sip:x@y"}), ErrAccountGone)
	if info := must(again.Info(within(t)))(t); info.URI != "sip:again@example.org" {
		t.Errorf("%+v", info)
	}
}

func TestAccountWithCallsStays(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	assertIs(t, p.acc.Remove(within(t), RemoveOptions{}), ErrAccountBusy)
	if !must(p.acc.Valid(within(t)))(t) {
		t.Error("gone")
	}
	p.hangup(c)
	check(t, p.acc.Remove(within(t), RemoveOptions{}))
}

func TestLocalAccount(t *testing.T) {
	p := newPhone(t, Config{})
	tcp := must(p.AddTransport(within(t), TransportConfig{Type: TCP, BindAddress: "127.0.0.1"}))(t)
	acc := must(p.AddLocalAccount(within(t), tcp))(t)
	cfg := must(acc.Config(within(t)))(t)
	if want := "<sip:" + tcp.Info().Address + ";transport=TCP>"; cfg.ID != want || cfg.Priority != -1 || cfg.Transport != tcp ||
		cfg.RewriteContact != RewriteNever {
		t.Errorf("local account %+v, want ID %s", cfg, want)
	}
	out := must(acc.Dial(within(t), "sip:"+tcp.Info().Address+";transport=tcp", DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if in.Account != acc.ID() {
		t.Errorf("called account %d", in.Account)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
}

func TestTransportOfAnAccount(t *testing.T) {
	p := newPhone(t, Config{})
	two := must(p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}))(t)
	contact := func() string { return must(p.acc.Contact(within(t), p.uri()))(t) }
	if got := contact(); got != "<sip:alice@"+p.addr+";ob>" {
		t.Errorf("contact %s", got)
	}
	check(t, p.acc.SetTransport(within(t), two))
	if got := contact(); got != "<sip:alice@"+two.Info().Address+";ob>" {
		t.Errorf("contact %s, second transport %s", got, two.Info().Address)
	}
	assertIs(t, two.Close(within(t), CloseTransportOptions{}), ErrTransportBound)
	check(t, p.acc.SetTransport(within(t), nil))
	check(t, two.Close(within(t), CloseTransportOptions{}))
	assertIs(t, p.acc.SetTransport(within(t), two), ErrTransportGone)
	_, err := two.Refresh(within(t))
	assertIs(t, err, ErrTransportGone)
	if list := must(p.Transports(within(t)))(t); len(list) != 1 || list[0].Info().Address != p.addr {
		t.Errorf("%d transports", len(list))
	}
	await(p, func(ev TransportChanged) bool {
		return ev.State == TransportDestroyed && ev.Local == two.Info().Address
	})
	three := must(p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}))(t)
	assertIs(t, two.Close(within(t), CloseTransportOptions{}), ErrTransportGone) // not the slot's next user
	if info := must(three.Refresh(within(t)))(t); info.Bound != info.Address || info.Reliable || info.Secure || info.Name != "UDP" ||
		info.Users < 1 || !strings.Contains(info.Description, info.Address) {
		t.Errorf("%+v", info)
	}
}

func TestIncomingRules(t *testing.T) {
	p := newPhone(t, Config{})
	bot := must(p.AddAccount(within(t), AccountConfig{ID: "sip:bot@example.com", MediaAddress: "127.0.0.1"}))(t)
	gone := must(p.AddAccount(within(t), AccountConfig{ID: "sip:gone@example.com"}))(t)
	called := func(uri string) AccountID {
		t.Helper()
		out := must(p.acc.Dial(within(t), uri, DialOptions{}))(t)
		in := await(p, func(IncomingCall) bool { return true })
		check(t, out.Hangup(within(t), HangupOptions{}))
		for range 2 {
			await(p, func(CallEnded) bool { return true })
		}
		return in.Account
	}
	check(t, p.SetIncomingRules(within(t), []IncomingRule{
		{User: "other", Account: p.acc},
		{User: "BOB", Domain: "127.0.0.1", Account: gone},
		{Line: "abc", Account: bot},
		{User: "bob", Account: bot},
	}))
	check(t, gone.Remove(within(t), RemoveOptions{}))
	for uri, want := range map[string]AccountID{
		"sip:bob@" + p.addr:                 bot.ID(), // by the last rule: the second one's account is gone
		"sip:alice@" + p.addr:               p.acc.ID(),
		"sip:alice@" + p.addr + ";line=ABC": bot.ID(),
	} {
		p.seen = nil
		if got := called(uri); got != want {
			t.Errorf("%s is for account %d, want %d", uri, got, want)
		}
		var matched []AccountMatched
		for _, ev := range p.seen {
			if m, ok := ev.(AccountMatched); ok {
				matched = append(matched, m)
			}
		}
		if (len(matched) > 0) != (want == bot.ID()) {
			t.Errorf("%s: %+v", uri, matched)
		}
		for _, m := range matched {
			if m.Account != bot.ID() || m.Default != p.acc.ID() || m.Method != "INVITE" || m.URI != uri || m.Rule < 2 {
				t.Errorf("%s: %+v", uri, m)
			}
		}
	}
	check(t, p.SetIncomingRules(within(t), nil))
	if got := called(p.uri()); got != p.acc.ID() {
		t.Errorf("without rules: account %d", got)
	}
	if err := p.SetIncomingRules(within(t), []IncomingRule{{User: strings.Repeat("x", 64), Account: bot}}); err == nil {
		t.Error("a long user was taken")
	}
}

// A registrar that challenges: the request that follows has the right answer, and the
// events say what happened.
func TestChallengedRegistration(t *testing.T) {
	p := newPhone(t, Config{})
	peer := newSIPPeer(t)
	acc := must(p.AddAccount(within(t), AccountConfig{
		ID: "sip:1001@" + peer.addr, Registrar: "sip:" + peer.addr,
		Credentials:           []Credential{{Realm: "other", Username: "x", Password: NewSecret("y")}, {Realm: "pbx", Username: "1001", Password: NewSecret("s3cr3t")}},
		RegisterHeaders:       []Header{{"X-Device", "bot"}},
		RegisterContactParams: ";q=0.5", ContactParams: ";x=1",
	}))(t)
	started := await(p, func(RegistrationStarted) bool { return true })
	if started.Account != acc.ID() || !started.Renew {
		t.Errorf("%+v", started)
	}
	first := peer.request("REGISTER")
	if got := first.header("X-Device"); got != "bot" {
		t.Errorf("X-Device %q", got)
	}
	if got := first.header("Contact"); !strings.Contains(got, ">;") || !strings.Contains(got, ";x=1") || !strings.Contains(got, ";q=0.5") {
		t.Errorf("Contact %q", got)
	}
	peer.respond(first, "401 Unauthorized", `WWW-Authenticate: Digest realm="pbx", nonce="abc", algorithm=SHA-256, qop="auth"`)
	challenged := await(p, func(AuthChallenged) bool { return true })
	if challenged.Account != acc.ID() || challenged.Code != CodeUnauthorized || challenged.Method != "REGISTER" || challenged.Call != 0 ||
		!strings.EqualFold(challenged.Scheme, "digest") || challenged.Realm != "pbx" || challenged.Algorithm != "SHA-256" || challenged.Stale {
		t.Errorf("%+v", challenged)
	}
	second := peer.request("REGISTER")
	auth := second.header("Authorization")
	for _, want := range []string{`username="1001"`, `realm="pbx"`, "algorithm=SHA-256", "response="} {
		if !strings.Contains(auth, want) {
			t.Errorf("Authorization %q has no %s", auth, want)
		}
	}
	peer.respond(second, "200 OK", "Contact: "+second.header("Contact")+";expires=60", "Expires: 60")
	reg := await(p, func(RegistrationChanged) bool { return true })
	if reg.Account != acc.ID() || !reg.Registered || reg.Code != CodeOK {
		t.Errorf("%+v", reg)
	}
	info := must(acc.Info(within(t)))(t)
	if !info.HasRegistrar || !info.Registered || info.Code != CodeOK || info.Expires == 0 {
		t.Errorf("%+v", info)
	}

	// A change that the registrar sees registers again.
	cfg := must(acc.Config(within(t)))(t)
	cfg.RegisterHeaders = []Header{{"X-Device", "other"}}
	check(t, acc.Modify(within(t), cfg))
	for again := false; !again; { // first the end of the old one
		req := peer.request("REGISTER")
		peer.respond(req, "200 OK", "Contact: "+req.header("Contact"), "Expires: 60")
		again = req.header("Expires") != "0" && req.header("X-Device") == "other"
	}
	await(p, func(r RegistrationChanged) bool { return r.Account == acc.ID() && r.Registered })

	check(t, acc.Register(within(t), false))
	if ev := await(p, func(RegistrationStarted) bool { return true }); ev.Renew {
		await(p, func(ev RegistrationStarted) bool { return !ev.Renew })
	}
	peer.respond(peer.request("REGISTER"), "200 OK")
	await(p, func(r RegistrationChanged) bool { return r.Unregistering })
}
