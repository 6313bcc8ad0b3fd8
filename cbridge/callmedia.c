/* callmedia.c: the SDP and the streams of a call. */
#include "callmedia.h"
#include "message.h"

/* With the dialog's lock. Before the first INVITE is sent this is the only callback that
 * knows its Call-ID. */
static void on_call_sdp_created(pjsua_call_id id, pjmedia_sdp_session *sdp, pj_pool_t *pool,
                                const pjmedia_sdp_session *remote)
{
    int64_t serial = oh_call_serial(id);
    pjsua_call_info ci;

    (void)pool;
    oh_reinvite_answered(id, sdp, remote);
    if (!serial || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return;
    if (ci.role == PJSIP_ROLE_UAC)
        oh_trace_learn(id, serial, &ci.call_id, NULL);
}

void oh_callmedia_callbacks(pjsua_callback *cb)
{
    cb->on_call_sdp_created = on_call_sdp_created;
}
