/* watcher.h: those who have subscribed to our presence. */
#ifndef OH_WATCHER_H
#define OH_WATCHER_H

#include "presence.h"

/* pjsua_pres_notify for a watcher of the account; *gone is set when he is one no more.
 * [executor] */
pj_status_t oh_watcher_notify(int64_t serial, int64_t account, pjsip_evsub_state state,
                              const pj_str_t *state_name, const pj_str_t *reason, pj_bool_t with_body,
                              const pjsua_msg_data *msg, int *gone);

/* Forgets all watchers: pjsua is gone or not yet there. [executor] */
void oh_watcher_clear(void);

#endif
