/* message.h: SIP messages as such: the trace, answers to what was sent, requests that
 * arrive.
 *
 * Threads and ownership are those of bridge.h. Modules are registered once for each
 * pjsua_init and go with the endpoint.
 */
#ifndef OH_MESSAGE_H
#define OH_MESSAGE_H

#include "record.h"

enum oh_message_type {
    OH_SIP = 300, /* oh_sip */
    OH_HANGUP_ANSWERED, /* oh_request, as the following */
    OH_TRANSACTION,
    OH_REQUEST_ANSWERED,
    OH_REQUEST_RECEIVED
};

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

/* Registers the modules of the files that include this, after pjsua_init. [executor] */
pj_status_t oh_messages_register(void);

/* The module that sees every message. */
pj_status_t oh_trace_register(void);

/* Tells the trace which dialog is the call's; tag, ours, may be NULL. Any thread. */
void oh_trace_learn(int slot, int64_t serial, const pj_str_t *call_id, const pj_str_t *tag);

/* The module through which the dialog of a call reports its transactions even after
 * pjsua stops to do so. */
pj_status_t oh_dialog_register(void);

/* Makes that module part of the call's dialog; dlg may be NULL. With the dialog's lock,
 * from a callback of the call. */
void oh_dialog_attach(int slot, int64_t serial, pjsip_dialog *dlg);

/* The dialog of a pjsip_event of a call, NULL when it has none. */
pjsip_dialog *oh_event_dialog(pjsip_event *e);

/* The message that was received, empty when the event is about another thing. Valid as
 * long as e. */
pj_str_t oh_event_message(pjsip_event *e);

/* Fills in on_call_tsx_state. */
void oh_dialog_callbacks(pjsua_callback *cb);

#endif
