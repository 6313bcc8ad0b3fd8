package engine

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestAnIncomingCallRings(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		id := r.phone.ring(r.acc1, `"Ann" <sip:ann@far>`, "X-Order: 7", "x-order: 8")
		events := r.expect("IncomingCall", "CallStateChanged EARLY")
		in := events[0].(IncomingCall)
		if in.Account != 1 || in.Call != id || in.Remote != `"Ann" <sip:ann@far>` || in.Source == "" {
			t.Errorf("%+v", in)
		}
		if v := in.HeaderValues("X-Order"); len(v) != 2 || v[0] != "7" || v[1] != "8" {
			t.Errorf("headers %q", v)
		}
		time.Sleep(time.Hour) // of the bubble
		r.journal(words("answer", "hangup"), fmt.Sprintf("answer %d 180", id))
		c, ok := r.e.Call(id)
		if !ok {
			t.Fatal("the call is not in the table")
		}
		if err := c.Answer(t.Context(), 200, ""); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(t.Context(), StateConfirmed); err != nil {
			t.Errorf("Wait: %v", err)
		}
		if info := c.Info(); info.Role != "UAS" || info.Account != 1 || info.Answered.IsZero() || info.Ringing.IsZero() {
			t.Errorf("%+v", info)
		}
	})
}

// An application that answers while the engine is about to ring makes the 180 fail,
// which is nothing to tell anybody.
func TestAnApplicationIsFasterThanTheRinging(t *testing.T) {
	var r *rig
	withEngine(t, func(_ *config.Config, f *fakePhone) {
		f.onAnswer = func(id pjsua.CallID, code pjsua.SIPCode) error {
			if code == pjsua.CodeRinging {
				c, _ := r.e.Call(id)
				c.take() // as Answer does first
				return &pjsua.Error{Op: "answer 180", Status: pjsua.StatusInvalidOp}
			}
			return nil
		}
	}, func(t *testing.T, rig *rig) {
		r = rig
		id := r.phone.ring(r.acc1, "sip:a@far")
		synctest.Wait()
		r.journal(words("answer"), fmt.Sprintf("answer %d 180", id))
		if strings.Contains(r.log.String(), "failed") {
			t.Errorf("log: %s", r.log)
		}
	})
}

func TestAStateThatBeatsIncomingCall(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.phone.newCall(r.acc1, pjsua.RoleUAS, "sip:a@b")
		r.phone.state(c.id, pjsua.StateIncoming, 0, "")
		r.events()
		r.phone.send(pjsua.IncomingCall{EventHeader: r.phone.head(), Call: c.id, Account: r.acc1, Remote: "sip:a@b"})
		r.expect("IncomingCall", "CallStateChanged EARLY")
	})
}

func TestTheStateOfACallThatJustCame(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) {
		f.onAnswer = func(pjsua.CallID, pjsua.SIPCode) error { return nil }
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:a@far")
		r.events()
		if calls := r.e.Calls(); len(calls) != 1 || calls[0].ID != id || calls[0].State != StateIncoming || calls[0].Remote != "sip:a@far" {
			t.Errorf("%+v", calls)
		}
	})
}

func TestAutoAnswer(t *testing.T) {
	for name, test := range map[string]struct {
		set     func(*config.Settings)
		headers []string
		want    []string // after "answer N "
		after   time.Duration
	}{
		"off":             {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerOff }, nil, words("180"), 0},
		"all":             {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerAll }, nil, words("200"), 0},
		"button off":      {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerButton }, nil, words("180"), 0},
		"button on":       {func(s *config.Settings) { s.AutoAnswer, s.AA = config.AutoAnswerButton, true }, nil, words("200"), 0},
		"header absent":   {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, nil, words("180"), 0},
		"X-AUTOANSWER":    {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, words("x-autoanswer: TRUE"), words("200"), 0},
		"X-AUTOANSWER no": {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, words("X-AUTOANSWER: 0"), words("180"), 0},
		"Call-Info":       {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, words("Call-Info: <x>; Auto Answer"), words("200"), 0},
		"answer-after":    {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, words("Call-Info: <x>;answer-after=2"), words("180", "200"), 2 * time.Second},
		"answer-after=0":  {func(s *config.Settings) { s.AutoAnswer = config.AutoAnswerHeader }, words("Call-Info: <x>;answer-after=0"), words("200"), 0},
		"mask fits":       {func(s *config.Settings) { s.AutoAnswer, s.AutoAnswerNumber = config.AutoAnswerAll, "9*; an?" }, nil, words("200"), 0},
		"mask fits not":   {func(s *config.Settings) { s.AutoAnswer, s.AutoAnswerNumber = config.AutoAnswerAll, "9*|[an]nn" }, nil, words("180"), 0},
		"delay": {func(s *config.Settings) {
			s.AutoAnswer, s.AutoAnswerDelay = config.AutoAnswerAll, 3*time.Second
		}, nil, words("180", "200"), 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			withEngine(t, func(c *config.Config, _ *fakePhone) { test.set(&c.Settings) }, func(t *testing.T, r *rig) {
				id := r.phone.ring(r.acc1, "sip:ann@far", test.headers...)
				var want []string
				for _, code := range test.want {
					want = append(want, fmt.Sprintf("answer %d %s", id, code))
				}
				if test.after > 0 {
					r.journal(words("answer"), want[0])
					time.Sleep(test.after - time.Millisecond) // of the bubble
					r.journal(words("answer"), want[0])
					time.Sleep(time.Millisecond)
				}
				r.journal(words("answer"), want...)
				time.Sleep(time.Hour)
				r.journal(words("answer"), want...)
			})
		})
	}
}

