package engine

import (
	"encoding/json"
	"reflect"
	"testing"
	"testing/synctest"
)

// Every event survives its JSON, and EventTypes has all of them.
func TestDecodeEvent(t *testing.T) {
	known := map[string]bool{}
	for _, ev := range EventTypes() {
		name := reflect.TypeOf(ev).Name()
		if known[name] {
			t.Errorf("EventTypes has %s twice", name)
		}
		known[name] = true
	}
	for _, ev := range everyEvent() {
		name := ev.Header().Type
		if !known[name] {
			t.Errorf("EventTypes lacks %s", name)
		}
		delete(known, name)
		data, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeEvent(data)
		if err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(back)
		if err != nil || string(again) != string(data) || reflect.TypeOf(back) != reflect.TypeOf(ev) {
			t.Errorf("%s became %T %s (%v)", data, back, again, err)
		}
	}
	if len(known) > 0 {
		t.Errorf("everyEvent of the tests lacks %v", known)
	}
	newer, err := DecodeEvent([]byte(`{"seq":5,"type":"FromTheFuture","call":3,"more":1}`))
	if h := newer.Header(); err != nil || h.Seq != 5 || h.Call != 3 || h.Type != "FromTheFuture" {
		t.Errorf("an unknown event became %+v, %v", newer, err)
	}
	for _, bad := range []string{"", "{", `{"seq":"x"}`, `{"type":"CallEnded","code":"x"}`} {
		if ev, err := DecodeEvent([]byte(bad)); err == nil {
			t.Errorf("%q became %v", bad, ev)
		}
	}
}

// A snapshot has what happened up to its number, and the events begin after it,
// however many come meanwhile.
func TestFollow(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if s := r.e.Snapshot(); s.State != "running" || s.Started.IsZero() || len(s.Transports) == 0 || len(s.Accounts) != 3 {
			t.Errorf("snapshot %+v", s)
		}
		const rounds = 50
		go func() {
			for range rounds {
				r.phone.registered(r.acc1, 200, "OK")
				r.phone.registered(r.acc1, 403, "Forbidden")
			}
		}()
		for range rounds {
			snap, sub := r.e.Follow()
			r.phone.ring(r.acc1, "sip:a@b")
			first := (<-sub.Events()).Header().Seq
			sub.Close()
			if first != snap.Seq+1 {
				t.Fatalf("event %d follows the snapshot of %d", first, snap.Seq)
			}
		}
		synctest.Wait()
		snap := r.e.Snapshot()
		if len(snap.Calls) != rounds || snap.Accounts[1].Code != 403 {
			t.Errorf("%d calls, account %+v", len(snap.Calls), snap.Accounts[1])
		}
	})
}
