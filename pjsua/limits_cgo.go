//go:build cgo

package pjsua

/*
#cgo pkg-config: libpjproject
#cgo CFLAGS: -I${SRCDIR}/../cbridge -Wall
#include "bridge.h"

enum {
	OH_L_CALLS = PJSUA_MAX_CALLS, OH_L_ACCOUNTS = PJSUA_MAX_ACC, OH_L_PLAYERS = PJSUA_MAX_PLAYERS,
	OH_L_RECORDERS = PJSUA_MAX_RECORDERS, OH_L_PORTS = PJSUA_MAX_CONF_PORTS, OH_L_BUDDIES = PJSUA_MAX_BUDDIES,
	OH_L_HANDLES = PJ_IOQUEUE_MAX_HANDLES, OH_L_PACKET = PJSIP_MAX_PKT_LEN,
	OH_L_TSX = PJSIP_MAX_TSX_COUNT, OH_L_DIALOGS = PJSIP_MAX_DIALOG_COUNT,
#ifdef PJSUA_MAX_TRANSPORTS // our patch
	OH_L_TRANSPORTS = PJSUA_MAX_TRANSPORTS
#else
	OH_L_TRANSPORTS = 8 // pjsua_internal.h: the array pjsua_var.tpdata
#endif
};

#define OH_STR2(x) #x
#define OH_STR(x) OH_STR2(x)
#ifdef OFFHOOK_PJSIP_STAMP
static const char *oh_stamp(void) { return OH_STR(OFFHOOK_PJSIP_STAMP); }
#else
static const char *oh_stamp(void) { return ""; }
#endif
*/
import "C"

var limits = Limit{
	Calls:        C.OH_L_CALLS,
	Accounts:     C.OH_L_ACCOUNTS,
	Players:      C.OH_L_PLAYERS,
	Recorders:    C.OH_L_RECORDERS,
	ConfPorts:    C.OH_L_PORTS,
	Buddies:      C.OH_L_BUDDIES,
	Handles:      C.OH_L_HANDLES,
	Transactions: C.OH_L_TSX,
	Dialogs:      C.OH_L_DIALOGS,
	PacketLength: C.OH_L_PACKET,
	Transports:   C.OH_L_TRANSPORTS,
}

// Version returns PJSIP's version, such as "2.17"; empty without cgo.
func Version() string { return C.GoString(C.pj_get_version()) }

// Link says which PJSIP the program was linked with: "third_party/pjsip" and the
// stamp of its build when it is our own, "system" otherwise.
func Link() (origin, stamp string) {
	stamp = C.GoString(C.oh_stamp())
	if stamp == "" {
		return "system", ""
	}
	return "third_party/pjsip", stamp
}
