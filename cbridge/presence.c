/* presence.c: buddies and message waiting. */
#include "presence.h"
#include "record.h"

#include <pthread.h>
#include <string.h>

enum { TEXTS = 8 }; /* of an oh_subscription */

_Static_assert(offsetof(oh_subscription, source) - offsetof(oh_subscription, state_name) ==
                   (TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_subscription are an array");

/* What is known of the buddy in each slot of pjsua. */
typedef struct buddy_entry {
    int64_t serial; /* 0: none */
    int64_t account;
    int32_t package; /* of its subscription, 0: none */
    int32_t state;
    oh_subscription *notified; /* the last OH_NOTIFIED with a body */
    char contact[PJSIP_MAX_URL_SIZE]; /* PJSUA misses the answer that it takes it from */
    int contact_len;
} buddy_entry;

static struct {
    pthread_mutex_t mu; /* guards what follows; a leaf */
    buddy_entry buddies[PJSUA_MAX_BUDDIES];
    struct {
        int64_t account;
        int32_t state;
    } mwi[PJSUA_MAX_ACC]; /* of the subscription in each slot of accounts */
} presence = {.mu = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local unsigned reported;

unsigned oh_subscriptions_reported(void) { return reported; }

oh_subscription *oh_subscription_new(int type, const pj_str_t texts[OH_SUBSCRIPTION_TEXTS])
{
    _Static_assert((int)OH_SUBSCRIPTION_TEXTS == (int)TEXTS, "record.h says how many");
    return oh_record_new(type, sizeof(oh_subscription), offsetof(oh_subscription, state_name), texts, TEXTS);
}

/*
 * The table of buddies
 */

static void reset(buddy_entry *e)
{
    oh_record_free(e->notified);
    *e = (buddy_entry){0};
}

void oh_buddy_bind(int slot, int64_t serial, int64_t account)
{
    pthread_mutex_lock(&presence.mu);
    reset(&presence.buddies[slot]);
    presence.buddies[slot].serial = serial;
    presence.buddies[slot].account = account;
    pthread_mutex_unlock(&presence.mu);
}

void oh_buddy_unbind(int slot) { oh_buddy_bind(slot, 0, 0); }

int oh_buddy_slot(int64_t serial)
{
    int i, slot = -1;

    pthread_mutex_lock(&presence.mu);
    for (i = 0; i < PJSUA_MAX_BUDDIES && slot < 0; i++) {
        if (serial && presence.buddies[i].serial == serial)
            slot = i;
    }
    pthread_mutex_unlock(&presence.mu);
    return slot;
}

int oh_buddy_of_account(int64_t account)
{
    int i, slot = -1;

    pthread_mutex_lock(&presence.mu);
    for (i = 0; i < PJSUA_MAX_BUDDIES && slot < 0; i++) {
        if (presence.buddies[i].serial && presence.buddies[i].account == account)
            slot = i;
    }
    pthread_mutex_unlock(&presence.mu);
    return slot;
}

int64_t oh_buddy_serial(int slot)
{
    int64_t serial = 0;

    if (slot >= 0 && slot < PJSUA_MAX_BUDDIES) {
        pthread_mutex_lock(&presence.mu);
        serial = presence.buddies[slot].serial;
        pthread_mutex_unlock(&presence.mu);
    }
    return serial;
}

int oh_buddy_package(int slot)
{
    int package;

    pthread_mutex_lock(&presence.mu);
    package = presence.buddies[slot].package;
    pthread_mutex_unlock(&presence.mu);
    return package;
}

void oh_presence_clear(void)
{
    int i;

    pthread_mutex_lock(&presence.mu);
    for (i = 0; i < PJSUA_MAX_BUDDIES; i++) {
        if (presence.buddies[i].serial)
            reset(&presence.buddies[i]);
    }
    memset(presence.mwi, 0, sizeof(presence.mwi));
    pthread_mutex_unlock(&presence.mu);
}

/*
 * Callbacks
 */

/* The NOTIFY that an event is about, NULL when it is about none. */
static pjsip_rx_data *notify_of(const pjsip_event *e)
{
    if (e->type != PJSIP_EVENT_TSX_STATE || e->body.tsx_state.type != PJSIP_EVENT_RX_MSG ||
        e->body.tsx_state.tsx->role != PJSIP_ROLE_UAS ||
        pjsip_method_cmp(&e->body.tsx_state.tsx->method, &pjsip_notify_method) != 0)
        return NULL;
    return e->body.tsx_state.src.rdata;
}

/* The code that ended a subscription, as pjsua_buddy_info.sub_term_code has it. */
static int32_t end_code(const pjsip_event *e)
{
    if (e->type == PJSIP_EVENT_TSX_STATE &&
        pjsip_method_cmp(&e->body.tsx_state.tsx->method, &pjsip_subscribe_method) == 0)
        return e->body.tsx_state.tsx->status_code;
    return 200;
}

/* The far end's Contact in the answer to SUBSCRIBE or in NOTIFY; its length, 0: none. */
static int contact_of(const pjsip_event *e, char *buf, size_t size)
{
    const pjsip_contact_hdr *contact;
    int len = 0;

    if (e->type != PJSIP_EVENT_TSX_STATE || e->body.tsx_state.type != PJSIP_EVENT_RX_MSG)
        return 0;
    contact = pjsip_msg_find_hdr(e->body.tsx_state.src.rdata->msg_info.msg, PJSIP_H_CONTACT, NULL);
    if (contact && contact->uri)
        len = pjsip_uri_print(PJSIP_URI_IN_CONTACT_HDR, pjsip_uri_get_uri(contact->uri), buf, size);
    return len > 0 ? len : 0;
}

static oh_subscription *state_record(int type, int package, pjsip_evsub *sub, const pjsip_event *e,
                                     const pjsip_rx_data *notify)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char mime[512], source[PJ_INET6_ADDRSTRLEN + 16];
    pjsip_evsub_state state = pjsip_evsub_get_state(sub);
    oh_subscription *s;

    texts[0] = pj_str((char *)pjsip_evsub_get_state_name(sub));
    if (state == PJSIP_EVSUB_STATE_TERMINATED)
        texts[1] = *pjsip_evsub_get_termination_reason(sub);
    if (notify) {
        texts[4] = oh_media_type(mime, sizeof(mime), notify->msg_info.msg->body);
        texts[5] = oh_body(notify->msg_info.msg->body);
        texts[6] = (pj_str_t){notify->msg_info.msg_buf, notify->msg_info.len};
        texts[7] = oh_source(source, sizeof(source), notify);
    }
    s = oh_subscription_new(type, texts);
    if (s) {
        s->package = package;
        s->state = state;
        s->expires = (int32_t)pjsip_evsub_get_expires(sub);
        if (state == PJSIP_EVSUB_STATE_TERMINATED) {
            s->code = e ? end_code(e) : 0;
            s->expires = 0;
        }
    }
    return s;
}

/* The dialog of the subscription is locked: callbacks of one buddy come one by one. */
static void buddy_changed(pjsua_buddy_id id, int package, pjsip_evsub *sub, pjsip_event *e)
{
    pjsip_evsub_state state = pjsip_evsub_get_state(sub);
    int ended = state == PJSIP_EVSUB_STATE_TERMINATED, changed;
    pjsip_rx_data *notify = notify_of(e);
    char contact[PJSIP_MAX_URL_SIZE];
    int contact_len = contact_of(e, contact, sizeof(contact));
    oh_subscription *s, *kept = NULL;
    int64_t serial, account;
    buddy_entry *b;

    if (id < 0 || id >= PJSUA_MAX_BUDDIES)
        return;
    if (notify && notify->msg_info.msg->body && !ended)
        kept = state_record(OH_NOTIFIED, package, sub, e, notify);
    pthread_mutex_lock(&presence.mu);
    b = &presence.buddies[id];
    serial = b->serial;
    account = b->account;
    changed = b->package != package || b->state != (int32_t)state;
    b->package = ended ? 0 : package;
    b->state = ended ? 0 : (int32_t)state;
    if (ended || kept) {
        oh_record_free(b->notified);
        b->notified = kept;
    }
    if (contact_len) {
        memcpy(b->contact, contact, (size_t)contact_len);
        b->contact_len = contact_len;
    }
    if (!serial)
        reset(b);
    pthread_mutex_unlock(&presence.mu);
    if (!serial)
        return; /* was removed */
    if (changed) {
        s = state_record(OH_SUBSCRIPTION, package, sub, e, NULL);
        if (s) {
            s->head.object = serial;
            s->head.account = account;
        }
        reported++;
        oh_push(oh_out.events, s);
    }
    if (notify || ended) {
        s = state_record(OH_NOTIFIED, package, sub, e, notify);
        if (s) {
            s->head.object = serial;
            s->head.account = account;
            s->ended = ended;
        }
        oh_push(oh_out.events, s);
    }
}

static void on_buddy_evsub_state(pjsua_buddy_id id, pjsip_evsub *sub, pjsip_event *e)
{
    buddy_changed(id, OH_PRESENCE, sub, e);
}

static void on_buddy_evsub_dlg_event_state(pjsua_buddy_id id, pjsip_evsub *sub, pjsip_event *e)
{
    buddy_changed(id, OH_DIALOG, sub, e);
}

/* Called for every NOTIFY, too. */
static void on_mwi_state(pjsua_acc_id acc, pjsip_evsub *sub)
{
    int64_t account = oh_account_serial(acc);
    int32_t state = pjsip_evsub_get_state(sub);
    oh_subscription *s;
    int changed;

    pthread_mutex_lock(&presence.mu);
    changed = presence.mwi[acc].account != account || presence.mwi[acc].state != state;
    presence.mwi[acc].account = account;
    presence.mwi[acc].state = state;
    pthread_mutex_unlock(&presence.mu);
    if (!changed)
        return;
    s = state_record(OH_SUBSCRIPTION, OH_MWI, sub, NULL, NULL);
    if (s)
        s->head.account = account;
    oh_push(oh_out.events, s);
}

/* info->evsub is NULL for a NOTIFY that nobody asked for. */
static void on_mwi_info(pjsua_acc_id acc, pjsua_mwi_info *info)
{
    const pjsip_rx_data *rdata = info->rdata;
    char mime[512], source[PJ_INET6_ADDRSTRLEN + 16];
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    oh_subscription *s;

    texts[4] = oh_media_type(mime, sizeof(mime), rdata->msg_info.msg->body);
    texts[5] = oh_body(rdata->msg_info.msg->body);
    texts[6] = (pj_str_t){rdata->msg_info.msg_buf, rdata->msg_info.len};
    texts[7] = oh_source(source, sizeof(source), rdata);
    s = oh_subscription_new(OH_NOTIFIED, texts);
    if (s) {
        s->head.account = oh_account_serial(acc);
        s->package = OH_MWI;
        s->online = info->evsub != NULL;
    }
    oh_push(oh_out.events, s);
}

void oh_presence_callbacks(pjsua_callback *cb)
{
    cb->on_buddy_evsub_state = on_buddy_evsub_state;
    cb->on_buddy_evsub_dlg_event_state = on_buddy_evsub_dlg_event_state;
    cb->on_mwi_state = on_mwi_state;
    cb->on_mwi_info = on_mwi_info;
}

/*
 * Snapshots
 */

oh_subscription *oh_buddy_info(int slot, pj_status_t *status)
{
    pjsua_buddy_info info;
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    oh_subscription *s;
    buddy_entry *b = &presence.buddies[slot];

    /* Of its texts only those in its own buffer may be read. */
    *status = pjsua_buddy_get_info(slot, &info);
    if (*status != PJ_SUCCESS)
        return NULL;
    texts[1] = info.sub_term_reason;
    texts[2] = info.uri;
    pthread_mutex_lock(&presence.mu);
    texts[3] = (pj_str_t){b->contact, b->contact_len};
    if (b->notified) {
        char *at = (char *)b->notified;

        texts[4] = (pj_str_t){at + b->notified->mime.off, b->notified->mime.len};
        texts[5] = (pj_str_t){at + b->notified->body.off, b->notified->body.len};
    }
    s = oh_subscription_new(OH_NOTIFIED, texts);
    if (s) {
        s->head.object = b->serial;
        s->head.account = b->account;
        s->package = b->package;
        s->state = info.sub_state;
        s->code = (int32_t)info.sub_term_code;
        s->online = info.monitor_pres;
    } else {
        *status = PJ_ENOMEM;
    }
    pthread_mutex_unlock(&presence.mu);
    return s;
}
