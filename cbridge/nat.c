/* nat.c: pjsua's callbacks about STUN, NAT, media transports and changes of the IP
 * address.
 */
#include "record.h"

/* The texts of an oh_nat, which are its fields from reason on. */
enum { NAT_TEXTS = 3 };

_Static_assert(offsetof(oh_nat, address) - offsetof(oh_nat, reason) ==
                   (NAT_TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_nat are an array");

/* A record whose reason is the text of status. */
static oh_nat *nat_new(int type, pj_status_t status, const pj_str_t *server, const pj_str_t *address)
{
    char why[PJ_ERR_MSG_SIZE];
    pj_str_t texts[NAT_TEXTS] = {{NULL, 0}};
    oh_nat *ev;

    if (status != PJ_SUCCESS)
        texts[0] = pj_strerror(status, why, sizeof(why));
    if (server)
        texts[1] = *server;
    if (address)
        texts[2] = *address;
    ev = oh_record_new(type, sizeof(*ev), offsetof(oh_nat, reason), texts, NAT_TEXTS);
    if (ev)
        ev->head.status = status;
    return ev;
}

/* The end of a search for a STUN server: ours, whose token names who waits, or, with
 * the token 0, pjsua's own. On a worker thread with the STUN socket's lock, or on the
 * executor. */
static void on_stun_resolved(const pj_stun_resolve_result *result)
{
    char text[PJ_INET6_ADDRSTRLEN + 10] = "";
    pj_str_t address;
    oh_nat *ev;

    if (result->status == PJ_SUCCESS)
        pj_sockaddr_print(&result->addr, text, sizeof(text), 3);
    address = pj_str(text);
    ev = nat_new(OH_STUN_RESOLVED, result->status, NULL, &address);
    if (ev) {
        ev->head.object = (int64_t)(intptr_t)result->token;
        ev->index = (int32_t)result->index;
    }
    oh_push(oh_out.ops, ev);
}

pj_status_t oh_stun_resolve(pj_str_t *servers, unsigned count, int64_t token)
{
    return pjsua_resolve_stun_servers(count, servers, PJ_FALSE, (void *)(intptr_t)token, on_stun_resolved);
}

pj_status_t oh_stun_cancel(int64_t token)
{
    return pjsua_cancel_stun_resolution((void *)(intptr_t)token, PJ_FALSE);
}

void oh_stun_report(pj_status_t status, const pj_str_t *server, const pj_str_t *address)
{
    oh_push(oh_out.events, nat_new(OH_STUN, status, server, address));
}

static void on_nat_detect(const pj_stun_nat_detect_result *res)
{
    oh_nat *ev = nat_new(OH_NAT_TYPE, res->status, NULL, NULL);

    if (ev)
        ev->state = res->nat_type;
    oh_push(oh_out.events, ev);
}

/* Before its first event a call has no serial: what happens to its media transport until
 * then is nobody's concern. */
static pj_status_t on_call_media_transport_state(pjsua_call_id id, const pjsua_med_tp_state_info *info)
{
    int64_t serial = oh_call_bound(id);
    oh_nat *ev;

    if (!serial)
        return PJ_SUCCESS;
    ev = nat_new(OH_MEDIA_TRANSPORT, info->status, NULL, NULL);
    if (ev) {
        ev->head.call = serial;
        ev->index = (int32_t)info->med_idx;
        ev->state = info->state;
        ev->code = info->sip_err_code;
    }
    oh_push(oh_out.events, ev);
    return PJ_SUCCESS;
}

/* The index is that of the call. */
static void on_ice_transport_error(int id, pj_ice_strans_op op, pj_status_t status, void *param)
{
    int64_t serial = oh_call_bound(id);
    oh_nat *ev;

    (void)param;
    if (!serial)
        return;
    ev = nat_new(OH_ICE_ERROR, status, NULL, NULL);
    if (ev) {
        ev->head.call = serial;
        ev->op = op;
    }
    oh_push(oh_out.events, ev);
}

static void on_ip_change_progress(pjsua_ip_change_op op, pj_status_t status, const pjsua_ip_change_op_info *info)
{
    oh_nat *ev = nat_new(OH_IP_CHANGE, status, NULL, NULL);

    if (ev) {
        ev->op = op;
        ev->transport = PJSUA_INVALID_ID;
    }
    if (ev && info) {
        switch (op) {
        case PJSUA_IP_CHANGE_OP_RESTART_LIS:
            ev->transport = info->lis_restart.transport_id;
            break;
        case PJSUA_IP_CHANGE_OP_ACC_SHUTDOWN_TP:
            ev->head.account = oh_account_serial(info->acc_shutdown_tp.acc_id);
            break;
        case PJSUA_IP_CHANGE_OP_ACC_UPDATE_CONTACT:
            ev->head.account = oh_account_serial(info->acc_update_contact.acc_id);
            ev->code = info->acc_update_contact.code;
            ev->state = info->acc_update_contact.is_register;
            break;
        case PJSUA_IP_CHANGE_OP_ACC_HANGUP_CALLS:
            ev->head.account = oh_account_serial(info->acc_hangup_calls.acc_id);
            ev->head.call = oh_call_bound(info->acc_hangup_calls.call_id);
            break;
        case PJSUA_IP_CHANGE_OP_ACC_REINVITE_CALLS:
            ev->head.account = oh_account_serial(info->acc_reinvite_calls.acc_id);
            ev->head.call = oh_call_bound(info->acc_reinvite_calls.call_id);
            break;
        default:
            break;
        }
    }
    oh_push(oh_out.events, ev);
}

void oh_nat_callbacks(pjsua_callback *cb)
{
    cb->on_stun_resolution_complete = on_stun_resolved;
    cb->on_nat_detect = on_nat_detect;
    cb->on_call_media_transport_state = on_call_media_transport_state;
    cb->on_ice_transport_error = on_ice_transport_error;
    cb->on_ip_change_progress = on_ip_change_progress;
}
