//go:build cgo

package pjsua

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// stunServer answers Binding requests on two ports of loopback, as RFC 3489 says and
// with what RFC 8489 adds. It may be silent, or see another address than the real one.
type stunServer struct {
	addr   string
	asked  chan struct{} // one for each request that came, as far as it has room
	mapped netip.Addr    // what it says the client's address is; zero: the truth
	silent bool
	conns  [2]*net.UDPConn
}

func newSTUNServer(t testing.TB, s stunServer) *stunServer {
	t.Helper()
	s.asked = make(chan struct{}, 1)
	for i := range s.conns {
		conn := must(net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t)
		t.Cleanup(func() { conn.Close() })
		s.conns[i] = conn
	}
	s.addr = s.conns[0].LocalAddr().String()
	for i := range s.conns {
		go s.serve(i)
	}
	return &s
}

func (s *stunServer) serve(i int) {
	const (
		binding, success                                  = 0x0001, 0x0101
		mappedAddr, changeRequest, changedAddr, xorMapped = 0x0001, 0x0003, 0x0005, 0x0020
		magic                                             = 0x2112a442
	)
	for b := make([]byte, 1500); ; {
		n, from, err := s.conns[i].ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		select {
		case s.asked <- struct{}{}:
		default:
		}
		if s.silent || n < 20 || binary.BigEndian.Uint16(b) != binding {
			continue
		}
		out := i
		if n >= 28 && binary.BigEndian.Uint16(b[20:]) == changeRequest && b[27] != 0 {
			out = 1 - i
		}
		seen := netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if s.mapped.IsValid() {
			seen = netip.AddrPortFrom(s.mapped, from.Port())
		}
		attr := func(kind uint16, a netip.AddrPort, port uint16, ip uint32) []byte {
			v := binary.BigEndian.AppendUint16(nil, kind)
			v = append(v, 0, 8, 0, 1)
			v = binary.BigEndian.AppendUint16(v, a.Port()^port)
			host := a.Addr().As4()
			return binary.BigEndian.AppendUint32(v, binary.BigEndian.Uint32(host[:])^ip)
		}
		other := s.conns[1-i].LocalAddr().(*net.UDPAddr).AddrPort()
		body := attr(mappedAddr, seen, 0, 0)
		body = append(body, attr(changedAddr, netip.AddrPortFrom(other.Addr().Unmap(), other.Port()), 0, 0)...)
		body = append(body, attr(xorMapped, seen, magic>>16, magic)...)
		head := binary.BigEndian.AppendUint16(nil, success)
		head = binary.BigEndian.AppendUint16(head, uint16(len(body)))
		head = append(head, b[4:20]...)
		_, _ = s.conns[out].WriteToUDPAddrPort(append(head, body...), from)
	}
}

// awaitNATType waits for the detection that pjsua begins by itself when it has found a
// STUN server, and that it leaves a socket of when it is destroyed meanwhile.
func (p *phone) awaitNATType() {
	p.t.Helper()
	for _, ev := range p.seen {
		if _, ok := ev.(NATTypeDetected); ok {
			return
		}
	}
	await(p, func(NATTypeDetected) bool { return true })
}

// A socket is published under the address that the STUN server sees, in SIP and in SDP.
func TestSTUNMapsAddresses(t *testing.T) {
	outside := netip.MustParseAddr("203.0.113.7")
	server := newSTUNServer(t, stunServer{mapped: outside})
	// The first one's port is closed.
	closed := must(net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}))(t)
	closed.Close()
	p := &phone{Endpoint: must(Open(Config{STUNServers: []string{closed.LocalAddr().String(), server.addr}}))(t), t: t}
	defer p.Close()
	tp := must(p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}))(t)
	found := await(p, func(STUNResolved) bool { return true })
	if want := (STUNServer{server.addr, server.addr}); found.Server != want || found.Status != 0 || found.Reason != "" {
		t.Errorf("%+v, want %+v", found, want)
	}
	if !strings.HasPrefix(tp.Info().Address, outside.String()+":") {
		t.Errorf("transport %+v, want the address %v", tp.Info(), outside)
	}
	p.awaitNATType()
	acc := must(p.AddAccount(within(t), AccountConfig{ID: "sip:alice@127.0.0.1", Transport: tp}))(t)
	_, port, _ := strings.Cut(tp.Info().Address, ":")
	must(acc.Dial(within(t), "sip:bob@127.0.0.1:"+port, DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if got := in.HeaderValues("Contact"); len(got) != 1 || !strings.Contains(got[0], "@"+outside.String()+":") {
		t.Errorf("Contact: %q", got)
	}
	if !strings.Contains(string(in.Request), "c=IN IP4 "+outside.String()+"\r\n") {
		t.Errorf("the SDP does not tell the mapped address:\n%s", in.Request)
	}
}

// A STUN server that does not answer holds up nobody but those who want to know.
func TestSTUNServerIsSilent(t *testing.T) {
	silent := newSTUNServer(t, stunServer{silent: true})
	p := &phone{Endpoint: must(Open(Config{STUNServers: []string{silent.addr}}))(t), t: t}
	defer p.Close() // while the search goes on
	<-silent.asked
	if typ, err := p.NATType(within(t)); typ != NATUnknown || err != nil {
		t.Errorf("NAT type %v, %v", typ, err)
	}
	must(p.PortInfo(within(t), SoundPort))(t)
	select {
	case <-p.nat.first:
		t.Error("the command came back only after the search")
	default:
	}
	// Opening a transport waits for the search, and no longer than it is told to.
	ctx, cancel := context.WithCancel(within(t))
	cancel()
	if _, err := p.AddTransport(ctx, TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}); !errors.Is(err, context.Canceled) {
		t.Errorf("AddTransport: %v", err)
	}
	ctx, cancel = context.WithCancel(within(t))
	another := newSTUNServer(t, stunServer{silent: true})
	done := make(chan error, 1)
	go func() {
		_, err := p.ResolveSTUNServers(ctx, another.addr)
		done <- err
	}()
	<-another.asked
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("ResolveSTUNServers: %v", err)
	}
	go func() {
		_, err := p.ResolveSTUNServers(context.Background(), another.addr)
		done <- err
	}()
	<-another.asked
	p.Close()
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("ResolveSTUNServers at the end of the Endpoint: %v", err)
	}
}

