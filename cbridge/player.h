/* player.h: players, which give the conference bridge the samples of files.
 *
 * A file that PJSIP's player reads is read by that, on the media tick; what stands
 * between it and the bridge is ours: it counts, pauses, and reports the end. All other
 * files were turned into samples at the bridge's rate before and play from memory.
 *
 * Threads: all functions are called by the one Go thread that drives pjsua. An
 * oh_player lives until its port is gone: it must not be used after
 * pjsua_player_destroy or oh_player_remove.
 */
#ifndef OH_PLAYER_H
#define OH_PLAYER_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

typedef struct oh_player oh_player;

/* Watches a player of pjsua whose file has this many frames; a frame has a sample of
 * each channel. OH_PLAYER_EOF follows the end of one that does not loop. */
pj_status_t oh_player_watch(pjsua_player_id id, int64_t serial, int64_t frames, int loop, int paused,
                            oh_player **player);

/* Puts a player into the bridge that plays frames mono samples at the bridge's rate,
 * which the caller fills in at *samples before the player is connected. */
pj_status_t oh_player_create(int64_t serial, int64_t frames, int loop, int paused, int16_t **samples,
                             int *slot, oh_player **player);

/* Takes a player of oh_player_create out of the bridge and frees it. */
pj_status_t oh_player_remove(oh_player *player);

/* Gives silence, without going on, until it is resumed. */
void oh_player_pause(oh_player *player, int paused);

/* The frame that is played next. A file that plays once is at its length when it has
 * been played. */
int64_t oh_player_pos(oh_player *player);

/* Goes to a frame below the length; a player that is at its end plays again. */
pj_status_t oh_player_set_pos(oh_player *player, int64_t frame);

#endif
