/* bridge.c: serials of calls and accounts, and the table of callbacks. */
#include "callmedia.h"
#include "message.h"
#include "presence.h"
#include "record.h"
#include "resolve.h"
#include "watcher.h"

#include <pthread.h>
#include <string.h>

/* What is known of the call in each slot of pjsua. */
typedef struct call_entry {
    int64_t serial; /* 0: no live call */
    int64_t ended;  /* the serial that was last live here: its late callbacks are dropped */
    int64_t parent; /* whose user data the call inherited, until that was said */
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
    oh_presence_clear();
    oh_watcher_clear();
    oh_policy_clear();
    oh_control_clear();
    oh_resolve_clear();
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
int64_t oh_call_serial(pjsua_call_id id)
{
    call_entry *e;
    int64_t data, serial;

    if (id < 0 || id >= PJSUA_MAX_CALLS)
        return 0;
    data = (int64_t)(intptr_t)pjsua_call_get_user_data(id);
    pthread_mutex_lock(&bridge.mu);
    e = &bridge.calls[id];
    /* A late callback about a call whose slot pjsua has wiped already finds no user data
     * and binds a serial of its own; the next call there brings another. */
    if (e->serial ? data && data != e->serial : data == 0 || data != e->ended) {
        int64_t parent = 0;

        if (data == 0 || bound_elsewhere(data, id)) {
            parent = data;
            data = oh_mint();
            pjsua_call_set_user_data(id, (void *)(intptr_t)data);
        }
        memset(e, 0, sizeof(*e));
        e->serial = data;
        e->parent = parent;
    }
    serial = e->serial;
    pthread_mutex_unlock(&bridge.mu);
    return serial;
}

int64_t oh_call_bound(pjsua_call_id id)
{
    int64_t serial;

    if (id < 0 || id >= PJSUA_MAX_CALLS)
        return 0;
    pthread_mutex_lock(&bridge.mu);
    serial = bridge.calls[id].serial;
    pthread_mutex_unlock(&bridge.mu);
    return serial;
}

int64_t oh_call_parent(pjsua_call_id id)
{
    int64_t parent;

    pthread_mutex_lock(&bridge.mu);
    parent = bridge.calls[id].parent;
    bridge.calls[id].parent = 0;
    pthread_mutex_unlock(&bridge.mu);
    return parent;
}

int64_t oh_call_bind(int slot)
{
    return oh_call_serial(slot);
}

int oh_call_slot(int64_t serial)
{
    int i, slot = -1;

    pthread_mutex_lock(&bridge.mu);
    for (i = 0; i < PJSUA_MAX_CALLS && slot < 0; i++) {
        if (serial && bridge.calls[i].serial == serial)
            slot = i;
    }
    pthread_mutex_unlock(&bridge.mu);
    return slot;
}

void oh_call_forget(int64_t serial)
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
    oh_policy_set(serial, NULL);
}

int64_t oh_account_serial(pjsua_acc_id id)
{
    return pjsua_acc_is_valid(id) ? (int64_t)(intptr_t)pjsua_acc_get_user_data(id) : 0;
}

void oh_bridge_callbacks(pjsua_config *cfg, pjsua_logging_config *log)
{
    oh_call_callbacks(&cfg->cb);
    oh_control_callbacks(&cfg->cb);
    oh_device_callbacks(&cfg->cb);
    oh_account_callbacks(&cfg->cb);
    oh_transport_callbacks(&cfg->cb);
    oh_im_callbacks(&cfg->cb);
    oh_presence_callbacks(&cfg->cb);
    oh_watcher_callbacks(&cfg->cb);
    oh_rtt_callbacks(&cfg->cb);
    oh_impair_callbacks(&cfg->cb);
    oh_dialog_callbacks(&cfg->cb);
    oh_request_callbacks(&cfg->cb);
    oh_callmedia_callbacks(&cfg->cb);
    oh_nat_callbacks(&cfg->cb);
    cfg->cb.on_conf_op_completed = oh_on_conf_op_completed;
    log->cb = oh_on_log;
}
