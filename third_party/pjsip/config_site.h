/* What Offhook compiles into PJSIP. Preliminary limits. */
#define PJSUA_MAX_CALLS             1024
#define PJSUA_MAX_ACC               256
#define PJSUA_MAX_PLAYERS           1024
#define PJSUA_MAX_RECORDERS         1024
#define PJSUA_MAX_CONF_PORTS        4096
#define PJ_IOQUEUE_MAX_HANDLES      4096
#define PJSIP_MAX_TSX_COUNT         16383
#define PJSIP_MAX_DIALOG_COUNT      4095
#define PJMEDIA_CONF_THREADS        2
#define PJMEDIA_SRTP_HAS_DTLS       1
#define PJMEDIA_HAS_VIDEO           0
