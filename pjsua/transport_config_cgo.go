//go:build cgo

package pjsua

/*
#include "bridge.h"

// set_option is one of the unnamed structs of pj_sockopt_params.
static void set_option(pj_sockopt_params *p, unsigned i, int level, int name, void *value, int len)
{
	p->options[i].level = level;
	p->options[i].optname = name;
	p->options[i].optval = value;
	p->options[i].optlen = len;
	p->cnt = i + 1;
}

static void get_option(const pj_sockopt_params *p, unsigned i, int *level, int *name, void **value, int *len)
{
	*level = p->options[i].level;
	*name = p->options[i].optname;
	*value = p->options[i].optval;
	*len = p->options[i].optlen;
}
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// transportConfig makes a pjsua_transport_config.
func transportConfig(t onThread, a *arena, cfg TransportConfig) (*C.pjsua_transport_config, error) {
	c := newTransportConfig(t, a)
	c.port = C.uint(cfg.Port)
	c.port_range = C.uint(cfg.PortRange)
	c.randomize_port = cBool(cfg.RandomPort)
	c.bound_addr = a.str(cfg.BindAddress)
	c.public_addr = a.str(cfg.PublicAddress)
	setQoS(t, &c.qos_type, &c.qos_params, cfg.QoS)
	setOptions(t, &c.sockopt_params, cfg.SocketOptions)
	return c, setTLS(t, a, c, cfg.TLS)
}

func setQoS(_ onThread, typ *C.pj_qos_type, p *C.pj_qos_params, q QoS) {
	*typ = C.pj_qos_type(q.Type)
	if q.DSCP != 0 {
		p.flags |= C.PJ_QOS_PARAM_HAS_DSCP
		p.dscp_val = C.pj_uint8_t(max(0, q.DSCP))
	}
	if q.Priority != 0 {
		p.flags |= C.PJ_QOS_PARAM_HAS_SO_PRIO
		p.so_prio = C.pj_uint8_t(max(0, q.Priority))
	}
	if q.WMM != WMMUnset {
		p.flags |= C.PJ_QOS_PARAM_HAS_WMM
		p.wmm_prio = C.pj_qos_wmm_prio(q.WMM - 1)
	}
}

func getQoS(_ onThread, typ C.pj_qos_type, p *C.pj_qos_params) QoS {
	q := QoS{Type: QoSType(typ)}
	orBelow := func(v C.pj_uint8_t) int {
		if v == 0 {
			return -1
		}
		return int(v)
	}
	if p.flags&C.PJ_QOS_PARAM_HAS_DSCP != 0 {
		q.DSCP = orBelow(p.dscp_val)
	}
	if p.flags&C.PJ_QOS_PARAM_HAS_SO_PRIO != 0 {
		q.Priority = orBelow(p.so_prio)
	}
	if p.flags&C.PJ_QOS_PARAM_HAS_WMM != 0 {
		q.WMM = WMM(p.wmm_prio) + 1
	}
	return q
}

// setOptions puts values where they stay: an account copies the pointers only.
func setOptions(_ onThread, p *C.pj_sockopt_params, options []SocketOption) {
	for i, o := range options {
		value := C.oh_keep(unsafe.Pointer(unsafe.SliceData(o.Value)), C.size_t(len(o.Value)))
		C.set_option(p, C.uint(i), C.int(o.Level), C.int(o.Name), value, C.int(len(o.Value)))
	}
}

func getOptions(p *C.pj_sockopt_params) []SocketOption {
	var options []SocketOption
	for i := C.uint(0); i < p.cnt; i++ {
		var level, name, n C.int
		var value unsafe.Pointer
		C.get_option(p, i, &level, &name, &value, &n)
		options = append(options, SocketOption{Level: int(level), Name: int(name), Value: C.GoBytes(value, n)})
	}
	return options
}

// setTLS fills in the TLS of a transport, which has a QoS and socket options of its
// own.
func setTLS(t onThread, a *arena, tc *C.pjsua_transport_config, cfg TLSConfig) error {
	c := &tc.tls_setting
	c.ca_list_file, c.ca_list_path = a.str(cfg.CAFile), a.str(cfg.CAPath)
	c.cert_file, c.privkey_file = a.str(cfg.CertFile), a.str(cfg.KeyFile)
	c.ca_buf, c.cert_buf = a.str(string(cfg.CAPEM)), a.str(string(cfg.CertPEM))
	c.privkey_buf, c.password = a.str(cfg.KeyPEM.Reveal()), a.str(cfg.Password.Reveal())
	if cfg.Protocols != 0 {
		c.proto = C.pj_uint32_t(cfg.Protocols)
	}
	var err error
	if c.ciphers, c.ciphers_num, err = ciphers(t, a, cfg.Ciphers); err != nil {
		return err
	}
	if c.curves, c.curves_num, err = curves(t, a, cfg.Curves); err != nil {
		return err
	}
	c.sigalgs = a.str(cfg.SigAlgs)
	c.entropy_type, c.entropy_path = C.pj_ssl_entropy_t(cfg.Entropy), a.str(cfg.EntropyPath)
	c.verify_server = cBool(!cfg.Insecure)
	c.verify_client = cBool(cfg.VerifyClient)
	c.require_client_cert = cBool(cfg.RequireClientCert)
	setTimeVal(&c.timeout, cfg.Timeout)
	if cfg.InitialTimeout > 0 {
		c.initial_timeout = seconds(cfg.InitialTimeout, 0)
	}
	if cfg.ReuseAddr {
		c.reuse_addr = C.PJ_TRUE
	}
	c.qos_type, c.qos_params = tc.qos_type, tc.qos_params
	c.sockopt_params = tc.sockopt_params
	c.qos_ignore_error = cBool(!cfg.StrictQoS)
	c.sockopt_ignore_error = cBool(!cfg.StrictSocketOptions)
	c.enable_renegotiation = cBool(!cfg.NoRenegotiation)
	return nil
}

// setTURNTLS fills in the TLS to a TURN server.
func setTURNTLS(t onThread, a *arena, c *C.pj_turn_sock_tls_cfg, cfg TLSConfig) error {
	c.ca_list_file, c.ca_list_path = a.str(cfg.CAFile), a.str(cfg.CAPath)
	c.cert_file, c.privkey_file = a.str(cfg.CertFile), a.str(cfg.KeyFile)
	c.ca_buf, c.cert_buf = a.str(string(cfg.CAPEM)), a.str(string(cfg.CertPEM))
	c.privkey_buf, c.password = a.str(cfg.KeyPEM.Reveal()), a.str(cfg.Password.Reveal())
	p := &c.ssock_param
	if cfg.Protocols != 0 {
		p.proto = C.pj_uint32_t(cfg.Protocols)
	}
	var err error
	if p.ciphers, p.ciphers_num, err = ciphers(t, a, cfg.Ciphers); err != nil {
		return err
	}
	if p.curves, p.curves_num, err = curves(t, a, cfg.Curves); err != nil {
		return err
	}
	p.sigalgs = a.str(cfg.SigAlgs)
	p.entropy_type, p.entropy_path = C.pj_ssl_entropy_t(cfg.Entropy), a.str(cfg.EntropyPath)
	p.verify_peer = cBool(!cfg.Insecure)
	if cfg.Timeout > 0 {
		setTimeVal(&p.timeout, cfg.Timeout)
	}
	if cfg.ReuseAddr {
		p.reuse_addr = C.PJ_TRUE
	}
	p.qos_ignore_error = cBool(!cfg.StrictQoS)
	p.sockopt_ignore_error = cBool(!cfg.StrictSocketOptions)
	p.enable_renegotiation = cBool(!cfg.NoRenegotiation)
	return nil
}

func getTURNTLS(_ onThread, c *C.pj_turn_sock_tls_cfg) TLSConfig {
	bytes := func(s C.pj_str_t) []byte {
		if s.slen <= 0 {
			return nil
		}
		return []byte(goStr(s))
	}
	p := &c.ssock_param
	cfg := TLSConfig{
		CAFile: goStr(c.ca_list_file), CAPath: goStr(c.ca_list_path), CertFile: goStr(c.cert_file), KeyFile: goStr(c.privkey_file),
		CAPEM: bytes(c.ca_buf), CertPEM: bytes(c.cert_buf), KeyPEM: NewSecret(goStr(c.privkey_buf)), Password: NewSecret(goStr(c.password)),
		Protocols: TLSProtocol(p.proto), SigAlgs: goStr(p.sigalgs), Entropy: TLSEntropy(p.entropy_type), EntropyPath: goStr(p.entropy_path),
		Insecure: p.verify_peer == 0, Timeout: time.Duration(p.timeout.sec)*time.Second + time.Duration(p.timeout.msec)*time.Millisecond,
		ReuseAddr: p.reuse_addr != 0, StrictQoS: p.qos_ignore_error == 0, StrictSocketOptions: p.sockopt_ignore_error == 0,
		NoRenegotiation: p.enable_renegotiation == 0,
	}
	for _, id := range unsafe.Slice(p.ciphers, int(p.ciphers_num)) {
		cfg.Ciphers = append(cfg.Ciphers, C.GoString(C.pj_ssl_cipher_name(id)))
	}
	for _, id := range unsafe.Slice(p.curves, int(p.curves_num)) {
		cfg.Curves = append(cfg.Curves, C.GoString(C.pj_ssl_curve_name(id)))
	}
	return cfg
}

func setTimeVal(c *C.pj_time_val, d time.Duration) {
	c.sec, c.msec = C.long(d/time.Second), C.long(d%time.Second/time.Millisecond)
}

func ciphers(_ onThread, a *arena, names []string) (*C.pj_ssl_cipher, C.uint, error) {
	if len(names) == 0 {
		return nil, 0, nil
	}
	first := (*C.pj_ssl_cipher)(a.zero(uintptr(len(names)) * C.sizeof_pj_ssl_cipher))
	for i, name := range names {
		id := C.pj_ssl_cipher_id(a.cstr(name))
		if id == C.PJ_TLS_UNKNOWN_CIPHER {
			return nil, 0, fmt.Errorf("pjsua: no TLS cipher %q", name)
		}
		unsafe.Slice(first, len(names))[i] = id
	}
	return first, C.uint(len(names)), nil
}

func curves(_ onThread, a *arena, names []string) (*C.pj_ssl_curve, C.uint, error) {
	if len(names) == 0 {
		return nil, 0, nil
	}
	first := (*C.pj_ssl_curve)(a.zero(uintptr(len(names)) * C.sizeof_pj_ssl_curve))
	for i, name := range names {
		id := C.pj_ssl_curve_id(a.cstr(name))
		if id == C.PJ_TLS_UNKNOWN_CURVE {
			return nil, 0, fmt.Errorf("pjsua: no TLS curve %q", name)
		}
		unsafe.Slice(first, len(names))[i] = id
	}
	return first, C.uint(len(names)), nil
}

// newTransportConfig makes one with PJSIP's defaults.
func newTransportConfig(_ onThread, a *arena) *C.pjsua_transport_config {
	c := (*C.pjsua_transport_config)(a.zero(C.sizeof_pjsua_transport_config))
	C.pjsua_transport_config_default(c)
	return c
}
