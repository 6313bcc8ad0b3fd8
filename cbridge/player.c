/* player.c: see player.h. */
#include "player.h"
#include "record.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct oh_player {
    int64_t serial;
    int64_t frames;
    int loop;
    unsigned tick; /* frames in one tick */

    /* A player of pjsua */
    pjsua_player_id file;
    pj_status_t (*get_frame)(pjmedia_port *port, pjmedia_frame *frame);

    /* One from memory: all of this is in its pool */
    pjmedia_port port;
    pj_pool_t *pool;
    int16_t *samples; /* NULL: a player of pjsua */
    pjsua_conf_port_id slot;

    /* Held by the tick for the copying of one frame and, in a player of pjsua, now and
     * then for the reading of a file that PJSIP does there anyway. */
    pthread_mutex_t mu; /* guards what follows */
    int64_t pos;
    int paused, finished;
};

/* Silence, which the bridge does not even mix. */
static pj_status_t silence(pjmedia_frame *frame)
{
    frame->type = PJMEDIA_FRAME_TYPE_NONE;
    frame->size = 0;
    return PJ_SUCCESS;
}

/* Copies the next tick of samples. */
static void copy_samples(oh_player *p, pjmedia_frame *frame)
{
    int16_t *out = frame->buf;
    size_t left = frame->size / sizeof(*out);
    int64_t pos = p->pos;

    frame->type = PJMEDIA_FRAME_TYPE_AUDIO;
    while (left > 0) {
        size_t n = (size_t)(p->frames - pos);

        if (n == 0 && !p->loop) {
            memset(out, 0, left * sizeof(*out));
            return;
        }
        if (n == 0) {
            pos = 0;
            continue;
        }
        if (n > left)
            n = left;
        memcpy(out, p->samples + pos, n * sizeof(*out));
        out += n;
        pos += (int64_t)n;
        left -= n;
    }
}

/* On the media tick. */
static pj_status_t player_get_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_player *p = port->port_data.pdata;
    pj_status_t status = PJ_SUCCESS;
    int end = 0;

    pthread_mutex_lock(&p->mu);
    if (p->paused || p->finished) {
        status = silence(frame);
    } else if (!p->loop && p->pos >= p->frames) {
        status = silence(frame);
        p->finished = end = 1;
    } else {
        if (p->samples)
            copy_samples(p, frame);
        else
            status = p->get_frame(port, frame);
        p->pos += p->tick;
        if (p->loop)
            p->pos %= p->frames;
        else if (p->pos > p->frames || status != PJ_SUCCESS)
            p->pos = p->frames;
    }
    pthread_mutex_unlock(&p->mu);
    if (end) {
        oh_event *ev = oh_event_new(OH_PLAYER_EOF, NULL);

        if (ev)
            ev->head.object = p->serial;
        oh_push(oh_out.events, ev);
    }
    return status;
}

static void player_init(oh_player *p, int64_t serial, int64_t frames, int loop, int paused)
{
    p->serial = serial;
    p->frames = frames;
    p->loop = loop;
    p->paused = paused;
    pthread_mutex_init(&p->mu, NULL);
}

static void watch_gone(void *arg)
{
    oh_player *p = arg;

    pthread_mutex_destroy(&p->mu);
    free(p);
}

pj_status_t oh_player_watch(pjsua_player_id id, int64_t serial, int64_t frames, int loop, int paused,
                            oh_player **player)
{
    pjmedia_port *port;
    oh_player *p;
    pj_status_t status = pjsua_player_get_port(id, &port);

    if (status != PJ_SUCCESS)
        return status;
    p = calloc(1, sizeof(*p));
    if (!p)
        return PJ_ENOMEM;
    player_init(p, serial, frames, loop, paused);
    p->file = id;
    p->get_frame = port->get_frame;
    p->tick = PJMEDIA_PIA_SPF(&port->info) / PJMEDIA_PIA_CCNT(&port->info);
    status = pjmedia_port_add_destroy_handler(port, p, watch_gone);
    if (status != PJ_SUCCESS) {
        watch_gone(p);
        return status;
    }
    /* Nothing is connected to the player yet, so the tick does not use it. */
    port->port_data.pdata = p;
    port->get_frame = player_get_frame;
    *player = p;
    return PJ_SUCCESS;
}

