/* device.c: sound devices. */
#include "device.h"
#include "record.h"

#include <stdlib.h>
#include <string.h>

/* On the thread that opens or closes a device, with PJSUA's lock held; that lock is
 * recursive. */
static pj_status_t on_snd_dev_operation(int operation)
{
    pjsua_snd_dev_param param;
    oh_event *ev = oh_event_new(OH_SOUND_DEVICE, NULL);

    if (ev) {
        pjsua_get_snd_dev2(&param);
        ev->state = operation;
        ev->src = param.capture_dev;
        ev->sink = param.playback_dev;
    }
    oh_push(oh_out.events, ev);
    return PJ_SUCCESS;
}

void oh_device_callbacks(pjsua_callback *cb)
{
    cb->on_snd_dev_operation = on_snd_dev_operation;
}

pj_status_t oh_device_tick(pjmedia_port *master, unsigned ticks)
{
    static uint64_t now; /* goes on when the clock is somebody else's for a while */
    unsigned samples = PJMEDIA_PIA_SPF(&master->info), i;
    int16_t *buf = calloc(samples, sizeof(*buf));
    pj_status_t status = buf ? PJ_SUCCESS : PJ_ENOMEM;

    for (i = 0; i < ticks && status == PJ_SUCCESS; i++) {
        pjmedia_frame frame = {.type = PJMEDIA_FRAME_TYPE_AUDIO, .buf = buf, .size = samples * sizeof(*buf)};

        frame.timestamp.u64 = now;
        memset(buf, 0, frame.size);
        pjmedia_port_put_frame(master, &frame);
        frame.size = samples * sizeof(*buf);
        status = pjmedia_port_get_frame(master, &frame);
        now += samples / PJMEDIA_PIA_CCNT(&master->info);
    }
    free(buf);
    return status;
}
