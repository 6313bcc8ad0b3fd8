/* rtptrace.h: the trace of media packets.
 *
 * Threads and ownership are those of bridge.h. What is traced goes to a queue of its own,
 * from media threads and from the clock of the conference bridge.
 */
#ifndef OH_RTPTRACE_H
#define OH_RTPTRACE_H

#include "record.h"

/* An IP address and a port; len is 4, 16, or 0 where it is not known. */
typedef struct oh_rtp_address {
    int32_t len;
    uint16_t port;
    uint8_t ip[16];
} oh_rtp_address;

/* A packet that was traced. */
typedef struct oh_rtp {
    oh_head head; /* first */
    int32_t sent, rtcp;
    int32_t index; /* of the m= line */
    uint32_t size; /* of the packet, of which data may be the beginning */
    oh_rtp_address local, remote;
    oh_text data;
} oh_rtp;

/* Whether anybody traces: one atomic load. Any thread. */
int oh_rtptrace_on(void);

/* Where the packets go; NULL before the queue is freed, when pjsua is gone. [executor] */
void oh_rtptrace_attach(oh_queue *queue);

/* Switches the trace: how many bytes of a packet are kept, 0 to switch it off, and the
 * only call that is traced, 0 for all. Any thread. */
void oh_rtptrace_set(unsigned most, int64_t call);

/* A new OH_RTP of the call with a copy of data and the time of now, for oh_rtptrace_push or
 * oh_record_free; NULL when nobody traces the call, or without memory. Any thread, as all
 * that follow. */
oh_rtp *oh_rtptrace_record(int64_t call, const void *data, size_t size);

/* Pushes a record, which may be NULL. */
void oh_rtptrace_push(oh_rtp *record);

/* An address, which may be of no family. */
oh_rtp_address oh_rtp_address_of(const pj_sockaddr *a);

#endif
