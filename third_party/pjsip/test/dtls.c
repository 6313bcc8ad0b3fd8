/* DTLS-SRTP handshakes that do not go as usual.
 *
 * Two SRTP transports talk over a wire of this program's, whose packets the main thread
 * delivers, as PJSIP's worker does.
 *
 * clock: a handshake that completes while its retransmission clock sends, see patches/0020.
 * The wire loses the client's first packet, so that the clock sends it again, and is then
 * slow to take what the clock sends: the handshake completes meanwhile. The main thread must
 * not wait for the clock with the lock that the clock takes next.
 *
 * RTCP first: the handshake of RTCP completes before that of RTP, see patches/0022. Media must
 * start all the same, send nothing until RTP has its keys, and be encrypted then.
 *
 * wrong certificate: handshakes complete before the media starts, with a certificate that is
 * not the offer's, see patches/0023. Media must not start.
 */
#include <pjlib.h>
#include <pjmedia.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PACKETS = 64, MTU = 2000, SLOW_MS = 1500, LONG_S = 30, RTP = 0, RTCP = 1, ALL = 1 << 30 };

struct channel {
    char packet[PACKETS][MTU];
    pj_ssize_t size[PACKETS];
    unsigned head, tail;        /* next to deliver, next to fill */
    int sent, lose;
};

struct wire {
    pjmedia_transport base;     /* first: the transport is the wire */
    struct wire *far_end;
    pjmedia_transport_attach_param user;
    struct channel ch[2];
};

static pj_caching_pool factory;
static pj_mutex_t *mutex;
static pj_thread_t *worker;
static const char rtp[12] = { (char)0x80 };
static int slow, slow_sends, keyed, failed;
static struct wire client, server;

static void must(pj_status_t status, const char *what)
{
    if (status != PJ_SUCCESS) {
        fprintf(stderr, "dtls: %s: status %d\n", what, status);
        exit(2);
    }
}

static pj_sockaddr address(pj_uint16_t port)
{
    pj_sockaddr a;

    pj_sockaddr_init(pj_AF_INET(), &a, NULL, port);
    a.ipv4.sin_addr = pj_inet_addr2("127.0.0.1");
    return a;
}

static pj_status_t get_info(pjmedia_transport *tp, pjmedia_transport_info *info)
{
    PJ_UNUSED_ARG(tp);
    info->sock_info.rtp_addr_name = info->src_rtp_name = address(4000);
    info->sock_info.rtcp_addr_name = info->src_rtcp_name = address(4001);
    return PJ_SUCCESS;
}

static pj_status_t attach2(pjmedia_transport *tp, pjmedia_transport_attach_param *p)
{
    ((struct wire*)tp)->user = *p;
    return PJ_SUCCESS;
}

static void detach(pjmedia_transport *tp, void *user_data)
{
    PJ_UNUSED_ARG(user_data);
    pj_bzero(&((struct wire*)tp)->user, sizeof(client.user));
}

static void put(struct channel *c, const void *pkt, pj_size_t size)
{
    pj_mutex_lock(mutex);
    if (++c->sent > c->lose && size <= MTU) {
        unsigned i = c->tail++ % PACKETS;

        pj_memcpy(c->packet[i], pkt, size);
        c->size[i] = size;
    }
    pj_mutex_unlock(mutex);
}

static pj_status_t send_rtp(pjmedia_transport *tp, const void *pkt, pj_size_t size)
{
    put(&((struct wire*)tp)->ch[RTP], pkt, size);
    if (slow && pj_thread_this() != worker && !keyed) {
        ++slow_sends;
        pj_thread_sleep(SLOW_MS);
    }
    return PJ_SUCCESS;
}

static pj_status_t send_rtcp(pjmedia_transport *tp, const void *pkt, pj_size_t size)
{
    put(&((struct wire*)tp)->ch[RTCP], pkt, size);
    return PJ_SUCCESS;
}

static pj_status_t create(pjmedia_transport *tp, pj_pool_t *pool, unsigned options,
                          const pjmedia_sdp_session *remote, unsigned index)
{
    PJ_UNUSED_ARG(tp), PJ_UNUSED_ARG(pool), PJ_UNUSED_ARG(options);
    PJ_UNUSED_ARG(remote), PJ_UNUSED_ARG(index);
    return PJ_SUCCESS;
}

static pj_status_t sdp_op(pjmedia_transport *tp, pj_pool_t *pool, pjmedia_sdp_session *local,
                          const pjmedia_sdp_session *remote, unsigned index)
{
    PJ_UNUSED_ARG(tp), PJ_UNUSED_ARG(pool), PJ_UNUSED_ARG(local);
    PJ_UNUSED_ARG(remote), PJ_UNUSED_ARG(index);
    return PJ_SUCCESS;
}

static pj_status_t start(pjmedia_transport *tp, pj_pool_t *pool, const pjmedia_sdp_session *local,
                         const pjmedia_sdp_session *remote, unsigned index)
{
    PJ_UNUSED_ARG(tp), PJ_UNUSED_ARG(pool), PJ_UNUSED_ARG(local);
    PJ_UNUSED_ARG(remote), PJ_UNUSED_ARG(index);
    return PJ_SUCCESS;
}

