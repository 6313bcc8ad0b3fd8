//go:build cgo

package pjsua

/*
#include <stdlib.h>
#include "callmedia.h"
#include "policy.h"
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"
)

// fill writes p into the C form of its policy; false without memory.
func (p *MediaPolicy) fill(c *C.oh_policy) bool {
	c.report_sdp, c.report_rtp = C.int32_t(cBool(p.ReportSDP)), C.int32_t(cBool(p.ReportRTP))
	if i := p.Impair; i != nil {
		c.tx, c.rx = i.TX.c(), i.RX.c()
	}
	for _, name := range p.Codecs {
		var a arena
		codec := a.str(name)
		ok := C.oh_policy_codec(c, codec.ptr)
		a.free()
		if ok == 0 {
			return false
		}
	}
	for _, r := range p.SDP {
		kind, name, value, _ := r.parse() // Validate saw it
		var a arena
		media, n, v := a.str(r.Media), a.str(name), a.str(value)
		ok := C.oh_policy_sdp(c, C.int(r.Op), media.ptr, C.char(kind), n.ptr, v.ptr)
		a.free()
		if ok == 0 {
			return false
		}
	}
	s := p.Stream
	if s == nil {
		return true
	}
	number := func(d time.Duration) C.int32_t {
		switch {
		case d == 0:
			return -1
		case d < 0:
			return 0
		}
		return C.int32_t(d / time.Millisecond)
	}
	discard := C.int32_t(-1)
	if s.JitterDiscard != nil {
		discard = C.PJMEDIA_JB_DISCARD_PROGRESSIVE - C.int32_t(*s.JitterDiscard)
	}
	c.stream = C.oh_stream_rule{
		given: 1, jb_init: number(s.JitterInit), jb_min_pre: number(s.JitterMinPrefetch), jb_max_pre: number(s.JitterMaxPrefetch),
		jb_max: number(s.JitterMax), jb_discard: discard, vad: C.int32_t(s.VAD), plc: C.int32_t(s.PLC),
	}
	return true
}

// checkCodecs reports a codec that PJSIP has not.
func (p *MediaPolicy) checkCodecs(t onThread) error {
	if len(p.Codecs) == 0 {
		return nil
	}
	all, err := codecs(t)
	if err == nil {
		_, err = codecOrder(all, p.Codecs)
	}
	return err
}

func (p PathImpairment) c() C.oh_impairment {
	return C.oh_impairment{
		lose: C.int32_t(p.Drop), duplicate: C.int32_t(p.Duplicate), reorder: C.int32_t(p.Reorder),
		delay_ms: C.int32_t(p.Delay / time.Millisecond), jitter_ms: C.int32_t(p.Jitter / time.Millisecond),
		seed: C.uint64_t(p.Seed),
	}
}

// StreamInfo describes an audio stream of the call, by the index of its m= line
// (pjsua_call_get_stream_info).
func (c *Call) StreamInfo(ctx context.Context, index int) (StreamInfo, error) {
	var out StreamInfo
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var info C.oh_stream_info
		st := C.oh_call_stream_info(C.int(slot), C.uint(index), &info)
		if st == C.PJ_SUCCESS {
			out = decodeStreamInfo(&info)
		}
		return t.fail("stream info", st)
	})
	return out, err
}

// StreamStats returns the figures of a stream so far (pjsua_call_get_stream_stat). Its last
// ones are in [StreamDestroyed].
func (c *Call) StreamStats(ctx context.Context, index int) (StreamStats, error) {
	var out StreamStats
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var stats C.oh_stream_stats
		st := C.oh_call_stream_stats(C.int(slot), C.uint(index), &stats)
		if st == C.PJ_SUCCESS {
			out = decodeStreamStats(&stats)
		}
		return t.fail("stream statistics", st)
	})
	return out, err
}

// MediaTransportInfo describes the transport of a stream, its addresses, SRTP and ICE
// (pjsua_call_get_med_transport_info).
func (c *Call) MediaTransportInfo(ctx context.Context, index int) (MediaTransportInfo, error) {
	var out MediaTransportInfo
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var info C.oh_transport_info
		if st := C.oh_call_transport_info(C.int(slot), C.uint(index), &info); st != C.PJ_SUCCESS {
			return t.fail("media transport info", st)
		}
		out = MediaTransportInfo{
			LocalRTP: C.GoString(&info.local_rtp[0]), LocalRTCP: C.GoString(&info.local_rtcp[0]),
			RemoteRTP: C.GoString(&info.remote_rtp[0]), RemoteRTCP: C.GoString(&info.remote_rtcp[0]),
		}
		if info.srtp_use != 0 || info.srtp != 0 {
			out.SRTP = &SRTPInfo{
				Active: info.srtp != 0, Use: SRTPUse(info.srtp_use), PeerUse: SRTPUse(info.srtp_peer_use),
				TXSuite: C.GoString(&info.srtp_tx[0]), RXSuite: C.GoString(&info.srtp_rx[0]),
			}
		}
		if info.ice_comps > 0 {
			out.ICE = &ICEInfo{Active: info.ice != 0, State: ICEState(info.ice_state), Role: ICERole(info.ice_role)}
			for i := range info.comp[:min(int(info.ice_comps), len(info.comp))] {
				comp := &info.comp[i]
				out.ICE.Components = append(out.ICE.Components, ICEComponent{
					LocalType: ICECandidate(comp.local_type), RemoteType: ICECandidate(comp.remote_type),
					Local: C.GoString(&comp.local[0]), Remote: C.GoString(&comp.remote[0]),
				})
			}
		}
		return nil
	})
	return out, err
}

// LocalSDP returns our side of the SDP in force, empty while nothing is negotiated.
func (c *Call) LocalSDP(ctx context.Context) (string, error) { return c.sdp(ctx, 0) }

// RemoteSDP returns the far end's side of the SDP in force, empty while nothing is
// negotiated.
func (c *Call) RemoteSDP(ctx context.Context) (string, error) { return c.sdp(ctx, 1) }

func (c *Call) sdp(ctx context.Context, remote C.int) (string, error) {
	var out string
	err := c.on(ctx, func(_ onThread, slot C.pjsua_call_id) error {
		if text := C.oh_sdp_copy(C.int(slot), C.int64_t(c.id), remote); text != nil {
			out = C.GoString(text)
			C.free(unsafe.Pointer(text))
		}
		return nil
	})
	return out, err
}

// ConfPort returns the conference port of the call's first audio
// (pjsua_call_get_conf_port); ErrNoMedia while it has none.
func (c *Call) ConfPort(ctx context.Context) (PortID, error) {
	port := NoPort
	err := c.on(ctx, func(t onThread, _ C.pjsua_call_id) error {
		p, err := c.node(t).find(t)
		if err == nil {
			port = portID(p)
		}
		return err
	})
	return port, err
}

// ModifyCodec changes what the codec of a running stream does
// (pjsua_call_aud_stream_modify_codec_param), without telling the far end. Codecs that
// cannot do a thing ignore it.
func (c *Call) ModifyCodec(ctx context.Context, index int, s CodecSetting) error {
	if s.BitRate < 0 || s.PacketLoss > 100 {
		return fmt.Errorf("pjsua: modify codec: %+v is out of range", s)
	}
	keep := func(v int) C.int {
		switch {
		case v == 0:
			return -1
		case v < 0:
			return 0
		}
		return C.int(v)
	}
	return c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		return t.fail("modify codec", C.oh_call_modify_codec(C.int(slot), C.int(index), C.int(s.VAD), C.int(s.PLC),
			keep(s.BitRate), keep(s.PacketLoss)))
	})
}

func decodeStreamInfo(s *C.oh_stream_info) StreamInfo {
	ms := func(v C.int32_t) time.Duration { return time.Duration(v) * time.Millisecond }
	out := StreamInfo{
		Index: int(s.index), Codec: C.GoString(&s.codec[0]), ClockRate: int(s.clock_rate), Channels: int(s.channels),
		Dir: MediaDir(s.dir), TXPayloadType: int(s.tx_pt), RXPayloadType: int(s.rx_pt), TXEventType: int(s.tx_event_pt),
		RXEventType: int(s.rx_event_pt), FrameTime: time.Duration(s.frame_us) * time.Microsecond,
		FramesPerPacket: int(s.frames_per_packet), BitRate: int(s.bps), VAD: s.vad != 0, PLC: s.plc != 0, CNG: s.cng != 0,
		PENH: s.penh != 0, SSRC: uint32(s.ssrc), CNAME: C.GoString(&s.cname[0]), Local: C.GoString(&s.local[0]),
		Remote: C.GoString(&s.remote[0]), RemoteRTCP: C.GoString(&s.remote_rtcp[0]), RTCPMux: s.rtcp_mux != 0,
		RTCPXR: s.xr != 0, KeepAlive: s.use_ka != 0, JitterInit: ms(s.jb_init), JitterMinPrefetch: ms(s.jb_min_pre),
		JitterMaxPrefetch: ms(s.jb_max_pre), JitterMax: ms(s.jb_max),
	}
	if s.has_remote_ssrc != 0 {
		out.RemoteSSRC = uint32(s.remote_ssrc)
	}
	return out
}

func decodeStreamStats(s *C.oh_stream_stats) StreamStats {
	usec := func(v C.int32_t) time.Duration { return time.Duration(v) * time.Microsecond }
	stat := func(m *C.oh_math) MathStat {
		return MathStat{int(m.n), usec(m.min), usec(m.max), usec(m.mean), usec(m.last), usec(m.dev)}
	}
	dir := func(d *C.oh_rtcp_direction) RTCPStats {
		return RTCPStats{
			Packets: uint64(d.packets), Bytes: uint64(d.bytes), Discarded: uint64(d.discarded), Lost: uint64(d.lost),
			Reordered: uint64(d.reordered), Duplicates: uint64(d.duplicates), Bursts: d.bursts != 0, Random: d.random != 0,
			LossPeriod: stat(&d.loss_period), Jitter: stat(&d.jitter),
		}
	}
	jb := &s.jb
	ms := func(v C.uint) time.Duration { return time.Duration(v) * time.Millisecond }
	return StreamStats{
		RX: dir(&s.rx), TX: dir(&s.tx), RTT: stat(&s.rtt), XRRX: decodeXR(&s.xr_rx), XRTX: decodeXR(&s.xr_tx),
		Jitter: JitterStats{
			FrameSize: int(jb.frame_size), MinPrefetch: int(jb.min_prefetch), MaxPrefetch: int(jb.max_prefetch),
			Capacity: int(jb.max_count), MinDelaySet: int(jb.min_delay_set), Burst: int(jb.burst), Prefetch: int(jb.prefetch),
			Size: int(jb.size), AvgDelay: ms(jb.avg_delay), MinDelay: ms(jb.min_delay), MaxDelay: ms(jb.max_delay),
			DelaySD: ms(jb.dev_delay), AvgBurst: int(jb.avg_burst), Lost: int(jb.lost), Discarded: int(jb.discard), Empty: int(jb.empty),
		},
	}
}

func decodeXR(x *C.oh_xr) *VoIPMetrics {
	if x.given == 0 {
		return nil
	}
	ms := func(v C.int32_t) time.Duration { return time.Duration(v) * time.Millisecond }
	mos := func(v C.int32_t) float64 {
		if v < 10 || v > 50 { // 127: unavailable
			return 0
		}
		return float64(v) / 10
	}
	return &VoIPMetrics{
		LossRate: int(x.loss_rate), DiscardRate: int(x.discard_rate), BurstDensity: int(x.burst_density), GapDensity: int(x.gap_density),
		Burst: ms(x.burst_ms), Gap: ms(x.gap_ms), RTT: ms(x.rtt_ms), EndSystem: ms(x.end_ms), RFactor: int(x.r_factor),
		MOSListening: mos(x.mos_lq), MOSConversing: mos(x.mos_cq), JitterNominal: ms(x.jb_nominal), JitterMax: ms(x.jb_max),
	}
}

// decodeCallMedia makes the event of a record of callmedia.h, nil when it is another.
func decodeCallMedia(head *C.oh_head, h EventHeader) Event {
	call := CallID(head.call)
	switch head._type {
	case C.OH_SDP:
		r := (*C.oh_sdp_event)(unsafe.Pointer(head))
		return SDPCreated{EventHeader: h, Call: call, Account: AccountID(head.account),
			Local: recordText(head, r.local), Remote: recordText(head, r.remote)}
	case C.OH_STREAM_CREATED:
		r := (*C.oh_stream_event)(unsafe.Pointer(head))
		return StreamCreated{EventHeader: h, Call: call, Stream: decodeStreamInfo(&r.info)}
	case C.OH_STREAM_DESTROYED:
		r := (*C.oh_stream_event)(unsafe.Pointer(head))
		return StreamDestroyed{EventHeader: h, Call: call, Stream: decodeStreamInfo(&r.info), Stats: decodeStreamStats(&r.stats)}
	case C.OH_MEDIA_EVENT:
		r := (*C.oh_media_event)(unsafe.Pointer(head))
		letters := []byte{byte(r._type), byte(r._type >> 8), byte(r._type >> 16), byte(r._type >> 24)}
		return MediaEvent{EventHeader: h, Call: call, Index: int(r.index), Type: MediaEventType(letters), Status: Status(head.status),
			Dir: MediaDir(r.dir), RTCP: r.is_rtcp != 0, Device: int(r.device), Feedback: RTCPFeedbackType(r.feedback)}
	}
	return nil
}
