/* impair.c: calls whose RTP is lost, late, twice there or out of order on purpose, and
 * calls whose RTP is traced.
 *
 * Both are done by a transport that stands between the stream and the one that pjsua made,
 * SRTP included, so that packets are in the clear here. pjmedia can lose packets too, but one
 * in a hundred more than it is told, and not the same ones again. Packets that are late wait
 * in a queue, from which a timer takes them on a SIP thread. Queues, addresses and the
 * stream's callbacks are guarded by the lock that the transports share: pjmedia calls a
 * stream with it too. The trace sees what is on the wire: it is on the far side of the queues.
 */
#include "policy.h"
#include "rtptrace.h"

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
    uint64_t random; /* state of the generator, never 0 */
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
    /* For the trace. */
    pjsua_call_id slot;
    unsigned index; /* of the m= line */
    int64_t call;   /* known since the stream attached */
    pj_sockaddr local[2], remote[2]; /* of RTP, of RTCP; remote: where packets go */
    _Atomic int64_t asked_ns; /* when the transport last told addresses */
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

/* xorshift64* (Marsaglia, Vigna): a path's own, so that a seed gives the same again. */
static unsigned next_random(path *w)
{
    w->random ^= w->random >> 12;
    w->random ^= w->random << 25;
    w->random ^= w->random >> 27;
    return (unsigned)(w->random * 0x2545F4914F6CDD1DULL >> 33);
}

static int chance(path *w, int percent)
{
    return percent > 0 && next_random(w) % 100 < (unsigned)percent;
}

static int spoils(const oh_impairment *r)
{
    return (r->lose | r->delay_ms | r->jitter_ms | r->duplicate | r->reorder) != 0;
}

/*
 * Tracing
 */

static int known(const pj_sockaddr *a)
{
    return a->addr.sa_family == PJ_AF_INET || a->addr.sa_family == PJ_AF_INET6;
}

/* Asks the transport where it sends from, and where packets come from. Without the lock. */
static void ask_addresses(impaired *im)
{
    const pjmedia_ice_transport_info *ice;
    pjmedia_transport_info info;
    int mux;

    pjmedia_transport_info_init(&info);
    if (pjmedia_transport_get_info(im->member, &info) != PJ_SUCCESS)
        return;
    ice = pjmedia_transport_info_get_spc_info(&info, PJMEDIA_TRANSPORT_TYPE_ICE);
    pj_grp_lock_acquire(im->base.grp_lock);
    mux = known(&im->remote[0]) && known(&im->remote[1]) && !pj_sockaddr_cmp(&im->remote[0], &im->remote[1]);
    im->asked_ns = now_ns();
    im->local[0] = info.sock_info.rtp_addr_name;
    im->local[1] = mux ? im->local[0] : info.sock_info.rtcp_addr_name;
    /* ICE sends to where packets come from; others ask the stream, which may not follow. */
    if (ice && ice->active && known(&info.src_rtp_name))
        im->remote[0] = info.src_rtp_name;
    if (mux)
        im->remote[1] = im->remote[0];
    else if (known(&info.src_rtcp_name))
        im->remote[1] = info.src_rtcp_name;
    pj_grp_lock_release(im->base.grp_lock);
}

/* The record of a packet, NULL when nobody traces; remote is the far end where it is
 * another than is known. */
static oh_rtp *traced(impaired *im, int sent, int rtcp, const pj_sockaddr *remote, const void *data, size_t size)
{
    oh_rtp *r;

    if (!oh_rtptrace_on())
        return NULL;
    pj_grp_lock_acquire(im->base.grp_lock);
    r = oh_rtptrace_record(im->call, data, size);
    if (r) {
        r->sent = sent;
        r->rtcp = rtcp;
        r->index = (int32_t)im->index;
        r->local = oh_rtp_address_of(&im->local[rtcp]);
        r->remote = oh_rtp_address_of(remote ? remote : &im->remote[rtcp]);
    }
    pj_grp_lock_release(im->base.grp_lock);
    return r;
}

static void trace_received(impaired *im, const pjmedia_tp_cb_param *param)
{
    const uint8_t *data = param->pkt;
    const pj_sockaddr *from = param->src_addr;
    oh_rtp *r;

    if (!oh_rtptrace_on() || param->size <= 0)
        return;
    if (!from && now_ns() - im->asked_ns > 1000000000)
        ask_addresses(im);
    r = traced(im, 0, 0, from && known(from) ? from : NULL, data, (size_t)param->size);
    if (r && param->size >= 2 && data[1] >= 192 && data[1] <= 223) /* RFC 5761 section 4 */
        r->rtcp = 1;
    oh_rtptrace_push(r);
}

/* Pushes the record that was made, with its time, before the packet was sent. */
static pj_status_t trace_sent(oh_rtp *r, pj_status_t status)
{
    if (status == PJ_SUCCESS)
        oh_rtptrace_push(r);
    else
        oh_record_free(r);
    return status;
}

static pj_status_t send_now(impaired *im, const void *data, size_t size)
{
    oh_rtp *r = traced(im, 1, 0, NULL, data, size);

    return trace_sent(r, pjmedia_transport_send_rtp(im->member, data, size));
}

