/* callmedia.c: the SDP of a call, and what happens to its media. */
#include "callmedia.h"
#include "control.h"
#include "message.h"
#include "policy.h"

#include <pjsua-lib/pjsua_internal.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/*
 * Rules for the SDP
 */

static void change_attr(pj_pool_t *pool, unsigned *count, pjmedia_sdp_attr *list[], const oh_sdp_rule *r)
{
    pj_str_t name, value;

    if (r->op != OH_SDP_ADD)
        pjmedia_sdp_attr_remove_all(count, list, r->name);
    if (r->op == OH_SDP_REMOVE || *count >= PJMEDIA_MAX_SDP_ATTR)
        return;
    if (r->value)
        pj_strdup2(pool, &value, r->value);
    pj_strdup2_with_null(pool, &name, r->name);
    list[(*count)++] = pjmedia_sdp_attr_create(pool, name.ptr, r->value ? &value : NULL);
}

static void change_bandw(pj_pool_t *pool, unsigned *count, pjmedia_sdp_bandw *list[], const oh_sdp_rule *r)
{
    unsigned i = 0;

    while (r->op != OH_SDP_ADD && i < *count) {
        if (pj_stricmp2(&list[i]->modifier, r->name) == 0)
            pj_array_erase(list, sizeof(list[0]), (*count)--, i);
        else
            i++;
    }
    if (r->op == OH_SDP_REMOVE || *count >= PJMEDIA_MAX_SDP_BANDW || !r->value)
        return;
    list[*count] = PJ_POOL_ZALLOC_T(pool, pjmedia_sdp_bandw);
    pj_strdup2(pool, &list[*count]->modifier, r->name);
    list[(*count)++]->value = (pj_uint32_t)strtoul(r->value, NULL, 10);
}

static void change(pj_pool_t *pool, pjmedia_sdp_session *sdp, const oh_sdp_rule *r)
{
    unsigned i;

    if (!r->media) {
        if (r->kind == 'a')
            change_attr(pool, &sdp->attr_count, sdp->attr, r);
        else
            change_bandw(pool, &sdp->bandw_count, sdp->bandw, r);
        return;
    }
    for (i = 0; i < sdp->media_count; i++) {
        pjmedia_sdp_media *m = sdp->media[i];

        if (pj_stricmp2(&m->desc.media, r->media) != 0)
            continue;
        if (r->kind == 'a')
            change_attr(pool, &m->attr_count, m->attr, r);
        else
            change_bandw(pool, &m->bandw_count, m->bandw, r);
    }
}

static pj_str_t print(const pjmedia_sdp_session *sdp, char *buf, size_t size)
{
    pj_str_t text = {buf, 0};
    int len = sdp ? pjmedia_sdp_print(sdp, buf, size) : 0;

    if (len > 0)
        text.slen = len;
    return text;
}

/* With the dialog's lock. Before the first INVITE is sent this is the only callback that
 * knows its Call-ID. */
static void on_call_sdp_created(pjsua_call_id id, pjmedia_sdp_session *sdp, pj_pool_t *pool,
                                const pjmedia_sdp_session *remote)
{
    int64_t serial = oh_call_serial(id), account;
    char local_buf[PJSIP_MAX_PKT_LEN], remote_buf[PJSIP_MAX_PKT_LEN];
    const oh_policy *policy;
    const oh_sdp_rule *r;
    pj_str_t texts[2];
    pjsua_call_info ci;

    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    account = oh_account_serial(ci.acc_id);
    if (ci.role == PJSIP_ROLE_UAC)
        oh_trace_learn(id, serial, &ci.call_id, NULL);
    policy = oh_policy_hold(serial, account);
    oh_sdp_keep_codecs(pool, sdp, policy->codecs);
    for (r = policy->sdp; r; r = r->next)
        change(pool, sdp, r);
    if (policy->report_sdp) {
        oh_sdp_event *ev;

        texts[0] = print(sdp, local_buf, sizeof(local_buf));
        texts[1] = print(remote, remote_buf, sizeof(remote_buf));
        ev = oh_record_new(OH_SDP, sizeof(*ev), offsetof(oh_sdp_event, local), texts, 2);
        if (ev) {
            ev->head.call = serial;
            ev->head.account = account;
        }
        oh_push(oh_out.events, ev);
    }
    oh_policy_release(policy);
    oh_reinvite_answered(id, sdp, remote);
}

/*
 * The SDP in force
 */

static struct {
    pthread_mutex_t mu; /* a leaf */
    struct {
        int64_t serial;
        char *sdp[2]; /* ours, theirs */
    } calls[PJSUA_MAX_CALLS];
} active = {.mu = PTHREAD_MUTEX_INITIALIZER};

pj_status_t oh_prefer_own_codecs(int slot)
{
    pjsua_call *call;
    pjsip_dialog *dlg = NULL;
    pj_status_t status = acquire_call("codec order", slot, &call, &dlg);

    if (status != PJ_SUCCESS)
        return status;
    /* Without an offer there is no negotiator yet: the offer will be ours. */
    if (call->inv && call->inv->neg)
        status = pjmedia_sdp_neg_set_prefer_remote_codec_order(call->inv->neg, PJ_FALSE);
    if (dlg)
        pjsip_dlg_dec_lock(dlg);
    return status;
}

