/* callmedia.h: what is negotiated for a call, and its streams. */
#ifndef OH_CALLMEDIA_H
#define OH_CALLMEDIA_H

#include "record.h"

/* pj_math_stat, in microseconds. */
typedef struct oh_math {
    int32_t n, min, max, mean, last, dev;
} oh_math;

typedef struct oh_rtcp_direction {
    uint64_t packets, bytes, discarded, lost, reordered, duplicates;
    int32_t bursts, random; /* kinds of loss that were seen */
    oh_math loss_period, jitter;
} oh_rtcp_direction;

/* VoIP metrics of RTCP XR (RFC 3611 section 4.7), as it has them. */
typedef struct oh_xr {
    int32_t given;
    int32_t loss_rate, discard_rate, burst_density, gap_density, burst_ms, gap_ms, rtt_ms, end_ms;
    int32_t r_factor, mos_lq, mos_cq, jb_nominal, jb_max;
} oh_xr;

typedef struct oh_stream_stats {
    oh_rtcp_direction rx, tx;
    oh_math rtt;
    pjmedia_jb_state jb;
    oh_xr xr_rx, xr_tx;
} oh_stream_stats;

typedef struct oh_stream_info {
    int32_t index, type, dir, tx_pt, rx_pt, clock_rate, channels;
    int32_t frame_us, frames_per_packet, bps;
    int32_t vad, plc, cng, penh;
    int32_t tx_event_pt, rx_event_pt;
    int32_t rtcp_mux, xr, use_ka;
    uint32_t ssrc, remote_ssrc;
    int32_t has_remote_ssrc;
    int32_t jb_init, jb_min_pre, jb_max_pre, jb_max;
    char codec[40], cname[64], local[PJ_INET6_ADDRSTRLEN + 10], remote[PJ_INET6_ADDRSTRLEN + 10],
        remote_rtcp[PJ_INET6_ADDRSTRLEN + 10];
} oh_stream_info;

typedef struct oh_stream_event {
    oh_head head; /* first */
    oh_stream_info info;
    oh_stream_stats stats;
} oh_stream_event;

typedef struct oh_sdp_event {
    oh_head head; /* first */
    oh_text local, remote;
} oh_sdp_event;

typedef struct oh_media_event {
    oh_head head; /* first; status is the error's */
    int32_t index; /* of the stream, -1 for none */
    uint32_t type; /* pjmedia_event_type */
    int32_t dir, device, is_rtcp, feedback;
} oh_media_event;

typedef struct oh_transport_info {
    char local_rtp[PJ_INET6_ADDRSTRLEN + 10], local_rtcp[PJ_INET6_ADDRSTRLEN + 10];
    char remote_rtp[PJ_INET6_ADDRSTRLEN + 10], remote_rtcp[PJ_INET6_ADDRSTRLEN + 10];
    int32_t srtp, srtp_use, srtp_peer_use;
    char srtp_tx[40], srtp_rx[40];
    int32_t ice, ice_state, ice_role, ice_comps;
    struct {
        int32_t local_type, remote_type;
        char local[PJ_INET6_ADDRSTRLEN + 10], remote[PJ_INET6_ADDRSTRLEN + 10];
    } comp[2];
} oh_transport_info;

/* Fills in the callbacks about SDP, streams and media. */
void oh_callmedia_callbacks(pjsua_callback *cb);

/* Those of stream.c. */
void oh_stream_callbacks(pjsua_callback *cb);

/* Adds the last figures of a stream to those of its call. Any thread. */
void oh_stats_add(int slot, int64_t serial, const oh_stream_stats *st, const char *codec);

/* Facts of a stream of a call. [executor] */
pj_status_t oh_call_stream_info(int slot, unsigned index, oh_stream_info *out);
pj_status_t oh_call_stream_stats(int slot, unsigned index, oh_stream_stats *out);
pj_status_t oh_call_transport_info(int slot, unsigned index, oh_transport_info *out);

/* Sets what a running stream's codec does; OH_KEEP and below 0 keep it. [executor] */
pj_status_t oh_call_modify_codec(int slot, int index, int vad, int plc, int bps, int loss);

/* Has our order of codecs decide about the offers that come, not the offer's. [executor] */
pj_status_t oh_prefer_own_codecs(int slot);

/* Leaves the codecs of a policy in the audio of an SDP of ours, in their order, and the
 * telephone-events at their clock rates. Without any of them there is a format left that no
 * far end has, so that the offer or our answer to it ends with 488. NULL leaves all. With the
 * dialog's lock. */
void oh_sdp_keep_codecs(pj_pool_t *pool, pjmedia_sdp_session *sdp, const oh_codec *list);

/* Copies what was negotiated. In on_call_media_state. */
void oh_sdp_negotiated(int slot, int64_t serial);

/* The SDP in force, malloc'd; NULL: none yet. Any thread. */
char *oh_sdp_copy(int slot, int64_t serial, int remote);

#endif
