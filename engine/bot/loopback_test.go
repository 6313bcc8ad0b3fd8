//go:build cgo

package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// office is an engine with the real PJSIP, whose bot calls itself.
type office struct {
	*engine.Engine
	*bot.Bot
	t   *testing.T
	uri string // of its own
}

// openOffice runs an engine on loopback until the test ends. handler takes its calls.
func openOffice(t *testing.T, codec string, opts bot.Options, handler bot.Handler) *office {
	t.Helper()
	cfg, err := config.Load(config.Source{})
	check(t, err)
	cfg.Rules = []config.Rule{
		{Name: "a", Header: "X-Do: clerk", Action: config.RuleBot, Bot: "clerk", Code: 486},
		{Name: "b", Header: "X-Do: stranger", Action: config.RuleBot, Bot: "stranger", Code: 486},
		{Name: "c", Header: "X-Do: away", Action: config.RuleReject, Code: 480},
	}
	cfg.Settings.BindAddress, cfg.Settings.AudioCodecs = "127.0.0.1", []string{codec}
	var logs bytes.Buffer
	opts.Logger = hclog.New(&hclog.LoggerOptions{Output: &logs, Level: hclog.Info})
	e, err := engine.New(cfg, opts.Logger)
	check(t, err)
	o := &office{Engine: e, Bot: bot.New(e, opts), t: t}
	o.Handle(handler)
	sub := e.Subscribe()
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- o.Bot.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		sub.Close()
		if t.Failed() {
			t.Log(logs.String())
		}
	})
	for ev := range sub.Events() {
		if ev, ok := ev.(engine.EngineStarted); ok {
			o.uri = "sip:bot@" + ev.Transports[0].Address
			break
		}
	}
	sub.Close()
	if o.uri == "" {
		t.Fatal("the engine did not start")
	}
	return o
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// call dials the bot, and reads what it says until f, which is called with all of it now
// and then, returns false.
func (o *office) call(f func(call *bot.Call, heard []int16) bool) (*bot.Call, []int16) {
	o.t.Helper()
	ctx := soon(o.t)
	call, err := o.Bot.Dial(ctx, o.uri, bot.DialOptions{})
	check(o.t, err)
	a, err := call.Audio(ctx, 0, pjsua.AudioOptions{WriteBuffer: -1, ReadBuffer: time.Minute})
	check(o.t, err)
	defer a.Close()
	deadline, _ := ctx.Deadline()
	check(o.t, a.SetReadDeadline(deadline))
	var heard []int16
	for buf := make([]int16, 1600); ; {
		n, err := a.ReadSamples(buf)
		heard = append(heard, buf[:n]...)
		if err != nil || !f(call, heard) {
			return call, heard
		}
	}
}

