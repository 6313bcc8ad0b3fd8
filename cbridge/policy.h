/* policy.h: decisions that PJSIP wants before a callback returns, made beforehand.
 *
 * A policy is a struct that Go fills in once and nobody changes any more. Policies are
 * kept by serial: a call's, its account's, or the endpoint's under 0. A callback asks
 * oh_policy_hold for the nearest one, reads what it needs and releases it. A new kind
 * of decision is a new field here whose zero is the safe answer, and a line in
 * policy.go's fill.
 */
#ifndef OH_POLICY_H
#define OH_POLICY_H

#include "bridge.h"

/* What pjsua.CallSetting says, when given. */
typedef struct oh_setting {
    int32_t given;
    uint32_t flags;
    int32_t audio, text;
    int32_t dirs; /* how many of dir are */
    int32_t dir[PJMEDIA_MAX_SDP_MEDIA];
} oh_setting;

/* URIs that are allowed: what is given must match, NULL and 0 match anything. */
typedef struct oh_target {
    struct oh_target *next;
    char *user, *prefix, *host;
    int32_t port;
} oh_target;

enum { OH_TRANSFER_DECLINE, OH_TRANSFER_ACCEPT, OH_TRANSFER_ALLOW };
enum { OH_REDIRECT_STOP, OH_REDIRECT_FOLLOW, OH_REDIRECT_ASK };
enum { OH_OFFER_ACCEPT, OH_OFFER_REFUSE, OH_OFFER_ASK };
enum { OH_SUBSCRIBE_DECLINE, OH_SUBSCRIBE_ACCEPT, OH_SUBSCRIBE_ASK };

/* One change of the SDP that we offer or answer: a line "a=name:value", "a=name" or
 * "b=TYPE:number". */
enum { OH_SDP_ADD, OH_SDP_SET, OH_SDP_REMOVE };

typedef struct oh_sdp_rule {
    struct oh_sdp_rule *next;
    int32_t op;
    char *media; /* of all m= lines with this type; NULL: of the session */
    char kind;   /* 'a' or 'b' */
    char *name, *value; /* value may be NULL */
} oh_sdp_rule;

/* A codec that may be used, by the beginning of PJSIP's id of it; the preferred first. */
typedef struct oh_codec {
    struct oh_codec *next;
    char *name;
} oh_codec;

enum { OH_KEEP, OH_ON, OH_OFF };

/* What a stream is made with, instead of the configuration; -1 keeps a number. */
typedef struct oh_stream_rule {
    int32_t given;
    int32_t jb_init, jb_min_pre, jb_max_pre, jb_max, jb_discard; /* ms, and pjmedia_jb_discard_algo */
    int32_t vad, plc;                                            /* OH_KEEP ... */
} oh_stream_rule;

/* What one direction of the RTP suffers. */
typedef struct oh_impairment {
    int32_t lose, duplicate, reorder; /* percent; lose 0: as configured */
    int32_t delay_ms, jitter_ms;
    uint64_t seed; /* 0: another one for each call */
} oh_impairment;

typedef struct oh_policy {
    int32_t refs; /* policy.c's */

    int32_t transfer, transfer_code, transfer_early; /* transfer_early: 1 follows before the answer, too */
    oh_setting transfer_setting;
    oh_target *transfer_targets;

    int32_t replaces, replaces_code; /* replaces: 1 accepts */
    oh_setting replaces_setting;

    int32_t redirect, redirect_hops, redirect_to; /* redirect_to: 1 replaces To */
    oh_target *redirect_targets;                  /* NULL: any */

    int32_t offer;
    oh_setting offer_setting, late_setting;

    int32_t subscribe, subscribe_code;
    int32_t report_transactions;
    oh_codec *codecs; /* NULL: all that are on */
    oh_sdp_rule *sdp;
    int32_t report_sdp, report_rtp; /* report_rtp: its packets can be traced */
    oh_stream_rule stream;
    oh_impairment tx, rx;
} oh_policy;

/* An empty policy, the caller's; NULL without memory. Any thread, as all of these. */
oh_policy *oh_policy_new(void);

/* Adds a target to a list of a policy that is being made; 0 without memory. Copies. */
int oh_policy_target(oh_target **list, const char *user, const char *prefix, const char *host, int port);

/* Appends a change to the SDP to a policy that is being made; 0 without memory. Copies. */
int oh_policy_sdp(oh_policy *policy, int op, const char *media, char kind, const char *name, const char *value);

/* Appends a codec to a policy that is being made; 0 without memory. Copies. */
int oh_policy_codec(oh_policy *policy, const char *name);

/* Puts a policy, and the reference to it, in force for a serial, 0 for the endpoint; NULL
 * takes back what was there. 0 without memory; the reference is gone then, too. */
int oh_policy_set(int64_t serial, oh_policy *policy);

/* The policy of a call, an account or the endpoint, the nearest that there is; never
 * NULL. Serials may be 0. oh_policy_release gives it back. */
const oh_policy *oh_policy_hold(int64_t call, int64_t account);
void oh_policy_release(const oh_policy *policy);

/* Whether any policy in force has report_transactions: one load. */
int oh_policies_report_transactions(void);

/* Forgets all policies: pjsua is gone. */
void oh_policy_clear(void);

#endif
