/* request.c: requests that the program sends, and answers to those that nobody else
 * handles.
 *
 * Locks: rules.mu and waiting.mu are leaves; nothing of PJSIP's that can wait is called
 * under them. What waits for the program's answer lives in the pool of its transaction,
 * which a reference of its group lock keeps.
 */
#include "im.h"
#include "message.h"

#include <pthread.h>
#include <string.h>

/*
 * Sending
 */

static pjsip_module request_module; /* before pjsua's own, for rules */
static pjsip_module last_module;    /* after them: what nobody handles */

/* The serial of the OH_REQUEST_ANSWERED that was pushed last on this thread: a request
 * that cannot be sent is reported both by that and by an error. */
static _Thread_local int64_t answered;

/* The serial of the request that pjsua_call_send_request makes on this thread. */
static _Thread_local int64_t sending;

void oh_request_answered(int64_t serial, int64_t call, int64_t account, const pjsip_transaction *tsx, pjsip_event *e)
{
    const pj_str_t texts[OH_REQUEST_TEXTS] = {tsx->method.name, tsx->status_text, oh_event_message(e), {NULL, 0}};
    oh_request *ev = oh_record_new(OH_REQUEST_ANSWERED, sizeof(*ev), offsetof(oh_request, method), texts, OH_REQUEST_TEXTS);

    if (ev) {
        ev->head.call = call;
        ev->head.account = account;
        ev->head.object = serial;
        ev->code = tsx->status_code;
    }
    answered = serial;
    oh_push(oh_out.events, ev);
}

/* What the token of pjsua_acc_send_request says, for a request that was sent again. */
typedef struct retry {
    pjsua_acc_id acc;
    void *token;
} retry;

enum { MAX_RETRIES = 3 }; /* of a server that always finds the nonce stale */

static void on_acc_send_request(pjsua_acc_id acc, void *token, pjsip_event *e);

static void on_retry(void *data, pjsip_event *e)
{
    const retry *r = data;

    on_acc_send_request(r->acc, r->token, e);
}

/* Answers a challenge with the account's credentials, which pjsua leaves to its user.
 * 1: the request is on its way again. */
static int authenticate(pjsua_acc_id acc, void *token, pjsip_event *e)
{
    pjsip_transaction *tsx = e->body.tsx_state.tsx;
    pjsip_endpoint *endpt = pjsua_get_pjsip_endpt();
    pjsip_auth_clt_sess sess;
    pjsip_tx_data *tdata;
    pjsua_acc_config *cfg;
    pj_pool_t *pool;
    intptr_t tries;
    retry *r;
    int sent = 0;

    if ((tsx->status_code != 401 && tsx->status_code != 407) || e->body.tsx_state.type != PJSIP_EVENT_RX_MSG ||
        !pjsua_acc_is_valid(acc))
        return 0;
    tries = (intptr_t)tsx->last_tx->mod_data[request_module.id];
    pool = tries < MAX_RETRIES ? pjsua_pool_create("auth", 4096, 4096) : NULL;
    if (!pool)
        return 0;
    cfg = PJ_POOL_ZALLOC_T(pool, pjsua_acc_config);
    if (pjsua_acc_get_config(acc, pool, cfg) == PJ_SUCCESS && cfg->cred_count > 0 &&
        pjsip_auth_clt_init(&sess, endpt, pool, 0) == PJ_SUCCESS) {
        pjsip_auth_clt_set_credentials(&sess, (int)cfg->cred_count, cfg->cred_info);
        pjsip_auth_clt_set_prefs(&sess, &cfg->auth_pref);
        if (pjsip_auth_clt_reinit_req(&sess, e->body.tsx_state.src.rdata, tsx->last_tx, &tdata) == PJ_SUCCESS) {
            r = PJ_POOL_ALLOC_T(tdata->pool, retry);
            *r = (retry){acc, token};
            tdata->mod_data[request_module.id] = (void *)(tries + 1);
            PJSIP_MSG_CSEQ_HDR(tdata->msg)->cseq++;
            /* A failure is told to on_retry, from where on it is that of the request. */
            pjsip_endpt_send_request(endpt, tdata, -1, r, on_retry);
            sent = 1;
        }
        pjsip_auth_clt_deinit(&sess);
    }
    pj_pool_release(pool);
    return sent;
}

