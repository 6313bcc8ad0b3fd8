package main

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/bot/bottest"
)

func open() (*office, *bytes.Buffer) {
	var out bytes.Buffer
	return &office{out: &out, understands: true, free: []string{"Monday at nine", "Tuesday at ten"}}, &out
}

const tuesday = `{"Caller":"sip:caller@example.com","Time":"Tuesday at ten"}` + "\n"

// A caller chooses by keys, the second one before the question is over.
func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := open()
		caller := bottest.Call(t, o.appoint, bottest.Options{})
		caller.ExpectSaid("when do you want to come")
		caller.Press("2")
		caller.Hears("Tuesday at ten. If that is right")
		caller.Press("1")
		caller.ExpectSaid("see you on Tuesday")
		if err := caller.ExpectEnd(); err != nil || out.String() != tuesday {
			t.Errorf("%v, %s", err, out)
		}
	})
}

// A caller interrupts with words; a cough does not lose the question.
func TestBargeIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := open()
		caller := bottest.Call(t, o.appoint, bottest.Options{})
		caller.Hears("when do you want")
		caller.Wait(2 * time.Second)
		caller.Says("ahem")
		caller.ExpectSaid("when do you want") // to its end
		caller.Says("on Tuesday please")
		caller.Interrupt("if that is right", "yes")
		caller.ExpectSaid("see you on Tuesday")
		if err := caller.ExpectEnd(); err != nil || out.String() != tuesday {
			t.Errorf("%v, %s", err, out)
		}
		log := caller.Heard()
		if log[0].From != 0 || log[0].Complete() || log[1].From != log[0].To || !log[1].Complete() {
			t.Errorf("the question was heard as %v and %v", log[0], log[1])
		}
	})
}

// Who never answers is not asked for ever, and who comes when all times are given is refused.
func TestNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, out := open()
		caller := bottest.Call(t, o.appoint, bottest.Options{Timeout: 3 * time.Minute})
		caller.ExpectSaid("I did not understand")
		if err := caller.ExpectEnd(); err != nil || out.Len() > 0 {
			t.Errorf("%v, %s", err, out)
		}
		o.free = nil
		bottest.Call(t, o.appoint, bottest.Options{}).ExpectRefused(486)
	})
}

func TestChoose(t *testing.T) {
	for text, want := range map[string]int{
		"": -1, "Tuesday!": 1, "on monday, at nine": 0, "Monday or Tuesday": -1, "no": -1, "monday Monday": 0,
	} {
		if got := choose(text, []string{"Monday at nine", "Tuesday at ten"}); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
