//go:build selftest

/* selftest.c: runs queue.c under load, for the sanitizers. `make csan` builds it
 * as a program; nothing of it is in Offhook. */
#include "queue.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(void)
{
    if (test_bound() || test_load())
        return 1;
    puts("selftest: ok");
    return 0;
}
