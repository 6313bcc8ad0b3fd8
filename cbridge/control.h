/* control.h: what the far end of a call asks for besides its end (REFER, Replaces,
 * redirects, offers), and how policy answered it. */
#ifndef OH_CONTROL_H
#define OH_CONTROL_H

#include "bridge.h"
#include "policy.h"

/* The record of those events. head.object is the other call: the one that a transfer or
 * a Replaces made, or the one that was refused. */
typedef struct oh_control {
    oh_head head; /* first */
    int32_t code;
    int32_t final;  /* of a transfer's progress; OH_CROSSED: we chose the Call-ID */
    int32_t action; /* OH_REDIRECT_*, OH_OFFER_* as it was taken */
    int32_t hop;
    oh_text reason, target, remote, local, sip_call_id, source, message, sdp;
} oh_control;

/* Claims the redirect, or the re-INVITE, that the call has left to Go: 1 once for each,
 * 0 when there is none. [executor] */
int oh_redirect_claim(int64_t serial);
int oh_reinvite_claim(int64_t serial);

/* Whether the call has left a redirect to Go. */
int oh_redirect_waits(int64_t serial);

/* The answer that PJSIP would give to the re-INVITE that waits, malloc'd; NULL: it has
 * none. [executor] */
char *oh_reinvite_answer(int64_t serial);

/* Ends a call whose redirect waits, which pjsua_call_hangup could not: 0 when none does.
 * [executor] */
int oh_redirect_abandon(int slot, int64_t serial);

/* Whether an offer in a call that is up has to wait, because another is under way: PJSIP
 * would refuse it, or, while its own UPDATE has no answer or is about to be sent, as after an
 * answer with several codecs, send a copy of that. Not while the program is to answer a
 * re-INVITE. [executor] */
int oh_offer_pending(int64_t serial);

#endif
