/* bridge.h: pjsua's callbacks turned into records on a queue.
 *
 * Each callback copies the facts into one oh_event, malloc'd, its texts behind it,
 * and pushes it; nothing else happens on a PJSIP thread. Decisions that PJSIP wants
 * at once follow a policy (policy.h) and are reported.
 *
 * Serials: calls, accounts, players and recorders are named by numbers that
 * oh_mint gives out, since pjsua's slots are used again at once. A call's serial
 * lives in its user data and in a table here, from its first event, or from
 * oh_call_bind, until its OH_CALL_ENDED.
 *
 * Threads: callbacks come on PJSIP's threads; functions marked [executor] are called
 * by the one Go thread that drives pjsua; the rest by any thread.
 */
#ifndef OH_BRIDGE_H
#define OH_BRIDGE_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

#include "conf.h"
#include "queue.h"

/* Changes whenever a struct or function here does; cbridge.go says the same. */
#define OH_ABI 10

/* All types of records, in one place so that no two have the same number. */
enum oh_event_type {
    OH_REGISTRATION = 1,
    OH_INCOMING_CALL,
    OH_CALL_STATE,
    OH_CALL_MEDIA,
    OH_CALL_ENDED,
    OH_DTMF,
    OH_TRANSFER,
    OH_PLAYER_EOF,
    OH_MEMORY_FULL,
    OH_RECORDER_FAILED,
    OH_TRANSPORT,
    OH_MESSAGE,
    OH_TYPING,
    OH_MESSAGE_STATUS,
    OH_SUBSCRIPTION,
    OH_NOTIFIED,
    OH_WATCHER_ASKED,
    OH_WATCHER,
    OH_TEXT,
    OH_TRANSFERRED, /* this and the next: oh_control */
    OH_TRANSFER_PROGRESS,
    OH_REPLACE,
    OH_REPLACED,
    OH_REDIRECTED,
    OH_OFFER,
    OH_REINVITE,
    OH_OFFER_SENT,
    OH_CALL_REJECTED,
    OH_STUN,
    OH_NAT_TYPE,
    OH_MEDIA_TRANSPORT,
    OH_ICE_ERROR,
    OH_IP_CHANGE,
    OH_SOUND_DEVICE,
    OH_CROSSED, /* also on the ops queue */
    OH_REGISTRATION_STARTED, /* this and the next two: oh_account_fact */
    OH_ACCOUNT_MATCHED,
    OH_CHALLENGED,
    OH_HANGUP_ANSWERED, /* this and the next three: oh_request */
    OH_TRANSACTION,
    OH_REQUEST_ANSWERED,
    OH_REQUEST_RECEIVED,
    OH_SDP, /* oh_sdp_event */
    OH_STREAM_CREATED, /* this and the next: oh_stream_event */
    OH_STREAM_DESTROYED,
    OH_MEDIA_EVENT, /* oh_media_event */
    OH_SIP, /* oh_sip, on the queue of traces */
    OH_RTP, /* oh_rtp, on a queue of its own */
    /* for package pjsua only, on the ops queue: nobody waits there for a consumer */
    OH_CONF_OP,
    OH_PORT_GONE,
    OH_CALL_PORTS, /* a call's streams have other ports now */
    OH_CALL_OVER,
    OH_STUN_RESOLVED,
    OH_LOOKUP /* oh_lookup */
};

/* A text of a record: where it is, from the record's start, and its length in bytes. */
typedef struct oh_text {
    uint32_t off, len;
} oh_text;

typedef struct oh_direction {
    uint64_t packets, bytes, lost, discarded, reordered, duplicates;
    uint32_t jitter_us, jitter_max_us; /* mean and greatest */
} oh_direction;

typedef struct oh_stats {
    oh_direction rx, tx;
    uint32_t rtt_us; /* mean */
    char codec[40];  /* "PCMU/8000" */
} oh_stats;

enum { OH_MAX_MEDIA = PJMEDIA_MAX_SDP_MEDIA };

typedef struct oh_media {
    int32_t index, type, status, dir;
    oh_port port; /* of audio */
    char codec[40];
    char srtp[40]; /* crypto suite; empty: RTP in the clear */
    int32_t dtmf;  /* telephone-event was negotiated */
} oh_media;

/* What every record of the events queue starts with. A noun whose facts do not fit
 * oh_event has a record of its own, which begins with this. */