static pj_status_t stop(pjmedia_transport *tp)
{
    PJ_UNUSED_ARG(tp);
    return PJ_SUCCESS;
}

static pjmedia_transport_op wire_op = {
    .get_info = &get_info, .attach2 = &attach2, .detach = &detach,
    .send_rtp = &send_rtp, .send_rtcp = &send_rtcp,
    .media_create = &create, .encode_sdp = &sdp_op, .media_start = &start,
    .media_stop = &stop, .destroy = &stop,
};

/* Hand over a packet that the far end has sent, as the worker does with what a socket got.
 * Gives back whether there was one. */
static int deliver(struct wire *w, int idx)
{
    static char pkt[MTU] PJ_ALIGN_DATA_SUFFIX(4);
    struct channel *c = &w->far_end->ch[idx];
    pjmedia_tp_cb_param param;
    pj_ssize_t size = 0;

    pj_mutex_lock(mutex);
    if (c->head != c->tail) {
        unsigned i = c->head++ % PACKETS;

        size = c->size[i];
        pj_memcpy(pkt, c->packet[i], size);
    }
    pj_mutex_unlock(mutex);
    if (size == 0)
        return 0;
    if (idx == RTCP) {
        if (w->user.rtcp_cb)
            (*w->user.rtcp_cb)(w->user.user_data, pkt, size);
    } else if (w->user.rtp_cb2) {
        pj_bzero(&param, sizeof(param));
        param.user_data = w->user.user_data;
        param.pkt = pkt;
        param.size = size;
        (*w->user.rtp_cb2)(&param);
    } else if (w->user.rtp_cb) {
        (*w->user.rtp_cb)(w->user.user_data, pkt, size);
    }
    return 1;
}

static int deliver_all(int idx)
{
    return deliver(&client, idx) | deliver(&server, idx);
}

static void on_complete(pjmedia_transport *tp, pj_status_t status)
{
    PJ_UNUSED_ARG(tp);
    if (status != PJ_SUCCESS)
        failed = status;
    ++keyed;
}

static pjmedia_transport *new_srtp(pjmedia_endpt *endpt, struct wire *w, struct wire *far_end)
{
    pjmedia_srtp_setting opt;
    pjmedia_transport *tp;

    pj_ansi_strxcpy(w->base.name, "wire", sizeof(w->base.name));
    w->base.type = PJMEDIA_TRANSPORT_TYPE_USER;
    w->base.op = &wire_op;
    w->far_end = far_end;
    pjmedia_srtp_setting_default(&opt);
    opt.use = PJMEDIA_SRTP_MANDATORY;
    opt.close_member_tp = PJ_FALSE;
    opt.keying_count = 1;
    opt.keying[0] = PJMEDIA_SRTP_KEYING_DTLS_SRTP;
    opt.cb.on_srtp_nego_complete = &on_complete;
    must(pjmedia_transport_srtp_create(endpt, &w->base, &opt, &tp), "srtp_create");
    return tp;
}

static void on_rtp(void *user_data, void *pkt, pj_ssize_t size)
{
    PJ_UNUSED_ARG(user_data), PJ_UNUSED_ARG(pkt), PJ_UNUSED_ARG(size);
}

static void use(pjmedia_transport *tp)
{
    pjmedia_transport_attach_param p;

    pj_bzero(&p, sizeof(p));
    p.rem_addr = address(4000);
    p.rem_rtcp = address(4001);
    p.addr_len = sizeof(pj_sockaddr_in);
    p.user_data = tp;
    p.rtp_cb = &on_rtp;
    p.rtcp_cb = &on_rtp;
    must(pjmedia_transport_attach2(tp, &p), "attach");
}

/* The SDP of one audio stream, to which the transports add theirs. */
static pjmedia_sdp_session *new_sdp(pj_pool_t *pool)
{
    static const char text[] =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    pjmedia_sdp_session *sdp;
    char *copy = pj_pool_alloc(pool, sizeof(text));

    pj_memcpy(copy, text, sizeof(text));
    must(pjmedia_sdp_parse(pool, copy, sizeof(text) - 1, &sdp), "sdp_parse");
    return sdp;
}

static pjmedia_transport *from, *to; /* who offers, and who answers and is the client */
static pjmedia_sdp_session *offer, *answer;

/* Announce another certificate. */
static void spoil(pjmedia_sdp_session *sdp)
{
    pjmedia_sdp_attr *a = pjmedia_sdp_media_find_attr2(sdp->media[0], "fingerprint", NULL);
    char *last = &a->value.ptr[a->value.slen - 1];

    *last = *last == '0' ? '1' : '0';
}

static void prepare(pjmedia_endpt *endpt, pj_pool_t *pool, int spoilt)
{
    from = new_srtp(endpt, &server, &client);
    to = new_srtp(endpt, &client, &server);
    must(pjmedia_transport_media_create(from, pool, 0, NULL, 0), "media_create");
    offer = new_sdp(pool);
    must(pjmedia_transport_encode_sdp(from, pool, offer, NULL, 0), "encode the offer");
    if (spoilt)
        spoil(offer);
    must(pjmedia_transport_media_create(to, pool, 0, offer, 0), "media_create");
    answer = new_sdp(pool);
    must(pjmedia_transport_encode_sdp(to, pool, answer, offer, 0), "encode the answer");
}

