//go:build cgo

package pjsua

/*
#include "account.h"
*/
import "C"

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Transport is a SIP transport that [Endpoint.AddTransport] created. Its methods
// return ErrTransportGone after Close.
type Transport struct {
	ep  *Endpoint
	id  C.pjsua_transport_id
	typ TransportType

	mu   sync.Mutex // guards what follows
	info TransportInfo
	tls  TLSConfig
}

// Info returns the transport's type and the address it is bound to, as they were when
// it was opened or restarted last.
func (tp *Transport) Info() TransportInfo {
	tp.mu.Lock()
	defer tp.mu.Unlock()
	return tp.info
}

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
	tp := &Transport{ep: ep, typ: cfg.Type, tls: cfg.TLS}
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("open %v transport on %s:%d", cfg.Type, orAny(cfg.BindAddress), cfg.Port)
		c, err := transportConfig(t, &a, cfg)
		if err != nil {
			return err
		}
		if cfg.Type.Secure() {
			C.oh_tls_callbacks(&c.tls_setting)
		}
		typ := C.pjsip_transport_type_e(cfg.Type)
		if st := C.pjsua_transport_create(typ, c, &tp.id); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		if _, err := tp.update(t); err != nil {
			return err
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

// Transports lists the transports that are open (pjsua_enum_transports).
func (ep *Endpoint) Transports(ctx context.Context) ([]*Transport, error) {
	var out []*Transport
	err := ep.do(ctx, func(t onThread) error {
		ids := make([]C.pjsua_transport_id, limits.Transports)
		n := C.uint(len(ids))
		if st := C.pjsua_enum_transports(&ids[0], &n); st != C.PJ_SUCCESS {
			return t.fail("list transports", st)
		}
		for _, id := range ids[:n] {
			if tp := ep.transport(id); tp != nil {
				out = append(out, tp)
			}
		}
		return nil
	})
	return out, err
}

// on runs fn on pjsua's thread while the transport is there.
func (tp *Transport) on(ctx context.Context, fn func(t onThread) error) error {
	return tp.ep.do(ctx, func(t onThread) error {
		if tp.ep.transport(tp.id) != tp {
			return ErrTransportGone
		}
		return fn(t)
	})
}

// Refresh asks PJSIP about the transport (pjsua_transport_get_info). Info returns the
// same afterwards.
func (tp *Transport) Refresh(ctx context.Context) (TransportInfo, error) {
	var info TransportInfo
	err := tp.on(ctx, func(t onThread) (err error) {
		info, err = tp.update(t)
		return err
	})
	return info, err
}

func (tp *Transport) update(t onThread) (TransportInfo, error) {
	var c C.pjsua_transport_info
	if st := C.pjsua_transport_get_info(tp.id, &c); st != C.PJ_SUCCESS {
		return TransportInfo{}, t.fail("transport info", st)
	}
	host := strings.Trim(goStr(c.local_name.host), "[]")
	info := TransportInfo{
		Type: TransportType(c._type), Name: goStr(c.type_name), Description: goStr(c.info),
		Address:  net.JoinHostPort(host, strconv.Itoa(int(c.local_name.port))),
		Bound:    sockaddr(t, unsafe.Pointer(&c.local_addr)),
		Reliable: c.flag&C.PJSIP_TRANSPORT_RELIABLE != 0,
		Secure:   c.flag&C.PJSIP_TRANSPORT_SECURE != 0,
		Users:    int(c.usage_count),
	}
	tp.mu.Lock()
	defer tp.mu.Unlock()
	tp.info = info
	return info, nil
}

// sockaddr prints a pj_sockaddr with its port.
func sockaddr(_ onThread, addr unsafe.Pointer) string {
	var buf [C.PJ_INET6_ADDRSTRLEN + 10]C.char
	return C.GoString(C.pj_sockaddr_print(addr, &buf[0], C.int(len(buf)), 3))
}

// Close closes the transport (pjsua_transport_close): UDP when its last transaction is
// over, a listener at once; its connections stay until they are idle. While accounts
// are bound to it, the error is ErrTransportBound. PJSIP adds no account while its
// first transport is closed, before another has been opened.
func (tp *Transport) Close(ctx context.Context, opts CloseTransportOptions) error {
	return tp.on(ctx, func(t onThread) error {
		if !opts.Bound && C.oh_transport_bound(tp.id) != 0 {
			return ErrTransportBound
		}
		if st := C.pjsua_transport_close(tp.id, C.PJ_FALSE); st != C.PJ_SUCCESS {
			return t.fail("close transport", st)
		}
		tp.ep.mu.Lock()
		defer tp.ep.mu.Unlock()
		delete(tp.ep.tps, tp.id)
		return nil
	})
}

// Restart opens the transport's socket again (pjsua_transport_lis_restart), after the
// network changed or to serve another certificate: new connections get what TLS says,
// and those that are up go on. Type is ignored; Port 0, an empty BindAddress and a zero
// TLS keep what there is. A certificate that cannot
// be read is an error before anything is closed.
func (tp *Transport) Restart(ctx context.Context, cfg TransportConfig) error {
	return tp.listen(ctx, cfg, "restart", func(t onThread, c *C.pjsua_transport_config) C.pj_status_t {
		return C.pjsua_transport_lis_restart(tp.id, c)
	})
}

// ListenStart opens the listener of a TCP or TLS transport that has none
// (pjsua_transport_lis_start), as where it was compiled not to listen; otherwise it
// does nothing.
func (tp *Transport) ListenStart(ctx context.Context, cfg TransportConfig) error {
	return tp.listen(ctx, cfg, "start", func(t onThread, c *C.pjsua_transport_config) C.pj_status_t {
		return C.pjsua_transport_lis_start(tp.id, c)
	})
}

func (tp *Transport) listen(ctx context.Context, cfg TransportConfig, what string,
	do func(t onThread, c *C.pjsua_transport_config) C.pj_status_t) error {
	cfg.Type = tp.typ
	tp.mu.Lock()
	if reflect.ValueOf(cfg.TLS).IsZero() {
		cfg.TLS = tp.tls
	}
	tp.mu.Unlock()
	if err := errors.Join(cfg.Validate(), cfg.TLS.readable()); err != nil {
		return err
	}
	return tp.on(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		host, port, err := net.SplitHostPort(tp.Info().Bound)
		if err != nil {
			return err
		}
		if cfg.Port == 0 {
			cfg.Port, _ = strconv.Atoi(port)
		}
		if cfg.BindAddress == "" {
			cfg.BindAddress = host
		}
		c, err := transportConfig(t, &a, cfg)
		if err != nil {
			return err
		}
		if cfg.Type.Secure() {
			C.oh_tls_callbacks(&c.tls_setting)
		}
		if st := do(t, c); st != C.PJ_SUCCESS {
			return t.fail(fmt.Sprintf("%s %v transport on %s:%d", what, tp.typ, cfg.BindAddress, cfg.Port), st)
		}
		tp.mu.Lock()
		tp.tls = cfg.TLS
		tp.mu.Unlock()
		_, err = tp.update(t)
		return err
	})
}

