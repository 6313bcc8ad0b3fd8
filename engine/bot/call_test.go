package bot_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/bot/bottest"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// What a handler returns before the answer is what the caller gets.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		handler bot.Handler
		code    pjsua.SIPCode
	}{
		"nothing":    {func(context.Context, *bot.Call) error { return nil }, 603},
		"a code":     {func(context.Context, *bot.Call) error { return pjsua.CodeBusyHere }, 486},
		"an error":   {func(context.Context, *bot.Call) error { return errors.New("no") }, 500},
		"a refusal":  {func(context.Context, *bot.Call) error { return &pjsua.CallError{Code: 404, Reason: "Not Found"} }, 404},
		"a panic":    {func(context.Context, *bot.Call) error { panic("oops") }, 500},
		"Reject":     {func(ctx context.Context, c *bot.Call) error { return c.Reject(ctx, 480) }, 480},
		"rings":      {func(ctx context.Context, c *bot.Call) error { return errors.Join(c.Ring(ctx), pjsua.CodeBusyHere) }, 486},
		"no refusal": {func(context.Context, *bot.Call) error { return pjsua.CodeOK }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				caller := bottest.Call(t, tc.handler, bottest.Options{})
				caller.ExpectRefused(tc.code)
				if err := caller.ExpectEnd(); name == "a panic" && (err == nil || !strings.Contains(err.Error(), "oops")) {
					t.Errorf("the panic became %v", err)
				}
			})
		})
	}
}

func TestGather(t *testing.T) {
	for name, tc := range map[string]struct {
		opts  bot.GatherOptions
		press func(*bottest.Caller)
		want  bot.Digits
	}{
		"one digit": {
			bot.GatherOptions{Max: 1}, func(c *bottest.Caller) { c.Press("4") },
			bot.Digits{Value: "4", End: bot.EndMax, Valid: true, Tries: 1},
		},
		"a terminator": {
			bot.GatherOptions{Terminators: "#", Max: 10}, func(c *bottest.Caller) { c.Press("123#9") },
			bot.Digits{Value: "123", Terminator: "#", End: bot.EndTerminator, Valid: true, Tries: 1},
		},
		"a pause ends it": {
			bot.GatherOptions{Min: 2}, func(c *bottest.Caller) { c.Press("12,,3,,,,4") },
			bot.Digits{Value: "123", End: bot.EndTimeout, Valid: true, Tries: 1},
		},
		"too few": {
			bot.GatherOptions{Min: 3, Max: 5}, func(c *bottest.Caller) { c.Press("12") },
			bot.Digits{Value: "12", End: bot.EndTimeout, Tries: 1},
		},
		"nothing": {
			bot.GatherOptions{Max: 1, Prompt: bot.Text("press"), Retries: 2}, func(*bottest.Caller) {},
			bot.Digits{End: bot.EndNothing, Tries: 3},
		},
		"not allowed, then right": {
			bot.GatherOptions{Max: 1, Allowed: "12", Retries: 1, Prompt: bot.Text("press"), Retry: bot.Text("again")},
			func(c *bottest.Caller) {
				c.Hears("press")
				c.Press("7")
				c.Hears("again")
				c.Press("2")
			},
			bot.Digits{Value: "2", End: bot.EndMax, Valid: true, Tries: 2},
		},
		"typed ahead": {
			bot.GatherOptions{Max: 2, Prompt: bot.Text("a prompt that is not needed")}, func(c *bottest.Caller) { c.Press("55") },
			bot.Digits{Value: "55", End: bot.EndMax, Valid: true, Tries: 1},
		},
		"no barge-in": {
			bot.GatherOptions{Max: 1, NoBargeIn: true, Prompt: bot.Text("to the end")}, func(c *bottest.Caller) {
				c.Hears("to the end")
				c.Press("3")
				c.ExpectSaid("to the end")
			},
			bot.Digits{Value: "3", End: bot.EndMax, Valid: true, Tries: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				var got bot.Digits
				caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) (err error) {
					check(t, c.Answer(ctx))
					time.Sleep(500 * time.Millisecond)
					got, err = c.Gather(ctx, tc.opts)
					return err
				}, bottest.Options{})
				caller.ExpectAnswered()
				tc.press(caller)
				check(t, caller.ExpectEnd())
				if got != tc.want {
					t.Errorf("%+v, want %+v", got, tc.want)
				}
				if log := caller.Heard(); name == "typed ahead" && len(log) > 0 {
					t.Errorf("heard %v", log)
				}
			})
		})
	}
}

