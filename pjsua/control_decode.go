//go:build cgo

package pjsua

/*
#include "control.h"
*/
import "C"

import "unsafe"

// decodeControl makes the event of an oh_control; nil when it is another record.
func decodeControl(r *C.oh_head, h EventHeader) Event {
	ev := (*C.oh_control)(unsafe.Pointer(r))
	call, acc, other := CallID(r.call), AccountID(r.account), CallID(r.object)
	text := func(t C.oh_text) string { return recordText(r, t) }
	switch r._type {
	case C.OH_TRANSFER:
		return TransferRequested{h, call, acc, text(ev.target), SIPCode(ev.code)}
	case C.OH_TRANSFERRED:
		return CallTransferred{h, call, other, acc, text(ev.remote), text(ev.local), text(ev.sip_call_id)}
	case C.OH_TRANSFER_PROGRESS:
		return TransferProgress{h, call, acc, SIPCode(ev.code), text(ev.reason), ev.final != 0}
	case C.OH_REPLACE:
		return ReplaceRequested{
			h, call, acc, SIPCode(ev.code), text(ev.remote), text(ev.local), text(ev.sip_call_id),
			text(ev.source), []byte(text(ev.message)),
		}
	case C.OH_REPLACED:
		return CallReplaced{h, call, other, acc, text(ev.remote), text(ev.local), text(ev.sip_call_id)}
	case C.OH_REDIRECTED:
		return CallRedirected{
			h, call, acc, SIPCode(ev.code), text(ev.reason), text(ev.target), RedirectAction(ev.action), int(ev.hop),
		}
	case C.OH_OFFER:
		return OfferReceived{h, call, acc, SIPCode(ev.code), text(ev.sdp)}
	case C.OH_REINVITE:
		return ReinviteReceived{h, call, acc, ev.action == C.OH_OFFER_ASK, text(ev.sdp), []byte(text(ev.message))}
	case C.OH_OFFER_SENT:
		return OfferSent{h, call, acc}
	case C.OH_CROSSED:
		return ReinviteCrossed{h, call}
	case C.OH_CALL_REJECTED:
		return CallRejected{
			h, call, SIPCode(ev.code), text(ev.reason), text(ev.remote), text(ev.local), text(ev.sip_call_id),
			text(ev.source), []byte(text(ev.message)),
		}
	}
	return nil
}
