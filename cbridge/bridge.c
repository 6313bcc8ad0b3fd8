/* bridge.c: pjsua's callbacks about calls, accounts and transports. */
#include "record.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is known of the call in each slot of pjsua. */
typedef struct call_entry {
    int64_t serial; /* 0: no live call */
    int64_t ended;  /* the serial that was last live here: its late callbacks are dropped */
    int64_t account;
    oh_stats stats; /* of its streams that were destroyed */
} call_entry;

static struct {
    pthread_mutex_t mu; /* guards calls; a leaf: nothing is called under it but pjsua's
                         * user data accessors, which take no lock */
    call_entry calls[PJSUA_MAX_CALLS];
} bridge = {.mu = PTHREAD_MUTEX_INITIALIZER};

void oh_bridge_attach(oh_queue *events, oh_queue *ops, oh_queue *logs)
{
    pthread_mutex_lock(&bridge.mu);
    memset(bridge.calls, 0, sizeof(bridge.calls));
    pthread_mutex_unlock(&bridge.mu);
    oh_out = (struct oh_outlets){events, ops, logs};
}

/*
 * Call serials
 */

/* Whether serial is bound to a slot other than id. Under mu. */
static int bound_elsewhere(int64_t serial, int id)
{
    int i;

    for (i = 0; i < PJSUA_MAX_CALLS; i++) {
        if (i != id && (bridge.calls[i].serial == serial || bridge.calls[i].ended == serial))
            return 1;
    }
    return 0;
}

/* The serial of the call in slot id, bound at the first time. Calls born of REFER or
 * Replaces have inherited their parent's user data and get a serial of their own.
 * 0: the call has ended, as far as Go knows. */
static int64_t call_serial(pjsua_call_id id)
{
    call_entry *e;
    int64_t data, serial;

    if (id < 0 || id >= PJSUA_MAX_CALLS)
        return 0;
    data = (int64_t)(intptr_t)pjsua_call_get_user_data(id);
    pthread_mutex_lock(&bridge.mu);
    e = &bridge.calls[id];
    if (!e->serial && (data == 0 || data != e->ended)) {
        if (data == 0 || bound_elsewhere(data, id)) {
            data = oh_mint();
            pjsua_call_set_user_data(id, (void *)(intptr_t)data);
        }
        memset(e, 0, sizeof(*e));
        e->serial = data;
    }
    serial = e->serial;
    pthread_mutex_unlock(&bridge.mu);
    return serial;
}

int64_t oh_call_bind(int slot)
{
    return call_serial(slot);
}

int oh_call_slot(int64_t serial)
{
    int i, slot = -1;

    pthread_mutex_lock(&bridge.mu);
    for (i = 0; i < PJSUA_MAX_CALLS && slot < 0; i++) {
        if (bridge.calls[i].serial == serial)
            slot = i;
    }
    pthread_mutex_unlock(&bridge.mu);
    return slot;
}

static void call_end(int64_t serial)
{
    int i;

    pthread_mutex_lock(&bridge.mu);
    for (i = 0; i < PJSUA_MAX_CALLS; i++) {
        if (bridge.calls[i].serial == serial) {
            bridge.calls[i].serial = 0;
            bridge.calls[i].ended = serial;
        }
    }
    pthread_mutex_unlock(&bridge.mu);
}

void oh_call_forget(int64_t serial)
{
    call_end(serial);
}

static int64_t account_serial(pjsua_acc_id id)
{
    return pjsua_acc_is_valid(id) ? (int64_t)(intptr_t)pjsua_acc_get_user_data(id) : 0;
}

/*
 * Statistics
 */

static void add_direction(oh_direction *sum, const pjmedia_rtcp_stream_stat *st)
{
    sum->packets += st->pkt;
    sum->bytes += st->bytes;
    sum->lost += st->loss;
    sum->discarded += st->discard;
    sum->reordered += st->reorder;
    sum->duplicates += st->dup;
    if (st->jitter.n > 0) {
        sum->jitter_us = (uint32_t)st->jitter.mean;
        if (st->jitter.max > 0 && (uint32_t)st->jitter.max > sum->jitter_max_us)
            sum->jitter_max_us = (uint32_t)st->jitter.max;
    }
}

static void add_stats(oh_stats *sum, const pjmedia_rtcp_stat *st, const pjmedia_jb_state *jb)
{
    add_direction(&sum->rx, &st->rx);
    add_direction(&sum->tx, &st->tx);
    sum->rx.discarded += jb->discard;
    if (st->rtt.n > 0)
        sum->rtt_us = (uint32_t)st->rtt.mean;
}

