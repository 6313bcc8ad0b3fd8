/* tone.h: ports of pjmedia for which pjsua has no function; the tone generator. */
#ifndef OH_TONE_H
#define OH_TONE_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

/* Puts a port that manages its own memory into the bridge. OH_PORT_GONE with the serial
 * follows on the ops queue when the bridge has let go of it after oh_port_remove. On
 * failure the port is destroyed. [executor] */
pj_status_t oh_port_add(pjmedia_port *port, int64_t serial, pjsua_conf_port_id *slot);

void oh_port_remove(pjsua_conf_port_id slot, pjmedia_port *port);

/* A tone generator and the digits that it knows. Freed with free() after
 * oh_port_remove: only the executor, that is pjmedia_tonegen_play_digits, looks at the
 * digits. */
typedef struct oh_tone {
    pjmedia_port *port;
    pjmedia_tone_digit_map digits;
} oh_tone;

/* Makes one in the bridge. [executor] */
pj_status_t oh_tone_new(int64_t serial, unsigned rate, unsigned frame, oh_tone **out,
                        pjsua_conf_port_id *slot);

#endif
