/* transport.c: SIP transports: connections that come and go, and their certificates. */
#include "account.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

enum { NAME, LOCAL, REMOTE, REASON, CIPHER, SUBJECT, ISSUER, NAMES, PEM, TEXTS };

_Static_assert(offsetof(oh_transport_fact, pem) - offsetof(oh_transport_fact, name) ==
                   PEM * sizeof(oh_text),
               "the texts of oh_transport_fact are an array");

/* A text that is put together piece by piece; what does not fit is left out. */
typedef struct builder {
    char buf[1024];
    size_t len;
} builder;

static void add(builder *b, const char *separator, const char *text, size_t len)
{
    size_t sep = b->len ? strlen(separator) : 0;

    if (len == 0 || b->len + sep + len > sizeof(b->buf))
        return;
    memcpy(b->buf + b->len, separator, sep);
    memcpy(b->buf + b->len + sep, text, len);
    b->len += sep + len;
}

static pj_str_t built(builder *b)
{
    return (pj_str_t){b->buf, (pj_ssize_t)b->len};
}

static void add_status(builder *b, pj_status_t status)
{
    char text[PJ_ERR_MSG_SIZE];
    pj_str_t s;

    if (status == PJ_SUCCESS)
        return;
    s = pj_strerror(status, text, sizeof(text));
    add(b, "; ", s.ptr, (size_t)s.slen);
}

static void add_address(builder *b, const pjsip_host_port *addr)
{
    char text[PJ_MAX_HOSTNAME + 16];
    int v6 = memchr(addr->host.ptr, ':', (size_t)addr->host.slen) != NULL;
    int len = snprintf(text, sizeof(text), v6 ? "[%.*s]:%d" : "%.*s:%d", (int)addr->host.slen, addr->host.ptr,
                       addr->port);

    add(b, "", text, len < (int)sizeof(text) ? (size_t)len : sizeof(text) - 1);
}

static oh_transport_fact *fact_new(const pj_str_t texts[TEXTS])
{
    return oh_record_new(OH_TRANSPORT, sizeof(oh_transport_fact), offsetof(oh_transport_fact, name), texts, TEXTS);
}

#if PJSIP_HAS_TLS_TRANSPORT

/* What of a certificate is text; names and reason are the memory for two of them. */
static void tls_texts(const pj_ssl_sock_info *info, pj_str_t texts[TEXTS], builder *names, builder *reason)
{
    const pj_ssl_cert_info *cert = info->remote_cert_info;
    const char *why[16];
    unsigned i, n = PJ_ARRAY_SIZE(why);

    if (info->verify_status != PJ_SSL_CERT_ESUCCESS &&
        pj_ssl_cert_get_verify_status_strings(info->verify_status, why, &n) == PJ_SUCCESS) {
        for (i = 0; i < n; i++)
            add(reason, "; ", why[i], strlen(why[i]));
    }
    if (info->established) {
        const char *cipher = pj_ssl_cipher_name(info->cipher);

        if (cipher)
            texts[CIPHER] = pj_str((char *)cipher);
    }
    if (!cert)
        return;
    texts[SUBJECT] = cert->subject.info;
    texts[ISSUER] = cert->issuer.info;
    texts[PEM] = cert->raw;
    for (i = 0; i < cert->subj_alt_name.cnt; i++)
        add(names, "\n", cert->subj_alt_name.entry[i].name.ptr, (size_t)cert->subj_alt_name.entry[i].name.slen);
    texts[NAMES] = built(names);
}

static void tls_facts(oh_transport_fact *f, const pj_ssl_sock_info *info)
{
    const pj_ssl_cert_info *cert = info->remote_cert_info;

    f->tls = 1;
    f->established = info->established;
    f->proto = info->proto;
    f->verify = info->verify_status;
    if (cert) {
        f->not_before = cert->validity.start.sec;
        f->not_after = cert->validity.end.sec;
        memcpy(f->serial, cert->serial_no, sizeof(f->serial));
    }
}

static void on_accept_fail(const pjsip_tls_on_accept_fail_param *param)
{
    char text[PJ_INET6_ADDRSTRLEN + 10];
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    builder reason = {.len = 0};
    oh_transport_fact *f;

    add_status(&reason, param->status);
    texts[REASON] = built(&reason);
    if (param->remote_addr)
        texts[REMOTE] = pj_str(pj_sockaddr_print(param->remote_addr, text, sizeof(text), 3));
    f = fact_new(texts);
    if (f) {
        f->head.status = param->status;
        f->transport = PJSIP_TRANSPORT_TLS;
        f->state = OH_ACCEPT_FAILED;
        f->incoming = 1;
    }
    oh_push(oh_out.events, f);
}

void oh_tls_callbacks(pjsip_tls_setting *tls)
{
    tls->on_accept_fail_cb = on_accept_fail;
}

#else

void oh_tls_callbacks(pjsip_tls_setting *tls)
{
    (void)tls;
}

#endif

static void on_transport_state(pjsip_transport *tp, pjsip_transport_state state,
                               const pjsip_transport_state_info *info)
{
    pj_str_t texts[TEXTS] = {{NULL, 0}};
    builder local = {.len = 0}, remote = {.len = 0}, reason = {.len = 0};
    oh_transport_fact *f;
#if PJSIP_HAS_TLS_TRANSPORT
    const pj_ssl_sock_info *ssl = NULL;
    builder names = {.len = 0};
#endif

    add_status(&reason, info->status);
#if PJSIP_HAS_TLS_TRANSPORT
    if ((tp->key.type & ~PJSIP_TRANSPORT_IPV6) == PJSIP_TRANSPORT_TLS && info->ext_info)
        ssl = ((const pjsip_tls_state_info *)info->ext_info)->ssl_sock_info;
    if (ssl)
        tls_texts(ssl, texts, &names, &reason);
#endif
    add_address(&local, &tp->local_name);
    add_address(&remote, &tp->remote_name);
    texts[NAME] = pj_str(tp->obj_name);
    texts[LOCAL] = built(&local);
    texts[REMOTE] = built(&remote);
    texts[REASON] = built(&reason);
    f = fact_new(texts);
    if (f) {
        f->head.status = info->status;
        f->transport = (int32_t)tp->key.type;
        f->state = (int32_t)state;
        f->incoming = tp->dir == PJSIP_TP_DIR_INCOMING;
#if PJSIP_HAS_TLS_TRANSPORT
        if (ssl)
            tls_facts(f, ssl);
#endif
    }
    oh_push(oh_out.events, f);
}

void oh_transport_callbacks(pjsua_callback *cb)
{
    cb->on_transport_state = on_transport_state;
}
