package engine

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestForwarding(t *testing.T) {
	forward := func(delay time.Duration) setup {
		return func(c *config.Config, _ *fakePhone) {
			c.Settings.Forwarding, c.Settings.ForwardingNumber, c.Settings.ForwardingDelay = "all", "1009", delay
		}
	}
	t.Run("at once", func(t *testing.T) {
		withEngine(t, forward(0), func(t *testing.T, r *rig) {
			id := r.phone.ring(r.acc1, "sip:a@far")
			r.journal(words("answer"), fmt.Sprintf("answer %d 302 Contact: <sip:1009@pbx> Diversion: <sip:1001@pbx>", id))
		})
	})
	t.Run("after a while", func(t *testing.T) {
		withEngine(t, forward(5*time.Second), func(t *testing.T, r *rig) {
			id := r.phone.ring(r.acc1, "sip:a@far")
			time.Sleep(5*time.Second - time.Millisecond) // of the bubble
			r.journal(words("answer"), fmt.Sprintf("answer %d 180", id))
			time.Sleep(time.Millisecond)
			r.journal(words("answer"), fmt.Sprintf("answer %d 180", id), fmt.Sprintf("answer %d 302 Contact: <sip:1009@pbx> Diversion: <sip:1001@pbx>", id))
		})
	})
	t.Run("answered before", func(t *testing.T) {
		withEngine(t, forward(5*time.Second), func(t *testing.T, r *rig) {
			id := r.phone.ring(r.acc1, "sip:a@far")
			synctest.Wait()
			c, _ := r.e.Call(id)
			if err := c.Answer(t.Context(), 200, ""); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
			r.journal(words("answer"), fmt.Sprintf("answer %d 180", id), fmt.Sprintf("answer %d 200", id))
		})
	})
	t.Run("nowhere to", func(t *testing.T) {
		withEngine(t, func(c *config.Config, _ *fakePhone) {
			c.Settings.Forwarding, c.Settings.ForwardingNumber = "all", "sip:not a uri"
		}, func(t *testing.T, r *rig) {
			id := r.phone.ring(r.acc1, "sip:a@far")
			r.journal(words("answer"), fmt.Sprintf("answer %d 180", id)) // it rings instead
		})
	})
}

// A call came while the other one rang: it is answered when that is allowed at the end of
// its delay, not before.
func TestAutoAnswerCallsAfterTheDelay(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		s := &c.Settings
		s.AutoAnswer, s.AutoAnswerDelay, s.AutoAnswerCalls = config.AutoAnswerAll, 3*time.Second, ""
	}, func(t *testing.T, r *rig) {
		one := r.phone.ring(r.acc1, "sip:a@far")
		synctest.Wait()
		time.Sleep(time.Second) // of the bubble
		two := r.phone.ring(r.acc1, "sip:b@far")
		synctest.Wait()
		time.Sleep(1500 * time.Millisecond)
		r.phone.end(two, 487, "")
		time.Sleep(time.Minute)
		three := r.phone.ring(r.acc1, "sip:c@far") // beside the first
		time.Sleep(time.Minute)
		r.journal(words("answer"), fmt.Sprintf("answer %d 180", one), fmt.Sprintf("answer %d 180", two),
			fmt.Sprintf("answer %d 200", one), fmt.Sprintf("answer %d 180", three))
	})
}

// Of a call that was forked to this phone twice, one leg rings or is answered, and the
// other one learns that.
func TestAnotherLegOfTheSameCall(t *testing.T) {
	for _, answered := range []bool{true, false} {
		withEngine(t, nil, func(t *testing.T, r *rig) {
			leg := func(callID string) CallID {
				c := r.phone.newCall(r.acc1, pjsua.RoleUAS, "sip:a@far")
				r.phone.send(pjsua.IncomingCall{
					EventHeader: r.phone.head(), Call: c.id, Account: r.acc1, Remote: "sip:a@far", Local: "sip:me@pbx", SIPCallID: callID,
				})
				synctest.Wait()
				return c.id
			}
			one := leg("one")
			c, _ := r.e.Call(one)
			callID := c.Info().SIPCallID
			var err error
			if answered {
				err = c.Answer(t.Context(), 200, "")
			} else {
				err = c.Hangup(t.Context(), 486, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			two := leg(callID)
			if got := r.phone.noted("hangup"); !slices.Contains(got, fmt.Sprintf("hangup %d 487 ", two)) {
				t.Errorf("answered %v: %q", answered, got)
			}
		})
	}
}

func TestRuleEvents(t *testing.T) {
	file := wavFile(t)
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.PlayOnAnswer = file
		c.Rules = []config.Rule{
			{Name: "night", Caller: "ann", Action: config.RulePlay, File: file, Code: 486},
			{Name: "clerk", Caller: "bob", Action: config.RuleBot, Bot: "clerk", Code: 486},
		}
	}, func(t *testing.T, r *rig) {
		r.events()
		id := r.phone.ring(r.acc1, "sip:ann@far")
		events := r.events()
		if i := slices.IndexFunc(events, func(ev Event) bool { _, is := ev.(RuleMatched); return is }); i != 1 || events[i].(RuleMatched).Rule != "night" || events[i].(RuleMatched).Value != file {
			t.Errorf("%v", brief(events))
		}
		// The file is played once, and not playOnAnswer too.
		if got := r.phone.noted("play"); len(got) != 1 {
			t.Fatalf("%q", got)
		}
		var player pjsua.PlayerID
		r.e.mu.Lock()
		for p := range r.e.players {
			player = p
		}
		r.e.mu.Unlock()
		r.phone.send(pjsua.PlayerFinished{EventHeader: r.phone.head(), Player: player})
		r.journal(words("answer", "hangup"), fmt.Sprintf("answer %d 200", id), fmt.Sprintf("hangup %d 0 ", id))

		// A bot's call rings until somebody takes it.
		id = r.phone.ring(r.acc1, "sip:bob@far")
		events = r.events()
		i := slices.IndexFunc(events, func(ev Event) bool { _, is := ev.(RuleMatched); return is })
		if i < 0 || events[i].(RuleMatched).Action != "bot" || events[i].(RuleMatched).Value != "clerk" || events[i].Header().Call != id {
			t.Errorf("%v", brief(events))
		}
		time.Sleep(time.Hour) // of the bubble
		c, ok := r.e.Call(id)
		if !ok || c.Info().State != StateEarly {
			t.Fatal("it does not ring")
		}
		if action, value := c.Rule(); action != config.RuleBot || value != "clerk" || c.Refused() {
			t.Errorf("rule %s %q, refused %t", action, value, c.Refused())
		}
	})
}