// The timeouts are what they say: 5 s after the prompt, 3 s after a digit.
func TestGatherTimes(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var took [2]time.Duration
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.Answer(ctx))
			for i := range took {
				begin := time.Now()
				if _, err := c.Gather(ctx, bot.GatherOptions{}); err != nil {
					return err
				}
				took[i] = time.Since(begin)
			}
			return nil
		}, bottest.Options{})
		caller.Wait(6 * time.Second)
		caller.Press("1")
		check(t, caller.ExpectEnd())
		if took != [2]time.Duration{5 * time.Second, 4 * time.Second} {
			t.Errorf("%v", took)
		}
	})
}

func TestListen(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var got []bot.Heard
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.Answer(ctx))
			for _, o := range []bot.ListenOptions{{Prompt: bot.Text("who are you"), Timeout: 20 * time.Second}, {Timeout: 2 * time.Second}, {Max: time.Second}, {}} {
				h, err := c.Listen(ctx, o)
				if err != nil {
					return err
				}
				got = append(got, h)
			}
			return nil
		}, bottest.Options{})
		caller.ExpectSaid("who are you")
		caller.Wait(5 * time.Second)
		caller.SaysSamples(noise(300), 16000) // a click
		caller.Wait(time.Second)
		caller.Says("my name is Anna")
		caller.Wait(4 * time.Second)
		caller.Says("something that takes rather long to say and is cut off")
		caller.Wait(2 * time.Second)
		caller.Press("1")
		check(t, caller.ExpectEnd())
		if len(got) != 4 {
			t.Fatalf("%+v", got)
		}
		if h := got[0]; h.Text != "my name is Anna" || h.End != bot.EndSilence || h.Audio.Duration() > 2*time.Second {
			t.Errorf("%+v", h)
		}
		if h := got[1]; h.Text != "" || h.Audio != nil || h.End != bot.EndNothing {
			t.Errorf("%+v", h)
		}
		if h := got[2]; !strings.HasPrefix("something that takes rather", h.Text) || h.Text == "" || h.End != bot.EndMax {
			t.Errorf("%+v", h)
		}
		if h := got[3]; h.End != bot.EndSilence && h.End != bot.EndDigit {
			t.Errorf("%+v", h)
		}
	})
}

// What interrupted an earlier prompt is not taken for an answer to a later one.
func TestOldSpeech(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.Answer(ctx))
			played, err := c.Say(ctx, "a prompt that is interrupted", bot.StopOn(bot.Speech))
			if err != nil || played.By != bot.Speech {
				t.Errorf("%+v, %v", played, err)
			}
			if _, err := c.Say(ctx, "one that takes so long that the other has said everything"); err != nil {
				return err
			}
			h, err := c.Listen(ctx, bot.ListenOptions{})
			if h.Text != "new" {
				t.Errorf("%+v", h)
			}
			return err
		}, bottest.Options{})
		caller.Interrupt("interrupted", "old")
		caller.ExpectSaid("one that takes")
		caller.Wait(time.Second)
		caller.Says("new")
		check(t, caller.ExpectEnd())
	})
}

func TestRecord(t *testing.T) {
	for name, tc := range map[string]struct {
		opts bot.RecordOptions
		do   func(*bottest.Caller)
		end  bot.Ending
		long time.Duration // 0: no file
	}{
		"silence": {bot.RecordOptions{}, func(c *bottest.Caller) { c.Says("call me back"); c.Wait(5 * time.Second) }, bot.EndSilence, 0},
		"hang-up": {bot.RecordOptions{}, func(c *bottest.Caller) { c.Says("call me back"); c.Hangup() }, bot.EndCall, 0},
		"a digit": {bot.RecordOptions{Rate: 8000}, func(c *bottest.Caller) { c.Says("call me back"); c.Press("#") }, bot.EndTerminator, 0},
		"max":     {bot.RecordOptions{Max: time.Second, Terminators: "-"}, func(c *bottest.Caller) { c.Press("#"); c.Says("call me back") }, bot.EndMax, 0},
		"nothing": {bot.RecordOptions{}, func(c *bottest.Caller) { c.Wait(6 * time.Second) }, bot.EndNothing, -1},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "message.wav")
				var got bot.Recorded
				caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) (err error) {
					check(t, c.Answer(ctx))
					got, err = c.Record(ctx, path, tc.opts)
					check(t, err)
					return nil
				}, bottest.Options{})
				caller.ExpectSaid("tone")
				tc.do(caller)
				check(t, caller.ExpectEnd())
				if got.End != tc.end || got.Spoken != (tc.long == 0) {
					t.Errorf("%+v", got)
				}
				if tc.long < 0 {
					if _, err := os.Stat(path); !os.IsNotExist(err) || got.Path != "" {
						t.Errorf("a recording of nothing: %v %+v", err, got)
					}
					return
				}
				a, err := dsp.ReadWAV(path)
				check(t, err)
				rate := 16000
				if tc.opts.Rate > 0 {
					rate = tc.opts.Rate
				}
				if a.Rate != rate || (a.Duration()-got.Duration).Abs() > 10*time.Millisecond || a.Duration() > 2*time.Second || a.Duration() < 800*time.Millisecond {
					t.Errorf("%v for %+v", a, got)
				}
			})
		})
	}
}

