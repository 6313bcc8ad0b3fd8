//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Transport is a SIP transport that [Endpoint.AddTransport] created. It lives as long
// as the Endpoint.
type Transport struct {
	id   C.pjsua_transport_id
	info TransportInfo
}

// Info returns the transport's type and the address it is bound to.
func (tp *Transport) Info() TransportInfo { return tp.info }

// AddTransport opens a SIP transport: a UDP socket, or a TCP or TLS listener
// (pjsua_transport_create). PJSIP needs one of a type before it can send by it. It waits
// for the STUN servers of [Config], with whose help the public address of a UDP socket
// is found. The error of a port in use is StatusInUse.
func (ep *Endpoint) AddTransport(ctx context.Context, cfg TransportConfig) (*Transport, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := ep.awaitSTUN(ctx); err != nil {
		return nil, err
	}
	tp := &Transport{}
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("open %v transport on %s:%d", cfg.Type, orAny(cfg.BindAddress), cfg.Port)
		c, err := transportConfig(t, &a, cfg)
		if err != nil {
			return err
		}
		typ := C.pjsip_transport_type_e(cfg.Type)
		if st := C.pjsua_transport_create(typ, c, &tp.id); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		var info C.pjsua_transport_info
		if st := C.pjsua_transport_get_info(tp.id, &info); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		tp.info = TransportInfo{
			Type:    TransportType(info._type),
			Address: net.JoinHostPort(goStr(info.local_name.host), strconv.Itoa(int(info.local_name.port))),
		}
		ep.mu.Lock()
		defer ep.mu.Unlock()
		ep.tps[tp.id] = tp
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tp, nil
}

// transport returns the handle of a slot, nil for none.
func (ep *Endpoint) transport(id C.pjsua_transport_id) *Transport {
	ep.mu.Lock()
	defer ep.mu.Unlock()
	return ep.tps[id]
}

func orAny(addr string) string {
	if addr == "" {
		return "*"
	}
	return addr
}
