//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// natState is what the Endpoint keeps for STUN.
//
// pjsua waits for a STUN server on the thread that opens a transport or makes a call, 8 s
// for each one that is dead, and looks up its name there too. So it is only told of one
// that has just answered: names are looked up by Go, and the search for a server runs on
// PJSIP's worker thread while a goroutine waits.
type natState struct {
	life   context.Context // ends with the Endpoint
	end    context.CancelFunc
	first  chan struct{} // closed when the servers of Config answered, or none did
	update sync.Mutex    // one UpdateSTUNServers at a time
	tasks  sync.WaitGroup

	names     Resolver
	detecting atomic.Bool // the NAT type, until its event

	byPJSIP  bool  // PJSIP has nameservers and looks names up without waiting
	required bool  // Config.STUNRequired
	failure  error // of the servers of Config, before first is closed
}

// startNAT searches for the STUN servers of Config.
func (ep *Endpoint) startNAT(servers []string) {
	if len(servers) == 0 {
		close(ep.nat.first)
		return
	}
	ep.nat.tasks.Add(1)
	go func() {
		defer ep.nat.tasks.Done()
		defer close(ep.nat.first)
		if err := ep.UpdateSTUNServers(ep.nat.life, servers...); ep.nat.required {
			ep.nat.failure = err // which is in the event too
		}
	}()
}

func newNATState(cfg Config) *natState {
	n := &natState{first: make(chan struct{}), names: resolverOf(cfg), byPJSIP: len(cfg.Nameservers) > 0, required: cfg.STUNRequired}
	n.life, n.end = context.WithCancel(context.Background())
	return n
}

// stop ends searches. Nothing of natState runs when it returns.
func (n *natState) stop() {
	n.end()
	n.tasks.Wait()
}

// awaitSTUN waits until the servers of Config answered, or none did, which is an error
// where one is required.
func (ep *Endpoint) awaitSTUN(ctx context.Context) error {
	select {
	case <-ep.nat.first:
		return ep.nat.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ResolveSTUNServers finds the first of the servers, "host" or "host:port", that answers
// a Binding request (pjsua_resolve_stun_servers). A server that does not answer costs 8
// s, in which nothing but the caller waits. A host without a port is looked up as RFC
// 8489 section 8.1 says, by SRV record first. Nothing changes by it, see
// [Endpoint.UpdateSTUNServers], and no event comes. When ctx ends the search is called
// off (pjsua_cancel_stun_resolution).
func (ep *Endpoint) ResolveSTUNServers(ctx context.Context, servers ...string) (STUNServer, error) {
	if err := checkSTUNServers(servers); err != nil {
		return STUNServer{}, err
	}
	caller := ctx
	ctx, cancel := context.WithCancel(caller)
	defer cancel()
	defer context.AfterFunc(ep.nat.life, cancel)()
	server, err := ep.resolveSTUN(ctx, servers)
	if ctx.Err() != nil && caller.Err() == nil {
		err = ErrClosed
	}
	return server, err
}

func (ep *Endpoint) resolveSTUN(ctx context.Context, servers []string) (STUNServer, error) {
	candidates := make([]STUNServer, 0, len(servers))
	var unknown error
	for i, server := range ep.nat.lookUp(ctx, servers) {
		if server.err == nil {
			candidates = append(candidates, STUNServer{servers[i], server.address})
		} else {
			unknown = errors.Join(unknown, server.err)
		}
	}
	if err := ctx.Err(); err != nil {
		return STUNServer{}, err
	}
	if len(candidates) == 0 {
		return STUNServer{}, unknown
	}
	token := int64(C.oh_mint())
	found := ep.pump.expectSTUN(token)
	defer ep.pump.unexpectSTUN(token)
	const op = "resolve STUN servers"
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		list := a.strArray(addresses(candidates))
		return t.fail(op, C.oh_stun_resolve(list, C.uint(len(candidates)), C.int64_t(token)))
	})
	if err != nil {
		return STUNServer{}, err
	}
	select {
	case r := <-found:
		if r.status != 0 {
			err := ep.do(ctx, func(t onThread) error {
				return t.fail(op+" "+strings.Join(servers, ", "), C.pj_status_t(r.status))
			})
			return STUNServer{}, errors.Join(err, unknown)
		}
		return STUNServer{Name: candidates[r.index].Name, Address: r.address}, nil
	case <-ctx.Done():
		_ = ep.do(context.WithoutCancel(ctx), func(onThread) error {
			C.oh_stun_cancel(C.int64_t(token)) // which says only whether it was over already
			return nil
		})
		return STUNServer{}, ctx.Err()
	}
}

