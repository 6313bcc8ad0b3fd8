package bot_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/bot/bottest"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// inBubble is a test whose time is not the machine's.
func inBubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// spoken is what the voice of bottest makes of a text.
func spoken(t *testing.T, text string) []int16 {
	t.Helper()
	a, err := bottest.Voice{}.Speak(t.Context(), text, bot.SpeakOptions{Rate: 16000})
	check(t, err)
	return a.Samples
}

// noise is n samples of which none is 0 and no two stretches are alike.
func noise(n int) []int16 {
	out := make([]int16, n)
	for i, v := uint32(0), uint32(1); int(i) < n; i++ {
		v = v*1664525 + 1013904223
		out[i] = int16(v>>20) + 1
	}
	return out
}

func TestSay(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const text = "Welcome to the office"
		var played bot.Played
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) (err error) {
			if _, err := c.Say(ctx, text); !errors.Is(err, engine.ErrNotAnswered) {
				t.Errorf("before the answer: %v", err)
			}
			check(t, c.Answer(ctx))
			played, err = c.Say(ctx, text)
			return err
		}, bottest.Options{})
		caller.ExpectSaid("welcome")
		check(t, caller.ExpectEnd())
		want := spoken(t, text)
		if !played.Complete || played.Samples != uint64(len(want)) || played.Total != played.Samples || played.HeardText != text || played.By != 0 {
			t.Errorf("%+v, want %d samples", played, len(want))
		}
		if got := caller.Audio().Channel(0); len(got) < len(want) || !slices.Equal(got[index(got, want[:64]):][:len(want)], want) {
			t.Error("the caller heard something else")
		}
	})
}

func index(samples, part []int16) int {
	for i := range len(samples) - len(part) {
		if slices.Equal(samples[i:i+len(part)], part) {
			return i
		}
	}
	return 0
}

// A prompt that is paused, by whatever, loses no sample and repeats none, wherever in a tick
// that was, and another prompt fits in between.
func TestPauseIsExact(t *testing.T) {
	prompt := noise(5*16000 + 77)
	for _, pause := range []time.Duration{time.Millisecond, 100 * time.Millisecond, 1111 * time.Millisecond, 4999 * time.Millisecond} {
		inBubble(t, func(t *testing.T) {
			caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
				check(t, c.Answer(ctx))
				p, err := c.Start(ctx, bot.Samples(16000, prompt), bot.PauseOn(bot.Digit))
				check(t, err)
				played, err := p.Wait(ctx)
				check(t, err)
				if played.By != bot.Digit || played.Complete || played.Samples != p.Played().Samples {
					t.Errorf("paused after %v: %+v, and then %+v", pause, played, p.Played())
				}
				first := played.Samples
				if d := c.FlushDigits(); d != "5" {
					t.Errorf("digits %q", d)
				}
				if _, err := c.Perform(ctx, bot.Silence(time.Second)); err != nil {
					t.Error(err)
				}
				if now := p.Played().Samples; now != first {
					t.Errorf("%d samples, and then %d, while it is paused", first, now)
				}
				played, err = c.Continue(ctx)
				check(t, err)
				if !played.Complete || played.Samples != uint64(len(prompt)) || played.By != 0 {
					t.Errorf("at the end %+v", played)
				}
				_, err = c.Continue(ctx)
				if !errors.Is(err, bot.ErrNothingPaused) {
					t.Errorf("Continue after the end: %v", err)
				}
				return nil
			}, bottest.Options{})
			caller.ExpectAnswered()
			caller.Wait(pause)
			caller.Press("5")
			check(t, caller.ExpectEnd())
			var got []int16
			for _, s := range caller.Audio().Channel(0) {
				if s != 0 {
					got = append(got, s)
				}
			}
			if !slices.Equal(got, prompt) {
				t.Errorf("paused after %v: %d samples of %d were heard, or others", pause, len(got), len(prompt))
			}
		})
	}
}

// Speech pauses a prompt, a digit stops it, and what was heard is known.
func TestBargeIn(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const menu = "Our opening hours are from nine to five on every day of the week but Sunday"
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.Answer(ctx))
			played, err := c.Say(ctx, menu, bot.PauseOn(bot.Speech), bot.StopOn(bot.Digit))
			check(t, err)
			if played.By != bot.Speech || played.Complete || !strings.HasPrefix(menu, played.HeardText) || played.HeardText == "" {
				t.Errorf("interrupted: %+v", played)
			}
			h, err := c.Listen(ctx, bot.ListenOptions{})
			check(t, err)
			if h.Text != "hello there" || h.End != bot.EndSilence || h.Confidence != 1 {
				t.Errorf("heard %+v", h)
			}
			played, err = c.Continue(ctx)
			check(t, err)
			if played.By != bot.Digit || played.Complete {
				t.Errorf("stopped: %+v", played)
			}
			if _, err := c.Continue(ctx); !errors.Is(err, bot.ErrNothingPaused) {
				t.Errorf("Continue of what was stopped: %v", err)
			}
			// A digit that nobody has gathered stops the next one before it begins.
			played, err = c.Say(ctx, "never", bot.StopOn(bot.Digit))
			check(t, err)
			if played.Samples != 0 || played.By != bot.Digit || played.HeardText != "" {
				t.Errorf("after a digit: %+v", played)
			}
			return nil
		}, bottest.Options{})
		caller.Interrupt("opening hours", "hello there")
		caller.Wait(3 * time.Second)
		caller.Press("#")
		check(t, caller.ExpectEnd())
		log := caller.Heard()
		if len(log) != 2 || log[0].To != log[1].From || log[0].From != 0 {
			t.Errorf("heard %v", log)
		}
	})
}

