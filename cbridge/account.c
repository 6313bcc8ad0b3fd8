/* account.c: pjsua's callbacks about registrations and SIP transports. */
#include "record.h"

#include <stdio.h>

static _Thread_local unsigned registrations_reported;

unsigned oh_registrations_reported(void) { return registrations_reported; }

/* PJSUA's lock is held. */
static void on_reg_state2(pjsua_acc_id acc, pjsua_reg_info *info)
{
    const struct pjsip_regc_cbparam *p = info->cbparam;
    char text[PJ_ERR_MSG_SIZE];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    texts[0] = p->reason;
    if (p->status != PJ_SUCCESS)
        texts[0] = pj_strerror(p->status, text, sizeof(text));
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

/* The text of a transport's failure; for TLS, what was wrong with the certificate. */
static int transport_reason(char *buf, size_t size, const pjsip_transport *tp,
                            const pjsip_transport_state_info *info)
{
    char text[PJ_ERR_MSG_SIZE];
    int len = 0;

    if (info->status != PJ_SUCCESS) {
        pj_str_t s = pj_strerror(info->status, text, sizeof(text));

        len = snprintf(buf, size, "%.*s", (int)s.slen, s.ptr);
    }
#if PJSIP_HAS_TLS_TRANSPORT
    if ((tp->key.type & ~PJSIP_TRANSPORT_IPV6) == PJSIP_TRANSPORT_TLS && info->ext_info) {
        const pjsip_tls_state_info *tls = info->ext_info;
        const char *why[8];
        unsigned i, n = PJ_ARRAY_SIZE(why);

        if (tls->ssl_sock_info && tls->ssl_sock_info->verify_status != PJ_SSL_CERT_ESUCCESS &&
            pj_ssl_cert_get_verify_status_strings(tls->ssl_sock_info->verify_status, why, &n) ==
                PJ_SUCCESS) {
            for (i = 0; i < n && len < (int)size; i++)
                len += snprintf(buf + len, size - (size_t)len, "%s%s", len ? "; " : "", why[i]);
        }
    }
#else
    (void)tp;
#endif
    return len < (int)size ? len : (int)size - 1;
}

static void on_transport_state(pjsip_transport *tp, pjsip_transport_state state,
                               const pjsip_transport_state_info *info)
{
    char reason[512], remote[PJ_MAX_HOSTNAME + 16];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    if (state != PJSIP_TP_STATE_CONNECTED && state != PJSIP_TP_STATE_DISCONNECTED)
        return;
    texts[0].ptr = reason;
    texts[0].slen = transport_reason(reason, sizeof(reason), tp, info);
    texts[1].ptr = remote;
    texts[1].slen = snprintf(remote, sizeof(remote), "%.*s:%d", (int)tp->remote_name.host.slen,
                             tp->remote_name.host.ptr, tp->remote_name.port);
    if (texts[1].slen >= (pj_ssize_t)sizeof(remote))
        texts[1].slen = sizeof(remote) - 1;
    ev = oh_event_new(OH_TRANSPORT, texts);
    if (ev) {
        ev->head.status = info->status;
        ev->transport = (int32_t)tp->key.type;
        ev->connected = state == PJSIP_TP_STATE_CONNECTED;
    }
    oh_push(oh_out.events, ev);
}

void oh_account_callbacks(pjsua_callback *cb)
{
    cb->on_reg_state2 = on_reg_state2;
    cb->on_transport_state = on_transport_state;
}