// A prompt that a digit pauses goes on with the next sample, as what the far end hears
// shows, and what was played is exact.
func TestLoopbackPause(t *testing.T) {
	const rate = 16000
	prompt := noise(6 * rate)
	type result struct {
		paused, whole bot.Played
		err           error
	}
	results := make(chan result, 1)
	o := openOffice(t, "L16/16000/1", bot.Options{}, func(ctx context.Context, c *bot.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		var r result
		// The far end listens from here on.
		if _, r.err = c.Gather(ctx, bot.GatherOptions{Max: 1, FirstTimeout: time.Minute}); r.err == nil {
			r.paused, r.err = c.Perform(ctx, bot.Samples(rate, prompt), bot.PauseOn(bot.Digit))
		}
		if r.err == nil {
			_, r.err = c.Perform(ctx, bot.Silence(500*time.Millisecond))
		}
		if r.err == nil {
			r.whole, r.err = c.Continue(ctx)
		}
		results <- r
		<-ctx.Done()
		return nil
	})
	for try := 1; ; try++ {
		sent := 0
		pressed := make(chan error, 2)
		var over time.Time
		var r result
		call, heard := o.call(func(call *bot.Call, heard []int16) bool {
			if at := slices.IndexFunc(heard, func(s int16) bool { return s != 0 }); sent == 0 || sent == 1 && at >= 0 && len(heard)-at > 2*rate {
				sent++
				go func() { pressed <- call.SendDTMF(soon(t), "5") }()
			}
			select {
			case r = <-results:
				over = time.Now()
			default:
			}
			return over.IsZero() || time.Since(over) < time.Second
		})
		check(t, r.err)
		check(t, <-pressed)
		check(t, <-pressed)
		check(t, call.Hangup(soon(t), 0))
		k := int(r.paused.Samples)
		if r.paused.By != bot.Digit || r.paused.Complete || !r.whole.Complete || int(r.whole.Samples) != len(prompt) {
			t.Fatalf("paused %+v, at the end %+v", r.paused, r.whole)
		}
		// Late packets leave holes elsewhere on a busy machine; what is next to the pause tells.
		const edge = 100
		last, next := find(heard, prompt[k-edge:k]), find(heard, prompt[k:k+edge])
		if last < 0 || next < 0 {
			if try == 8 {
				t.Fatalf("the samples next to the pause, after %d, never arrived (%d, %d)", k, last, next)
			}
			t.Logf("try %d: packets next to the pause were late", try)
			continue
		}
		if next < last+edge+rate/2 || heard[last+edge] != 0 || heard[next-1] != 0 {
			t.Errorf("paused after %d: the far end heard the samples before and after it at %d and %d, with %d and %d in between",
				k, last, next, heard[last+edge], heard[next-1])
		}
		if find(heard[next:], prompt[k-edge:k]) >= 0 {
			t.Errorf("what was heard before the pause was heard again")
		}
		from := find(heard, prompt[:edge])
		t.Logf("paused after %d samples for %d; all others arrived unchanged: %t", k, next-last-edge,
			from >= 0 && next+len(prompt)-k <= len(heard) && slices.Equal(heard[from:last+edge], prompt[:k]) &&
				slices.Equal(heard[next:next+len(prompt)-k], prompt[k:]))
		return
	}
}