/* When neither the bridge nor we use the port any more: on the tick, or on our thread. */
static pj_status_t memory_gone(pjmedia_port *port)
{
    oh_player *p = port->port_data.pdata;

    pthread_mutex_destroy(&p->mu);
    pj_pool_release(p->pool);
    return PJ_SUCCESS;
}

pj_status_t oh_player_create(int64_t serial, int64_t frames, int loop, int paused, int16_t **samples,
                             int *slot, oh_player **player)
{
    const pj_str_t name = {"player", 6};
    pjsua_conf_port_info *master; /* one listener for each port there may be: big */
    size_t size = (size_t)frames * sizeof(int16_t);
    pj_pool_t *pool;
    oh_player *p;
    pj_status_t status;

    pool = pjsua_pool_create("oh_player", sizeof(*p) + size + sizeof(*master) + 1000, 1000);
    if (!pool)
        return PJ_ENOMEM;
    p = pj_pool_zalloc(pool, sizeof(*p));
    player_init(p, serial, frames, loop, paused);
    p->pool = pool;
    p->samples = pj_pool_alloc(pool, size);
    master = pj_pool_alloc(pool, sizeof(*master));
    status = pjsua_conf_get_port_info(0, master);
    if (status == PJ_SUCCESS) {
        p->tick = master->samples_per_frame / master->channel_count;
        status = pjmedia_port_info_init(&p->port.info, &name, PJMEDIA_SIG_CLASS_APP('O', 'H', 'P'),
                                        master->clock_rate, 1, 16, p->tick);
    }
    if (status == PJ_SUCCESS) {
        p->port.port_data.pdata = p;
        p->port.get_frame = player_get_frame;
        p->port.on_destroy = memory_gone;
        status = pjmedia_port_init_grp_lock(&p->port, pool, NULL);
    }
    if (status != PJ_SUCCESS) {
        memory_gone(&p->port);
        return status;
    }
    status = pjsua_conf_add_port(pool, &p->port, &p->slot);
    if (status != PJ_SUCCESS) {
        pjmedia_port_destroy(&p->port);
        return status;
    }
    *samples = p->samples;
    *slot = p->slot;
    *player = p;
    return PJ_SUCCESS;
}

pj_status_t oh_player_remove(oh_player *p)
{
    pj_status_t status = pjsua_conf_remove_port(p->slot);

    pjmedia_port_destroy(&p->port); /* ours; the bridge lets go of it at its next tick */
    return status;
}

void oh_player_pause(oh_player *p, int paused)
{
    pthread_mutex_lock(&p->mu);
    p->paused = paused;
    pthread_mutex_unlock(&p->mu);
}

int64_t oh_player_pos(oh_player *p)
{
    int64_t pos;

    pthread_mutex_lock(&p->mu);
    pos = p->pos;
    pthread_mutex_unlock(&p->mu);
    return pos;
}

pj_status_t oh_player_set_pos(oh_player *p, int64_t frame)
{
    pj_status_t status = PJ_SUCCESS;

    pthread_mutex_lock(&p->mu);
    if (!p->samples) {
        pjmedia_port *port;

        /* pjsua counts the samples of all channels. */
        status = pjsua_player_get_port(p->file, &port);
        if (status == PJ_SUCCESS)
            status = pjsua_player_set_pos(p->file, (pj_uint32_t)frame * PJMEDIA_PIA_CCNT(&port->info));
    }
    if (status == PJ_SUCCESS) {
        p->pos = frame;
        p->finished = 0;
    }
    pthread_mutex_unlock(&p->mu);
    return status;
}
