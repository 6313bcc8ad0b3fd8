package bot

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/offhook-voip/offhook/engine"
)

// endedLine is a call that is over, and whose events are still on their way.
type endedLine struct {
	Line
	done chan struct{}
	f    func(engine.Event)
}

func (l *endedLine) Info() engine.CallInfo       { return engine.CallInfo{} }
func (l *endedLine) Done() <-chan struct{}       { return l.done }
func (l *endedLine) Notify(f func(engine.Event)) { l.f = f }

// A message that came just before the end is not lost.
func TestLastMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &endedLine{done: make(chan struct{})}
		c := newCall(l, Options{}.withDefaults())
		got := make(chan string, 1)
		go func() {
			m, err := c.ReceiveMessage(t.Context())
			if err != nil {
				t.Error(err)
			}
			if _, err := c.ReceiveMessage(t.Context()); !errors.Is(err, engine.ErrCallEnded) {
				t.Errorf("after the last one: %v", err)
			}
			got <- m.Text
		}()
		synctest.Wait()
		close(l.done)
		synctest.Wait()
		l.f(engine.MessageReceived{Text: "goodbye"})
		l.f(engine.CallEnded{})
		if text := <-got; text != "goodbye" {
			t.Errorf("message %q", text)
		}
	})
}
