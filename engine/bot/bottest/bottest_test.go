package bottest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/bot/bottest"
	"github.com/offhook-voip/offhook/pjsua"
)

func menu(ctx context.Context, c *bot.Call) error {
	if err := c.Answer(ctx); err != nil {
		return err
	}
	d, err := c.Gather(ctx, bot.GatherOptions{Prompt: bot.Text("Press 1 for sales"), Max: 1})
	if err != nil {
		return err
	}
	if d.Value == "1" {
		return c.Transfer(ctx, "sales")
	}
	_, err = c.Say(ctx, "Goodbye")
	return err
}

// failing is a test whose failure is told and not counted.
type failing struct {
	testing.TB
	text string
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// What was expected and did not come is told beside what was heard.
func TestFailures(t *testing.T) {
	for name, tc := range map[string]struct {
		expect func(*bottest.Caller)
		want   []string
	}{
		"another text":   {func(c *bottest.Caller) { c.ExpectSaid("support") }, []string{`"support"`, `"Press 1 for sales"`, `"Goodbye"`, "the call ended (code 200)"}},
		"no transfer":    {func(c *bottest.Caller) { c.Press("2"); c.ExpectTransfer("sales") }, []string{"a transfer to sales", "ended"}},
		"not refused":    {func(c *bottest.Caller) { c.ExpectRefused(486) }, []string{"486"}},
		"no silence":     {func(c *bottest.Caller) { c.ExpectSilence(time.Second) }, []string{"silence", "Press 1"}},
		"no message":     {func(c *bottest.Caller) { c.ExpectMessage("hi") }, []string{"hi"}},
		"still going on": {func(c *bottest.Caller) { c.Hears("press"); c.ExpectHeld(true) }, []string{"hold"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &failing{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					tc.expect(bottest.Call(f, menu, bottest.Options{}))
				}()
				<-done
				for _, want := range tc.want {
					if !strings.Contains(f.text, want) {
						t.Errorf("%q is not in %q", want, f.text)
					}
				}
			})
		})
	}
}

// Two runs are the same, to the sample.
func TestDeterministic(t *testing.T) {
	var before string
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
				if err := c.Answer(ctx); err != nil {
					return err
				}
				p, err := c.Say(ctx, "one two three four five six seven", bot.PauseOn(bot.Speech|bot.Digit))
				for err == nil && !p.Complete {
					c.FlushDigits()
					p, err = c.Continue(ctx)
				}
				return err
			}, bottest.Options{})
			caller.Hears("one")
			caller.Wait(300 * time.Millisecond)
			caller.Says("hm")
			caller.Wait(300 * time.Millisecond)
			caller.Press("1")
			if err := caller.ExpectEnd(); err != nil {
				t.Fatal(err)
			}
			now := fmt.Sprint(caller.Heard(), caller.Audio().Samples)
			if before != "" && now != before {
				t.Fatalf("heard %v, not the same as before", caller.Heard())
			}
			before = now
		})
	}
}

// The bot's audio is an engine.Audio, with all that belongs to it.
func TestAudio(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			if err := c.Answer(ctx); err != nil {
				return err
			}
			a, err := c.Audio(ctx, 8000, pjsua.AudioOptions{})
			if err != nil {
				return err
			}
			buf := make([]int16, 160)
			for range 20 {
				if _, err := a.ReadSamples(buf); err != nil {
					return err
				}
				if _, err := a.WriteSamples([]int16{100, 200, 300}); err != nil {
					return err
				}
			}
			mark := a.Mark("end")
			if m := <-mark; m.Cleared || m.Name != "end" || m.Position != 60 || a.Played() != 60 || a.Queued() != 0 {
				t.Errorf("%+v after %d samples", m, a.Played())
			}
			if err := a.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
				return err
			}
			if _, err := a.ReadSamples(buf); err == nil {
				t.Error("read after the deadline")
			}
			if err := a.Close(); err != nil {
				return err
			}
			if _, err := a.WriteSamples(buf); !errors.Is(err, pjsua.ErrAudioGone) {
				t.Errorf("write after Close: %v", err)
			}
			return nil
		}, bottest.Options{})
		if err := caller.ExpectEnd(); err != nil {
			t.Error(err)
		}
	})
}
