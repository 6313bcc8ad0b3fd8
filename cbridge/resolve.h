/* resolve.h: names of SIP servers, which package pjsua looks up.
 *
 * Without nameservers of its own PJSIP looks a name up with getaddrinfo, on the thread
 * that sends: the executor, or the worker that serves all calls. A DNS server that is
 * silent stops them for 10 s and more at each attempt. */
#ifndef OH_RESOLVE_H
#define OH_RESOLVE_H

#include "bridge.h"

/* What the SRV records of a name are looked up for. */
enum { OH_SIP_UDP, OH_SIP_TCP, OH_SIPS_TCP };

/* A question, on the ops queue; head.object is its serial. */
typedef struct oh_lookup {
    oh_head head;   /* first */
    int32_t port;   /* 0: none was given */
    int32_t family; /* 4, 6, or 0 for both */
    int32_t service;
    oh_text host;
} oh_lookup;

/* A part of the answer. */
typedef struct oh_address {
    uint8_t ip[16]; /* the first four, unless v6 */
    int32_t v6;
    uint16_t port;
} oh_address;

/* Makes PJSIP ask us, unless it has nameservers: after pjsua_init. [executor] */
pj_status_t oh_resolve_start(void);

/* Answers a question with addresses in the order in which they are to be tried; none:
 * the name has not been found. [executor] */
void oh_resolve_answer(int64_t serial, const oh_address *list, unsigned count);

/* Answers all questions, those that are still to come included, at once: with what was
 * known last, or with an error. Before pjsua is destroyed. [executor] */
void oh_resolve_close(void);

/* Forgets all names: pjsua is gone. */
void oh_resolve_clear(void);

#endif
