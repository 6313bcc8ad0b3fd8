/* hangup.c: the answers to BYE and CANCEL. pjsua reports the end of a call when it asks for it and
 * drops what comes after that, so a module of ours watches the dialog. */
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

/* The end of a transaction that ends a call: of a BYE, or of an INVITE that was cancelled. The
 * dialog's lock is held. */
static void on_tsx_state(pjsip_transaction *tsx, pjsip_event *e)
{
    enum { TEXTS = 8, REASON = 0, TARGET = 1, MESSAGE = 6 };
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    char message[PJSIP_MAX_PKT_LEN];
    pjsip_dialog *dlg = pjsip_tsx_get_dlg(tsx);
    pjsip_inv_session *inv;
    int bye = tsx->method.id == PJSIP_BYE_METHOD;
    oh_control *ev;

    if (!dlg || tsx->role != PJSIP_ROLE_UAC || e->type != PJSIP_EVENT_TSX_STATE ||
        (!bye && (tsx->method.id != PJSIP_INVITE_METHOD || tsx->status_code < 300)))
        return;
    if (tsx->state != PJSIP_TSX_STATE_COMPLETED && tsx->state != PJSIP_TSX_STATE_TERMINATED)
        return;
    if (e->body.tsx_state.prev_state >= PJSIP_TSX_STATE_COMPLETED)
        return; /* said already */
    inv = pjsip_dlg_get_inv_session(dlg);
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
        ev->head.call = (int64_t)(intptr_t)dlg->mod_data[watcher.id];
        ev->code = tsx->status_code;
    }
    oh_push(oh_out.ops, ev);
}
