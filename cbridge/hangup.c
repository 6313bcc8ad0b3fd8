/* hangup.c: the answers to what we ask for in a dialog that pjsua does not pass on: to BYE and CANCEL,
 * because it reports the end of a call when it asks for it and drops what comes after
 * that; and 491 to a re-INVITE. So a module of ours watches the dialog. */
#include "record.h"
#include "control.h"

#include <string.h>

static void on_tsx_state(pjsip_transaction *tsx, pjsip_event *e);

/* Behind mod_inv, so that the session's state is that after the answer; and not yet among
 * the usages that the dialog has gone through when oh_watch_end adds it to them. */
static pjsip_module watcher = {
    .name = {"mod-offhook-hangup", 18},
    .id = -1,
    .priority = PJSIP_MOD_PRIORITY_APPLICATION + 16,
    .on_tsx_state = on_tsx_state,
};

pj_status_t oh_control_start(void)
{
    watcher.id = -1; /* the endpoint that knew it before is gone */
    watcher.next = watcher.prev = NULL;
    return pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &watcher);
}

void oh_watch_end(int64_t serial, const pjsip_event *e)
{
    pjsip_dialog *dlg;

    if (!e || e->type != PJSIP_EVENT_TSX_STATE || watcher.id < 0)
        return;
    dlg = pjsip_tsx_get_dlg(e->body.tsx_state.tsx);
    if (dlg && !dlg->mod_data[watcher.id])
        pjsip_dlg_add_usage(dlg, &watcher, (void *)(intptr_t)serial);
}

/* Our offer and one of the far end have crossed. */
static void push_crossed(oh_queue *queue, const pjsip_inv_session *inv, int64_t serial)
{
    oh_control *ev = oh_record_new(OH_CROSSED, sizeof(*ev), 0, NULL, 0);

    if (ev) {
        ev->head.call = serial;
        ev->final = inv->role == PJSIP_ROLE_UAC;
    }
    oh_push(queue, ev);
}

/* The end of a transaction of ours. The dialog's lock is held. */
static void on_tsx_state(pjsip_transaction *tsx, pjsip_event *e)
{
    enum { TEXTS = 8, REASON = 0, TARGET = 1, MESSAGE = 6 };
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char message[PJSIP_MAX_PKT_LEN];
    pjsip_dialog *dlg = pjsip_tsx_get_dlg(tsx);
    pjsip_inv_session *inv;
    int64_t serial;
    oh_control *ev;

    if (!dlg || tsx->role != PJSIP_ROLE_UAC || e->type != PJSIP_EVENT_TSX_STATE)
        return;
    if (tsx->state != PJSIP_TSX_STATE_COMPLETED && tsx->state != PJSIP_TSX_STATE_TERMINATED)
        return;
    if (e->body.tsx_state.prev_state >= PJSIP_TSX_STATE_COMPLETED)
        return; /* said already */
    serial = (int64_t)(intptr_t)dlg->mod_data[watcher.id];
    inv = pjsip_dlg_get_inv_session(dlg);
    if (tsx->status_code == PJSIP_SC_REQUEST_PENDING && inv && inv->state < PJSIP_INV_STATE_DISCONNECTED &&
        oh_call_slot(serial) >= 0 &&
        (tsx->method.id == PJSIP_INVITE_METHOD || pj_stricmp2(&tsx->method.name, "UPDATE") == 0)) {
        push_crossed(oh_out.ops, inv, serial);
        push_crossed(oh_out.events, inv, serial);
        return;
    }
    if (tsx->method.id != PJSIP_BYE_METHOD &&
        (tsx->method.id != PJSIP_INVITE_METHOD || tsx->status_code < 300))
        return;
    if (inv && inv->state < PJSIP_INV_STATE_DISCONNECTED)
        return; /* challenged, redirected: it goes on */
    texts[REASON] = tsx->status_text;
    texts[TARGET] = tsx->method.name;
    if (e->body.tsx_state.type == PJSIP_EVENT_RX_MSG) {
        texts[MESSAGE].ptr = message;
        texts[MESSAGE].slen =
            pjsip_msg_print(e->body.tsx_state.src.rdata->msg_info.msg, message, sizeof(message));
    }
    ev = oh_record_new(OH_HANGUP_ANSWER, sizeof(*ev), offsetof(oh_control, reason), texts, TEXTS);
    if (ev) {
        ev->head.call = serial;
        ev->code = tsx->status_code;
    }
    oh_push(oh_out.ops, ev);
}
