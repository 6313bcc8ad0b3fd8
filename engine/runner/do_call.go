package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// What steps do with calls, and expect of them.

func headers(pairs scenario.Pairs) []pjsua.Header {
	var list []pjsua.Header
	for _, p := range pairs {
		list = append(list, pjsua.Header{Name: p.Name, Value: p.Value})
	}
	return list
}

func (s *Session) dial(ctx context.Context, t *task, a *scenario.Dial) error {
	if t.a == nil {
		return errors.New("dial needs an actor: there are several")
	}
	acc := t.a.acc
	if len(a.Codecs) > 0 {
		// Codecs belong to accounts: the call has one of its own, which does not register.
		def := t.a.def
		def.Codecs, def.Register = a.Codecs, new(bool)
		var err error
		if acc, err = s.r.pool.acquire(ctx, &def, t.a.acc.acc.Impairment()); err != nil {
			return err
		}
		s.mu.Lock()
		t.a.extra = append(t.a.extra, acc)
		s.mu.Unlock()
	}
	call, err := s.r.eng.Dial(ctx, engine.DialRequest{Account: acc.number, URI: a.To, Headers: headers(a.Headers)})
	if err != nil {
		return err
	}
	l := s.take(t.a, call, t.step.Line)
	s.about(t, l)
	switch a.Wait {
	case scenario.WaitRinging:
		return s.expectRinging(ctx, t, l, &scenario.ExpectRinging{})
	case scenario.WaitAnswer:
		return s.expectAnswer(ctx, t, l, &scenario.ExpectAnswer{})
	}
	return nil
}

func (s *Session) waitCall(ctx context.Context, t *task, a *scenario.WaitCall) error {
	if t.a == nil {
		return errors.New("wait-call needs an actor: there are several")
	}
	from, err := a.From.Compile()
	if err != nil {
		return err
	}
	to, err := a.To.Compile()
	if err != nil {
		return err
	}
	var found *line
	var others []string
	acc := t.a.acc
	err = s.r.hub.await(ctx, &acc.watch, t.until(a.Within), func() (bool, error) {
		others = others[:0]
		for i, l := range acc.incoming {
			if l.ended != nil {
				others = append(others, l.remote+", who hung up")
				continue
			}
			if from != nil && !from.MatchString(l.remote) || to != nil && !to.MatchString(l.local) {
				others = append(others, l.remote)
				continue
			}
			found = l
			acc.incoming = slices.Delete(acc.incoming, i, i+1)
			return true, nil
		}
		return false, nil
	})
	expected := "a call " + within(t.within(a.Within))
	if a.From != "" {
		expected = fmt.Sprintf("a call from /%s/ %s", a.From, within(t.within(a.Within)))
	}
	switch {
	case errors.Is(err, errLate) && len(others) > 0:
		return failed(expected, fmt.Sprintf("the calls that came were from %v", others))
	case errors.Is(err, errLate):
		return failed(expected, "no call came")
	case err != nil:
		return err
	}
	call, ok := s.r.eng.Call(found.id)
	if !ok {
		return failed(expected, "the call ended at once")
	}
	s.about(t, s.take(t.a, call, t.step.Line))
	return nil
}

func (s *Session) answer(ctx context.Context, l *line, a *scenario.Answer) error {
	code := pjsua.SIPCode(a.Code)
	if code == 0 {
		code = 200
	}
	if a.EarlyMedia != "" || a.EarlyTone != "" {
		if err := l.call.Answer(ctx, 183, "", headers(a.Headers)...); err != nil {
			return err
		}
		if err := s.early(ctx, l, a); err != nil {
			return err
		}
		if code < 200 {
			return nil
		}
	}
	if err := l.call.Answer(ctx, code, a.Reason, headers(a.Headers)...); err != nil || code < 200 {
		return err
	}
	// The ACK makes it an answered call; one that never comes is told here.
	return s.r.hub.await(ctx, &l.watch, time.Now().Add(ackWait), func() (bool, error) {
		if l.ended != nil {
			return false, failed("the answer to be taken (ACK)", l.endLocked())
		}
		return !l.answered.IsZero(), nil
	})
}

