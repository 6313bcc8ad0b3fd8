#include "queue.h"

#include <pthread.h>
#include <stdlib.h>

struct oh_waker {
    pthread_mutex_t mu;
    pthread_cond_t cond;
    uint32_t ready; /* bits of queues that became non-empty */
    int closed;
};

struct oh_queue {
    oh_waker *waker;
    uint32_t bit;
    unsigned cap;
    pthread_mutex_t mu; /* guards what follows; never held with waker->mu */
    oh_item *first, **last;
    unsigned count;
    uint64_t lost;
};

oh_waker *oh_waker_new(void)
{
    oh_waker *w = calloc(1, sizeof(*w));

    if (!w)
        return NULL;
    pthread_mutex_init(&w->mu, NULL);
    pthread_cond_init(&w->cond, NULL);
    return w;
}

uint32_t oh_waker_wait(oh_waker *w)
{
    uint32_t ready;

    pthread_mutex_lock(&w->mu);
    while (!w->ready && !w->closed)
        pthread_cond_wait(&w->cond, &w->mu);
    ready = w->closed ? 0 : w->ready;
    w->ready = 0;
    pthread_mutex_unlock(&w->mu);
    return ready;
}

static void wake(oh_waker *w, uint32_t bit, int closed)
{
    pthread_mutex_lock(&w->mu);
    w->ready |= bit;
    w->closed |= closed;
    pthread_cond_signal(&w->cond);
    pthread_mutex_unlock(&w->mu);
}

void oh_waker_close(oh_waker *w)
{
    wake(w, 0, 1);
}

void oh_waker_free(oh_waker *w)
{
    if (!w)
        return;
    pthread_cond_destroy(&w->cond);
    pthread_mutex_destroy(&w->mu);
    free(w);
}

oh_queue *oh_queue_new(oh_waker *waker, uint32_t bit, unsigned cap)
{
    oh_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return NULL;
    pthread_mutex_init(&q->mu, NULL);
    q->waker = waker;
    q->bit = bit;
    q->cap = cap;
    q->last = &q->first;
    return q;
}

int oh_queue_push(oh_queue *q, oh_item *item)
{
    int pushed, was_idle;

    pthread_mutex_lock(&q->mu);
    was_idle = q->count == 0 && q->lost == 0;
    pushed = item && q->count < q->cap;
    if (pushed) {
        item->next = NULL;
        *q->last = item;
        q->last = &item->next;
        q->count++;
    } else {
        q->lost++;
    }
    pthread_mutex_unlock(&q->mu);

    if (!pushed)
        free(item);
    if (was_idle)
        wake(q->waker, q->bit, 0);
    return pushed;
}

oh_item *oh_queue_take(oh_queue *q, uint64_t *lost)
{
    oh_item *list;

    pthread_mutex_lock(&q->mu);
    list = q->first;
    *lost = q->lost;
    q->first = NULL;
    q->last = &q->first;
    q->count = 0;
    q->lost = 0;
    pthread_mutex_unlock(&q->mu);
    return list;
}

void oh_queue_free(oh_queue *q)
{
    if (!q)
        return;
    oh_items_free(q->first);
    pthread_mutex_destroy(&q->mu);
    free(q);
}

void oh_items_free(oh_item *list)
{
    while (list) {
        oh_item *next = list->next;

        free(list);
        list = next;
    }
}
