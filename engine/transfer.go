package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// Transfer is a transfer of a call by [Call.Transfer] or [Call.TransferTo].
type Transfer struct {
	c      *Call
	target string
	other  CallID
	done   chan struct{}

	// Guarded by Engine.mu, and final after done.
	outcome string
	code    pjsua.SIPCode
	reason  string
}

// The values of [TransferEnded.Outcome].
const (
	TransferSucceeded = "succeeded"
	TransferFailed    = "failed"
	TransferUnknown   = "unknown"
)

// TransferError says that a transfer did not succeed.
type TransferError struct {
	Outcome string // TransferFailed or TransferUnknown
	Code    pjsua.SIPCode
	Reason  string
}

func (e *TransferError) Error() string {
	if e.Outcome == TransferUnknown {
		return "engine: the call ended before the far end told what became of the transfer"
	}
	return fmt.Sprintf("engine: the transfer failed: %d %s", int(e.Code), e.Reason)
}

// Done is closed when the transfer is over.
func (t *Transfer) Done() <-chan struct{} { return t.done }

// Wait waits for the end of the transfer: nil when it succeeded, otherwise a
// [*TransferError].
func (t *Transfer) Wait(ctx context.Context) error {
	select {
	case <-t.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	t.c.e.mu.Lock()
	defer t.c.e.mu.Unlock()
	if t.outcome == TransferSucceeded {
		return nil
	}
	return &TransferError{Outcome: t.outcome, Code: t.code, Reason: t.reason}
}

// Transfer asks the far end to call target instead (blind transfer): a user or number of
// the account's domain, or a URI. [TransferProgress] and [TransferEnded] tell how that
// fares; a call that was transferred is hung up. Where enableFeatureCodeBT is on, the
// digits of featureCodeBT and of target are sent instead, and what becomes of it is not
// known.
func (c *Call) Transfer(ctx context.Context, target string) (*Transfer, error) {
	phone, err := c.phoneFor()
	if err != nil {
		return nil, err
	}
	if s := c.e.settings(); s.EnableFeatureCodeBT {
		return c.transferByCode(ctx, s.FeatureCodeBT, target)
	}
	uri, err := dialTarget(target, c.domain(), "")
	if err != nil {
		return nil, err
	}
	return c.transfer(uri, nil, func() error {
		return c.failed("transfer to "+uri, phone.Transfer(ctx, c.id, uri, pjsua.TransferOptions{}))
	})
}

// TransferTo asks the far end to take our place in the call other (attended transfer),
// which must be an outgoing one that rings at least, or be up. Otherwise it is as
// [Call.Transfer]; the far end of other ends that call.
func (c *Call) TransferTo(ctx context.Context, other *Call) (*Transfer, error) {
	phone, err := c.phoneFor()
	if err != nil {
		return nil, err
	}
	if other == nil || other == c {
		return nil, errors.New("engine: an attended transfer needs another call")
	}
	if _, err := other.phoneFor(); err != nil {
		return nil, err
	}
	return c.transfer(other.Info().Remote, other, func() error {
		return c.failed("attended transfer", phone.AttendedTransfer(ctx, c.id, other.id, pjsua.TransferOptions{}))
	})
}

// Consult begins an attended transfer: it puts the call on hold and dials target by the
// same account; [Call.TransferTo] with the call that it returns is the second step. Where
// enableFeatureCodeAT is on it sends the digits of featureCodeAT and of target instead,
// and returns no call: the PBX does the rest.
func (c *Call) Consult(ctx context.Context, target string) (*Call, error) {
	if s := c.e.settings(); s.EnableFeatureCodeAT {
		_, err := c.transferByCode(ctx, s.FeatureCodeAT, target)
		return nil, err
	}
	c.e.mu.Lock()
	held, number := c.heldLocked(), LocalAccount
	if c.account != nil && !c.account.cfg().Local() {
		number = c.account.cfg().Number
	}
	c.e.mu.Unlock()
	if !held {
		if err := c.Hold(ctx); err != nil {
			return nil, err
		}
	}
	return c.e.Dial(ctx, DialRequest{Account: number, URI: target})
}

// transferByCode sends a feature code and a number as digits.
func (c *Call) transferByCode(ctx context.Context, code, target string) (*Transfer, error) {
	digits := stripSeparators(userOf(target))
	return c.transfer(target, nil, func() error {
		if err := c.SendDTMF(ctx, code+digits, DTMFOptions{}); err != nil {
			return err
		}
		c.e.mu.Lock()
		defer c.e.mu.Unlock()
		if c.transferring != nil {
			c.transferring.endLocked(time.Now(), TransferUnknown, 0, "")
		}
		return nil
	})
}

// transfer does what is common to all transfers around send.
func (c *Call) transfer(target string, other *Call, send func() error) (*Transfer, error) {
	t := &Transfer{c: c, target: target, done: make(chan struct{})}
	if other != nil {
		t.other = other.id
	}
	c.e.mu.Lock()
	err := c.mayOpenLocked()
	switch {
	case err != nil:
	case c.transferring != nil:
		err = ErrTransferPending
	case c.conf != nil || other != nil && other.conf != nil:
		err = ErrInConference
	case c.reached != StateConfirmed.rank():
		err = fmt.Errorf("engine: call %d: a call that is not answered cannot be transferred", c.id)
	default:
		c.transferring = t
		c.e.bus.publish(TransferStarted{
			EventHeader: c.headerLocked("TransferStarted", time.Now()), Target: target, Other: t.other,
		})
	}
	c.e.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if err := send(); err != nil {
		c.e.mu.Lock()
		defer c.e.mu.Unlock()
		t.endLocked(time.Now(), TransferFailed, 0, err.Error())
		return nil, err
	}
	return t, nil
}

// endLocked publishes the outcome. The first one stands.
func (t *Transfer) endLocked(at time.Time, outcome string, code pjsua.SIPCode, reason string) {
	if t.outcome != "" {
		return
	}
	t.outcome, t.code, t.reason = outcome, code, reason
	t.c.transferring = nil
	if outcome == TransferSucceeded {
		t.c.released = true
	}
	t.c.e.bus.publish(TransferEnded{
		EventHeader: t.c.headerLocked("TransferEnded", at),
		Target:      t.target, Other: t.other, Outcome: outcome, Code: int(code), Reason: reason,
	})
	close(t.done)
	t.c.changedLocked()
}

// transferProgressLocked takes in what the far end tells of a transfer.
func (c *Call) transferProgressLocked(ev pjsua.TransferProgress) {
	c.e.bus.publish(TransferProgress{
		EventHeader: c.headerLocked("TransferProgress", ev.Time), Code: int(ev.Code), Reason: ev.Reason,
	})
	t := c.transferring
	switch {
	case t == nil:
	case ev.Code.Success():
		t.endLocked(ev.Time, TransferSucceeded, ev.Code, ev.Reason)
	case ev.Final || ev.Code >= 300:
		t.endLocked(ev.Time, TransferFailed, ev.Code, ev.Reason)
	}
}

func (c *Call) domain() string {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if c.account == nil {
		return ""
	}
	return c.account.cfg().Domain
}

// bornLocked takes in that a call comes of another, by a REFER or by Replaces.
func (e *Engine) bornLocked(ctx context.Context, parent *Call, id CallID, role pjsua.Role, at time.Time, remote, local, sipCallID string) {
	c := e.callForLocked(ctx, id, at)
	c.adoptLocked(parent.account, role, remote, local, sipCallID)
	c.claimed = true // no Dial waits for it
	c.touchLocked()
	if role == pjsua.RoleUAS && parent.conf != nil {
		e.groupLocked(parent.conf, c) // it takes the other's place there, too
	}
}
