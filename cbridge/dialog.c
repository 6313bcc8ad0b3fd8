/* dialog.c: the transactions of a call.
 *
 * pjsua says nothing more about a call from the moment at which it is hung up, which is
 * before the BYE is sent. So a module of ours is a usage of the call's dialog (RFC 3261
 * section 12) and hears of its transactions to the end.
 */
#include "callmedia.h"
#include "control.h"
#include "message.h"

#include <pjsua-lib/pjsua_internal.h>

static pjsip_module dialog_module;

pjsip_dialog *oh_event_dialog(pjsip_event *e)
{
    if (!e)
        return NULL;
    switch (e->type) {
    case PJSIP_EVENT_TSX_STATE:
        return pjsip_tsx_get_dlg(e->body.tsx_state.tsx);
    case PJSIP_EVENT_RX_MSG:
        return pjsip_rdata_get_dlg(e->body.rx_msg.rdata);
    default:
        return NULL;
    }
}

pj_str_t oh_event_message(pjsip_event *e)
{
    pj_str_t none = {NULL, 0}, msg;
    pjsip_rx_data *rdata = NULL;

    if (e && e->type == PJSIP_EVENT_TSX_STATE && e->body.tsx_state.type == PJSIP_EVENT_RX_MSG)
        rdata = e->body.tsx_state.src.rdata;
    else if (e && e->type == PJSIP_EVENT_RX_MSG)
        rdata = e->body.rx_msg.rdata;
    if (!rdata || !rdata->msg_info.msg_buf)
        return none;
    msg.ptr = rdata->msg_info.msg_buf;
    msg.slen = rdata->msg_info.len;
    return msg;
}

void oh_dialog_attach(int slot, int64_t serial, pjsip_dialog *dlg)
{
    if (!dlg || dialog_module.id < 0 || dlg->mod_data[dialog_module.id] == (void *)(intptr_t)serial)
        return;
    oh_trace_learn(slot, serial, &dlg->call_id->id, &dlg->local.info->tag);
    pjsip_dlg_add_usage(dlg, &dialog_module, (void *)(intptr_t)serial);
}

static void push_transaction(int type, int64_t call, const pjsip_transaction *tsx, pjsip_event *e)
{
    const pj_str_t texts[OH_REQUEST_TEXTS] = {tsx->method.name, tsx->status_text, oh_event_message(e), {NULL, 0}};
    oh_request *ev = oh_record_new(type, sizeof(*ev), offsetof(oh_request, method), texts, OH_REQUEST_TEXTS);

    if (ev) {
        ev->head.call = call;
        ev->role = tsx->role;
        ev->state = tsx->state;
        ev->code = tsx->status_code;
    }
    oh_push(oh_out.events, ev);
}

/* Whether the transaction just got what ends it for its user. A 2xx to an INVITE skips
 * COMPLETED. */
static int finished(const pjsip_transaction *tsx, const pjsip_event *e)
{
    return tsx->state >= PJSIP_TSX_STATE_COMPLETED && tsx->state <= PJSIP_TSX_STATE_TERMINATED &&
           e->body.tsx_state.prev_state < PJSIP_TSX_STATE_COMPLETED;
}

/* A challenge whose request PJSIP sends again, with credentials. */
static int retried(const pjsip_transaction *tsx)
{
    return tsx->role == PJSIP_ROLE_UAC && (tsx->status_code == 401 || tsx->status_code == 407) &&
           tsx->last_tx && tsx->last_tx->auth_retry;
}

/* What has come to nobody else is answered in on_tsx_state: the transaction takes
 * answers when it has got the request. Requests without a dialog pass here too. */
static pj_bool_t on_rx_request(pjsip_rx_data *rdata)
{
    return pjsip_rdata_get_dlg(rdata) && oh_request_is_ours(&rdata->msg_info.msg->line.req.method);
}

/* Our offer and one of the far end have crossed: package pjsua is to send ours again. */
static void push_crossed(oh_queue *queue, const pjsip_inv_session *inv, int64_t call)
{
    oh_control *ev = oh_record_new(OH_CROSSED, sizeof(*ev), 0, NULL, 0);

    if (ev) {
        ev->head.call = call;
        ev->final = inv->role == PJSIP_ROLE_UAC;
    }
    oh_push(queue, ev);
}

