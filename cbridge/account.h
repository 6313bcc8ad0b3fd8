/* account.h: accounts, registrations and SIP transports.
 *
 * Threads and ownership are those of bridge.h.
 */
#ifndef OH_ACCOUNT_H
#define OH_ACCOUNT_H

#include "bridge.h"

/* What happened to an account; which fields count depends on the type. */
typedef struct oh_account_fact {
    oh_head head;         /* first */
    int32_t renew;        /* registration */
    int32_t code;         /* challenge: 401 or 407 */
    int32_t stale;        /* challenge */
    int32_t rule;         /* match: its number, from 0 */
    int64_t default_acc;  /* match: the serial that pjsua had chosen */
    oh_text method, uri, realm, algorithm;
} oh_account_fact;

/* OH_TRANSPORT. */
typedef struct oh_transport_fact {
    oh_head head; /* first */
    int32_t transport, state, incoming;
    int32_t tls; /* whether what follows is known */
    int32_t established;
    uint32_t proto, verify;
    int64_t not_before, not_after; /* seconds since 1970 */
    uint8_t serial[20];
    oh_text name, local, remote, reason, cipher, subject, issuer, names, pem;
} oh_transport_fact;

enum { OH_ACCEPT_FAILED = PJSIP_TP_STATE_DESTROY + 1 }; /* oh_transport_fact.state */

/* One rule about which account a request is for: texts that must be equal, in any
 * case, to those of its request URI; empty: any. */
typedef struct oh_match {
    char user[64], domain[128], line[64];
    int64_t account;
} oh_match;

/* Replaces the table of rules, of which the first that fits decides. The rules are
 * copied. 0: out of memory. */
int oh_matches_set(const oh_match *rules, unsigned count);

/* pjsua_acc_modify, and the fields that it forgets. [executor] */
pj_status_t oh_account_modify(int slot, const pjsua_acc_config *cfg);

/* What pjsua_acc_get_config says of register_on_acc_add, since pjsua_acc_add is never
 * told to register. [executor] */
void oh_account_set_register_on_add(int slot, pj_bool_t on);

/* Whether an account has calls; OH_ENDING: only such whose end was reported, which
 * PJSIP keeps for a moment. [executor] */
enum oh_busy { OH_IDLE, OH_ENDING, OH_BUSY };
enum oh_busy oh_account_busy(int slot);

/* Whether an account is bound to the transport. [executor] */
int oh_transport_bound(int slot);

/* Makes failed handshakes with clients events. */
void oh_tls_callbacks(pjsip_tls_setting *tls);

#endif
