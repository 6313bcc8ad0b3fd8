/* watcher.c: pjsua's callbacks about those who subscribe to our presence. */
#include "watcher.h"
#include "policy.h"
#include "record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct watcher {
    struct watcher *next;
    int64_t serial, account;
    pjsua_acc_id acc;
    pjsua_srv_pres *pres; /* a name only: PJSUA knows whether it still is one */
    int32_t state;
    int decided; /* by the program */
} watcher;

static struct {
    /* Held while NOTIFY is sent, so that what the program decides is not followed by the
     * NOTIFY that it has not decided. Taken before PJSUA's lock, so in no callback. */
    pthread_mutex_t order;
    pthread_mutex_t mu; /* guards the list; a leaf */
    watcher *list;
} watchers = {.order = PTHREAD_MUTEX_INITIALIZER, .mu = PTHREAD_MUTEX_INITIALIZER};

/* Takes watchers out of the list and frees them. Under mu. */
static void drop(int64_t serial, const pjsua_srv_pres *pres)
{
    watcher **at = &watchers.list;

    while (*at) {
        watcher *w = *at;

        if (w->serial == serial || w->pres == pres) {
            *at = w->next;
            free(w);
        } else {
            at = &w->next;
        }
    }
}

void oh_watcher_clear(void)
{
    pthread_mutex_lock(&watchers.mu);
    while (watchers.list) {
        watcher *w = watchers.list;

        watchers.list = w->next;
        free(w);
    }
    pthread_mutex_unlock(&watchers.mu);
}

pj_status_t oh_watcher_notify(int64_t serial, int64_t account, pjsip_evsub_state state,
                              const pj_str_t *state_name, const pj_str_t *reason, pj_bool_t with_body,
                              const pjsua_msg_data *msg, int *gone)
{
    watcher found = {0};
    pj_status_t status = PJ_EINVALIDOP;
    watcher *w;

    pthread_mutex_lock(&watchers.order);
    pthread_mutex_lock(&watchers.mu);
    for (w = watchers.list; w; w = w->next) {
        /* Account 0 is the timer of ask. */
        if (w->serial == serial && (account ? w->account == account : !w->decided && !w->state)) {
            w->decided |= account != 0;
            found = *w;
        }
    }
    pthread_mutex_unlock(&watchers.mu);
    *gone = found.serial == 0;
    if (!*gone)
        status = pjsua_pres_notify(found.acc, found.pres, state, state_name, reason, with_body, msg);
    if (!*gone && status != PJ_SUCCESS) {
        /* PJSUA has ended the subscription, or did not know it, and says no more of it. */
        pthread_mutex_lock(&watchers.mu);
        drop(serial, NULL);
        pthread_mutex_unlock(&watchers.mu);
        *gone = status == PJ_EINVALIDOP;
    }
    pthread_mutex_unlock(&watchers.order);
    return status;
}

/* Tells a watcher that nobody has decided yet. On a worker thread, when his SUBSCRIBE
 * has been answered. */
static void notify_pending(void *user_data)
{
    int gone;

    oh_watcher_notify((int64_t)(intptr_t)user_data, 0, PJSIP_EVSUB_STATE_PENDING, NULL, NULL, PJ_FALSE, NULL, &gone);
}

/* PJSUA's lock is held. */
static void on_incoming_subscribe(pjsua_acc_id acc, pjsua_srv_pres *pres, pjsua_buddy_id buddy,
                                  const pj_str_t *from, pjsip_rx_data *rdata, pjsip_status_code *code,
                                  pj_str_t *reason, pjsua_msg_data *msg)
{
    pj_str_t texts[OH_SUBSCRIPTION_TEXTS] = {{NULL, 0}};
    char source[PJ_INET6_ADDRSTRLEN + 16];
    const pjsip_expires_hdr *expires;
    int64_t account = oh_account_serial(acc), serial = 0;
    const oh_policy *policy = oh_policy_hold(0, account);
    int32_t action = policy->subscribe, refusal = policy->subscribe_code;
    oh_subscription *s;
    watcher *w;

    (void)msg;
    oh_policy_release(policy);
    if (action != OH_SUBSCRIBE_DECLINE) {
        w = calloc(1, sizeof(*w));
        if (w) {
            serial = oh_mint();
            *w = (watcher){NULL, serial, account, acc, pres, 0, 0};
            pthread_mutex_lock(&watchers.mu);
            drop(0, pres); /* one whose end PJSUA did not tell */
            w->next = watchers.list;
            watchers.list = w;
            pthread_mutex_unlock(&watchers.mu);
        } else {
            action = OH_SUBSCRIBE_DECLINE;
            refusal = PJSIP_SC_INTERNAL_SERVER_ERROR;
        }
    }
    *code = action == OH_SUBSCRIBE_ACCEPT ? PJSIP_SC_OK : PJSIP_SC_ACCEPTED;
    if (action == OH_SUBSCRIBE_DECLINE)
        *code = refusal ? refusal : PJSIP_SC_DECLINE;
    *reason = *pjsip_get_status_text(*code);
    texts[2] = *from;
    texts[6] = (pj_str_t){rdata->msg_info.msg_buf, rdata->msg_info.len};
    texts[7] = oh_source(source, sizeof(source), rdata);
    s = oh_subscription_new(OH_WATCHER_ASKED, texts);
    if (s) {
        s->head.object = serial;
        s->head.account = account;
        s->buddy = oh_buddy_serial(buddy);
        s->code = *code;
        expires = pjsip_msg_find_hdr(rdata->msg_info.msg, PJSIP_H_EXPIRES, NULL);
        s->expires = expires && expires->ivalue < 0x7fffffff ? (int32_t)expires->ivalue : -1;
    }
    oh_push(oh_out.events, s);
    /* Not before the 202: a NOTIFY that cannot be sent ends the subscription, which
     * PJSUA goes on with after this callback. */
    if (action == OH_SUBSCRIBE_ASK)
        pjsua_schedule_timer2(notify_pending, (void *)(intptr_t)serial, 0);
}

/* PJSUA's lock is held. Called for every NOTIFY, too. */
static void on_srv_subscribe_state(pjsua_acc_id acc, pjsua_srv_pres *pres, const pj_str_t *remote,
                                   pjsip_evsub_state state, pjsip_event *e)
{
    const pj_str_t texts[OH_SUBSCRIPTION_TEXTS] = {[2] = *remote};
    int64_t serial = 0, account = 0;
    oh_subscription *s;
    watcher *w;

    (void)acc;
    (void)e;
    pthread_mutex_lock(&watchers.mu);
    for (w = watchers.list; w && w->pres != pres; w = w->next)
        ;
    if (w && w->state != (int32_t)state) {
        serial = w->serial;
        account = w->account;
        w->state = state;
        if (state == PJSIP_EVSUB_STATE_TERMINATED)
            drop(serial, NULL);
    }
    pthread_mutex_unlock(&watchers.mu);
    if (!serial)
        return;
    s = oh_subscription_new(OH_WATCHER, texts);
    if (s) {
        s->head.object = serial;
        s->head.account = account;
        s->state = state;
    }
    oh_push(oh_out.events, s);
}

void oh_watcher_callbacks(pjsua_callback *cb)
{
    cb->on_incoming_subscribe = on_incoming_subscribe;
    cb->on_srv_subscribe_state = on_srv_subscribe_state;
}