/*
 * Spoiling
 */

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
        send_now(im, p->data, p->size);
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
        late += next_random(w) % (unsigned)(w->rules.jitter_ms + 1);
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
    if (chance(w, w->rules.lose)) {
        pj_grp_lock_release(w->owner->base.grp_lock);
        return;
    }
    after = w->held;
    w->held = NULL;
    if (!after && chance(w, w->rules.reorder)) {
        w->held = packet_new(data, size);
    } else {
        pass(w, packet_new(data, size));
        if (chance(w, w->rules.duplicate))
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

/* Gives a packet to the stream as it came. With the lock. */
static void forward(impaired *im, pjmedia_tp_cb_param *param)
{
    pjmedia_tp_cb_param copy = *param;

    if (!im->attached)
        return;
    if (!im->rtp2) {
        im->rtp(im->user, param->pkt, param->size);
        return;
    }
    copy.user_data = im->user;
    im->rtp2(&copy);
    param->rem_switch = copy.rem_switch;
    if (copy.rem_switch && copy.src_addr)
        im->remote[0] = *copy.src_addr;
}

static void on_rtp(pjmedia_tp_cb_param *param)
{
    impaired *im = param->user_data;

    trace_received(im, param);
    if (param->size > 0 && spoils(&im->rx.rules)) {
        take(&im->rx, param->pkt, (size_t)param->size);
    } else if (param->size > 0) {
        pj_grp_lock_acquire(im->base.grp_lock);
        forward(im, param);
        pj_grp_lock_release(im->base.grp_lock);
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

    if (size > 0 && oh_rtptrace_on()) {
        ask_addresses(im); /* nobody says where it came from */
        oh_rtptrace_push(traced(im, 0, 1, NULL, pkt, (size_t)size));
    }
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
    im->call = oh_call_bound(im->slot);
    im->remote[0] = im->remote[1] = given->rem_addr;
    if (known(&given->rem_rtcp) && pj_sockaddr_has_addr(&given->rem_rtcp))
        im->remote[1] = given->rem_rtcp;
    else if (known(&im->remote[1]))
        pj_sockaddr_set_port(&im->remote[1], (pj_uint16_t)(pj_sockaddr_get_port(&im->remote[1]) + 1));
    pj_grp_lock_release(tp->grp_lock);
    param.user_data = im;
    param.rtp_cb = NULL;
    param.rtp_cb2 = on_rtp;
    param.rtcp_cb = on_rtcp;
    status = pjmedia_transport_attach2(im->member, &param);
    if (status == PJ_SUCCESS)
        ask_addresses(im);
    else
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
    impaired *im = (impaired *)tp;

    if (!spoils(&im->tx.rules))
        return send_now(im, pkt, size);
    take(&im->tx, pkt, size);
    return PJ_SUCCESS;
}

static pj_status_t get_info(pjmedia_transport *tp, pjmedia_transport_info *info)
{
    return pjmedia_transport_get_info(((impaired *)tp)->member, info);
}

static pj_status_t send_rtcp(pjmedia_transport *tp, const void *pkt, pj_size_t size)
{
    impaired *im = (impaired *)tp;
    oh_rtp *r = traced(im, 1, 1, NULL, pkt, size);

    return trace_sent(r, pjmedia_transport_send_rtcp(im->member, pkt, size));
}

static pj_status_t send_rtcp2(pjmedia_transport *tp, const pj_sockaddr_t *addr, unsigned len, const void *pkt,
                              pj_size_t size)
{
    impaired *im = (impaired *)tp;
    oh_rtp *r = traced(im, 1, 1, addr, pkt, size);

    return trace_sent(r, pjmedia_transport_send_rtcp2(im->member, addr, len, pkt, size));
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
    w->random = (rules->seed ? rules->seed : ((uint64_t)pj_rand() << 32 | (unsigned)pj_rand())) * 0x9E3779B97F4A7C15ULL;
    if (w->random == 0)
        w->random = 1;
    pj_timer_entry_init(&w->timer, 0, w, on_timer);
}

/* A transport before the member, or the member itself where there is no need or no memory. */
static pjmedia_transport *impair(pjsua_call_id slot, unsigned index, pjmedia_transport *member,
                                 const oh_policy *policy, int close_member)
{
    impaired *im;

    if (!member->grp_lock ||
        !(spoils(&policy->tx) || spoils(&policy->rx) || policy->report_rtp || oh_rtptrace_on()))
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
    im->slot = slot;
    im->index = index;
    path_init(&im->tx, im, &policy->tx);
    path_init(&im->rx, im, &policy->rx);
    return &im->base;
}

/* With the dialog's lock, when the transport of a new m= line is there. */
static pjmedia_transport *on_create_media_transport(pjsua_call_id id, unsigned index, pjmedia_transport *base,
                                                    unsigned flags)
{
    const oh_policy *policy;
    pjsua_call_info ci;

    if (!base || pjsua_call_get_info(id, &ci) != PJ_SUCCESS)
        return base;
    /* A new call may have no serial yet, and then has no policy of its own. */
    policy = oh_policy_hold(oh_call_bound(id), oh_account_serial(ci.acc_id));
    base = impair(id, index, base, policy, (flags & PJSUA_MED_TP_CLOSE_MEMBER) != 0);
    oh_policy_release(policy);
    return base;
}

void oh_impair_callbacks(pjsua_callback *cb)
{
    cb->on_create_media_transport = on_create_media_transport;
}
