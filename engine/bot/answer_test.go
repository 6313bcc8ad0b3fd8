package bot_test

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/bot/bottest"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Who answers a call of the bot is told from what is heard: a human who says a word, a
// machine that talks on and beeps, nobody.
func TestAnsweredBy(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	speech := func(text string) []int16 {
		a, err := bot.Espeak{}.Speak(t.Context(), text, bot.SpeakOptions{})
		check(t, err)
		return wav.Resample(a.Samples, a.Rate, 16000)
	}
	pause := dsp.Silence(16000, time.Second)
	for name, tc := range map[string]struct {
		says []int16
		want dsp.Answerer
		beep bool
	}{
		"human":   {dsp.Concat(pause[:8000], speech("Hello?")), dsp.AnswererHuman, false},
		"machine": {dsp.Concat(pause[:8000], speech("Hello, this is the answering machine of the Miller family. We are not at home at the moment. Please leave a message after the tone."), pause, dsp.GenerateTone(16000, 500*time.Millisecond, -15, 1000)), dsp.AnswererMachine, true},
		"nobody":  {nil, dsp.AnswererNoAudio, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				caller := bottest.Call(t, func(ctx context.Context, c *bot.Call) error {
					got, err := c.AnsweredBy(ctx)
					if err != nil || got.By != tc.want {
						t.Errorf("%v, %v", got, err)
					}
					beep, err := c.WaitBeep(ctx, 15*time.Second)
					if err != nil || (beep.Length > 0) != tc.beep {
						t.Errorf("beep %+v, %v", beep, err)
					}
					return nil
				}, bottest.Options{Answered: true})
				if len(tc.says) > 0 {
					caller.SaysSamples(tc.says, 16000)
				}
				check(t, caller.ExpectEnd())
			})
		})
	}
}
