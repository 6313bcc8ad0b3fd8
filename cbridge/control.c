/* control.c: pjsua's callbacks that ask for a decision about a call. Each looks up the
 * policy in force, obeys it, and says in a record what it did. They run with the
 * dialog's lock held, and with PJSUA's for Replaces. */
#include "record.h"
#include "control.h"

#include <pjsua-lib/pjsua_internal.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXTS = 8 };

_Static_assert(offsetof(oh_control, sdp) - offsetof(oh_control, reason) == (TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_control are an array");

/* Which text of a record is where. */
enum { REASON, TARGET, REMOTE, LOCAL, CALL_ID, SOURCE, MESSAGE, SDP };

/* What a call has left to Go. */
typedef struct waiting {
    int64_t serial;
    int32_t hops;     /* redirects followed */
    int32_t redirect; /* 1: PENDING */
    int32_t reinvite; /* 1: to be answered by Go */
    char *answer;     /* the SDP that PJSIP has made for that, NULL before */
    oh_control *ask;  /* what Go is told when the answer is there */
} waiting;

static struct {
    pthread_mutex_t mu; /* a leaf */
    waiting calls[PJSUA_MAX_CALLS];
} control = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* What the call in a slot waits for; that of the slot's last call is forgotten. Under mu. */
static waiting *wait_of(int slot, int64_t serial)
{
    waiting *w = &control.calls[slot];

    if (w->serial != serial) {
        free(w->answer);
        free(w->ask);
        memset(w, 0, sizeof(*w));
        w->serial = serial;
    }
    return w;
}

/* Takes what a call has left to Go, a flag of waiting by its offset: 0 when there is
 * nothing, or somebody has taken it. */
static int claim(int64_t serial, size_t flag)
{
    int slot = oh_call_slot(serial);
    int32_t claimed, *at;

    if (slot < 0)
        return 0;
    pthread_mutex_lock(&control.mu);
    at = (int32_t *)(void *)((char *)wait_of(slot, serial) + flag);
    claimed = *at;
    *at = 0;
    pthread_mutex_unlock(&control.mu);
    return claimed;
}

void oh_control_clear(void)
{
    int i;

    pthread_mutex_lock(&control.mu);
    for (i = 0; i < PJSUA_MAX_CALLS; i++) {
        if (control.calls[i].serial)
            wait_of(i, 0);
    }
    pthread_mutex_unlock(&control.mu);
}

static oh_control *control_event(int type, int64_t call, int64_t account, const pj_str_t texts[TEXTS])
{
    oh_control *ev =
        oh_record_new(type, sizeof(*ev), offsetof(oh_control, reason), texts, texts ? TEXTS : 0);

    if (ev) {
        ev->head.call = call;
        ev->head.account = account;
    }
    return ev;
}

/* The account of the call in a slot, whose lock is held. */
static int64_t account_of(pjsua_call_id id)
{
    pjsua_call_info ci;

    return pjsua_call_get_info(id, &ci) == PJ_SUCCESS ? oh_account_serial(ci.acc_id) : 0;
}

static void apply(const oh_setting *s, pjsua_call_setting *opt)
{
    int i;

    if (!s->given)
        return;
    opt->flag = s->flags;
    opt->aud_cnt = (unsigned)s->audio;
    opt->txt_cnt = (unsigned)s->text;
    for (i = 0; i < s->dirs; i++)
        opt->media_dir[i] = (pjmedia_dir)s->dir[i];
}

static pj_str_t print_sdp(const pjmedia_sdp_session *sdp, char *buf, size_t size)
{
    pj_str_t text = {buf, 0};

    if (sdp)
        text.slen = pjmedia_sdp_print(sdp, buf, size);
    return text;
}

static pj_str_t print_uri(pjsip_uri_context_e context, const pjsip_uri *uri, char *buf, size_t size)
{
    pj_str_t text = {buf, 0};

    if (uri)
        text.slen = pjsip_uri_print(context, uri, buf, size);
    return text;
}

/*
 * REFER
 */

static void on_call_transfer_request2(pjsua_call_id id, const pj_str_t *dst, pjsip_status_code *code,
                                      pjsua_call_setting *opt)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    int64_t serial = oh_call_serial(id), account;
    const oh_policy *p;
    pjsua_call_info ci;
    oh_control *ev;

    *code = PJSIP_SC_DECLINE;
    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    account = oh_account_serial(ci.acc_id);
    p = oh_policy_hold(serial, account);
    if ((ci.state >= PJSIP_INV_STATE_CONNECTING || p->transfer_early) &&
        (p->transfer == OH_TRANSFER_ACCEPT ||
         (p->transfer == OH_TRANSFER_ALLOW && oh_text_allowed(p->transfer_targets, dst)))) {
        *code = PJSIP_SC_ACCEPTED;
        apply(&p->transfer_setting, opt);
    } else if (p->transfer_code) {
        *code = (pjsip_status_code)p->transfer_code;
    }
    oh_policy_release(p);
    texts[TARGET] = *dst;
    ev = control_event(OH_TRANSFER, serial, account, texts);
    if (ev)
        ev->code = *code;
    oh_push(oh_out.events, ev);
}

void oh_call_transferred(int64_t parent, int64_t serial, const pjsua_call_info *ci)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    oh_control *ev;

    texts[REMOTE] = ci->remote_info;
    texts[LOCAL] = ci->local_info;
    texts[CALL_ID] = ci->call_id;
    ev = control_event(OH_TRANSFERRED, parent, oh_account_serial(ci->acc_id), texts);
    if (ev)
        ev->head.object = serial;
    oh_push(oh_out.events, ev);
}