// The caller hangs up in the midst of a prompt.
func TestHangupWhileSpeaking(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		var played bot.Played
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) (err error) {
			check(t, c.Answer(ctx))
			paused, err := c.Start(ctx, bot.Text("this one is paused"))
			check(t, err)
			paused.Pause()
			played, err = c.Say(ctx, "a long sentence that nobody will hear to its end")
			if _, again := paused.Wait(context.Background()); again != nil && !errors.Is(again, engine.ErrCallEnded) {
				t.Errorf("the paused one: %v", again)
			}
			<-ctx.Done()
			if context.Cause(ctx) != engine.ErrCallEnded {
				t.Errorf("the handler's context: %v", context.Cause(ctx))
			}
			return err
		}, bottest.Options{})
		caller.Hears("long sentence")
		caller.Wait(time.Second)
		caller.Hangup()
		if err := caller.ExpectEnd(); !errors.Is(err, engine.ErrCallEnded) {
			t.Errorf("the handler returned %v", err)
		}
		last := caller.Heard()[0]
		if played.Samples != last.To || played.Complete {
			t.Errorf("played %+v, heard %v", played, last)
		}
	})
}

// Two who speak at once are heard one after the other; several prompts are one.
func TestOneMouth(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		path := t.TempDir() + "/music.wav"
		check(t, dsp.WriteWAV(path, &dsp.Audio{Rate: 8000, Channels: 1, Samples: noise(4000)}))
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.EarlyMedia(ctx))
			first, err := c.Start(ctx, bot.Text("first"))
			check(t, err)
			if _, err := c.Perform(ctx, bot.Sequence(bot.Text("second"), bot.Files(path), bot.Beep())); err != nil {
				t.Error(err)
			}
			if !isDone(first.Done()) {
				t.Error("the second was heard before the first")
			}
			return c.Reject(ctx, pjsua.CodeBusyHere)
		}, bottest.Options{})
		for _, what := range []string{"first", "second", "music.wav", "tone"} {
			caller.ExpectSaid(what)
		}
		caller.ExpectRefused(486)
	})
}

func isDone(ch <-chan struct{}) bool {
	select {
	case <-ch:
		return true
	default:
		return false
	}
}

// slow gives a block at a time, with pauses.
type slow struct {
	blocks [][]byte
	pause  time.Duration
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.blocks) == 0 {
		return 0, io.EOF
	}
	time.Sleep(s.pause)
	n := copy(p, s.blocks[0])
	if s.blocks[0] = s.blocks[0][n:]; len(s.blocks[0]) == 0 {
		s.blocks = s.blocks[1:]
	}
	return n, nil
}

// What a reader gives in blocks of odd sizes, and sometimes late, is heard once and in
// order, and only that counts.
func TestPlayReader(t *testing.T) {
	samples := noise(30000)
	var raw []byte
	for _, s := range samples {
		raw = append(raw, byte(s), byte(uint16(s)>>8))
	}
	var blocks [][]byte
	for rest, n := raw, 1; len(rest) > 0; n = (n*7 + 3) % 4001 {
		n = min(n, len(rest))
		blocks = append(blocks, rest[:n])
		rest = rest[n:]
	}
	inBubble(t, func(t *testing.T) {
		caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
			check(t, c.Answer(ctx))
			played, err := c.PlayReader(ctx, &slow{blocks, 150 * time.Millisecond}, 16000)
			check(t, err)
			if !played.Complete || played.Samples != uint64(len(samples)) {
				t.Errorf("%+v", played)
			}
			_, err = c.PlayReader(ctx, io.MultiReader(strings.NewReader("abcd"), broken{}), 16000)
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("a reader that breaks: %v", err)
			}
			return nil
		}, bottest.Options{})
		check(t, caller.ExpectEnd())
		var got []int16
		for _, s := range caller.Audio().Channel(0) {
			if s != 0 {
				got = append(got, s)
			}
		}
		if got = got[:min(len(got), len(samples))]; !slices.Equal(got, samples) {
			t.Errorf("%d samples were heard, want %d", len(got), len(samples))
		}
	})
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
