/* A media transport that is started while packets wait for it: see patches/0021.
 *
 * The transport is started and stopped again and again, each time with a packet in its
 * socket, for which the worker wakes up at once. However that ends, the transport must hear
 * what comes afterwards.
 */
#include <pjlib.h>
#include <pjmedia.h>
#include <stdio.h>
#include <stdlib.h>

enum { TIMES = 5000, PATIENCE_MS = 2000 };

static pj_atomic_t *heard;

static void must(pj_status_t status, const char *what)
{
    if (status != PJ_SUCCESS) {
        fprintf(stderr, "media_start: %s: status %d\n", what, status);
        exit(2);
    }
}

static pj_sock_t bound(pj_sockaddr *addr)
{
    pj_sock_t sock;
    int len = sizeof(*addr);

    must(pj_sockaddr_init(pj_AF_INET(), addr, NULL, 0), "sockaddr");
    addr->ipv4.sin_addr = pj_inet_addr2("127.0.0.1");
    must(pj_sock_socket(pj_AF_INET(), pj_SOCK_DGRAM(), 0, &sock), "socket");
    must(pj_sock_bind(sock, addr, pj_sockaddr_get_len(addr)), "bind");
    must(pj_sock_getsockname(sock, addr, &len), "getsockname");
    return sock;
}

static void on_rtp(void *user_data, void *pkt, pj_ssize_t size)
{
    PJ_UNUSED_ARG(user_data), PJ_UNUSED_ARG(pkt);
    if (size > 0)
        pj_atomic_inc(heard);
}

static void on_rtcp(void *user_data, void *pkt, pj_ssize_t size)
{
    PJ_UNUSED_ARG(user_data), PJ_UNUSED_ARG(pkt), PJ_UNUSED_ARG(size);
}

static void send_one(pj_sock_t sock, const pj_sockaddr *to)
{
    static const char rtp[12] = { (char)0x80 };
    pj_ssize_t size = sizeof(rtp);

    must(pj_sock_sendto(sock, rtp, &size, 0, to, pj_sockaddr_get_len(to)), "sendto");
}

int main(void)
{
    pj_caching_pool factory;
    pjmedia_transport_attach_param user;
    pjmedia_sock_info si;
    pjmedia_transport *tp;
    pjmedia_endpt *endpt;
    pj_pool_t *pool;
    pj_sock_t far_end;
    pj_sockaddr from;
    int i, ms, deaf = 0;

    must(pj_init(), "pj_init");
    pj_log_set_level(2);
    pj_caching_pool_init(&factory, NULL, 0);
    pool = pj_pool_create(&factory.factory, "test", 4000, 4000, NULL);
    must(pj_atomic_create(pool, 0, &heard), "atomic");
    must(pjmedia_endpt_create(&factory.factory, NULL, 1, &endpt), "endpt");

    pj_bzero(&si, sizeof(si));
    si.rtp_sock = bound(&si.rtp_addr_name);
    si.rtcp_sock = bound(&si.rtcp_addr_name);
    far_end = bound(&from);
    must(pjmedia_transport_udp_attach(endpt, "udp", &si, 0, &tp), "transport");

    pj_bzero(&user, sizeof(user));
    user.rem_addr = user.rem_rtcp = from;
    user.addr_len = sizeof(pj_sockaddr_in);
    user.user_data = tp;
    user.rtp_cb = &on_rtp;
    user.rtcp_cb = &on_rtcp;

    for (i = 0; i < TIMES && !deaf; ++i) {
        send_one(far_end, &si.rtp_addr_name);
        must(pjmedia_transport_media_start(tp, pool, NULL, NULL, 0), "media_start");
        must(pjmedia_transport_attach2(tp, &user), "attach");
        pj_atomic_set(heard, 0);
        for (ms = 0; pj_atomic_get(heard) == 0 && ms < PATIENCE_MS; ++ms) {
            send_one(far_end, &si.rtp_addr_name);
            if (ms > 0)
                pj_thread_sleep(1);
        }
        deaf = pj_atomic_get(heard) == 0;
        pjmedia_transport_detach(tp, tp);
        must(pjmedia_transport_media_stop(tp), "media_stop");
    }
    printf("%s media started %d times%s\n", deaf ? "FAIL" : "ok  ", i, deaf ? ", and heard nothing the last time" : "");

    pjmedia_transport_close(tp);
    pj_sock_close(far_end);
    pjmedia_endpt_destroy(endpt);
    pj_pool_release(pool);
    pj_caching_pool_destroy(&factory);
    pj_shutdown();
    return deaf;
}
