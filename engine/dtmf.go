package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// DTMFOptions are the choices of [Call.SendDTMF].
type DTMFOptions struct {
	// Method is how digits are sent; DTMFAuto, the zero value, stands for
	// DTMFMethod of the configuration.
	Method config.DTMFMethod
	// Duration of each digit; 0 means PJSIP's.
	Duration time.Duration
}

// Pauses of MicroSIP's number,digits grammar.
const (
	dtmfPause = time.Second            // a comma
	dtmfDigit = 200 * time.Millisecond // what one digit takes, pause included
)

// SendDTMF sends digits: 0 to 9, *, #, A to D. A comma is a pause of a second,
// counted from the end of the digits before it. It returns when the digits have been
// sent, or with [ErrCallEnded] when the call ends before. Digits
// of several SendDTMF on one call do not mix; other calls are not held up.
func (c *Call) SendDTMF(ctx context.Context, digits string, opts DTMFOptions) error {
	digits = strings.ToUpper(digits)
	if digits == "" {
		return fmt.Errorf("engine: no digits to send")
	}
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCD,", r) }); i >= 0 {
		return fmt.Errorf("engine: %q is no DTMF digit: allowed are 0 to 9, *, #, A to D, and the comma for a pause", digits[i:i+1])
	}
	phone, err := c.phoneFor()
	if err != nil {
		return err
	}
	select {
	case c.dtmf <- struct{}{}:
		defer func() { <-c.dtmf }()
	case <-c.done:
		return ErrCallEnded
	case <-ctx.Done():
		return ctx.Err()
	}

	each := dtmfDigit
	if opts.Duration > 0 {
		each = opts.Duration + dtmfDigit/2
	}
	wire := pjsua.DTMFOptions{Method: c.e.dtmfMethod(opts.Method), Duration: opts.Duration}
	for i, group := range strings.Split(digits, ",") {
		if i > 0 {
			if err := c.sleep(ctx, dtmfPause); err != nil {
				return err
			}
		}
		if group == "" {
			continue
		}
		if err := c.failed("send DTMF", phone.SendDTMF(ctx, c.id, group, wire)); err != nil {
			return err
		}
		if err := c.sleep(ctx, time.Duration(len(group))*each); err != nil {
			return err
		}
	}
	return nil
}

// dtmfMethod resolves the configuration's method. In-band tones are not sent:
// RFC 4733 stands in for them, as it does for auto.
func (e *Engine) dtmfMethod(m config.DTMFMethod) pjsua.DTMFMethod {
	if m == config.DTMFAuto {
		m = e.settings().DTMFMethod
	}
	if m == config.DTMFInfo {
		return pjsua.DTMFInfo
	}
	return pjsua.DTMFRFC4733
}

func (c *Call) sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-c.done:
		return ErrCallEnded
	case <-ctx.Done():
		return ctx.Err()
	}
}
