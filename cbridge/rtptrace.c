/* rtptrace.c: media packets that pass, for whoever traces them. */
#include "rtptrace.h"

#include <stdatomic.h>
#include <string.h>

static atomic_uint bytes;    /* kept of each packet, 0: nobody traces */
static _Atomic int64_t only; /* the call that is traced, 0: all */
static oh_queue *rtp_queue;

int oh_rtptrace_on(void)
{
    return atomic_load_explicit(&bytes, memory_order_relaxed) != 0;
}

void oh_rtptrace_attach(oh_queue *queue)
{
    rtp_queue = queue;
}

void oh_rtptrace_set(unsigned most, int64_t call)
{
    atomic_store_explicit(&only, call, memory_order_relaxed);
    atomic_store_explicit(&bytes, most, memory_order_relaxed);
}

oh_rtp *oh_rtptrace_record(int64_t call, const void *data, size_t size)
{
    unsigned most = atomic_load_explicit(&bytes, memory_order_relaxed);
    int64_t one = atomic_load_explicit(&only, memory_order_relaxed);
    pj_str_t text = {(char *)data, (pj_ssize_t)PJ_MIN(size, most)};
    oh_rtp *r;

    if (!most || (one && one != call))
        return NULL;
    r = oh_record_new(OH_RTP, sizeof(*r), offsetof(oh_rtp, data), &text, 1);
    if (r) {
        r->head.call = call;
        r->size = (uint32_t)size;
    }
    return r;
}

void oh_rtptrace_push(oh_rtp *record)
{
    if (record)
        oh_push(rtp_queue, record);
}

oh_rtp_address oh_rtp_address_of(const pj_sockaddr *a)
{
    oh_rtp_address out = {0};

    if (a->addr.sa_family != PJ_AF_INET && a->addr.sa_family != PJ_AF_INET6)
        return out;
    out.len = (int32_t)pj_sockaddr_get_addr_len(a);
    out.port = pj_sockaddr_get_port(a);
    memcpy(out.ip, pj_sockaddr_get_addr(a), (size_t)out.len);
    return out;
}