static void on_acc_send_request(pjsua_acc_id acc, void *token, pjsip_event *e)
{
    if (e->type != PJSIP_EVENT_TSX_STATE || authenticate(acc, token, e))
        return;
    oh_request_answered((int64_t)(intptr_t)token, 0, oh_account_serial(acc), e->body.tsx_state.tsx, e);
}

pj_status_t oh_request_send(pjsua_acc_id acc, const pj_str_t *method, const pj_str_t *uri, int bare, int64_t serial,
                            const pjsua_msg_data *msg)
{
    void *token = (void *)(intptr_t)serial;
    pjsip_tx_data *tdata;
    pjsip_method m;
    pj_status_t status;
    retry *r;

    answered = 0;
    if (!bare) {
        status = pjsua_acc_send_request(acc, uri, method, NULL, token, msg);
    } else {
        pjsip_method_init_np(&m, (pj_str_t *)method);
        status = pjsua_acc_create_request(acc, &m, uri, &tdata);
        if (status == PJ_SUCCESS) {
            oh_message_fill(tdata, msg);
            r = PJ_POOL_ALLOC_T(tdata->pool, retry);
            *r = (retry){acc, token};
            status = pjsip_endpt_send_request(pjsua_get_pjsip_endpt(), tdata, -1, r, on_retry);
        }
    }
    return answered == serial ? PJ_SUCCESS : status;
}

pj_status_t oh_call_request_send(pjsua_call_id call, const pj_str_t *method, int64_t serial, const pjsua_msg_data *msg)
{
    pj_status_t status = oh_call_in_dialog(call);

    if (status != PJ_SUCCESS)
        return status;
    answered = 0;
    sending = serial;
    status = pjsua_call_send_request(call, method, msg);
    sending = 0;
    return answered == serial ? PJ_SUCCESS : status;
}

int64_t oh_request_sending(void)
{
    return sending;
}

void oh_message_fill(pjsip_tx_data *tdata, const pjsua_msg_data *msg)
{
    const pjsip_hdr *h;
    pj_str_t type, subtype;
    char *slash;

    if (!msg)
        return;
    if (msg->target_uri.slen > 0 && tdata->msg->type == PJSIP_REQUEST_MSG) {
        pj_str_t uri;
        pjsip_uri *target;

        pj_strdup_with_null(tdata->pool, &uri, &msg->target_uri);
        target = pjsip_parse_uri(tdata->pool, uri.ptr, (pj_size_t)uri.slen, 0);
        if (target)
            tdata->msg->line.req.uri = target;
    }
    for (h = msg->hdr_list.next; h != &msg->hdr_list; h = h->next)
        pjsip_msg_add_hdr(tdata->msg, pjsip_hdr_clone(tdata->pool, h));
    slash = pj_strchr(&msg->content_type, '/');
    if (!slash)
        return;
    type.ptr = msg->content_type.ptr;
    type.slen = slash - type.ptr;
    subtype.ptr = slash + 1;
    subtype.slen = msg->content_type.slen - type.slen - 1;
    tdata->msg->body = pjsip_msg_body_create(tdata->pool, &type, &subtype, &msg->msg_body);
}

/*
 * Rules
 */

static struct {
    pthread_mutex_t mu;
    pj_pool_t *pool; /* of all that follows */
    oh_rule *list;
} rules = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* The rule for a method; an empty one matches what has none of its own. Under mu. */
static const oh_rule *find_rule(const pj_str_t *method, int in_call, int named)
{
    const oh_rule *r, *any = NULL;

    for (r = rules.list; r; r = r->next) {
        if (r->scope && (r->scope == OH_IN_CALL) != (in_call != 0))
            continue;
        if (pj_strcmp(&r->method, method) == 0)
            return r;
        if (!r->method.slen && !any)
            any = r;
    }
    return named ? NULL : any;
}

