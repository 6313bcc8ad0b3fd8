/* stats.c: the figures of calls: sums of those of their streams, kept beyond these. */
#include "callmedia.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* The streams of the call in each slot that were destroyed. */
typedef struct ended_stats {
    int64_t serial;
    oh_stats stats;
} ended_stats;

static struct {
    pthread_mutex_t mu; /* a leaf */
    ended_stats calls[PJSUA_MAX_CALLS];
} ended = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* The figures of the call; those of the slot's last one are forgotten. Under mu. */
static ended_stats *entry(int slot, int64_t serial)
{
    ended_stats *e = &ended.calls[slot];

    if (e->serial != serial) {
        memset(e, 0, sizeof(*e));
        e->serial = serial;
    }
    return e;
}

void oh_stats_ended(int slot, int64_t serial, oh_stats *out)
{
    pthread_mutex_lock(&ended.mu);
    *out = entry(slot, serial)->stats;
    pthread_mutex_unlock(&ended.mu);
}

static void add_direction(oh_direction *sum, const oh_rtcp_direction *d)
{
    sum->packets += d->packets;
    sum->bytes += d->bytes;
    sum->lost += d->lost;
    sum->discarded += d->discarded;
    sum->reordered += d->reordered;
    sum->duplicates += d->duplicates;
    if (d->jitter.n > 0) {
        sum->jitter_us = (uint32_t)d->jitter.mean;
        if (d->jitter.max > 0 && (uint32_t)d->jitter.max > sum->jitter_max_us)
            sum->jitter_max_us = (uint32_t)d->jitter.max;
    }
}

static void add_stream(oh_stats *sum, const oh_stream_stats *st, const char *codec)
{
    add_direction(&sum->rx, &st->rx);
    add_direction(&sum->tx, &st->tx);
    sum->rx.discarded += st->jb.discard;
    if (st->rtt.n > 0)
        sum->rtt_us = (uint32_t)st->rtt.mean;
    if (codec[0])
        snprintf(sum->codec, sizeof(sum->codec), "%s", codec);
}

void oh_stats_add(int slot, int64_t serial, const oh_stream_stats *st, const char *codec)
{
    pthread_mutex_lock(&ended.mu);
    add_stream(&entry(slot, serial)->stats, st, codec);
    pthread_mutex_unlock(&ended.mu);
}

pj_status_t oh_call_stats(int slot, oh_stats *out)
{
    pjsua_call_info ci;
    pj_status_t status = pjsua_call_get_info(slot, &ci);
    unsigned i;

    if (status != PJ_SUCCESS)
        return status;
    oh_stats_ended(slot, oh_call_serial(slot), out);
    for (i = 0; i < ci.media_cnt; i++) {
        oh_stream_stats st;
        oh_stream_info si;

        if (ci.media[i].type != PJMEDIA_TYPE_AUDIO || oh_call_stream_stats(slot, i, &st) != PJ_SUCCESS)
            continue;
        if (oh_call_stream_info(slot, i, &si) != PJ_SUCCESS)
            si.codec[0] = '\0';
        add_stream(out, &st, si.codec);
    }
    return PJ_SUCCESS;
}
