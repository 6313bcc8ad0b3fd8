//go:build cgo

package pjsua

/*
#include "resolve.h"
*/
import "C"

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"unsafe"
)

// lookups finds the addresses of the names that PJSIP sends to. Each has a goroutine, so
// that a DNS server which is silent holds up nothing but the message that waits for it.
type lookups struct {
	ep   *Endpoint
	with Resolver
	srv  bool
	life context.Context // ends with the Endpoint
	end  context.CancelFunc

	mu    sync.Mutex
	ended bool
	tasks sync.WaitGroup
}

func newLookups(ep *Endpoint, cfg Config) *lookups {
	l := &lookups{ep: ep, with: resolverOf(cfg), srv: cfg.ResolveSRV}
	l.life, l.end = context.WithCancel(context.Background())
	return l
}

func resolverOf(cfg Config) Resolver {
	if cfg.Resolver == nil {
		return net.DefaultResolver
	}
	return cfg.Resolver
}

// stop ends all look-ups: pjsua is gone. Nothing of them runs when it returns, but for a
// [Resolver] that does not heed its context.
func (l *lookups) stop() {
	l.mu.Lock()
	l.ended = true
	l.mu.Unlock()
	l.end()
	l.tasks.Wait()
}

// begin looks up what an OH_LOOKUP asks for.
func (l *lookups) begin(r *C.oh_head) {
	q := (*C.oh_lookup)(unsafe.Pointer(r))
	target := sipTarget{
		host: recordText(r, q.host), port: uint16(q.port), service: sipService(q.service),
		network: map[C.int32_t]string{0: "ip", 4: "ip4", 6: "ip6"}[q.family],
	}
	serial := C.int64_t(r.object)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.tasks.Add(1)
	go func() {
		defer l.tasks.Done()
		list, err := l.find(target)
		if err != nil && l.life.Err() == nil {
			l.ep.pump.logger.Warn("a name was not resolved", "host", target.host, "error", err)
		}
		_ = l.ep.exec.do(context.Background(), func(onThread) error {
			answerLookup(serial, list)
			return nil
		})
	}()
}

func (l *lookups) find(target sipTarget) ([]netip.AddrPort, error) {
	ctx, cancel := context.WithTimeout(l.life, resolveLimit)
	defer cancel()
	type result struct {
		list []netip.AddrPort
		err  error
	}
	found := make(chan result, 1)
	go func() {
		list, err := target.addresses(ctx, l.with, l.srv)
		found <- result{list, err}
	}()
	select {
	case r := <-found:
		return r.list, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func answerLookup(serial C.int64_t, list []netip.AddrPort) {
	out := make([]C.oh_address, len(list)+1)
	for i, a := range list {
		ip := a.Addr().AsSlice()
		for j, b := range ip {
			out[i].ip[j] = C.uint8_t(b)
		}
		out[i].v6 = C.int32_t(cBool(len(ip) == 16))
		out[i].port = C.uint16_t(a.Port())
	}
	C.oh_resolve_answer(serial, &out[0], C.uint(len(list)))
}
