//go:build cgo

package pjsua

/*
#include "bridge.h"

static pjsip_hdr *header_next(pjsip_hdr *list, pjsip_hdr *h) { return h->next == list ? NULL : h->next; }

static int header_print(pjsip_hdr *h, char *buf, int size) { return pjsip_hdr_print_on(h, buf, (pj_size_t)size); }
*/
import "C"

import (
	"fmt"
	"strings"
	"time"
)

// newAccountConfig makes a pjsua_acc_config with PJSIP's defaults.
func newAccountConfig(_ onThread, a *arena) *C.pjsua_acc_config {
	c := (*C.pjsua_acc_config)(a.zero(C.sizeof_pjsua_acc_config))
	C.pjsua_acc_config_default(c)
	return c
}

// setAccount fills c, which has PJSIP's defaults; pool is for headers.
func setAccount(t onThread, c *C.pjsua_acc_config, pool *C.pj_pool_t, a *arena, cfg AccountConfig) error {
	if err := setIdentity(t, c, pool, a, cfg); err != nil {
		return err
	}
	setRegistration(t, c, a, cfg)
	setContact(t, c, a, cfg)
	setSession(t, c, a, cfg)
	setAccountMedia(t, c, a, cfg)
	return setNAT(t, c, a, cfg)
}

func setIdentity(t onThread, c *C.pjsua_acc_config, pool *C.pj_pool_t, a *arena, cfg AccountConfig) error {
	var err error
	uri := func(name, text string) C.pj_str_t {
		if err == nil && text != "" && C.pjsua_verify_sip_url(a.cstr(text)) != C.PJ_SUCCESS {
			err = t.fail(fmt.Sprintf("account %s %q", name, text), C.PJSIP_EINVALIDURI)
		}
		return a.str(text)
	}
	c.id = uri("ID", cfg.ID)
	c.reg_uri = uri("registrar", cfg.Registrar)
	c.force_contact = uri("contact", cfg.ForceContact)
	for i, proxy := range cfg.Proxies {
		c.proxy[i] = uri("proxy", proxy)
	}
	if err != nil {
		return err
	}
	c.proxy_cnt = C.uint(len(cfg.Proxies))
	c.priority = C.int(cfg.Priority)
	c.cred_count = C.uint(setCredentials(t, a, c.cred_info[:], cfg.Credentials))
	c.auth_pref.initial_auth = cBool(cfg.InitialAuth)
	c.auth_pref.algorithm = a.str(cfg.AuthAlgorithm)
	c.use_shared_auth = cBool(cfg.SharedAuth)
	if cfg.Transport != nil {
		c.transport_id = cfg.Transport.id
	}
	if cfg.IPv6SIP != IPv6Default {
		c.ipv6_sip_use = C.pjsua_ipv6_use(cfg.IPv6SIP - 1)
	}
	if err := addHeaders(t, &c.reg_hdr_list, pool, a, cfg.RegisterHeaders); err != nil {
		return err
	}
	return addHeaders(t, &c.sub_hdr_list, pool, a, cfg.SubscribeHeaders)
}

var registerProxies = [...]C.uint{
	RegisterViaAll:      C.PJSUA_REG_USE_OUTBOUND_PROXY | C.PJSUA_REG_USE_ACC_PROXY,
	RegisterViaNone:     0,
	RegisterViaOutbound: C.PJSUA_REG_USE_OUTBOUND_PROXY,
	RegisterViaAccount:  C.PJSUA_REG_USE_ACC_PROXY,
}

func setRegistration(_ onThread, c *C.pjsua_acc_config, a *arena, cfg AccountConfig) {
	c.register_on_acc_add = cBool(!cfg.RegisterLater)
	c.disable_reg_on_modify = cBool(cfg.DisableRegOnModify)
	setSeconds(&c.reg_timeout, cfg.RegisterTimeout)
	setSeconds(&c.reg_delay_before_refresh, cfg.RefreshBefore)
	if cfg.UnregisterTimeout != 0 {
		c.unreg_timeout = milliseconds(cfg.UnregisterTimeout, 0)
	}
	c.reg_retry_interval = seconds(cfg.RetryInterval, 30*time.Second)
	c.reg_first_retry_interval = min(c.reg_retry_interval, 5)
	setSeconds(&c.reg_first_retry_interval, cfg.FirstRetry)
	c.reg_retry_random_interval = c.reg_retry_interval / 2
	setSeconds(&c.reg_retry_random_interval, cfg.RetryRandom)
	c.drop_calls_on_reg_fail = cBool(cfg.DropCallsOnRegFail)
	c.reg_use_proxy = registerProxies[cfg.RegisterProxies]
	c.mwi_enabled = cBool(cfg.MWI)
	setSeconds(&c.mwi_expires, cfg.MWIExpires)
	c.publish_enabled = cBool(cfg.Publish)
	c.publish_opt.queue_request = cBool(!cfg.NoPublishQueue)
	if cfg.UnpublishTimeout != 0 {
		c.unpublish_max_wait_time_msec = milliseconds(cfg.UnpublishTimeout, 0)
	}
	c.pidf_tuple_id = a.str(cfg.PIDFTupleID)
	c.auto_repond_sip_message = cBool(!cfg.NoMessageAutoResponse)
}

