/* resolve.c: PJSIP's questions for the addresses of names, and the answers. */
#include "resolve.h"
#include "record.h"

#include <pjsua-lib/pjsua_internal.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
    MAX_NAMES = 256,
    FRESH_MS = 5000, /* how long an answer serves further questions */
};

/* Who waits for an answer. PJSIP holds on to what the token points to until it has it. */
typedef struct waiter {
    struct waiter *next;
    void *token;
    pjsip_resolver_callback *cb;
} waiter;

/* A name with what else PJSIP asks for. Everybody who asks for the same is answered in
 * turn, so that messages of a dialog do not overtake each other. */
typedef struct name {
    struct name *next;
    int64_t serial; /* of the question that is under way; 0: none is */
    pjsip_transport_type_e type; /* without the flag of IPv6 */
    int port, family;
    waiter *first, **last;
    int64_t asked; /* when, in ms */
    int64_t known; /* when the answer came, 0 without one */
    pjsip_server_addresses answer;
    char host[]; /* answer.entry[].name is this */
} name;

static struct {
    pthread_mutex_t mu; /* a leaf */
    name *names;
    unsigned count;
    int closed;
} names = {.mu = PTHREAD_MUTEX_INITIALIZER};

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The address that a target names as such, 0 when it is a name. */
static int literal(const pjsip_host_info *target, oh_address *out)
{
    const pj_str_t *host = &target->addr.host;
    pj_addrinfo ai;
    unsigned one = 1;

    if (host->slen <= 0)
        return 0;
    memset(out, 0, sizeof(*out));
    out->v6 = pj_inet_pton(pj_AF_INET6(), host, out->ip) == PJ_SUCCESS;
    if (!out->v6 && pj_inet_pton(pj_AF_INET(), host, out->ip) != PJ_SUCCESS)
        return 0;
    /* As pjsip_resolve does: in a network that has only IPv6, the address of a NAT64. */
    if (!out->v6 && target->type & PJSIP_TRANSPORT_IPV6 &&
        pj_getaddrinfo(pj_AF_INET6(), host, &one, &ai) == PJ_SUCCESS && one &&
        ai.ai_addr.addr.sa_family == pj_AF_INET6()) {
        memcpy(out->ip, &ai.ai_addr.ipv6.sin6_addr, sizeof(out->ip));
        out->v6 = 1;
    }
    return 1;
}

/* The transport that a target asks for, as pjsip_resolve has it. */
static pjsip_transport_type_e transport_of(const pjsip_host_info *target)
{
    if (target->type != PJSIP_TRANSPORT_UNSPECIFIED)
        return target->type & ~PJSIP_TRANSPORT_IPV6;
    if (target->flag & PJSIP_TRANSPORT_SECURE)
        return PJSIP_TRANSPORT_TLS;
    return target->flag & PJSIP_TRANSPORT_RELIABLE ? PJSIP_TRANSPORT_TCP : PJSIP_TRANSPORT_UDP;
}

/* Takes the name that was asked for longest ago, and is not under way, off the list; NULL:
 * all are. Under mu. */
static name *drop_oldest(void)
{
    name **at, **oldest = NULL, *n;

    for (at = &names.names; *at; at = &(*at)->next) {
        if (!(*at)->serial && (!oldest || (*at)->asked < (*oldest)->asked))
            oldest = at;
    }
    if (!oldest)
        return NULL;
    n = *oldest;
    *oldest = n->next;
    names.count--;
    return n;
}

/* The entry for a target, NULL without memory or place. Under mu. */
static name *name_of(const pjsip_host_info *target)
{
    const pj_str_t *host = &target->addr.host;
    pjsip_transport_type_e type = transport_of(target);
    int family = target->type & PJSIP_TRANSPORT_IPV6 ? 6 : 0;
    name *n;

    for (n = names.names; n; n = n->next) {
        if (n->type == type && n->port == target->addr.port && n->family == family &&
            strlen(n->host) == (size_t)host->slen && !strncasecmp(n->host, host->ptr, (size_t)host->slen))
            return n;
    }
    if (names.count >= MAX_NAMES) {
        n = drop_oldest();
        if (!n)
            return NULL;
        free(n);
    }
    n = calloc(1, sizeof(*n) + (size_t)host->slen + 1);
    if (!n)
        return NULL;
    memcpy(n->host, host->ptr, (size_t)host->slen);
    n->type = type;
    n->port = target->addr.port;
    n->family = family;
    n->last = &n->first;
    n->next = names.names;
    names.names = n;
    names.count++;
    return n;
}

