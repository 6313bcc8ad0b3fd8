package engine

import (
	"context"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/offhook-voip/offhook/pjsua"
)

// SendMessage sends a MESSAGE by an account to a user or number of its domain or a URI.
// account is as [DialRequest.Account]; an empty contentType means text/plain. It returns
// when the message is on its way; [MessageStatus] tells what became of it.
func (e *Engine) SendMessage(ctx context.Context, account int, to, text, contentType string) (MessageID, error) {
	if e.settings().DisableMessaging {
		return 0, ErrMessagingDisabled
	}
	acc, err := e.dialAccount(account)
	if err != nil {
		return 0, err
	}
	uri, err := dialTarget(to, acc.cfg().Domain, string(acc.cfg().Transport))
	if err != nil {
		return 0, err
	}
	phone, err := e.runningPhone()
	if err != nil {
		return 0, err
	}
	id, err := phone.SendMessage(ctx, acc.id, uri, []byte(text), pjsua.MessageOptions{ContentType: contentType})
	if err != nil {
		return 0, fmt.Errorf("engine: account %d: message to %s: %w", acc.cfg().Number, uri, err)
	}
	return id, nil
}

// Message sends a MESSAGE to the far end inside the call; see [Engine.SendMessage].
func (c *Call) Message(ctx context.Context, text, contentType string) (MessageID, error) {
	if c.e.settings().DisableMessaging {
		return 0, ErrMessagingDisabled
	}
	phone, err := c.phoneFor()
	if err != nil {
		return 0, err
	}
	id, err := phone.SendCallMessage(ctx, c.id, []byte(text), pjsua.MessageOptions{ContentType: contentType})
	return id, c.failed("message", err)
}

// numberOfLocked is the number of an account, 0 for one that is not known.
func (e *Engine) numberOfLocked(id pjsua.AccountID) int {
	if a := e.byID[id]; a != nil {
		return a.cfg().Number
	}
	return 0
}

func (e *Engine) messageLocked(ev pjsua.MessageReceived) {
	if e.settings().DisableMessaging {
		e.log.Info("message dropped: disableMessaging", "from", ev.From)
		return
	}
	out := MessageReceived{
		EventHeader: e.header("MessageReceived", ev.Time, e.numberOfLocked(ev.Account), ev.Call),
		From:        ev.From, To: ev.To, ContentType: ev.ContentType, Source: ev.Source,
	}
	if isText(ev.ContentType, ev.Body) {
		out.Text = string(ev.Body)
	} else {
		out.Body = ev.Body
	}
	e.bus.publish(out)
}

// isText says whether a body is text that can be shown.
func isText(contentType string, body []byte) bool {
	typ, _, err := mime.ParseMediaType(contentType)
	return utf8.Valid(body) && (err != nil && contentType == "" || strings.HasPrefix(typ, "text/"))
}

func (e *Engine) messageStatusLocked(ev pjsua.MessageStatus) {
	e.bus.publish(MessageStatus{
		EventHeader: e.header("MessageStatus", ev.Time, e.numberOfLocked(ev.Account), ev.Call),
		Message:     ev.Message, To: ev.To, Code: int(ev.Code), Reason: ev.Reason,
	})
}
