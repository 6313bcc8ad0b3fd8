/* What Offhook changes in PJSIP at compile time.
 *
 * Limits first. Most of PJSIP's tables are sized when it is compiled, so that
 * these numbers are the ceilings that pjsua.Limits() reports. README.md beside
 * this file has the table of what they cost. In short: with our patches an unused
 * call, account, buddy or socket costs nothing, so they are set for a busy test
 * machine rather than for a desk phone.
 */

/* Calls at a time. One in progress takes about 230 KB, 22 KB of it in this table. On
 * Windows the ioqueue is on select(), and each poll copies and searches lists of as
 * many sockets as PJ_IOQUEUE_MAX_HANDLES.
 */
#ifdef _WIN32
#   define PJSUA_MAX_CALLS          256
#else
#   define PJSUA_MAX_CALLS          1024
#endif

/* Accounts registered at a time. */
#define PJSUA_MAX_ACC               256

/* SIP transports made by the application: UDP, TCP and TLS, IPv4 and IPv6, and
 * those of accounts with an address, a port or a certificate of their own.
 */
#define PJSUA_MAX_TRANSPORTS        64

/* Watched presentities: busy lamps, mostly. */
#define PJSUA_MAX_BUDDIES           512

/* Every call may play a file and record itself. */
#define PJSUA_MAX_PLAYERS           1024
#define PJSUA_MAX_RECORDERS         1024

/* Slots of the conference bridge: for each call its own, a player's, a
 * recorder's and a PCM port's, and the sound device. A slot takes 8 bytes per
 * table when unused; media_config.max_media_ports may ask for fewer.
 */
#define PJSUA_MAX_CONF_PORTS        4352

/* Sockets in one ioqueue. A stream has RTP and RTCP, and one more for ICE with
 * TURN; a call has an audio stream and, unless call_setting.txt_cnt is 0, a text
 * stream. There are two ioqueues, one for SIP and one for media.
 */
#ifdef _WIN32
#   define PJ_IOQUEUE_MAX_HANDLES   2048
#else
#   define PJ_IOQUEUE_MAX_HANDLES   8192
#endif

/* These two only choose the width of hash tables. Over UDP a transaction lives
 * 32 s, so at 100 calls a second there are 10,000 of them: chains of two or
 * three.
 */
#define PJSIP_MAX_TSX_COUNT         4095
#define PJSIP_MAX_DIALOG_COUNT      2047

/* Where the timer heap starts. It doubles when it is full. */
#define PJSIP_MAX_TIMER_COUNT       8192

#if PJ_IOQUEUE_MAX_HANDLES < 6 * PJSUA_MAX_CALLS + PJSUA_MAX_TRANSPORTS
#   error "PJ_IOQUEUE_MAX_HANDLES is too small for PJSUA_MAX_CALLS"
#endif
#if PJSUA_MAX_PLAYERS < PJSUA_MAX_CALLS || PJSUA_MAX_RECORDERS < PJSUA_MAX_CALLS
#   error "every call must be able to play and to record"
#endif
#if PJSUA_MAX_CONF_PORTS <= 2 * PJSUA_MAX_CALLS + PJSUA_MAX_PLAYERS + \
                            PJSUA_MAX_RECORDERS
#   error "PJSUA_MAX_CONF_PORTS is too small for calls, players and recorders"
#endif
#if PJSIP_MAX_DIALOG_COUNT < PJSUA_MAX_CALLS + PJSUA_MAX_BUDDIES + PJSUA_MAX_ACC
#   error "PJSIP_MAX_DIALOG_COUNT is too small for calls and subscriptions"
#endif
#if PJSIP_MAX_TSX_COUNT < 2 * PJSIP_MAX_DIALOG_COUNT
#   error "PJSIP_MAX_TSX_COUNT is too small for PJSIP_MAX_DIALOG_COUNT"
#endif
#if PJSIP_MAX_TIMER_COUNT < 4 * PJSUA_MAX_CALLS
#   error "PJSIP_MAX_TIMER_COUNT is too small for PJSUA_MAX_CALLS"
#endif
#if PJSUA_MAX_CALLS > 4096
    /* pjsua derives its default range of RTP ports, ten for each call, in 16
     * bits.
     */
#   error "PJSUA_MAX_CALLS is too large for the RTP ports"
#endif

/* SIP */

/* The longest message. PJSIP's 4000 is too short for an offer with ICE
 * candidates, keys and every codec. Each message sent takes this much until its
 * transaction ends, so it is not set to UDP's own maximum.
 */
#define PJSIP_MAX_PKT_LEN           8000

/* A request over 1300 bytes is to go over TCP (RFC 3261, 18.1.1). Many UDP-only
 * peers refuse that, PJSIP does not fall back, and the call ends with 503. Every
 * network we meet carries fragments. pjsip_cfg()->endpt.disable_tcp_switch
 * changes it at run time.
 */
#define PJSIP_DONT_SWITCH_TO_TCP    1

#define PJ_HAS_IPV6                 1

/* PJSIP asks the resolver for this host's own name, at every call, to learn whether
 * there is an IPv6 address. With a DNS server that does not answer that takes 5 s,
 * during which nothing else can be done. The interfaces say it too.
 */
#define PJ_GETHOSTIP_DISABLE_LOCAL_RESOLUTION 1

/* Media */

/* The bridge that can spread a tick over threads. How many is
 * media_config.conf_threads; one, the default here, wakes nobody else.
 */
#define PJMEDIA_CONF_BACKEND        PJMEDIA_CONF_PARALLEL_BRIDGE_BACKEND
#define PJMEDIA_CONF_THREADS        1

/* SRTP by DTLS as well as by keys in the SDP, and all ciphers that libsrtp has.
 * PJSIP expects libsrtp 1's names for AES-GCM, libsrtp 2 calls them otherwise.
 */
#define PJMEDIA_SRTP_HAS_DTLS       1
#define PJMEDIA_SRTP_HAS_AES_GCM_256 1
#define PJMEDIA_SRTP_HAS_AES_GCM_128 1
#define srtp_aes_gcm_256_openssl    srtp_aes_gcm_256
#define srtp_aes_gcm_128_openssl    srtp_aes_gcm_128

/* PJSIP's 2 is 6 dB off: other implementations of G.722 (Asterisk's, for one) give
 * it 15 bits, so they heard us too low, and we them too high until a peak clipped and
 * PJSIP changed the level in mid-call. An echo does not show it.
 */
#define PJMEDIA_G722_DEFAULT_PCM_SHIFT      1

/* Uncompressed audio at the rates a call bot uses, besides 44.1 kHz. */
#define PJMEDIA_CODEC_L16_HAS_8KHZ_MONO     1
#define PJMEDIA_CODEC_L16_HAS_16KHZ_MONO    1
#define PJMEDIA_CODEC_L16_HAS_48KHZ_MONO    1

/* Extended reports (RFC 3611), for the accounts that turn them on. */
#define PJMEDIA_HAS_RTCP_XR         1

#define PJMEDIA_HAS_VIDEO           0

/* The echo cancellers are speexdsp's, which is the default, and WebRTC's AEC3. WebRTC's
 * older one needs code that the distribution's archive leaves out.
 */
#define PJMEDIA_HAS_WEBRTC_AEC      0
#define PJMEDIA_HAS_WEBRTC_AEC3     1

/* Logging: 4 shows every SIP message, 5 adds what the library does; 6 would cost
 * its calls in every tick.
 */
#define PJ_LOG_MAX_LEVEL            5
