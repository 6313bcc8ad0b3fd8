/* im.c: pjsua's callbacks about MESSAGE and typing. */
#include "im.h"
#include "record.h"

#include <stdio.h>

enum { TEXTS = 8 }; /* of an oh_message */

_Static_assert(offsetof(oh_message, reason) - offsetof(oh_message, from) == (TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_message are an array");

static _Thread_local int64_t reported;

int64_t oh_message_reported(void) { return reported; }

static oh_message *message_new(int type, pjsua_call_id call, pjsua_acc_id acc, const pj_str_t texts[TEXTS])
{
    oh_message *m = oh_record_new(type, sizeof(oh_message), offsetof(oh_message, from), texts, TEXTS);

    if (m) {
        m->head.account = oh_account_serial(acc);
        if (call != PJSUA_INVALID_ID)
            m->head.call = oh_call_serial(call);
    }
    return m;
}

pj_str_t oh_source(char *buf, size_t size, const pjsip_rx_data *rdata)
{
    const char *host = rdata->pkt_info.src_name;
    int v6 = strchr(host, ':') != NULL;
    int len = snprintf(buf, size, v6 ? "[%s]:%d" : "%s:%d", host, rdata->pkt_info.src_port);

    return (pj_str_t){buf, len < (int)size ? len : (int)size - 1};
}

pj_str_t oh_media_type(char *buf, unsigned size, const pjsip_msg_body *body)
{
    const pjsip_media_type *type;
    int len;

    if (!body)
        return (pj_str_t){NULL, 0};
    type = &body->content_type;
    /* It looks at the size for the parameters only. */
    if (type->type.slen + type->subtype.slen + 2 > (pj_ssize_t)size)
        return (pj_str_t){NULL, 0};
    len = pjsip_media_type_print(buf, size, type);
    return (pj_str_t){buf, len > 0 ? len : 0};
}

pj_str_t oh_body(const pjsip_msg_body *body)
{
    static const pj_str_t multipart = {"multipart", 9};
    pj_str_t raw = {NULL, 0};

    if (!body || !body->data)
        return raw;
    if (pj_stricmp(&body->content_type.type, &multipart) == 0) {
        pjsip_multipart_get_raw((pjsip_msg_body *)body, NULL, &raw);
        return raw;
    }
    return (pj_str_t){body->data, body->len};
}

/* What on_pager2 and on_typing2 have in common. PJSUA's mime_type is not used: it has
 * no parameters, and its length is not that of the buffer when it was cut. */
static oh_message *received(int type, pjsua_call_id call, pjsua_acc_id acc, const pj_str_t *from,
                            const pj_str_t *to, const pj_str_t *contact, pjsip_rx_data *rdata)
{
    const pjsip_msg_body *body = rdata->msg_info.msg->body;
    char mime[512], source[PJ_INET6_ADDRSTRLEN + 16];
    pj_str_t texts[TEXTS] = {*from, *to, *contact};

    texts[3] = oh_media_type(mime, sizeof(mime), body);
    texts[4] = oh_body(body);
    texts[5] = (pj_str_t){rdata->msg_info.msg_buf, rdata->msg_info.len};
    texts[6] = oh_source(source, sizeof(source), rdata);
    return message_new(type, call, acc, texts);
}

static void on_pager2(pjsua_call_id call, const pj_str_t *from, const pj_str_t *to, const pj_str_t *contact,
                      const pj_str_t *mime, const pj_str_t *body, pjsip_rx_data *rdata, pjsua_acc_id acc)
{
    (void)mime;
    (void)body;
    oh_push(oh_out.events, received(OH_MESSAGE, call, acc, from, to, contact, rdata));
}

static void on_typing2(pjsua_call_id call, const pj_str_t *from, const pj_str_t *to, const pj_str_t *contact,
                       pj_bool_t typing, pjsip_rx_data *rdata, pjsua_acc_id acc)
{
    oh_message *m = received(OH_TYPING, call, acc, from, to, contact, rdata);

    if (m)
        m->typing = typing;
    oh_push(oh_out.events, m);
}

static void on_pager_status2(pjsua_call_id call, const pj_str_t *to, const pj_str_t *body, void *user_data,
                             pjsip_status_code code, const pj_str_t *reason, pjsip_tx_data *tdata,
                             pjsip_rx_data *rdata, pjsua_acc_id acc)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}, *to};
    oh_message *m;

    (void)body;
    (void)tdata;
    if (rdata)
        texts[5] = (pj_str_t){rdata->msg_info.msg_buf, rdata->msg_info.len};
    texts[7] = *reason;
    m = message_new(OH_MESSAGE_STATUS, call, acc, texts);
    reported = (int64_t)(intptr_t)user_data;
    if (m) {
        m->head.object = reported;
        m->code = code;
    }
    oh_push(oh_out.events, m);
}

void oh_im_callbacks(pjsua_callback *cb)
{
    cb->on_pager2 = on_pager2;
    cb->on_pager_status2 = on_pager_status2;
    cb->on_typing2 = on_typing2;
}
