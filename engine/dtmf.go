package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
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
// of several SendDTMF on one call do not mix; other calls are not held up. In-band
// tones are heard like a file that is played: not while the call is on hold.
func (c *Call) SendDTMF(ctx context.Context, digits string, opts DTMFOptions) error {
	digits = strings.ToUpper(digits)
	if err := checkDigits(digits); err != nil {
		return err
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
	for i, group := range strings.Split(digits, ",") {
		if i > 0 {
			if err := c.sleep(ctx, dtmfPause); err != nil {
				return err
			}
		}
		if group == "" {
			continue
		}
		if err := c.sendDigits(ctx, phone, group, opts); err != nil {
			return err
		}
	}
	return nil
}

func checkDigits(digits string) error {
	if digits == "" {
		return fmt.Errorf("engine: no digits to send")
	}
	digits = strings.ToUpper(digits)
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune("0123456789*#ABCD,", r) }); i >= 0 {
		return fmt.Errorf("engine: %q is no DTMF digit: allowed are 0 to 9, *, #, A to D, and the comma for a pause", digits[i:i+1])
	}
	return nil
}

// sendDigits sends digits without a pause, and waits as long as they take.
func (c *Call) sendDigits(ctx context.Context, phone Phone, digits string, opts DTMFOptions) error {
	each := dtmfDigit
	if opts.Duration > 0 {
		each = opts.Duration + dtmfDigit/2
	}
	method := opts.Method
	if method == config.DTMFAuto {
		method = c.e.settings().DTMFMethod
	}
	wire := pjsua.DTMFOptions{Method: pjsua.DTMFRFC4733, Duration: opts.Duration}
	if method == config.DTMFInfo {
		wire.Method = pjsua.DTMFInfo
	}
	inband := method == config.DTMFInband
	if !inband {
		err := phone.SendDTMF(ctx, c.id, digits, wire)
		switch {
		case err == nil:
			c.digitsSent(digits, wire.Method.String())
			heard := c.e.beginDigits(ctx, phone, digits, each)
			defer c.e.stopSound(ctx, heard)
			return c.sleep(ctx, time.Duration(len(digits))*each)
		case method != config.DTMFAuto || !errors.Is(err, pjsua.StatusNoTelephoneEvent):
			return c.failed("send DTMF", err)
		}
	}
	return c.playDigits(ctx, phone, digits, pjsua.ToneDigits{On: opts.Duration})
}

func (c *Call) digitsSent(digits, method string) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	c.e.bus.publish(DTMFSent{EventHeader: c.headerLocked("DTMFSent", time.Now()), Digits: digits, Method: method})
}

// tone is digits that are being played into a call.
type tone struct {
	port pjsua.PortID

	// Guarded by Engine.mu.
	linked bool // it was connected to the call
	ending bool
}

// The length of in-band digits unless a duration was asked for: what a generator makes
// of 0, and what follows each.
const toneLength, tonePause = 100 * time.Millisecond, 100 * time.Millisecond

// playDigits sends digits as tones in the audio.
func (c *Call) playDigits(ctx context.Context, phone Phone, digits string, opts pjsua.ToneDigits) error {
	if err := c.waitAudio(ctx, func(a audio) bool { return a.send }); err != nil {
		return err
	}
	// The bridge does not ask a port without listeners, so the tones begin when the
	// worker connects them.
	opts.On = cmp.Or(opts.On, toneLength)
	id, port, err := phone.NewTone(ctx, digits, opts)
	if err != nil {
		return c.failed("send DTMF", err)
	}
	t := &tone{port: port}
	c.e.mu.Lock()
	err = c.mayOpenLocked()
	if err == nil {
		c.tones = append(c.tones, t)
		c.wakeWorker()
	}
	c.e.mu.Unlock()
	if err == nil {
		err = c.waitUntil(ctx, func() bool { return t.linked })
	}
	if err == nil {
		c.digitsSent(digits, "INBAND")
		err = c.sleep(ctx, time.Duration(len(digits))*(opts.On+tonePause))
	}
	c.e.mu.Lock()
	c.tones = slices.DeleteFunc(c.tones, func(o *tone) bool { return o == t })
	c.wakeWorker()
	c.e.mu.Unlock()
	c.report("close a tone generator", phone.CloseTone(context.WithoutCancel(ctx), id))
	var ended *pjsua.CallError
	if errors.As(err, &ended) {
		return ErrCallEnded
	}
	return err
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
