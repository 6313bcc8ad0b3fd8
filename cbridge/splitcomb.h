/* splitcomb.h: pjmedia's splitcomb in the bridge, with a port for each of its channels. */
#ifndef OH_SPLITCOMB_H
#define OH_SPLITCOMB_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

enum { OH_SPLITCOMB_CHANNELS = 2 };

/* The ports and their slots: the splitcomb's own, then those of the channels. They share a
 * lock, so that the last reference to any of them frees them all. */
typedef struct oh_splitcomb {
    int count;
    pjmedia_port *port[1 + OH_SPLITCOMB_CHANNELS];
    pjsua_conf_port_id slot[1 + OH_SPLITCOMB_CHANNELS];
} oh_splitcomb;

/* Puts one into the bridge, whose ticks have frame samples a channel at this rate. A channel
 * buffers that many ticks each way, 0: as pjmedia does; fifo leaves out WSOLA. On failure
 * nothing is left. OH_PORT_GONE follows oh_splitcomb_remove when the bridge has let go of
 * all. [executor] */
pj_status_t oh_splitcomb_new(int64_t serial, unsigned rate, unsigned frame, unsigned ticks, int fifo,
                             oh_splitcomb *out);
void oh_splitcomb_remove(oh_splitcomb *s);

#endif
