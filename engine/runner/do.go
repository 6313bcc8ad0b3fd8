package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// do does what a step is about.
func (s *Session) do(ctx context.Context, t *task) error {
	switch a := t.step.Action.(type) {
	case *scenario.Dial:
		return s.dial(ctx, t, a)
	case *scenario.WaitCall:
		return s.waitCall(ctx, t, a)
	case *scenario.Register:
		return s.register(ctx, t, a)
	case *scenario.Unregister:
		return s.unregister(ctx, t, a)
	case *scenario.Message:
		return s.message(ctx, t, a)
	case *scenario.ExpectMessage:
		return s.expectMessage(ctx, t, a)
	case *scenario.ExpectHeader:
		return s.expectHeader(ctx, t, a)
	case *scenario.ExpectBody:
		return s.expectBody(ctx, t, a)
	case *scenario.Conference:
		return s.conference(ctx, t, a)
	case *scenario.Wait:
		return s.wait(ctx, a)
	case *scenario.Parallel:
		return s.parallel(ctx, t, a)
	case *scenario.Repeat:
		return s.repeat(ctx, t, a)
	case *scenario.Call:
		return s.call(ctx, t, a)
	case *scenario.Set:
		for _, p := range a.Variables {
			t.vars.Set(p.Name, p.Value)
		}
		return nil
	case *scenario.Assert:
		return assert(a)
	case *scenario.Log:
		return nil // its text is in the report
	case *scenario.Hangup:
		l, err := s.line(t)
		if err != nil || t.a == nil {
			return ignoreNone(err)
		}
		return s.hangUp(ctx, t, l, a)
	}
	l, err := s.line(t)
	if err != nil {
		return err
	}
	return s.inCall(ctx, t, l, s.doInCall(ctx, t, l))
}

// doInCall does a step that is about a call.
func (s *Session) doInCall(ctx context.Context, t *task, l *line) error {
	switch a := t.step.Action.(type) {
	case *scenario.Answer:
		return s.answer(ctx, l, a)
	case *scenario.Reject:
		return s.reject(ctx, l, a)
	case *scenario.Redirect:
		return s.redirect(ctx, l, a)
	case *scenario.ExpectRinging:
		return s.expectRinging(ctx, t, l, a)
	case *scenario.ExpectAnswer:
		return s.expectAnswer(ctx, t, l, a)
	case *scenario.ExpectCode:
		return s.expectCode(ctx, t, l, a)
	case *scenario.ExpectHangup:
		return s.expectHangup(ctx, t, l, a)
	case *scenario.Cancel:
		return s.cancel(ctx, t, l, a)
	case *scenario.Hold:
		return l.call.Hold(ctx)
	case *scenario.Resume:
		return l.call.Resume(ctx)
	case *scenario.Mute:
		return s.mute(ctx, l, true)
	case *scenario.Unmute:
		return s.mute(ctx, l, false)
	case *scenario.ExpectHold:
		return s.expectHold(ctx, t, l, true, a.Within)
	case *scenario.ExpectResume:
		return s.expectHold(ctx, t, l, false, a.Within)
	case *scenario.Transfer:
		return s.transfer(ctx, t, l, a)
	case *scenario.ExpectTransfer:
		return s.expectTransfer(ctx, t, l, a)
	case *scenario.ExpectPrompt:
		return s.expectPrompt(ctx, t, l, a)
	case *scenario.ExpectTone:
		return s.expectTone(ctx, t, l, a)
	case *scenario.ExpectSilence:
		return s.expectSilence(ctx, t, l, a)
	case *scenario.ExpectSpeech:
		return s.expectSpeech(ctx, t, l, a)
	case *scenario.ExpectMachine:
		return s.expectMachine(ctx, t, l, a)
	case *scenario.ExpectHuman:
		return s.expectHuman(ctx, t, l, a)
	case *scenario.ExpectDTMF:
		return s.expectDTMF(ctx, t, l, a)
	case *scenario.ExpectText:
		return s.expectText(ctx, t, l, a)
	case *scenario.ExpectCodec:
		return s.expectCodec(ctx, t, l, a)
	case *scenario.ExpectMOS:
		return s.expectMOS(ctx, l, a)
	case *scenario.ExpectLoss:
		return s.expectLoss(ctx, l, a)
	case *scenario.ExpectJitter:
		return s.expectJitter(ctx, l, a)
	case *scenario.ExpectRTP:
		return s.expectRTP(ctx, t, l, a)
	case *scenario.ExpectNoAudio:
		return s.expectNoAudio(ctx, l, a)
	case *scenario.Say:
		return s.say(ctx, t, l, a)
	case *scenario.Play:
		return s.play(ctx, t, l, a)
	case *scenario.StopPlaying:
		return s.stopPlaying(ctx, l)
	case *scenario.SendDTMF:
		return s.sendDTMF(ctx, l, a)
	case *scenario.Record:
		return s.record(ctx, l, a)
	}
	return fmt.Errorf("%T cannot be done", t.step.Action)
}

// inCall says in a tester's words that a call was over when something was to be done in it.
func (s *Session) inCall(ctx context.Context, t *task, l *line, err error) error {
	if !errors.Is(err, engine.ErrCallEnded) {
		return err
	}
	// The engine knows it before its event is here.
	if err := s.r.hub.await(ctx, &l.watch, t.until(0), func() (bool, error) { return l.ended != nil, nil }); err != nil {
		return err
	}
	s.r.hub.mu.Lock()
	defer s.r.hub.mu.Unlock()
	if a, ok := t.step.Action.(*scenario.SendDTMF); ok && !l.byUs && !l.ended.Time.Before(t.began.Add(beforeLast(a))) {
		return nil // at the last digit, as menus do that have one for the end
	}
	return failed("the call to go on", l.endLocked())
}

// beforeLast is how long all digits but the last take at least.
func beforeLast(a *scenario.SendDTMF) time.Duration {
	each, d := cmp.Or(a.Duration, keyTime)+a.Gap, time.Duration(0)
	for i := range len(a.Digits) - 1 {
		if d += each; a.Digits[i] == ',' {
			d += time.Second - each
		}
	}
	return d
}

// keyTime is what the engine has a digit take.
const keyTime = 100 * time.Millisecond

// ignoreNone makes a hang-up without a call no mistake.
func ignoreNone(err error) error {
	if errors.Is(err, errNoCall) {
		return nil
	}
	return err
}

func assert(a *scenario.Assert) error {
	holds, err := a.That.Holds()
	if err != nil || holds {
		return err
	}
	heard := "it is not so"
	if a.That.Op != "" {
		heard = fmt.Sprintf("it is %q", a.That.Left)
	}
	if a.Message != "" {
		heard += ": " + a.Message
	}
	return failed(a.That.String(), heard)
}
