/* codecs.c: the codecs that the SDP of a call has, by its policy. */
#include "callmedia.h"

#include <pjsua-lib/pjsua_internal.h>

#include <string.h>

/* What a payload type of an SDP of ours stands for. */
typedef struct format {
    const pjmedia_codec_info *codec; /* NULL: none of PJSIP's */
    pjmedia_codec_id id;
    unsigned rate; /* clock rate that the SDP says, 0: not known */
    int events;    /* telephone-event */
    int kept;
} format;

static format read_format(const pjmedia_sdp_media *m, const pj_str_t *fmt)
{
    pjmedia_codec_mgr *mgr = pjmedia_endpt_get_codec_mgr(pjsua_var.med_endpt);
    const pjmedia_sdp_attr *a = pjmedia_sdp_media_find_attr2(m, "rtpmap", fmt);
    unsigned pt = (unsigned)pj_strtoul(fmt), one = 1;
    format f = {0};
    pjmedia_sdp_rtpmap map;

    if (a && pjmedia_sdp_attr_get_rtpmap(a, &map) == PJ_SUCCESS) {
        f.rate = map.clock_rate;
        f.events = !pj_stricmp2(&map.enc_name, "telephone-event");
        if (pt >= PJMEDIA_RTP_PT_DYNAMIC && !f.events) {
            pjmedia_codec_info named = {.encoding_name = map.enc_name, .clock_rate = map.clock_rate, .channel_cnt = 1};
            pj_str_t id;

            if (map.param.slen > 0)
                named.channel_cnt = (unsigned)pj_strtoul(&map.param);
            if (!pjmedia_codec_info_to_id(&named, f.id, sizeof(f.id)))
                return f;
            id = pj_str(f.id);
            if (pjmedia_codec_mgr_find_codecs_by_id(mgr, &id, &one, &f.codec, NULL) != PJ_SUCCESS)
                f.codec = NULL;
        }
    }
    /* The number of a static type is enough (RFC 3551), and its rtpmap may say another rate
     * than PJSIP's name of the codec, that of G.722 does. */
    if (pt < PJMEDIA_RTP_PT_DYNAMIC && pjmedia_codec_mgr_get_codec_info(mgr, pt, &f.codec) == PJ_SUCCESS) {
        pjmedia_codec_info_to_id(f.codec, f.id, sizeof(f.id));
        if (!f.rate)
            f.rate = pt == PJMEDIA_RTP_PT_G722 ? 8000 : f.codec->clock_rate;
    }
    return f;
}

/* Removes the attributes of a payload type. */
static void forget(pjmedia_sdp_media *m, const pj_str_t *fmt)
{
    unsigned i = 0;

    while (i < m->attr_count) {
        const pjmedia_sdp_attr *a = m->attr[i];

        if ((!pj_strcmp2(&a->name, "rtpmap") || !pj_strcmp2(&a->name, "fmtp") || !pj_strcmp2(&a->name, "rtcp-fb")) &&
            a->value.slen > fmt->slen && !memcmp(a->value.ptr, fmt->ptr, (size_t)fmt->slen) &&
            a->value.ptr[fmt->slen] == ' ')
            pj_array_erase(m->attr, sizeof(m->attr[0]), m->attr_count--, i);
        else
            i++;
    }
}

/* A format that no far end has. */
static void add_none(pj_pool_t *pool, pjmedia_sdp_media *m)
{
    pj_str_t value = {"127 none/8000", 13};

    m->desc.fmt[m->desc.fmt_count++] = pj_str("127");
    if (m->attr_count < PJMEDIA_MAX_SDP_ATTR)
        m->attr[m->attr_count++] = pjmedia_sdp_attr_create(pool, "rtpmap", &value);
}

/* What PJMEDIA says with b=TIAS is of the codec that needs most (RFC 3890); the new value,
 * 0 where it says nothing. */
static unsigned limit_bandwidth(pjmedia_sdp_media *m, unsigned max_bps)
{
    unsigned i;

    for (i = 0; i < m->bandw_count; i++) {
        if (!pj_stricmp2(&m->bandw[i]->modifier, "TIAS")) {
            m->bandw[i]->value = max_bps;
            return max_bps;
        }
    }
    return 0;
}

/* Keeps the codecs of a list, and the telephone-events at their clock rates; returns what
 * limit_bandwidth does. */
static unsigned keep(pj_pool_t *pool, pjmedia_sdp_media *m, const oh_codec *list)
{
    format formats[PJMEDIA_MAX_SDP_FMT];
    pj_str_t order[PJMEDIA_MAX_SDP_FMT];
    unsigned rates[PJMEDIA_MAX_SDP_FMT];
    unsigned i, j, count = 0, codecs, max_bps = 0;
    pjmedia_codec_param param;
    const oh_codec *c;

    for (i = 0; i < m->desc.fmt_count; i++)
        formats[i] = read_format(m, &m->desc.fmt[i]);
    for (c = list; c; c = c->next) {
        for (i = 0; i < m->desc.fmt_count; i++) {
            format *f = &formats[i];

            if (!f->codec || f->kept || pj_ansi_strnicmp(f->id, c->name, strlen(c->name)) != 0)
                continue;
            f->kept = 1;
            rates[count] = f->rate;
            order[count++] = m->desc.fmt[i];
            if (pjmedia_codec_mgr_get_default_param(pjmedia_endpt_get_codec_mgr(pjsua_var.med_endpt), f->codec,
                                                    &param) == PJ_SUCCESS)
                max_bps = PJ_MAX(max_bps, param.info.max_bps);
        }
    }
    codecs = count;
    for (i = 0; i < m->desc.fmt_count; i++) {
        for (j = 0; j < codecs && formats[i].events && !formats[i].kept; j++) {
            if (rates[j] == formats[i].rate) {
                formats[i].kept = 1;
                order[count++] = m->desc.fmt[i];
            }
        }
    }
    for (i = 0; i < m->desc.fmt_count; i++) {
        if (!formats[i].kept)
            forget(m, &m->desc.fmt[i]);
    }
    m->desc.fmt_count = count;
    memcpy(m->desc.fmt, order, count * sizeof(order[0]));
    if (!codecs)
        add_none(pool, m);
    return limit_bandwidth(m, max_bps);
}

void oh_sdp_keep_codecs(pj_pool_t *pool, pjmedia_sdp_session *sdp, const oh_codec *list)
{
    unsigned i, bps = 0;

    if (!list)
        return;
    for (i = 0; i < sdp->media_count; i++) {
        pjmedia_sdp_media *m = sdp->media[i];

        if (m->desc.port != 0 && !pj_stricmp2(&m->desc.media, "audio"))
            bps += keep(pool, m, list);
    }
    if (!bps)
        return;
    /* b=AS is PJSUA's sum, with 16 kbit/s for headers and 5 % for RTCP. */
    bps += 16000;
    bps += bps * 5 / 100;
    for (i = 0; i < sdp->bandw_count; i++) {
        if (!pj_stricmp2(&sdp->bandw[i]->modifier, "AS"))
            sdp->bandw[i]->value = bps / 1000;
    }
}
