//go:build cgo

package pjsua

/*
#include "bridge.h"

static void set_turn_cred(pj_stun_auth_cred *cred, pj_str_t realm, pj_str_t username, int hashed, pj_str_t password)
{
	cred->type = PJ_STUN_AUTH_CRED_STATIC;
	cred->data.static_cred.realm = realm;
	cred->data.static_cred.username = username;
	cred->data.static_cred.data_type = hashed ? PJ_STUN_PASSWD_HASHED : PJ_STUN_PASSWD_PLAIN;
	cred->data.static_cred.data = password;
}

static void get_turn_cred(const pj_stun_auth_cred *cred, pj_str_t *realm, pj_str_t *username, int *hashed, pj_str_t *password)
{
	*realm = cred->data.static_cred.realm;
	*username = cred->data.static_cred.username;
	*hashed = cred->data.static_cred.data_type == PJ_STUN_PASSWD_HASHED;
	*password = cred->data.static_cred.data;
}
*/
import "C"

import (
	"net/netip"
	"time"
	"unsafe"
)

func setICE(_ onThread, a *arena, c *C.pjsua_ice_config, cfg ICEConfig) {
	c.enable_ice = cBool(cfg.Enable)
	if cfg.MaxHostCandidates != 0 {
		c.ice_max_host_cands = C.int(max(0, cfg.MaxHostCandidates))
	}
	for i, addr := range cfg.HostCandidates {
		af := C.int(C.PJ_AF_INET)
		if addr.Is6() {
			af = C.int(C.PJ_AF_INET6)
		}
		text := a.str(addr.String())
		C.pj_sockaddr_init(af, &c.ice_manual_host[i], &text, 0)
	}
	c.ice_manual_host_cnt = C.uint(len(cfg.HostCandidates))
	o := &c.ice_opt
	o.aggressive = cBool(!cfg.NoAggressive)
	if cfg.NominationDelay != 0 {
		o.nominated_check_delay = milliseconds(cfg.NominationDelay, 0)
	}
	switch {
	case cfg.NominationTimeout > 0:
		o.controlled_agent_want_nom_timeout = C.int(cfg.NominationTimeout / time.Millisecond)
	case cfg.NominationTimeout < 0:
		o.controlled_agent_want_nom_timeout = -1
	}
	o.trickle = C.pj_ice_sess_trickle(cfg.Trickle)
	o.check_src_addr = cBool(!cfg.NoSourceCheck)
	c.ice_no_rtcp = cBool(cfg.NoRTCP)
	c.ice_always_update = cBool(!cfg.NoAlwaysUpdate)
}

func getICE(_ onThread, c *C.pjsua_ice_config) *ICEConfig {
	cfg := &ICEConfig{
		Enable:            c.enable_ice != 0,
		NoAggressive:      c.ice_opt.aggressive == 0,
		NominationDelay:   orOff(time.Duration(c.ice_opt.nominated_check_delay) * time.Millisecond),
		NominationTimeout: time.Duration(c.ice_opt.controlled_agent_want_nom_timeout) * time.Millisecond,
		Trickle:           ICETrickle(c.ice_opt.trickle),
		NoSourceCheck:     c.ice_opt.check_src_addr == 0,
		NoRTCP:            c.ice_no_rtcp != 0,
		NoAlwaysUpdate:    c.ice_always_update == 0,
	}
	switch n := int(c.ice_max_host_cands); {
	case n > 0:
		cfg.MaxHostCandidates = n
	case n == 0:
		cfg.MaxHostCandidates = -1
	}
	for i := range c.ice_manual_host[:c.ice_manual_host_cnt] {
		var buf [C.PJ_INET6_ADDRSTRLEN + 10]C.char
		text := C.pj_sockaddr_print(unsafe.Pointer(&c.ice_manual_host[i]), &buf[0], C.int(len(buf)), 0)
		if addr, err := netip.ParseAddr(C.GoString(text)); err == nil {
			cfg.HostCandidates = append(cfg.HostCandidates, addr)
		}
	}
	return cfg
}

var turnTransports = [...]C.pj_turn_tp_type{TURNUDP: C.PJ_TURN_TP_UDP, TURNTCP: C.PJ_TURN_TP_TCP, TURNTLS: C.PJ_TURN_TP_TLS}

func setTURN(t onThread, a *arena, c *C.pjsua_turn_config, cfg TURNConfig) error {
	c.enable_turn = cBool(cfg.Enable)
	c.turn_server = a.str(cfg.Server)
	c.turn_conn_type = turnTransports[cfg.Transport]
	C.set_turn_cred(&c.turn_auth_cred, a.str(cfg.Realm), a.str(cfg.Username), C.int(cBool(cfg.PasswordHashed)), a.str(cfg.Password.Reveal()))
	return setTURNTLS(t, a, &c.turn_tls_setting, cfg.TLS)
}

func getTURN(t onThread, c *C.pjsua_turn_config) *TURNConfig {
	cfg := &TURNConfig{Enable: c.enable_turn != 0, Server: goStr(c.turn_server), TLS: getTURNTLS(t, &c.turn_tls_setting)}
	for i, tp := range turnTransports {
		if tp == c.turn_conn_type {
			cfg.Transport = TURNTransport(i)
		}
	}
	var realm, username, password C.pj_str_t
	var hashed C.int
	C.get_turn_cred(&c.turn_auth_cred, &realm, &username, &hashed, &password)
	cfg.Realm, cfg.Username, cfg.Password = goStr(realm), goStr(username), NewSecret(goStr(password))
	cfg.PasswordHashed = hashed != 0
	return cfg
}
