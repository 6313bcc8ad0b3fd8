/* im.h: MESSAGE requests (RFC 3428), their delivery, and typing (RFC 3994). */
#ifndef OH_IM_H
#define OH_IM_H

#include "bridge.h"

/* OH_MESSAGE, OH_TYPING: head.call or none, head.account. OH_MESSAGE_STATUS: head.object
 * is the serial that pjsua_im_send or pjsua_call_send_im was given as user data. */
typedef struct oh_message {
    oh_head head; /* first */
    int32_t code;   /* OH_MESSAGE_STATUS */
    int32_t typing; /* OH_TYPING */
    oh_text from, to, contact, mime, body, request, source, reason;
} oh_message;

/* The serial of the OH_MESSAGE_STATUS that was pushed last on this thread: a message
 * that cannot be sent is reported both by that and by an error. */
int64_t oh_message_reported(void);

#endif