// find returns where part begins in samples, -1 when it is not there.
func find(samples, part []int16) int {
	for i := range len(samples) - len(part) {
		if samples[i] == part[0] && slices.Equal(samples[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}

// A voice says a text to the far end, as long and as loud as it made it; speech of the far
// end interrupts it.
func TestLoopbackSay(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	const text = "Good morning, this is a bot. It speaks until somebody interrupts it, which may take a while."
	speech, err := bot.Espeak{}.Speak(t.Context(), text, bot.SpeakOptions{})
	check(t, err)
	results := make(chan bot.Played, 2)
	failed := make(chan error, 1)
	o := openOffice(t, "PCMA/8000/1", bot.Options{Voice: bot.Espeak{}}, func(ctx context.Context, c *bot.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		_, err := c.Gather(ctx, bot.GatherOptions{Max: 1, FirstTimeout: time.Minute})
		for range 2 {
			if err == nil {
				var p bot.Played
				p, err = c.Say(ctx, text, bot.StopOn(bot.Speech))
				results <- p
				if err == nil {
					_, err = c.Perform(ctx, bot.Silence(time.Second))
				}
			}
		}
		if err == nil {
			return nil
		}
		failed <- err
		return err
	})
	var whole bot.Played
	first := 0
	begun, spoke := false, false
	_, heard := o.call(func(call *bot.Call, heard []int16) bool {
		if !begun {
			begun = true
			go func() { _ = call.SendDTMF(soon(t), "1") }()
		}
		switch {
		case first == 0:
			select {
			case whole = <-results:
				first = len(heard)
			default:
			}
		case !spoke && again(heard[first:]):
			spoke = true
			go func() {
				p, err := call.Start(soon(t), bot.Text("excuse me please, excuse me"))
				if err == nil {
					<-p.Done()
				}
			}()
		}
		return call.Info().State == engine.StateConfirmed
	})
	select {
	case err := <-failed:
		t.Fatal(err)
	default:
	}
	var stopped bot.Played
	select {
	case stopped = <-results:
	default:
		t.Fatal("the second was not said")
	}
	if !whole.Complete || (whole.Duration()-speech.Duration()).Abs() > 5*time.Millisecond {
		t.Errorf("%+v of %v", whole, speech)
	}
	if stopped.Complete || stopped.By != bot.Speech || stopped.Duration() < 100*time.Millisecond || !strings.HasPrefix(text, stopped.HeardText) {
		t.Errorf("interrupted: %+v", stopped)
	}
	// What arrived is as loud as what was made.
	from := slices.IndexFunc(heard, func(s int16) bool { return s > 300 || s < -300 })
	if from < 0 || first < from {
		t.Fatal("nothing was heard")
	}
	got, want := level(heard[from:min(first, from+int(whole.Samples))]), level(speech.Samples)
	t.Logf("said %v at %.1f dBov, heard at %.1f; interrupted after %v: %q", whole.Duration(), want, got, stopped.Duration(), stopped.HeardText)
	if got < want-2 || got > want+2 {
		t.Errorf("heard at %.1f dBov, made at %.1f", got, want)
	}
}

// again says whether there is speech in samples after half a second of silence.
func again(samples []int16) bool {
	quiet := 0
	for _, s := range samples {
		if quiet++; s > 300 || s < -300 {
			if quiet > 8000 {
				return true
			}
			quiet = 0
		}
	}
	return false
}

// level is that of samples in dBov.
func level(samples []int16) float64 {
	sum := 0.0
	for _, s := range samples {
		sum += float64(s) * float64(s)
	}
	return 10 * math.Log10(sum/float64(len(samples))/(32768*32768))
}

// The bot's own calls: refused with a code, not answered in time, and by DialFunc.
func TestLoopbackDial(t *testing.T) {
	o := openOffice(t, "PCMA/8000/1", bot.Options{}, func(ctx context.Context, c *bot.Call) error {
		switch h := c.Headers("X-Do"); fmt.Sprint(h) {
		case "[refuse]":
			return pjsua.CodeBusyHere
		case "[ring]":
			if err := c.Ring(ctx); err != nil {
				return err
			}
			<-ctx.Done()
			return ctx.Err()
		}
		if err := c.Answer(ctx); err != nil {
			return err
		}
		m, err := c.ReceiveMessage(ctx)
		if err != nil {
			return err
		}
		return c.Message(ctx, m.Text+" yourself")
	})
	do := func(what string) bot.DialOptions {
		return bot.DialOptions{Headers: []pjsua.Header{{Name: "X-Do", Value: what}}, Timeout: 20 * time.Second}
	}
	if _, err := o.Bot.Dial(soon(t), o.uri, do("refuse")); !errors.Is(err, pjsua.CodeBusyHere) {
		t.Errorf("refused: %v", err)
	}
	// Nobody answers, and a rule has found a bot that is not here.
	for _, what := range []string{"ring", "stranger"} {
		rings := do(what)
		rings.Timeout = time.Second
		if _, err := o.Bot.Dial(soon(t), o.uri, rings); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
	}
	o.HandleRule("clerk", func(context.Context, *bot.Call) error { return pjsua.CodeNotFound })
	if _, err := o.Bot.Dial(soon(t), o.uri, do("clerk")); !errors.Is(err, pjsua.CodeNotFound) {
		t.Errorf("the clerk's: %v", err)
	}
	if _, err := o.Bot.Dial(soon(t), o.uri, do("away")); !errors.Is(err, pjsua.SIPCode(480)) {
		t.Errorf("a call that a rule refuses: %v", err)
	}
	err := o.DialFunc(soon(t), o.uri, do("talk"), func(ctx context.Context, c *bot.Call) error {
		if err := c.Message(ctx, "greetings"); err != nil {
			return err
		}
		m, err := c.ReceiveMessage(ctx)
		if err == nil && m.Text != "greetings yourself" {
			t.Errorf("message %q", m.Text)
		}
		<-ctx.Done() // the bot hangs up
		return err
	})
	check(t, err)
}