/* With the dialog's lock, under which pjsua takes the session out of the call. */
void oh_sdp_negotiated(int slot, int64_t serial)
{
    const pjsip_inv_session *inv = pjsua_var.calls[slot].inv;
    char buf[PJSIP_MAX_PKT_LEN], *text[2] = {NULL, NULL};
    const pjmedia_sdp_session *sdp;
    pj_str_t s;
    int i;

    if (!inv || !inv->neg)
        return;
    for (i = 0; i < 2; i++) {
        pj_status_t status = i == 0 ? pjmedia_sdp_neg_get_active_local(inv->neg, &sdp)
                                    : pjmedia_sdp_neg_get_active_remote(inv->neg, &sdp);

        s = print(status == PJ_SUCCESS ? sdp : NULL, buf, sizeof(buf));
        if (s.slen > 0 && (text[i] = calloc(1, (size_t)s.slen + 1)) != NULL)
            memcpy(text[i], s.ptr, (size_t)s.slen); /* Windows has no strndup */
    }
    pthread_mutex_lock(&active.mu);
    active.calls[slot].serial = serial;
    for (i = 0; i < 2; i++) {
        free(active.calls[slot].sdp[i]);
        active.calls[slot].sdp[i] = text[i];
    }
    pthread_mutex_unlock(&active.mu);
}

char *oh_sdp_copy(int slot, int64_t serial, int remote)
{
    char *text = NULL;

    pthread_mutex_lock(&active.mu);
    if (active.calls[slot].serial == serial && active.calls[slot].sdp[remote])
        text = strdup(active.calls[slot].sdp[remote]);
    pthread_mutex_unlock(&active.mu);
    return text;
}

/*
 * Streams
 */

static void set_number(int *field, int v)
{
    if (v >= 0)
        *field = v;
}

static void on_stream_precreate(pjsua_call_id id, pjsua_on_stream_precreate_param *param)
{
    int64_t serial = oh_call_serial(id);
    pjmedia_stream_info *si = &param->stream_info.info.aud;
    const oh_stream_rule *r;
    const oh_policy *policy;
    pjsua_call_info ci;

    if (!serial || param->stream_info.type != PJMEDIA_TYPE_AUDIO || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    policy = oh_policy_hold(serial, oh_account_serial(ci.acc_id));
    r = &policy->stream;
    if (r->given) {
        set_number(&si->jb_init, r->jb_init);
        set_number(&si->jb_min_pre, r->jb_min_pre);
        set_number(&si->jb_max_pre, r->jb_max_pre);
        set_number(&si->jb_max, r->jb_max);
        if (r->jb_discard >= 0)
            si->jb_discard_algo = (pjmedia_jb_discard_algo)r->jb_discard;
        /* PJSUA copies the numbers back; the codec's parameters are its own. */
        if (si->param && r->vad != OH_KEEP)
            si->param->setting.vad = r->vad == OH_ON;
        if (si->param && r->plc != OH_KEEP)
            si->param->setting.plc = r->plc == OH_ON;
    }
    oh_policy_release(policy);
}

/* On a timer of pjsua's. */
static void on_call_media_event(pjsua_call_id id, unsigned index, pjmedia_event *event)
{
    int64_t serial = oh_call_bound(id);
    oh_media_event *ev;

    if (!serial)
        return;
    ev = oh_record_new(OH_MEDIA_EVENT, sizeof(*ev), 0, NULL, 0);
    if (ev) {
        ev->head.call = serial;
        ev->index = (int32_t)index;
        ev->type = event->type;
        if (event->type == PJMEDIA_EVENT_MEDIA_TP_ERR) {
            ev->head.status = event->data.med_tp_err.status;
            ev->dir = event->data.med_tp_err.dir;
            ev->is_rtcp = !event->data.med_tp_err.is_rtp;
        } else if (event->type == PJMEDIA_EVENT_RX_RTCP_FB) {
            ev->feedback = (int32_t)event->data.rx_rtcp_fb.cap.type;
        }
    }
    oh_push(oh_out.events, ev);
}

/* On a media thread: of no call. */
static void on_endpoint_media_event(pjmedia_event *event)
{
    oh_media_event *ev = oh_record_new(OH_MEDIA_EVENT, sizeof(*ev), 0, NULL, 0);

    if (ev) {
        ev->index = -1;
        ev->type = event->type;
        if (event->type == PJMEDIA_EVENT_AUD_DEV_ERROR) {
            ev->head.status = event->data.aud_dev_err.status;
            ev->dir = event->data.aud_dev_err.dir;
            ev->device = event->data.aud_dev_err.id;
        }
    }
    oh_push(oh_out.events, ev);
}

void oh_callmedia_callbacks(pjsua_callback *cb)
{
    cb->on_call_sdp_created = on_call_sdp_created;
    cb->on_stream_precreate = on_stream_precreate;
    cb->on_call_media_event = on_call_media_event;
    cb->on_media_event = on_endpoint_media_event;
    oh_stream_callbacks(cb);
}
