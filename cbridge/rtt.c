/* rtt.c: pjsua's callback about real-time text. */
#include "rtt.h"
#include "record.h"

#include <pthread.h>

/* What has come in the call in each slot. */
static struct {
    pthread_mutex_t mu; /* a leaf */
    struct {
        int64_t serial;
        int seq;  /* of the last packet */
        int lost; /* before it, and not told yet */
    } calls[PJSUA_MAX_CALLS];
} rtt = {.mu = PTHREAD_MUTEX_INITIALIZER};

/* How many packets may be missing before a jump is taken for a new beginning. */
enum { MAX_LOST = 1000 };

/* On a media thread, without the call's lock. Packets that only repeat, or keep a NAT
 * open, have no text: they are counted and not told. */
static void on_call_rx_text(pjsua_call_id id, const pjsua_txt_stream_data *data)
{
    int64_t serial = oh_call_serial(id);
    int lost = 0;
    oh_rtt *t;

    if (!serial)
        return;
    pthread_mutex_lock(&rtt.mu);
    if (rtt.calls[id].serial == serial)
        lost = (pj_uint16_t)(data->seq - rtt.calls[id].seq - 1);
    else
        rtt.calls[id].lost = 0;
    if (lost <= MAX_LOST)
        rtt.calls[id].lost += lost;
    rtt.calls[id].serial = serial;
    rtt.calls[id].seq = data->seq;
    lost = rtt.calls[id].lost;
    if (data->text.slen > 0)
        rtt.calls[id].lost = 0;
    pthread_mutex_unlock(&rtt.mu);
    if (data->text.slen <= 0)
        return;
    t = oh_record_new(OH_TEXT, sizeof(*t), offsetof(oh_rtt, text), &data->text, 1);
    if (t) {
        t->head.call = serial;
        t->seq = data->seq;
        t->lost = lost;
        t->timestamp = data->ts;
    }
    oh_push(oh_out.events, t);
}

void oh_rtt_callbacks(pjsua_callback *cb)
{
    cb->on_call_rx_text = on_call_rx_text;
}
