package engine

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// worker does, one after the other, what a call needs of the phone by itself: the
// answer that the policy decided on, timers, and its links in the conference
// bridge. It runs from the call's first event until all that the call opened is
// closed again. It is woken whenever the call changed, looks at what should be, and
// brings about what is not: nothing queues up.
type worker struct {
	e     *Engine
	phone Phone
	c     *Call

	judged   bool // the verdict was carried out
	held     bool // gate runs
	played   bool // playOnAnswer was
	recorded bool // autoRecording was
	limited  bool // autoHangUpTime runs
	rated    bool // qualityInterval runs
	dialled  bool // the digits of DialRequest.DTMF are being sent
	joined   bool // a conference of the others was joined, where there is one
	told     bool // the file of a rule is being played
	alerted  bool // who speaks was told that it waits
	answer   *time.Timer
	forward  *time.Timer
	hangup   *time.Timer
	gate     *time.Timer
	quality  *time.Timer
	host     CallID               // whose conference was joined, as DialRequest.Conference asks
	rx       pjsua.DirectionStats // at the last CallQuality
	wires    wires
	ear      ear
}

// view is what a worker sees of its call.
type view struct {
	over     bool // the call ended, or the engine did
	closing  bool // nothing is to be opened any more
	reached  int
	answered time.Time
	role     pjsua.Role
	verdict  verdict
	gated    bool
	resync   bool
	audio    audio
	released bool // hang up: it was transferred
	inviteTo CallID
	postDial string
	asked    bool // about a redirect
	follow   bool // is the answer
}

func (e *Engine) serve(ctx context.Context, phone Phone, c *Call) {
	defer e.workers.Done()
	w := &worker{e: e, phone: phone, c: c, answer: stoppedTimer(), forward: stoppedTimer(), hangup: stoppedTimer(),
		gate: stoppedTimer(), quality: stoppedTimer(), wires: newWires(e, phone, c)}
	defer w.answer.Stop()
	defer w.forward.Stop()
	defer w.hangup.Stop()
	defer w.gate.Stop()
	defer w.quality.Stop()
	defer w.wires.retry.Stop()
	defer w.hush()
	for w.step(ctx) {
		select {
		case <-c.wake:
		case <-w.wires.retry.C:
		case <-w.gate.C:
			e.releaseGate(c.id)
		case <-w.quality.C:
			w.tellQuality(ctx)
		case <-w.answer.C:
			w.acceptLater(ctx)
		case <-w.forward.C:
			w.forwardTo(ctx)
		case <-w.hangup.C:
			c.report("hang up", phone.Hangup(ctx, c.id, durationExceeded))
		case <-ctx.Done():
		}
	}
}

// durationExceeded ends a call as MicroSIP does after autoHangUpTime.
var durationExceeded = pjsua.HangupOptions{Msg: pjsua.MsgData{
	Headers: []pjsua.Header{{Name: "Warning", Value: `399 localhost "Call duration exceeded"`}},
}}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (w *worker) look(ctx context.Context) view {
	e, c := w.e, w.c
	e.mu.Lock()
	defer e.mu.Unlock()
	v := view{
		over:     c.endedLocked() || ctx.Err() != nil,
		closing:  e.state != running,
		reached:  c.reached,
		answered: c.answered,
		role:     c.role,
		verdict:  c.verdict,
		gated:    c.gated,
		resync:   c.resync,
		audio:    c.audioLocked(),
		released: c.released,
		inviteTo: c.inviteTo,
		postDial: c.postDial,
		asked:    c.asked,
		follow:   c.follow,
	}
	c.asked = false
	c.released = false
	c.resync = false
	if v.over || v.closing {
		for _, p := range c.plays {
			p.endLocked(playbackStopped)
		}
		for _, r := range c.recs {
			r.endLocked()
		}
	}
	return v
}

