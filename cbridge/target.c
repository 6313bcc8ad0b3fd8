/* target.c: whether a URI is on a list, judged by what PJSIP's parser makes of it. */
#include "record.h"
#include "policy.h"

#include <string.h>

/* Header fields that a URI may put into the INVITE: those of an attended transfer. Others,
 * such as Route, would send the call elsewhere. */
static int harmless_headers(const pjsip_sip_uri *uri)
{
    const pj_str_t replaces = {"Replaces", 8}, require = {"Require", 7};
    const pjsip_param *h;

    for (h = uri->header_param.next; h != &uri->header_param; h = h->next) {
        if (pj_stricmp(&h->name, &replaces) != 0 && pj_stricmp(&h->name, &require) != 0)
            return 0;
    }
    return 1;
}

static int matches(const oh_target *t, const pjsip_sip_uri *uri)
{
    size_t prefix = t->prefix ? strlen(t->prefix) : 0;

    if (t->user && pj_strcmp2(&uri->user, t->user) != 0)
        return 0;
    if (prefix && ((size_t)uri->user.slen < prefix || memcmp(uri->user.ptr, t->prefix, prefix) != 0))
        return 0;
    if (t->host && pj_stricmp2(&uri->host, t->host) != 0)
        return 0;
    return !t->port || t->port == uri->port;
}

int oh_uri_allowed(const oh_target *list, const pjsip_uri *any)
{
    const pjsip_sip_uri *uri;

    if (!PJSIP_URI_SCHEME_IS_SIP(any) && !PJSIP_URI_SCHEME_IS_SIPS(any))
        return 0;
    uri = pjsip_uri_get_uri((pjsip_uri *)any);
    if (uri->maddr_param.slen > 0 || !harmless_headers(uri))
        return 0;
    for (; list; list = list->next) {
        if (matches(list, uri))
            return 1;
    }
    return 0;
}

int oh_text_allowed(const oh_target *list, const pj_str_t *text)
{
    pj_pool_t *pool = pjsua_pool_create("target", 1000, 1000);
    pjsip_uri *uri;
    pj_str_t copy;
    int ok;

    if (!pool)
        return 0;
    pj_strdup_with_null(pool, &copy, text); /* the parser wants the zero */
    uri = pjsip_parse_uri(pool, copy.ptr, (pj_size_t)copy.slen, 0);
    ok = uri && oh_uri_allowed(list, uri);
    pj_pool_release(pool);
    return ok;
}