static void on_call_transfer_status(pjsua_call_id id, int code, const pj_str_t *text, pj_bool_t final,
                                    pj_bool_t *cont)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    int64_t serial = oh_call_serial(id);
    oh_control *ev;

    (void)cont;
    if (!serial)
        return;
    texts[REASON] = *text;
    ev = control_event(OH_TRANSFER_PROGRESS, serial, account_of(id), texts);
    if (ev) {
        ev->code = code;
        ev->final = final != 0;
    }
    oh_push(oh_out.events, ev);
}

/*
 * Replaces
 */

/* The texts that every INVITE has. bufs live as long as the texts. */
typedef struct invite_texts {
    char remote[PJSIP_MAX_URL_SIZE], local[PJSIP_MAX_URL_SIZE], source[PJ_MAX_HOSTNAME + 16];
    char message[PJSIP_MAX_PKT_LEN];
} invite_texts;

static void describe_invite(const pjsip_rx_data *rdata, invite_texts *bufs, pj_str_t texts[TEXTS])
{
    const pjsip_via_hdr *via = rdata->msg_info.via;
    const pjsip_from_hdr *from = rdata->msg_info.from;
    const pjsip_to_hdr *to = rdata->msg_info.to;

    if (from)
        texts[REMOTE] = print_uri(PJSIP_URI_IN_FROMTO_HDR, from->uri, bufs->remote, sizeof(bufs->remote));
    if (to)
        texts[LOCAL] = print_uri(PJSIP_URI_IN_FROMTO_HDR, to->uri, bufs->local, sizeof(bufs->local));
    if (rdata->msg_info.cid)
        texts[CALL_ID] = rdata->msg_info.cid->id;
    if (via) {
        texts[SOURCE].ptr = bufs->source;
        texts[SOURCE].slen = snprintf(bufs->source, sizeof(bufs->source), "%.*s:%d",
                                      (int)via->recvd_param.slen, via->recvd_param.ptr,
                                      via->rport_param > 0 ? via->rport_param : via->sent_by.port);
    }
    texts[MESSAGE].ptr = bufs->message;
    texts[MESSAGE].slen = pjsip_msg_print(rdata->msg_info.msg, bufs->message, sizeof(bufs->message));
}

