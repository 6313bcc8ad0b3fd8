//go:build integration && linux

package integration

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
	"github.com/offhook-voip/offhook/test/peers"
)

// An IVR in Asterisk whose prompts were changed is caught, and one whose prompts are only
// softer or noisy is not, by every codec that it speaks, without loss and with 1 %, while
// the call lasts.
func TestAsteriskPromptTrials(t *testing.T) {
	const rate = 16000
	a := peers.StartAsterisk(t)
	s := openStation(t, peers.Loopback, pjsua.Config{})
	accounts := []*pjsua.Account{s.add(at(a.UDP, peers.Loopback, "1001")), s.add(at(a.UDP, peers.Loopback, "1002"))}
	check(t, accounts[1].SetPolicy(s.soon(), &pjsua.Policy{Media: pjsua.MediaPolicy{
		Impair: &pjsua.Impairment{RX: pjsua.PathImpairment{Drop: 1}},
	}}))
	subjects := promptSubjects(t)
	trials, refused := 0, 0
	for k, codec := range []string{"PCMU", "PCMA", "G722", "GSM", "speex/8000", "opus"} {
		check(t, s.SetCodecOrder(s.soon(), codec))
		// A prompt of a synthetic voice, and one of a person's.
		subject := &subjects[k]
		if k%2 == 1 {
			subject = &subjects[len(subjects)-1-k]
		}
		ref, err := dsp.NewPrompt(subject.name, subject.ref, subject.rate)
		check(t, err)
		number := func(i int) string { return fmt.Sprintf("%d%02d", k+1, i) }
		// call begins a call that hears a case, and what it heard is there when done returns.
		call := func(i int) (done func() promptHeard) {
			audio, err := s.dial(accounts[i%2], "sip:618"+number(i)+"@"+a.UDP).Audio(s.soon(), rate,
				pjsua.AudioOptions{WriteBuffer: -1, ReadBuffer: 5 * time.Second})
			check(t, err)
			heard := make(chan promptHeard, 1)
			go func() { heard <- hearPrompt(audio, rate, ref) }()
			return func() promptHeard { return <-heard }
		}
		var done []func() promptHeard
		for i, c := range promptCases {
			a.SetPrompt(number(i), wav.Resample(subject.heard(c, uint64(i)), lineRate, 8000))
			done = append(done, call(i))
		}
		var heard []promptHeard
		for i := range promptCases {
			heard = append(heard, done[i]())
		}
		for i, c := range promptCases {
			h := &heard[i]
			if c.alike && h.at < 0 && h.err == nil {
				t.Logf("%s, %d %% loss, %s, once more: %v", codec, i%2, c.name, h.best)
				*h = call(i)() // a machine that is busy loses audio too
			}
			check(t, h.err)
			trials++
			accepted := h.at >= 0
			t.Logf("%s, %d %% loss, %s: %v", codec, i%2, c.name, h.best)
			switch {
			case accepted && !c.alike:
				t.Errorf("%s: %s was accepted for %q: %v", codec, c.name, subject.name, h.best)
			case !accepted && c.alike:
				refused++
			case accepted && h.at-h.best.To > rate/5:
				t.Errorf("%s: %s was known %d samples after its end", codec, c.name, h.at-h.best.To)
			}
		}
	}
	t.Logf("%d of %d trials refused that should not have been", refused, trials)
	if 100*refused >= trials {
		t.Errorf("%d of %d trials refused that should not have been, want less than 1 %%", refused, trials)
	}
}

// promptHeard is what became of a prompt in a call.
type promptHeard struct {
	best dsp.PromptMatch
	at   int64 // samples that had been heard when the prompt was known, -1: it was not
	err  error
}

// hearPrompt hears a call until its end.
func hearPrompt(audio *pjsua.Audio, rate int, ref *dsp.Prompt) promptHeard {
	h := promptHeard{at: -1}
	var m *dsp.PromptMatcher
	if m, h.err = dsp.NewPromptMatcher(rate, ref); h.err != nil {
		return h
	}
	samples := make([]int16, rate/50)
	look := func(ended []dsp.PromptMatch) {
		for _, match := range ended {
			if match.Likeness >= dsp.DefaultLikeness && h.at < 0 {
				h.best, h.at = match, match.Heard
			}
		}
	}
	for {
		n, err := audio.ReadSamples(samples)
		look(m.Hear(samples[:n]))
		if err != nil {
			if !errors.Is(err, io.EOF) {
				h.err = err
			}
			break
		}
	}
	look(m.End())
	if h.at < 0 {
		h.best, _ = m.Best()
	}
	if err := audio.Close(); h.err == nil {
		h.err = err
	}
	return h
}
