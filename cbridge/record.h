/* record.h: making records and sending them off, for the C files of this folder. */
#ifndef OH_RECORD_H
#define OH_RECORD_H

#include "bridge.h"
#include "policy.h"

/* Where records go. Set by oh_bridge_attach while PJSIP has no thread. */
extern struct oh_outlets {
    oh_queue *events, *ops, *logs;
} oh_out;

/* The texts of an oh_event, which are its fields from reason on. */
enum { OH_TEXTS = 6 };

/* A new record of size bytes that begins with an oh_head, all zero but type and time,
 * with copies of the texts behind it; the oh_text fields for them are an array at the
 * offset texts_at. NULL without memory: oh_push counts that as a loss, so callers need
 * not care. */
void *oh_record_new(int type, size_t size, size_t texts_at, const pj_str_t *texts, unsigned count);

/* The same for an oh_event, whose texts are in the order of its fields; texts may be
 * NULL. */
oh_event *oh_event_new(int type, const pj_str_t texts[OH_TEXTS]);

/* Appends a record, which may be NULL, to a queue that may be NULL, and owns it. */
void oh_push(oh_queue *queue, void *record);

/* Says on the ops queue that the port of this object is gone: OH_PORT_GONE. */
void oh_push_gone(int64_t serial);

/* OH_CALL_PORTS or OH_CALL_OVER, on the ops queue. */
void oh_push_call(int type, int64_t serial);

/* The serial of the call in a slot: 0 when there is none, or when it has ended as far
 * as Go knows. A call's serial is bound at its first use. Any
 * thread; the call's lock need not be held. */
int64_t oh_call_serial(pjsua_call_id id);

/* The serial that is bound to a slot, which may be invalid, already; 0 for none. */
int64_t oh_call_bound(pjsua_call_id id);

/* The call whose user data the call in this slot has inherited: said once, then 0. */
int64_t oh_call_parent(pjsua_call_id id);

/* Whether a URI, or the text of one, is on a list of targets. */
int oh_uri_allowed(const oh_target *list, const pjsip_uri *uri);
int oh_text_allowed(const oh_target *list, const pj_str_t *text);

/* Says that a REFER made this call. */
void oh_call_transferred(int64_t parent, int64_t serial, const pjsua_call_info *ci);

/* Takes note of an SDP that PJSIP has made for a call, remote NULL when it is an offer. */
void oh_reinvite_answered(pjsua_call_id id, const pjmedia_sdp_session *sdp, const pjmedia_sdp_session *remote);

/* Forgets what all calls have left to Go: pjsua is gone. */
void oh_control_clear(void);

/* What oh_bridge_callbacks is made of: each file fills in its own. */
void oh_call_callbacks(pjsua_callback *cb);
void oh_control_callbacks(pjsua_callback *cb);
void oh_account_callbacks(pjsua_callback *cb);
void oh_transport_callbacks(pjsua_callback *cb);
void oh_device_callbacks(pjsua_callback *cb);
void oh_im_callbacks(pjsua_callback *cb);
void oh_presence_callbacks(pjsua_callback *cb);
void oh_nat_callbacks(pjsua_callback *cb);
void oh_watcher_callbacks(pjsua_callback *cb);
void oh_rtt_callbacks(pjsua_callback *cb);
void oh_impair_callbacks(pjsua_callback *cb);

/* The figures of those streams of a call that were destroyed. */
void oh_stats_ended(int slot, int64_t serial, oh_stats *out);

/* The codec of a stream as SDP names it, "PCMU/8000". */
void oh_codec_name(char *out, size_t size, const pjmedia_codec_info *codec);

/* Where a request or response came from, "host:port". */
pj_str_t oh_source(char *buf, size_t size, const pjsip_rx_data *rdata);

/* The media type of a body with its parameters; empty without a body, or when it does
 * not fit. */
pj_str_t oh_media_type(char *buf, unsigned size, const pjsip_msg_body *body);

/* The bytes of a body as they came. Those of several parts are in the packet, so the
 * message must be one that was received and is not a clone. */
pj_str_t oh_body(const pjsip_msg_body *body);

/* A new oh_subscription, whose texts are in the order of its fields. */
enum { OH_SUBSCRIPTION_TEXTS = 8 };
struct oh_subscription *oh_subscription_new(int type, const pj_str_t texts[OH_SUBSCRIPTION_TEXTS]);

/* pjsua_logging_config.cb: on any PJSIP thread, often. */
void oh_on_log(int level, const char *data, int len);

/* pjsua_callback.on_conf_op_completed, in conf.c. */
void oh_on_conf_op_completed(const pjmedia_conf_op_info *info);

#endif
