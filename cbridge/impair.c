/* impair.c: calls whose RTP is lost, late, twice there or out of order on purpose.
 *
 * Loss is pjmedia's. The rest is done by a transport that stands between the stream and
 * the one that pjsua made, SRTP included. Packets that are late wait in a queue, from which
 * a timer takes them on a SIP thread. Queues, and the stream's callbacks, are guarded by the
 * lock that the transports share: pjmedia calls a stream with it too.
 */
#include "policy.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_WAITING = 8192 }; /* 20 s of 10 ms packets, and as many again */

typedef struct packet {
    struct packet *next;
    int64_t due_ns;
    size_t size;
    char data[];
} packet;

typedef struct path {
    struct impaired *owner;
    oh_impairment rules;
    pj_timer_entry timer; /* running whenever something waits */
    packet *first, *last; /* what waits, by the time when it is due */
    unsigned waiting;
    packet *held; /* goes after the next one */
} path;

typedef struct impaired {
    pjmedia_transport base; /* first */
    pjmedia_transport *member;
    int close_member;
    path tx, rx;
    /* The stream's, while it is attached. */
    int attached;
    void *user;
    void (*rtp)(void *user, void *pkt, pj_ssize_t size);
    void (*rtp2)(pjmedia_tp_cb_param *param);
    void (*rtcp)(void *user, void *pkt, pj_ssize_t size);
} impaired;

