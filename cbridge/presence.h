/* presence.h: subscriptions: ours to the presence and the dialogs of buddies and to our
 * message summaries, and other people's to our presence (RFC 6665).
 *
 * PJSIP parses the bodies of NOTIFY into structs whose texts a NOTIFY without a body
 * leaves dangling. So bodies are copied as they came, and Go parses them.
 */
#ifndef OH_PRESENCE_H
#define OH_PRESENCE_H

#include "bridge.h"

/* Event packages. */
enum { OH_PRESENCE = 1, OH_DIALOG, OH_MWI };

/* OH_SUBSCRIPTION: a subscription of ours is in another state; head.object is the
 * buddy's serial, 0 with OH_MWI. OH_NOTIFIED: a NOTIFY for a subscription of ours was
 * accepted, or, with ended set, a buddy's subscription is over. OH_WATCHER_ASKED,
 * OH_WATCHER: a subscription to our presence; head.object is its serial. */
typedef struct oh_subscription {
    oh_head head; /* first */
    int64_t buddy;   /* OH_WATCHER_ASKED: the buddy who asks */
    int32_t package;
    int32_t state;   /* pjsip_evsub_state */
    int32_t code;    /* that ended it, or that the watcher got */
    int32_t expires; /* seconds */
    int32_t ended;
    int32_t online;  /* oh_buddy_info: 1 when monitored */
    oh_text state_name, reason, remote, contact, mime, body, request, source;
} oh_subscription;

/* Names the buddy in a slot. [executor] */
void oh_buddy_bind(int slot, int64_t serial, int64_t account);

/* Forgets the buddy. [executor] */
void oh_buddy_unbind(int slot);

/* The slot of a buddy, -1 when it was removed. */
int oh_buddy_slot(int64_t serial);

/* The serial of the buddy in a slot, 0 when there is none. */
int64_t oh_buddy_serial(int slot);

/* The package of the subscription that a buddy has, 0 when it has none. */
int oh_buddy_package(int slot);

/* The first slot of a buddy of the account, -1 when there is none. */
int oh_buddy_of_account(int64_t account);

/* How many OH_SUBSCRIPTIONs were pushed on this thread: a SUBSCRIBE that fails at once
 * is one, and PJSUA returns success. */
unsigned oh_subscriptions_reported(void);

/* What pjsua_buddy_get_info says, with the body of the last NOTIFY; oh_record_free frees
 * it. NULL: *status says why. [executor] */
oh_subscription *oh_buddy_info(int slot, pj_status_t *status);

/* Forgets all buddies and watchers: pjsua is gone or not yet there. [executor] */
void oh_presence_clear(void);

#endif
