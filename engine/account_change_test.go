package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func newAccountConfig() config.Account {
	return config.Account{
		Server: "far.example", Domain: "far.example", Username: "2001", Password: config.NewSecret(secret), Transport: config.TCP,
		RegisterRefresh: 300 * time.Second, KeepAlive: 15 * time.Second,
	}
}

func TestAddAndRemoveAccount(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		r.events()
		a, err := r.e.AddAccount(t.Context(), newAccountConfig())
		if err != nil {
			t.Fatal(err)
		}
		if a.Number() != 4 {
			t.Errorf("number %d", a.Number())
		}
		if err := a.WaitRegistered(t.Context()); err != nil {
			t.Error(err)
		}
		r.expect("AccountAdded", "RegistrationChanged 4 200")
		r.journal(words("transport"), "transport UDP", "transport TCP")
		var numbers []int
		for _, info := range r.e.Accounts() {
			numbers = append(numbers, info.Number)
		}
		if !slices.Equal(numbers, []int{0, 1, 3, 4}) {
			t.Errorf("accounts %v", numbers)
		}
		c, err := r.e.Dial(t.Context(), DialRequest{Account: 4, URI: "2002"})
		if err != nil {
			t.Fatal(err)
		}
		r.phone.onRemove = func(pjsua.AccountID) error { return pjsua.ErrAccountBusy }
		if err := r.e.RemoveAccount(t.Context(), 4); !errors.Is(err, ErrAccountBusy) {
			t.Errorf("with a call: %v", err)
		}
		r.phone.onRemove = nil
		r.phone.end(c.ID(), 404, "")
		r.events()
		if err := r.e.RemoveAccount(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		r.expect("AccountRemoved")
		var unknown *UnknownAccountError
		if err := r.e.RemoveAccount(t.Context(), 4); !errors.As(err, &unknown) {
			t.Errorf("again: %v", err)
		}
		if err := a.WaitRegistered(context.Background()); !errors.As(err, &unknown) {
			t.Errorf("a handle of it: %v", err)
		}
	})
}

func TestAccountsThatCannotBeAdded(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		taken := newAccountConfig()
		taken.Number = 3
		if _, err := r.e.AddAccount(t.Context(), taken); !errors.Is(err, ErrAccountExists) {
			t.Errorf("%v", err)
		}
		r.phone.onTransport = func(pjsua.TransportConfig) error { return pjsua.StatusInUse }
		if _, err := r.e.AddAccount(t.Context(), newAccountConfig()); !errors.Is(err, pjsua.StatusInUse) {
			t.Errorf("%v", err)
		}
		r.phone.onTransport = nil
		r.phone.onAccount = func(pjsua.AccountConfig) error { return errors.New("no room") }
		if _, err := r.e.AddAccount(t.Context(), newAccountConfig()); err == nil {
			t.Error("no room")
		}
		if n := len(r.e.Accounts()); n != 3 {
			t.Errorf("%d accounts", n)
		}
		r.expect()
	})
}

func TestUpdateAccount(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		a, _ := r.e.Account(1)
		cfg := *a.cfg()
		cfg.Label, cfg.DisplayName = "Support", "Ann"
		if err := r.e.UpdateAccount(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		r.expect("AccountUpdated")
		r.journal(words("modify"), fmt.Sprintf(`modify %d "Ann" <sip:1001@pbx> sip:pbx`, r.acc1))
		if info := a.Info(); info.Label != "Support" || info.URI != `"Ann" <sip:1001@pbx>` {
			t.Errorf("%+v", info)
		}
		cfg.Number = 9
		var unknown *UnknownAccountError
		if err := r.e.UpdateAccount(t.Context(), cfg); !errors.As(err, &unknown) {
			t.Errorf("%v", err)
		}
	})
}

