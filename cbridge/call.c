/* call.c: pjsua's callbacks about calls. */
#include "callmedia.h"
#include "message.h"

#include <stdio.h>

static void copy_media(oh_event *ev, const pjsua_call_info *ci)
{
    unsigned i;

    for (i = 0; i < ci->media_cnt && ev->media_count < OH_MAX_MEDIA; i++) {
        oh_media *m = &ev->media[ev->media_count];
        pjsua_stream_info si;
        pjmedia_transport_info ti;
        const pjmedia_srtp_info *srtp;

        m->index = (int32_t)ci->media[i].index;
        m->type = ci->media[i].type;
        m->status = ci->media[i].status;
        m->dir = ci->media[i].dir;
        m->port = oh_conf_port(m->type == PJMEDIA_TYPE_AUDIO ? ci->media[i].stream.aud.conf_slot : PJSUA_INVALID_ID);
        if ((m->port.slot != PJSUA_INVALID_ID || m->type == PJMEDIA_TYPE_TEXT) &&
            pjsua_call_get_stream_info(ci->id, i, &si) == PJ_SUCCESS) {
            oh_codec_name(m->codec, sizeof(m->codec),
                          m->type == PJMEDIA_TYPE_TEXT ? &si.info.txt.fmt : &si.info.aud.fmt);
            m->dtmf = m->type == PJMEDIA_TYPE_AUDIO && si.info.aud.tx_event_pt >= 0 && si.info.aud.rx_event_pt >= 0;
        }
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
    ev->head.call = serial;
    ev->head.account = oh_account_serial(ci->acc_id);
    ev->role = ci->role;
    ev->state = ci->state;
    ev->code = ci->last_status;
    ev->connected_ms = msec(&ci->connect_duration);
    ev->total_ms = msec(&ci->total_duration);
    return ev;
}

oh_event *oh_call_info(int slot, int64_t serial, pjsua_call_info *ci, pj_status_t *status)
{
    oh_event *ev;

    *status = pjsua_call_get_info(slot, ci);
    if (*status != PJ_SUCCESS)
        return NULL;
    ev = call_event(OH_CALL_STATE, ci, serial, NULL, NULL);
    if (ev)
        copy_media(ev, ci);
    else
        *status = PJ_ENOMEM;
    return ev;
}

pj_status_t oh_call_in_dialog(int slot)
{
    pjsua_call_info ci;
    pj_status_t status = pjsua_call_get_info(slot, &ci);

    if (status == PJ_SUCCESS && (ci.state < PJSIP_INV_STATE_EARLY || ci.state > PJSIP_INV_STATE_CONFIRMED))
        status = PJSIP_ESESSIONSTATE;
    return status;
}

static void on_call_state(pjsua_call_id id, pjsip_event *e)
{
    pjsua_call_info ci;
    int64_t serial = oh_call_serial(id), parent;
    pj_str_t message = oh_event_message(e);
    oh_event *ev;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    /* A call that answered Replaces has a parent, too, and on_call_replaced to say so. */
    parent = oh_call_parent(id);
    if (parent && ci.role == PJSIP_ROLE_UAC)
        oh_call_transferred(parent, serial, &ci);
    oh_dialog_attach(id, serial, oh_event_dialog(e));
    oh_push(oh_out.events, call_event(OH_CALL_STATE, &ci, serial, NULL, &message));
    if (ci.state != PJSIP_INV_STATE_DISCONNECTED)
        return;
    ev = call_event(OH_CALL_ENDED, &ci, serial, NULL, &message);
    if (ev)
        oh_stats_ended(id, serial, &ev->stats);
    oh_call_forget(serial);
    oh_push_call(OH_CALL_OVER, serial);
    oh_push(oh_out.events, ev);
}

/* PJSUA's lock and the dialog's are held: copy and return. */
static void on_incoming_call(pjsua_acc_id acc, pjsua_call_id id, pjsip_rx_data *rdata)
{
    pjsua_call_info ci;
    int64_t serial = oh_call_serial(id);
    char addr[PJ_MAX_HOSTNAME + 16], request[PJSIP_MAX_PKT_LEN];
    const pjsip_via_hdr *via = rdata->msg_info.via;
    pj_str_t source, body;
    oh_event *ev;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    oh_dialog_attach(id, serial, pjsip_rdata_get_dlg(rdata));
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
        ev->head.account = oh_account_serial(acc);
    oh_push(oh_out.events, ev);
}

static void on_call_media_state(pjsua_call_id id)
{
    pjsua_call_info ci;
    int64_t serial = oh_call_serial(id);
    oh_event *ev;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    oh_push_call(OH_CALL_PORTS, serial);
    oh_sdp_negotiated(id, serial);
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
    serial = oh_call_serial(id);
    if (!serial)
        return;
    ev = oh_event_new(OH_DTMF, NULL);
    if (ev) {
        ev->head.call = serial;
        ev->digit = (int32_t)dtmf->digit;
        ev->method = dtmf->method == PJSUA_DTMF_METHOD_SIP_INFO;
        if (dtmf->flags & PJMEDIA_STREAM_DTMF_IS_END && dtmf->duration != PJSUA_UNKNOWN_DTMF_DURATION)
            ev->duration_ms = (int32_t)dtmf->duration;
    }
    oh_push(oh_out.events, ev);
}

void oh_call_callbacks(pjsua_callback *cb)
{
    cb->on_call_state = on_call_state;
    cb->on_incoming_call = on_incoming_call;
    cb->on_call_media_state = on_call_media_state;
    cb->on_dtmf_event = on_dtmf_event;
}