// ackWait is how long the ACK to an answer may take: PJSIP gives up after 64 times T1.
const ackWait = 32 * time.Second

func (s *Session) reject(ctx context.Context, l *line, a *scenario.Reject) error {
	code := a.Code
	if code == 0 {
		code = 486
	}
	s.hung(l)
	if len(a.Headers) > 0 {
		return l.call.Answer(ctx, pjsua.SIPCode(code), a.Reason, headers(a.Headers)...)
	}
	return l.call.Reject(ctx, pjsua.SIPCode(code), a.Reason)
}

func (s *Session) redirect(ctx context.Context, l *line, a *scenario.Redirect) error {
	code := a.Code
	if code == 0 {
		code = 302
	}
	s.hung(l)
	return l.call.Redirect(ctx, pjsua.SIPCode(code), a.To...)
}

// hung notes that the end of a call is ours.
func (s *Session) hung(l *line) {
	s.r.hub.mu.Lock()
	defer s.r.hub.mu.Unlock()
	l.byUs = true
}

func (s *Session) hangUp(ctx context.Context, t *task, l *line, a *scenario.Hangup) error {
	s.hangup(ctx, l, a.Code, a.Reason)
	err := s.r.hub.await(ctx, &l.watch, t.until(0), func() (bool, error) { return l.ended != nil, nil })
	if errors.Is(err, errLate) {
		return failed("the end of the call "+within(t.timeout), "no answer to our BYE or CANCEL came")
	}
	return err
}

func (s *Session) expectRinging(ctx context.Context, t *task, l *line, a *scenario.ExpectRinging) error {
	codes := a.Code
	if len(codes) == 0 {
		codes = scenario.Codes{{Low: 180, High: 189}}
	}
	expected := "ringing (" + codes.String() + ") " + within(t.within(a.Within))
	heard := ""
	err := s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		heard = l.stateLocked()
		for _, r := range l.responses {
			if codes.Has(r.code) {
				heard = status(r.code, r.reason)
				return true, nil
			}
		}
		if l.ended != nil || !l.answered.IsZero() {
			return false, failed(expected, heard+" without ringing")
		}
		return false, nil
	})
	return s.judge(t, expected, heard, err)
}

// judge notes what was expected and what there was, and makes a failure of what came too late.
func (s *Session) judge(t *task, expected, heard string, err error) error {
	if errors.Is(err, errLate) {
		return failed(expected, heard)
	}
	if err == nil {
		s.said(t, expected, heard)
	}
	return err
}

