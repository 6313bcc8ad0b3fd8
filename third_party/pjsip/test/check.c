/* Proves that a PJSIP that was just built has what config_site.h and the
 * configure options ask for: starts pjsua, lists limits and codecs, and sends a
 * packet through every SRTP cipher. Fails, naming what is absent, when something is.
 */
#include <pjsua-lib/pjsua.h>
#include <pjmedia/transport_srtp.h>
#include <stdio.h>
#include <string.h>

static int absent;

static void want(const char *kind, const char *list, const char *name)
{
    char needle[64];

    snprintf(needle, sizeof(needle), " %s ", name);
    if (!strstr(list, needle)) {
        fprintf(stderr, "check: %s %s is absent\n", kind, name);
        ++absent;
    }
}

static void must(pj_status_t status, const char *what)
{
    char text[PJ_ERR_MSG_SIZE];

    if (status == PJ_SUCCESS)
        return;
    pj_strerror(status, text, sizeof(text));
    fprintf(stderr, "check: %s: %s\n", what, text);
    exit(1);
}

static const char payload[] = "sixteen samples!";
static int heard;

static void on_rtp(void *user, void *packet, pj_ssize_t size)
{
    PJ_UNUSED_ARG(user);
    heard = size == 12 + sizeof(payload) &&
            memcmp((char*)packet + 12, payload, sizeof(payload)) == 0;
}

static void on_rtcp(void *user, void *packet, pj_ssize_t size)
{
    PJ_UNUSED_ARG(user);
    PJ_UNUSED_ARG(packet);
    PJ_UNUSED_ARG(size);
}

/* Encrypts and decrypts one packet by way of a loop transport. */
static void try_cipher(const char *name)
{
    pjmedia_transport *loop, *srtp;
    pjmedia_srtp_setting setting;
    pjmedia_srtp_crypto crypto;
    pj_sockaddr_in nowhere;
    char packet[12 + sizeof(payload)] = { (char)0x80, 0, 0, 1 };
    char key[46];

    memset(key, 'k', sizeof(key));
    memcpy(packet + 12, payload, sizeof(payload));
    pj_bzero(&crypto, sizeof(crypto));
    crypto.name = pj_str((char*)name);
    crypto.key.ptr = key;
    crypto.key.slen = strstr(name, "256_GCM") ? 44 : strstr(name, "128_GCM") ? 28 :
                      strstr(name, "256_CM") ? 46 : 30;
    must(pjmedia_transport_loop_create(pjsua_get_pjmedia_endpt(), &loop), "loop");
    pjmedia_srtp_setting_default(&setting);
    must(pjmedia_transport_srtp_create(pjsua_get_pjmedia_endpt(), loop, &setting,
                                       &srtp), "pjmedia_transport_srtp_create");
    must(pjmedia_transport_srtp_start(srtp, &crypto, &crypto), name);
    must(pj_sockaddr_in_init(&nowhere, NULL, 0), "address");
    must(pjmedia_transport_attach(srtp, NULL, &nowhere, &nowhere, sizeof(nowhere),
                                  &on_rtp, &on_rtcp), "pjmedia_transport_attach");
    heard = 0;
    must(pjmedia_transport_send_rtp(srtp, packet, sizeof(packet)), name);
    if (!heard) {
        fprintf(stderr, "check: SRTP cipher %s loses packets\n", name);
        ++absent;
    }
    pjmedia_transport_close(srtp);
}

/* Makes an echo canceller, for ticks of the bridge. */
static void try_echo(const char *name, unsigned algorithm)
{
    pjmedia_echo_state *echo;
    pj_pool_t *pool = pjsua_pool_create("echo", 1000, 1000);
    pj_status_t status = pjmedia_echo_create2(pool, 16000, 1, 320, 200, 20, algorithm, &echo);

    if (status != PJ_SUCCESS) {
        fprintf(stderr, "check: echo canceller %s is absent\n", name);
        ++absent;
    } else {
        pjmedia_echo_destroy(echo);
    }
    pj_pool_release(pool);
}

