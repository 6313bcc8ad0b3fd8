//go:build cgo

package pjsua

/*
#include "message.h"

static oh_rule *new_rule(pj_pool_t *pool, const pj_str_t *method, int scope, unsigned wait_ms, int code,
                         const pj_str_t *reason, const pj_str_t *type, const pj_str_t *body, oh_rule *next)
{
	oh_rule *r = PJ_POOL_ZALLOC_T(pool, oh_rule);

	pj_strdup(pool, &r->method, method);
	pj_strdup(pool, &r->reason, reason);
	r->scope = scope;
	r->wait_ms = wait_ms;
	r->code = code;
	r->next = next;
	r->msg = PJ_POOL_ZALLOC_T(pool, pjsua_msg_data);
	pjsua_msg_data_init(r->msg);
	pj_strdup(pool, &r->msg->content_type, type);
	pj_strdup(pool, &r->msg->msg_body, body);
	return r;
}
*/
import "C"

import (
	"context"
	"fmt"
	"slices"
	"time"
	"unsafe"
)

// SendRequest sends a request with any method outside a dialog, such as OPTIONS,
// NOTIFY or PUBLISH, to uri, which is To and, without routes, where it goes
// (pjsua_acc_create_request, pjsua_acc_send_request). It returns when the request is on its way; [RequestAnswered]
// follows. A challenge is answered with the account's credentials.
func (acc *Account) SendRequest(ctx context.Context, method, uri string, opts RequestOptions) (RequestID, error) {
	id := RequestID(C.oh_mint())
	return id, acc.sendRequest(ctx, id, method, uri, opts)
}

// SendRequestWait is SendRequest and waits for the answer, whatever its code. When ctx
// ends first its error is returned, and the answer comes as an event only. Events must be
// read meanwhile.
func (acc *Account) SendRequestWait(ctx context.Context, method, uri string, opts RequestOptions) (RequestAnswered, error) {
	return acc.ep.awaitRequest(ctx, func(id RequestID) error { return acc.sendRequest(ctx, id, method, uri, opts) })
}

func (acc *Account) sendRequest(ctx context.Context, id RequestID, method, uri string, opts RequestOptions) error {
	op := fmt.Sprintf("send %s to %q", method, uri)
	if !isToken(method) || method == "INVITE" || method == "ACK" || method == "CANCEL" {
		return fmt.Errorf("pjsua: %s: not a method for a request of its own", op)
	}
	if m := opts.Msg; m.LocalURI != "" || m.ContactURI != "" || !opts.Bare && m.TargetURI != "" || opts.Bare && len(m.Parts) > 0 {
		return fmt.Errorf("pjsua: %s: Msg has a field that does not count here", op)
	}
	return acc.on(ctx, func(t onThread, slot C.pjsua_acc_id) error {
		var a arena
		defer a.free()
		dst, name := a.str(uri), a.str(method)
		if uri == "" || C.pjsua_verify_sip_url(dst.ptr) != C.PJ_SUCCESS {
			return t.fail(op, C.PJSIP_EINVALIDURI)
		}
		msg, release, err := messageData(t, &a, opts.Msg)
		if err != nil {
			return err
		}
		defer release()
		return t.fail(op, C.oh_request_send(slot, &name, &dst, C.int(cBool(opts.Bare)), C.int64_t(id), msg))
	})
}

// SendRequest sends a request with any method in the call's dialog, such as INFO
// (pjsua_call_send_request). It returns when the request is on its way;
// [RequestAnswered] follows. Methods that change the call or its media, such as BYE and
// UPDATE, have functions of their own.
func (c *Call) SendRequest(ctx context.Context, method string, opts CallRequestOptions) (RequestID, error) {
	id := RequestID(C.oh_mint())
	return id, c.sendRequest(ctx, id, method, opts)
}

// SendRequestWait is SendRequest and waits for the answer, whatever its code, as
// [Account.SendRequestWait] does.
func (c *Call) SendRequestWait(ctx context.Context, method string, opts CallRequestOptions) (RequestAnswered, error) {
	return c.ep.awaitRequest(ctx, func(id RequestID) error { return c.sendRequest(ctx, id, method, opts) })
}

func (c *Call) sendRequest(ctx context.Context, id RequestID, method string, opts CallRequestOptions) error {
	op := "send " + method
	if !isToken(method) || slices.Contains([]string{"INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE"}, method) {
		return fmt.Errorf("pjsua: %s: not a method for a request of its own", op)
	}
	return c.onMsg(ctx, op, opts.Msg, func(t onThread, slot C.pjsua_call_id, a *arena, msg *C.pjsua_msg_data) C.pj_status_t {
		name := a.str(method)
		return C.oh_call_request_send(slot, &name, C.int64_t(id), msg)
	})
}