func (s *Session) expectAnswer(ctx context.Context, t *task, l *line, a *scenario.ExpectAnswer) error {
	expected := "an answer " + within(t.within(a.Within))
	heard := ""
	err := s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		switch {
		case !l.answered.IsZero():
			heard = "an answer after " + seconds(l.answered.Sub(l.began))
			return true, nil
		case l.ended != nil:
			return false, failed(expected, l.endLocked())
		}
		heard = l.stateLocked()
		return false, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) expectCode(ctx context.Context, t *task, l *line, a *scenario.ExpectCode) error {
	reason, err := a.Reason.Compile()
	if err != nil {
		return err
	}
	expected := "the final response " + a.Code.String()
	if reason != nil {
		expected += fmt.Sprintf(" /%s/", a.Reason)
	}
	expected += " " + within(t.within(a.Within))
	heard := ""
	err = s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		code, phrase := 0, ""
		switch {
		case !l.answered.IsZero():
			code, phrase = 200, "OK"
		case l.ended != nil:
			code, phrase = l.ended.Code, l.ended.Reason
		default:
			heard = l.stateLocked()
			return false, nil
		}
		heard = status(code, phrase)
		if !a.Code.Has(code) || reason != nil && !reason.MatchString(phrase) {
			return false, failed(expected, heard)
		}
		return true, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) expectHangup(ctx context.Context, t *task, l *line, a *scenario.ExpectHangup) error {
	expected := "the far end to hang up " + within(t.within(a.Within))
	if len(a.Code) > 0 {
		expected = "the far end to hang up with " + a.Code.String() + " " + within(t.within(a.Within))
	}
	heard := ""
	err := s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		heard = l.stateLocked()
		switch {
		case l.ended == nil:
			return false, nil
		case l.byUs, len(a.Code) > 0 && !a.Code.Has(l.ended.Code):
			return false, failed(expected, heard+" ("+status(l.ended.Code, l.ended.Reason)+")")
		}
		return true, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) cancel(ctx context.Context, t *task, l *line, a *scenario.Cancel) error {
	expected := "a call that can be given up"
	due := l.began.Add(a.After)
	if a.On != "" {
		due = t.until(0)
	}
	err := s.r.hub.await(ctx, &l.watch, due, func() (bool, error) {
		if l.ended != nil || !l.answered.IsZero() {
			return false, failed(expected, l.stateLocked())
		}
		for _, r := range l.responses {
			if a.On == scenario.CancelTrying || a.On == scenario.CancelRinging && r.code >= 180 && r.code < 190 {
				return true, nil
			}
		}
		return a.On == scenario.CancelTrying && slices.ContainsFunc(l.messages, isTrying), nil
	})
	switch {
	case errors.Is(err, errLate) && a.On != "":
		return failed("a response after which the call is given up "+within(t.timeout), "no such response came")
	case err != nil && !errors.Is(err, errLate):
		return err
	}
	return s.hangUp(ctx, t, l, &scenario.Hangup{})
}

func isTrying(m pjsua.SIPMessage) bool {
	return !m.Sent && m.Message != nil && !m.Message.IsRequest() && m.Message.Code >= 100 && m.Message.Code < 200
}

func (s *Session) mute(ctx context.Context, l *line, on bool) error {
	return l.call.SetMuted(ctx, engine.Input, on)
}

func (s *Session) expectHold(ctx context.Context, t *task, l *line, held bool, said time.Duration) error {
	expected, other := "to be put on hold ", "we are not on hold"
	if !held {
		expected, other = "to be taken off hold ", "we are on hold"
	}
	expected += within(t.within(said))
	err := s.r.hub.await(ctx, &l.watch, t.until(said), func() (bool, error) {
		if l.ended != nil {
			return false, failed(expected, l.endLocked())
		}
		return len(l.media) > 0 && l.heldLocked() == held, nil
	})
	return s.judge(t, expected, other, err)
}

func (s *Session) transfer(ctx context.Context, t *task, l *line, a *scenario.Transfer) (err error) {
	codes := a.Expect
	if len(codes) == 0 {
		codes = scenario.Codes{{Low: 200, High: 299}}
	}
	expected := "the transfer to end with " + codes.String() + " " + within(t.within(a.Within))
	var tr *engine.Transfer
	switch {
	case a.ToLine != "":
		other := *t
		other.step.Line = a.ToLine
		with, err := s.line(&other)
		if err != nil {
			return err
		}
		tr, err = l.call.TransferTo(ctx, with.call)
		if err != nil {
			return err
		}
		s.about(t, l)
	case a.ToActor != "":
		to := t.actors[a.ToActor]
		if to == nil {
			return fmt.Errorf("there is no actor %s", a.ToActor)
		}
		tr, err = l.call.Transfer(ctx, to.uri())
	default:
		tr, err = l.call.Transfer(ctx, a.To)
	}
	if err != nil {
		return err
	}
	s.hung(l)
	ctx, cancel := context.WithDeadline(ctx, t.until(a.Within))
	defer cancel()
	err = tr.Wait(ctx)
	var refused *engine.TransferError
	switch {
	case err == nil && codes.Has(200):
		s.said(t, expected, "it succeeded")
		return nil
	case err == nil:
		return failed(expected, "it succeeded")
	case errors.As(err, &refused) && codes.Has(int(refused.Code)):
		s.said(t, expected, status(int(refused.Code), refused.Reason))
		return nil
	case errors.As(err, &refused):
		return failed(expected, status(int(refused.Code), refused.Reason))
	case errors.Is(err, context.DeadlineExceeded):
		return failed(expected, "the far end did not tell")
	}
	return err
}

