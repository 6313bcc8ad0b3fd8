//go:build cgo

package pjsua

import (
	"context"
	"testing"
	"time"
)

// ctx10 bounds a wait that ends at once when all is well.
func ctx10(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// phone is an endpoint on loopback with one account that registers nowhere.
type phone struct {
	*Endpoint
	t    *testing.T
	acc  *Account
	addr string
	seen []Event
}

func newPhone(t *testing.T, cfg Config) *phone {
	t.Helper()
	ep, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{Endpoint: ep, t: t}
	t.Cleanup(func() { p.Close() })
	tp, err := ep.AddTransport(ctx10(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	p.addr = tp.Info().Address
	p.acc, err = ep.AddAccount(ctx10(t), AccountConfig{ID: "sip:alice@" + p.addr, Transport: tp, MediaAddress: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	if err := ep.SetCodecOrder(ctx10(t), "PCMU"); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *phone) next() Event {
	p.t.Helper()
	select {
	case ev, ok := <-p.Events():
		if !ok {
			p.t.Fatalf("events closed; seen %+v", p.seen)
		}
		p.seen = append(p.seen, ev)
		return ev
	case <-time.After(10 * time.Second):
		p.t.Fatalf("no event for 10 s; seen %+v", p.seen)
	}
	return nil
}

// await reads events until one of type E satisfies ok.
func await[E Event](p *phone, ok func(E) bool) E {
	p.t.Helper()
	for {
		if ev, is := p.next().(E); is && ok(ev) {
			return ev
		}
	}
}

func TestCallToOurselves(t *testing.T) {
	p := newPhone(t, Config{})
	out, err := p.acc.Dial(ctx10(t), "sip:bob@"+p.addr, DialOptions{Headers: []Header{{"X-Test", "one"}}})
	if err != nil {
		t.Fatal(err)
	}
	in := await(p, func(IncomingCall) bool { return true })
	if got := in.HeaderValues("x-test"); len(got) != 1 || got[0] != "one" {
		t.Errorf("X-Test = %q", got)
	}
	if err := p.Call(in.Call).Answer(ctx10(t), CodeOK, ""); err != nil {
		t.Fatal(err)
	}
	confirmed := map[CallID]bool{}
	for len(confirmed) < 2 {
		ev := await(p, func(ev CallStateChanged) bool { return ev.State == StateConfirmed })
		confirmed[ev.Call] = true
	}
	if err := out.Hangup(ctx10(t), 0, ""); err != nil {
		t.Fatal(err)
	}
	ended := map[CallID]CallEnded{}
	for len(ended) < 2 {
		ev := await(p, func(CallEnded) bool { return true })
		ended[ev.Call] = ev
	}
	t.Logf("%+v", ended[out.ID()])
	if err := out.Hold(ctx10(t)); err != ErrCallGone {
		t.Errorf("hold after the end: %v", err)
	}
}