void oh_rules_set(pj_pool_t *pool, oh_rule *list)
{
    pj_pool_t *old;

    pthread_mutex_lock(&rules.mu);
    old = rules.pool;
    rules.pool = pool;
    rules.list = list;
    pthread_mutex_unlock(&rules.mu);
    if (old)
        pj_pool_release(old);
}

/*
 * Answering
 */

typedef struct waiting_request {
    PJ_DECL_LIST_MEMBER(struct waiting_request);
    int64_t serial;
    pjsip_transaction *tsx;
    pjsip_tx_data *tdata; /* the response */
    pj_timer_entry timer;
} waiting_request;

static struct {
    pthread_mutex_t mu;
    waiting_request list;
} waiting = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* The request leaves the list, for who gets it. NULL: another did. */
static waiting_request *take(int64_t serial)
{
    waiting_request *w, *found = NULL;

    pthread_mutex_lock(&waiting.mu);
    for (w = waiting.list.next; w != &waiting.list && !found; w = w->next) {
        if (w->serial == serial || serial == 0)
            found = w;
    }
    if (found)
        pj_list_erase(found);
    pthread_mutex_unlock(&waiting.mu);
    return found;
}

/* Sends the response, unless the transaction has ended, because its connection broke for
 * example. */
static pj_status_t send_response(pjsip_transaction *tsx, pjsip_tx_data *tdata)
{
    pj_status_t status = PJSIP_ETSXDESTROYED;

    pj_grp_lock_acquire(tsx->grp_lock);
    if (tsx->state < PJSIP_TSX_STATE_COMPLETED)
        status = pjsip_tsx_send_msg(tsx, tdata);
    if (status != PJ_SUCCESS)
        pjsip_tx_data_dec_ref(tdata);
    pj_grp_lock_release(tsx->grp_lock);
    return status;
}

static pj_status_t finish(waiting_request *w)
{
    pjsip_transaction *tsx = w->tsx;
    pj_status_t status;

    pjsip_endpt_cancel_timer(pjsua_get_pjsip_endpt(), &w->timer);
    status = send_response(tsx, w->tdata);
    pj_grp_lock_dec_ref(tsx->grp_lock); /* w may be gone */
    return status;
}

static void on_timeout(pj_timer_heap_t *heap, pj_timer_entry *entry)
{
    waiting_request *w = take(((waiting_request *)entry->user_data)->serial);

    (void)heap;
    if (w)
        finish(w);
}

static void set_status(pjsip_tx_data *tdata, int code, const pj_str_t *reason)
{
    tdata->msg->line.status.code = code;
    if (reason && reason->slen > 0)
        pj_strdup(tdata->pool, &tdata->msg->line.status.reason, reason);
    else
        tdata->msg->line.status.reason = *pjsip_get_status_text(code);
}

static void wait_for_answer(pjsip_transaction *tsx, pjsip_tx_data *tdata, int64_t serial, unsigned ms)
{
    waiting_request *w = PJ_POOL_ZALLOC_T(tsx->pool, waiting_request);
    pj_time_val delay = {ms / 1000, ms % 1000};

    w->serial = serial;
    w->tsx = tsx;
    w->tdata = tdata;
    pj_timer_entry_init(&w->timer, 0, w, on_timeout);
    pj_grp_lock_add_ref(tsx->grp_lock);
    pthread_mutex_lock(&waiting.mu);
    pj_list_push_back(&waiting.list, w);
    pthread_mutex_unlock(&waiting.mu);
    if (pjsip_endpt_schedule_timer_w_grp_lock(pjsua_get_pjsip_endpt(), &w->timer, &delay, 1, tsx->grp_lock) != PJ_SUCCESS) {
        w = take(serial);
        if (w)
            finish(w);
    }
}

pj_status_t oh_request_respond(int64_t serial, int code, const pj_str_t *reason, const pjsua_msg_data *msg)
{
    waiting_request *w = take(serial);

    if (!w)
        return PJ_ENOTFOUND;
    set_status(w->tdata, code, reason);
    oh_message_fill(w->tdata, msg);
    return finish(w);
}

void oh_requests_close(void)
{
    waiting_request *w;

    while ((w = take(0)) != NULL) {
        set_status(w->tdata, PJSIP_SC_SERVICE_UNAVAILABLE, NULL);
        finish(w);
    }
    oh_rules_set(NULL, NULL);
}