func addresses(servers []STUNServer) []string {
	list := make([]string, len(servers))
	for i, s := range servers {
		list[i] = s.Address
	}
	return list
}

// UpdateSTUNServers makes the first of the servers that answers the one that SIP
// transports opened from now on, media transports of new calls and
// [Endpoint.DetectNATType] ask for the public address (pjsua_update_stun_servers), and
// returns when it is known, which takes what [Endpoint.ResolveSTUNServers] takes.
// [STUNResolved] says the same. On error the server before stays. When the server falls
// silent later, transports and calls use their local addresses, after waiting 2 s for it.
func (ep *Endpoint) UpdateSTUNServers(ctx context.Context, servers ...string) error {
	if err := checkSTUNServers(servers); err != nil {
		return err
	}
	ep.nat.update.Lock()
	defer ep.nat.update.Unlock()
	server, err := ep.ResolveSTUNServers(ctx, servers...)
	if err == nil {
		err = ep.useSTUN(ctx, server)
	}
	if ctx.Err() == nil && !errors.Is(err, ErrClosed) {
		ep.reportSTUN(server, err)
	}
	return err
}

// useSTUN hands a server to pjsua, which asks it once more.
func (ep *Endpoint) useSTUN(ctx context.Context, server STUNServer) error {
	const pjsuaItself = 0
	found := ep.pump.expectSTUN(pjsuaItself)
	defer ep.pump.unexpectSTUN(pjsuaItself)
	op := "use STUN server " + server.Name
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		return t.fail(op, C.pjsua_update_stun_servers(1, a.strArray([]string{server.Address}), C.PJ_FALSE))
	})
	if err != nil {
		return err
	}
	select {
	case r := <-found:
		return ep.do(ctx, func(t onThread) error { return t.fail(op, C.pj_status_t(r.status)) })
	case <-ctx.Done():
		return ctx.Err()
	case <-ep.nat.life.Done():
		return ErrClosed
	}
}

// reportSTUN makes the event STUNResolved.
func (ep *Endpoint) reportSTUN(server STUNServer, err error) {
	status := C.pj_status_t(C.PJ_SUCCESS)
	var pj *Error
	if errors.As(err, &pj) {
		status = C.pj_status_t(pj.Status)
		server.Address = ""
	} else if err != nil {
		status = C.PJ_ERESOLVE // nothing but the look-up has other errors
		server.Address = ""
	}
	_ = ep.do(context.Background(), func(onThread) error {
		var a arena
		defer a.free()
		name, address := a.str(server.Name), a.str(server.Address)
		C.oh_stun_report(status, &name, &address)
		return nil
	})
}

// looked is what became of looking up one STUN server.
type looked struct {
	address string // host:port
	err     error
}

// lookUp finds the address of each server.
func (n *natState) lookUp(ctx context.Context, servers []string) []looked {
	list := make([]looked, len(servers))
	var all sync.WaitGroup
	for i, server := range servers {
		all.Add(1)
		go func() {
			defer all.Done()
			list[i].address, list[i].err = n.lookUpOne(ctx, server)
		}()
	}
	all.Wait()
	return list
}

const stunPort = 3478

func (n *natState) lookUpOne(ctx context.Context, server string) (string, error) {
	if n.byPJSIP {
		return server, nil
	}
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		host, port = strings.Trim(server, "[]"), ""
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(host, cmp.Or(port, strconv.Itoa(stunPort))), nil
	}
	if port == "" {
		_, list, err := n.names.LookupSRV(ctx, "stun", "udp", host)
		if err == nil && len(list) > 0 {
			host, port = list[0].Target, strconv.Itoa(int(list[0].Port))
		} else {
			port = strconv.Itoa(stunPort)
		}
	}
	ips, err := n.names.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", fmt.Errorf("pjsua: STUN server %s: %w", server, err)
	}
	// PJSIP asks by IPv4 where it can.
	slices.SortStableFunc(ips, func(a, b netip.Addr) int { return cmp.Compare(a.Unmap().BitLen(), b.Unmap().BitLen()) })
	return net.JoinHostPort(ips[0].Unmap().String(), port), nil
}

// DetectNATType begins to find out what NAT is between here and the STUN server, which
// must have been found and must be able to answer from another address
// (pjsua_detect_nat_type; RFC 3489 section 10.1). [NATTypeDetected] tells. [Endpoint.Shutdown]
// waits for that: PJSIP leaves the socket open when it ends before.
func (ep *Endpoint) DetectNATType(ctx context.Context) error {
	return ep.do(ctx, func(t onThread) error {
		was := ep.nat.detecting.Swap(true)
		err := t.fail("detect the NAT type", C.pjsua_detect_nat_type())
		if err != nil && !was {
			ep.nat.detecting.Store(false)
		}
		return err
	})
}

