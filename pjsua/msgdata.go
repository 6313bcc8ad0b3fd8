//go:build cgo

package pjsua

/*
#include "bridge.h"

static void add_header(pjsip_hdr *list, pj_pool_t *pool, pj_str_t name, pj_str_t value)
{
	// These two PJSIP acts on, if it knows them for what they are.
	if (pj_stricmp2(&name, "Route") == 0 || pj_stricmp2(&name, "Max-Forwards") == 0) {
		pj_str_t text;
		pjsip_hdr *hdr;

		pj_strdup_with_null(pool, &text, &value);
		hdr = pjsip_parse_hdr(pool, &name, text.ptr, (pj_size_t)text.slen, NULL);
		if (hdr) {
			pj_list_insert_nodes_before(list, hdr);
			return;
		}
	}
	pj_list_push_back(list, pjsip_generic_string_hdr_create(pool, &name, &value));
}

static pjsip_multipart_part *add_part(pjsua_msg_data *msg, pj_pool_t *pool, pj_str_t type, pj_str_t subtype, pj_str_t body)
{
	pjsip_multipart_part *part = pjsip_multipart_create_part(pool);

	part->body = pjsip_msg_body_create(pool, &type, &subtype, &body);
	pj_list_push_back(&msg->multipart_parts, part);
	return part;
}
*/
import "C"

import (
	"fmt"
	"strings"
)

// messageData makes a pjsua_msg_data, nil for the zero MsgData; release frees it after
// use.
func messageData(t onThread, a *arena, data MsgData) (msg *C.pjsua_msg_data, release func(), err error) {
	if data.empty() {
		return nil, func() {}, nil
	}
	pool := C.pjsua_pool_create(a.str("message").ptr, 1024, 1024)
	if pool == nil {
		return nil, nil, t.fail("make a message", C.PJ_ENOMEM)
	}
	defer func() {
		if err != nil {
			C.oh_pool_release(pool)
		}
	}()
	msg = (*C.pjsua_msg_data)(a.zero(C.sizeof_pjsua_msg_data))
	C.pjsua_msg_data_init(msg)
	msg.target_uri = a.str(data.TargetURI)
	msg.local_uri = a.str(data.LocalURI)
	msg.contact_uri = a.str(data.ContactURI)
	if err := addHeaders(t, &msg.hdr_list, pool, a, data.Headers); err != nil {
		return nil, nil, err
	}
	if data.ContentType != "" {
		if _, _, err := mediaType(data.ContentType); err != nil {
			return nil, nil, err
		}
		msg.content_type = a.str(data.ContentType)
		msg.msg_body = a.str(string(data.Body))
	}
	for _, part := range data.Parts {
		typ, subtype, err := mediaType(part.ContentType)
		if err != nil {
			return nil, nil, err
		}
		p := C.add_part(msg, pool, a.str(typ), a.str(subtype), a.str(string(part.Body)))
		if err := addHeaders(t, &p.hdr, pool, a, part.Headers); err != nil {
			return nil, nil, err
		}
	}
	if len(data.Parts) > 0 {
		// Without a type pjsua would leave the parts out.
		if data.MultipartType == "" {
			data.MultipartType = "multipart/mixed"
		}
		typ, subtype, err := mediaType(data.MultipartType)
		if err != nil {
			return nil, nil, err
		}
		msg.multipart_ctype._type, msg.multipart_ctype.subtype = a.str(typ), a.str(subtype)
	}
	return msg, func() { C.oh_pool_release(pool) }, nil
}

func addHeaders(_ onThread, list *C.pjsip_hdr, pool *C.pj_pool_t, a *arena, headers []Header) error {
	for _, h := range headers {
		if h.Name == "" || strings.ContainsAny(h.Name, " :\r\n") || strings.ContainsAny(h.Value, "\r\n\x00") {
			return fmt.Errorf("pjsua: %q: %q is not a header field", h.Name, h.Value)
		}
		C.add_header(list, pool, a.str(h.Name), a.str(h.Value))
	}
	return nil
}

// callSetting makes a pjsua_call_setting; video is never on.
func callSetting(_ onThread, a *arena, s CallSetting) *C.pjsua_call_setting {
	c := (*C.pjsua_call_setting)(a.zero(C.sizeof_pjsua_call_setting))
	C.pjsua_call_setting_default(c)
	c.flag = C.uint(s.Flags)
	c.aud_cnt = C.uint(max(0, orDefault(s.Audio, 1)))
	c.vid_cnt = 0
	c.txt_cnt = C.uint(max(0, s.Text))
	for i, dir := range s.Dirs[:min(len(s.Dirs), len(c.media_dir))] {
		c.media_dir[i] = C.pjmedia_dir(dir)
		c.flag |= C.PJSUA_CALL_SET_MEDIA_DIR
	}
	c.custom_call_id = a.str(s.CallID)
	return c
}
