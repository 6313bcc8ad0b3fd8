/* splitcomb.c: see splitcomb.h. */
#include "splitcomb.h"
#include "record.h"

/* When nobody has any of the ports any more: on the tick, or where the bridge is
 * destroyed. */
static void gone(void *serial)
{
    oh_push_gone((int64_t)(intptr_t)serial);
}

void oh_splitcomb_remove(oh_splitcomb *s)
{
    while (s->count > 0) {
        s->count--;
        if (s->slot[s->count] != PJSUA_INVALID_ID)
            pjsua_conf_remove_port(s->slot[s->count]);
        pjmedia_port_destroy(s->port[s->count]); /* our reference; the bridge has another */
    }
}

/* Takes over a port that was made. */
static pj_status_t own(oh_splitcomb *s, pj_status_t status)
{
    if (status == PJ_SUCCESS)
        s->slot[s->count++] = PJSUA_INVALID_ID;
    return status;
}

pj_status_t oh_splitcomb_new(int64_t serial, unsigned rate, unsigned frame, unsigned ticks, int fifo,
                             oh_splitcomb *out)
{
    /* For the factory that it came from: the ports and the bridge make pools of their own. */
    pj_pool_t *pool = pjsua_pool_create("splitcomb", 512, 512);
    unsigned options = ticks | (fifo ? PJMEDIA_DELAY_BUF_SIMPLE_FIFO << 8 : 0);
    unsigned channels = OH_SPLITCOMB_CHANNELS, i;
    pj_status_t status;

    out->count = 0;
    if (!pool)
        return PJ_ENOMEM;
    status = own(out, pjmedia_splitcomb_create(pool, rate, channels, frame * channels, 16, 0, &out->port[0]));
    for (i = 0; status == PJ_SUCCESS && i < channels; i++)
        status = own(out, pjmedia_splitcomb_create_rev_channel(pool, out->port[0], i, options, &out->port[1 + i]));
    if (status == PJ_SUCCESS)
        status = pjmedia_port_add_destroy_handler(out->port[0], (void *)(intptr_t)serial, gone);
    for (i = 0; status == PJ_SUCCESS && i <= channels; i++)
        status = pjsua_conf_add_port(pool, out->port[i], &out->slot[i]);
    pj_pool_release(pool);
    if (status != PJ_SUCCESS)
        oh_splitcomb_remove(out);
    return status;
}
