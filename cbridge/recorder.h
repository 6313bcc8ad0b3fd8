/* recorder.h: what stands between the conference bridge and PJSIP's WAV writer.
 *
 * Threads: all functions are called by the one Go thread that drives pjsua. An
 * oh_recorder lives until its port is gone: it must not be used after
 * pjsua_recorder_destroy.
 */
#ifndef OH_RECORDER_H
#define OH_RECORDER_H

#include <pjsua-lib/pjsua.h>
#include <stdint.h>

typedef struct oh_recorder oh_recorder;

/* Watches a recorder of pjsua that writes to path. OH_RECORDER_FAILED follows the first
 * failed write, OH_PORT_GONE the closing of the file after pjsua_recorder_destroy. Each
 * second of audio the sizes in the header are brought up to date, which PJSIP does only
 * at the end. header is its length: 44, or 56 where a fact chunk is in it. */
pj_status_t oh_recorder_watch(pjsua_recorder_id id, int64_t serial, const char *path, unsigned header,
                              int paused, oh_recorder **recorder);

/* Writes nothing until it is resumed. */
void oh_recorder_pause(oh_recorder *recorder, int paused);

/* Bytes of audio that the recorder has taken so far. */
int64_t oh_recorder_bytes(oh_recorder *recorder);

/* Reports OH_RECORDER_FAILED for a recorder that Go writes. */
void oh_recorder_failed(int64_t serial, const char *path, pj_status_t status);

#endif