// setSeconds leaves PJSIP's default for 0.
func setSeconds(field *C.uint, d time.Duration) {
	if d != 0 {
		*field = seconds(d, 0)
	}
}

func setContact(_ onThread, c *C.pjsua_acc_config, a *arena, cfg AccountConfig) {
	c.contact_params, c.contact_uri_params = a.str(cfg.ContactParams), a.str(cfg.ContactURIParams)
	c.reg_contact_params, c.reg_contact_uri_params = a.str(cfg.RegisterContactParams), a.str(cfg.RegisterContactURIParams)
	c.allow_contact_rewrite = C.pj_bool_t(cfg.RewriteContact)
	c.allow_via_rewrite = cBool(cfg.RewriteVia)
	c.allow_sdp_nat_rewrite = cBool(cfg.RewriteSDP)
	if cfg.ContactRewriteMethod != 0 {
		c.contact_rewrite_method = C.int(cfg.ContactRewriteMethod)
	}
	c.contact_use_src_port = cBool(!cfg.NoContactSrcPort)
	c.use_rfc5626 = C.uint(cBool(!cfg.NoOutbound))
	c.rfc5626_instance_id, c.rfc5626_reg_id = a.str(cfg.OutboundInstanceID), a.str(cfg.OutboundRegID)
	setSeconds(&c.ka_interval, cfg.KeepAlive)
	if cfg.KeepAliveData != "" {
		c.ka_data = a.str(cfg.KeepAliveData)
	}
}

func setSession(t onThread, c *C.pjsua_acc_config, a *arena, cfg AccountConfig) {
	if cfg.Rel100 != Rel100Default {
		c.require_100rel = C.pjsua_100rel_use(cfg.Rel100 - 1)
	}
	if cfg.SessionTimer != TimerDefault {
		c.use_timer = C.pjsua_sip_timer_use(cfg.SessionTimer - 1)
	}
	setTimers(&c.timer_setting, cfg.SessionExpires, cfg.MinSE)
	if cfg.SIPREC != SIPRECDefault {
		c.use_siprec = C.pjsua_sip_siprec_use(cfg.SIPREC - 1)
	}
	c.call_hold_type = C.pjsua_call_hold_type(cfg.CallHold)
	c.lock_codec = C.uint(cBool(!cfg.NoLockCodec))
	setSRTP(t, a, &c.use_srtp, &c.srtp_secure_signaling, &c.srtp_opt, cfg.SRTP, cfg.SRTPSignaling, cfg.SRTPKeying, cfg.SRTPCryptos)
	c.vid_in_auto_show = C.PJ_FALSE
	c.vid_out_auto_transmit = C.PJ_FALSE
}

func setAccountMedia(t onThread, c *C.pjsua_acc_config, a *arena, cfg AccountConfig) {
	r := &c.rtp_cfg
	r.port, r.port_range, r.randomize_port = C.uint(cfg.RTPPort), C.uint(cfg.RTPPortRange), cBool(cfg.RTPRandom)
	r.bound_addr, r.public_addr = a.str(cfg.MediaAddress), a.str(cfg.PublicAddress)
	setQoS(t, &r.qos_type, &r.qos_params, cfg.RTPQoS)
	setOptions(t, &r.sockopt_params, cfg.RTPSocketOptions)
	c.enable_rtcp_mux = cBool(cfg.RTCPMux)
	if cfg.RTCPXR {
		c.enable_rtcp_xr = C.PJ_TRUE
	}
	f := &c.rtcp_fb_cfg
	f.dont_use_avpf = cBool(!cfg.RTCPFeedback.AVPF)
	f.cap_count = C.uint(len(cfg.RTCPFeedback.Caps))
	for i, k := range cfg.RTCPFeedback.Caps {
		f.caps[i] = C.pjmedia_rtcp_fb_cap{
			codec_id: a.str(k.Codec), _type: C.pjmedia_rtcp_fb_type(k.Type), type_name: a.str(k.Name), param: a.str(k.Param),
		}
	}
	if cfg.TextRedundancy != 0 {
		c.txt_red_level = C.int(max(0, cfg.TextRedundancy))
	}
	c.use_loop_med_tp, c.enable_loopback = cBool(cfg.LoopMedia), cBool(cfg.LoopMediaBack)
}

