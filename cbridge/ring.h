/* ring.h: samples that Go and the conference bridge's clock hand to each other.
 *
 * An oh_ring has one queue each way. "play" goes from Go to the tick: a ring of
 * samples. "take" goes from the tick to Go: a ring of frames, each with the number of
 * its tick. On the tick both copy and count: no lock, no allocation, no system call
 * but, when somebody waits, one write that wakes him.
 *
 * Who changes what: fields are grouped by the one thread that stores them, apart in
 * memory. Go reads and stores them with sync/atomic, which is sequentially consistent;
 * so are the accesses here where it matters. Only "take.tail" has two writers, who
 * compare and swap: see oh_ring_put.
 *
 * No PJSIP here, so that the self-test can run it alone under sanitizers.
 */
#ifndef OH_RING_H
#define OH_RING_H

#include <stddef.h>
#include <stdint.h>

/* Ticks that the log of what was played remembers. */
enum { OH_RING_LOG = 1024 };

/* What one tick took from the play queue: samples [from, from+count) of all that was
 * written were heard from sample `at` of the port's own time on. Go looks up there when
 * a mark was heard; what no entry covers was cleared.
 */
typedef struct oh_played {
    uint64_t from, count, at, tick;
    int64_t time_ns; /* CLOCK_REALTIME */
} oh_played;

/* Wakes the one who waits for rings. */
typedef struct oh_wake oh_wake;

/* Shared with Go; `padN` keep what different threads store out of one cache line. */
typedef struct oh_ring {
    /* constant */
    uint32_t rate, frame;             /* Hz; samples in a tick, all channels */
    uint64_t play_size, take_size;    /* capacity in samples, in frames: powers of 2 */
    uint32_t take_oldest;             /* when "take" is full the oldest frame goes, else the newest */
    uint32_t stride;                  /* bytes from one frame of "take" to the next */
    int16_t *play;                    /* play_size samples */
    unsigned char *take;              /* take_size times: uint64_t tick, then the samples */
    oh_played *log;                   /* OH_RING_LOG entries */
    oh_wake *wake;
    char pad0[64];

    /* Go stores these. */
    uint64_t play_head;  /* samples written so far */
    uint64_t play_clear; /* samples before this one are not to be heard */
    uint32_t paused;
    uint32_t play_end;   /* no more will be written: running dry is not an underrun */
    char pad1[64];

    /* The tick stores these. */
    uint64_t play_tail;  /* samples heard or cleared so far */
    uint64_t played, cleared;
    uint64_t silence;    /* samples of silence given out because nothing was queued */
    uint64_t underruns;  /* times that the queue ran dry after something was heard */
    uint64_t time;       /* samples given out so far, with silence: the port's own time */
    uint64_t logged;     /* entries of the log so far */
    uint64_t tick;       /* number of the last tick */
    uint32_t flowing;    /* the last tick got all that it wanted */
    char pad2[64];

    /* The tick stores these, in the other direction. */
    uint64_t take_head;  /* frames put so far */
    uint64_t overruns;   /* frames lost because nobody read them */
    char pad3[64];

    uint64_t take_tail;  /* frames taken by Go, or given up by the tick */
    char pad4[64];

    uint32_t refs;
} oh_ring;

/* A ring for a port of `rate` Hz whose tick has `frame` samples. play_samples and
 * take_frames are what the queues hold at least, 0 for no queue in that direction.
 * It has two references: of the port and of Go. NULL: out of memory. */
oh_ring *oh_ring_new(oh_wake *wake, uint32_t rate, uint32_t frame, uint64_t play_samples,
                     uint64_t take_frames, int take_oldest);

/* sizeof(oh_ring), as ring.c was compiled. */
unsigned oh_ring_size(void);

/* Gives up one of the two references; the last frees the ring. Any thread. */
void oh_ring_release(oh_ring *ring);

/* On the tick: fills out with `frame` samples, what was queued and then silence. Returns
 * how many of them were queued. */
uint32_t oh_ring_get(oh_ring *ring, int16_t *out);

/* On the tick: queues a frame, NULL for silence. */
void oh_ring_put(oh_ring *ring, const int16_t *in, uint64_t tick);

/* An eventfd, or a pipe where there is none. NULL: out of handles. */
oh_wake *oh_wake_new(void);

/* The handle that becomes readable: a file descriptor; on Windows a HANDLE. Owned by
 * the caller, who closes it when oh_wake_free was called. */
intptr_t oh_wake_handle(oh_wake *wake);

/* How many wait, to which Go adds: while it is 0 nobody is woken. */
uint32_t *oh_wake_wanted(oh_wake *wake);

/* Makes the handle readable, unless it is already. Any thread. */
void oh_wake_now(oh_wake *wake);

/* What Go calls in effect before it looks at the rings again: sets this to 0. */
uint32_t *oh_wake_pending(oh_wake *wake);

/* Nobody may use the wake any more. */
void oh_wake_free(oh_wake *wake);

#endif