// Everything else of a call, by one handler.
func TestOtherVerbs(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		transfers := 0
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			if h := c.Headers("x-ticket"); len(h) != 1 || h[0] != "17" {
				t.Errorf("headers %v", h)
			}
			check(t, c.Answer(ctx))
			check(t, c.Answer(ctx)) // does nothing
			m, err := c.ReceiveMessage(ctx)
			check(t, err)
			check(t, c.Message(ctx, "you wrote "+m.Text))
			check(t, c.SendDTMF(ctx, "12,3"))
			if err := c.Transfer(ctx, "nobody"); !errors.Is(err, pjsua.CodeNotFound) {
				t.Errorf("transfer: %v", err)
			}
			other, err := c.Consult(ctx, "expert")
			check(t, err)
			if !c.Info().Held {
				t.Error("not on hold while the expert is asked")
			}
			_, err = other.Say(ctx, "there is a call for you")
			check(t, err)
			check(t, c.Conference(ctx, other))
			return c.TransferTo(ctx, other)
		}, bottest.Options{
			Headers: []pjsua.Header{{Name: "X-Ticket", Value: "17"}},
			Transfer: func(string) error {
				if transfers++; transfers == 1 {
					return pjsua.CodeNotFound
				}
				return nil
			},
		})
		caller.Sends("hi")
		caller.ExpectMessage("you wrote hi")
		caller.ExpectDTMF("123")
		expert := caller.Consulted("expert")
		expert.ExpectSaid("a call for you")
		caller.ExpectConference(expert)
		caller.ExpectTransfer("expert")
		check(t, caller.ExpectEnd())
	})
}

// After the end of the call everything says so, whatever the context is.
func TestAfterTheEnd(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		caller := bottest.Call(t, func(_ context.Context, c *bot.Call) error {
			ctx := context.Background()
			check(t, c.Answer(ctx))
			<-c.Done()
			for name, f := range map[string]func() error{
				"Answer":         func() error { return c.Answer(ctx) },
				"Say":            func() error { _, err := c.Say(ctx, "x"); return err },
				"Play":           func() error { _, err := c.Play(ctx, "x.wav"); return err },
				"Continue":       func() error { _, err := c.Continue(ctx); return err },
				"Gather":         func() error { _, err := c.Gather(ctx, bot.GatherOptions{}); return err },
				"Listen":         func() error { _, err := c.Listen(ctx, bot.ListenOptions{}); return err },
				"Record":         func() error { _, err := c.Record(ctx, "x.wav", bot.RecordOptions{}); return err },
				"ReceiveMessage": func() error { _, err := c.ReceiveMessage(ctx); return err },
				"Transfer":       func() error { return c.Transfer(ctx, "x") },
				"Hold":           func() error { return c.Hold(ctx) },
				"SendDTMF":       func() error { return c.SendDTMF(ctx, "1") },
				"Audio":          func() error { _, err := c.Audio(ctx, 0, pjsua.AudioOptions{}); return err },
			} {
				if err := f(); !errors.Is(err, engine.ErrCallEnded) {
					t.Errorf("%s: %v", name, err)
				}
			}
			return c.Hangup(ctx, 0)
		}, bottest.Options{})
		caller.ExpectAnswered()
		caller.Hangup()
		check(t, caller.ExpectEnd())
	})
}