static void add_capability(pjsip_tx_data *tdata, int type)
{
    const pjsip_hdr *h = pjsip_endpt_get_capability(pjsua_get_pjsip_endpt(), type, NULL);

    if (h)
        pjsip_msg_add_hdr(tdata->msg, pjsip_hdr_clone(tdata->pool, h));
}

static void add_header(pjsip_tx_data *tdata, const char *name, const char *value)
{
    pj_str_t n = pj_str((char *)name), v = pj_str((char *)value);

    pjsip_msg_add_hdr(tdata->msg, (pjsip_hdr *)pjsip_generic_string_hdr_create(tdata->pool, &n, &v));
}

/* The answer to what nobody has a rule for, by the RFC that made the method. */
static void answer_unknown(pjsip_tx_data *tdata, const pjsip_rx_data *rdata, int in_call)
{
    const pj_str_t info_package = {"Info-Package", 12};
    const pjsip_msg *msg = rdata->msg_info.msg;
    const pj_str_t *method = &msg->line.req.method.name;

    if (in_call && pj_strcmp2(method, "INFO") == 0) {
        if (pjsip_msg_find_hdr_by_name(msg, &info_package, NULL)) { /* RFC 6086 section 4.2.2 */
            const pj_str_t reason = {"Bad Info Package", 16};

            set_status(tdata, 469, &reason);
            add_header(tdata, "Recv-Info", "nil");
        } else if (msg->body) { /* RFC 2976 section 2.2 */
            set_status(tdata, PJSIP_SC_UNSUPPORTED_MEDIA_TYPE, NULL);
            add_header(tdata, "Accept", "application/dtmf-relay, application/media_control+xml");
        } else {
            set_status(tdata, PJSIP_SC_OK, NULL);
        }
    } else if (in_call && pj_strcmp2(method, "OPTIONS") == 0) { /* RFC 3261 section 11.2 */
        set_status(tdata, PJSIP_SC_OK, NULL);
        add_capability(tdata, PJSIP_H_ALLOW);
        add_capability(tdata, PJSIP_H_ACCEPT);
        add_capability(tdata, PJSIP_H_SUPPORTED);
    } else if (!in_call && (pj_strcmp2(method, "NOTIFY") == 0 || pj_strcmp2(method, "INFO") == 0)) {
        /* RFC 6665 section 4.1.3. In a call a 481 could end that (RFC 5057 section 5.1). */
        set_status(tdata, PJSIP_SC_CALL_TSX_DOES_NOT_EXIST, NULL);
    } else if (pj_strcmp2(method, "SUBSCRIBE") == 0 || pj_strcmp2(method, "NOTIFY") == 0 ||
               pj_strcmp2(method, "PUBLISH") == 0) { /* section 4.2.1 */
        set_status(tdata, PJSIP_SC_BAD_EVENT, NULL);
        pjsip_msg_add_hdr(tdata->msg, pjsip_hdr_clone(tdata->pool, pjsip_evsub_get_allow_events_hdr(NULL)));
    } else { /* RFC 3261 section 8.2.1 */
        set_status(tdata, PJSIP_SC_METHOD_NOT_ALLOWED, NULL);
        add_capability(tdata, PJSIP_H_ALLOW);
    }
}

