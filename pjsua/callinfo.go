//go:build cgo

package pjsua

/*
#include "bridge.h"

static int conf_slot(const pjsua_call_media_info *m) { return m->stream.aud.conf_slot; }
*/
import "C"

import (
	"context"
	"math"
	"time"
	"unsafe"
)

// Info returns a snapshot of the call (pjsua_call_get_info), with the transports of its
// media (pjsua_call_get_med_transport_info).
func (c *Call) Info(ctx context.Context) (CallInfo, error) {
	var out CallInfo
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) (err error) {
		// Until no slot may have become another port's since pjsua told it.
		for removals := C.uint64_t(math.MaxUint64); err == nil && removals != C.oh_conf_removals(); {
			removals = C.oh_conf_removals()
			out, err = c.info(t, slot)
		}
		return err
	})
	return out, err
}

func (c *Call) info(t onThread, slot C.pjsua_call_id) (CallInfo, error) {
	var a arena
	defer a.free()
	ci := (*C.pjsua_call_info)(a.zero(C.sizeof_pjsua_call_info))
	var st C.pj_status_t
	ev := C.oh_call_info(C.int(slot), C.int64_t(c.id), ci, &st)
	if ev == nil {
		return CallInfo{}, t.fail("call info", st)
	}
	defer C.oh_record_free(unsafe.Pointer(ev))
	out := decodeInfo(t, ci)
	out.ID, out.Account, out.Media = c.id, AccountID(ev.head.account), decodeMedia(ev)
	return out, nil
}

func decodeInfo(t onThread, ci *C.pjsua_call_info) CallInfo {
	span := func(t C.pj_time_val) time.Duration {
		return time.Duration(t.sec)*time.Second + time.Duration(t.msec)*time.Millisecond
	}
	out := CallInfo{
		Role: Role(ci.role), State: CallState(ci.state), Code: SIPCode(ci.last_status), Reason: goStr(ci.last_status_text),
		Remote: goStr(ci.remote_info), RemoteContact: goStr(ci.remote_contact),
		Local: goStr(ci.local_info), LocalContact: goStr(ci.local_contact),
		SIPCallID: goStr(ci.call_id), Setting: decodeSetting(&ci.setting),
		MediaStatus: MediaStatus(ci.media_status), MediaDir: MediaDir(ci.media_dir), Port: portIn(t, ci.conf_slot),
		RemoteOffered: ci.rem_offerer != 0, RemoteAudio: int(ci.rem_aud_cnt), RemoteText: int(ci.rem_txt_cnt),
		Connected: span(ci.connect_duration), Total: span(ci.total_duration),
	}
	for i := range ci.prov_media[:ci.prov_media_cnt] {
		m := &ci.prov_media[i]
		media := Media{
			Index: int(m.index), Type: MediaType(m._type), Status: MediaStatus(m.status), Dir: MediaDir(m.dir), Port: NoPort,
		}
		if media.Type == MediaTypeAudio {
			media.Port = portIn(t, C.conf_slot(m))
		}
		out.ProvMedia = append(out.ProvMedia, media)
	}
	return out
}

// decodeSetting is callSetting backwards, but for the Call-ID, which pjsua forgets.
func decodeSetting(c *C.pjsua_call_setting) CallSetting {
	s := CallSetting{
		Flags: CallFlag(c.flag &^ C.PJSUA_CALL_SET_MEDIA_DIR), Audio: int(c.aud_cnt), Text: int(c.txt_cnt),
	}
	if s.Audio == 0 {
		s.Audio = -1
	}
	if c.flag&C.PJSUA_CALL_SET_MEDIA_DIR != 0 {
		for _, dir := range c.media_dir[:min(int(c.aud_cnt+c.txt_cnt), len(c.media_dir))] {
			s.Dirs = append(s.Dirs, MediaDir(dir))
		}
	}
	return s
}
