/* memory.c: see memory.h. */
#include "memory.h"
#include "record.h"
#include "tone.h"

#include <stdatomic.h>

struct oh_memory {
    pj_pool_t *pool; /* where this and the samples are */
    pjmedia_port *port;
    pjsua_conf_port_id slot;
    int64_t serial;
    int16_t *samples;
    size_t size;

    /* The tick's */
    pj_status_t (*get_frame)(pjmedia_port *port, pjmedia_frame *frame);
    pj_status_t (*put_frame)(pjmedia_port *port, pjmedia_frame *frame);
    int finished;

    _Atomic size_t captured; /* written on the tick only */
};

static void report(int type, int64_t serial)
{
    oh_event *ev = oh_event_new(type, NULL);

    if (ev)
        ev->head.object = serial;
    oh_push(oh_out.events, ev);
}

/* On the tick. pjmedia's player says that it is at its end in the tick after it. */
static pj_status_t player_get_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_memory *m = port->port_data.pdata;

    if (!m->finished) {
        if (m->get_frame(port, frame) == PJ_SUCCESS)
            return PJ_SUCCESS;
        m->finished = 1;
        report(OH_PLAYER_EOF, m->serial);
    }
    frame->type = PJMEDIA_FRAME_TYPE_NONE;
    frame->size = 0;
    return PJ_SUCCESS;
}

/* On the tick, also when there is nothing to hear. */
static pj_status_t capture_put_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_memory *m = port->port_data.pdata;
    size_t captured = atomic_load_explicit(&m->captured, memory_order_relaxed);
    size_t n = frame->size / sizeof(int16_t);
    pjmedia_frame part = *frame;

    if (frame->type != PJMEDIA_FRAME_TYPE_AUDIO || n == 0 || captured == m->size)
        return PJ_SUCCESS;
    if (n > m->size - captured)
        n = m->size - captured;
    part.size = n * sizeof(int16_t);
    m->put_frame(port, &part);
    atomic_store_explicit(&m->captured, captured + n, memory_order_release);
    if (captured + n == m->size)
        report(OH_MEMORY_FULL, m->serial);
    return PJ_SUCCESS;
}

/* When nobody has the port any more: on the tick, or where the bridge is destroyed. */
static void memory_gone(void *arg)
{
    oh_memory *m = arg;

    pj_pool_release(m->pool);
}

static oh_memory *memory_new(int64_t serial, size_t size)
{
    /* In one block; with the endpoint go those that were not removed. */
    pj_pool_t *pool = pjsua_pool_create("memory", sizeof(oh_memory) + size * sizeof(int16_t) + 1000, 1000);
    oh_memory *m = pool ? pj_pool_zalloc(pool, sizeof(*m)) : NULL;

    if (!m)
        return NULL;
    m->pool = pool;
    m->serial = serial;
    m->size = size;
    m->samples = pj_pool_alloc(pool, size * sizeof(int16_t));
    if (!m->samples) {
        pj_pool_release(pool);
        return NULL;
    }
    return m;
}

/* Hands the memory to its port, and the port to the bridge. */
static pj_status_t memory_add(oh_memory *m, oh_memory **out, pjsua_conf_port_id *slot)
{
    pj_status_t status;

    m->port->port_data.pdata = m;
    status = pjmedia_port_init_grp_lock(m->port, m->pool, NULL);
    if (status == PJ_SUCCESS)
        status = pjmedia_port_add_destroy_handler(m->port, m, memory_gone);
    if (status != PJ_SUCCESS) {
        pjmedia_port_destroy(m->port);
        memory_gone(m);
        return status;
    }
    status = oh_port_add(m->port, m->serial, &m->slot);
    if (status != PJ_SUCCESS)
        return status; /* all is gone */
    *out = m;
    *slot = m->slot;
    return PJ_SUCCESS;
}

pj_status_t oh_memory_player(int64_t serial, unsigned rate, unsigned frame, size_t size, int loop,
                             oh_memory **out, pjsua_conf_port_id *slot)
{
    oh_memory *m = memory_new(serial, size);
    pj_status_t status;

    if (!m)
        return PJ_ENOMEM;
    status = pjmedia_mem_player_create(m->pool, m->samples, size * sizeof(int16_t), rate, 1, frame, 16,
                                       loop ? 0 : PJMEDIA_MEM_NO_LOOP, &m->port);
    if (status != PJ_SUCCESS) {
        memory_gone(m);
        return status;
    }
    m->get_frame = m->port->get_frame;
    m->port->get_frame = player_get_frame;
    return memory_add(m, out, slot);
}

pj_status_t oh_memory_capture(int64_t serial, unsigned rate, unsigned frame, size_t size,
                              oh_memory **out, pjsua_conf_port_id *slot)
{
    oh_memory *m = memory_new(serial, size);
    pj_status_t status;

    if (!m)
        return PJ_ENOMEM;
    status = pjmedia_mem_capture_create(m->pool, m->samples, size * sizeof(int16_t), rate, 1, frame, 16,
                                        0, &m->port);
    if (status != PJ_SUCCESS) {
        memory_gone(m);
        return status;
    }
    m->put_frame = m->port->put_frame;
    m->port->put_frame = capture_put_frame;
    return memory_add(m, out, slot);
}

int16_t *oh_memory_samples(oh_memory *m)
{
    return m->samples;
}

size_t oh_memory_captured(oh_memory *m)
{
    return atomic_load_explicit(&m->captured, memory_order_acquire);
}

void oh_memory_remove(oh_memory *m)
{
    oh_port_remove(m->slot, m->port);
}
