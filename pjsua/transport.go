//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"context"
	"fmt"
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
// (pjsua_transport_create). PJSIP needs one of a type before it can send by it. The
// error of a port in use is StatusInUse.
func (ep *Endpoint) AddTransport(ctx context.Context, cfg TransportConfig) (*Transport, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	tp := &Transport{}
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("open %v transport on %s:%d", cfg.Type, orAny(cfg.BindAddress), cfg.Port)
		c := (*C.pjsua_transport_config)(a.zero(C.sizeof_pjsua_transport_config))
		C.pjsua_transport_config_default(c)
		c.port = C.uint(cfg.Port)
		c.port_range = C.uint(cfg.PortRange)
		c.bound_addr = a.str(cfg.BindAddress)
		c.public_addr = a.str(cfg.PublicAddress)
		if cfg.Type.Secure() {
			c.tls_setting.ca_list_file = a.str(cfg.TLS.CAFile)
			c.tls_setting.cert_file = a.str(cfg.TLS.CertFile)
			c.tls_setting.privkey_file = a.str(cfg.TLS.KeyFile)
			c.tls_setting.verify_server = cBool(!cfg.TLS.Insecure)
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
			Address: fmt.Sprintf("%s:%d", goStr(info.local_name.host), int(info.local_name.port)),
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return tp, nil
}

func orAny(addr string) string {
	if addr == "" {
		return "*"
	}
	return addr
}
