package ivrtest_test

import (
	"os"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/ivrtest"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua/secret"
)

// A test of a menu: it stands in a file whose name ends in _test.go, with the prompts beside it.
func Example() {
	_ = func(t *testing.T) { // func TestMenu(t *testing.T)
		p := ivrtest.New(t, ivrtest.Options{})
		caller := p.Actor("caller", scenario.Actor{
			Server: "pbx.example.com", Username: "1001", Password: secret.New(os.Getenv("PBX_PASSWORD")),
		})
		caller.Dial("sip:500@pbx.example.com")
		caller.ExpectAnswer(ivrtest.Within(5 * time.Second))
		caller.ExpectPrompt("welcome.wav", ivrtest.Within(4*time.Second))
		caller.SendDTMF("1")
		caller.ExpectPrompt("sales.wav", ivrtest.Within(4*time.Second), ivrtest.Likeness(80))
		caller.Hangup()
	}
}

// Two actors who talk with each other: one calls, the other is called.
func ExampleTest_Parallel() {
	_ = func(t *testing.T) {
		p := ivrtest.New(t, ivrtest.Options{})
		customer := p.Actor("customer", scenario.Actor{})
		agent := p.Actor("agent", scenario.Actor{Server: "pbx.example.com", Username: "1002"})
		customer.Dial("sip:500@pbx.example.com")
		agent.WaitCall(ivrtest.Within(10 * time.Second))
		agent.Answer()
		p.Parallel(
			func() { agent.Play("hello.wav") },
			func() { customer.ExpectPrompt("hello.wav", ivrtest.Within(2*time.Second)) },
		)
	}
}