func TestSTUNServerIsRequired(t *testing.T) {
	p := &phone{Endpoint: must(Open(Config{STUNServers: []string{"127.0.0.1:99999"}, STUNRequired: true}))(t), t: t}
	defer p.Close()
	var pj *Error
	if _, err := p.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}); !errors.As(err, &pj) {
		t.Fatalf("AddTransport: %v", err)
	}
	await(p, func(ev STUNResolved) bool { return ev.Status == pj.Status })
}

func TestSTUNServersChange(t *testing.T) {
	one, two := newSTUNServer(t, stunServer{}), newSTUNServer(t, stunServer{})
	p := newPhone(t, Config{})
	check(t, p.UpdateSTUNServers(within(t), one.addr))
	// By name, with nothing but the port being the same
	_, port, _ := strings.Cut(two.addr, ":")
	name := "localhost:" + port
	check(t, p.UpdateSTUNServers(within(t), name))
	await(p, func(ev STUNResolved) bool { return ev.Server.Name == one.addr && ev.Server.Address == one.addr })
	await(p, func(ev STUNResolved) bool { return ev.Server.Name == name && ev.Server.Address == two.addr })
	p.awaitNATType()
	if s, err := p.ResolveSTUNServers(within(t), one.addr, two.addr); s.Address != one.addr || err != nil {
		t.Errorf("resolved %v, %v", s, err)
	}
	for _, bad := range [][]string{nil, {""}, {"a b"}, {"\r\n"}, make([]string, 9)} {
		if err := p.UpdateSTUNServers(within(t), bad...); err == nil {
			t.Errorf("%q is taken", bad)
		}
		if err := (Config{STUNServers: bad}).Validate(); err == nil && bad != nil {
			t.Errorf("%q is taken by Config", bad)
		}
	}
	var pj *Error
	if err := p.UpdateSTUNServers(within(t), "127.0.0.1:99999"); !errors.As(err, &pj) {
		t.Fatalf("a port that there is not: %v", err)
	}
	failed := await(p, func(ev STUNResolved) bool { return ev.Status != 0 })
	if failed.Status != pj.Status || failed.Reason == "" || failed.Server.Address != "" {
		t.Errorf("%+v", failed)
	}
	p.Close()
	if err := p.UpdateSTUNServers(within(t), one.addr); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// The type of the NAT is told in the SDP. Of a mapped address that is not ours, and a
// server whose other port gets through, follows a full cone.
func TestNATType(t *testing.T) {
	server := newSTUNServer(t, stunServer{mapped: netip.MustParseAddr("203.0.113.7")})
	p := newPhone(t, Config{})
	if err := p.DetectNATType(within(t)); err == nil {
		t.Error("detected without a STUN server")
	}
	check(t, p.UpdateSTUNServers(within(t), server.addr))
	check(t, p.DetectNATType(within(t)))
	detected := await(p, func(NATTypeDetected) bool { return true })
	if detected.Type != NATFullCone || detected.Status != 0 {
		t.Fatalf("%+v", detected)
	}
	if typ, err := p.NATType(within(t)); typ != NATFullCone || err != nil {
		t.Errorf("%v, %v", typ, err)
	}
	c := p.connect()
	for _, call := range []*Call{c.out, c.in} {
		if typ, err := call.RemoteNATType(within(t)); typ != NATFullCone || err != nil {
			t.Errorf("the far end's: %v, %v", typ, err)
		}
	}
	p.hangup(c)
	if _, err := c.out.RemoteNATType(within(t)); !errors.Is(err, ErrCallGone) {
		t.Errorf("after the end: %v", err)
	}
}

// The end waits for a detection, whose socket PJSIP would leave open.
func TestShutdownDuringNATDetection(t *testing.T) {
	server := newSTUNServer(t, stunServer{mapped: netip.MustParseAddr("203.0.113.7")})
	p := newPhone(t, Config{})
	check(t, p.UpdateSTUNServers(within(t), server.addr))
	check(t, p.DetectNATType(within(t)))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.Shutdown(ctx) }()
	detected := false
	for ev := range p.Events() {
		if _, is := ev.(NATTypeDetected); is {
			detected = true
		}
	}
	check(t, <-done)
	if !detected || ctx.Err() != nil {
		t.Errorf("detected %v, %v", detected, ctx.Err())
	}
}

func TestMediaTransportStates(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	p.hangup(c)
	states := map[CallID]string{}
	for _, ev := range p.seen {
		if ev, ok := ev.(CallMediaTransportChanged); ok {
			if ev.Status != 0 || ev.Index != 0 || ev.Code != 0 {
				t.Errorf("%+v", ev)
			}
			states[ev.Call] += fmt.Sprint(ev.State, " ")
		}
	}
	if states[c.out.ID()] != "RUNNING IDLE NULL " || states[c.in.ID()] != "RUNNING IDLE NULL " {
		t.Errorf("%v", states)
	}
}