static void codec_name(char *out, size_t size, const pjmedia_stream_info *si)
{
    /* G.722 samples at 16 kHz but RFC 3551 names it with 8000. */
    unsigned rate = si->fmt.pt == PJMEDIA_RTP_PT_G722 ? 8000 : si->fmt.clock_rate;

    snprintf(out, size, "%.*s/%u", (int)si->fmt.encoding_name.slen, si->fmt.encoding_name.ptr, rate);
}

/* The last moment at which a stream's figures exist. */
static void on_stream_destroyed(pjsua_call_id id, pjmedia_stream *strm, unsigned idx)
{
    pjmedia_rtcp_stat st;
    pjmedia_jb_state jb;
    pjmedia_stream_info si;
    int64_t serial = call_serial(id);

    (void)idx;
    if (!serial || pjmedia_stream_get_stat(strm, &st) != PJ_SUCCESS)
        return;
    memset(&jb, 0, sizeof(jb));
    pjmedia_stream_get_stat_jbuf(strm, &jb);
    pthread_mutex_lock(&bridge.mu);
    if (bridge.calls[id].serial == serial) {
        add_stats(&bridge.calls[id].stats, &st, &jb);
        if (pjmedia_stream_get_info(strm, &si) == PJ_SUCCESS)
            codec_name(bridge.calls[id].stats.codec, sizeof(bridge.calls[id].stats.codec), &si);
    }
    pthread_mutex_unlock(&bridge.mu);
}

pj_status_t oh_call_stats(int slot, oh_stats *out)
{
    pjsua_call_info ci;
    pj_status_t status = pjsua_call_get_info(slot, &ci);
    unsigned i;

    if (status != PJ_SUCCESS)
        return status;
    pthread_mutex_lock(&bridge.mu);
    *out = bridge.calls[slot].stats;
    pthread_mutex_unlock(&bridge.mu);
    for (i = 0; i < ci.media_cnt; i++) {
        pjsua_stream_stat st;
        pjsua_stream_info si;

        if (ci.media[i].type != PJMEDIA_TYPE_AUDIO ||
            pjsua_call_get_stream_stat(slot, i, &st) != PJ_SUCCESS)
            continue;
        add_stats(out, &st.rtcp, &st.jbuf);
        if (pjsua_call_get_stream_info(slot, i, &si) == PJ_SUCCESS)
            codec_name(out->codec, sizeof(out->codec), &si.info.aud);
    }
    return PJ_SUCCESS;
}

/*
 * Calls
 */

static void copy_media(oh_event *ev, const pjsua_call_info *ci)
{
    unsigned i;

    for (i = 0; i < ci->media_cnt && ev->media_count < OH_MAX_MEDIA; i++) {
        oh_media *m = &ev->media[ev->media_count];
        pjsua_stream_info si;
        pjmedia_transport_info ti;
        const pjmedia_srtp_info *srtp;

        if (ci->media[i].type != PJMEDIA_TYPE_AUDIO)
            continue;
        m->index = (int32_t)ci->media[i].index;
        m->status = ci->media[i].status;
        m->dir = ci->media[i].dir;
        m->slot = ci->media[i].stream.aud.conf_slot;
        if (m->slot != PJSUA_INVALID_ID &&
            pjsua_call_get_stream_info(ci->id, i, &si) == PJ_SUCCESS)
            codec_name(m->codec, sizeof(m->codec), &si.info.aud);
        pjmedia_transport_info_init(&ti);
        if (pjsua_call_get_med_transport_info(ci->id, i, &ti) == PJ_SUCCESS &&
            (srtp = pjmedia_transport_info_get_spc_info(&ti, PJMEDIA_TRANSPORT_TYPE_SRTP)) && srtp->active)
            snprintf(m->srtp, sizeof(m->srtp), "%.*s", (int)srtp->tx_policy.name.slen,
                     srtp->tx_policy.name.ptr);
        ev->media_count++;
    }
}

static int64_t msec(const pj_time_val *t)
{
    return (int64_t)t->sec * 1000 + t->msec;
}

/* A record about the call, filled from its pjsua_call_info. */
static oh_event *call_event(int type, const pjsua_call_info *ci, int64_t serial,
                            const pj_str_t *source, const pj_str_t *body)
{
    const pj_str_t none = {NULL, 0};
    const pj_str_t texts[OH_TEXTS] = {ci->last_status_text, ci->remote_info, ci->local_info,
                                   ci->call_id,          source ? *source : none,
                                   body ? *body : none};
    oh_event *ev = oh_event_new(type, texts);

    if (!ev)
        return NULL;
    ev->call = serial;
    ev->account = account_serial(ci->acc_id);
    ev->role = ci->role;
    ev->state = ci->state;
    ev->code = ci->last_status;
    ev->connected_ms = msec(&ci->connect_duration);
    ev->total_ms = msec(&ci->total_duration);
    return ev;
}