func setNAT(t onThread, c *C.pjsua_acc_config, a *arena, cfg AccountConfig) error {
	if cfg.IPv6Media != IPv6Default {
		c.ipv6_media_use = C.pjsua_ipv6_use(cfg.IPv6Media - 1)
	}
	c.nat64_opt = C.pjsua_nat64_opt(cBool(cfg.NAT64))
	if cfg.STUNSIP != STUNDefault {
		c.sip_stun_use = C.pjsua_stun_use(cfg.STUNSIP - 1)
	}
	if cfg.STUNMedia != STUNDefault {
		c.media_stun_use = C.pjsua_stun_use(cfg.STUNMedia - 1)
	}
	c.sip_upnp_use, c.media_upnp_use = C.pjsua_upnp_use(cBool(cfg.NoUPnPSIP)), C.pjsua_upnp_use(cBool(cfg.NoUPnPMedia))
	p := &c.ip_change_cfg
	p.shutdown_tp, p.hangup_calls = cBool(!cfg.IPChange.NoShutdownTransport), cBool(cfg.IPChange.HangupCalls)
	if cfg.IPChange.ReinviteFlags != 0 {
		p.reinvite_flags = C.uint(cfg.IPChange.ReinviteFlags)
	}
	if cfg.IPChange.NoReinvite {
		p.reinvite_flags = 0
	}
	p.reinv_use_update = cBool(cfg.IPChange.UseUpdate)
	if cfg.ICE != nil {
		c.ice_cfg_use = C.PJSUA_ICE_CONFIG_USE_CUSTOM
		setICE(t, a, &c.ice_cfg, *cfg.ICE)
	}
	if cfg.TURN != nil {
		c.turn_cfg_use = C.PJSUA_TURN_CONFIG_USE_CUSTOM
		return setTURN(t, a, &c.turn_cfg, *cfg.TURN)
	}
	return nil
}

// iceTag is what PJSIP adds to the Contact of an account with ICE (RFC 5768).
const iceTag = ";+sip.ice"