func orAny(addr string) string {
	if addr == "" {
		return "*"
	}
	return addr
}

func decodeTransport(head *C.oh_head, h EventHeader) Event {
	r := (*C.oh_transport_fact)(unsafe.Pointer(head))
	text := func(t C.oh_text) string { return recordText(head, t) }
	ev := TransportChanged{
		EventHeader: h, Type: TransportType(r.transport), State: TransportState(r.state), Name: text(r.name),
		Incoming: r.incoming != 0, Local: text(r.local), Remote: text(r.remote), Status: Status(head.status), Reason: text(r.reason),
	}
	if r.tls == 0 {
		return ev
	}
	ev.TLS = &TLSInfo{
		Established: r.established != 0, Protocol: TLSProtocol(r.proto), Cipher: text(r.cipher),
		Verified: r.verify == 0, Problems: uint32(r.verify),
	}
	if r.subject.len == 0 && r.pem.len == 0 {
		return ev
	}
	cert := &Certificate{
		Subject: text(r.subject), Issuer: text(r.issuer), PEM: []byte(text(r.pem)),
		NotBefore: time.Unix(int64(r.not_before), 0), NotAfter: time.Unix(int64(r.not_after), 0),
		Serial: hex.EncodeToString(C.GoBytes(unsafe.Pointer(&r.serial[0]), C.int(len(r.serial)))),
	}
	if names := text(r.names); names != "" {
		cert.Names = strings.Split(names, "\n")
	}
	ev.TLS.Certificate = cert
	return ev
}
