#include "pcm.h"
#include "record.h"

#include <stdio.h>

/* A port that somebody reads and writes: "OhPc". */
#define SIGNATURE PJMEDIA_SIGNATURE('O', 'h', 'P', 'c')

typedef struct pcm_port {
    pjmedia_port base; /* first */
    pj_pool_t *pool;
    oh_ring *ring;
    int64_t serial;
} pcm_port;

/* On the tick. */
static pj_status_t pcm_get_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_ring *ring = ((pcm_port *)port)->ring;

    oh_ring_get(ring, frame->buf);
    frame->size = ring->frame * sizeof(int16_t);
    frame->type = PJMEDIA_FRAME_TYPE_AUDIO;
    return PJ_SUCCESS;
}

/* On the tick, each tick, whether something is to be heard or not. */
static pj_status_t pcm_put_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_ring *ring = ((pcm_port *)port)->ring;
    int heard = frame->type == PJMEDIA_FRAME_TYPE_AUDIO &&
                frame->size == ring->frame * sizeof(int16_t);

    oh_ring_put(ring, heard ? frame->buf : NULL, frame->timestamp.u64 / ring->frame);
    return PJ_SUCCESS;
}

/* When nobody has the port any more: on the tick, or where the bridge is destroyed. */
static pj_status_t pcm_on_destroy(pjmedia_port *port)
{
    pcm_port *p = (pcm_port *)port;
    pj_pool_t *pool = p->pool;

    oh_ring_release(p->ring);
    oh_push_gone(p->serial);
    pj_pool_release(pool);
    return PJ_SUCCESS;
}

pj_status_t oh_pcm_add(oh_ring *ring, int64_t serial, pjsua_conf_port_id *slot, pjmedia_port **port)
{
    pj_pool_t *pool = pjsua_pool_create("pcm", 1000, 1000);
    pj_str_t name;
    char text[32];
    pcm_port *p;
    pj_status_t status;

    if (!pool) {
        oh_ring_release(ring);
        return PJ_ENOMEM;
    }
    p = PJ_POOL_ZALLOC_T(pool, pcm_port);
    p->pool = pool;
    p->ring = ring;
    p->serial = serial;
    snprintf(text, sizeof(text), "pcm-%lld", (long long)serial);
    pj_strdup2_with_null(pool, &name, text);
    pjmedia_port_info_init(&p->base.info, &name, SIGNATURE, ring->rate, 1, 16, ring->frame);
    p->base.get_frame = pcm_get_frame;
    p->base.put_frame = pcm_put_frame;
    p->base.on_destroy = pcm_on_destroy;
    status = pjmedia_port_init_grp_lock(&p->base, pool, NULL);
    if (status != PJ_SUCCESS) {
        pcm_on_destroy(&p->base);
        return status;
    }
    status = pjsua_conf_add_port(pool, &p->base, slot);
    if (status != PJ_SUCCESS) {
        pjmedia_port_destroy(&p->base);
        return status;
    }
    *port = &p->base;
    return PJ_SUCCESS;
}

void oh_pcm_remove(pjsua_conf_port_id slot, pjmedia_port *port)
{
    pjsua_conf_remove_port(slot);
    pjmedia_port_destroy(port); /* our reference; the bridge has another */
}
