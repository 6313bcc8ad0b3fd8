/* trace.c: every SIP message that passes, and the call that it belongs to. */
#include "message.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

static atomic_int tracing;
static oh_queue *trace_queue;

/* The dialog of the last call in each slot, by hashes of its Call-ID and of our tag. It
 * stays when the call has ended, until another call has the slot: the answer to a BYE
 * comes later. */
typedef struct dialog_entry {
    int64_t serial;
    uint64_t call_id, tag; /* 0: not known yet */
} dialog_entry;

static struct {
    pthread_mutex_t mu; /* a leaf */
    dialog_entry slots[PJSUA_MAX_CALLS];
} dialogs = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* FNV-1a; never 0. Tags are compared as they are: PJSIP's are lower case. */
static uint64_t hash(const pj_str_t *s)
{
    uint64_t h = 14695981039346656037u;
    pj_ssize_t i;

    for (i = 0; i < s->slen; i++)
        h = (h ^ (unsigned char)s->ptr[i]) * 1099511628211u;
    return h ? h : 1;
}

void oh_trace_learn(int slot, int64_t serial, const pj_str_t *call_id, const pj_str_t *tag)
{
    dialog_entry *e = &dialogs.slots[slot];

    pthread_mutex_lock(&dialogs.mu);
    if (e->serial != serial)
        *e = (dialog_entry){serial, hash(call_id), 0};
    if (tag)
        e->tag = hash(tag);
    pthread_mutex_unlock(&dialogs.mu);
}

/* The call of a message. The first INVITE that we send comes before its dialog can tell
 * our tag, which is learnt from it. */
static int64_t find_call(const pj_str_t *call_id, const pj_str_t *tag, int first_invite)
{
    uint64_t id = hash(call_id), local = hash(tag);
    int64_t serial = 0;
    int i;

    pthread_mutex_lock(&dialogs.mu);
    for (i = 0; i < PJSUA_MAX_CALLS && !serial; i++) {
        dialog_entry *e = &dialogs.slots[i];

        if (!e->serial || e->call_id != id)
            continue;
        if (!e->tag && first_invite)
            e->tag = local;
        if (e->tag == local)
            serial = e->serial;
    }
    pthread_mutex_unlock(&dialogs.mu);
    return serial;
}

void oh_trace_attach(oh_queue *queue)
{
    pthread_mutex_lock(&dialogs.mu);
    memset(dialogs.slots, 0, sizeof(dialogs.slots));
    pthread_mutex_unlock(&dialogs.mu);
    trace_queue = queue;
}

void oh_trace_set(int on)
{
    atomic_store_explicit(&tracing, on, memory_order_relaxed);
}

static pj_str_t address(char *buf, size_t size, const char *host, int len, int port)
{
    pj_str_t s = {buf, 0};
    int v6 = memchr(host, ':', (size_t)len) != NULL;
    int n;

    if (len > 0) {
        n = snprintf(buf, size, "%s%.*s%s:%d", v6 ? "[" : "", len, host, v6 ? "]" : "", port);
        s.slen = n < (int)size ? n : (int)size - 1;
    }
    return s;
}

static void push(int64_t call, int sent, pj_status_t dropped, const pjsip_transport *tp,
                 const char *remote, int remote_len, int remote_port, const char *data, size_t len)
{
    char addr[2][PJ_MAX_HOSTNAME + 16];
    pj_str_t texts[3];
    oh_sip *ev;

    texts[0] = address(addr[0], sizeof(addr[0]), tp->local_name.host.ptr, (int)tp->local_name.host.slen,
                       tp->local_name.port);
    texts[1] = address(addr[1], sizeof(addr[1]), remote, remote_len, remote_port);
    texts[2].ptr = (char *)data;
    texts[2].slen = (pj_ssize_t)len;
    ev = oh_record_new(OH_SIP, sizeof(*ev), offsetof(oh_sip, local), texts, 3);
    if (ev) {
        ev->head.call = call;
        ev->head.status = dropped;
        ev->sent = sent;
        ev->transport = (int32_t)tp->key.type;
    }
    oh_push(trace_queue, ev);
}

static pj_bool_t on_rx(pjsip_rx_data *rdata)
{
    const pjsip_msg *msg = rdata->msg_info.msg;
    int request;

    if (!atomic_load_explicit(&tracing, memory_order_relaxed))
        return PJ_FALSE;
    request = msg->type == PJSIP_REQUEST_MSG;
    push(find_call(&rdata->msg_info.cid->id,
                   request ? &rdata->msg_info.to->tag : &rdata->msg_info.from->tag, 0),
         0, PJ_SUCCESS, rdata->tp_info.transport, rdata->pkt_info.src_name,
         (int)strlen(rdata->pkt_info.src_name), rdata->pkt_info.src_port, rdata->msg_info.msg_buf,
         (size_t)rdata->msg_info.len);
    return PJ_FALSE;
}

/* Also for every retransmission. The transport layer, which was before, has printed the
 * message and knows where it goes. */
static pj_status_t on_tx(pjsip_tx_data *tdata)
{
    const pjsip_msg *msg = tdata->msg;
    const pjsip_cid_hdr *cid;
    const pjsip_fromto_hdr *from, *to;
    int64_t call = 0;
    int request;

    if (!atomic_load_explicit(&tracing, memory_order_relaxed) || !tdata->tp_info.transport)
        return PJ_SUCCESS;
    request = msg->type == PJSIP_REQUEST_MSG;
    cid = PJSIP_MSG_CID_HDR(msg);
    from = PJSIP_MSG_FROM_HDR(msg);
    to = PJSIP_MSG_TO_HDR(msg);
    if (cid && from && to)
        call = find_call(&cid->id, request ? &from->tag : &to->tag,
                         request && msg->line.req.method.id == PJSIP_INVITE_METHOD);
    push(call, 1, PJ_SUCCESS, tdata->tp_info.transport, tdata->tp_info.dst_name,
         (int)strlen(tdata->tp_info.dst_name), tdata->tp_info.dst_port, tdata->buf.start,
         (size_t)(tdata->buf.cur - tdata->buf.start));
    return PJ_SUCCESS;
}

/* What PJSIP could not read as a SIP message; blank lines, which keep a connection open,
 * are no loss. */
static void on_dropped(pjsip_tp_dropped_data *data)
{
    const pjsip_transport *tp = data->tp;

    if (!atomic_load_explicit(&tracing, memory_order_relaxed) || data->status == PJ_EIGNORED)
        return;
    /* A datagram's sender is not told. */
    push(0, 0, data->status, tp, tp->remote_name.host.ptr,
         tp->flag & PJSIP_TRANSPORT_RELIABLE ? (int)tp->remote_name.host.slen : 0, tp->remote_name.port,
         data->data, data->len);
}

static pjsip_module trace_module;

pj_status_t oh_trace_register(void)
{
    pjsip_endpoint *endpt = pjsua_get_pjsip_endpt();

    trace_module = (pjsip_module){
        .name = {"mod-offhook-trace", 17},
        .id = -1,
        /* On the way in before everybody, on the way out after everybody. */
        .priority = PJSIP_MOD_PRIORITY_TRANSPORT_LAYER - 1,
        .on_rx_request = on_rx,
        .on_rx_response = on_rx,
        .on_tx_request = on_tx,
        .on_tx_response = on_tx,
    };
    pjsip_tpmgr_set_drop_data_cb(pjsip_endpt_get_tpmgr(endpt), on_dropped);
    return pjsip_endpt_register_module(endpt, &trace_module);
}
