/* stream.c: the facts and the figures of a stream. */
#include "callmedia.h"

#include <stdio.h>
#include <string.h>

static void address(char *buf, size_t size, const pj_sockaddr *addr)
{
    buf[0] = '\0';
    if (addr->addr.sa_family == PJ_AF_INET || addr->addr.sa_family == PJ_AF_INET6)
        pj_sockaddr_print(addr, buf, (int)size, 3);
}

static void text(char *buf, size_t size, const pj_str_t *s)
{
    snprintf(buf, size, "%.*s", (int)s->slen, s->slen > 0 ? s->ptr : "");
}

static void fill_info(oh_stream_info *out, unsigned index, const pjmedia_stream_info *si)
{
    memset(out, 0, sizeof(*out));
    out->index = (int32_t)index;
    out->type = si->type;
    out->dir = si->dir;
    out->tx_pt = (int32_t)si->tx_pt;
    out->rx_pt = (int32_t)si->rx_pt;
    out->clock_rate = (int32_t)si->fmt.clock_rate;
    out->channels = (int32_t)si->fmt.channel_cnt;
    if (si->param) {
        unsigned denum = si->param->info.frm_ptime_denum ? si->param->info.frm_ptime_denum : 1;

        out->frame_us = (int32_t)(si->param->info.frm_ptime * 1000u / denum);
        out->frames_per_packet = si->param->setting.frm_per_pkt;
        out->bps = (int32_t)si->param->info.avg_bps;
        out->vad = si->param->setting.vad;
        out->plc = si->param->setting.plc;
        out->cng = si->param->setting.cng;
        out->penh = si->param->setting.penh;
    }
    out->tx_event_pt = si->tx_event_pt;
    out->rx_event_pt = si->rx_event_pt;
    out->rtcp_mux = si->rtcp_mux;
    out->xr = si->rtcp_xr_enabled;
#if defined(PJMEDIA_STREAM_ENABLE_KA) && PJMEDIA_STREAM_ENABLE_KA != 0
    out->use_ka = si->use_ka;
#endif
    out->ssrc = si->ssrc;
    out->has_remote_ssrc = si->has_rem_ssrc;
    out->remote_ssrc = si->rem_ssrc;
    out->jb_init = si->jb_init;
    out->jb_min_pre = si->jb_min_pre;
    out->jb_max_pre = si->jb_max_pre;
    out->jb_max = si->jb_max;
    oh_codec_name(out->codec, sizeof(out->codec), &si->fmt);
    text(out->cname, sizeof(out->cname), &si->cname);
    address(out->local, sizeof(out->local), &si->local_addr);
    address(out->remote, sizeof(out->remote), &si->rem_addr);
    address(out->remote_rtcp, sizeof(out->remote_rtcp), &si->rem_rtcp);
}

static oh_math math(const pj_math_stat *s)
{
    return (oh_math){s->n, s->n ? s->min : 0, s->max, s->mean, s->last, (int32_t)pj_math_stat_get_stddev(s)};
}

static void fill_direction(oh_rtcp_direction *out, const pjmedia_rtcp_stream_stat *st)
{
    *out = (oh_rtcp_direction){st->pkt,     st->bytes, st->discard,          st->loss,
                               st->reorder, st->dup,   st->loss_type.burst, st->loss_type.random,
                               math(&st->loss_period), math(&st->jitter)};
}

static void fill_stats(oh_stream_stats *out, const pjmedia_rtcp_stat *st, const pjmedia_jb_state *jb)
{
    memset(out, 0, sizeof(*out));
    fill_direction(&out->rx, &st->rx);
    fill_direction(&out->tx, &st->tx);
    out->rtt = math(&st->rtt);
    out->jb = *jb;
}

static void fill_xr(oh_xr *out, const pjmedia_rtcp_xr_stream_stat *st)
{
    if (st->voip_mtc.update.sec == 0)
        return;
    *out = (oh_xr){1,
                   st->voip_mtc.loss_rate,
                   st->voip_mtc.discard_rate,
                   st->voip_mtc.burst_den,
                   st->voip_mtc.gap_den,
                   st->voip_mtc.burst_dur,
                   st->voip_mtc.gap_dur,
                   st->voip_mtc.rnd_trip_delay,
                   st->voip_mtc.end_sys_delay,
                   st->voip_mtc.r_factor,
                   st->voip_mtc.mos_lq,
                   st->voip_mtc.mos_cq,
                   st->voip_mtc.jb_nom,
                   st->voip_mtc.jb_max};
}

/* A record about the stream, without its figures. */
static oh_stream_event *stream_event(int type, int64_t serial, pjmedia_stream *strm, unsigned index)
{
    oh_stream_event *ev = oh_record_new(type, sizeof(*ev), 0, NULL, 0);
    pjmedia_stream_info si;

    if (ev) {
        ev->head.call = serial;
        if (pjmedia_stream_get_info(strm, &si) == PJ_SUCCESS)
            fill_info(&ev->info, index, &si);
    }
    return ev;
}

static void on_stream_created(pjsua_call_id id, pjsua_on_stream_created_param *param)
{
    int64_t serial = oh_call_serial(id);

    if (serial)
        oh_push(oh_out.events, stream_event(OH_STREAM_CREATED, serial, param->stream, param->stream_idx));
}

