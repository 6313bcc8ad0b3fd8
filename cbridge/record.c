#include "record.h"

#include <stdatomic.h>
#include <stddef.h>
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

void *oh_record_new(int type, size_t size, size_t texts_at, const pj_str_t *texts, unsigned count)
{
    size_t total = size, off = size;
    oh_head *head;
    oh_text *field;
    struct timespec now;
    unsigned i;

    for (i = 0; i < count; i++)
        total += texts[i].slen > 0 ? (size_t)texts[i].slen : 0;
    head = calloc(1, total);
    if (!head)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    head->type = type;
    head->time_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    field = (oh_text *)((char *)head + texts_at);
    for (i = 0; i < count; i++) {
        if (texts[i].slen <= 0)
            continue;
        field[i].off = (uint32_t)off;
        field[i].len = (uint32_t)texts[i].slen;
        memcpy((char *)head + off, texts[i].ptr, (size_t)texts[i].slen);
        off += (size_t)texts[i].slen;
    }
    return head;
}

oh_event *oh_event_new(int type, const pj_str_t texts[OH_TEXTS])
{
    return oh_record_new(type, sizeof(oh_event), offsetof(oh_event, reason), texts, texts ? OH_TEXTS : 0);
}

_Static_assert(offsetof(oh_event, body) - offsetof(oh_event, reason) ==
                   (OH_TEXTS - 1) * sizeof(oh_text),
               "the texts of oh_event are an array");

void oh_push(oh_queue *q, void *record)
{
    if (q)
        oh_queue_push(q, record);
    else
        free(record);
}

void oh_push_gone(int64_t serial)
{
    oh_event *ev = oh_event_new(OH_PORT_GONE, NULL);

    if (ev)
        ev->head.object = serial;
    oh_push(oh_out.ops, ev);
}

void oh_record_free(void *record)
{
    free(record);
}

void *oh_keep(const void *data, size_t size)
{
    static struct kept {
        struct kept *next;
        size_t size;
        max_align_t data[];
    } *first;
    struct kept *k;

    for (k = first; k; k = k->next) {
        if (k->size == size && !memcmp(k->data, data, size))
            return k->data;
    }
    k = malloc(sizeof(*k) + size);
    if (!k)
        return NULL;
    k->next = first;
    k->size = size;
    memcpy(k->data, data, size);
    first = k;
    return k->data;
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