// step brings about what should be, and returns false when the call is over and
// everything closed.
func (w *worker) step(ctx context.Context) bool {
	v := w.look(ctx)
	if v.resync && !v.over {
		w.e.resyncCall(ctx, w.phone, w.c)
		released, asked := v.released, v.asked
		v = w.look(ctx)
		v.released, v.asked = v.released || released, v.asked || asked
	}
	if !v.over {
		w.obey(ctx, v)
	}
	w.alert(ctx, v)
	w.wires.close(ctx)
	if v.over {
		return false
	}
	w.wires.sit(ctx)
	w.wires.bring(ctx)
	w.attend(ctx)
	return true
}

// obey carries out the policy.
func (w *worker) obey(ctx context.Context, v view) {
	s := w.e.settings()
	if v.asked {
		op := pjsua.RedirectReject
		if v.follow {
			op = pjsua.RedirectAcceptReplace
		}
		w.c.report("process a redirect", w.phone.ProcessRedirect(ctx, w.c.id, op))
	}
	if v.gated && !w.judged && !w.held {
		w.held = true
		w.gate.Reset(s.HookWait)
	}
	if vd := v.verdict; !w.judged && !v.gated && vd != (verdict{}) {
		w.judged = true
		switch {
		case vd.code >= 300:
			w.c.report("refuse", w.phone.Hangup(ctx, w.c.id, pjsua.HangupOptions{Code: vd.code, Reason: vd.reason}))
		case vd.code != 0 && !w.c.isTaken():
			// An application that answers meanwhile makes it too late to ring.
			if err := w.phone.Answer(ctx, w.c.id, vd.code, pjsua.AnswerOptions{Reason: vd.reason}); !w.c.isTaken() {
				w.c.report("ring", err)
			}
		}
		switch {
		case vd.answer && vd.delay > 0:
			w.answer.Reset(vd.delay)
		case vd.answer:
			w.accept(ctx)
		}
		switch {
		case vd.forward != "" && vd.forwardAfter > 0:
			w.forward.Reset(vd.forwardAfter)
		case vd.forward != "":
			w.forwardTo(ctx)
		}
	}
	if v.reached >= StateConnecting.rank() || v.closing {
		// Somebody else answered, or nobody is to.
		w.answer.Stop()
		w.forward.Stop()
	}
	if v.reached < StateConfirmed.rank() || v.closing {
		return
	}
	if v.released {
		w.c.report("hang up", w.phone.Hangup(ctx, w.c.id, pjsua.HangupOptions{}))
		return
	}
	// An answer may come before the function that dials has said what the call is for.
	if !w.joined || w.host != v.inviteTo {
		w.joined, w.host = true, v.inviteTo
		w.joinConference()
	}
	if !w.dialled && v.postDial != "" {
		w.dialled = true
		w.dialDigits(ctx, v.postDial)
	}
	if s.AutoHangUpTime > 0 && !w.limited {
		w.limited = true
		w.hangup.Reset(time.Until(v.answered.Add(s.AutoHangUpTime)))
	}
	if s.QualityInterval > 0 && !w.rated {
		w.rated = true
		w.quality.Reset(s.QualityInterval)
	}
	if !w.recorded && s.AutoRecording && v.audio.recv {
		w.recorded = true
		w.c.autoRecord(ctx, w.phone)
	}
	if v.verdict.action == config.RulePlay {
		if !w.told && v.audio.send {
			w.told = true
			w.tell(ctx, v.verdict.value)
		}
		return
	}
	if !w.played && s.PlayOnAnswer != "" && v.role == pjsua.RoleUAS && v.audio.send {
		w.played = true
		w.c.playOnAnswer(ctx, w.phone)
	}
}

// accept answers with 200. A call that cannot be answered is refused, or the
// caller would hear it ring for ever.
func (w *worker) accept(ctx context.Context) {
	w.c.decide()
	w.beep(ctx)
	w.e.endOthers(ctx, w.phone, w.c.id)
	w.e.holdOthers(ctx, w.phone, w.c)
	err := w.phone.Answer(ctx, w.c.id, pjsua.CodeOK, pjsua.AnswerOptions{OwnCodecOrder: w.e.settings().ForceCodec})
	if err == nil || isGone(err) {
		return
	}
	w.c.report("answer", err)
	w.c.report("refuse", w.phone.Hangup(ctx, w.c.id, pjsua.HangupOptions{Code: pjsua.CodeInternalServerError}))
}

