#include "tone.h"
#include "record.h"

#include <stdlib.h>

/* When nobody has the port any more: on the tick, or where the bridge is destroyed. */
static void port_gone(void *serial)
{
    oh_push_gone((int64_t)(intptr_t)serial);
}

pj_status_t oh_port_add(pjmedia_port *port, int64_t serial, pjsua_conf_port_id *slot)
{
    /* For the factory that it came from: the lock and the bridge make pools of their own. */
    pj_pool_t *pool = pjsua_pool_create("port", 512, 512);
    pj_status_t status = pool ? PJ_SUCCESS : PJ_ENOMEM;

    if (status == PJ_SUCCESS && !port->grp_lock)
        status = pjmedia_port_init_grp_lock(port, pool, NULL);
    if (status == PJ_SUCCESS)
        status = pjmedia_port_add_destroy_handler(port, (void *)(intptr_t)serial, port_gone);
    if (status == PJ_SUCCESS)
        status = pjsua_conf_add_port(pool, port, slot);
    if (status != PJ_SUCCESS)
        pjmedia_port_destroy(port);
    if (pool)
        pj_pool_release(pool);
    return status;
}

void oh_port_remove(pjsua_conf_port_id slot, pjmedia_port *port)
{
    pjsua_conf_remove_port(slot);
    pjmedia_port_destroy(port); /* our reference; the bridge has another */
}

pj_status_t oh_tone_new(int64_t serial, unsigned rate, unsigned frame, oh_tone **out,
                        pjsua_conf_port_id *slot)
{
    pj_pool_t *pool = pjsua_pool_create("tone", 512, 512);
    oh_tone *tone = calloc(1, sizeof(*tone));
    pj_status_t status = PJ_ENOMEM;

    if (pool && tone)
        status = pjmedia_tonegen_create2(pool, NULL, rate, 1, frame, 16, 0, &tone->port);
    if (status == PJ_SUCCESS) {
        const pjmedia_tone_digit_map *digits;

        pjmedia_tonegen_get_digit_map(tone->port, &digits);
        tone->digits = *digits;
        pjmedia_tonegen_set_digit_map(tone->port, &tone->digits);
        status = oh_port_add(tone->port, serial, slot);
    }
    if (pool)
        pj_pool_release(pool);
    if (status != PJ_SUCCESS)
        free(tone);
    else
        *out = tone;
    return status;
}
