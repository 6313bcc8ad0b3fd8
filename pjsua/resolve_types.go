package pjsua

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Resolver looks up the names of SIP and STUN servers. A [net.Resolver] is one. Its methods
// are called from several goroutines and should return when ctx ends; nothing waits for
// them longer.
type Resolver interface {
	// LookupNetIP finds the addresses of host; network is "ip", "ip4" or "ip6".
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
	// LookupSRV finds the SRV records _service._proto.name, in the order of RFC 2782.
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, records []*net.SRV, err error)
}

// resolveLimit bounds the search for the addresses of a name.
const resolveLimit = 10 * time.Second

// sipService is what SRV records are looked up for.
type sipService int

// In the order of resolve.h.
const (
	sipUDP sipService = iota
	sipTCP
	sipsTCP
)

// srv is the service and the protocol in the names of SRV records (RFC 3263 section 4.2).
func (s sipService) srv() (service, proto string) {
	switch s {
	case sipUDP:
		return "sip", "udp"
	case sipTCP:
		return "sip", "tcp"
	default:
		return "sips", "tcp"
	}
}

func (s sipService) port() uint16 {
	if s == sipsTCP {
		return 5061
	}
	return 5060
}

// sipTarget is a name whose addresses are wanted.
type sipTarget struct {
	host    string
	port    uint16 // 0: none was given
	network string // "ip", "ip4" or "ip6"
	service sipService
}

// addresses looks a target up, where srv is set by SRV records first, which count when the
// port is not given (RFC 3263 section 4.2). They come in the order in which they are to be
// tried.
func (t sipTarget) addresses(ctx context.Context, r Resolver, srv bool) ([]netip.AddrPort, error) {
	if srv && t.port == 0 {
		service, proto := t.service.srv()
		// A list of those that are valid comes with the error about those that are not.
		_, records, err := r.LookupSRV(ctx, service, proto, t.host)
		if len(records) > 0 {
			return t.servers(ctx, r, records)
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
	port := t.port
	if port == 0 {
		port = t.service.port()
	}
	return t.lookUp(ctx, r, t.host, port)
}

// servers looks up the targets of SRV records, which are in the order of RFC 2782.
func (t sipTarget) servers(ctx context.Context, r Resolver, records []*net.SRV) ([]netip.AddrPort, error) {
	var list []netip.AddrPort
	var errs []error
	for _, record := range records {
		if record.Target == "." {
			errs = append(errs, errors.New("the service is not available there (RFC 2782)"))
			continue
		}
		found, err := t.lookUp(ctx, r, record.Target, record.Port)
		list = append(list, found...)
		errs = append(errs, err)
	}
	if len(list) > 0 {
		return list, nil
	}
	return nil, errors.Join(errs...)
}

func (t sipTarget) lookUp(ctx context.Context, r Resolver, host string, port uint16) ([]netip.AddrPort, error) {
	ips, err := r.LookupNetIP(ctx, t.network, host)
	if err != nil {
		return nil, err
	}
	list := make([]netip.AddrPort, 0, len(ips))
	for _, ip := range ips {
		if ip.IsValid() {
			list = append(list, netip.AddrPortFrom(ip.Unmap(), port))
		}
	}
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no addresses", Name: host, IsNotFound: true}
	}
	return slices.Clip(list), nil
}
