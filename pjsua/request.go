//go:build cgo

package pjsua

/*
#include "message.h"
*/
import "C"

import "unsafe"

// decodeRequest makes the event of a record of message.h, nil when it is another.
func decodeRequest(head *C.oh_head, h EventHeader) Event {
	r := (*C.oh_request)(unsafe.Pointer(head))
	text := func(t C.oh_text) string { return recordText(head, t) }
	switch head._type {
	case C.OH_HANGUP_ANSWERED:
		return HangupAnswered{
			EventHeader: h, Call: CallID(head.call), Method: text(r.method), Code: SIPCode(r.code), Reason: text(r.reason),
			Message: parseRecord(text(r.message)),
		}
	case C.OH_TRANSACTION:
		return CallTransactionChanged{
			EventHeader: h, Call: CallID(head.call), Role: Role(r.role), Method: text(r.method),
			State: TransactionState(r.state), Code: SIPCode(r.code), Reason: text(r.reason), Message: parseRecord(text(r.message)),
		}
	}
	return nil
}
