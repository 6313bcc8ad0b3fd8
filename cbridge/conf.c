/* conf.c: see conf.h; and the results of the bridge's operations. */
#include "conf.h"
#include "record.h"

#include <pthread.h>
#include <stdlib.h>

/* What the bridge calls "any slot" in an operation. */
#define ANY ((unsigned)-1)

/* A port that hears what another hears. */
typedef struct copy_entry {
    int sink, copy; /* slots; sink is -1 when it is gone */
} copy_entry;

/* A connection of the bridge. Its own list cannot be asked for levels. */
typedef struct link_entry {
    unsigned src, sink;
    int level;
} link_entry;

static struct {
    /* Guards what follows. The bridge's own mutex is taken under it, and nothing else;
     * callbacks that come with the bridge's mutex held do not take it. */
    pthread_mutex_t mu;
    pjmedia_conf *conf;
    /* Ports removed from each slot, and from all. The bridge's own, 0, is always the same. */
    uint32_t removed[PJSUA_MAX_CONF_PORTS];
    uint64_t removals;
    copy_entry copies[PJSUA_MAX_CALLS];
    unsigned copy_count;
    link_entry *links;
    unsigned link_count, link_cap;
} br = {.mu = PTHREAD_MUTEX_INITIALIZER};

void oh_conf_attach(pjmedia_conf *conf)
{
    pthread_mutex_lock(&br.mu);
    br.conf = conf;
    br.copy_count = 0;
    free(br.links);
    br.links = NULL;
    br.link_count = br.link_cap = 0;
    pthread_mutex_unlock(&br.mu);
}

oh_port oh_conf_port(int slot)
{
    oh_port p = {slot, 0};

    pthread_mutex_lock(&br.mu);
    if (slot >= 0 && slot < PJSUA_MAX_CONF_PORTS)
        p.removed = br.removed[slot];
    pthread_mutex_unlock(&br.mu);
    return p;
}

uint64_t oh_conf_removals(void)
{
    uint64_t n;

    pthread_mutex_lock(&br.mu);
    n = br.removals;
    pthread_mutex_unlock(&br.mu);
    return n;
}

/* The slot of the call's audio stream; pjsua_call_info is big, and this is asked often. */
static int call_slot(pjsua_call_id call, int index)
{
    pjsua_call_info ci;

    if (index < 0)
        return pjsua_call_get_conf_port(call);
    if (pjsua_call_get_info(call, &ci) != PJ_SUCCESS || (unsigned)index >= ci.media_cnt ||
        ci.media[index].type != PJMEDIA_TYPE_AUDIO)
        return PJSUA_INVALID_ID;
    return ci.media[index].stream.aud.conf_slot;
}

pj_status_t oh_conf_call_port(pjsua_call_id call, int index, oh_port *out)
{
    const pj_str_t none = {NULL, 0};
    int slot = call_slot(call, index);

    if (slot < 0)
        return PJ_ENOTFOUND;
    *out = oh_conf_port(slot);
    /* pjsua removes a stream's port and then forgets its slot, with the dialog locked.
     * This question takes that lock and so comes after both: when the call still has
     * the slot, it was its own when the number of removals was read. */
    pjsua_call_remote_has_cap(call, PJSIP_H_ALLOW, NULL, &none);
    return call_slot(call, index) == slot ? PJ_SUCCESS : PJ_ENOTFOUND;
}

/* Under mu. */
static int same(oh_port p)
{
    return p.slot >= 0 && p.slot < PJSUA_MAX_CONF_PORTS && br.removed[p.slot] == p.removed;
}

/* Runs an operation on two ports, if they are there. */
#define ON_PORTS(src, sink, op)                                                            \
    pj_status_t status;                                                                    \
                                                                                           \
    pthread_mutex_lock(&br.mu);                                                            \
    status = !br.conf || !same(src) || !same(sink) ? PJ_EGONE : (op);                      \
    pthread_mutex_unlock(&br.mu);                                                          \
    return status

pj_status_t oh_conf_connect(oh_port src, oh_port sink, int level)
{
    ON_PORTS(src, sink,
             pjmedia_conf_connect_port(br.conf, (unsigned)src.slot, (unsigned)sink.slot, level));
}

pj_status_t oh_conf_disconnect(oh_port src, oh_port sink)
{
    ON_PORTS(src, sink,
             pjmedia_conf_disconnect_port(br.conf, (unsigned)src.slot, (unsigned)sink.slot));
}

pj_status_t oh_conf_level(oh_port src, oh_port sink, int level)
{
    ON_PORTS(src, sink,
             pjmedia_conf_adjust_conn_level(br.conf, (unsigned)src.slot, (unsigned)sink.slot, level));
}

/*
 * Copies
 */

/* Under mu. Disconnects all sources of the copy; when the tick has done that, add_sources
 * follows. */
static pj_status_t start_copy(int sink, int copy)
{
    unsigned i;

    for (i = 0; i < br.copy_count && br.copies[i].copy != copy; i++)
        ;
    if (i == PJ_ARRAY_SIZE(br.copies))
        return PJ_ETOOMANY;
    if (i == br.copy_count)
        br.copy_count++;
    br.copies[i] = (copy_entry){sink, copy};
    return pjmedia_conf_disconnect_port_from_sources(br.conf, (unsigned)copy);
}

pj_status_t oh_conf_copy(oh_port sink, oh_port copy)
{
    ON_PORTS(sink, copy, start_copy(sink.slot, copy.slot));
}

/* Under mu. */
static void add_link(unsigned src, unsigned sink, int level)
{
    if (br.link_count == br.link_cap) {
        unsigned cap = br.link_cap ? 2 * br.link_cap : 64;
        link_entry *links = realloc(br.links, cap * sizeof(*links));

        if (!links)
            return; /* a copy will miss it */
        br.links = links;
        br.link_cap = cap;
    }
    br.links[br.link_count++] = (link_entry){src, sink, level};
}

