/* body.c: bodies that are no SDP in the answers to INVITE, UPDATE and PRACK.
 *
 * PJSIP takes every body there for an answer to its offer, and ends the call when it is
 * another: an XML about the ringing phone, or a picture of it. A body that a user agent does
 * not understand is no reason for that (RFC 3261 section 20.11: the answer is not a request
 * that it could refuse). PJSIP_INV_ACCEPT_UNKNOWN_BODY would also take INVITEs with such
 * bodies, which are to be refused with 415. */
#include "message.h"

static pj_bool_t on_rx_response(pjsip_rx_data *rdata)
{
    pjsip_msg *msg = rdata->msg_info.msg;
    const pjsip_method *method = rdata->msg_info.cseq ? &rdata->msg_info.cseq->method : NULL;

    if (msg->body && method && msg->line.status.code < 300 &&
        (method->id == PJSIP_INVITE_METHOD || !pj_stricmp2(&method->name, "UPDATE") ||
         !pj_stricmp2(&method->name, "PRACK")) &&
        !pjsip_rdata_get_sdp_info(rdata)->body.ptr)
        msg->body = NULL; /* events have the message as it came */
    return PJ_FALSE;
}

pj_status_t oh_body_register(void)
{
    static pjsip_module module;

    module = (pjsip_module){
        .name = {"mod-offhook-body", 16},
        .id = -1,
        .priority = PJSIP_MOD_PRIORITY_TSX_LAYER - 1,
        .on_rx_response = on_rx_response,
    };
    return pjsip_endpt_register_module(pjsua_get_pjsip_endpt(), &module);
}