// acceptLater answers after a delay, unless autoAnswerCalls forbids it by now.
func (w *worker) acceptLater(ctx context.Context) {
	if w.c.verdictNow().only && !w.e.mayAnswer(w.c) {
		return
	}
	w.accept(ctx)
}

// forwardTo forwards the call. One that cannot be forwarded goes on ringing, or rings
// now.
func (w *worker) forwardTo(ctx context.Context) {
	target := w.c.verdictNow().forward
	err := w.c.Forward(ctx, target)
	if err == nil || isGone(err) || errors.Is(err, ErrCallEnded) || errors.Is(err, ErrNotRinging) {
		return
	}
	w.c.report("forward to "+target, err)
	if err := w.phone.Answer(ctx, w.c.id, codeRinging, pjsua.AnswerOptions{}); !w.c.isTaken() {
		w.c.report("ring", err)
	}
}

// tell plays the file of a rule and hangs up after it.
func (w *worker) tell(ctx context.Context, path string) {
	hangUp := func() { w.c.report("hang up", w.phone.Hangup(ctx, w.c.id, pjsua.HangupOptions{})) }
	p, err := w.c.openPlayback(ctx, w.phone, path, false)
	if err != nil {
		w.c.report("play "+path, err)
		hangUp()
		return
	}
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if w.e.state != running {
		return
	}
	w.e.workers.Add(1)
	go func() {
		defer w.e.workers.Done()
		<-p.done
		w.e.mu.Lock()
		ended := p.reason
		w.e.mu.Unlock()
		if ended != playbackStopped && ended != playbackCallEnded {
			hangUp()
		}
	}()
}

// dialDigits sends digits as MicroSIP does after number,digits: from a second after the
// answer on.
func (w *worker) dialDigits(ctx context.Context, digits string) {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	if w.e.state != running {
		return
	}
	w.e.workers.Add(1)
	go func() {
		defer w.e.workers.Done()
		if err := w.c.SendDTMF(ctx, ","+digits, DTMFOptions{}); err != nil && !errors.Is(err, ErrCallEnded) {
			w.c.report("send DTMF", err)
		}
	}()
}

// joinConference brings a call that was answered into the conference that it was dialled
// for, or with auto conference into that of the others.
func (w *worker) joinConference() {
	w.e.mu.Lock()
	defer w.e.mu.Unlock()
	var others []*Call
	if host := w.e.calls[w.c.inviteTo]; host != nil {
		others = append(others, host)
	}
	if w.e.settings().AC {
		others = w.e.callsLocked()
	}
	others = slices.DeleteFunc(others, func(c *Call) bool {
		return c == w.c || c.reached != StateConfirmed.rank() || c.heldLocked() && c.conf == nil && c.id != w.c.inviteTo
	})
	if len(others) == 0 || w.c.endedLocked() {
		return
	}
	conf := w.c.conf
	for _, c := range others {
		conf = cmp.Or(conf, c.conf)
	}
	if conf == nil {
		w.e.lastConf++
		conf = &conference{id: w.e.lastConf, room: w.phone.NewRoom()}
	}
	w.e.groupLocked(conf, append(others, w.c)...)
}

// report logs the failure of a command that nobody waits for.
func (c *Call) report(command string, err error) {
	if err != nil && !isGone(err) {
		c.e.log.Warn("a command for a call failed", "call", c.id, "command", command, "error", err)
	}
}

// isGone says whether a command failed because its call, or the phone, is over.
func isGone(err error) bool {
	return errors.Is(err, pjsua.ErrCallGone) || errors.Is(err, pjsua.ErrPortGone) || errors.Is(err, pjsua.ErrClosed) || errors.Is(err, context.Canceled)
}