static int64_t now_ns(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int chance(int percent)
{
    return percent > 0 && pj_rand() % 100 < percent;
}

static packet *packet_new(const void *data, size_t size)
{
    packet *p = malloc(sizeof(*p) + size);

    if (p) {
        p->next = NULL;
        p->size = size;
        memcpy(p->data, data, size);
    }
    return p;
}

/* Hands a packet on and frees it. */
static void deliver(path *w, packet *p)
{
    impaired *im = w->owner;

    if (im->attached && w == &im->tx) {
        pjmedia_transport_send_rtp(im->member, p->data, p->size);
    } else if (im->attached && im->rtp2) {
        pjmedia_tp_cb_param param = {.user_data = im->user, .pkt = p->data, .size = (pj_ssize_t)p->size};

        im->rtp2(&param);
    } else if (im->attached) {
        im->rtp(im->user, p->data, (pj_ssize_t)p->size);
    }
    free(p);
}

/* Starts the timer for the packet that is due next. */
static void wait_for_first(path *w)
{
    int64_t ms;
    pj_time_val delay = {0, 0};

    if (!w->first || pj_timer_entry_running(&w->timer))
        return;
    ms = (w->first->due_ns - now_ns() + 999999) / 1000000;
    delay.msec = ms > 0 ? (long)ms : 0;
    pj_time_val_normalize(&delay);
    pjsip_endpt_schedule_timer_w_grp_lock(pjsua_get_pjsip_endpt(), &w->timer, &delay, 1, w->owner->base.grp_lock);
}

/* On a SIP thread. */
static void on_timer(pj_timer_heap_t *heap, pj_timer_entry *entry)
{
    path *w = entry->user_data;
    pj_grp_lock_t *lock = w->owner->base.grp_lock;
    int64_t now = now_ns();

    (void)heap;
    pj_grp_lock_acquire(lock);
    while (w->first && w->first->due_ns <= now) {
        packet *p = w->first;

        w->first = p->next;
        w->waiting--;
        deliver(w, p);
    }
    wait_for_first(w);
    pj_grp_lock_release(lock);
}

/* Hands a packet on now or later. */
static void pass(path *w, packet *p)
{
    int64_t late = w->rules.delay_ms;

    if (!p)
        return;
    if (w->rules.delay_ms == 0 && w->rules.jitter_ms == 0) {
        deliver(w, p);
        return;
    }
    if (w->waiting == MAX_WAITING) {
        free(p);
        return;
    }
    if (w->rules.jitter_ms > 0)
        late += pj_rand() % (w->rules.jitter_ms + 1);
    p->due_ns = now_ns() + late * 1000000;
    if (w->first) {
        if (p->due_ns < w->last->due_ns)
            p->due_ns = w->last->due_ns;
        w->last->next = p;
    } else {
        w->first = p;
    }
    w->last = p;
    w->waiting++;
    wait_for_first(w);
}

static void take(path *w, const void *data, size_t size)
{
    packet *after;

    pj_grp_lock_acquire(w->owner->base.grp_lock);
    after = w->held;
    w->held = NULL;
    if (!after && chance(w->rules.reorder)) {
        w->held = packet_new(data, size);
    } else {
        pass(w, packet_new(data, size));
        if (chance(w->rules.duplicate))
            pass(w, packet_new(data, size));
        pass(w, after);
    }
    pj_grp_lock_release(w->owner->base.grp_lock);
}

/* Forgets what waits. With the lock. */
static void flush(path *w)
{
    while (w->first) {
        packet *p = w->first;

        w->first = p->next;
        free(p);
    }
    w->waiting = 0;
    free(w->held);
    w->held = NULL;
    pj_timer_heap_cancel_if_active(pjsip_endpt_get_timer_heap(pjsua_get_pjsip_endpt()), &w->timer, 0);
}

static void detached(impaired *im)
{
    pj_grp_lock_acquire(im->base.grp_lock);
    im->attached = 0;
    flush(&im->tx);
    flush(&im->rx);
    pj_grp_lock_release(im->base.grp_lock);
}

static void on_rtp(pjmedia_tp_cb_param *param)
{
    impaired *im = param->user_data;

    if (param->size > 0) {
        take(&im->rx, param->pkt, (size_t)param->size);
    } else if (im->attached && im->rtp2) { /* an error of the socket */
        pjmedia_tp_cb_param copy = *param;

        copy.user_data = im->user;
        im->rtp2(&copy);
    } else if (im->attached) {
        im->rtp(im->user, param->pkt, param->size);
    }
}

static void on_rtcp(void *user, void *pkt, pj_ssize_t size)
{
    impaired *im = user;

    if (im->attached)
        im->rtcp(im->user, pkt, size);
}

static pj_status_t attach2(pjmedia_transport *tp, pjmedia_transport_attach_param *given)
{
    impaired *im = (impaired *)tp;
    pjmedia_transport_attach_param param = *given;
    pj_status_t status;

    pj_grp_lock_acquire(tp->grp_lock);
    im->user = given->user_data;
    im->rtp = given->rtp_cb;
    im->rtp2 = given->rtp_cb2;
    im->rtcp = given->rtcp_cb;
    im->attached = 1;
    pj_grp_lock_release(tp->grp_lock);
    param.user_data = im;
    param.rtp_cb = NULL;
    param.rtp_cb2 = on_rtp;
    param.rtcp_cb = on_rtcp;
    status = pjmedia_transport_attach2(im->member, &param);
    if (status != PJ_SUCCESS)
        detached(im);
    return status;
}

static void detach(pjmedia_transport *tp, void *user)
{
    impaired *im = (impaired *)tp;

    (void)user;
    if (im->attached) {
        pjmedia_transport_detach(im->member, im);
        detached(im);
    }
}

static pj_status_t send_rtp(pjmedia_transport *tp, const void *pkt, pj_size_t size)
{
    take(&((impaired *)tp)->tx, pkt, size);
    return PJ_SUCCESS;
}

static pj_status_t get_info(pjmedia_transport *tp, pjmedia_transport_info *info)
{
    return pjmedia_transport_get_info(((impaired *)tp)->member, info);
}

static pj_status_t send_rtcp(pjmedia_transport *tp, const void *pkt, pj_size_t size)
{
    return pjmedia_transport_send_rtcp(((impaired *)tp)->member, pkt, size);
}

static pj_status_t send_rtcp2(pjmedia_transport *tp, const pj_sockaddr_t *addr, unsigned len, const void *pkt,
                              pj_size_t size)
{
    return pjmedia_transport_send_rtcp2(((impaired *)tp)->member, addr, len, pkt, size);
}

static pj_status_t media_create(pjmedia_transport *tp, pj_pool_t *pool, unsigned options,
                                const pjmedia_sdp_session *remote, unsigned index)
{
    return pjmedia_transport_media_create(((impaired *)tp)->member, pool, options, remote, index);
}

static pj_status_t encode_sdp(pjmedia_transport *tp, pj_pool_t *pool, pjmedia_sdp_session *local,
                              const pjmedia_sdp_session *remote, unsigned index)
{
    return pjmedia_transport_encode_sdp(((impaired *)tp)->member, pool, local, remote, index);
}

static pj_status_t media_start(pjmedia_transport *tp, pj_pool_t *pool, const pjmedia_sdp_session *local,
                               const pjmedia_sdp_session *remote, unsigned index)
{
    return pjmedia_transport_media_start(((impaired *)tp)->member, pool, local, remote, index);
}

static pj_status_t media_stop(pjmedia_transport *tp)
{
    return pjmedia_transport_media_stop(((impaired *)tp)->member);
}

static pj_status_t simulate_lost(pjmedia_transport *tp, pjmedia_dir dir, unsigned percent)
{
    return pjmedia_transport_simulate_lost(((impaired *)tp)->member, dir, percent);
}

static pj_status_t destroy(pjmedia_transport *tp)
{
    impaired *im = (impaired *)tp;

    detached(im);
    if (im->close_member)
        pjmedia_transport_close(im->member);
    pj_grp_lock_dec_ref(tp->grp_lock);
    return PJ_SUCCESS;
}

static pjmedia_transport_op impaired_op = {
    .get_info = get_info,
    .detach = detach,
    .send_rtp = send_rtp,
    .send_rtcp = send_rtcp,
    .send_rtcp2 = send_rtcp2,
    .media_create = media_create,
    .encode_sdp = encode_sdp,
    .media_start = media_start,
    .media_stop = media_stop,
    .simulate_lost = simulate_lost,
    .destroy = destroy,
    .attach2 = attach2,
};

static void path_init(path *w, impaired *im, const oh_impairment *rules)
{
    w->owner = im;
    w->rules = *rules;
    pj_timer_entry_init(&w->timer, 0, w, on_timer);
}

/* A transport before the member, or the member itself where there is no need or no memory. */
static pjmedia_transport *impair(pjmedia_transport *member, const oh_policy *policy, int close_member)
{
    const oh_impairment *t = &policy->tx, *r = &policy->rx;
    impaired *im;

    if (!(t->delay_ms | t->jitter_ms | t->duplicate | t->reorder | r->delay_ms | r->jitter_ms | r->duplicate |
          r->reorder) || !member->grp_lock)
        return member;
    im = calloc(1, sizeof(*im));
    if (!im || pj_grp_lock_add_handler(member->grp_lock, NULL, im, free) != PJ_SUCCESS) {
        free(im);
        return member;
    }
    pj_grp_lock_add_ref(member->grp_lock);
    pj_ansi_strxcpy(im->base.name, "impaired", sizeof(im->base.name));
    im->base.type = PJMEDIA_TRANSPORT_TYPE_USER;
    im->base.op = &impaired_op;
    im->base.grp_lock = member->grp_lock;
    im->member = member;
    im->close_member = close_member;
    path_init(&im->tx, im, t);
    path_init(&im->rx, im, r);
    return &im->base;
}

/* pjmedia loses one in a hundred more than it is told, and nothing when told 0. */
static void lose(pjmedia_transport *tp, pjmedia_dir dir, int32_t percent)
{
    if (percent > 0)
        pjmedia_transport_simulate_lost(tp, dir, percent > 1 ? (unsigned)percent - 1 : 1);
}

/* With the dialog's lock, when the transport of a new m= line is there. */
static pjmedia_transport *on_create_media_transport(pjsua_call_id id, unsigned index, pjmedia_transport *base,
                                                    unsigned flags)
{
    const oh_policy *policy;
    pjsua_call_info ci;

    (void)index;
    if (!base || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return base;
    /* A new call may have no serial yet, and then has no policy of its own. */
    policy = oh_policy_hold(oh_call_bound(id), oh_account_serial(ci.acc_id));
    lose(base, PJMEDIA_DIR_ENCODING, policy->tx.lose);
    lose(base, PJMEDIA_DIR_DECODING, policy->rx.lose);
    base = impair(base, policy, (flags & PJSUA_MED_TP_CLOSE_MEMBER) != 0);
    oh_policy_release(policy);
    return base;
}

void oh_impair_callbacks(pjsua_callback *cb)
{
    cb->on_create_media_transport = on_create_media_transport;
}