static void on_call_replace_request2(pjsua_call_id id, pjsip_rx_data *rdata, int *st_code,
                                     pj_str_t *st_text, pjsua_call_setting *opt)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    int64_t serial = oh_call_serial(id), account;
    invite_texts bufs;
    const oh_policy *p;
    oh_control *ev;

    (void)st_text;
    *st_code = PJSIP_SC_DECLINE;
    if (!serial)
        return;
    account = account_of(id);
    p = oh_policy_hold(serial, account);
    if (p->replaces) {
        *st_code = PJSIP_SC_OK;
        apply(&p->replaces_setting, opt);
    } else if (p->replaces_code) {
        *st_code = p->replaces_code;
    }
    oh_policy_release(p);
    describe_invite(rdata, &bufs, texts);
    ev = control_event(OH_REPLACE, serial, account, texts);
    if (ev)
        ev->code = *st_code;
    oh_push(oh_out.events, ev);
}

static void on_call_replaced(pjsua_call_id old_id, pjsua_call_id new_id)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    int64_t old_serial = oh_call_serial(old_id), new_serial = oh_call_serial(new_id);
    pjsua_call_info ci;
    oh_control *ev;

    if (!old_serial || !new_serial || pjsua_call_get_info(new_id, &ci) != PJ_SUCCESS)
        return;
    texts[REMOTE] = ci.remote_info;
    texts[LOCAL] = ci.local_info;
    texts[CALL_ID] = ci.call_id;
    ev = control_event(OH_REPLACED, old_serial, oh_account_serial(ci.acc_id), texts);
    if (ev)
        ev->head.object = new_serial;
    oh_push(oh_out.events, ev);
}

/*
 * 3xx
 */

/* What policy says about the target of a redirect: *ask when Go decides. */
static pjsip_redirect_op follow(const oh_policy *p, waiting *w, const pjsip_uri *target)
{
    if (p->redirect == OH_REDIRECT_STOP || (p->redirect_targets && !oh_uri_allowed(p->redirect_targets, target)))
        return PJSIP_REDIRECT_REJECT;
    if (p->redirect == OH_REDIRECT_ASK)
        return PJSIP_REDIRECT_PENDING;
    if (w->hops >= p->redirect_hops)
        return PJSIP_REDIRECT_REJECT;
    return p->redirect_to ? PJSIP_REDIRECT_ACCEPT_REPLACE : PJSIP_REDIRECT_ACCEPT;
}

/* A target is rejected rather than the whole stopped, also when none is followed: the
 * call then ends with the code of the redirect, not with a 487. */
static pjsip_redirect_op on_call_redirected(pjsua_call_id id, const pjsip_uri *target, const pjsip_event *e)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char buf[PJSIP_MAX_URL_SIZE];
    int64_t serial = oh_call_serial(id), account;
    pjsip_redirect_op op;
    const oh_policy *p;
    waiting *w;
    oh_control *ev;
    int hop;

    if (!serial)
        return PJSIP_REDIRECT_STOP;
    account = account_of(id);
    p = oh_policy_hold(serial, account);
    pthread_mutex_lock(&control.mu);
    w = wait_of(id, serial);
    op = follow(p, w, target);
    w->redirect = op == PJSIP_REDIRECT_PENDING;
    if (op == PJSIP_REDIRECT_ACCEPT || op == PJSIP_REDIRECT_ACCEPT_REPLACE)
        w->hops++;
    hop = w->hops;
    pthread_mutex_unlock(&control.mu);
    oh_policy_release(p);
    texts[TARGET] = print_uri(PJSIP_URI_IN_CONTACT_HDR, target, buf, sizeof(buf));
    if (e && e->type == PJSIP_EVENT_TSX_STATE)
        texts[REASON] = e->body.tsx_state.tsx->status_text;
    ev = control_event(OH_REDIRECTED, serial, account, texts);
    if (ev) {
        if (e && e->type == PJSIP_EVENT_TSX_STATE)
            ev->code = e->body.tsx_state.tsx->status_code;
        ev->hop = hop;
        ev->action = op == PJSIP_REDIRECT_PENDING  ? OH_REDIRECT_ASK
                     : op == PJSIP_REDIRECT_REJECT ? OH_REDIRECT_STOP
                                                   : OH_REDIRECT_FOLLOW;
    }
    oh_push(oh_out.events, ev);
    return op;
}

