//go:build selftest

/* selftest.c: runs queue.c and ring.c under load, for the sanitizers. `make csan` builds
 * it as a program; nothing of it is in Offhook. */
#include "queue.h"
#include "ring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PRODUCERS = 4, EACH = 50000, CAP = 1000 };

typedef struct {
    oh_item item;
    int producer;
    int number;
} rec;

typedef struct {
    oh_queue *q;
    int id;
    unsigned pushed;
} producer;

static void *produce(void *arg)
{
    producer *p = arg;
    int i;

    for (i = 0; i < EACH; i++) {
        rec *r = malloc(sizeof(*r));

        if (r) {
            r->producer = p->id;
            r->number = i;
        }
        p->pushed += (unsigned)oh_queue_push(p->q, (oh_item *)r);
    }
    return NULL;
}

static void *closer(void *arg)
{
    oh_waker_close(arg);
    return NULL;
}

#define CHECK(cond)                                                            \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "selftest: line %d: %s\n", __LINE__, #cond);       \
            return 1;                                                          \
        }                                                                      \
    } while (0)

/* Takes all there is, checks that each producer's numbers rise, returns how many. */
static int drain(oh_queue *q, int last[PRODUCERS], uint64_t *got, uint64_t *lost)
{
    uint64_t dropped;
    oh_item *list = oh_queue_take(q, &dropped), *it;

    *lost += dropped;
    for (it = list; it; it = it->next) {
        rec *r = (rec *)it;

        if (r->number <= last[r->producer])
            return 0;
        last[r->producer] = r->number;
        ++*got;
    }
    oh_items_free(list);
    return 1;
}

static int test_load(void)
{
    oh_waker *w = oh_waker_new();
    oh_queue *q = oh_queue_new(w, 1, CAP);
    producer p[PRODUCERS];
    pthread_t th[PRODUCERS];
    int last[PRODUCERS], i;
    uint64_t got = 0, lost = 0, pushed = 0;

    CHECK(w && q);
    for (i = 0; i < PRODUCERS; i++) {
        p[i] = (producer){q, i, 0};
        last[i] = -1;
        CHECK(pthread_create(&th[i], NULL, produce, &p[i]) == 0);
    }
    while (got + lost < (uint64_t)PRODUCERS * EACH) {
        CHECK(oh_waker_wait(w) == 1);
        CHECK(drain(q, last, &got, &lost));
    }
    for (i = 0; i < PRODUCERS; i++) {
        pthread_join(th[i], NULL);
        pushed += p[i].pushed;
    }
    CHECK(got == pushed);
    CHECK(got + lost == (uint64_t)PRODUCERS * EACH);
    CHECK(pthread_create(&th[0], NULL, closer, w) == 0);
    CHECK(oh_waker_wait(w) == 0);
    pthread_join(th[0], NULL);
    CHECK(oh_waker_wait(w) == 0);
    oh_queue_free(q);
    oh_waker_free(w);
    return 0;
}

/* A full queue keeps the oldest, counts the rest, and a NULL record is a loss. */
static int test_bound(void)
{
    oh_waker *w = oh_waker_new();
    oh_queue *q = oh_queue_new(w, 4, 3);
    uint64_t lost;
    oh_item *list;
    int i;

    CHECK(w && q);
    for (i = 0; i < 5; i++) {
        rec *r = malloc(sizeof(*r));

        CHECK(r);
        r->number = i;
        CHECK(oh_queue_push(q, (oh_item *)r) == (i < 3));
    }
    CHECK(oh_queue_push(q, NULL) == 0);
    CHECK(oh_waker_wait(w) == 4);
    list = oh_queue_take(q, &lost);
    CHECK(lost == 3 && list && list->next && list->next->next);
    CHECK(((rec *)list->next->next)->number == 2 && !list->next->next->next);
    oh_items_free(list);
    CHECK(!oh_queue_take(q, &lost) && lost == 0);
    CHECK(oh_queue_push(q, calloc(1, sizeof(rec))) == 1); /* left for oh_queue_free */
    oh_queue_free(q);
    oh_waker_free(w);
    return 0;
}

/*
 * Rings. What Go does with sync/atomic is done here with the same operations.
 */

#define LOAD(p)     __atomic_load_n(&(p), __ATOMIC_SEQ_CST)
#define STORE(p, v) __atomic_store_n(&(p), (v), __ATOMIC_SEQ_CST)

enum { FRAME = 20, TICKS = 20000 };

/* As ring.put and ring.room in ring.go; every sample is one more than the last. */
static unsigned write_some(oh_ring *r, int16_t *next, unsigned want)
{
    uint64_t head = r->play_head, room = r->play_size - (head - LOAD(r->play_tail));
    unsigned i, n = want < room ? want : (unsigned)room;

    for (i = 0; i < n; i++) {
        r->play[(head + i) & (r->play_size - 1)] = *next;
        *next = *next == INT16_MAX ? 1 : *next + 1;
    }
    STORE(r->play_head, head + n);
    return n;
}

static void *tick_play(void *arg)
{
    oh_ring *r = arg;
    int16_t out[FRAME];
    intptr_t wrong = 0;
    int16_t last = 0;
    uint64_t ticks = 0, heard = 0;

    /* Until all is heard or cleared; play_end says that no more comes. */
    while (!LOAD(r->play_end) || LOAD(r->play_head) != r->play_tail) {
        uint32_t i, n = oh_ring_get(r, out);

        for (i = 0; i < n; i++) {
            int16_t step = (int16_t)(out[i] - last);

            if (out[i] <= 0 || (step <= 0 && step > -INT16_MAX / 2))
                wrong++; /* not silence, and rising but for where it starts again */
            last = out[i];
        }
        for (; i < FRAME; i++)
            wrong += out[i] != 0;
        heard += n;
        ticks++;
    }
    wrong += heard != r->played || r->time != ticks * FRAME || r->silence + r->played != r->time;
    return (void *)wrong;
}

