/* message.h: SIP messages as such: the trace, answers to what was sent, requests that
 * arrive.
 *
 * Threads and ownership are those of bridge.h. Modules are registered once for each
 * pjsua_init and go with the endpoint.
 */
#ifndef OH_MESSAGE_H
#define OH_MESSAGE_H

#include "record.h"

/* A message that was traced, on a queue of its own; head.status is not 0 when PJSIP
 * dropped it as unreadable. */
typedef struct oh_sip {
    oh_head head; /* first */
    int32_t sent, transport;
    oh_text local, remote, data;
} oh_sip;

/* An answer to a request, or a request; which fields count depends on the type. */
typedef struct oh_request {
    oh_head head; /* first; object is the serial of a request */
    int32_t role, state, code;
    int32_t asked; /* the program is to answer */
    int32_t transport;
    oh_text method, reason, message, source;
} oh_request;

enum { OH_REQUEST_TEXTS = 4 };

/* Where traced messages go; NULL before the queue is freed, when pjsua is gone.
 * [executor] */
void oh_trace_attach(oh_queue *queue);

/* Switches the trace. Off, a message costs one atomic load. */
void oh_trace_set(int on);

/* Registers the module that sees every message. [executor] */
pj_status_t oh_trace_register(void);

/* Tells the trace which dialog is the call's; tag, ours, may be NULL. Any thread. */
void oh_trace_learn(int slot, int64_t serial, const pj_str_t *call_id, const pj_str_t *tag);

#endif
