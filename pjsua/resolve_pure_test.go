package pjsua

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"
)

// zone is a Resolver that knows a few names.
type zone struct {
	ips map[string][]string
	srv map[string][]*net.SRV
}

func (z zone) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	var list []netip.Addr
	for _, ip := range z.ips[host] {
		a := netip.MustParseAddr(ip)
		if network == "ip" || (network == "ip4") == a.Unmap().Is4() {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return list, nil
}

func (z zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	full := fmt.Sprintf("_%s._%s.%s", service, proto, name)
	if list := z.srv[full]; len(list) > 0 {
		return full, list, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: full, IsNotFound: true}
}

func TestTargetsAreLookedUp(t *testing.T) {
	z := zone{
		ips: map[string][]string{"a": {"192.0.2.1", "2001:db8::1"}, "b": {"::ffff:192.0.2.2"}, "six": {"2001:db8::6"}},
		srv: map[string][]*net.SRV{
			"_sip._udp.corp":   {{Target: "b", Port: 5070}, {Target: "gone", Port: 1}, {Target: "a", Port: 5080}},
			"_sips._tcp.corp":  {{Target: "a", Port: 5071}},
			"_sip._tcp.closed": {{Target: ".", Port: 0}},
		},
	}
	for _, tc := range []struct {
		target sipTarget
		srv    bool
		want   []string
	}{
		{sipTarget{"a", 0, "ip", sipUDP}, false, []string{"192.0.2.1:5060", "[2001:db8::1]:5060"}},
		{sipTarget{"a", 0, "ip4", sipsTCP}, false, []string{"192.0.2.1:5061"}},
		{sipTarget{"a", 0, "ip6", sipTCP}, true, []string{"[2001:db8::1]:5060"}}, // no SRV records: its addresses
		{sipTarget{"b", 7, "ip", sipUDP}, false, []string{"192.0.2.2:7"}},
		{sipTarget{"corp", 0, "ip", sipUDP}, true, []string{"192.0.2.2:5070", "192.0.2.1:5080", "[2001:db8::1]:5080"}},
		{sipTarget{"corp", 0, "ip4", sipsTCP}, true, []string{"192.0.2.1:5071"}},
		{sipTarget{"corp", 0, "ip", sipUDP}, false, nil},
		{sipTarget{"corp", 5060, "ip", sipUDP}, true, nil}, // a port is given: no SRV
		{sipTarget{"closed", 0, "ip", sipTCP}, true, nil},
		{sipTarget{"six", 0, "ip4", sipUDP}, false, nil},
	} {
		list, err := tc.target.addresses(context.Background(), z, tc.srv)
		var got []string
		for _, a := range list {
			got = append(got, a.String())
		}
		if !slices.Equal(got, tc.want) || (err == nil) != (tc.want != nil) {
			t.Errorf("%+v: %v, %v", tc.target, got, err)
		}
	}
}
