/* conf.h: operations of the conference bridge on ports that are still the same.
 *
 * The bridge names ports by slots and uses a slot again when its port is gone, so a
 * connection that is made while a call ends could reach another call. A port is named
 * here by its slot and by how many ports were removed from that slot before: the bridge
 * tells of a removal before the slot is free, so under the lock here nothing changes
 * hands.
 */
#ifndef OH_CONF_H
#define OH_CONF_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

typedef struct oh_port {
    int32_t slot;
    uint32_t removed;
} oh_port;

/* The bridge of pjsua, from pjsua_init on; NULL before it is destroyed. [executor] */
void oh_conf_attach(pjmedia_conf *conf);

/* Names the port that is in a slot now. Right for one's own port, which nobody else
 * removes. */
oh_port oh_conf_port(int slot);

/* How many ports were removed until now: what was read of slots in between names the
 * same ports when it has not changed. */
uint64_t oh_conf_removals(void);

/* Names the port of the call's audio stream with this index in the call, -1 for the
 * first: PJ_ENOTFOUND when it has none. The caller makes sure that the slot still belongs
 * to the call afterwards. [executor] */
pj_status_t oh_conf_call_port(pjsua_call_id call, int index, oh_port *out);

/* Queue the operation unless a port is gone: PJ_EGONE. Levels are as pjmedia's: 0 is
 * unchanged, -128 silent. [executor] */
pj_status_t oh_conf_connect(oh_port src, oh_port sink, int level);
pj_status_t oh_conf_disconnect(oh_port src, oh_port sink);
pj_status_t oh_conf_level(oh_port src, oh_port sink, int level);

/* Makes copy hear what sink hears, at the same levels, whoever connects it, from the next
 * tick on; a copy has one original at a time, and none after the original is gone.
 * PJ_ETOOMANY, PJ_EGONE. [executor] */
pj_status_t oh_conf_copy(oh_port sink, oh_port copy);

#endif
