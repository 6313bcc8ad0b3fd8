/* record.h: making records and sending them off, for the C files of this folder. */
#ifndef OH_RECORD_H
#define OH_RECORD_H

#include "bridge.h"

/* Where records go. Set by oh_bridge_attach while PJSIP has no thread. */
extern struct oh_outlets {
    oh_queue *events, *ops, *logs;
} oh_out;

/* The texts of an oh_event, which are its fields from reason on. */
enum { OH_TEXTS = 6 };

/* A new record with copies of the texts, in the order of the fields; texts may be
 * NULL. NULL without memory: oh_push counts that as a loss, so callers need not care. */
oh_event *oh_event_new(int type, const pj_str_t texts[OH_TEXTS]);

/* Appends ev, which may be NULL, to a queue that may be NULL, and owns it. */
void oh_push(oh_queue *queue, oh_event *ev);

/* pjsua_logging_config.cb: on any PJSIP thread, often. */
void oh_on_log(int level, const char *data, int len);

/* pjsua_callback.on_conf_op_completed, in files.c. */
void oh_on_conf_op_completed(const pjmedia_conf_op_info *info);

#endif