int main(void)
{
    static const char *codecs[] = {
        "PCMU/8000/1", "PCMA/8000/1", "G722/16000/1", "opus/48000/2",
        "L16/8000/1", "L16/16000/1", "L16/44100/1", "L16/48000/1",
        "GSM/8000/1", "speex/8000/1", "speex/16000/1", "speex/32000/1",
        "G729/8000/1", "AMR/8000/1", "AMR-WB/16000/1"
    };
    static const char *ciphers[] = {
        "AEAD_AES_256_GCM", "AEAD_AES_128_GCM", "AES_256_CM_HMAC_SHA1_80",
        "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"
    };
    char list[2048] = " ";
    pjsua_config config;
    pjsua_logging_config logging;
    pjsua_media_config media;
    pjsua_transport_config transport;
    pjsua_codec_info codec[64];
    pjmedia_srtp_crypto crypto[32];
    pjmedia_srtp_keying_method keying[PJMEDIA_SRTP_KEYINGS_COUNT];
    unsigned i, n;

    pj_log_set_level(0);
    must(pjsua_create(), "pjsua_create");
    pjsua_config_default(&config);
    pjsua_logging_config_default(&logging);
    pjsua_media_config_default(&media);
    logging.level = logging.console_level = 0;
    must(pjsua_init(&config, &logging, &media), "pjsua_init");

    pjsua_transport_config_default(&transport);
    transport.bound_addr = pj_str("127.0.0.1");
    must(pjsua_transport_create(PJSIP_TRANSPORT_UDP, &transport, NULL), "UDP");
    must(pjsua_transport_create(PJSIP_TRANSPORT_TCP, &transport, NULL), "TCP");
    must(pjsua_transport_create(PJSIP_TRANSPORT_TLS, &transport, NULL), "TLS");
    must(pjsua_start(), "pjsua_start");

    printf("limits: calls %d, accounts %d, transports %d, buddies %d, players %d, "
           "recorders %d, conference ports %d, sockets %d\n",
           PJSUA_MAX_CALLS, PJSUA_MAX_ACC, PJSUA_MAX_TRANSPORTS,
           PJSUA_MAX_BUDDIES, PJSUA_MAX_PLAYERS, PJSUA_MAX_RECORDERS,
           PJSUA_MAX_CONF_PORTS, PJ_IOQUEUE_MAX_HANDLES);

    n = PJ_ARRAY_SIZE(codec);
    must(pjsua_enum_codecs(codec, &n), "pjsua_enum_codecs");
    for (i = 0; i < n; ++i) {
        strncat(list, codec[i].codec_id.ptr, codec[i].codec_id.slen);
        strcat(list, " ");
    }
    printf("codecs:%s\n", list);
    for (i = 0; i < PJ_ARRAY_SIZE(codecs); ++i)
        want("codec", list, codecs[i]);

    n = PJ_ARRAY_SIZE(crypto);
    must(pjmedia_srtp_enum_crypto(&n, crypto), "pjmedia_srtp_enum_crypto");
    strcpy(list, " ");
    for (i = 0; i < n; ++i) {
        strncat(list, crypto[i].name.ptr, crypto[i].name.slen);
        strcat(list, " ");
    }
    printf("srtp:%s\n", list);
    for (i = 0; i < PJ_ARRAY_SIZE(ciphers); ++i) {
        want("SRTP cipher", list, ciphers[i]);
        if (!absent)
            try_cipher(ciphers[i]);
    }

    n = PJ_ARRAY_SIZE(keying);
    must(pjmedia_srtp_enum_keying(&n, keying), "pjmedia_srtp_enum_keying");
    for (i = 0; i < n && keying[i] != PJMEDIA_SRTP_KEYING_DTLS_SRTP; ++i)
        ;
    if (i == n) {
        fprintf(stderr, "check: DTLS-SRTP is absent\n");
        ++absent;
    }
    try_echo("Speex", PJMEDIA_ECHO_SPEEX);
    try_echo("WebRTC AEC3", PJMEDIA_ECHO_WEBRTC_AEC3);
#if defined(PJ_LINUX) && PJ_LINUX
    if (strncmp(pj_ioqueue_name(), "epoll", 5) != 0) {
        fprintf(stderr, "check: the ioqueue is %s\n", pj_ioqueue_name());
        ++absent;
    }
#endif

    /* What has not been received needs no waiting for. */
    pjsua_destroy2(PJSUA_DESTROY_NO_RX_MSG);
    return absent != 0;
}
