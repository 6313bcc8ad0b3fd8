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

// mediaConfig makes a pjsua_media_config.
func mediaConfig(t onThread, a *arena, cfg MediaConfig) (*C.pjsua_media_config, error) {
	c := newMediaConfig(t, a)
	set := func(field *C.uint, v int) {
		if v != 0 {
			*field = C.uint(max(0, v))
		}
	}
	setMS := func(field *C.uint, d time.Duration) { set(field, int(d/time.Millisecond)) }
	jitter := func(field *C.int, d time.Duration) {
		if d != 0 {
			*field = C.int(max(0, d) / time.Millisecond)
		}
	}
	set(&c.clock_rate, cfg.ClockRate)
	set(&c.snd_clock_rate, cfg.SoundClockRate)
	if cfg.NoSoundSWClock {
		c.snd_use_sw_clock = C.PJ_FALSE
	}
	set(&c.channel_count, cfg.Channels)
	setMS(&c.audio_frame_ptime, cfg.FrameTime)
	set(&c.max_media_ports, cfg.MaxPorts)
	set(&c.thread_cnt, cfg.Threads)
	c.has_ioqueue = cBool(!cfg.NoIOQueue)
	set(&c.conf_threads, cfg.ConfThreads)
	c.no_vad = cBool(!cfg.VAD)
	set(&c.quality, cfg.Quality)
	setMS(&c.ptime, cfg.PacketTime)
	set(&c.ilbc_mode, cfg.ILBCMode)
	set(&c.tx_drop_pct, cfg.TXDrop)
	set(&c.rx_drop_pct, cfg.RXDrop)
	if cfg.EchoTail > 0 {
		if err := cfg.EchoOptions.compiled(); err != nil {
			return nil, fmt.Errorf("pjsua: Media.EchoOptions: %w", err)
		}
	}
	c.ec_tail_len = C.uint(cfg.EchoTail / time.Millisecond)
	c.ec_options = C.uint(cfg.EchoOptions)
	setMS(&c.snd_rec_latency, cfg.CaptureLatency)
	setMS(&c.snd_play_latency, cfg.PlaybackLatency)
	jitter(&c.jb_max, cfg.JitterMax)
	jitter(&c.jb_init, cfg.JitterPrefix)
	jitter(&c.jb_min_pre, cfg.JitterMinPrefix)
	jitter(&c.jb_max_pre, cfg.JitterMaxPrefix)
	c.jb_discard_algo = C.PJMEDIA_JB_DISCARD_PROGRESSIVE - C.pjmedia_jb_discard_algo(cfg.JitterDiscard)
	c.no_smart_media_update = cBool(cfg.NoSmartUpdate)
	c.no_rtcp_sdes_bye = cBool(cfg.NoRTCPSDESBye)
	// The bridge's operations run on the sound device's clock: it never sleeps.
	c.snd_auto_close_time = -1

	ice := (*C.pjsua_ice_config)(a.zero(C.sizeof_pjsua_ice_config))
	C.pjsua_ice_config_from_media_config(nil, ice, c)
	setICE(t, a, ice, cfg.ICE)
	c.enable_ice, c.ice_max_host_cands, c.ice_opt = ice.enable_ice, ice.ice_max_host_cands, ice.ice_opt
	c.ice_no_rtcp, c.ice_always_update = ice.ice_no_rtcp, ice.ice_always_update

	turn := (*C.pjsua_turn_config)(a.zero(C.sizeof_pjsua_turn_config))
	C.pjsua_turn_config_from_media_config(nil, turn, c)
	if err := setTURN(t, a, turn, cfg.TURN); err != nil {
		return nil, err
	}
	c.enable_turn, c.turn_server, c.turn_conn_type = turn.enable_turn, turn.turn_server, turn.turn_conn_type
	c.turn_auth_cred, c.turn_tls_setting = turn.turn_auth_cred, turn.turn_tls_setting
	return c, nil
}

// newMediaConfig makes one with PJSIP's defaults.
func newMediaConfig(_ onThread, a *arena) *C.pjsua_media_config {
	c := (*C.pjsua_media_config)(a.zero(C.sizeof_pjsua_media_config))
	C.pjsua_media_config_default(c)
	return c
}
