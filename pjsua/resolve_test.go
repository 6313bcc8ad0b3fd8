//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"
)

// gate is a Resolver that is silent, as a dead DNS server is, until it is opened; it knows
// every name as 127.0.0.1.
type gate struct {
	asked chan string
	open  chan struct{}
}

func newGate() *gate { return &gate{make(chan string, 1000), make(chan struct{})} }

func (g *gate) LookupNetIP(ctx context.Context, _, host string) ([]netip.Addr, error) {
	g.asked <- host
	select {
	case <-g.open:
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (g *gate) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, errors.New("no SRV records")
}

// asks waits until the resolver is asked for host.
func (g *gate) asks(t *testing.T, host string) {
	t.Helper()
	select {
	case got := <-g.asked:
		if got != host {
			t.Fatalf("asked for %q", got)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%s was not asked for in 30 s", host)
	}
}

// atName is an address as a URI with a name.
func atName(addr, name string) string {
	return "sip:bob@" + strings.Replace(addr, "127.0.0.1", name, 1)
}

// A DNS server that is silent holds up nobody but who needs the name.
func TestSilentDNSServer(t *testing.T) {
	g := newGate()
	p := newPhone(t, Config{Resolver: g})
	c := p.connect()
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error)
	go func() {
		_, err := p.acc.DialWait(ctx, "sip:x@silent.test:5060", DialOptions{})
		failed <- err
	}()
	g.asks(t, "silent.test")
	// It is asked for in the middle of all these.
	must(c.out.SendRequestWait(within(t), "INFO", CallRequestOptions{}))(t)
	check(t, c.out.SendDTMF(within(t), "1", DTMFOptions{}))
	await(p, func(ev DTMFReceived) bool { return ev.Call == c.in.id })
	p.hangup(c)
	p.hangup(p.connect())
	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("dial: %v", err)
	}
	await(p, func(ev CallEnded) bool { return ev.Role == RoleUAC && strings.Contains(ev.Remote, "silent.test") })
}

// The name is found at last: what waited for it goes out, in order, and one question was
// enough for all.
func TestLateDNSAnswer(t *testing.T) {
	g := newGate()
	p := newPhone(t, Config{Resolver: g})
	peer := newSIPPeer(t)
	uri := atName(peer.addr, "late.test")
	const n = 20
	for i := range n {
		msg := MsgData{Headers: []Header{{"X-Turn", strconv.Itoa(i)}}}
		must(p.acc.SendRequest(within(t), "OPTIONS", uri, RequestOptions{Msg: msg}))(t)
	}
	out := must(p.acc.Dial(within(t), uri, DialOptions{}))(t)
	g.asks(t, "late.test")
	close(g.open)
	for i := range n {
		req := peer.request("OPTIONS")
		if got := req.header("X-Turn"); got != strconv.Itoa(i) {
			t.Errorf("%s came as number %d", got, i)
		}
		peer.respond(req, "200 OK")
	}
	invite := peer.request("INVITE")
	if !strings.Contains(invite.start(), "@late.test:") {
		t.Errorf("%s", invite.raw)
	}
	for range n {
		if ev := await(p, func(RequestAnswered) bool { return true }); ev.Code != CodeOK {
			t.Errorf("%+v", ev)
		}
	}
	peer.respond(invite, "486 Busy Here")
	if ev := await(p, func(CallEnded) bool { return true }); ev.Call != out.id || ev.Code != CodeBusyHere {
		t.Errorf("%+v", ev)
	}
	if len(g.asked) != 0 {
		t.Errorf("asked %d times more", len(g.asked))
	}
}

// The INVITE of a call that was hung up before its name was found is never sent.
func TestHangupBeforeTheName(t *testing.T) {
	g := newGate()
	p := newPhone(t, Config{Resolver: g})
	peer := newSIPPeer(t)
	uri := atName(peer.addr, "late.test")
	call := must(p.acc.Dial(within(t), uri, DialOptions{}))(t)
	g.asks(t, "late.test")
	check(t, call.Hangup(within(t), HangupOptions{}))
	await(p, func(ev CallEnded) bool { return ev.Call == call.id })
	must(p.acc.SendRequest(within(t), "OPTIONS", uri, RequestOptions{}))(t)
	close(g.open)
	first := peer.await("a request", func(m sipMsg) bool { return strings.HasSuffix(m.start(), " SIP/2.0") })
	if !strings.HasPrefix(first.start(), "OPTIONS ") {
		t.Errorf("%s", first.raw)
	}
	peer.respond(first, "200 OK")
	await(p, func(RequestAnswered) bool { return true })
	if n := must(p.CallCount(within(t)))(t); n != 0 {
		t.Errorf("%d calls are left", n)
	}
}

