/* files.c: recorders and the results of the conference bridge. */
#include "record.h"

#include <stdlib.h>

/* What stands between the bridge and a WAV writer, which reports a failed write to a
 * caller that ignores it. Lives until the port is gone. */
typedef struct recorder_watch {
    int64_t serial;
    pj_status_t (*put_frame)(pjmedia_port *port, pjmedia_frame *frame);
    int failed; /* the tick's only */
} recorder_watch;

/* On the media tick: one more indirect call; a record only at the first failure. */
static pj_status_t recorder_put_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    recorder_watch *w = port->port_data.pdata;
    pj_status_t status;

    if (w->failed)
        return PJ_SUCCESS; /* keep what is on the disk as it is */
    status = w->put_frame(port, frame);
    if (status != PJ_SUCCESS) {
        char text[PJ_ERR_MSG_SIZE];
        pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
        oh_event *ev;

        w->failed = 1;
        texts[0] = pj_strerror(status, text, sizeof(text));
        ev = oh_event_new(OH_RECORDER_FAILED, texts);
        if (ev) {
            ev->head.object = w->serial;
            ev->head.status = status;
        }
        oh_push(oh_out.events, ev);
    }
    return status;
}

/* After the writer's own destructor, which has closed the file. */
static void recorder_gone(void *arg)
{
    recorder_watch *w = arg;

    oh_push_gone(w->serial);
    free(w);
}

pj_status_t oh_recorder_watch(pjsua_recorder_id id, int64_t serial)
{
    pjmedia_port *port;
    recorder_watch *w;
    pj_status_t status = pjsua_recorder_get_port(id, &port);

    if (status != PJ_SUCCESS)
        return status;
    w = calloc(1, sizeof(*w));
    if (!w)
        return PJ_ENOMEM;
    w->serial = serial;
    w->put_frame = port->put_frame;
    status = pjmedia_port_add_destroy_handler(port, w, recorder_gone);
    if (status != PJ_SUCCESS) {
        free(w);
        return status;
    }
    /* Nothing is connected to the recorder yet, so the tick does not use it. */
    port->port_data.pdata = w;
    port->put_frame = recorder_put_frame;
    return PJ_SUCCESS;
}

int64_t oh_recorder_bytes(pjsua_recorder_id id)
{
    pjmedia_port *port;

    if (pjsua_recorder_get_port(id, &port) != PJ_SUCCESS)
        return -1;
    return pjmedia_wav_writer_port_get_pos(port);
}
