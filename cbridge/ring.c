#include "ring.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__linux__)
#include <sys/eventfd.h>
#include <unistd.h>
#elif defined(_WIN32)
#include <fcntl.h>
#include <io.h>
#else
#include <fcntl.h>
#include <unistd.h>
#endif

#define LOAD(p)      __atomic_load_n(&(p), __ATOMIC_SEQ_CST)
#define STORE(p, v)  __atomic_store_n(&(p), (v), __ATOMIC_SEQ_CST)
#define RELAXED(p)   __atomic_load_n(&(p), __ATOMIC_RELAXED)
#define SET(p, v)    __atomic_store_n(&(p), (v), __ATOMIC_RELAXED)
/* For a counter that only this thread stores. */
#define COUNT(p, n)  SET(p, RELAXED(p) + (n))

/*
 * Waking
 */

struct oh_wake {
    uint32_t wanted, pending;
    int out, in; /* what is written, what is read */
};

oh_wake *oh_wake_new(void)
{
    oh_wake *w = calloc(1, sizeof(*w));
    int fd[2];

    if (!w)
        return NULL;
#if defined(__linux__)
    fd[0] = fd[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd[0] < 0) {
#elif defined(_WIN32)
    if (_pipe(fd, 64, _O_BINARY | _O_NOINHERIT) != 0) {
#else
    if (pipe(fd) != 0) {
#endif
        free(w);
        return NULL;
    }
#if !defined(__linux__) && !defined(_WIN32)
    for (int i = 0; i < 2; i++) {
        fcntl(fd[i], F_SETFD, FD_CLOEXEC);
        fcntl(fd[i], F_SETFL, O_NONBLOCK);
    }
#endif
    w->in = fd[0];
    w->out = fd[1];
    return w;
}

intptr_t oh_wake_handle(oh_wake *w)
{
#if defined(_WIN32)
    return _get_osfhandle(w->in);
#else
    return w->in;
#endif
}

uint32_t *oh_wake_wanted(oh_wake *w) { return &w->wanted; }

uint32_t *oh_wake_pending(oh_wake *w) { return &w->pending; }

void oh_wake_now(oh_wake *w)
{
    const uint64_t one = 1; /* eventfd wants 8 bytes; to a pipe they are as good as one */

    if (__atomic_exchange_n(&w->pending, 1, __ATOMIC_SEQ_CST))
        return;
    /* It cannot be full: one write waits at a time. */
    if (write(w->out, &one, sizeof(one)) < 0)
        SET(w->pending, 0);
}

void oh_wake_free(oh_wake *w)
{
    if (!w)
        return;
    if (w->out != w->in)
        close(w->out);
    free(w);
}

/* After a ring has moved. Whoever waits adds himself to wanted before he looks at the
 * ring for the last time; both are sequentially consistent, so one of us sees the other. */
static void moved(oh_ring *r)
{
    if (r->wake && LOAD(r->wake->wanted))
        oh_wake_now(r->wake);
}

/*
 * Rings
 */

static uint64_t power_of_2(uint64_t n)
{
    uint64_t p = 1;

    while (p < n)
        p *= 2;
    return p;
}

oh_ring *oh_ring_new(oh_wake *wake, uint32_t rate, uint32_t frame, uint64_t play_samples,
                     uint64_t take_frames, int take_oldest)
{
    oh_ring *r = calloc(1, sizeof(*r));

    if (!r)
        return NULL;
    r->wake = wake;
    r->rate = rate;
    r->frame = frame;
    r->take_oldest = take_oldest != 0;
    r->stride = (uint32_t)((sizeof(uint64_t) + frame * sizeof(int16_t) + 7) & ~(size_t)7);
    r->refs = 2;
    r->flowing = 0;
    if (play_samples) {
        r->play_size = power_of_2(play_samples);
        r->play = calloc(r->play_size, sizeof(int16_t));
        r->log = calloc(OH_RING_LOG, sizeof(oh_played));
    }
    if (take_frames) {
        r->take_size = power_of_2(take_frames);
        r->take = calloc(r->take_size, r->stride);
    }
    if ((play_samples && (!r->play || !r->log)) || (take_frames && !r->take)) {
        r->refs = 1;
        oh_ring_release(r);
        return NULL;
    }
    return r;
}

unsigned oh_ring_size(void)
{
    return sizeof(oh_ring);
}

void oh_ring_release(oh_ring *r)
{
    if (__atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    free(r->play);
    free(r->log);
    free(r->take);
    free(r);
}

static int64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* An entry that is read meanwhile is one that OH_RING_LOG newer ones overwrite: the
 * reader looks at `logged` again afterwards and throws it away. */
static void log_played(oh_ring *r, uint64_t from, uint64_t count)
{
    oh_played *p = &r->log[r->logged % OH_RING_LOG];

    SET(p->from, from);
    SET(p->count, count);
    SET(p->at, r->time);
    SET(p->tick, RELAXED(r->tick) + 1);
    SET(p->time_ns, now_ns());
    STORE(r->logged, r->logged + 1);
}

uint32_t oh_ring_get(oh_ring *r, int16_t *out)
{
    uint64_t tail, clear, head, n = 0, first;

    if (!r->play) {
        memset(out, 0, r->frame * sizeof(int16_t));
        return 0;
    }
    tail = r->play_tail;
    clear = LOAD(r->play_clear);
    head = LOAD(r->play_head); /* after clear: never behind it */
    if (clear > tail) {
        COUNT(r->cleared, clear - tail);
        tail = clear;
    }
    if (!LOAD(r->paused)) {
        n = head - tail < r->frame ? head - tail : r->frame;
        first = tail & (r->play_size - 1);
        if (first + n <= r->play_size) {
            memcpy(out, r->play + first, n * sizeof(int16_t));
        } else {
            uint64_t part = r->play_size - first;

            memcpy(out, r->play + first, part * sizeof(int16_t));
            memcpy(out + part, r->play, (n - part) * sizeof(int16_t));
        }
        if (n)
            log_played(r, tail, n);
        COUNT(r->played, n);
        COUNT(r->silence, r->frame - n);
        /* It ran dry in this frame, or right after the last. */
        if (n < r->frame && (n > 0 || r->flowing) && !LOAD(r->play_end))
            COUNT(r->underruns, 1);
        r->flowing = n == r->frame;
    }
    memset(out + n, 0, (r->frame - n) * sizeof(int16_t));
    SET(r->time, r->time + r->frame);
    if (tail + n != r->play_tail) {
        STORE(r->play_tail, tail + n);
        moved(r);
    }
    return (uint32_t)n;
}

/* Copies in words, each stored at once, so that a reader of a frame that is given up
 * sees old samples or new ones and nothing undefined. */
static void copy_words(unsigned char *dst, const int16_t *src, size_t bytes)
{
    size_t i;

    for (i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word = 0;

        if (src)
            memcpy(&word, (const char *)src + i,
                   bytes - i < sizeof(word) ? bytes - i : sizeof(word));
        __atomic_store_n((uint64_t *)(void *)(dst + i), word, __ATOMIC_RELAXED);
    }
}

void oh_ring_put(oh_ring *r, const int16_t *in, uint64_t tick)
{
    uint64_t head = r->take_head, tail;
    unsigned char *slot;

    SET(r->tick, tick);
    if (!r->take)
        return;
    tail = LOAD(r->take_tail);
    if (head - tail >= r->take_size) { /* nobody reads */
        if (!r->take_oldest) {
            COUNT(r->overruns, 1);
            return;
        }
        /* Given up before it is overwritten: a reader who is copying it finds that the
         * tail is not what it was, and copies the next. When he was faster there is room. */
        if (__atomic_compare_exchange_n(&r->take_tail, &tail, tail + 1, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST))
            COUNT(r->overruns, 1);
    }
    slot = r->take + (head & (r->take_size - 1)) * r->stride;
    SET(*(uint64_t *)(void *)slot, tick);
    copy_words(slot + sizeof(tick), in, r->frame * sizeof(int16_t));
    STORE(r->take_head, head + 1);
    moved(r);
}
