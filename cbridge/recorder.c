/* recorder.c: see recorder.h. */
#include "recorder.h"
#include "record.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For fopen: read and write, not inherited by child processes. */
#ifdef _WIN32
#   define UPDATE "r+bN"
#elif defined(__linux__)
#   define UPDATE "r+be"
#else
#   define UPDATE "r+b"
#endif

struct oh_recorder {
    int64_t serial;
    char *path;
    pjmedia_port *port;
    pj_status_t (*put_frame)(pjmedia_port *port, pjmedia_frame *frame);
    atomic_int paused;

    /* the tick's only */
    int failed;
    FILE *file; /* the same file once more; NULL: its header is not brought up to date */
    unsigned header;
    pj_ssize_t refreshed, second; /* of bytes: at the last refresh; in a second */
};

void oh_recorder_failed(int64_t serial, const char *path, pj_status_t status)
{
    char text[PJ_ERR_MSG_SIZE];
    pj_str_t texts[OH_TEXTS] = {{NULL, 0}};
    oh_event *ev;

    texts[0] = pj_strerror(status, text, sizeof(text));
    texts[4].ptr = (char *)path;
    texts[4].slen = (pj_ssize_t)strlen(path);
    ev = oh_event_new(OH_RECORDER_FAILED, texts);
    if (ev) {
        ev->head.object = serial;
        ev->head.status = status;
    }
    oh_push(oh_out.events, ev);
}

static int write_size(FILE *f, long at, uint32_t v)
{
    const unsigned char b[4] = {v & 255, v >> 8 & 255, v >> 16 & 255, v >> 24};

    return fseek(f, at, SEEK_SET) == 0 && fwrite(b, sizeof(b), 1, f) == 1;
}

/* Makes the header count what is in the file, so that it plays if the process is killed.
 * That this fails is no harm; a write of samples will fail too. */
static void refresh_header(oh_recorder *r)
{
    enum { RIFF_SIZE_AT = 4, FACT_AT = 44 };
    long size;

    if (fseek(r->file, 0, SEEK_END) != 0 || (size = ftell(r->file)) < (long)r->header)
        return;
    if (write_size(r->file, RIFF_SIZE_AT, (uint32_t)size - 8) &&
        write_size(r->file, (long)r->header - 4, (uint32_t)size - r->header) && r->header > FACT_AT)
        write_size(r->file, FACT_AT, (uint32_t)size - r->header);
}

/* On the media tick. It costs one more indirect call and, once a second, some small
 * writes beside those that PJSIP makes here. */
static pj_status_t recorder_put_frame(pjmedia_port *port, pjmedia_frame *frame)
{
    oh_recorder *r = port->port_data.pdata;
    pj_status_t status;

    if (r->failed || atomic_load(&r->paused))
        return PJ_SUCCESS; /* keep what is on the disk as it is */
    status = r->put_frame(port, frame);
    if (status != PJ_SUCCESS) {
        r->failed = 1;
        oh_recorder_failed(r->serial, r->path, status);
        return status;
    }
    if (r->file && pjmedia_wav_writer_port_get_pos(port) - r->refreshed >= r->second) {
        r->refreshed = pjmedia_wav_writer_port_get_pos(port);
        refresh_header(r);
    }
    return status;
}

static void recorder_free(oh_recorder *r)
{
    if (r->file)
        fclose(r->file);
    free(r->path);
    free(r);
}

/* After the writer's own destructor, which has closed the file. */
static void recorder_gone(void *arg)
{
    oh_recorder *r = arg;

    oh_push_gone(r->serial);
    recorder_free(r);
}

pj_status_t oh_recorder_watch(pjsua_recorder_id id, int64_t serial, const char *path, unsigned header,
                              int paused, oh_recorder **recorder)
{
    pjmedia_port *port;
    oh_recorder *r;
    pj_status_t status = pjsua_recorder_get_port(id, &port);

    if (status != PJ_SUCCESS)
        return status;
    r = calloc(1, sizeof(*r));
    if (r)
        r->path = strdup(path);
    if (!r || !r->path) {
        free(r);
        return PJ_ENOMEM;
    }
    r->serial = serial;
    r->port = port;
    r->put_frame = port->put_frame;
    r->header = header;
    r->second = (pj_ssize_t)PJMEDIA_PIA_SRATE(&port->info) * PJMEDIA_PIA_CCNT(&port->info) * (header == 44 ? 2 : 1);
    atomic_init(&r->paused, paused);
    r->file = fopen(path, UPDATE);
    if (r->file)
        setvbuf(r->file, NULL, _IONBF, 0);
    status = pjmedia_port_add_destroy_handler(port, r, recorder_gone);
    if (status != PJ_SUCCESS) {
        recorder_free(r);
        return status;
    }
    /* Nothing is connected to the recorder yet, so the tick does not use it. */
    port->port_data.pdata = r;
    port->put_frame = recorder_put_frame;
    *recorder = r;
    return PJ_SUCCESS;
}

void oh_recorder_pause(oh_recorder *r, int paused)
{
    atomic_store(&r->paused, paused);
}

int64_t oh_recorder_bytes(oh_recorder *r)
{
    return pjmedia_wav_writer_port_get_pos(r->port);
}