oh_event *oh_call_info(int slot, int64_t serial, pj_status_t *status)
{
    pjsua_call_info ci;
    oh_event *ev;

    *status = pjsua_call_get_info(slot, &ci);
    if (*status != PJ_SUCCESS)
        return NULL;
    ev = call_event(OH_CALL_STATE, &ci, serial, NULL, NULL);
    if (ev)
        copy_media(ev, &ci);
    else
        *status = PJ_ENOMEM;
    return ev;
}

static void on_call_state(pjsua_call_id id, pjsip_event *e)
{
    pjsua_call_info ci;
    int64_t serial = call_serial(id);
    oh_event *ev;

    (void)e;
    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    oh_push(oh_out.events, call_event(OH_CALL_STATE, &ci, serial, NULL, NULL));
    if (ci.state != PJSIP_INV_STATE_DISCONNECTED)
        return;
    ev = call_event(OH_CALL_ENDED, &ci, serial, NULL, NULL);
    pthread_mutex_lock(&bridge.mu);
    if (ev)
        ev->stats = bridge.calls[id].stats;
    pthread_mutex_unlock(&bridge.mu);
    call_end(serial);
    oh_push(oh_out.events, ev);
}

/* PJSUA's lock and the dialog's are held: copy and return. */
static void on_incoming_call(pjsua_acc_id acc, pjsua_call_id id, pjsip_rx_data *rdata)
{
    pjsua_call_info ci;
    int64_t serial = call_serial(id);
    char addr[PJ_MAX_HOSTNAME + 16], request[PJSIP_MAX_PKT_LEN];
    const pjsip_via_hdr *via = rdata->msg_info.via;
    pj_str_t source, body;
    oh_event *ev;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    /* When media took its time rdata is a clone, which has the message but neither its
     * bytes nor its packet. */
    source.ptr = addr;
    source.slen = snprintf(addr, sizeof(addr), "%.*s:%d", (int)via->recvd_param.slen,
                           via->recvd_param.ptr,
                           via->rport_param > 0 ? via->rport_param : via->sent_by.port);
    body.ptr = request;
    body.slen = pjsip_msg_print(rdata->msg_info.msg, request, sizeof(request));
    ev = call_event(OH_INCOMING_CALL, &ci, serial, &source, &body);
    if (ev)
        ev->account = account_serial(acc);
    oh_push(oh_out.events, ev);
}

static void on_call_media_state(pjsua_call_id id)
{
    pjsua_call_info ci;
    int64_t serial = call_serial(id);
    oh_event *ev;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    ev = call_event(OH_CALL_MEDIA, &ci, serial, NULL, NULL);
    if (ev)
        copy_media(ev, &ci);
    oh_push(oh_out.events, ev);
}

/* On a media thread, without the call's lock. Only the first report of a digit is
 * passed on: a listener wants it at once, and the last may get lost. The duration in
 * it is that until now, of no use unless the digit is over. */
static void on_dtmf_event(pjsua_call_id id, const pjsua_dtmf_event *dtmf)
{
    int64_t serial;
    oh_event *ev;

    if (dtmf->flags & PJMEDIA_STREAM_DTMF_IS_UPDATE)
        return;
    serial = call_serial(id);
    if (!serial)
        return;
    ev = oh_event_new(OH_DTMF, NULL);
    if (ev) {
        ev->call = serial;
        ev->digit = (int32_t)dtmf->digit;
        ev->method = dtmf->method == PJSUA_DTMF_METHOD_SIP_INFO;
        if (dtmf->flags & PJMEDIA_STREAM_DTMF_IS_END && dtmf->duration != PJSUA_UNKNOWN_DTMF_DURATION)
            ev->duration_ms = (int32_t)dtmf->duration;
    }
    oh_push(oh_out.events, ev);
}

/* Nobody makes this phone call a premium number: REFER is declined. */
static void on_call_transfer_request2(pjsua_call_id id, const pj_str_t *dst, pjsip_status_code *code,
                                      pjsua_call_setting *opt)
{
    const pj_str_t texts[OH_TEXTS] = {{NULL, 0}, *dst};
    int64_t serial = call_serial(id);
    pjsua_call_info ci;
    oh_event *ev;

    (void)opt;
    *code = PJSIP_SC_DECLINE;
    if (!serial)
        return;
    ev = oh_event_new(OH_TRANSFER, texts);
    if (ev) {
        ev->call = serial;
        ev->code = *code;
        if (pjsua_call_get_info(id, &ci) == PJ_SUCCESS)
            ev->account = account_serial(ci.acc_id);
    }
    oh_push(oh_out.events, ev);
}

