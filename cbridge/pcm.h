/* pcm.h: a port of the conference bridge whose other end is an oh_ring.
 *
 * Ownership: the ring has two references, one of the port, which ends when the bridge
 * has let go of it, and one of Go. Whoever is last frees it, so neither the end of the
 * endpoint nor a slow reader leaves the other with freed memory.
 */
#ifndef OH_PCM_H
#define OH_PCM_H

#include <pjsua-lib/pjsua.h>

#include "ring.h"

/* Puts a port of the ring's rate into the bridge, mono, of `frame` samples. On failure
 * the port's reference is given up. [executor] */
pj_status_t oh_pcm_add(oh_ring *ring, int64_t serial, pjsua_conf_port_id *slot, pjmedia_port **port);

/* Takes it out again. The bridge lets go of it at its next tick, and
 * OH_PORT_GONE with the serial follows on the ops queue. [executor] */
void oh_pcm_remove(pjsua_conf_port_id slot, pjmedia_port *port);

#endif
