/* account.c: accounts: registrations, which one a request is for, challenges. */
#include "account.h"
#include "record.h"

#include <pjsua-lib/pjsua_internal.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

enum { TEXTS = 4 }; /* of an oh_account_fact */

_Static_assert(offsetof(oh_account_fact, algorithm) - offsetof(oh_account_fact, method) ==
                   (TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_account_fact are an array");

static _Thread_local unsigned registrations_reported;

unsigned oh_registrations_reported(void) { return registrations_reported; }

/* PJSUA's lock is held. */
static void on_reg_state2(pjsua_acc_id acc, pjsua_reg_info *info)
{
    const struct pjsip_regc_cbparam *p = info->cbparam;
    char text[PJ_ERR_MSG_SIZE], response[PJSIP_MAX_PKT_LEN];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    texts[0] = p->reason;
    if (p->status != PJ_SUCCESS)
        texts[0] = pj_strerror(p->status, text, sizeof(text));
    if (p->rdata && p->rdata->msg_info.msg) {
        texts[OH_TEXTS - 1].ptr = response; /* the body */
        texts[OH_TEXTS - 1].slen =
            pjsip_msg_print(p->rdata->msg_info.msg, response, sizeof(response));
    }
    ev = oh_event_new(OH_REGISTRATION, texts);
    if (ev) {
        ev->head.account = oh_account_serial(acc);
        ev->head.status = p->status;
        ev->code = p->code;
        ev->renew = info->renew && !p->is_unreg;
        if (p->status == PJ_SUCCESS && p->code / 100 == 2 &&
            p->expiration != PJSIP_REGC_EXPIRATION_NOT_SPECIFIED)
            ev->expires = (int32_t)p->expiration;
    }
    registrations_reported++;
    oh_push(oh_out.events, ev);
}

static oh_account_fact *fact_new(int type, pjsua_acc_id acc, const pj_str_t texts[TEXTS])
{
    oh_account_fact *f =
        oh_record_new(type, sizeof(*f), offsetof(oh_account_fact, method), texts, texts ? TEXTS : 0);

    if (f)
        f->head.account = oh_account_serial(acc);
    return f;
}

/* PJSUA's lock is held. */
static void on_reg_started2(pjsua_acc_id acc, pjsua_reg_info *info)
{
    oh_account_fact *f = fact_new(OH_REGISTRATION_STARTED, acc, NULL);

    if (f)
        f->renew = info->renew;
    oh_push(oh_out.events, f);
}

/*
 * Which account a request is for
 */

static struct {
    pthread_mutex_t mu; /* a leaf */
    oh_match *list;
    unsigned count;
} rules = {.mu = PTHREAD_MUTEX_INITIALIZER};

int oh_matches_set(const oh_match *list, unsigned count)
{
    oh_match *copy = NULL;

    if (count && !(copy = malloc(count * sizeof(*copy))))
        return 0;
    if (count)
        memcpy(copy, list, count * sizeof(*copy));
    pthread_mutex_lock(&rules.mu);
    free(rules.list);
    rules.list = copy;
    rules.count = count;
    pthread_mutex_unlock(&rules.mu);
    return 1;
}

static int fits(const char *want, const pj_str_t *have)
{
    size_t len = strlen(want);

    return !len || ((pj_ssize_t)len == have->slen && !strncasecmp(want, have->ptr, len));
}

static const pj_str_t *line_of(const pjsip_sip_uri *uri)
{
    static const pj_str_t none = {NULL, 0}, name = {"line", 4};
    const pjsip_param *p = pjsip_param_find(&uri->other_param, &name);

    return p ? &p->value : &none;
}

/* The slot of an account, whose user data is its serial. */
static pjsua_acc_id account_slot(int64_t serial)
{
    pjsua_acc_id id;

    for (id = 0; id < PJSUA_MAX_ACC; id++) {
        if (oh_account_serial(id) == serial)
            return id;
    }
    return PJSUA_INVALID_ID;
}

/* The number of the first rule that fits and whose account is there, -1: none. */
static int matching_rule(const pjsip_sip_uri *uri, pjsua_acc_id *acc)
{
    unsigned i;
    int found = -1;

    pthread_mutex_lock(&rules.mu);
    for (i = 0; i < rules.count && found < 0; i++) {
        const oh_match *r = &rules.list[i];
        pjsua_acc_id id;

        if (fits(r->user, &uri->user) && fits(r->domain, &uri->host) && fits(r->line, line_of(uri)) &&
            (id = account_slot(r->account)) != PJSUA_INVALID_ID) {
            *acc = id;
            found = (int)i;
        }
    }
    pthread_mutex_unlock(&rules.mu);
    return found;
}

/* Without a rule that fits, pjsua's choice stands and nothing is reported. */
static void on_acc_find_for_incoming(const pjsip_rx_data *rdata, pjsua_acc_id *acc)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    pjsip_uri *uri = msg->line.req.uri;
    pjsua_acc_id before = *acc;
    char text[PJSIP_MAX_URL_SIZE];
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    oh_account_fact *f;
    int rule, len;

    if (msg->type != PJSIP_REQUEST_MSG ||
        (!PJSIP_URI_SCHEME_IS_SIP(uri) && !PJSIP_URI_SCHEME_IS_SIPS(uri)))
        return;
    rule = matching_rule(pjsip_uri_get_uri(uri), acc);
    if (rule < 0)
        return;
    len = pjsip_uri_print(PJSIP_URI_IN_REQ_URI, uri, text, sizeof(text));
    texts[0] = msg->line.req.method.name;
    texts[1] = (pj_str_t){text, len > 0 ? len : 0};
    f = fact_new(OH_ACCOUNT_MATCHED, *acc, texts);
    if (f) {
        f->rule = rule;
        f->default_acc = oh_account_serial(before);
    }
    oh_push(oh_out.events, f);
}

/*
 * Challenges
 */

/* handled stays false: PJSIP answers with the credentials that it has. */
static void on_auth_challenge(pjsua_on_auth_challenge_param *param)
{
    const pjsip_msg *msg = param->rdata->msg_info.msg;
    const pjsip_hdr *h;

    for (h = msg->hdr.next; h != &msg->hdr; h = h->next) {
        const pjsip_www_authenticate_hdr *a = (const pjsip_www_authenticate_hdr *)h;
        pj_str_t texts[TEXTS] = {{NULL, 0}};
        oh_account_fact *f;

        if (h->type != PJSIP_H_WWW_AUTHENTICATE && h->type != PJSIP_H_PROXY_AUTHENTICATE)
            continue;
        if (param->tdata && param->tdata->msg)
            texts[0] = param->tdata->msg->line.req.method.name;
        texts[1] = a->scheme;
        texts[2] = a->challenge.common.realm;
        if (!pj_stricmp2(&a->scheme, "digest")) {
            texts[2] = a->challenge.digest.realm;
            texts[3] = a->challenge.digest.algorithm;
        }
        f = fact_new(OH_CHALLENGED, param->acc_id, texts);
        if (f) {
            f->code = msg->line.status.code;
            f->stale = !pj_stricmp2(&a->scheme, "digest") && a->challenge.digest.stale;
            if (param->call_id != PJSUA_INVALID_ID)
                f->head.call = oh_call_serial(param->call_id);
        }
        oh_push(oh_out.events, f);
    }
}

/*
 * Changing and looking
 */

pj_status_t oh_account_modify(int slot, const pjsua_acc_config *cfg)
{
    pjsua_acc_config *c;

    if (!pjsua_acc_is_valid(slot))
        return PJ_EINVAL;
    /* Before pjsua_acc_modify, which may register with them. */
    PJSUA_LOCK();
    c = &pjsua_var.acc[slot].cfg;
    c->contact_rewrite_method = cfg->contact_rewrite_method;
    c->contact_use_src_port = cfg->contact_use_src_port;
    c->allow_sdp_nat_rewrite = cfg->allow_sdp_nat_rewrite;
    c->sip_upnp_use = cfg->sip_upnp_use;
    c->media_upnp_use = cfg->media_upnp_use;
    c->use_loop_med_tp = cfg->use_loop_med_tp;
    c->enable_loopback = cfg->enable_loopback;
    c->disable_reg_on_modify = cfg->disable_reg_on_modify;
    c->auto_repond_sip_message = cfg->auto_repond_sip_message;
    c->ip_change_cfg.reinv_use_update = cfg->ip_change_cfg.reinv_use_update;
    /* pjsua_acc_modify adds one credential at most to those that there are. */
    for (; c->cred_count < cfg->cred_count; c->cred_count++)
        pj_bzero(&c->cred_info[c->cred_count], sizeof(c->cred_info[0]));
    PJSUA_UNLOCK();
    return pjsua_acc_modify(slot, cfg);
}

void oh_account_set_register_on_add(int slot, pj_bool_t on)
{
    PJSUA_LOCK();
    pjsua_var.acc[slot].cfg.register_on_acc_add = on;
    PJSUA_UNLOCK();
}

enum oh_busy oh_account_busy(int slot)
{
    enum oh_busy busy = OH_IDLE;
    pjsua_call_id id;

    PJSUA_LOCK();
    for (id = 0; id < PJSUA_MAX_CALLS && busy != OH_BUSY; id++) {
        const pjsua_call *call = &pjsua_var.calls[id];

        if (call->acc_id == slot && (call->inv || call->async_call.dlg))
            busy = oh_call_bound(id) ? OH_BUSY : OH_ENDING;
    }
    PJSUA_UNLOCK();
    return busy;
}

int oh_transport_bound(int slot)
{
    int bound = 0;
    pjsua_acc_id id;

    PJSUA_LOCK();
    for (id = 0; id < PJSUA_MAX_ACC && !bound; id++)
        bound = pjsua_var.acc[id].valid && pjsua_var.acc[id].cfg.transport_id == slot;
    PJSUA_UNLOCK();
    return bound;
}

void oh_account_callbacks(pjsua_callback *cb)
{
    cb->on_reg_started2 = on_reg_started2;
    cb->on_reg_state2 = on_reg_state2;
    cb->on_acc_find_for_incoming = on_acc_find_for_incoming;
    cb->on_auth_challenge = on_auth_challenge;
}