/* An INVITE with Replaces takes over somebody's call: declined too. */
static void on_call_replace_request2(pjsua_call_id id, pjsip_rx_data *rdata, int *st_code,
                                     pj_str_t *st_text, pjsua_call_setting *opt)
{
    (void)id;
    (void)rdata;
    (void)st_text;
    (void)opt;
    *st_code = PJSIP_SC_DECLINE;
}

/*
 * Accounts and transports
 */

static _Thread_local unsigned registrations_reported;

unsigned oh_registrations_reported(void) { return registrations_reported; }

/* PJSUA's lock is held. */
static void on_reg_state2(pjsua_acc_id acc, pjsua_reg_info *info)
{
    const struct pjsip_regc_cbparam *p = info->cbparam;
    char text[PJ_ERR_MSG_SIZE];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    texts[0] = p->reason;
    if (p->status != PJ_SUCCESS)
        texts[0] = pj_strerror(p->status, text, sizeof(text));
    ev = oh_event_new(OH_REGISTRATION, texts);
    if (ev) {
        ev->account = account_serial(acc);
        ev->status = p->status;
        ev->code = p->code;
        ev->renew = info->renew && !p->is_unreg;
        if (p->status == PJ_SUCCESS && p->code / 100 == 2 &&
            p->expiration != PJSIP_REGC_EXPIRATION_NOT_SPECIFIED)
            ev->expires = (int32_t)p->expiration;
    }
    registrations_reported++;
    oh_push(oh_out.events, ev);
}

/* The text of a transport's failure; for TLS, what was wrong with the certificate. */
static int transport_reason(char *buf, size_t size, const pjsip_transport *tp,
                            const pjsip_transport_state_info *info)
{
    char text[PJ_ERR_MSG_SIZE];
    int len = 0;

    if (info->status != PJ_SUCCESS) {
        pj_str_t s = pj_strerror(info->status, text, sizeof(text));

        len = snprintf(buf, size, "%.*s", (int)s.slen, s.ptr);
    }
#if PJSIP_HAS_TLS_TRANSPORT
    if ((tp->key.type & ~PJSIP_TRANSPORT_IPV6) == PJSIP_TRANSPORT_TLS && info->ext_info) {
        const pjsip_tls_state_info *tls = info->ext_info;
        const char *why[8];
        unsigned i, n = PJ_ARRAY_SIZE(why);

        if (tls->ssl_sock_info && tls->ssl_sock_info->verify_status != PJ_SSL_CERT_ESUCCESS &&
            pj_ssl_cert_get_verify_status_strings(tls->ssl_sock_info->verify_status, why, &n) ==
                PJ_SUCCESS) {
            for (i = 0; i < n && len < (int)size; i++)
                len += snprintf(buf + len, size - (size_t)len, "%s%s", len ? "; " : "", why[i]);
        }
    }
#else
    (void)tp;
#endif
    return len < (int)size ? len : (int)size - 1;
}

static void on_transport_state(pjsip_transport *tp, pjsip_transport_state state,
                               const pjsip_transport_state_info *info)
{
    char reason[512], remote[PJ_MAX_HOSTNAME + 16];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    if (state != PJSIP_TP_STATE_CONNECTED && state != PJSIP_TP_STATE_DISCONNECTED)
        return;
    texts[0].ptr = reason;
    texts[0].slen = transport_reason(reason, sizeof(reason), tp, info);
    texts[1].ptr = remote;
    texts[1].slen = snprintf(remote, sizeof(remote), "%.*s:%d", (int)tp->remote_name.host.slen,
                             tp->remote_name.host.ptr, tp->remote_name.port);
    if (texts[1].slen >= (pj_ssize_t)sizeof(remote))
        texts[1].slen = sizeof(remote) - 1;
    ev = oh_event_new(OH_TRANSPORT, texts);
    if (ev) {
        ev->status = info->status;
        ev->transport = (int32_t)tp->key.type;
        ev->connected = state == PJSIP_TP_STATE_CONNECTED;
    }
    oh_push(oh_out.events, ev);
}

void oh_bridge_callbacks(pjsua_config *cfg, pjsua_logging_config *log)
{
    cfg->cb.on_call_state = on_call_state;
    cfg->cb.on_incoming_call = on_incoming_call;
    cfg->cb.on_call_media_state = on_call_media_state;
    cfg->cb.on_stream_destroyed = on_stream_destroyed;
    cfg->cb.on_dtmf_event = on_dtmf_event;
    cfg->cb.on_call_transfer_request2 = on_call_transfer_request2;
    cfg->cb.on_call_replace_request2 = on_call_replace_request2;
    cfg->cb.on_reg_state2 = on_reg_state2;
    cfg->cb.on_transport_state = on_transport_state;
    cfg->cb.on_conf_op_completed = oh_on_conf_op_completed;
    log->cb = oh_on_log;
}
