//go:build cgo

package pjsua

/*
#include "bridge.h"
#include <pjmedia-codec/opus.h>

// cgo does not see bit fields.
enum { CP_VAD = 1, CP_CNG = 2, CP_PENH = 4, CP_PLC = 8 };

static unsigned codec_flags(const pjmedia_codec_param *p)
{
	return (p->setting.vad ? CP_VAD : 0) | (p->setting.cng ? CP_CNG : 0) | (p->setting.penh ? CP_PENH : 0) |
	       (p->setting.plc ? CP_PLC : 0);
}

static void set_codec_flags(pjmedia_codec_param *p, unsigned flags)
{
	p->setting.vad = (flags & CP_VAD) != 0;
	p->setting.cng = (flags & CP_CNG) != 0;
	p->setting.penh = (flags & CP_PENH) != 0;
	p->setting.plc = (flags & CP_PLC) != 0;
}
*/
import "C"

import (
	"context"
	"fmt"
	"time"
)

// CodecParam returns what the codec is opened with (pjsua_codec_get_param). id is an id of
// [Endpoint.Codecs] or the beginning of one.
func (ep *Endpoint) CodecParam(ctx context.Context, id string) (CodecParam, error) {
	var out CodecParam
	err := ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		c := (*C.pjmedia_codec_param)(a.zero(C.sizeof_pjmedia_codec_param))
		name := a.str(id)
		if st := C.pjsua_codec_get_param(&name, c); st != C.PJ_SUCCESS {
			return t.fail(fmt.Sprintf("parameters of codec %q", id), st)
		}
		out = codecParam(c)
		return nil
	})
	return out, err
}

// SetCodecParam sets what calls that begin afterwards open the codec with
// (pjsua_codec_set_param); nil is PJSIP's default again.
func (ep *Endpoint) SetCodecParam(ctx context.Context, id string, param *CodecParam) error {
	return ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		op := fmt.Sprintf("parameters of codec %q", id)
		name := a.str(id)
		if param == nil {
			return t.fail(op, C.pjsua_codec_set_param(&name, nil))
		}
		c := (*C.pjmedia_codec_param)(a.zero(C.sizeof_pjmedia_codec_param))
		if st := C.pjsua_codec_get_param(&name, c); st != C.PJ_SUCCESS {
			return t.fail(op, st)
		}
		if err := setCodecParam(c, &a, *param); err != nil {
			return err
		}
		return t.fail(op, C.pjsua_codec_set_param(&name, c))
	})
}

// OpusConfig returns what Opus is opened with (pjmedia_codec_opus_get_config).
func (ep *Endpoint) OpusConfig(ctx context.Context) (OpusConfig, error) {
	var out OpusConfig
	err := ep.do(ctx, func(t onThread) error {
		var c C.pjmedia_codec_opus_config
		if st := C.pjmedia_codec_opus_get_config(&c); st != C.PJ_SUCCESS {
			return t.fail("configuration of Opus", st)
		}
		out = OpusConfig{
			SampleRate: int(c.sample_rate), Channels: int(c.channel_cnt), BitRate: int(c.bit_rate),
			FrameTime:  time.Duration(c.frm_ptime) * time.Millisecond / time.Duration(max(1, c.frm_ptime_denum)),
			PacketLoss: int(c.packet_loss), Complexity: int(c.complexity), CBR: c.cbr != 0,
		}
		return nil
	})
	return out, err
}

// SetOpusConfig sets what calls that begin afterwards open Opus with, and the format
// parameters of SDP that go with it (pjmedia_codec_opus_set_default_param; RFC 7587 section
// 6.1). Take what OpusConfig returns and change that. PJSIP keeps it for the life of the
// process, also for an Endpoint that is opened later.
func (ep *Endpoint) SetOpusConfig(ctx context.Context, cfg OpusConfig) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	return ep.do(ctx, func(t onThread) error {
		var a arena
		defer a.free()
		param := (*C.pjmedia_codec_param)(a.zero(C.sizeof_pjmedia_codec_param))
		name := a.str("opus")
		if st := C.pjsua_codec_get_param(&name, param); st != C.PJ_SUCCESS {
			return t.fail("configure Opus", st)
		}
		c := C.pjmedia_codec_opus_config{
			sample_rate: C.uint(cfg.SampleRate), channel_cnt: C.uint(cfg.Channels), bit_rate: C.uint(cfg.BitRate),
			frm_ptime: C.uint(cfg.FrameTime / time.Millisecond), packet_loss: C.uint(cfg.PacketLoss),
			complexity: C.uint(cfg.Complexity), cbr: cBool(cfg.CBR),
		}
		if cfg.FrameTime%time.Millisecond != 0 { // 2.5 ms
			c.frm_ptime, c.frm_ptime_denum = C.uint(2*cfg.FrameTime/time.Millisecond), 2
		}
		return t.fail("configure Opus", C.pjmedia_codec_opus_set_default_param(&c, param))
	})
}

