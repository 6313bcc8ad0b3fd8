#include "record.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct oh_outlets oh_out;

static atomic_llong next_serial;

int64_t oh_mint(void)
{
    return atomic_fetch_add(&next_serial, 1) + 1;
}

int oh_abi(void)
{
    return OH_ABI;
}

unsigned oh_event_size(void)
{
    return sizeof(oh_event);
}

oh_event *oh_event_new(int type, const pj_str_t texts[OH_TEXTS])
{
    size_t size = sizeof(oh_event);
    oh_event *ev;
    oh_text *field;
    uint32_t off = 0;
    struct timespec now;
    int i;

    for (i = 0; texts && i < OH_TEXTS; i++)
        size += texts[i].slen > 0 ? (size_t)texts[i].slen : 0;
    ev = calloc(1, size);
    if (!ev)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    ev->type = type;
    ev->time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    field = &ev->reason;
    for (i = 0; texts && i < OH_TEXTS; i++) {
        if (texts[i].slen <= 0)
            continue;
        field[i].off = off;
        field[i].len = (uint32_t)texts[i].slen;
        memcpy((char *)(ev + 1) + off, texts[i].ptr, (size_t)texts[i].slen);
        off += (uint32_t)texts[i].slen;
    }
    return ev;
}

_Static_assert(offsetof(oh_event, body) - offsetof(oh_event, reason) ==
                   (OH_TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_event are an array");

void oh_push(oh_queue *q, oh_event *ev)
{
    if (q)
        oh_queue_push(q, ev ? &ev->item : NULL);
    else
        free(ev);
}

void oh_event_free(oh_event *ev)
{
    free(ev);
}

void oh_on_log(int level, const char *data, int len)
{
    oh_log *line;

    if (!oh_out.logs || len <= 0)
        return;
    line = malloc(sizeof(*line) + (size_t)len);
    if (line) {
        line->level = level;
        line->text = (oh_text){0, (uint32_t)len};
        memcpy(line + 1, data, (size_t)len);
    }
    oh_queue_push(oh_out.logs, line ? &line->item : NULL);
}
