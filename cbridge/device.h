/* device.h: sound devices; pjsua has the rest. */
#ifndef OH_DEVICE_H
#define OH_DEVICE_H

#include <pjsua-lib/pjsua.h>

/* Moves the conference bridge on by some ticks, with a silent microphone. master is what
 * pjsua_set_no_snd_dev returned. [executor] */
pj_status_t oh_device_tick(pjmedia_port *master, unsigned ticks);

#endif
