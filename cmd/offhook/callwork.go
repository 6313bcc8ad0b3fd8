package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// work goes through the call: register, dial, wait for the answer, talk, hang up.
// What becomes of it is in c.outcome; its error is for what is no outcome of a call.
func (c *caller) work(ctx context.Context, ran chan error) error {
	select {
	case <-c.eng.Started():
	case err := <-ran:
		ran <- err // for run, which says why
		return nil
	}
	if done, err := c.register(ctx); done || err != nil {
		return err
	}

	number := c.o.account
	if number == 0 {
		number = engine.LocalAccount
	}
	ringCtx, cancel := context.WithTimeout(ctx, c.o.timeout)
	defer cancel()
	c.dialled = time.Now()
	call, err := c.eng.Dial(ringCtx, engine.DialRequest{Account: number, URI: c.o.uri})
	switch {
	case err == nil:
	case ringCtx.Err() != nil:
		c.gaveUp(ctx)
		return nil
	default:
		return err
	}
	c.call = call
	recordCtx, stopRecord := context.WithCancel(context.Background())
	recorded := c.record(recordCtx)

	err = call.Wait(ringCtx, engine.StateConfirmed)
	var refused *pjsua.CallError
	switch {
	case err == nil:
		c.outcome = outcome{resultAnswered, int(pjsua.CodeOK), "OK"}
		err = c.talk(ctx)
	case errors.As(err, &refused) && refused.Code == pjsua.CodeRequestTimeout:
		// PJSIP's own code where nothing answers, and a proxy's for the same.
		c.outcome = outcome{resultTimeout, int(refused.Code), refused.Reason}
		err = nil
	case errors.As(err, &refused):
		c.outcome = outcome{resultRejected, int(refused.Code), refused.Reason}
		err = nil
	default:
		c.gaveUp(ctx)
		err = nil
	}
	return errors.Join(err, c.hangup(), stopRecording(stopRecord, recorded))
}

// register waits until the account that calls is registered, if it registers. done
// says that there is nothing more to do.
func (c *caller) register(ctx context.Context) (done bool, err error) {
	acc, ok := c.eng.Account(c.o.account)
	if !ok {
		return true, &engine.UnknownAccountError{Number: c.o.account}
	}
	regCtx, cancel := context.WithTimeout(ctx, c.o.timeout)
	defer cancel()
	err = acc.WaitRegistered(regCtx)
	var failed *engine.RegistrationError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &failed):
		c.outcome = outcome{resultRegisterFailed, failed.Code, failed.Reason}
		if failed.Detail != "" {
			c.outcome.reason += ": " + failed.Detail
		}
	case ctx.Err() != nil:
		c.gaveUp(ctx)
	case regCtx.Err() != nil:
		c.outcome = outcome{resultRegisterFailed, 0, fmt.Sprintf("%s did not answer within %v", acc.Info().Server, c.o.timeout)}
	default:
		return true, err
	}
	return true, nil
}

// gaveUp sets the outcome of a call that was not waited for any longer.
func (c *caller) gaveUp(ctx context.Context) {
	if ctx.Err() != nil {
		c.outcome = outcome{resultCancelled, 0, "interrupted"}
		return
	}
	c.outcome = outcome{resultTimeout, 0, fmt.Sprintf("not answered within %v", c.o.timeout)}
}

// talk does what is to be done in an answered call, and returns when it is to end or
// has ended.
func (c *caller) talk(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	script := make(chan error, 1)
	if c.o.play != "" || c.o.dtmf != "" {
		go func() { script <- c.script(ctx) }()
	}
	var limit <-chan time.Time
	if c.o.duration > 0 {
		t := time.NewTimer(time.Until(c.call.Info().Answered.Add(c.o.duration)))
		defer t.Stop()
		limit = t.C
	}
	for {
		select {
		case <-c.call.Done():
			return nil
		case <-ctx.Done():
			return nil
		case <-limit:
			return nil
		case err := <-script:
			if err != nil || limit == nil {
				return err
			}
		}
	}
}

// script plays the file and then sends the digits.
func (c *caller) script(ctx context.Context) error {
	err := func() error {
		if c.o.play != "" {
			p, err := c.call.Play(ctx, c.o.play, false)
			if err != nil {
				return err
			}
			select {
			case <-p.Done():
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if c.o.dtmf != "" {
			return c.call.SendDTMF(ctx, c.o.dtmf, engine.DTMFOptions{})
		}
		return nil
	}()
	if ended(err) {
		return nil
	}
	return err
}

// record starts to record as soon as there is audio, and delivers the recording.
func (c *caller) record(ctx context.Context) <-chan recording {
	if c.o.record == "" {
		return nil
	}
	out := make(chan recording, 1)
	go func() {
		r, err := c.call.Record(ctx, c.o.record, engine.RecordOptions{})
		out <- recording{r, err}
	}()
	return out
}

type recording struct {
	file *engine.Recording
	err  error
}

// stopRecording waits until the file is complete. A call that ended before there
// was any audio has no file.
func stopRecording(cancel context.CancelFunc, recorded <-chan recording) error {
	defer cancel()
	if recorded == nil {
		return nil
	}
	ctx, done := context.WithTimeout(context.Background(), hangupTime)
	defer done()
	var r recording
	select {
	case r = <-recorded:
	case <-ctx.Done():
		cancel()
		r = <-recorded
	}
	switch {
	case ended(r.err):
		return nil
	case r.err != nil:
		return r.err
	}
	return r.file.Stop(ctx)
}

// hangup ends the call if it is not over, and waits until it is.
func (c *caller) hangup() error {
	ctx, cancel := context.WithTimeout(context.Background(), hangupTime)
	defer cancel()
	select {
	case <-c.call.Done():
		c.endedBy = "remote"
		return nil
	default:
	}
	c.endedBy = "local"
	err := c.call.Hangup(ctx, 0, "")
	if err == nil {
		err = c.call.Wait(ctx, engine.StateDisconnected)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the call did not end within %v of the hang-up", hangupTime)
	}
	return err
}

// ended says that a command could not be finished because the call, the engine or
// the wait for it was over.
func ended(err error) bool {
	return errors.Is(err, engine.ErrCallEnded) || errors.Is(err, engine.ErrNotRunning) || errors.Is(err, context.Canceled)
}