/* Whether a transaction that has finished is an offer which got 491, in a call that is up. */
static int crossed(const pjsip_transaction *tsx, const pjsip_inv_session *inv, int64_t call)
{
    return tsx->status_code == PJSIP_SC_REQUEST_PENDING && inv && inv->state < PJSIP_INV_STATE_DISCONNECTED &&
           (tsx->method.id == PJSIP_INVITE_METHOD || pj_stricmp2(&tsx->method.name, "UPDATE") == 0) &&
           oh_call_slot(call) >= 0;
}

/* The end of one of ours. The serial of a request is in its message, where it stays when
 * that is sent again with credentials. */
static void on_finished(pjsip_transaction *tsx, pjsip_event *e, int64_t call)
{
    int64_t request = tsx->last_tx ? (int64_t)(intptr_t)tsx->last_tx->mod_data[dialog_module.id] : 0;
    const pjsip_inv_session *inv = pjsip_dlg_get_inv_session(pjsip_tsx_get_dlg(tsx));

    if (crossed(tsx, inv, call)) {
        push_crossed(oh_out.ops, inv, call);
        push_crossed(oh_out.events, inv, call);
    }

    if (request) {
        tsx->last_tx->mod_data[dialog_module.id] = NULL;
        oh_request_answered(request, call, 0, tsx, e);
    }
    switch (tsx->method.id) {
    case PJSIP_BYE_METHOD:
    case PJSIP_CANCEL_METHOD:
        break;
    case PJSIP_INVITE_METHOD: /* the end of one that was cancelled, not refused */
        if (oh_call_slot(call) < 0 && inv && inv->cancelling)
            break;
        return;
    default:
        return;
    }
    push_transaction(OH_HANGUP_ANSWERED, call, tsx, e);
}

/* After the INVITE session and pjsua. The dialog's lock is held. */
static void on_tsx_state(pjsip_transaction *tsx, pjsip_event *e)
{
    const pjsip_dialog *dlg = pjsip_tsx_get_dlg(tsx);
    int64_t call;

    if (!dlg || e->type != PJSIP_EVENT_TSX_STATE)
        return;
    call = (int64_t)(intptr_t)dlg->mod_data[dialog_module.id];
    if (tsx->role == PJSIP_ROLE_UAS) {
        if (tsx->state == PJSIP_TSX_STATE_TRYING && tsx->status_code < 200 && oh_request_is_ours(&tsx->method) &&
            e->body.tsx_state.type == PJSIP_EVENT_RX_MSG)
            oh_request_in_call(tsx, e->body.tsx_state.src.rdata, call);
        return;
    }
    if (tsx->state < PJSIP_TSX_STATE_PROCEEDING && oh_request_sending() && tsx->last_tx)
        tsx->last_tx->mod_data[dialog_module.id] = (void *)(intptr_t)oh_request_sending();
    if (finished(tsx, e) && !retried(tsx))
        on_finished(tsx, e, call);
}

/* Before pjsua acts on it; not before the call is known, and not when the call has been hung up. */
static void on_call_tsx_state(pjsua_call_id id, pjsip_transaction *tsx, pjsip_event *e)
{
    int64_t serial = oh_call_bound(id);
    const oh_policy *p;
    int wanted;

    if (!serial)
        return;
    oh_dialog_attach(id, serial, pjsip_tsx_get_dlg(tsx));
    if (!oh_policies_report_transactions())
        return;
    p = oh_policy_hold(serial, oh_account_serial(pjsua_var.calls[id].acc_id));
    wanted = p->report_transactions;
    oh_policy_release(p);
    if (wanted)
        push_transaction(OH_TRANSACTION, serial, tsx, e);
}

pj_status_t oh_dialog_register(void)
{
    dialog_module = (pjsip_module){
        .name = {"mod-offhook-dialog", 18},
        .id = -1,
        /* After the INVITE session and the subscriptions. */
        .priority = PJSIP_MOD_PRIORITY_DIALOG_USAGE + 1,
        .on_rx_request = on_rx_request,
        .on_tsx_state = on_tsx_state,
    };
    return pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &dialog_module);
}

pj_status_t oh_messages_register(void)
{
    pj_status_t status = oh_trace_register();

    if (status == PJ_SUCCESS)
        status = oh_body_register();
    if (status == PJ_SUCCESS)
        status = oh_dialog_register();
    if (status == PJ_SUCCESS)
        status = oh_request_register();
    return status;
}

void oh_dialog_callbacks(pjsua_callback *cb)
{
    cb->on_call_tsx_state = on_call_tsx_state;
}