int oh_redirect_claim(int64_t serial)
{
    return claim(serial, offsetof(waiting, redirect));
}

int oh_redirect_waits(int64_t serial)
{
    int slot = oh_call_slot(serial), waits;

    if (slot < 0)
        return 0;
    pthread_mutex_lock(&control.mu);
    waits = wait_of(slot, serial)->redirect;
    pthread_mutex_unlock(&control.mu);
    return waits;
}

int oh_redirect_abandon(int slot, int64_t serial)
{
    if (!oh_redirect_claim(serial))
        return 0;
    pjsua_call_process_redirect(slot, PJSIP_REDIRECT_STOP);
    return 1;
}

/*
 * Offers
 */

static void on_call_rx_offer(pjsua_call_id id, const pjmedia_sdp_session *offer, void *reserved,
                             pjsip_status_code *code, pjsua_call_setting *opt)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char sdp[PJSIP_MAX_PKT_LEN];
    int64_t serial = oh_call_serial(id), account;
    const oh_policy *p;
    oh_control *ev;

    (void)reserved;
    if (!serial)
        return;
    account = account_of(id);
    p = oh_policy_hold(serial, account);
    if (p->offer == OH_OFFER_REFUSE)
        *code = PJSIP_SC_NOT_ACCEPTABLE_HERE;
    else
        apply(&p->offer_setting, opt);
    oh_policy_release(p);
    texts[SDP] = print_sdp(offer, sdp, sizeof(sdp));
    ev = control_event(OH_OFFER, serial, account, texts);
    if (ev)
        ev->code = *code;
    oh_push(oh_out.events, ev);
}

/* Only tells, and leaves the answer to Go where policy says so; on_call_rx_offer, which
 * PJSIP calls next, decides the other cases. */
static void on_call_rx_reinvite(pjsua_call_id id, const pjmedia_sdp_session *offer, pjsip_rx_data *rdata,
                                void *reserved, pj_bool_t *async, pjsip_status_code *code,
                                pjsua_call_setting *opt)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char sdp[PJSIP_MAX_PKT_LEN];
    invite_texts bufs;
    int64_t serial = oh_call_serial(id), account;
    const oh_policy *p;
    waiting *w;
    oh_control *ev;

    (void)reserved;
    (void)code;
    if (!serial)
        return;
    account = account_of(id);
    p = oh_policy_hold(serial, account);
    if (p->offer == OH_OFFER_ASK) {
        *async = PJ_TRUE;
        apply(&p->offer_setting, opt);
    }
    oh_policy_release(p);
    describe_invite(rdata, &bufs, texts);
    texts[SDP] = print_sdp(offer, sdp, sizeof(sdp));
    ev = control_event(OH_REINVITE, serial, account, texts);
    if (ev)
        ev->action = *async ? OH_OFFER_ASK : OH_OFFER_ACCEPT;
    pthread_mutex_lock(&control.mu);
    w = wait_of(id, serial);
    w->reinvite = *async != 0;
    free(w->answer);
    free(w->ask);
    w->answer = NULL;
    w->ask = *async ? ev : NULL;
    pthread_mutex_unlock(&control.mu);
    if (!*async)
        oh_push(oh_out.events, ev);
}

/* Keeps the answer to a re-INVITE that Go is to answer, which PJSIP makes and drops, and
 * asks Go. An offer that PJSIP has no answer to does not get here: it is refused. */