/* Under mu. Either may be ANY. */
static void drop_links(unsigned src, unsigned sink)
{
    unsigned i, kept = 0;

    for (i = 0; i < br.link_count; i++) {
        link_entry *l = &br.links[i];

        if ((src != ANY && l->src != src) || (sink != ANY && l->sink != sink))
            br.links[kept++] = *l;
    }
    br.link_count = kept;
}

/* Under mu, on the tick. Keeps the list of connections, and counts removals. */
static void note(const pjmedia_conf_op_info *info)
{
    const pjmedia_conf_op_param *op = &info->op_param;
    unsigned i;

    switch (info->op_type) {
    case PJMEDIA_CONF_OP_CONNECT_PORTS:
        add_link(op->connect_ports.src, op->connect_ports.sink, op->connect_ports.adj_level);
        break;
    case PJMEDIA_CONF_OP_DISCONNECT_PORTS:
        drop_links(op->disconnect_ports.src, op->disconnect_ports.sink);
        break;
    case PJMEDIA_CONF_OP_ADJUST_CONN_LEVEL:
        for (i = 0; i < br.link_count; i++) {
            if (br.links[i].src == op->adjust_conn_level.src && br.links[i].sink == op->adjust_conn_level.sink)
                br.links[i].level = op->adjust_conn_level.adj_level;
        }
        break;
    case PJMEDIA_CONF_OP_REMOVE_PORT:
        drop_links(op->remove_port.port, ANY);
        drop_links(ANY, op->remove_port.port);
        if (op->remove_port.port > 0 && op->remove_port.port < PJSUA_MAX_CONF_PORTS)
            br.removed[op->remove_port.port]++;
        br.removals++;
        break;
    default:
        break;
    }
}

/* Under mu: connects to the copy all that are connected to the sink. */
static void add_sources(const copy_entry *c)
{
    unsigned i;

    for (i = 0; c->sink >= 0 && i < br.link_count; i++) {
        if (br.links[i].sink == (unsigned)c->sink)
            pjmedia_conf_connect_port(br.conf, br.links[i].src, (unsigned)c->copy, br.links[i].level);
    }
}

/* Under mu: does with the copies what was done with the original. */
static void follow(const pjmedia_conf_op_info *info)
{
    const pjmedia_conf_op_param *op = &info->op_param;
    unsigned i;

    for (i = 0; i < br.copy_count; i++) {
        copy_entry *c = &br.copies[i];
        unsigned sink = (unsigned)c->sink, copy = (unsigned)c->copy;

        switch (info->op_type) {
        case PJMEDIA_CONF_OP_CONNECT_PORTS:
            if (op->connect_ports.sink == sink)
                pjmedia_conf_connect_port(br.conf, op->connect_ports.src, copy,
                                          op->connect_ports.adj_level);
            break;
        case PJMEDIA_CONF_OP_DISCONNECT_PORTS:
            if (op->disconnect_ports.sink == sink && op->disconnect_ports.src == ANY)
                pjmedia_conf_disconnect_port_from_sources(br.conf, copy);
            else if (op->disconnect_ports.sink == sink)
                pjmedia_conf_disconnect_port(br.conf, op->disconnect_ports.src, copy);
            else if (op->disconnect_ports.sink == copy && op->disconnect_ports.src == ANY)
                add_sources(c);
            break;
        case PJMEDIA_CONF_OP_ADJUST_CONN_LEVEL:
            if (op->adjust_conn_level.sink == sink)
                pjmedia_conf_adjust_conn_level(br.conf, op->adjust_conn_level.src, copy,
                                               op->adjust_conn_level.adj_level);
            break;
        case PJMEDIA_CONF_OP_REMOVE_PORT:
            if (op->remove_port.port == copy) {
                br.copies[i--] = br.copies[--br.copy_count];
            } else if (op->remove_port.port == sink) {
                c->sink = -1;
                pjmedia_conf_disconnect_port_from_sources(br.conf, copy);
            }
            break;
        default:
            break;
        }
    }
}

/* On the media tick or, for a port removed before it was added, on the remover's thread;
 * the bridge is not locked, but for operations that are cancelled with such a port. */
void oh_on_conf_op_completed(const pjmedia_conf_op_info *info)
{
    const pjmedia_conf_op_param *op = &info->op_param;
    oh_event *ev;

    if (info->op_type == PJMEDIA_CONF_OP_REMOVE_PORT || info->status == PJ_SUCCESS) {
        pthread_mutex_lock(&br.mu);
        note(info);
        if (br.conf)
            follow(info);
        pthread_mutex_unlock(&br.mu);
    }
    if (info->op_type != PJMEDIA_CONF_OP_CONNECT_PORTS &&
        (info->op_type != PJMEDIA_CONF_OP_DISCONNECT_PORTS || op->disconnect_ports.src == ANY))
        return;
    ev = oh_event_new(OH_CONF_OP, NULL);
    if (ev) {
        ev->op = info->op_type;
        ev->head.status = info->status;
        if (info->op_type == PJMEDIA_CONF_OP_CONNECT_PORTS) {
            ev->src = (int32_t)op->connect_ports.src;
            ev->sink = (int32_t)op->connect_ports.sink;
        } else {
            ev->src = (int32_t)op->disconnect_ports.src;
            ev->sink = (int32_t)op->disconnect_ports.sink;
        }
    }
    oh_push(oh_out.ops, ev);
}

void oh_push_call(int type, int64_t serial)
{
    oh_event *ev = oh_event_new(type, NULL);

    if (ev)
        ev->head.call = serial;
    oh_push(oh_out.ops, ev);
}