func codecParam(c *C.pjmedia_codec_param) CodecParam {
	flags := C.codec_flags(c)
	frame := func(ms C.pj_uint16_t, denum C.pj_uint8_t) time.Duration {
		return time.Duration(ms) * time.Millisecond / time.Duration(max(1, denum))
	}
	return CodecParam{
		ClockRate: int(c.info.clock_rate), Channels: int(c.info.channel_cnt),
		AvgBitrate: int(c.info.avg_bps), MaxBitrate: int(c.info.max_bps),
		FrameTime:        frame(c.info.frm_ptime, c.info.frm_ptime_denum),
		EncoderFrameTime: frame(c.info.enc_ptime, c.info.enc_ptime_denum),
		PayloadType:      int(c.info.pt), MaxFrameSize: int(c.info.max_rx_frame_size),
		FramesPerPacket: int(c.setting.frm_per_pkt),
		VAD:             flags&C.CP_VAD != 0, CNG: flags&C.CP_CNG != 0, Enhancement: flags&C.CP_PENH != 0, PLC: flags&C.CP_PLC != 0,
		PacketLoss: int(c.setting.packet_loss), Complexity: int(c.setting.complexity), CBR: c.setting.cbr != 0,
		EncoderFmtp: fmtps(&c.setting.enc_fmtp), DecoderFmtp: fmtps(&c.setting.dec_fmtp),
	}
}

func fmtps(c *C.pjmedia_codec_fmtp) (out []Fmtp) {
	for _, p := range c.param[:c.cnt] {
		out = append(out, Fmtp{goStr(p.name), goStr(p.val)})
	}
	return out
}

// setCodecParam changes what may be changed of what PJSIP has.
func setCodecParam(c *C.pjmedia_codec_param, a *arena, p CodecParam) error {
	for _, n := range []struct {
		name        string
		v, from, to int
	}{
		{"FramesPerPacket", p.FramesPerPacket, 1, 255}, {"PacketLoss", p.PacketLoss, 0, 100},
		{"Complexity", p.Complexity, 0, 10}, {"ClockRate", p.ClockRate, 8000, 192000}, {"Channels", p.Channels, 1, 2},
		{"AvgBitrate", p.AvgBitrate, 0, 1 << 30}, {"MaxBitrate", p.MaxBitrate, 0, 1 << 30},
		{"EncoderFmtp", len(p.EncoderFmtp), 0, len(c.setting.enc_fmtp.param)},
		{"DecoderFmtp", len(p.DecoderFmtp), 0, len(c.setting.dec_fmtp.param)},
	} {
		if n.v < n.from || n.v > n.to {
			return fmt.Errorf("pjsua: codec parameter %s %d is outside %d to %d", n.name, n.v, n.from, n.to)
		}
	}
	c.info.clock_rate, c.info.channel_cnt = C.uint(p.ClockRate), C.uint(p.Channels)
	c.info.avg_bps, c.info.max_bps = C.pj_uint32_t(p.AvgBitrate), C.pj_uint32_t(p.MaxBitrate)
	c.setting.frm_per_pkt = C.pj_uint8_t(p.FramesPerPacket)
	var flags C.uint
	for bit, on := range map[C.uint]bool{C.CP_VAD: p.VAD, C.CP_CNG: p.CNG, C.CP_PENH: p.Enhancement, C.CP_PLC: p.PLC} {
		if on {
			flags |= bit
		}
	}
	C.set_codec_flags(c, flags)
	c.setting.packet_loss, c.setting.complexity = C.uint(p.PacketLoss), C.uint(p.Complexity)
	c.setting.cbr = cBool(p.CBR)
	setFmtps(&c.setting.enc_fmtp, a, p.EncoderFmtp)
	setFmtps(&c.setting.dec_fmtp, a, p.DecoderFmtp)
	return nil
}

func setFmtps(c *C.pjmedia_codec_fmtp, a *arena, list []Fmtp) {
	c.cnt = C.pj_uint8_t(len(list))
	for i, f := range list {
		c.param[i].name, c.param[i].val = a.str(f.Name), a.str(f.Value)
	}
}