// getAccount is setAccount the other way round; transport finds a handle.
func getAccount(t onThread, c *C.pjsua_acc_config, transport func(C.pjsua_transport_id) *Transport) AccountConfig {
	secs := func(v C.uint) time.Duration { return time.Duration(v) * time.Second }
	r, p := &c.rtp_cfg, &c.ip_change_cfg
	cfg := AccountConfig{
		ID: goStr(c.id), Priority: int(c.priority), Registrar: goStr(c.reg_uri), RegisterLater: c.register_on_acc_add == 0,
		DisableRegOnModify: c.disable_reg_on_modify != 0, RegisterHeaders: getHeaders(t, &c.reg_hdr_list),
		RegisterTimeout: secs(c.reg_timeout), RefreshBefore: secs(c.reg_delay_before_refresh),
		UnregisterTimeout: time.Duration(c.unreg_timeout) * time.Millisecond,
		RetryInterval:     orOff(secs(c.reg_retry_interval)), FirstRetry: orOff(secs(c.reg_first_retry_interval)),
		RetryRandom: orOff(secs(c.reg_retry_random_interval)), DropCallsOnRegFail: c.drop_calls_on_reg_fail != 0,
		Proxies: goStrs(c.proxy[:], c.proxy_cnt), Credentials: getCredentials(t, c.cred_info[:], c.cred_count),
		InitialAuth: c.auth_pref.initial_auth != 0, AuthAlgorithm: goStr(c.auth_pref.algorithm), SharedAuth: c.use_shared_auth != 0,
		Transport: transport(c.transport_id), IPv6SIP: IPv6Use(c.ipv6_sip_use) + 1,
		ForceContact: goStr(c.force_contact), ContactParams: goStr(c.contact_params), ContactURIParams: goStr(c.contact_uri_params),
		RegisterContactParams: goStr(c.reg_contact_params), RegisterContactURIParams: goStr(c.reg_contact_uri_params),
		RewriteContact: ContactRewrite(c.allow_contact_rewrite), RewriteVia: c.allow_via_rewrite != 0,
		RewriteSDP: c.allow_sdp_nat_rewrite != 0, ContactRewriteMethod: ContactRewriteMethod(c.contact_rewrite_method),
		NoContactSrcPort: c.contact_use_src_port == 0, NoOutbound: c.use_rfc5626 == 0,
		OutboundInstanceID: goStr(c.rfc5626_instance_id), OutboundRegID: goStr(c.rfc5626_reg_id),
		KeepAlive: orOff(secs(c.ka_interval)), KeepAliveData: goStr(c.ka_data),
		MWI: c.mwi_enabled != 0, MWIExpires: secs(c.mwi_expires), Publish: c.publish_enabled != 0,
		NoPublishQueue: c.publish_opt.queue_request == 0, UnpublishTimeout: time.Duration(c.unpublish_max_wait_time_msec) * time.Millisecond,
		PIDFTupleID: goStr(c.pidf_tuple_id), SubscribeHeaders: getHeaders(t, &c.sub_hdr_list),
		NoMessageAutoResponse: c.auto_repond_sip_message == 0,
		Rel100:                Rel100Use(c.require_100rel) + 1, SessionTimer: SessionTimerUse(c.use_timer) + 1,
		SessionExpires: secs(c.timer_setting.sess_expires), MinSE: secs(c.timer_setting.min_se), SIPREC: SIPRECUse(c.use_siprec) + 1,
		CallHold: CallHoldType(c.call_hold_type), NoLockCodec: c.lock_codec == 0,
		SRTP: SRTPUse(c.use_srtp) + 1, SRTPSignaling: SRTPSignaling(c.srtp_secure_signaling) + 1,
		RTPPort: int(r.port), RTPPortRange: int(r.port_range), RTPRandom: r.randomize_port != 0,
		MediaAddress: goStr(r.bound_addr), PublicAddress: goStr(r.public_addr),
		RTPQoS: getQoS(t, r.qos_type, &r.qos_params), RTPSocketOptions: getOptions(&r.sockopt_params),
		RTCPMux: c.enable_rtcp_mux != 0, RTCPXR: c.enable_rtcp_xr != 0, RTCPFeedback: RTCPFeedback{AVPF: c.rtcp_fb_cfg.dont_use_avpf == 0},
		TextRedundancy: int(c.txt_red_level), LoopMedia: c.use_loop_med_tp != 0, LoopMediaBack: c.enable_loopback != 0,
		IPv6Media: IPv6Use(c.ipv6_media_use) + 1, NAT64: c.nat64_opt != 0,
		STUNSIP: STUNUse(c.sip_stun_use) + 1, STUNMedia: STUNUse(c.media_stun_use) + 1,
		NoUPnPSIP: c.sip_upnp_use != 0, NoUPnPMedia: c.media_upnp_use != 0,
		IPChange: IPChange{
			NoShutdownTransport: p.shutdown_tp == 0, HangupCalls: p.hangup_calls != 0, NoReinvite: p.reinvite_flags == 0,
			ReinviteFlags: CallFlag(p.reinvite_flags), UseUpdate: p.reinv_use_update != 0,
		},
	}
	cfg.SRTPKeying, cfg.SRTPCryptos = getSRTP(t, &c.srtp_opt)
	for i, v := range registerProxies {
		if v == c.reg_use_proxy {
			cfg.RegisterProxies = RegisterProxies(i)
		}
	}
	for _, f := range c.rtcp_fb_cfg.caps[:c.rtcp_fb_cfg.cap_count] {
		cfg.RTCPFeedback.Caps = append(cfg.RTCPFeedback.Caps, RTCPFeedbackCap{
			Codec: goStr(f.codec_id), Type: RTCPFeedbackType(f._type), Name: goStr(f.type_name), Param: goStr(f.param),
		})
	}
	if cfg.TextRedundancy == 0 {
		cfg.TextRedundancy = -1
	}
	if c.ice_cfg.enable_ice != 0 {
		cfg.ContactParams = strings.TrimSuffix(cfg.ContactParams, iceTag)
	}
	if c.ice_cfg_use == C.PJSUA_ICE_CONFIG_USE_CUSTOM {
		cfg.ICE = getICE(t, &c.ice_cfg)
	}
	if c.turn_cfg_use == C.PJSUA_TURN_CONFIG_USE_CUSTOM {
		cfg.TURN = getTURN(t, &c.turn_cfg)
	}
	return cfg
}

func getHeaders(_ onThread, list *C.pjsip_hdr) []Header {
	var headers []Header
	buf := make([]C.char, 4096)
	for h := C.header_next(list, list); h != nil; h = C.header_next(list, h) {
		if n := C.header_print(h, &buf[0], C.int(len(buf))); n > 0 {
			name, value, _ := strings.Cut(C.GoStringN(&buf[0], n), ":")
			headers = append(headers, Header{Name: name, Value: strings.TrimSpace(value)})
		}
	}
	return headers
}
