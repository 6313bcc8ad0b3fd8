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

func TestDialChoosesTheAccount(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		acc3 := r.phone.account("sip:1003@")
		local := r.phone.account("sip:offhook@")
		dial := func(number int, uri, want string) {
			t.Helper()
			if _, err := r.e.Dial(t.Context(), DialRequest{Account: number, URI: uri}); err != nil {
				t.Errorf("account %d: %v", number, err)
			}
			synctest.Wait()
			if got := r.phone.noted("dial"); got[len(got)-1] != want {
				t.Errorf("account %d: got %q, want %q", number, got[len(got)-1], want)
			}
		}
		dial(0, "1002", fmt.Sprintf("dial %d sip:1002@pbx", r.acc1)) // none is registered: the first
		r.phone.registered(acc3, 200, "OK")
		r.events()
		dial(0, "1002", fmt.Sprintf("dial %d sip:1002@pbx", acc3))
		dial(1, "1002", fmt.Sprintf("dial %d sip:1002@pbx", r.acc1))
		dial(LocalAccount, "sip:x@192.0.2.5", fmt.Sprintf("dial %d sip:x@192.0.2.5", local))

		var unknown *UnknownAccountError
		if _, err := r.e.Dial(t.Context(), DialRequest{Account: 2, URI: "1"}); !errors.As(err, &unknown) || unknown.Number != 2 {
			t.Errorf("account 2: %v", err)
		}
		before := len(r.phone.noted("dial"))
		var bad *URIError
		if _, err := r.e.Dial(t.Context(), DialRequest{URI: "http://x"}); !errors.As(err, &bad) {
			t.Errorf("a URI that is none: %v", err)
		}
		for _, h := range []pjsua.Header{{Name: "X Y", Value: "1"}, {Name: "", Value: "1"}, {Name: "X", Value: "1\r\nVia: 2"}} {
			if _, err := r.e.Dial(t.Context(), DialRequest{URI: "1", Headers: []pjsua.Header{h}}); err == nil {
				t.Errorf("the header %q is sent", h)
			}
		}
		if after := len(r.phone.noted("dial")); after != before {
			t.Error("the phone was asked for what cannot be dialled")
		}
	})
}

func TestDialWithTheLocalAccountOnly(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Accounts = nil }, func(t *testing.T, r *rig) {
		c, err := r.e.Dial(t.Context(), DialRequest{URI: "sip:echo@127.0.0.1:5070"})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Info(); got.Account != 0 || got.State != StateCalling || got.Role != "UAC" {
			t.Errorf("%+v", got)
		}
	})
}

// Everything that PJSIP can report before the function that makes a call returns.
func TestEventsThatBeatTheReturnOfDial(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		r.phone.onDial = func(id pjsua.CallID, _ string) error {
			r.phone.state(id, pjsua.StateCalling, 0, "")
			r.phone.state(id, pjsua.StateEarly, 180, "Ringing")
			time.Sleep(time.Second) // of the bubble: the engine has read them
			early, ok := r.e.Call(id)
			if !ok || early.Info().State != StateEarly {
				t.Errorf("before Dial returned: %v", ok)
			}
			return nil
		}
		c := r.dial("1002")
		r.expect("CallStateChanged CALLING", "CallStateChanged EARLY")
		if got, ok := r.e.Call(c.ID()); !ok || got != c {
			t.Error("Dial returned another call than the table has")
		}
		if info := c.Info(); info.State != StateEarly || info.Account != 1 || info.Ringing.IsZero() {
			t.Errorf("%+v", info)
		}

		// The whole call.
		r.phone.onDial = func(id pjsua.CallID, _ string) error {
			r.phone.state(id, pjsua.StateCalling, 0, "")
			r.phone.end(id, 404, "Not Found")
			time.Sleep(time.Second)
			return nil
		}
		c = r.dial("1003")
		r.expect("CallStateChanged CALLING", "CallStateChanged DISCONNECTED", "CallEnded 404")
		select {
		case <-c.Done():
		default:
			t.Error("a call that ended before Dial returned is not over")
		}
		var refused *pjsua.CallError
		if err := c.Wait(t.Context(), StateConfirmed); !errors.As(err, &refused) || !errors.Is(err, pjsua.CodeNotFound) {
			t.Errorf("Wait: %v", err)
		}
		if _, ok := r.e.Call(c.ID()); ok {
			t.Error("an ended call is in the table")
		}
		if n := len(r.e.dials.ended) + len(r.e.dials.waiting); n != 0 {
			t.Errorf("%d dials are remembered", n)
		}
	})
}

func TestCallsThatEndedEarlyAreForgotten(t *testing.T) {
	table := newDialTable()
	first := table.begin()
	table.keep(&Call{id: 1})
	second := table.begin()
	table.keep(&Call{id: 2})
	table.end(first) // only the second can still claim one, and only call 2
	if _, ok := table.ended[1]; ok || len(table.ended) != 1 {
		t.Errorf("after the first Dial: %v", table.ended)
	}
	table.end(second)
	if len(table.ended) != 0 {
		t.Errorf("after both: %v", table.ended)
	}
	table.keep(&Call{id: 3})
	if len(table.ended) != 0 {
		t.Error("a call is kept though nobody dials")
	}
}

func TestManyDialsAtOnceGetTheirOwnCalls(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.phone.onDial = func(id pjsua.CallID, uri string) error {
			r.phone.state(id, pjsua.StateCalling, 0, "")
			if id%3 == 0 {
				r.phone.end(id, 486, "Busy Here")
			}
			time.Sleep(time.Duration(id%7) * time.Millisecond)
			if id%5 == 0 {
				return errors.New("refused by the phone")
			}
			return nil
		}
		calls := make(chan *Call, 60)
		for n := range cap(calls) {
			go func() {
				c, err := r.e.Dial(t.Context(), DialRequest{URI: fmt.Sprint(n)})
				if err == nil && c.Info().Remote != fmt.Sprintf("sip:%d@pbx", n) {
					t.Errorf("%d: got the call to %s", n, c.Info().Remote)
				}
				calls <- c
			}()
		}
		var ids []CallID
		for range cap(calls) {
			if c := <-calls; c != nil {
				ids = append(ids, c.ID())
			}
		}
		slices.Sort(ids)
		if len(slices.Compact(ids)) != 48 {
			t.Errorf("%d calls", len(ids))
		}
		r.events()
		if n := len(r.e.dials.ended) + len(r.e.dials.waiting); n != 0 {
			t.Errorf("%d dials are remembered", n)
		}
	})
}

func TestACancelledDialHangsUp(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		ctx, cancel := context.WithCancel(t.Context())
		r.phone.onDial = func(pjsua.CallID, string) error { cancel(); return nil }
		c, err := r.e.Dial(ctx, DialRequest{URI: "1002"})
		if c != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("Dial: %v, %v", c, err)
		}
		synctest.Wait()
		if got := r.phone.noted("hangup"); len(got) != 1 {
			t.Errorf("hang-ups: %q", got)
		}
		if calls := r.e.Calls(); len(calls) != 0 {
			t.Errorf("calls: %+v", calls)
		}
	})
}

func TestDialErrors(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.phone.onDial = func(pjsua.CallID, string) error { return &pjsua.Error{Op: "dial", Status: pjsua.StatusTooMany} }
		_, err := r.e.Dial(t.Context(), DialRequest{URI: "1002"})
		if !errors.Is(err, pjsua.StatusTooMany) {
			t.Errorf("Dial: %v", err)
		}
		if calls := r.e.Calls(); len(calls) != 0 {
			t.Errorf("calls: %+v", calls)
		}
	})
}
