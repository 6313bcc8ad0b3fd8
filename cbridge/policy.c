/* policy.c: the store of policies. */
#include "policy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    struct entry *next;
    int64_t serial;
    oh_policy *policy;
} entry;

enum { BUCKETS = 256 };

static struct {
    pthread_mutex_t mu; /* a leaf; guards the table and all counts of references */
    entry *table[BUCKETS];
} store = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* How many policies in the store have report_transactions. */
static atomic_int reporting;

int oh_policies_report_transactions(void)
{
    return atomic_load_explicit(&reporting, memory_order_relaxed) > 0;
}

/* In force where nobody set one: everything is declined. Never counted. */
static const oh_policy none;

oh_policy *oh_policy_new(void)
{
    oh_policy *p = calloc(1, sizeof(*p));

    if (p)
        p->refs = 1;
    return p;
}

static void free_targets(oh_target *t)
{
    while (t) {
        oh_target *next = t->next;

        free(t->user);
        free(t->prefix);
        free(t->host);
        free(t);
        t = next;
    }
}

static void free_sdp(oh_sdp_rule *r)
{
    while (r) {
        oh_sdp_rule *next = r->next;

        free(r->media);
        free(r->name);
        free(r->value);
        free(r);
        r = next;
    }
}

static void free_codecs(oh_codec *c)
{
    while (c) {
        oh_codec *next = c->next;

        free(c->name);
        free(c);
        c = next;
    }
}

/* Under mu. */
static void unref(oh_policy *p)
{
    if (!p || --p->refs > 0)
        return;
    free_targets(p->transfer_targets);
    free_targets(p->redirect_targets);
    free_codecs(p->codecs);
    free_sdp(p->sdp);
    free(p);
}

static int copy(char **out, const char *text)
{
    *out = NULL;
    return !text || !*text || (*out = strdup(text)) != NULL;
}

int oh_policy_target(oh_target **list, const char *user, const char *prefix, const char *host, int port)
{
    oh_target *t = calloc(1, sizeof(*t));

    if (!t)
        return 0;
    t->port = port;
    if (!copy(&t->user, user) || !copy(&t->prefix, prefix) || !copy(&t->host, host)) {
        free_targets(t);
        return 0;
    }
    t->next = *list;
    *list = t;
    return 1;
}

int oh_policy_sdp(oh_policy *policy, int op, const char *media, char kind, const char *name, const char *value)
{
    oh_sdp_rule *r = calloc(1, sizeof(*r)), **at;

    if (!r)
        return 0;
    r->op = op;
    r->kind = kind;
    if (!copy(&r->media, media) || !copy(&r->name, name) || !copy(&r->value, value)) {
        free_sdp(r);
        return 0;
    }
    for (at = &policy->sdp; *at; at = &(*at)->next)
        ;
    *at = r;
    return 1;
}

int oh_policy_codec(oh_policy *policy, const char *name)
{
    oh_codec *c = calloc(1, sizeof(*c)), **at;

    if (!c)
        return 0;
    if (!copy(&c->name, name)) {
        free(c);
        return 0;
    }
    for (at = &policy->codecs; *at; at = &(*at)->next)
        ;
    *at = c;
    return 1;
}

/* The policy of an entry takes the place of another; either may be NULL. Under mu. */
static void replace(oh_policy *old, const oh_policy *policy)
{
    atomic_fetch_add(&reporting, (policy && policy->report_transactions) - (old && old->report_transactions));
    unref(old);
}

/* Where the entry of a serial is, or belongs. Under mu. */
static entry **find(int64_t serial)
{
    entry **e = &store.table[(uint64_t)serial % BUCKETS];

    while (*e && (*e)->serial != serial)
        e = &(*e)->next;
    return e;
}

int oh_policy_set(int64_t serial, oh_policy *policy)
{
    entry **at, *e;
    int ok = 1;

    pthread_mutex_lock(&store.mu);
    at = find(serial);
    e = *at;
    if (e && policy) {
        replace(e->policy, policy);
        e->policy = policy;
    } else if (e) {
        *at = e->next;
        replace(e->policy, NULL);
        free(e);
    } else if (policy) {
        e = calloc(1, sizeof(*e));
        if (e) {
            e->serial = serial;
            e->policy = policy;
            *at = e;
            replace(NULL, policy);
        } else {
            unref(policy);
            ok = 0;
        }
    }
    pthread_mutex_unlock(&store.mu);
    return ok;
}

const oh_policy *oh_policy_hold(int64_t call, int64_t account)
{
    const int64_t serials[] = {call, account, 0};
    const oh_policy *p = &none;
    unsigned i;

    pthread_mutex_lock(&store.mu);
    for (i = 0; i < PJ_ARRAY_SIZE(serials) && p == &none; i++) {
        entry *e;

        if (!serials[i] && i < 2)
            continue;
        e = *find(serials[i]);
        if (e) {
            e->policy->refs++;
            p = e->policy;
        }
    }
    pthread_mutex_unlock(&store.mu);
    return p;
}

void oh_policy_release(const oh_policy *policy)
{
    if (policy == &none)
        return;
    pthread_mutex_lock(&store.mu);
    unref((oh_policy *)policy);
    pthread_mutex_unlock(&store.mu);
}

void oh_policy_clear(void)
{
    int i;

    pthread_mutex_lock(&store.mu);
    for (i = 0; i < BUCKETS; i++) {
        while (store.table[i]) {
            entry *e = store.table[i];

            store.table[i] = e->next;
            replace(e->policy, NULL);
            free(e);
        }
    }
    pthread_mutex_unlock(&store.mu);
}