static void end(void)
{
    must(pjmedia_transport_media_stop(to), "media_stop");
    must(pjmedia_transport_media_stop(from), "media_stop");
    pjmedia_transport_close(to);
    pjmedia_transport_close(from);
}

static void await_keys(void)
{
    int i;

    for (i = 0; keyed < 2 && i < LONG_S * 100; ++i) {
        deliver_all(RTP);
        deliver_all(RTCP);
        pj_thread_sleep(10);
    }
}

static void await_clock(pjmedia_endpt *endpt, pj_pool_t *pool)
{
    int i;

    slow = 1, client.ch[RTP].lose = 1, client.ch[RTCP].lose = server.ch[RTCP].lose = ALL;
    prepare(endpt, pool, 0);
    use(from);
    use(to);
    alarm(LONG_S); /* a deadlock ends here */
    must(pjmedia_transport_media_start(to, pool, answer, offer, 0), "media_start");
    must(pjmedia_transport_media_start(from, pool, offer, answer, 0), "media_start");
    await_keys();
    /* What comes after the handshake ends the clock. */
    for (i = 0; i < 20; ++i) {
        send_rtp(&server.base, rtp, sizeof(rtp));
        deliver(&client, RTP);
    }
    end();
}

/* Whether a transport has started SRTP. */
static int encrypts(pjmedia_transport *tp)
{
    pjmedia_transport_info info;
    pjmedia_srtp_info *srtp;

    pjmedia_transport_info_init(&info);
    must(pjmedia_transport_get_info(tp, &info), "get_info");
    srtp = pjmedia_transport_info_get_spc_info(&info, PJMEDIA_TRANSPORT_TYPE_SRTP);
    return srtp && srtp->active;
}

static void begin(void)
{
    pj_bzero(&client, sizeof(client)), pj_bzero(&server, sizeof(server));
    slow = keyed = failed = 0;
}

/* Gives back what is wrong, NULL when nothing is. */
static const char *rtcp_first(pjmedia_endpt *endpt, pj_pool_t *pool)
{
    const char *wrong = NULL;
    int sent;

    begin();
    client.ch[RTP].lose = ALL;
    prepare(endpt, pool, 0);
    while (deliver_all(RTCP))
        ;
    alarm(LONG_S);
    use(to);
    must(pjmedia_transport_media_start(to, pool, answer, offer, 0), "media_start of who answers");
    sent = client.ch[RTP].sent;
    (void)pjmedia_transport_send_rtp(to, rtp, sizeof(rtp));
    if (client.ch[RTP].sent != sent)
        wrong = "RTP was sent before it had keys";
    use(from);
    if (pjmedia_transport_media_start(from, pool, offer, answer, 0) != PJ_SUCCESS && !wrong)
        wrong = "media of who offers did not start";
    client.ch[RTP].lose = 0;
    if (!wrong)
        await_keys();
    if (!wrong && (keyed != 2 || failed || !encrypts(from) || !encrypts(to)))
        wrong = "SRTP did not start";
    end();
    return wrong;
}

static const char *wrong_certificate(pjmedia_endpt *endpt, pj_pool_t *pool)
{
    const char *wrong = NULL;

    begin();
    prepare(endpt, pool, 1);
    while (deliver_all(RTP) | deliver_all(RTCP))
        ;
    use(to);
    if (pjmedia_transport_media_start(to, pool, answer, offer, 0) == PJ_SUCCESS || encrypts(to))
        wrong = "media started";
    end();
    return wrong;
}

static int report(const char *name, const char *wrong)
{
    printf("%s %s%s%s\n", wrong ? "FAIL" : "ok  ", name, wrong ? ": " : "", wrong ? wrong : "");
    return wrong == NULL;
}

int main(void)
{
    pjmedia_endpt *endpt;
    pj_pool_t *pool;
    int ok;

    must(pj_init(), "pj_init");
    pj_log_set_level(2);
    pj_caching_pool_init(&factory, NULL, 0);
    pool = pj_pool_create(&factory.factory, "test", 4000, 4000, NULL);
    must(pj_mutex_create_simple(pool, "wire", &mutex), "mutex");
    must(pjmedia_endpt_create(&factory.factory, NULL, 0, &endpt), "endpt");
    worker = pj_thread_this();

    await_clock(endpt, pool);
    ok = keyed == 2 && !failed && slow_sends;
    printf("%s clock: %d of 2 ends keyed, status %d, %d slow retransmissions\n",
           ok ? "ok  " : "FAIL", keyed, failed, slow_sends);
    ok &= report("RTCP first", rtcp_first(endpt, pool));
    ok &= report("wrong certificate", wrong_certificate(endpt, pool));

    pjmedia_endpt_destroy(endpt);
    pj_pool_release(pool);
    pj_caching_pool_destroy(&factory);
    pj_shutdown();
    return !ok;
}
