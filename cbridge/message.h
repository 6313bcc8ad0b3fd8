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

/* Sends a request outside a dialog (pjsua_acc_send_request); with bare, without the
 * header fields that pjsua adds (pjsua_acc_create_request). OH_REQUEST_ANSWERED follows
 * with serial as its object, unless an error is returned. [executor] */
pj_status_t oh_request_send(pjsua_acc_id acc, const pj_str_t *method, const pj_str_t *uri, int bare, int64_t serial,
                            const pjsua_msg_data *msg);

/* The same in a call's dialog (pjsua_call_send_request). [executor] */
pj_status_t oh_call_request_send(pjsua_call_id call, const pj_str_t *method, int64_t serial, const pjsua_msg_data *msg);

/* What oh_call_request_send sends on this thread, 0 for nothing. */
int64_t oh_request_sending(void);

/* Pushes OH_REQUEST_ANSWERED. */
void oh_request_answered(int64_t serial, int64_t call, int64_t account, const pjsip_transaction *tsx, pjsip_event *e);

/* Puts the header fields, the body and the request URI of msg, which may be NULL, into a
 * message. */
void oh_message_fill(pjsip_tx_data *tdata, const pjsua_msg_data *msg);

enum { OH_ANYWHERE, OH_OUT_OF_CALL, OH_IN_CALL };

/* How requests with a method are answered. */
typedef struct oh_rule {
    struct oh_rule *next;
    pj_str_t method; /* empty: all that nothing handles */
    int scope;
    unsigned wait_ms; /* above 0: the program answers, and after that long the code is sent */
    int code;
    pj_str_t reason;
    pjsua_msg_data *msg;
} oh_rule;

/* Replaces all rules by list, which with all that it points to is in pool; both may be
 * NULL. [executor] */
void oh_rules_set(pj_pool_t *pool, oh_rule *list);

/* Answers a request that waits for it. PJ_ENOTFOUND: none with this serial does any more.
 * [executor] */
pj_status_t oh_request_respond(int64_t serial, int code, const pj_str_t *reason, const pjsua_msg_data *msg);

/* Answers all that wait, with 503, and drops the rules. [executor] */
void oh_requests_close(void);

/* Whether a method is not one that PJSIP's INVITE sessions live on. */
int oh_request_is_ours(const pjsip_method *method);

/* Answers a request in a call that nothing else handled. With the dialog's lock. */
void oh_request_in_call(pjsip_transaction *tsx, pjsip_rx_data *rdata, int64_t call);

/* The module that hides from PJSIP the bodies of answers which are no SDP. */
pj_status_t oh_body_register(void);

/* The modules for requests without a dialog. */
pj_status_t oh_request_register(void);

/* Fills in on_acc_send_request. */
void oh_request_callbacks(pjsua_callback *cb);

#endif
