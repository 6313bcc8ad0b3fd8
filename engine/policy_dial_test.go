package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// withAccount runs fn with an engine whose first account is changed.
func withAccount(t *testing.T, change func(*config.Account), fn func(*testing.T, *rig)) {
	t.Helper()
	withEngine(t, func(c *config.Config, _ *fakePhone) { change(&c.Accounts[0]) }, fn)
}

func TestWhatIsDialled(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*config.Account)
		text   string
		want   string // of the INVITE
	}{
		"plain":             {func(*config.Account) {}, "1002", "sip:1002@pbx"},
		"prefix":            {func(a *config.Account) { a.DialingPrefix = "9" }, "(030) 123", "sip:9030123@pbx"},
		"prefix, short":     {func(a *config.Account) { a.DialingPrefix = "9" }, "112", "sip:112@pbx"},
		"prefix, a plus":    {func(a *config.Account) { a.DialingPrefix = "00" }, "+4930123", "sip:004930123@pbx"},
		"prefix, elsewhere": {func(a *config.Account) { a.DialingPrefix = "9" }, "030123@other", "sip:030123@other"},
		"prefix and plan":   {func(a *config.Account) { a.DialingPrefix, a.DialPlan = "0", "<00:+49>x." }, "030123", "sip:+4930123@pbx"},
		"hideCID 1":         {func(a *config.Account) { a.HideCID = "1" }, "1002", `sip:1002@pbx Privacy: id from "Anonymous" <sip:anonymous@anonymous.invalid>`},
		"hideCID hard":      {func(a *config.Account) { a.HideCID = "hard" }, "1002", `sip:1002@pbx Privacy: id from "Anonymous" <sip:anonymous@anonymous.invalid>`},
		"hideCID soft":      {func(a *config.Account) { a.HideCID = "soft" }, "1002", "sip:1002@pbx Privacy: id"},
		"hideCID 0":         {func(a *config.Account) { a.HideCID = "0" }, "1002", "sip:1002@pbx"},
		"own headers":       {func(a *config.Account) { a.InviteHeaders = "X-A: 1 | X-B:two: three |" }, "1002", "sip:1002@pbx X-A: 1 X-B: two: three"},
	} {
		t.Run(name, func(t *testing.T) {
			withAccount(t, tt.change, func(t *testing.T, r *rig) {
				r.dial(tt.text)
				r.journal(words("dial"), fmt.Sprintf("dial %d %s", r.acc1, tt.want))
			})
		})
	}
}

func TestWhatIsNotDialled(t *testing.T) {
	withAccount(t, func(a *config.Account) { a.DialPlan, a.DialAllow = "1xxx|9x.", "1;!1900" }, func(t *testing.T, r *rig) {
		var bad *URIError
		if _, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: "200"}); !errors.As(err, &bad) {
			t.Errorf("beside the plan: %v", err)
		}
		var refused *NotAllowedError
		for _, uri := range []string{"1900", "911", "sip:1002@evil", "sip:1900@pbx"} {
			if _, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: uri}); !errors.As(err, &refused) {
				t.Errorf("%s: %v", uri, err)
			}
		}
		r.journal(words("dial"))
		if _, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: "1002"}); err != nil {
			t.Error(err)
		}
	})
}

func TestAWrongDialPlanIsAnErrorAtOnce(t *testing.T) {
	for _, change := range []func(*config.Account){
		func(a *config.Account) { a.DialPlan = "[12" },
		func(a *config.Account) { a.InviteHeaders = "X-A" },
		func(a *config.Account) { a.InviteHeaders = "X A: 1" },
	} {
		cfg := testConfig()
		change(&cfg.Accounts[1])
		if _, err := New(cfg, nil); err == nil {
			t.Error("no error")
		} else if want := "account 3: "; len(err.Error()) < len(want) || err.Error()[:len(want)] != want {
			t.Error(err)
		}
	}
}