func (ep *Endpoint) awaitRequest(ctx context.Context, send func(RequestID) error) (RequestAnswered, error) {
	id := RequestID(C.oh_mint())
	answer := make(chan RequestAnswered, 1)
	ep.mu.Lock()
	ep.requests[id] = answer
	ep.mu.Unlock()
	defer func() {
		ep.mu.Lock()
		delete(ep.requests, id)
		ep.mu.Unlock()
	}()
	if err := send(id); err != nil {
		return RequestAnswered{}, err
	}
	select {
	case ev := <-answer:
		return ev, nil
	case <-ctx.Done():
		return RequestAnswered{}, ctx.Err()
	case <-ep.gone:
		return RequestAnswered{}, ErrClosed
	}
}

// requestAnswered sees the event before the consumer does.
func (ep *Endpoint) requestAnswered(ev RequestAnswered) {
	ep.mu.Lock()
	ch := ep.requests[ev.Request]
	delete(ep.requests, ev.Request)
	ep.mu.Unlock()
	if ch != nil {
		ch <- ev // there is room: it is the only one
	}
}

// SetRequestRules says how requests are answered that PJSIP's calls do not need; it
// replaces the rules that were there, and none means PJSIP's ways. Of rules for the same
// method the first whose scope fits counts. What no rule and nothing of PJSIP's takes is
// answered with 405 and Allow (RFC 3261 section 8.2.1); NOTIFY and INFO outside a call
// with 481, PUBLISH, and in a call NOTIFY, with 489; in a call INFO with 200 when
// it is empty, otherwise with 415 or 469, and OPTIONS with 200. [RequestReceived] tells of each.
func (ep *Endpoint) SetRequestRules(ctx context.Context, rules ...RequestRule) error {
	for _, r := range rules {
		if err := r.Validate(); err != nil {
			return err
		}
	}
	return ep.do(ctx, func(t onThread) error {
		if len(rules) == 0 {
			C.oh_rules_set(nil, nil)
			return nil
		}
		var a arena
		defer a.free()
		pool := C.pjsua_pool_create(a.str("rules").ptr, 1024, 1024)
		if pool == nil {
			return t.fail("set request rules", C.PJ_ENOMEM)
		}
		var list *C.oh_rule
		for _, r := range slices.Backward(rules) {
			wait := time.Duration(0)
			if r.Ask {
				wait = r.Wait
				if wait == 0 {
					wait = defaultRequestWait
				}
			}
			if r.Response.ContentType != "" {
				if _, _, err := mediaType(r.Response.ContentType); err != nil {
					C.oh_pool_release(pool)
					return err
				}
			}
			method, reason := a.str(r.Method), a.str(r.Response.Reason)
			typ, body := a.str(r.Response.ContentType), a.str(string(r.Response.Body))
			list = C.new_rule(pool, &method, C.int(r.Scope), C.uint((wait+time.Millisecond-1)/time.Millisecond),
				C.int(orDefault(int(r.Response.Code), 500)), &reason, &typ, &body, list)
			if err := addHeaders(t, &list.msg.hdr_list, pool, &a, r.Response.Headers); err != nil {
				C.oh_pool_release(pool)
				return err
			}
		}
		C.oh_rules_set(pool, list)
		return nil
	})
}

// Respond answers a request whose RequestReceived said Asked. Once its time is over, or
// it was answered, the error is StatusNotFound.
func (ep *Endpoint) Respond(ctx context.Context, id RequestID, r Response) error {
	if r.Code < 200 || r.Code > 699 {
		return fmt.Errorf("pjsua: respond: %d is no final response code", int(r.Code))
	}
	return ep.do(ctx, func(t onThread) error {
		if id <= 0 {
			return t.fail("respond", C.PJ_ENOTFOUND)
		}
		var a arena
		defer a.free()
		msg, release, err := messageData(t, &a, r.msg())
		if err != nil {
			return err
		}
		defer release()
		reason := a.str(r.Reason)
		return t.fail("respond", C.oh_request_respond(C.int64_t(id), C.int(r.Code), &reason, msg))
	})
}

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
	case C.OH_REQUEST_ANSWERED:
		return RequestAnswered{
			EventHeader: h, Request: RequestID(head.object), Call: CallID(head.call), Account: AccountID(head.account),
			Method: text(r.method), Code: SIPCode(r.code), Reason: text(r.reason), Message: parseRecord(text(r.message)),
		}
	case C.OH_REQUEST_RECEIVED:
		return RequestReceived{
			EventHeader: h, Request: RequestID(head.object), Call: CallID(head.call), Account: AccountID(head.account),
			Method: text(r.method), Transport: TransportType(r.transport), Source: text(r.source), Asked: r.asked != 0,
			Code: SIPCode(r.code), Message: parseRecord(text(r.message)),
		}
	}
	return nil
}
