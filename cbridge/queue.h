/* queue.h: lists of records that PJSIP's threads fill and Go empties.
 *
 * Only pthread is used here, no PJSIP, so that the self-test can run it alone
 * under sanitizers.
 *
 * Ownership: oh_queue_push takes the record, whatever it returns. oh_queue_take
 * gives a list of records to the caller, who frees it with oh_items_free.
 * Threads: everything may be called from any thread, but oh_waker_wait, which one
 * thread calls, and oh_queue_free, which comes when nobody calls anything else.
 * Cost of a push: one uncontended lock, and one signal when the queue was empty.
 */
#ifndef OH_QUEUE_H
#define OH_QUEUE_H

#include <stddef.h>
#include <stdint.h>

/* What a record starts with; it comes from malloc. */
typedef struct oh_item {
    struct oh_item *next;
} oh_item;

typedef struct oh_waker oh_waker;
typedef struct oh_queue oh_queue;

/* A waker lets one thread wait for several queues. NULL: out of memory. */
oh_waker *oh_waker_new(void);

/* Waits until a queue of the waker gets its first record since it was taken, and
 * returns the bits of all such queues; 0 for ever after oh_waker_close. */
uint32_t oh_waker_wait(oh_waker *waker);

/* Makes oh_waker_wait return 0. */
void oh_waker_close(oh_waker *waker);

/* Frees the waker; its queues must be gone. */
void oh_waker_free(oh_waker *waker);

/* A queue of at most cap records that wakes waker with bit. NULL: out of memory. */
oh_queue *oh_queue_new(oh_waker *waker, uint32_t bit, unsigned cap);

/* Appends item and returns 1. When the queue is full or item is NULL (the caller's
 * malloc failed), counts a loss, frees item and returns 0. */
int oh_queue_push(oh_queue *queue, oh_item *item);

/* Takes all records, oldest first, and the number that was lost after the last of
 * them. NULL: none. Does not wait. */
oh_item *oh_queue_take(oh_queue *queue, uint64_t *lost);

/* Frees the queue and what is in it. */
void oh_queue_free(oh_queue *queue);

/* Frees a list of records. */
void oh_items_free(oh_item *list);

#endif
