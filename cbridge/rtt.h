/* rtt.h: real-time text in calls (T.140 over RTP, RFC 4103). */
#ifndef OH_RTT_H
#define OH_RTT_H

#include "bridge.h"

/* OH_TEXT: a block of text that came. */
typedef struct oh_rtt {
    oh_head head; /* first; call */
    int32_t seq;  /* of its RTP packet */
    int32_t lost; /* packets before it whose text did not come */
    uint32_t timestamp;
    oh_text text;
} oh_rtt;

#endif