func TestAutoAnswerDelayIsOverWhenSomebodyElseDecides(t *testing.T) {
	delayed := func(c *config.Config, _ *fakePhone) {
		c.Settings.AutoAnswer, c.Settings.AutoAnswerDelay = config.AutoAnswerAll, 3*time.Second
	}
	withEngine(t, delayed, func(t *testing.T, r *rig) {
		ring := func(from string) CallID {
			defer synctest.Wait() // each call has its own goroutine
			return r.phone.ring(r.acc1, from)
		}
		cancelled, answered, rejected := ring("sip:a@far"), ring("sip:b@far"), ring("sip:c@far")
		time.Sleep(time.Second) // of the bubble
		r.phone.end(cancelled, 487, "Request Terminated")
		c, _ := r.e.Call(answered)
		if err := c.Answer(t.Context(), 200, ""); err != nil {
			t.Error(err)
		}
		c, _ = r.e.Call(rejected)
		if err := c.Hangup(t.Context(), 486, ""); err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute)
		r.journal(words("answer"),
			fmt.Sprintf("answer %d 180", cancelled), fmt.Sprintf("answer %d 180", answered),
			fmt.Sprintf("answer %d 180", rejected), fmt.Sprintf("answer %d 200", answered))
	})
}

func TestACallThatCannotBeAnsweredIsRefused(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AutoAnswer = config.AutoAnswerAll
		f.onAnswer = func(pjsua.CallID, pjsua.SIPCode) error { return errors.New("no codec in common") }
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:a@far")
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 500 ", id))
	})
}

func TestLimits(t *testing.T) {
	refusal := func(id CallID) string { return fmt.Sprintf("hangup %d 486 Maximum concurrent calls reached", id) }
	t.Run("maxConcurrentCalls", func(t *testing.T) {
		withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.MaxConcurrentCalls = 2 }, func(t *testing.T, r *rig) {
			one := r.phone.ring(r.acc1, "sip:a@far")
			r.dial("1002")
			three := r.phone.ring(r.acc1, "sip:b@far")
			synctest.Wait()
			four := r.phone.ring(r.acc1, "sip:c@far")
			r.journal(words("hangup"), refusal(three), refusal(four))
			// What was refused does not count.
			r.phone.end(one, 487, "")
			r.events()
			r.phone.ring(r.acc1, "sip:d@far")
			r.journal(words("hangup"), refusal(three), refusal(four))
		})
	})
	t.Run("callWaiting", func(t *testing.T) {
		withEngine(t, func(c *config.Config, f *fakePhone) {
			c.Settings.CallWaiting = false
			// Refused calls linger until their ACK.
			f.onHangup = func(pjsua.CallID) error { return nil }
		}, func(t *testing.T, r *rig) {
			one := r.phone.ring(r.acc1, "sip:a@far")
			two := r.phone.ring(r.acc1, "sip:b@far")
			r.journal(words("hangup"), refusal(two))
			r.phone.end(one, 487, "")
			r.events()
			r.phone.ring(r.acc1, "sip:c@far")
			r.journal(words("hangup"), refusal(two))
			r.phone.end(two, 486, "")
		})
	})
	for _, early := range []bool{false, true} {
		t.Run(fmt.Sprintf("a call that is being dialled, known %v", early), func(t *testing.T) {
			withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.MaxConcurrentCalls = 2 }, func(t *testing.T, r *rig) {
				var two, three CallID
				r.phone.onDial = func(id pjsua.CallID, _ string) error {
					if early {
						r.phone.state(id, pjsua.StateCalling, 0, "")
					}
					two = r.phone.ring(r.acc1, "sip:a@far")
					three = r.phone.ring(r.acc1, "sip:b@far")
					time.Sleep(time.Second) // of the bubble
					return nil
				}
				r.dial("1002")
				r.journal(words("hangup"), refusal(three))
				if _, ok := r.e.Call(two); !ok {
					t.Error("the second call was refused")
				}
			})
		})
	}
}

func TestSingleMode(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.SingleMode = true }, func(t *testing.T, r *rig) {
		first, _ := r.connected()
		second, _ := r.connected()
		<-first.Done()
		ringing := r.phone.ring(r.acc1, "sip:a@far")
		other := r.phone.ring(r.acc1, "sip:b@far")
		r.events()
		c, _ := r.e.Call(ringing)
		if err := c.Answer(t.Context(), 200, ""); err != nil {
			t.Fatal(err)
		}
		<-second.Done()
		r.events()
		if _, ok := r.e.Call(other); !ok {
			t.Error("a call that rings was ended")
		}
		if _, ok := r.e.Call(ringing); !ok {
			t.Error("the call that was answered is over")
		}
	})
}

func TestSingleModeAndAutoAnswer(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.SingleMode, c.Settings.AutoAnswer = true, config.AutoAnswerAll
	}, func(t *testing.T, r *rig) {
		first, _ := r.connected()
		id := r.phone.ring(r.acc1, "sip:a@far")
		<-first.Done()
		r.events()
		if calls := r.e.Calls(); len(calls) != 1 || calls[0].ID != id || calls[0].State != StateConfirmed {
			t.Errorf("%+v", calls)
		}
	})
}

func TestAutoHangUpTime(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AutoHangUpTime = 10 * time.Second
	}, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		time.Sleep(time.Minute) // of the bubble; the time counts from the answer
		r.phone.confirm(c.ID())
		r.events()
		time.Sleep(10*time.Second - time.Millisecond)
		r.journal(words("hangup"))
		time.Sleep(time.Millisecond)
		r.journal(words("hangup"), fmt.Sprintf("hangup %d 0  Warning: 399 localhost \"Call duration exceeded\"", c.ID()))
		<-c.Done()
	})
}