typedef struct oh_head {
    oh_item item; /* first */
    int32_t type;
    int32_t status;   /* pj_status_t */
    int64_t time_ns;  /* CLOCK_REALTIME */
    int64_t call;     /* serials, 0 for none */
    int64_t account;
    int64_t object;   /* player, recorder, buddy ... */
} oh_head;

/* The record of calls, registrations, players and recorders; what a type
 * does not use is zero. */
typedef struct oh_event {
    oh_head head; /* first */
    int32_t role, state, code;
    int32_t expires;  /* seconds */
    int32_t renew;    /* registration: 0 when it was one to unregister */
    int32_t digit, method;
    int32_t duration_ms;
    int32_t op, src, sink; /* conference operation */
    int64_t connected_ms, total_ms;
    int32_t media_count;
    oh_media media[OH_MAX_MEDIA];
    oh_stats stats;
    oh_text reason, remote, local, sip_call_id, source, body;
} oh_event;

/* The record of STUN, NAT and media transports. */
typedef struct oh_nat {
    oh_head head; /* first */
    int32_t op, state, code;
    int32_t index;     /* of the m= line, or of a STUN server */
    int32_t transport; /* pjsua_transport_id */
    oh_text reason, server, address;
} oh_nat;

/* A log line of PJSIP; the text is behind the record. */
typedef struct oh_log {
    oh_item item; /* first */
    int32_t level;
    oh_text text;
} oh_log;

static inline const char *oh_log_text(const oh_log *line)
{
    return (const char *)(line + 1);
}

/* OH_ABI and sizeof(oh_event), as this package was compiled. */
int oh_abi(void);
unsigned oh_event_size(void);

/* Sets the queues that callbacks push to; NULL, NULL before they are freed, when
 * pjsua is gone. [executor] */
void oh_bridge_attach(oh_queue *events, oh_queue *ops, oh_queue *logs);

/* Fills in the callbacks. [executor] */
void oh_bridge_callbacks(pjsua_config *cfg, pjsua_logging_config *log);

/* The next serial, from 1. */
int64_t oh_mint(void);

/* How many outcomes of REGISTER were reported on this thread: a REGISTER that fails
 * at once is one before pjsua returns its error.
 */
unsigned oh_registrations_reported(void);

/* The slot that the call with this serial is in, -1 when it has ended. The answer
 * holds until another thread ends the call, so commands on the slot can still fail. */
int oh_call_slot(int64_t serial);

/* Binds the serial that pjsua_call_make_call was given as user data, before the first
 * callback does, and returns it; 0 when the call has ended already. [executor] */
int64_t oh_call_bind(int slot);

/* The serial of the account in a slot, 0 when there is none. */
int64_t oh_account_serial(pjsua_acc_id id);

/* Forgets a serial whose pjsua_call_make_call failed. */
void oh_call_forget(int64_t serial);

/* Fills ci with what pjsua_call_get_info says, and a record, which oh_record_free frees,
 * with what else there is to know of the media. NULL: gone, *status says why. [executor] */
oh_event *oh_call_info(int slot, int64_t serial, pjsua_call_info *ci, pj_status_t *status);

/* PJ_SUCCESS when the far end knows the dialog, so that it takes requests in it (RFC 3261
 * section 12.1): from a provisional response with a tag on. The answer to an earlier one,
 * 481, would end our side of the call, and leave the far end ringing. [executor] */
pj_status_t oh_call_in_dialog(int slot);

/* The figures of a live call so far: streams that ended and the ones that run.
 * [executor] */
pj_status_t oh_call_stats(int slot, oh_stats *out);

/* Searches for a STUN server that answers, in order, and reports OH_STUN_RESOLVED with
 * the token as its object; or does so no more. [executor] */
pj_status_t oh_stun_resolve(pj_str_t *servers, unsigned count, int64_t token);
pj_status_t oh_stun_cancel(int64_t token);

/* Pushes OH_STUN: which server pjsua has got, or why none. */
void oh_stun_report(pj_status_t status, const pj_str_t *server, const pj_str_t *address);

void oh_record_free(void *record);

/* pj_pool_release, which is a macro where PJ_POOL_DEBUG is on (the ASan build). */
static inline void oh_pool_release(pj_pool_t *pool) { pj_pool_release(pool); }

/* What pjsua_dump logs, *size bytes for oh_record_free; NULL: out of memory.
 * [executor] */
char *oh_dump(int detail, size_t *size);

/* A copy of data that stays to the end of the process; equal data share one. NULL:
 * out of memory. For the values of socket options, of which PJSIP keeps the pointers
 * only. [executor] */
void *oh_keep(const void *data, size_t size);

#endif
