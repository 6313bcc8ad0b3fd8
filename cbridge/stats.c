/* stats.c: the figures of calls, kept beyond the streams that they come from. */
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

static void add_direction(oh_direction *sum, const pjmedia_rtcp_stream_stat *st)
{
    sum->packets += st->pkt;
    sum->bytes += st->bytes;
    sum->lost += st->loss;
    sum->discarded += st->discard;
    sum->reordered += st->reorder;
    sum->duplicates += st->dup;
    if (st->jitter.n > 0) {
        sum->jitter_us = (uint32_t)st->jitter.mean;
        if (st->jitter.max > 0 && (uint32_t)st->jitter.max > sum->jitter_max_us)
            sum->jitter_max_us = (uint32_t)st->jitter.max;
    }
}

static void add_stats(oh_stats *sum, const pjmedia_rtcp_stat *st, const pjmedia_jb_state *jb)
{
    add_direction(&sum->rx, &st->rx);
    add_direction(&sum->tx, &st->tx);
    sum->rx.discarded += jb->discard;
    if (st->rtt.n > 0)
        sum->rtt_us = (uint32_t)st->rtt.mean;
}

void oh_codec_name(char *out, size_t size, const pjmedia_stream_info *si)
{
    /* G.722 samples at 16 kHz but RFC 3551 names it with 8000. */
    unsigned rate = si->fmt.pt == PJMEDIA_RTP_PT_G722 ? 8000 : si->fmt.clock_rate;

    snprintf(out, size, "%.*s/%u", (int)si->fmt.encoding_name.slen, si->fmt.encoding_name.ptr, rate);
}

/* The last moment at which a stream's figures exist. */
static void on_stream_destroyed(pjsua_call_id id, pjmedia_stream *strm, unsigned idx)
{
    pjmedia_rtcp_stat st;
    pjmedia_jb_state jb;
    pjmedia_stream_info si;
    int64_t serial = oh_call_serial(id);
    ended_stats *e;

    if (!serial || pjmedia_stream_get_stat(strm, &st) != PJ_SUCCESS)
        return;
    memset(&jb, 0, sizeof(jb));
    pjmedia_stream_get_stat_jbuf(strm, &jb);
    pthread_mutex_lock(&ended.mu);
    e = entry(id, serial);
    add_stats(&e->stats, &st, &jb);
    if (pjmedia_stream_get_info(strm, &si) == PJ_SUCCESS)
        oh_codec_name(e->stats.codec, sizeof(e->stats.codec), &si);
    pthread_mutex_unlock(&ended.mu);
    oh_stream_ended(serial, strm, idx);
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
        pjsua_stream_stat st;
        pjsua_stream_info si;

        if (ci.media[i].type != PJMEDIA_TYPE_AUDIO ||
            pjsua_call_get_stream_stat(slot, i, &st) != PJ_SUCCESS)
            continue;
        add_stats(out, &st.rtcp, &st.jbuf);
        if (pjsua_call_get_stream_info(slot, i, &si) == PJ_SUCCESS)
            oh_codec_name(out->codec, sizeof(out->codec), &si.info.aud);
    }
    return PJ_SUCCESS;
}

void oh_stats_callbacks(pjsua_callback *cb)
{
    cb->on_stream_destroyed = on_stream_destroyed;
}
