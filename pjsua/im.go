//go:build cgo

package pjsua

/*
#include "im.h"

// The serial of a message never passes through Go as the pointer that it is not.
static pj_status_t im_send(pjsua_acc_id acc, const pj_str_t *to, const pj_str_t *type, const pj_str_t *content,
                           const pjsua_msg_data *msg, int64_t serial)
{
	return pjsua_im_send(acc, to, type, content, msg, (void *)(intptr_t)serial);
}

static pj_status_t call_send_im(pjsua_call_id call, const pj_str_t *type, const pj_str_t *content,
                                const pjsua_msg_data *msg, int64_t serial)
{
	return pjsua_call_send_im(call, type, content, msg, (void *)(intptr_t)serial);
}

// A body of no bytes: pjsua tells it from none by the pointer.
static pj_str_t empty_body(void) { return pj_str(""); }
*/
import "C"

import (
	"context"
	"fmt"
	"unsafe"
)

// SendMessage sends body to uri in a MESSAGE outside of any call (pjsua_im_send,
// RFC 3428). It returns when the request is on its way; what becomes of it comes as
// [MessageStatus]. The whole request must fit into Limits().PacketLength; over UDP
// RFC 3428 section 8 wants it below 1,300 bytes, which a proxy may insist on.
func (acc *Account) SendMessage(ctx context.Context, uri string, body []byte, opts MessageOptions) (MessageID, error) {
	id := MessageID(C.oh_mint())
	err := acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		to, err := sipURI(t, &a, fmt.Sprintf("message to %q", uri), uri)
		if err != nil {
			return err
		}
		m, err := newMessage(t, &a, body, opts)
		if err != nil {
			return err
		}
		defer m.release()
		return messageSent(t, id, C.im_send(slot, &to, &m.mime, m.content, m.data, C.int64_t(id)))
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// SendMessage sends body to the far end in a MESSAGE inside the call
// (pjsua_call_send_im); see [Account.SendMessage].
func (c *Call) SendMessage(ctx context.Context, body []byte, opts MessageOptions) (MessageID, error) {
	id := MessageID(C.oh_mint())
	err := c.on(ctx, func(t onThread, slot C.pjsua_call_id) error {
		var a arena
		defer a.free()
		m, err := newMessage(t, &a, body, opts)
		if err != nil {
			return err
		}
		defer m.release()
		if st := C.oh_call_in_dialog(C.int(slot)); st != C.PJ_SUCCESS {
			return t.fail("send message", st)
		}
		return messageSent(t, id, C.call_send_im(slot, &m.mime, m.content, m.data, C.int64_t(id)))
	})
	if err != nil {
		return 0, err
	}
	return id, nil
}

// SendTyping tells uri that a message is being typed, or not any more
// (pjsua_im_typing, RFC 3994). Whether it arrives is not reported.
func (acc *Account) SendTyping(ctx context.Context, uri string, typing bool, opts TypingOptions) error {
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		to, err := sipURI(t, &a, fmt.Sprintf("typing to %q", uri), uri)
		if err != nil {
			return err
		}
		msg, release, err := messageData(t, &a, opts.Msg)
		if err != nil {
			return err
		}
		defer release()
		return t.fail("send typing", C.pjsua_im_typing(slot, &to, cBool(typing), msg))
	})
}

// SendTyping tells the far end of the call that a message is being typed, or not any
// more (pjsua_call_send_typing_ind).
func (c *Call) SendTyping(ctx context.Context, typing bool, opts TypingOptions) error {
	return c.onMsg(ctx, "send typing", opts.Msg, func(_ onThread, slot C.pjsua_call_id, _ *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		if st := C.oh_call_in_dialog(C.int(slot)); st != C.PJ_SUCCESS {
			return st
		}
		return C.pjsua_call_send_typing_ind(slot, cBool(typing), msg)
	})
}

// sipURI returns uri, which must be a SIP or SIPS URI, with or without a display name.
func sipURI(t onThread, a *arena, op, uri string) (C.pj_str_t, error) {
	s := a.str(uri)
	if uri == "" || C.pjsua_verify_sip_url(s.ptr) != C.PJ_SUCCESS {
		return s, t.fail(op, C.PJSIP_EINVALIDURI)
	}
	return s, nil
}

// message is what pjsua_im_send and pjsua_call_send_im take.
type message struct {
	mime    C.pj_str_t
	content *C.pj_str_t // nil: the body is in data
	data    *C.pjsua_msg_data
	release func()
}

func newMessage(t onThread, a *arena, body []byte, opts MessageOptions) (message, error) {
	if opts.ContentType == "" {
		opts.ContentType = "text/plain"
	}
	if _, _, err := mediaType(opts.ContentType); err != nil {
		return message{}, err
	}
	data, release, err := messageData(t, a, opts.Msg)
	if err != nil {
		return message{}, err
	}
	m := message{mime: a.str(opts.ContentType), data: data, release: release}
	if body == nil && (len(opts.Msg.Parts) > 0 || (opts.Msg.ContentType != "" && len(opts.Msg.Body) > 0)) {
		return m, nil
	}
	m.content = (*C.pj_str_t)(a.zero(C.sizeof_pj_str_t))
	if *m.content = a.str(string(body)); len(body) == 0 {
		*m.content = C.empty_body()
	}
	return m, nil
}

// messageSent is the error of a message; nil when MessageStatus told it already.
func messageSent(t onThread, id MessageID, st C.pj_status_t) error {
	if C.oh_message_reported() == C.int64_t(id) {
		return nil
	}
	return t.fail("send message", st)
}

// decodeMessage makes the event of an oh_message.
func decodeMessage(r *C.oh_head, h EventHeader) Event {
	m := (*C.oh_message)(unsafe.Pointer(r))
	text := func(t C.oh_text) string { return recordText(r, t) }
	call, account := CallID(r.call), AccountID(r.account)
	switch r._type {
	case C.OH_MESSAGE:
		return MessageReceived{
			EventHeader: h, Call: call, Account: account, From: text(m.from), To: text(m.to), Contact: text(m.contact),
			ContentType: text(m.mime), Body: recordBytes(r, m.body), Source: text(m.source), Request: recordBytes(r, m.request),
		}
	case C.OH_TYPING:
		return TypingReceived{
			EventHeader: h, Call: call, Account: account, From: text(m.from), To: text(m.to), Contact: text(m.contact),
			Typing: m.typing != 0, Request: recordBytes(r, m.request),
		}
	}
	return MessageStatus{
		EventHeader: h, Message: MessageID(r.object), Call: call, Account: account, To: text(m.to),
		Code: SIPCode(m.code), Reason: text(m.reason), Response: recordBytes(r, m.request),
	}
}
