package engine

import (
	"context"
	"fmt"

	"github.com/offhook-voip/offhook/pjsua"
)

// Reject refuses an incoming call that is not answered; code 0 is 486, MicroSIP's. An
// empty reason stands for the code's usual phrase.
func (c *Call) Reject(ctx context.Context, code pjsua.SIPCode, reason string) error {
	if code == 0 {
		code = pjsua.CodeBusyHere
	}
	if code < 300 {
		return fmt.Errorf("engine: %d refuses no call", int(code))
	}
	if err := c.mustRing(); err != nil {
		return err
	}
	return c.Hangup(ctx, code, reason)
}

// Forward sends an incoming call that is not answered on to target, a user or number of
// the account's domain or a URI: 302 with the target in Contact and the account in
// Diversion (RFC 5806). The caller decides whether it goes there.
func (c *Call) Forward(ctx context.Context, target string) error {
	uri, err := dialTarget(target, c.domain(), "")
	if err != nil {
		return err
	}
	return c.redirect(ctx, pjsua.SIPCode(302), "", []string{uri}, c.diversion())
}

// Redirect refuses an incoming call that is not answered with 300 to 399 and the targets
// where the caller may try instead, the best first.
func (c *Call) Redirect(ctx context.Context, code pjsua.SIPCode, targets ...string) error {
	if code < 300 || code > 399 || len(targets) == 0 {
		return fmt.Errorf("engine: a redirect has a code from 300 to 399 and a target")
	}
	var uris []string
	for _, target := range targets {
		uri, err := dialTarget(target, c.domain(), "")
		if err != nil {
			return err
		}
		uris = append(uris, uri)
	}
	return c.redirect(ctx, code, "", uris, "")
}

func (c *Call) redirect(ctx context.Context, code pjsua.SIPCode, reason string, targets []string, diversion string) error {
	phone, err := c.phoneFor()
	if err != nil {
		return err
	}
	if err := c.mustRing(); err != nil {
		return err
	}
	c.take()
	c.decide()
	return c.failed("forward", phone.Answer(ctx, c.id, code, forwardOptions(reason, targets, diversion)))
}

// forwardOptions are those of a 3xx response.
func forwardOptions(reason string, targets []string, diversion string) pjsua.AnswerOptions {
	opts := pjsua.AnswerOptions{Reason: reason}
	for _, uri := range targets {
		if uri[0] != '"' {
			uri = "<" + uri + ">"
		}
		opts.Msg.Headers = append(opts.Msg.Headers, pjsua.Header{Name: "Contact", Value: uri})
	}
	if diversion != "" {
		opts.Msg.Headers = append(opts.Msg.Headers, pjsua.Header{Name: "Diversion", Value: diversion})
	}
	return opts
}

// diversion is MicroSIP's Diversion: the account's own URI.
func (c *Call) diversion() string {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if c.account == nil {
		return ""
	}
	_, uri, err := splitNameAddr(c.account.uri)
	if err != nil {
		return ""
	}
	return "<" + uri + ">"
}

// mustRing returns an error unless the call came in and is not answered.
func (c *Call) mustRing() error {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	switch {
	case c.endedLocked():
		return ErrCallEnded
	case !c.ringsHereLocked():
		return ErrNotRinging
	}
	return nil
}
