package scenario

// course follows the steps of a scenario and warns of what cannot be, as a hold before any call. It
// knows no more than what steps say: a call that may have been ended by the far end counts as there.
type course struct {
	c *checker
	// calls are the states of actors' calls, by the actor.
	calls map[string]callState
}

type callState int

const (
	noCall callState = iota
	unsure           // several calls, or what only the run knows
	dialled
	ringing // an incoming call
	inCall
	over // there was one, which has been ended
)

func newCourse(c *checker) *course { return &course{c: c, calls: map[string]callState{}} }

func (f *course) run() {
	begins := false
	f.c.s.walk(func(s *Step) {
		switch s.Action.(type) {
		case *Dial, *WaitCall:
			begins = true
		}
	})
	for i := range f.c.s.Actors {
		f.calls[f.c.s.Actors[i].Name] = noCall
		if len(f.c.opts.calling) > 1 || !begins { // one that others call, whose actors have calls already
			f.calls[f.c.s.Actors[i].Name] = unsure
		}
	}
	f.steps(f.c.s.Steps)
	for name := range f.calls { // steps may have been left out
		f.calls[name] = unsure
	}
	f.steps(f.c.s.Finally)
}

func (f *course) steps(steps []Step) {
	ended := false
	for i := range steps {
		s := &steps[i]
		if ended {
			ended = false
			f.c.warn(s.Pos, "the steps after an assert that cannot hold are never done")
		}
		if s.If != (Condition{}) || len(s.Tags) > 0 {
			f.branch(func() { f.step(s) })
			continue
		}
		f.step(s)
		if a, ok := s.Action.(*Assert); ok && a.never() && i+1 < len(steps) {
			ended = true
		}
	}
}

// never reports whether a condition cannot hold, whatever variables are.
func (a *Assert) never() bool {
	if hasVariable(a.That.Left) || hasVariable(a.That.Right) {
		return false
	}
	holds, err := a.That.Holds()
	return err == nil && !holds
}

// branch does what may be done or not: states that differ afterwards are unsure.
func (f *course) branch(do func()) {
	before := make(map[string]callState, len(f.calls))
	for name, state := range f.calls {
		before[name] = state
	}
	do()
	for name, state := range f.calls {
		if before[name] != state {
			f.calls[name] = unsure
		}
	}
}

func (f *course) step(s *Step) {
	switch a := s.Action.(type) {
	case *Parallel:
		f.together(s, a)
		for _, b := range a.Branches {
			f.branch(func() { f.steps(b.Steps) })
		}
		return
	case *Repeat:
		f.branch(func() { f.steps(a.Steps) })
		return
	case *Call:
		for name := range f.calls {
			f.calls[name] = unsure
		}
		return
	}
	actor := f.c.actorOf(s)
	state, ok := f.calls[actor]
	if !ok {
		return
	}
	if s.Line != "" {
		state = unsure
	}
	f.calls[actor] = f.next(s, state, actor)
}

// together warns of an actor who begins calls in several branches at the same time, so that nobody knows
// which of them a step is about.
func (f *course) together(s *Step, a *Parallel) {
	branches := map[string]int{}
	for _, b := range a.Branches {
		begins := map[string]bool{}
		walkSteps(b.Steps, func(inner *Step) {
			switch inner.Action.(type) {
			case *Dial, *WaitCall:
				if inner.Line == "" {
					begins[f.c.actorOf(inner)] = true
				}
			}
		})
		for actor := range begins {
			branches[actor]++
		}
	}
	for _, actor := range f.c.actorNames() {
		if branches[actor] > 1 {
			f.c.warn(s.Pos, "parallel: %s begins a call in %d branches; a line on each of their steps says which one is meant", actor, branches[actor])
		}
	}
}

// next is the state after a step, and warns of a step that the state does not allow.
func (f *course) next(s *Step, state callState, actor string) callState {
	need := func(allowed ...callState) {
		for _, a := range append(allowed, unsure) {
			if a == state {
				return
			}
		}
		name := s.Action.Name()
		switch state {
		case noCall:
			f.c.warn(s.Pos, "%s: %s has no call yet: no step before this one dials or waits for a call", name, actor)
		case over:
			f.c.warn(s.Pos, "%s: the call of %s was ended before this step", name, actor)
		case ringing:
			f.c.warn(s.Pos, "%s: %s has not answered the call before this step", name, actor)
		case dialled:
			f.c.warn(s.Pos, "%s: %s has dialled, and no step before this one expects the answer", name, actor)
		case inCall:
			f.c.warn(s.Pos, "%s: the call of %s is answered before this step", name, actor)
		}
	}
	switch a := s.Action.(type) {
	case *Dial:
		switch {
		case s.Line != "" || state == dialled || state == inCall || state == ringing:
			return unsure
		case a.Wait == WaitAnswer:
			return inCall
		}
		return dialled
	case *WaitCall:
		if state == noCall || state == over {
			return ringing
		}
		return unsure
	case *Answer:
		need(ringing)
		if a.Code >= 180 && a.Code < 200 {
			return state
		}
		return inCall
	case *Reject, *Redirect:
		need(ringing)
		return over
	case *ExpectRinging:
		need(dialled)
	case *ExpectAnswer:
		need(dialled, inCall)
		return inCall
	case *ExpectCode:
		need(dialled, inCall)
		if !a.Code.Has(200) {
			return over
		}
		return unsure
	case *Cancel:
		need(dialled)
	case *ExpectHangup:
		need(dialled, ringing, inCall)
		return over
	case *Hangup:
		if state != noCall {
			return over
		}
	case *Hold, *Resume, *ExpectHold, *ExpectResume, *Transfer, *ExpectTransfer, *ExpectMachine, *ExpectHuman:
		need(inCall)
		if _, ok := a.(*Transfer); ok {
			return unsure
		}
	case *Say, *Play, *SendDTMF, *ExpectDTMF, *ExpectPrompt, *ExpectTone, *ExpectSilence, *ExpectSpeech, *ExpectText,
		*ExpectCodec, *ExpectMOS, *ExpectLoss, *ExpectJitter, *ExpectRTP, *ExpectNoAudio, *Record, *Mute, *Unmute:
		need(dialled, ringing, inCall, over)
		if state == over && !measures(a) {
			need(inCall)
		}
	}
	return state
}

// measures reports whether an action looks at what a call was, which can be done after it.
func measures(a Action) bool {
	switch a.(type) {
	case *ExpectCodec, *ExpectMOS, *ExpectLoss, *ExpectJitter:
		return true
	}
	return false
}
