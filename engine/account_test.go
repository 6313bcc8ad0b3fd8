package engine

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestAllAccountsRegister(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		r.expect("EngineStarted", "RegistrationChanged 1 200", "RegistrationChanged 3 200")
		for _, n := range []int{1, 3} {
			a, ok := r.e.Account(n)
			if !ok {
				t.Fatalf("no account %d", n)
			}
			if err := a.WaitRegistered(t.Context()); err != nil {
				t.Errorf("account %d: %v", n, err)
			}
		}
		time.Sleep(time.Minute) // of the bubble
		infos := r.e.Accounts()
		if len(infos) != 3 || infos[0].Number != 0 || infos[0].Registers || !infos[1].Registered || infos[1].ExpiresMS != 240000 {
			t.Errorf("accounts: %+v", infos)
		}
		if infos[0].URI != "sip:offhook@192.0.2.1:40001" || infos[1].URI != "sip:1001@pbx" {
			t.Errorf("addresses of record: %q, %q", infos[0].URI, infos[1].URI)
		}
		if _, ok := r.e.Account(2); ok {
			t.Error("there is an account 2")
		}
	})
}

func TestWaitRegistered(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		a, _ := r.e.Account(1)
		local, _ := r.e.Account(0)
		if err := local.WaitRegistered(t.Context()); err != nil {
			t.Errorf("the local account: %v", err)
		}
		if err := local.Register(t.Context()); !errors.Is(err, ErrNoRegistrar) {
			t.Errorf("Register of the local account: %v", err)
		}

		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.WaitRegistered(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without an answer: %v", err)
		}

		result := make(chan error, 1)
		go func() { result <- a.WaitRegistered(t.Context()) }()
		synctest.Wait()
		r.phone.registered(r.acc1, 403, "Forbidden")
		var bad *RegistrationError
		if err := <-result; !errors.As(err, &bad) || bad.Code != 403 || bad.Account != 1 || !strings.Contains(err.Error(), "1001") {
			t.Errorf("refused: %v", err)
		}

		// Another attempt is waited for, not answered with the old outcome.
		if err := a.Register(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { result <- a.WaitRegistered(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-result:
			t.Fatalf("the old outcome is returned: %v", err)
		default:
		}
		r.phone.registered(r.acc1, 200, "OK")
		if err := <-result; err != nil {
			t.Errorf("registered: %v", err)
		}

		if err := a.Unregister(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.journal(words("register"), "register 2 true", "register 3 true", "register 2 true", "register 2 false")
		go func() { result <- a.WaitRegistered(t.Context()) }()
		r.cancel()
		if err := <-result; !errors.Is(err, ErrNotRunning) {
			t.Errorf("the engine stops: %v", err)
		}
	})
}

func TestRegistrationDetail(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Accounts[0].AuthID = "auth1"
		c.Accounts[1].Password = config.Secret{}
	}, func(t *testing.T, r *rig) {
		acc3 := r.phone.account("sip:1003@")
		r.phone.registered(r.acc1, 401, "Unauthorized")
		r.phone.registered(acc3, 401, "Unauthorized")
		r.phone.registered(r.acc1, 404, "Not Found")
		r.phone.registered(r.acc1, 503, "Service Unavailable")
		r.phone.registered(r.acc1, 503, "SSL certificate verification error (PJSIP_TLS_ECERTVERIF)")
		r.phone.registered(r.acc1, 503, "Broken pipe")
		r.phone.registered(r.acc1, 408, "Request Timeout")
		r.phone.registered(r.acc1, 502, "gethostbyname() has returned error (PJ_ERESOLVE)")
		r.phone.registered(r.acc1, 200, "OK")
		events := r.events()[1:]
		for i, want := range []string{
			"pbx refuses username and password of auth1", "wants a password", "does not know 1001", "", "certificate of pbx is not trusted",
			"no connection to pbx", "pbx does not answer", "the name pbx cannot be resolved", "",
		} {
			got := events[i].(RegistrationChanged)
			if got.Detail != want && (want == "" || !strings.Contains(got.Detail, want)) {
				t.Errorf("%d: detail %q, want %q", got.Code, got.Detail, want)
			}
			if got.Registered != (got.Code == 200) || got.ExpiresMS != 0 && !got.Registered {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestRefusedRegistrationIsRetriedSlowly(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		first := []string{"register 2 true", "register 3 true"}
		r.phone.registered(r.acc1, 403, "Forbidden")
		time.Sleep(longRetry - time.Second) // of the bubble
		r.journal(words("register"), first...)
		time.Sleep(longRetry/2 + 2*time.Second) // the jitter
		r.journal(words("register"), append(first, "register 2 true")...)

		// Nothing more until the next outcome; PJSIP's own retries are left alone.
		time.Sleep(2 * longRetry)
		r.phone.registered(r.acc1, 503, "Service Unavailable")
		time.Sleep(2 * longRetry)
		r.journal(words("register"), append(first, "register 2 true")...)

		// A success in between ends the waiting.
		r.phone.registered(r.acc1, 403, "Forbidden")
		time.Sleep(time.Second)
		r.phone.registered(r.acc1, 200, "OK")
		time.Sleep(2 * longRetry)
		r.journal(words("register"), append(first, "register 2 true")...)

		// So does the end of the engine.
		r.phone.registered(r.acc1, 403, "Forbidden")
	})
}

func TestRegisterThatCannotBeSentStopsNobody(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	withEngine(t, func(_ *config.Config, f *fakePhone) {
		f.registersNow = true
		f.onRegister = func(id pjsua.AccountID) error {
			if down.Load() && id == f.account("sip:1001@") {
				return &pjsua.Error{Op: "register", Status: pjsua.StatusNoName}
			}
			return nil
		}
	}, func(t *testing.T, r *rig) {
		events := r.events()
		if got := strings.Join(brief(events), ", "); got != "EngineStarted, RegistrationChanged 1 0, RegistrationChanged 3 200" {
			t.Fatalf("events: %s", got)
		}
		if ev := events[1].(RegistrationChanged); ev.Registered || !strings.Contains(ev.Detail, "the name pbx cannot be resolved") {
			t.Errorf("%+v", ev)
		}
		down.Store(false)
		time.Sleep(retryInterval*3/2 + time.Second) // of the bubble
		r.expect("RegistrationChanged 1 200")
	})
}

func TestRetriedByPJSIP(t *testing.T) {
	for code, want := range map[pjsua.SIPCode]bool{
		401: false, 403: false, 404: false, 408: true, 423: false, 480: true,
		500: true, 502: true, 503: true, 504: true, 600: true, 603: true, 0: false,
	} {
		if retriedByPJSIP(code) != want {
			t.Errorf("%d: %v", code, !want)
		}
	}
}

func TestLostEventsAreAskedFor(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		gone := r.dial("1002")
		missed := r.dial("1003")
		same := r.dial("1004")
		broken := r.dial("1005")
		r.events()
		r.phone.onAccInfo = func(id pjsua.AccountID) (pjsua.AccountInfo, error) {
			if id == r.acc1 {
				return pjsua.AccountInfo{ID: id, Registered: true, Code: 200, Reason: "OK", Expires: time.Minute}, nil
			}
			return pjsua.AccountInfo{}, errors.New("no answer")
		}
		r.phone.onCallInfo = func(id pjsua.CallID) (pjsua.CallInfo, error) {
			info := pjsua.CallInfo{ID: id, Account: r.acc1, State: pjsua.StateCalling, Remote: "sip:1003@pbx"}
			switch id {
			case gone.ID():
				return info, pjsua.ErrCallGone
			case missed.ID():
				info.State, info.Code = pjsua.StateConfirmed, 200
			case broken.ID():
				return info, errors.New("no answer")
			}
			return info, nil
		}
		r.phone.send(pjsua.EventsLost{EventHeader: r.phone.head(), Count: 9})
		lost := false
		types := map[string]int{}
		for _, ev := range r.events() {
			if e, ok := ev.(EventsLost); ok {
				lost = !e.Final && e.Count == 9
			}
			types[ev.Header().Type]++
		}
		if !lost || types["RegistrationChanged"] != 1 || types["CallEnded"] != 1 || types["CallStateChanged"] != 1 {
			t.Errorf("lost %v, events %v", lost, types)
		}
		if info := r.e.Accounts()[1]; !info.Registered || info.Code != 200 {
			t.Errorf("account: %+v", info)
		}
		select {
		case <-gone.Done():
		default:
			t.Error("a call that is gone is not over")
		}
		r.phone.end(gone.ID(), 200, "OK") // an event that was not lost after all
		r.expect()
		if _, ok := r.e.Call(gone.ID()); ok || len(r.e.ghosts) != 0 {
			t.Errorf("a call that ended twice: in the table %v, ghosts %v", ok, r.e.ghosts)
		}
		if got := missed.Info(); got.State != StateConfirmed {
			t.Errorf("a call that was answered is %s", got.State)
		}
		if got := same.Info(); got.State != StateCalling {
			t.Errorf("a call that did not change is %s", got.State)
		}
	})
}