// NATType returns what the last [Endpoint.DetectNATType] found, and the error with which
// it ended; NATUnknown and no error before that (pjsua_get_nat_type).
func (ep *Endpoint) NATType(ctx context.Context) (NATType, error) {
	var typ C.pj_stun_nat_type
	err := ep.do(ctx, func(t onThread) error {
		st := C.pjsua_get_nat_type(&typ)
		if st == C.PJ_EPENDING {
			return nil
		}
		return t.fail("NAT type", st)
	})
	return NATType(typ), err
}

// RemoteNATType returns the NAT type that the far end told in its SDP, as PJSIP does; it
// is NATUnknown when it told none (pjsua_call_get_rem_nat_type).
func (c *Call) RemoteNATType(ctx context.Context) (NATType, error) {
	var typ C.pj_stun_nat_type
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		return t.fail("NAT type of the far end", C.pjsua_call_get_rem_nat_type(slot, &typ))
	})
	return NATType(typ), err
}

// HandleIPChange adapts to another IP address or network: it binds transports anew,
// registers the new address and sends re-INVITEs, or UPDATEs, for calls, as their
// accounts are set (pjsua_handle_ip_change). The program has to find out that the
// address has changed. HandleIPChange returns when the work has begun;
// [IPChangeProgress] tells of the steps.
func (ep *Endpoint) HandleIPChange(ctx context.Context, opts IPChangeOptions) error {
	if err := opts.Validate(); err != nil {
		return err
	}
	return ep.do(ctx, func(t onThread) error {
		var param C.pjsua_ip_change_param
		C.pjsua_ip_change_param_default(&param)
		param.restart_listener = cBool(!opts.NoRestartListeners)
		param.shutdown_transport = cBool(!opts.NoShutdownTransports)
		if opts.RestartDelay > 0 {
			param.restart_lis_delay = C.uint((opts.RestartDelay + time.Millisecond - 1) / time.Millisecond)
		}
		return t.fail("handle the change of the IP address", C.pjsua_handle_ip_change(&param))
	})
}

// stunResult is the end of a search for a STUN server.
type stunResult struct {
	status  Status
	index   int
	address string
}

// expectSTUN makes the result of the search with that token arrive on the returned
// channel. It is called before the search begins.
func (p *pump) expectSTUN(token int64) chan stunResult {
	ch := make(chan stunResult, 1)
	p.mu.Lock()
	p.stun[token] = ch
	p.mu.Unlock()
	return ch
}

func (p *pump) unexpectSTUN(token int64) {
	p.mu.Lock()
	delete(p.stun, token)
	p.mu.Unlock()
}

// settleSTUN hands a result to who waits for it.
func (p *pump) settleSTUN(r *C.oh_head) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ev := (*C.oh_nat)(unsafe.Pointer(r))
	if ch := p.stun[int64(r.object)]; ch != nil {
		ch <- stunResult{Status(r.status), int(ev.index), recordText(r, ev.address)}
		delete(p.stun, int64(r.object))
	}
}

// decodeNAT makes the event of an oh_nat.
func decodeNAT(r *C.oh_head, h EventHeader) Event {
	ev := (*C.oh_nat)(unsafe.Pointer(r))
	call, status, reason := CallID(r.call), Status(r.status), recordText(r, ev.reason)
	switch r._type {
	case C.OH_STUN:
		server := STUNServer{recordText(r, ev.server), recordText(r, ev.address)}
		return STUNResolved{EventHeader: h, Server: server, Status: status, Reason: reason}
	case C.OH_NAT_TYPE:
		return NATTypeDetected{EventHeader: h, Type: NATType(ev.state), Status: status, Reason: reason}
	case C.OH_MEDIA_TRANSPORT:
		return CallMediaTransportChanged{
			EventHeader: h, Call: call, Index: int(ev.index), State: MediaTransportState(ev.state),
			Status: status, Code: SIPCode(ev.code), Reason: reason,
		}
	case C.OH_ICE_ERROR:
		return ICETransportError{EventHeader: h, Call: call, Op: ICEOp(ev.op), Status: status, Reason: reason}
	case C.OH_IP_CHANGE:
		return IPChangeProgress{
			EventHeader: h, Op: IPChangeOp(ev.op), Status: status, Reason: reason, Transport: int(ev.transport),
			Account: AccountID(r.account), Call: call, Code: SIPCode(ev.code), Registering: ev.state != 0,
		}
	}
	return nil
}