/* Samples arrive in order, once, or are cleared; nothing is counted twice. */
static int test_play(int clearing)
{
    oh_ring *r = oh_ring_new(NULL, 8000, FRAME, 4 * FRAME, 0, 0);
    pthread_t tick;
    uint64_t written = 0;
    int16_t next = 1;
    void *wrong;

    CHECK(r && r->play_size == 128);
    CHECK(pthread_create(&tick, NULL, tick_play, r) == 0);
    while (written < (uint64_t)TICKS * FRAME) {
        written += write_some(r, &next, (unsigned)(written % 37) + 1);
        if (clearing && written % 101 == 0)
            STORE(r->play_clear, written);
    }
    STORE(r->play_end, 1);
    pthread_join(tick, &wrong);
    CHECK(wrong == NULL);
    CHECK(r->played + r->cleared == written && r->play_tail == written);
    CHECK(clearing || (r->cleared == 0 && r->played == written));
    oh_ring_release(r);
    oh_ring_release(r);
    return 0;
}

static void *tick_put(void *arg)
{
    oh_ring *r = arg;
    int16_t in[FRAME];
    uint64_t t;
    int i;

    for (t = 0; t < TICKS; t++) {
        for (i = 0; i < FRAME; i++)
            in[i] = (int16_t)t;
        oh_ring_put(r, t % 7 ? in : NULL, t);
    }
    STORE(r->play_end, 1);
    return NULL;
}

/* As ring.takeFrame in ring.go. */
static int take(oh_ring *r, uint64_t *tick, int16_t out[FRAME])
{
    for (;;) {
        uint64_t tail = LOAD(r->take_tail), words[(FRAME * 2 + 7) / 8];
        unsigned char *slot;
        unsigned i;

        if (LOAD(r->take_head) == tail)
            return 0;
        slot = r->take + (tail & (r->take_size - 1)) * r->stride;
        *tick = __atomic_load_n((uint64_t *)(void *)slot, __ATOMIC_RELAXED);
        for (i = 0; i < sizeof(words) / 8; i++)
            words[i] = __atomic_load_n((uint64_t *)(void *)slot + 1 + i, __ATOMIC_RELAXED);
        memcpy(out, words, FRAME * 2);
        if (__atomic_compare_exchange_n(&r->take_tail, &tail, tail + 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return 1;
    }
}

/* A frame is read whole, or lost whole and counted. */
static int test_take(int oldest)
{
    oh_wake *w = oh_wake_new();
    oh_ring *r = oh_ring_new(w, 8000, FRAME, 0, 8, oldest);
    pthread_t tick;
    uint64_t got = 0, number, last = 0;
    int16_t frame[FRAME];

    CHECK(w && r);
    STORE(*oh_wake_wanted(w), 1);
    CHECK(pthread_create(&tick, NULL, tick_put, r) == 0);
    for (;;) {
        int over = (int)LOAD(r->play_end), i;

        if (!take(r, &number, frame)) {
            uint64_t n;

            if (over)
                break;
            if (read((int)oh_wake_handle(w), &n, sizeof(n)) > 0)
                STORE(*oh_wake_pending(w), 0);
            continue;
        }
        CHECK(got == 0 || number > last);
        last = number;
        for (i = 0; i < FRAME; i++)
            CHECK(frame[i] == (number % 7 ? (int16_t)number : 0));
        got++;
        if (got % 50 == 0)
            usleep(100); /* late: it overruns */
    }
    pthread_join(tick, NULL);
    CHECK(got + r->overruns == TICKS);
    CHECK(!oldest || last == TICKS - 1);
    oh_ring_release(r);
    oh_ring_release(r);
    close((int)oh_wake_handle(w));
    oh_wake_free(w);
    return 0;
}

/* The log says which sample was heard when; pause and underrun. */
static int test_log(void)
{
    oh_ring *r = oh_ring_new(NULL, 8000, FRAME, 4 * FRAME, 0, 0);
    int16_t out[FRAME], next = 1;

    CHECK(r);
    CHECK(oh_ring_get(r, out) == 0 && r->underruns == 0 && r->silence == FRAME);
    CHECK(write_some(r, &next, FRAME + 5) == FRAME + 5);
    STORE(r->paused, 1);
    CHECK(oh_ring_get(r, out) == 0 && r->play_tail == 0 && out[0] == 0);
    STORE(r->paused, 0);
    CHECK(oh_ring_get(r, out) == FRAME && oh_ring_get(r, out) == 5);
    CHECK(r->underruns == 1 && r->played == FRAME + 5 && r->logged == 2);
    CHECK(r->log[0].from == 0 && r->log[0].count == FRAME && r->log[0].at == 2 * FRAME);
    CHECK(r->log[1].from == FRAME && r->log[1].count == 5 && r->log[1].at == 3 * FRAME);
    CHECK(oh_ring_get(r, out) == 0 && r->underruns == 1);
    oh_ring_release(r);
    oh_ring_release(r);
    return 0;
}

int main(void)
{
    if (test_bound() || test_load() || test_log() || test_play(0) || test_play(1) || test_take(0) ||
        test_take(1))
        return 1;
    puts("selftest: ok");
    return 0;
}