void oh_reinvite_answered(pjsua_call_id id, const pjmedia_sdp_session *sdp, const pjmedia_sdp_session *remote)
{
    int64_t serial = oh_call_serial(id);
    char text[PJSIP_MAX_PKT_LEN];
    oh_control *ask;
    waiting *w;
    int len;

    if (!serial || !remote)
        return;
    pthread_mutex_lock(&control.mu);
    w = wait_of(id, serial);
    if (w->ask && (len = pjmedia_sdp_print(sdp, text, sizeof(text) - 1)) > 0) {
        text[len] = '\0';
        w->answer = strdup(text);
    }
    ask = w->ask;
    w->ask = NULL;
    pthread_mutex_unlock(&control.mu);
    if (ask)
        oh_push(oh_out.events, ask);
}

int oh_reinvite_claim(int64_t serial)
{
    return claim(serial, offsetof(waiting, reinvite));
}

char *oh_reinvite_answer(int64_t serial)
{
    int slot = oh_call_slot(serial);
    char *answer = NULL;
    waiting *w;

    if (slot < 0)
        return NULL;
    pthread_mutex_lock(&control.mu);
    w = wait_of(slot, serial);
    answer = w->answer;
    w->answer = NULL;
    pthread_mutex_unlock(&control.mu);
    return answer;
}

/* Whether a call that is up is in the middle of an offer. The dialog's lock is held. */
static int offering(const pjsua_call *call)
{
    const pjsip_inv_session *inv = call->inv;

    if (!inv || inv->state != PJSIP_INV_STATE_CONFIRMED)
        return 0;
    return inv->invite_tsx || call->reinv_timer.id || call->med_prov_cnt > call->med_cnt ||
           (inv->neg && pjmedia_sdp_neg_get_state(inv->neg) != PJMEDIA_SDP_NEG_STATE_DONE);
}

int oh_offer_pending(int64_t serial)
{
    int slot = oh_call_slot(serial), pending;
    pjsua_call *call;
    pjsip_dialog *dlg = NULL;

    if (slot < 0 || acquire_call("offer", slot, &call, &dlg) != PJ_SUCCESS)
        return 0;
    pthread_mutex_lock(&control.mu);
    pending = !wait_of(slot, serial)->reinvite; /* that would wait for the program */
    pthread_mutex_unlock(&control.mu);
    pending = pending && offering(call);
    if (dlg)
        pjsip_dlg_dec_lock(dlg);
    return pending;
}

static void on_call_tx_offer(pjsua_call_id id, void *reserved, pjsua_call_setting *opt)
{
    int64_t serial = oh_call_serial(id), account;
    const oh_policy *p;

    (void)reserved;
    if (!serial)
        return;
    account = account_of(id);
    p = oh_policy_hold(serial, account);
    apply(&p->late_setting, opt);
    oh_policy_release(p);
    oh_push(oh_out.events, control_event(OH_OFFER_SENT, serial, account, NULL));
}

/*
 * Refused by PJSIP itself
 */

static void on_rejected_incoming_call(const pjsua_on_rejected_incoming_call_param *param)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    invite_texts bufs;
    oh_control *ev;

    texts[REMOTE] = param->remote_info;
    texts[LOCAL] = param->local_info;
    if (param->rdata)
        describe_invite(param->rdata, &bufs, texts);
    texts[REASON] = param->st_text;
    ev = control_event(OH_CALL_REJECTED, oh_call_bound(param->call_id), 0, texts);
    if (ev)
        ev->code = param->st_code;
    oh_push(oh_out.events, ev);
}

void oh_control_callbacks(pjsua_callback *cb)
{
    cb->on_call_transfer_request2 = on_call_transfer_request2;
    cb->on_call_transfer_status = on_call_transfer_status;
    cb->on_call_replace_request2 = on_call_replace_request2;
    cb->on_call_replaced = on_call_replaced;
    cb->on_call_redirected = on_call_redirected;
    cb->on_call_rx_offer = on_call_rx_offer;
    cb->on_call_rx_reinvite = on_call_rx_reinvite;
    cb->on_call_tx_offer = on_call_tx_offer;
    cb->on_rejected_incoming_call = on_rejected_incoming_call;
}
