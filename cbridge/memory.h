/* memory.h: pjmedia's ports whose other end is memory.
 *
 * What stands between the bridge and such a port is ours: it reports the end, without
 * the event that pjmedia would post to another thread, which can come after the port is
 * gone; and it stops a capture when that is full, where pjmedia's begins again.
 *
 * An oh_memory and its samples live until the bridge has let go of the port: none of the
 * functions may be called after oh_memory_remove.
 */
#ifndef OH_MEMORY_H
#define OH_MEMORY_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

typedef struct oh_memory oh_memory;

/* Puts a player of size samples into the bridge. The caller fills them in at
 * oh_memory_samples before it connects the port. OH_PLAYER_EOF follows the end of one
 * that does not loop. [executor] */
pj_status_t oh_memory_player(int64_t serial, unsigned rate, unsigned frame, size_t size, int loop,
                             oh_memory **out, pjsua_conf_port_id *slot);

/* Puts a port into the bridge that keeps the first size samples that it hears.
 * OH_MEMORY_FULL follows when it has them. [executor] */
pj_status_t oh_memory_capture(int64_t serial, unsigned rate, unsigned frame, size_t size,
                              oh_memory **out, pjsua_conf_port_id *slot);

int16_t *oh_memory_samples(oh_memory *m);

/* How many samples a capture has. They do not change any more. */
size_t oh_memory_captured(oh_memory *m);

/* Takes the port out of the bridge. OH_PORT_GONE follows. [executor] */
void oh_memory_remove(oh_memory *m);

#endif