func (s *Session) expectTransfer(ctx context.Context, t *task, l *line, a *scenario.ExpectTransfer) error {
	to, err := a.To.Compile()
	if err != nil {
		return err
	}
	expected := "to be transferred " + within(t.within(a.Within))
	if to != nil {
		expected = fmt.Sprintf("to be transferred to /%s/ %s", a.To, within(t.within(a.Within)))
	}
	heard := "no REFER came"
	// The call that the transfer has made may be there already, and is newer.
	s.mu.Lock()
	s.r.hub.mu.Lock()
	for _, other := range t.a.lines {
		if t.step.Line == "" && len(other.referred) > other.transferred {
			l = other
		}
	}
	s.r.hub.mu.Unlock()
	s.mu.Unlock()
	s.about(t, l)
	err = s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		if len(l.referred) > l.transferred {
			target := l.referred[l.transferred].Target
			heard = "the target " + target
			l.transferred++
			if to != nil && !to.MatchString(target) {
				return false, failed(expected, heard)
			}
			return true, nil
		}
		if l.ended != nil {
			return false, failed(expected, l.endLocked())
		}
		return false, nil
	})
	return s.judge(t, expected, heard, err)
}

func (s *Session) conference(ctx context.Context, t *task, a *scenario.Conference) error {
	var calls []*engine.Call
	for _, name := range a.Actors {
		other := *t
		other.step.Line = ""
		if other.a = t.actors[name]; other.a == nil {
			return fmt.Errorf("there is no actor %s", name)
		}
		l, err := s.line(&other)
		if err != nil {
			return err
		}
		calls = append(calls, l.call)
	}
	for _, name := range a.Lines {
		other := *t
		other.step.Line = name
		l, err := s.line(&other)
		if err != nil {
			return err
		}
		calls = append(calls, l.call)
	}
	_, err := s.r.eng.Conference(ctx, calls...)
	return err
}

func (s *Session) wait(ctx context.Context, a *scenario.Wait) error {
	s.mu.Lock()
	d := a.For.Choose(s.rnd)
	s.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// expectDTMF takes the digits that came since the last step that expected some.
func (s *Session) expectDTMF(ctx context.Context, t *task, l *line, a *scenario.ExpectDTMF) error {
	pattern, err := a.Matches.Compile()
	if err != nil {
		return err
	}
	expected := "digits"
	switch {
	case a.Digits != "":
		expected = "digits " + a.Digits
	case pattern != nil:
		expected = fmt.Sprintf("digits /%s/", a.Matches)
	}
	if a.Method != "" && a.Method != scenario.DTMFAuto {
		expected += " by " + string(a.Method)
	}
	expected += " " + within(t.within(a.Within))
	var got, heard string
	err = s.r.hub.await(ctx, &l.watch, t.until(a.Within), func() (bool, error) {
		got = ""
		for i, d := range l.digits[l.expected:] {
			if a.Method != "" && a.Method != scenario.DTMFAuto && !sameMethod(a.Method, d.method) {
				return false, failed(expected, fmt.Sprintf("digit %s by %s", d.digit, d.method))
			}
			got += d.digit
			done := a.Digits == "" && pattern == nil || got == a.Digits || pattern != nil && pattern.MatchString(got)
			if done {
				l.expected += i + 1
				heard = "digits " + got
				return true, nil
			}
			if a.Digits != "" && len(got) >= len(a.Digits) {
				return false, failed(expected, "digits "+got)
			}
		}
		heard = "no digit came"
		if got != "" {
			heard = "digits " + got
		}
		if l.ended != nil {
			return false, failed(expected, heard+", and "+l.endLocked())
		}
		return false, nil
	})
	if err = s.judge(t, expected, heard, err); err == nil && a.As != "" {
		t.vars.Set(a.As, captured(pattern, got))
	}
	return err
}