static void fill(pjsip_server_addresses *answer, pjsip_transport_type_e type, pj_str_t host, const oh_address *list,
                 unsigned count)
{
    unsigned i;

    answer->count = PJ_MIN(count, PJSIP_MAX_RESOLVED_ADDRESSES);
    for (i = 0; i < answer->count; i++) {
        pjsip_server_address_record *r = &answer->entry[i];

        memset(r, 0, sizeof(*r));
        pj_sockaddr_init(list[i].v6 ? pj_AF_INET6() : pj_AF_INET(), &r->addr, NULL, list[i].port);
        memcpy(pj_sockaddr_get_addr(&r->addr), list[i].ip, pj_sockaddr_get_addr_len(&r->addr));
        r->addr_len = (int)pj_sockaddr_get_len(&r->addr);
        r->type = list[i].v6 ? type | PJSIP_TRANSPORT_IPV6 : type;
        r->name = host;
    }
}

static void push_lookup(const name *n)
{
    const pj_str_t host = {(char *)n->host, (pj_ssize_t)strlen(n->host)};
    oh_lookup *q = oh_record_new(OH_LOOKUP, sizeof(*q), offsetof(oh_lookup, host), &host, 1);

    if (q) {
        q->head.object = n->serial;
        q->port = n->port;
        q->family = n->family;
        q->service = n->type == PJSIP_TRANSPORT_TLS   ? OH_SIPS_TCP
                     : n->type == PJSIP_TRANSPORT_TCP ? OH_SIP_TCP
                                                      : OH_SIP_UDP;
    }
    oh_push(oh_out.ops, q); /* it has room for more than there are names */
}

/* pjsip_ext_resolver: on any thread, with the locks of what sends. */
static void resolve(pjsip_resolver_t *resolver, pj_pool_t *pool, const pjsip_host_info *target, void *token,
                    pjsip_resolver_callback *cb)
{
    pjsip_server_addresses answer;
    pj_status_t status = PJ_EPENDING;
    pjsip_transport_type_e type;
    oh_address address;
    unsigned i;
    waiter *w;
    name *n;

    (void)resolver;
    (void)pool;
    if (literal(target, &address)) {
        type = transport_of(target);
        address.port = (uint16_t)(target->addr.port ? target->addr.port : pjsip_transport_get_default_port_for_type(type));
        fill(&answer, type, target->addr.host, &address, 1);
        cb(PJ_SUCCESS, token, &answer);
        return;
    }
    w = calloc(1, sizeof(*w));
    pthread_mutex_lock(&names.mu);
    n = w ? name_of(target) : NULL;
    if (!n) {
        status = PJ_ENOMEM;
    } else if (n->known && !n->serial && (names.closed || now_ms() - n->known < FRESH_MS)) {
        status = PJ_SUCCESS;
        answer = n->answer;
        for (i = 0; i < answer.count; i++)
            answer.entry[i].name = target->addr.host;
    } else if (names.closed) {
        status = PJ_ECANCELLED;
    } else {
        w->token = token;
        w->cb = cb;
        *n->last = w;
        n->last = &w->next;
        w = NULL;
        n->asked = now_ms();
        if (!n->serial) {
            n->serial = oh_mint();
            push_lookup(n);
        }
    }
    pthread_mutex_unlock(&names.mu);
    free(w);
    if (status != PJ_EPENDING)
        cb(status, token, status == PJ_SUCCESS ? &answer : NULL);
}

/* Whether the request that waits is one that nobody wants any more: PJSIP would send the
 * INVITE of a call that has been hung up meanwhile. */