// Many change the accounts while others look at them; the race detector watches.
func TestAccountsChangeAtOnce(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		done := make(chan struct{})
		for range 4 {
			go func() {
				defer func() { done <- struct{}{} }()
				for range 5 {
					a, err := r.e.AddAccount(t.Context(), newAccountConfig())
					if err != nil {
						t.Error(err)
						return
					}
					r.e.Accounts()
					_, _ = r.e.Dial(t.Context(), DialRequest{Account: 77, URI: "x"})
					cfg := *a.cfg()
					cfg.Label = "x"
					if err := errors.Join(r.e.UpdateAccount(t.Context(), cfg), r.e.RemoveAccount(t.Context(), a.Number())); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		for range 4 {
			<-done
		}
		synctest.Wait()
		if n := len(r.e.Accounts()); n != 3 {
			t.Errorf("%d accounts", n)
		}
	})
}

func TestFeatureCodes(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		s := &c.Settings
		s.EnableFeatureCodeCP, s.FeatureCodeCP, s.FeatureCodePark, s.FeatureCodeRetrieve = true, "**", "700", "*7"
		c.Accounts[1].VoicemailNumber = "*97"
	}, func(t *testing.T, r *rig) {
		must := func(_ *Call, err error) {
			t.Helper()
			if err != nil {
				t.Error(err)
			}
		}
		if _, err := r.e.Redial(t.Context()); err == nil {
			t.Error("redial of nobody")
		}
		c, _ := r.connected()
		must(r.e.Redial(t.Context()))
		must(r.e.Pickup(t.Context(), "1004"))
		must(r.e.Retrieve(t.Context(), "1"))
		must(r.e.Voicemail(t.Context(), 3))
		if _, err := r.e.Park(t.Context(), c, ""); err != nil {
			t.Error(err)
		}
		acc3, _ := r.e.Account(3)
		r.journal(words("dial", "transfer"),
			fmt.Sprintf("dial %d sip:1002@pbx", r.acc1), fmt.Sprintf("dial %d sip:1002@pbx", r.acc1),
			fmt.Sprintf("dial %d sip:**1004@pbx", r.acc1), fmt.Sprintf("dial %d sip:*71@pbx", r.acc1),
			fmt.Sprintf("dial %d sip:*97@pbx", acc3.id), fmt.Sprintf("transfer %d sip:700@pbx", c.ID()))
		for name, err := range map[string]error{
			"pickup of nobody":     second(r.e.Pickup(t.Context(), "")),
			"retrieve of nothing":  second(r.e.Retrieve(t.Context(), "")),
			"no voice mail":        second(r.e.Voicemail(t.Context(), 1)),
			"voice mail of nobody": second(r.e.Voicemail(t.Context(), 9)),
			"no recording":         c.StopRecording(t.Context(), ""),
		} {
			if err == nil {
				t.Error(name)
			}
		}
	})
}

// An impairment is in the policy of the account, stays through a change of it, and goes.
func TestSetImpairment(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.e.Account(1)
		drop := func() int {
			r.phone.mu.Lock()
			defer r.phone.mu.Unlock()
			if p := r.phone.accounts[a.id].Policy; p.Media.Impair != nil {
				return p.Media.Impair.RX.Drop
			}
			return 0
		}
		if err := a.SetImpairment(t.Context(), &pjsua.Impairment{RX: pjsua.PathImpairment{Drop: 101}}); err == nil {
			t.Error("101 percent are taken")
		}
		if err := a.SetImpairment(t.Context(), &pjsua.Impairment{RX: pjsua.PathImpairment{Drop: 5}}); err != nil || drop() != 5 {
			t.Errorf("%v, %d percent", err, drop())
		}
		if err := r.e.UpdateAccount(t.Context(), *a.cfg()); err != nil || drop() != 5 {
			t.Errorf("%v, %d percent after a change", err, drop())
		}
		if err := a.SetImpairment(t.Context(), nil); err != nil || drop() != 0 {
			t.Errorf("%v, %d percent at the end", err, drop())
		}
	})
}