func TestMaxAccountCalls(t *testing.T) {
	withAccount(t, func(a *config.Account) { a.MaxCalls = 2 }, func(t *testing.T, r *rig) {
		one := r.dial("1002")
		r.phone.ring(r.acc1, "sip:a@far")
		r.events()
		var limit *LimitError
		if _, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: "1003"}); !errors.As(err, &limit) || limit.Key != "maxAccountCalls" {
			t.Errorf("%v", err)
		}
		if _, err := r.e.Dial(t.Context(), DialRequest{Account: 3, URI: "1003"}); err != nil {
			t.Errorf("another account: %v", err)
		}
		r.phone.end(one.ID(), 486, "")
		r.events()
		r.dial("1003")
		refused := r.phone.ring(r.acc1, "sip:b@far")
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 486 Maximum concurrent calls reached", refused))
	})
}

// Dials at the same time cannot all get through before the first is in the table.
func TestMaxAccountCallsAtOnce(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Accounts[0].MaxCalls = 2
		f.onDial = func(pjsua.CallID, string) error {
			time.Sleep(time.Second) // of the bubble
			return nil
		}
	}, func(t *testing.T, r *rig) {
		results := make(chan error)
		for range 5 {
			go func() {
				_, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: "1002"})
				results <- err
			}()
		}
		failed := 0
		for range 5 {
			if err := <-results; err != nil {
				failed++
			}
		}
		if failed != 3 {
			t.Errorf("%d of 5 were refused", failed)
		}
	})
}

func TestMaxCallsPerMinute(t *testing.T) {
	withAccount(t, func(a *config.Account) { a.MaxCallsPerMinute = 2 }, func(t *testing.T, r *rig) {
		try := func() error {
			c, err := r.e.Dial(t.Context(), DialRequest{Account: 1, URI: "1002"})
			if err == nil {
				r.phone.end(c.ID(), 486, "")
				r.events()
			}
			return err
		}
		var limit *LimitError
		for i, ok := range []bool{true, true, false, false} {
			if err := try(); ok != (err == nil) || !ok && (!errors.As(err, &limit) || limit.Key != "maxCallsPerMinute") {
				t.Errorf("%d: %v", i, err)
			}
		}
		time.Sleep(59 * time.Second) // of the bubble
		if try() == nil {
			t.Error("within the minute")
		}
		time.Sleep(time.Second)
		if err := try(); err != nil {
			t.Error(err)
		}
	})
}

// DTMF after a comma, as MicroSIP's command line has it.
func TestDigitsInTheNumber(t *testing.T) {
	withAccount(t, func(a *config.Account) { a.DialPlan = "xxxx" }, func(t *testing.T, r *rig) {
		c := r.dial("1002,12,3")
		r.journal(words("dial"), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1))
		r.phone.confirm(c.ID())
		synctest.Wait()
		time.Sleep(time.Minute) // of the bubble
		if got := r.phone.noted("dtmf"); len(got) != 2 {
			t.Errorf("%q", got)
		}
	})
}