/* The last moment at which a stream's figures exist. */
static void on_stream_destroyed(pjsua_call_id id, pjmedia_stream *strm, unsigned index)
{
    int64_t serial = oh_call_serial(id);
    pjmedia_rtcp_xr_stat xr;
    pjmedia_rtcp_stat st;
    pjmedia_jb_state jb;
    oh_stream_event *ev;

    if (!serial)
        return;
    ev = stream_event(OH_STREAM_DESTROYED, serial, strm, index);
    if (ev && pjmedia_stream_get_stat(strm, &st) == PJ_SUCCESS) {
        memset(&jb, 0, sizeof(jb));
        pjmedia_stream_get_stat_jbuf(strm, &jb);
        fill_stats(&ev->stats, &st, &jb);
        if (pjmedia_stream_get_stat_xr(strm, &xr) == PJ_SUCCESS) {
            fill_xr(&ev->stats.xr_rx, &xr.rx);
            fill_xr(&ev->stats.xr_tx, &xr.tx);
        }
        oh_stats_add(id, serial, &ev->stats, ev->info.codec);
    }
    oh_push(oh_out.events, ev);
}

void oh_stream_callbacks(pjsua_callback *cb)
{
    cb->on_stream_created2 = on_stream_created;
    cb->on_stream_destroyed = on_stream_destroyed;
}

void oh_codec_name(char *out, size_t size, const pjmedia_codec_info *codec)
{
    /* G.722 samples at 16 kHz but RFC 3551 names it with 8000. */
    unsigned rate = codec->pt == PJMEDIA_RTP_PT_G722 ? 8000 : codec->clock_rate;

    snprintf(out, size, "%.*s/%u", (int)codec->encoding_name.slen, codec->encoding_name.ptr, rate);
}

pj_status_t oh_call_stream_info(int slot, unsigned index, oh_stream_info *out)
{
    pjsua_stream_info si;
    pj_status_t status = pjsua_call_get_stream_info(slot, index, &si);

    if (status != PJ_SUCCESS)
        return status;
    if (si.type != PJMEDIA_TYPE_AUDIO)
        return PJ_ENOTSUP;
    fill_info(out, index, &si.info.aud);
    return PJ_SUCCESS;
}

pj_status_t oh_call_stream_stats(int slot, unsigned index, oh_stream_stats *out)
{
    pjsua_stream_stat st;
    pj_status_t status;

    memset(&st, 0, sizeof(st));
    status = pjsua_call_get_stream_stat(slot, index, &st);
    if (status == PJ_SUCCESS)
        fill_stats(out, &st.rtcp, &st.jbuf);
    return status;
}

pj_status_t oh_call_transport_info(int slot, unsigned index, oh_transport_info *out)
{
    const pjmedia_ice_transport_info *ice;
    const pjmedia_srtp_info *srtp;
    pjmedia_transport_info ti;
    pj_status_t status;
    unsigned i;

    memset(out, 0, sizeof(*out));
    pjmedia_transport_info_init(&ti);
    status = pjsua_call_get_med_transport_info(slot, index, &ti);
    if (status != PJ_SUCCESS)
        return status;
    address(out->local_rtp, sizeof(out->local_rtp), &ti.sock_info.rtp_addr_name);
    address(out->local_rtcp, sizeof(out->local_rtcp), &ti.sock_info.rtcp_addr_name);
    address(out->remote_rtp, sizeof(out->remote_rtp), &ti.src_rtp_name);
    address(out->remote_rtcp, sizeof(out->remote_rtcp), &ti.src_rtcp_name);
    srtp = pjmedia_transport_info_get_spc_info(&ti, PJMEDIA_TRANSPORT_TYPE_SRTP);
    if (srtp) {
        out->srtp = srtp->active;
        out->srtp_use = srtp->use;
        out->srtp_peer_use = srtp->peer_use;
        if (srtp->active) {
            text(out->srtp_tx, sizeof(out->srtp_tx), &srtp->tx_policy.name);
            text(out->srtp_rx, sizeof(out->srtp_rx), &srtp->rx_policy.name);
        }
    }
    ice = pjmedia_transport_info_get_spc_info(&ti, PJMEDIA_TRANSPORT_TYPE_ICE);
    if (ice) {
        out->ice = ice->active;
        out->ice_state = ice->sess_state;
        out->ice_role = ice->role;
        out->ice_comps = (int32_t)ice->comp_cnt;
        for (i = 0; i < ice->comp_cnt && i < 2; i++) {
            out->comp[i].local_type = ice->comp[i].lcand_type;
            out->comp[i].remote_type = ice->comp[i].rcand_type;
            address(out->comp[i].local, sizeof(out->comp[i].local), &ice->comp[i].lcand_addr);
            address(out->comp[i].remote, sizeof(out->comp[i].remote), &ice->comp[i].rcand_addr);
        }
    }
    return PJ_SUCCESS;
}

pj_status_t oh_call_modify_codec(int slot, int index, int vad, int plc, int bps, int loss)
{
    pjmedia_codec_param param;
    pjsua_stream_info si;
    pj_status_t status = pjsua_call_get_stream_info(slot, (unsigned)index, &si);

    if (status != PJ_SUCCESS)
        return status;
    if (si.type != PJMEDIA_TYPE_AUDIO || !si.info.aud.param)
        return PJ_ENOTSUP;
    param = *si.info.aud.param;
    if (vad)
        param.setting.vad = vad == 1;
    if (plc)
        param.setting.plc = plc == 1;
    if (bps >= 0)
        param.info.avg_bps = (pj_uint32_t)bps;
    if (loss >= 0)
        param.setting.packet_loss = (unsigned)loss;
    return pjsua_call_aud_stream_modify_codec_param(slot, index, &param);
}
