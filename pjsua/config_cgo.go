//go:build cgo

package pjsua

/*
#include "bridge.h"
*/
import "C"

import (
	"fmt"
	"time"
)

// logging makes a pjsua_logging_config; callbacks are set elsewhere.
func logging(t onThread, a *arena, level int, noMessages bool) *C.pjsua_logging_config {
	c := newLogging(t, a)
	c.level = C.uint(level)
	c.console_level = C.uint(level) // pjsua gives our callback this level
	c.msg_logging = cBool(level >= 5 && !noMessages)
	c.decor = C.PJ_LOG_HAS_SENDER // the logger has the rest
	return c
}

// uaConfig makes a pjsua_config, but for its callbacks.
func uaConfig(t onThread, a *arena, cfg Config) (*C.pjsua_config, error) {
	c := newUAConfig(t, a)
	c.max_calls = C.uint(orDefault(cfg.MaxCalls, limits.Calls))
	c.thread_cnt = C.uint(max(0, orDefault(cfg.Threads, 1)))
	c.user_agent = a.str(cfg.UserAgent)
	c.nameserver_count = C.uint(a.strs(c.nameserver[:], cfg.Nameservers))
	for _, uri := range cfg.OutboundProxies {
		if C.pjsua_verify_sip_url(a.cstr(uri)) != C.PJ_SUCCESS {
			return nil, t.fail(fmt.Sprintf("outbound proxy %q", uri), C.PJSIP_EINVALIDURI)
		}
	}
	c.outbound_proxy_cnt = C.uint(a.strs(c.outbound_proxy[:], cfg.OutboundProxies))
	c.force_lr = cBool(!cfg.NoForceLR)
	c.cred_count = C.uint(setCredentials(t, a, c.cred_info[:], cfg.Credentials))
	// No stun_srv: pjsua_init would wait for them, see Endpoint.startNAT.
	c.stun_try_ipv6 = cBool(cfg.STUNTryIPv6)
	c.stun_ignore_failure = cBool(!cfg.STUNRequired)
	c.stun_map_use_stun2 = cBool(cfg.STUNMapUseSTUN2)
	c.nat_type_in_sdp = C.int(max(0, orDefault(cfg.NATTypeInSDP, 1)))
	c.enable_upnp = cBool(cfg.UPnP)
	c.upnp_if_name = a.str(cfg.UPnPInterface)
	if cfg.Rel100 != Rel100Default {
		c.require_100rel = C.pjsua_100rel_use(cfg.Rel100 - 1)
	}
	if cfg.SessionTimer != TimerDefault {
		c.use_timer = C.pjsua_sip_timer_use(cfg.SessionTimer - 1)
	}
	if cfg.SIPREC != SIPRECDefault {
		c.use_siprec = C.pjsua_sip_siprec_use(cfg.SIPREC - 1)
	}
	setTimers(&c.timer_setting, cfg.SessionExpires, cfg.MinSE)
	c.srtp_secure_signaling = 0
	if len(cfg.SRTPKeying) == 0 {
		cfg.SRTPKeying = []SRTPKeying{SDES}
	}
	setSRTP(t, a, &c.use_srtp, &c.srtp_secure_signaling, &c.srtp_opt, cfg.SRTP, cfg.SRTPSignaling, cfg.SRTPKeying, cfg.SRTPCryptos)
	c.enable_unsolicited_mwi = cBool(!cfg.NoUnsolicitedMWI)
	c.hangup_forked_call = cBool(!cfg.KeepForkedCalls)
	c.no_refer_sub = cBool(!cfg.NoReferSubTag)
	return c, nil
}

// strs fills a table of PJSIP's with texts and returns how many there are.
func (a *arena) strs(table []C.pj_str_t, texts []string) int {
	for i, s := range texts {
		table[i] = a.str(s)
	}
	return len(texts)
}

func goStrs(table []C.pj_str_t, n C.uint) []string {
	var texts []string
	for _, s := range table[:n] {
		texts = append(texts, goStr(s))
	}
	return texts
}

// seconds is d in whole ones, rounded up: 0 gives def, below 0 gives 0.
func seconds(d, def time.Duration) C.uint {
	return C.uint((nonNegative(d, def) + time.Second - 1) / time.Second)
}

func milliseconds(d, def time.Duration) C.uint {
	return C.uint(nonNegative(d, def) / time.Millisecond)
}

