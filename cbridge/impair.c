/* impair.c: calls whose RTP is lost on purpose. */
#include "policy.h"
#include "record.h"

/* pjmedia loses one in a hundred more than it is told, and nothing when told 0. */
static void lose(pjmedia_transport *tp, pjmedia_dir dir, int32_t percent)
{
    if (percent > 0)
        pjmedia_transport_simulate_lost(tp, dir, percent > 1 ? (unsigned)percent - 1 : 1);
}

/* With the dialog's lock, when the transport of a new m= line is there. An adapter around
 * it would have to be of its group lock; the loss that pjmedia simulates is in the
 * transport, below SRTP, so it is returned as it is. */
static pjmedia_transport *on_create_media_transport(pjsua_call_id id, unsigned index, pjmedia_transport *base,
                                                    unsigned flags)
{
    const oh_policy *policy;
    pjsua_call_info ci;

    (void)index;
    (void)flags;
    if (!base || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return base;
    /* A new call may have no serial yet, and then has no policy of its own. */
    policy = oh_policy_hold(oh_call_bound(id), oh_account_serial(ci.acc_id));
    lose(base, PJMEDIA_DIR_ENCODING, policy->lose_tx);
    lose(base, PJMEDIA_DIR_DECODING, policy->lose_rx);
    oh_policy_release(policy);
    return base;
}

void oh_impair_callbacks(pjsua_callback *cb)
{
    cb->on_create_media_transport = on_create_media_transport;
}