// TestAccountPolicy: what the far ends may ask for, which by default is nothing.
func TestAccountPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		account config.Account
		want    pjsua.Policy
	}{
		"nothing": {config.Account{Domain: "pbx"}, pjsua.Policy{}},
		"zeros":   {config.Account{Domain: "pbx", FollowRedirects: "0", AcceptTransfers: "0", AcceptReplaces: "0"}, pjsua.Policy{}},
		"all": {config.Account{Domain: "pbx", FollowRedirects: "1", AcceptTransfers: "1", AcceptReplaces: "1"}, pjsua.Policy{
			Transfer: pjsua.TransferPolicy{Action: pjsua.TransferAccept}, Replaces: pjsua.ReplacesPolicy{Accept: true},
			Redirect: pjsua.RedirectPolicy{Action: pjsua.RedirectFollow, ReplaceTo: true},
		}},
		"redirects that are bounded": {config.Account{Domain: "pbx", FollowRedirects: "1", MaxCallsPerMinute: 5}, pjsua.Policy{
			Redirect: pjsua.RedirectPolicy{Action: pjsua.RedirectAsk},
		}},
		"dialAllow that is empty": {config.Account{Domain: "pbx", AcceptTransfers: "dialAllow"}, pjsua.Policy{
			Transfer: pjsua.TransferPolicy{Action: pjsua.TransferAccept},
		}},
		"dialAllow": {config.Account{Domain: "pbx", AcceptTransfers: "dialAllow", FollowRedirects: "1", DialAllow: "1;49;!4990;@other"}, pjsua.Policy{
			Transfer: pjsua.TransferPolicy{Action: pjsua.TransferAllow, Targets: []pjsua.Target{{UserPrefix: "1", Host: "pbx"}, {UserPrefix: "1", Host: "other"}}},
			Redirect: pjsua.RedirectPolicy{Action: pjsua.RedirectAsk},
		}},
		"codecs":                        {config.Account{AudioCodecs: []string{"GSM/8000/1"}}, pjsua.Policy{Media: pjsua.MediaPolicy{Codecs: []string{"GSM/8000/1"}}}},
		"dialAllow that leaves nothing": {config.Account{AcceptTransfers: "dialAllow", DialAllow: "1"}, pjsua.Policy{}},
	} {
		a := newAccount(&Engine{}, tt.account)
		got := a.policy()
		if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", tt.want) {
			t.Errorf("%s:\n%+v\n%+v", name, *got, tt.want)
		}
		if err := got.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A redirect that is left to the engine leads only where dialAllow lets it.
func TestRedirects(t *testing.T) {
	withAccount(t, func(a *config.Account) { a.FollowRedirects, a.DialAllow, a.MaxCallsPerMinute = "1", "1", 8 }, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		r.events()
		ask := func(target string) string {
			t.Helper()
			r.phone.send(pjsua.CallRedirected{EventHeader: r.phone.head(), Call: c.ID(), Account: r.acc1, Code: 302, Target: target, Action: pjsua.RedirectAsk})
			for _, ev := range r.events() {
				if ev, is := ev.(CallRedirected); is {
					return ev.Action
				}
			}
			return "no event"
		}
		if got := ask("sip:1003@pbx"); got != "follow" {
			t.Error(got)
		}
		if got := ask("sip:0900@pbx"); got != "stop" {
			t.Error(got)
		}
		if got := ask("sip:1003@evil"); got != "stop" {
			t.Error(got)
		}
		for range maxHops - 1 {
			if got := ask("sip:1004@pbx"); got != "follow" {
				t.Error(got)
			}
		}
		if got := ask("sip:1004@pbx"); got != "stop" {
			t.Error("no end: " + got)
		}
		want := []string{"accept-replace", "reject", "reject"}
		for range maxHops - 1 {
			want = append(want, "accept-replace")
		}
		want = append(want, "reject")
		for i := range want {
			want[i] = fmt.Sprintf("redirect %d %s", c.ID(), want[i])
		}
		if got := r.phone.noted("redirect"); !slices.Equal(got, want) {
			t.Errorf("%q", got)
		}
	})
}

func TestTheAccountThatDials(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.AccountID = 3 }, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 200, "OK")
		r.events()
		dial := func() int {
			t.Helper()
			c, err := r.e.Dial(t.Context(), DialRequest{URI: "1002"})
			if err != nil {
				t.Fatal(err)
			}
			return c.Info().Account
		}
		if got := dial(); got != 3 {
			t.Errorf("account %d", got)
		}
		for _, step := range []struct {
			number int
			toggle bool
			want   int
		}{{1, false, 1}, {3, true, 3}, {3, true, 1}, {3, false, 3}, {3, false, 3}} {
			if err := r.e.SelectAccount(step.number, step.toggle); err != nil {
				t.Fatal(err)
			}
			if got := dial(); got != step.want {
				t.Errorf("%+v: account %d", step, got)
			}
		}
		var unknown *UnknownAccountError
		for _, n := range []int{-1, 0, 2} {
			if err := r.e.SelectAccount(n, false); !errors.As(err, &unknown) {
				t.Errorf("%d: %v", n, err)
			}
		}
	})
}