func nonNegative(d, def time.Duration) time.Duration {
	if d == 0 {
		d = def
	}
	return max(0, d)
}

// orOff is the other way round: what PJSIP has as 0 is a negative number here.
func orOff(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func setTimers(c *C.pjsip_timer_setting, expires, minSE time.Duration) {
	if expires > 0 {
		c.sess_expires = seconds(expires, 0)
	}
	if minSE > 0 {
		c.min_se = seconds(minSE, 0)
	}
}

func setSRTP(_ onThread, a *arena, use *C.pjmedia_srtp_use, secure *C.int, opt *C.pjsua_srtp_opt,
	u SRTPUse, s SRTPSignaling, keying []SRTPKeying, cryptos []SRTPCrypto) {
	if u != SRTPDefault {
		*use = C.pjmedia_srtp_use(u - 1)
	}
	if s != SRTPDefaultSignaling {
		*secure = C.int(s - 1)
	}
	if len(keying) > 0 {
		opt.keying_count = C.uint(len(keying))
		for i, k := range keying {
			opt.keying[i] = C.pjmedia_srtp_keying_method(k)
		}
	}
	if len(cryptos) > 0 {
		opt.crypto_count = C.uint(len(cryptos))
		for i, k := range cryptos {
			c := &opt.crypto[i]
			c.name, c.key, c.flags = a.str(k.Name), a.str(k.Key.Reveal()), 0
			if k.NoEncryption {
				c.flags |= C.PJMEDIA_SRTP_NO_ENCRYPTION
			}
			if k.NoAuthentication {
				c.flags |= C.PJMEDIA_SRTP_NO_AUTHENTICATION
			}
		}
	}
}

func getSRTP(_ onThread, opt *C.pjsua_srtp_opt) (keying []SRTPKeying, cryptos []SRTPCrypto) {
	for _, k := range opt.keying[:opt.keying_count] {
		keying = append(keying, SRTPKeying(k))
	}
	for _, c := range opt.crypto[:opt.crypto_count] {
		cryptos = append(cryptos, SRTPCrypto{
			Name: goStr(c.name), Key: NewSecret(goStr(c.key)),
			NoEncryption:     c.flags&C.PJMEDIA_SRTP_NO_ENCRYPTION != 0,
			NoAuthentication: c.flags&C.PJMEDIA_SRTP_NO_AUTHENTICATION != 0,
		})
	}
	return keying, cryptos
}

func setCredentials(_ onThread, a *arena, table []C.pjsip_cred_info, list []Credential) int {
	or := func(s, def string) C.pj_str_t {
		if s == "" {
			s = def
		}
		return a.str(s)
	}
	for i, k := range list {
		c := &table[i]
		c.realm, c.scheme, c.username = or(k.Realm, "*"), or(k.Scheme, "digest"), a.str(k.Username)
		c.data = a.str(k.Password.Reveal())
		c.data_type = C.PJSIP_CRED_DATA_PLAIN_PASSWD
		if k.Hashed {
			c.data_type = C.PJSIP_CRED_DATA_DIGEST
		}
		c.algorithm_type = C.pjsip_auth_algorithm_type(k.Algorithm)
	}
	return len(list)
}

func getCredentials(_ onThread, table []C.pjsip_cred_info, n C.uint) []Credential {
	var list []Credential
	for _, c := range table[:n] {
		k := Credential{
			Realm: goStr(c.realm), Scheme: goStr(c.scheme), Username: goStr(c.username), Password: NewSecret(goStr(c.data)),
			Hashed: c.data_type == C.PJSIP_CRED_DATA_DIGEST, Algorithm: DigestAlgorithm(c.algorithm_type),
		}
		if k.Realm == "*" {
			k.Realm = ""
		}
		if k.Scheme == "digest" {
			k.Scheme = ""
		}
		list = append(list, k)
	}
	return list
}

// newLogging makes one with PJSIP's defaults.
func newLogging(_ onThread, a *arena) *C.pjsua_logging_config {
	c := (*C.pjsua_logging_config)(a.zero(C.sizeof_pjsua_logging_config))
	C.pjsua_logging_config_default(c)
	return c
}

// newUAConfig makes one with PJSIP's defaults.
func newUAConfig(_ onThread, a *arena) *C.pjsua_config {
	c := (*C.pjsua_config)(a.zero(C.sizeof_pjsua_config))
	C.pjsua_config_default(c)
	return c
}