static int unwanted(const waiter *w)
{
    const pjsip_send_state *state = w->token; /* or what sends data, which begins with the endpoint */
    int layer = pjsip_tsx_layer_instance() ? pjsip_tsx_layer_instance()->id : -1, yes;
    pjsip_transaction *tsx;
    pjsip_inv_session *inv;

    if (state->endpt != pjsua_get_pjsip_endpt() || layer < 0)
        return 0;
    tsx = state->tdata->mod_data[layer];
    if (!tsx || tsx != state->token)
        return state->token != NULL && state->tdata->msg->type == PJSIP_REQUEST_MSG &&
               state->tdata->msg->line.req.method.id != PJSIP_ACK_METHOD;
    pj_grp_lock_acquire(tsx->grp_lock); /* the sending holds on to it */
    inv = pjsip_tsx_get_dlg(tsx) ? pjsip_dlg_get_inv_session(pjsip_tsx_get_dlg(tsx)) : NULL;
    yes = tsx->state >= PJSIP_TSX_STATE_TERMINATED ||
          (inv && inv->invite_tsx == tsx && inv->pending_cancel && tsx->status_code < 100);
    pj_grp_lock_release(tsx->grp_lock);
    return yes;
}

static void answer_waiter(waiter *w, pj_status_t status, const pjsip_server_addresses *answer)
{
    if (status == PJ_SUCCESS && unwanted(w))
        status = PJ_ECANCELLED;
    w->cb(status, w->token, status == PJ_SUCCESS ? answer : NULL);
    free(w);
}

/* Answers those who wait for a name. While its serial is set no other thread touches its
 * answer, or answers a question for it. Under mu, which is given up meanwhile. */
static void settle(name *n, pj_status_t status)
{
    waiter *w = n->first, *next;

    if (status != PJ_SUCCESS) {
        /* Who asks again when he hears of that has to wait again. */
        n->first = NULL;
        n->last = &n->first;
        n->serial = 0;
        pthread_mutex_unlock(&names.mu);
        for (; w; w = next) {
            next = w->next;
            answer_waiter(w, status, NULL);
        }
        pthread_mutex_lock(&names.mu);
        return;
    }
    while ((w = n->first) != NULL) {
        n->first = w->next;
        if (!n->first)
            n->last = &n->first;
        pthread_mutex_unlock(&names.mu);
        answer_waiter(w, PJ_SUCCESS, &n->answer);
        pthread_mutex_lock(&names.mu);
    }
    n->serial = 0;
}

void oh_resolve_answer(int64_t serial, const oh_address *list, unsigned count)
{
    name *n;

    pthread_mutex_lock(&names.mu);
    for (n = names.names; n && n->serial != serial; n = n->next)
        ;
    if (n) {
        if (count) {
            fill(&n->answer, n->type, pj_str(n->host), list, count);
            n->known = now_ms();
        }
        settle(n, count ? PJ_SUCCESS : PJ_ERESOLVE);
    }
    pthread_mutex_unlock(&names.mu);
}

void oh_resolve_close(void)
{
    name *n;

    pthread_mutex_lock(&names.mu);
    names.closed = 1;
    do {
        for (n = names.names; n && !n->serial; n = n->next)
            ;
        if (n)
            settle(n, n->known ? PJ_SUCCESS : PJ_ECANCELLED);
    } while (n);
    pthread_mutex_unlock(&names.mu);
}

void oh_resolve_clear(void)
{
    pthread_mutex_lock(&names.mu);
    while (names.names) {
        name *n = names.names;

        names.names = n->next;
        free(n);
    }
    names.count = 0;
    names.closed = 0;
    pthread_mutex_unlock(&names.mu);
}

pj_status_t oh_resolve_start(void)
{
    static pjsip_ext_resolver ours = {resolve};
    pj_status_t status;

    if (pjsua_var.ua_cfg.nameserver_count)
        return PJ_SUCCESS;
    status = pjsip_endpt_set_ext_resolver(pjsua_get_pjsip_endpt(), &ours);
    /* pjsua makes a connection to get the port for Contact, and looks the name up there,
     * unless there are nameservers. */
    if (status == PJ_SUCCESS)
        pjsua_var.ua_cfg.nameserver_count = 1;
    return status;
}
