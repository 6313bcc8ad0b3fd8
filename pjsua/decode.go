//go:build cgo

package pjsua

/*
#include "message.h"
*/
import "C"

import (
	"fmt"
	"time"
	"unsafe"
)

// recordText returns a text of a record, whatever its type.
func recordText(r *C.oh_head, t C.oh_text) string {
	if t.len == 0 {
		return ""
	}
	return string(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(r), int(t.off))), int(t.len)))
}

// recordBytes returns the bytes of a record's text, nil when there are none.
func recordBytes(r *C.oh_head, t C.oh_text) []byte {
	if t.len == 0 {
		return nil
	}
	return []byte(recordText(r, t))
}

// decode makes the event of a record. Each noun with a record of its own has a function
// for it in its own file.
func (p *pump) decode(r *C.oh_head, h EventHeader) Event {
	ev := (*C.oh_event)(unsafe.Pointer(r))
	text := func(t C.oh_text) string { return recordText(r, t) }
	switch r._type {
	case C.OH_REGISTRATION:
		code := SIPCode(ev.code)
		return RegistrationChanged{
			EventHeader: h, Account: AccountID(ev.head.account), Code: code, Reason: text(ev.reason),
			Status: Status(ev.head.status), Expires: time.Duration(ev.expires) * time.Second,
			Registered:    ev.head.status == 0 && code.Success() && ev.renew != 0 && ev.expires > 0,
			Unregistering: ev.renew == 0,
			Response:      recordBytes(r, ev.body),
		}
	case C.OH_INCOMING_CALL:
		return IncomingCall{
			EventHeader: h, Call: CallID(ev.head.call), Account: AccountID(ev.head.account), Remote: text(ev.remote),
			Local: text(ev.local), SIPCallID: text(ev.sip_call_id), Source: text(ev.source),
			Request: []byte(text(ev.body)),
		}
	case C.OH_CALL_STATE:
		return CallStateChanged{
			EventHeader: h, Call: CallID(ev.head.call), Account: AccountID(ev.head.account), Role: Role(ev.role),
			State: CallState(ev.state), Code: SIPCode(ev.code), Reason: text(ev.reason),
			Remote: text(ev.remote), Local: text(ev.local), SIPCallID: text(ev.sip_call_id), Message: parseRecord(text(ev.body)),
		}
	case C.OH_CALL_MEDIA:
		return CallMediaChanged{EventHeader: h, Call: CallID(ev.head.call), Media: decodeMedia(ev)}
	case C.OH_CALL_ENDED:
		return CallEnded{
			EventHeader: h, Call: CallID(ev.head.call), Account: AccountID(ev.head.account), Role: Role(ev.role),
			Code: SIPCode(ev.code), Reason: text(ev.reason), Remote: text(ev.remote), Local: text(ev.local),
			SIPCallID: text(ev.sip_call_id), Message: parseRecord(text(ev.body)),
			Connected: time.Duration(ev.connected_ms) * time.Millisecond,
			Total:     time.Duration(ev.total_ms) * time.Millisecond,
			Stats:     decodeStats(&ev.stats),
		}
	case C.OH_DTMF:
		return DTMFReceived{
			EventHeader: h, Call: CallID(ev.head.call), Digit: byte(ev.digit), Method: DTMFMethod(ev.method),
			Duration: time.Duration(ev.duration_ms) * time.Millisecond,
		}
	case C.OH_PLAYER_EOF:
		return PlayerFinished{EventHeader: h, Player: PlayerID(ev.head.object)}
	case C.OH_MEMORY_FULL:
		return MemoryFilled{EventHeader: h, Capture: MemoryCaptureID(ev.head.object)}
	case C.OH_RECORDER_FAILED:
		return RecorderFailed{
			EventHeader: h, Recorder: RecorderID(ev.head.object), Path: text(ev.source),
			Status: Status(ev.head.status), Reason: text(ev.reason),
		}
	case C.OH_SOUND_DEVICE:
		return SoundDeviceChanged{EventHeader: h, Opened: ev.state != 0, Capture: int(ev.src), Playback: int(ev.sink)}
	case C.OH_TRANSPORT:
		return decodeTransport(r, h)
	case C.OH_MESSAGE, C.OH_TYPING, C.OH_MESSAGE_STATUS:
		return decodeMessage(r, h)
	case C.OH_SUBSCRIPTION, C.OH_NOTIFIED:
		return decodeSubscription(r, h)
	case C.OH_STUN, C.OH_NAT_TYPE, C.OH_MEDIA_TRANSPORT, C.OH_ICE_ERROR, C.OH_IP_CHANGE:
		return decodeNAT(r, h)
	case C.OH_WATCHER_ASKED, C.OH_WATCHER:
		return decodeWatcher(r, h)
	case C.OH_TEXT:
		return decodeText(r, h)
	}
	if ev := decodeRequest(r, h); ev != nil {
		return ev
	}
	if ev := decodeCallMedia(r, h); ev != nil {
		return ev
	}
	if ev := decodeControl(r, h); ev != nil {
		return ev
	}
	if ev := decodeAccount(r, h); ev != nil {
		return ev
	}
	panic(fmt.Sprintf("pjsua: a record of unknown type %d: bridge.h and pump.go differ", r._type))
}

func decodeMedia(ev *C.oh_event) []Media {
	media := make([]Media, int(ev.media_count))
	for i := range media {
		m := &ev.media[i]
		media[i] = Media{
			Index: int(m.index), Type: MediaType(m._type), Status: MediaStatus(m.status), Dir: MediaDir(m.dir), Port: portID(m.port),
			Codec: C.GoString(&m.codec[0]), SRTP: C.GoString(&m.srtp[0]), TelephoneEvent: m.dtmf != 0,
		}
	}
	return media
}

func decodeStats(s *C.oh_stats) CallStats {
	dir := func(d *C.oh_direction) DirectionStats {
		return DirectionStats{
			Packets: uint64(d.packets), Bytes: uint64(d.bytes), Lost: uint64(d.lost),
			Discarded: uint64(d.discarded), Reordered: uint64(d.reordered), Duplicates: uint64(d.duplicates),
			Jitter:    time.Duration(d.jitter_us) * time.Microsecond,
			JitterMax: time.Duration(d.jitter_max_us) * time.Microsecond,
		}
	}
	return CallStats{
		Codec: C.GoString(&s.codec[0]), RX: dir(&s.rx), TX: dir(&s.tx),
		RTT: time.Duration(s.rtt_us) * time.Microsecond,
	}
}
