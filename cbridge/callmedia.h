/* callmedia.h: what is negotiated for a call, and its streams. */
#ifndef OH_CALLMEDIA_H
#define OH_CALLMEDIA_H

#include "record.h"

/* Fills in the callbacks about SDP and streams. */
void oh_callmedia_callbacks(pjsua_callback *cb);

#endif