/* Answers or lets wait. tsx is in state TRYING; call and account are serials. */
static void answer(pjsip_transaction *tsx, pjsip_rx_data *rdata, int64_t call, int64_t account)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    int64_t serial = oh_mint();
    char source[PJ_MAX_HOSTNAME + 16];
    pj_str_t texts[OH_REQUEST_TEXTS] = {msg->line.req.method.name, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    const oh_rule *rule;
    pjsip_tx_data *tdata;
    unsigned wait = 0;
    oh_request *ev;

    if (pjsip_endpt_create_response(pjsua_get_pjsip_endpt(), rdata, 500, NULL, &tdata) != PJ_SUCCESS)
        return;
    pthread_mutex_lock(&rules.mu);
    rule = find_rule(&msg->line.req.method.name, call != 0, 0);
    if (rule) {
        set_status(tdata, rule->code, &rule->reason);
        wait = rule->wait_ms;
        if (!wait)
            oh_message_fill(tdata, rule->msg);
    }
    pthread_mutex_unlock(&rules.mu);
    if (!rule)
        answer_unknown(tdata, rdata, call != 0);

    texts[2].ptr = rdata->msg_info.msg_buf;
    texts[2].slen = rdata->msg_info.len;
    texts[3] = oh_source(source, sizeof(source), rdata);
    ev = oh_record_new(OH_REQUEST_RECEIVED, sizeof(*ev), offsetof(oh_request, method), texts, OH_REQUEST_TEXTS);
    if (ev) {
        ev->head.call = call;
        ev->head.account = account;
        ev->head.object = serial;
        ev->code = wait ? 0 : tdata->msg->line.status.code;
        ev->asked = wait != 0;
        ev->transport = (int32_t)rdata->tp_info.transport->key.type;
    }
    /* First in the list and then in the queue: the program may answer at once. */
    if (wait && ev) {
        wait_for_answer(tsx, tdata, serial, wait);
    } else {
        send_response(tsx, tdata);
    }
    oh_push(oh_out.events, ev);
}

void oh_request_in_call(pjsip_transaction *tsx, pjsip_rx_data *rdata, int64_t call)
{
    answer(tsx, rdata, call, 0);
}

int oh_request_is_ours(const pjsip_method *method)
{
    switch (method->id) {
    case PJSIP_INVITE_METHOD:
    case PJSIP_ACK_METHOD:
    case PJSIP_BYE_METHOD:
    case PJSIP_CANCEL_METHOD:
        return 0;
    default:
        return pj_strcmp2(&method->name, "PRACK") && pj_strcmp2(&method->name, "UPDATE");
    }
}

/* Requests without a dialog; retransmissions and those of a dialog went to their
 * transaction or dialog before. */
static pj_bool_t on_rx_request(pjsip_rx_data *rdata, int named)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    pjsip_transaction *tsx;
    int found;

    if (!oh_request_is_ours(&msg->line.req.method) || pjsip_rdata_get_dlg(rdata) || pjsip_rdata_get_tsx(rdata))
        return PJ_FALSE;
    if (named) {
        pthread_mutex_lock(&rules.mu);
        found = find_rule(&msg->line.req.method.name, 0, 1) != NULL;
        pthread_mutex_unlock(&rules.mu);
        if (!found)
            return PJ_FALSE;
    }
    if (pjsip_tsx_create_uas2(&request_module, rdata, NULL, &tsx) != PJ_SUCCESS)
        return PJ_FALSE;
    pjsip_tsx_recv_msg(tsx, rdata);
    answer(tsx, rdata, 0, oh_account_serial(pjsua_acc_find_for_incoming(rdata)));
    return PJ_TRUE;
}

static pj_bool_t on_named_request(pjsip_rx_data *rdata)
{
    return on_rx_request(rdata, 1);
}

static pj_bool_t on_other_request(pjsip_rx_data *rdata)
{
    return on_rx_request(rdata, 0);
}

pj_status_t oh_request_register(void)
{
    pjsip_endpoint *endpt = pjsua_get_pjsip_endpt();
    pj_status_t status;

    request_module = (pjsip_module){
        .name = {"mod-offhook-request", 19},
        .id = -1,
        .priority = PJSIP_MOD_PRIORITY_APPLICATION - 1,
        .on_rx_request = on_named_request,
    };
    last_module = (pjsip_module){
        .name = {"mod-offhook-last", 16},
        .id = -1,
        .priority = PJSIP_MOD_PRIORITY_APPLICATION + 1,
        .on_rx_request = on_other_request,
    };
    pj_list_init(&waiting.list);
    status = pjsip_endpt_register_module(endpt, &request_module);
    if (status == PJ_SUCCESS)
        status = pjsip_endpt_register_module(endpt, &last_module);
    return status;
}

void oh_request_callbacks(pjsua_callback *cb)
{
    cb->on_acc_send_request = on_acc_send_request;
}