// A name that nobody knows ends what it was for, with 502.
func TestUnknownName(t *testing.T) {
	p := newPhone(t, Config{Resolver: zone{}})
	_, err := p.acc.DialWait(within(t), "sip:x@unknown.test", DialOptions{})
	var refused *CallError
	if !errors.As(err, &refused) || refused.Code != 502 {
		t.Errorf("dial: %v", err)
	}
	answer := must(p.acc.SendRequestWait(within(t), "OPTIONS", "sip:x@unknown.test", RequestOptions{}))(t)
	if answer.Code != 502 {
		t.Errorf("%+v", answer)
	}
	p.hangup(p.connect())
}

// SRV records lead to another port, and IPv6 addresses to another transport.
func TestNamesOfServices(t *testing.T) {
	first, second := newSIPPeer(t), newSIPPeer(t)
	record := func(p *sipPeer, host string) *net.SRV {
		return &net.SRV{Target: host, Port: uint16(must(netip.ParseAddrPort(p.addr))(t).Port())}
	}
	p := newPhone(t, Config{ResolveSRV: true, Resolver: zone{
		ips: map[string][]string{"v4.test": {"127.0.0.1"}, "v6.test": {"::1"}},
		srv: map[string][]*net.SRV{
			"_sip._udp.corp.test":  {record(first, "v4.test")},
			"_sip._udp.other.test": {{Target: "unknown.test", Port: 1}, record(second, "v4.test")},
		},
	}})
	for uri, peer := range map[string]*sipPeer{"sip:corp.test": first, "sip:other.test": second} {
		must(p.acc.SendRequest(within(t), "OPTIONS", uri, RequestOptions{}))(t)
		peer.respond(peer.request("OPTIONS"), "200 OK")
		if ev := await(p, func(RequestAnswered) bool { return true }); ev.Code != CodeOK {
			t.Errorf("%s: %+v", uri, ev)
		}
	}
	tp := must(p.AddTransport(within(t), TransportConfig{Type: UDP6, BindAddress: "::1"}))(t)
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:six@" + tp.Info().Address}))(t)
	addr := must(netip.ParseAddrPort(tp.Info().Address))(t)
	for _, uri := range []string{fmt.Sprintf("sip:v6.test:%d", addr.Port()), "sip:" + addr.String()} {
		if ev := must(acc.SendRequestWait(within(t), "OPTIONS", uri, RequestOptions{}))(t); ev.Code != CodeOK {
			t.Errorf("%s: %+v", uri, ev)
		}
	}
}

// An endpoint is closed while names are looked up, by a resolver that does not even heed its
// context.
func TestCloseDuringLookup(t *testing.T) {
	for name, end := range map[string]func(*phone) error{
		"Close": func(p *phone) error { return p.Close() },
		"Shutdown": func(p *phone) error {
			ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
			defer cancel()
			return p.Shutdown(ctx)
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGate()
			p := newPhone(t, Config{Resolver: deaf{g}})
			for i := range 10 {
				uri := fmt.Sprintf("sip:x@silent%d.test", i)
				must(p.acc.Dial(within(t), uri, DialOptions{}))(t)
				must(p.acc.SendRequest(within(t), "OPTIONS", uri+";transport=tcp", RequestOptions{}))(t)
			}
			must(p.AddAccount(within(t), AccountConfig{ID: "sip:x@registrar.test", Registrar: "sip:registrar.test"}))(t)
			<-g.asked
			check(t, end(p))
			close(g.open)
		})
	}
}

// deaf is a gate that does not heed its context.
type deaf struct{ *gate }

func (d deaf) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	return d.gate.LookupNetIP(context.Background(), network, host)
}

// What ends a registration goes where the registrar was found last, though nobody waits.
func TestCloseUnregistersAtName(t *testing.T) {
	g := newGate()
	close(g.open)
	p := newPhone(t, Config{Resolver: g})
	peer := newSIPPeer(t)
	registrar := "sip:" + strings.Replace(peer.addr, "127.0.0.1", "registrar.test", 1)
	must(p.AddAccount(within(t), AccountConfig{ID: "sip:carol@registrar.test", Registrar: registrar}))(t)
	req := peer.request("REGISTER")
	peer.respond(req, "200 OK", "Contact: "+req.header("Contact")+";expires=300")
	await(p, func(ev RegistrationChanged) bool { return ev.Code == CodeOK })
	check(t, p.Close())
	if last := peer.request("REGISTER"); last.header("Expires") != "0" {
		t.Errorf("%s", last.raw)
	}
}
