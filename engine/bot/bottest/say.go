package bottest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Wait lets the call go on for a while.
func (c *Caller) Wait(d time.Duration) { time.Sleep(d) }

// Press presses keys, five in a second; a comma is a pause of a second. It returns when the
// last was released.
func (c *Caller) Press(digits string) {
	for _, d := range digits {
		if d == ',' {
			time.Sleep(time.Second)
			continue
		}
		c.deliver("DTMFReceived", func(h engine.EventHeader) engine.Event {
			return engine.DTMFReceived{EventHeader: h, Digit: string(d), Method: "RFC4733"}
		})
		time.Sleep(200 * time.Millisecond)
	}
}

// Says says a text, which the bot's recogniser will understand, and returns when it is
// said. What the bot says meanwhile goes on, unless the bot stops it.
func (c *Caller) Says(text string) {
	var samples []int16
	for i, w := range strings.Fields(text) {
		samples = append(samples, burst(text, i, w, c.rate)...)
	}
	c.mu.Lock()
	c.texts = append(c.texts, text)
	c.mu.Unlock()
	c.SaysSamples(samples, c.rate)
}

// SaysSamples says samples of 16 bits at a rate in Hz: a cough, noise, or speech for a
// recogniser of the test's own. It returns when they are said.
func (c *Caller) SaysSamples(samples []int16, rate int) {
	samples = wav.Resample(samples, rate, c.rate)
	c.change(func() { c.says = append(c.says, samples...) })
	for {
		c.mu.Lock()
		done, changed := len(c.says) == 0 || c.over, c.changed
		c.mu.Unlock()
		if done {
			return
		}
		<-changed
	}
}

// SaysWAV says a WAV file.
func (c *Caller) SaysWAV(path string) {
	c.t.Helper()
	a, err := wav.Read(path)
	if err != nil {
		c.t.Fatal(err)
	}
	c.SaysSamples(a.Mono(), a.Info.Rate)
}

// Interrupt waits until the bot says what contains a text, lets it go on for half a second,
// and says another text over it.
func (c *Caller) Interrupt(prompt, text string) {
	c.t.Helper()
	c.Hears(prompt)
	time.Sleep(500 * time.Millisecond)
	c.Says(text)
}

// Sends sends a MESSAGE to the bot.
func (c *Caller) Sends(text string) {
	c.deliver("MessageReceived", func(h engine.EventHeader) engine.Event {
		return engine.MessageReceived{EventHeader: h, From: c.opts.From, To: c.opts.To, ContentType: "text/plain", Text: text}
	})
}

// Hangup ends the call: with BYE, or CANCEL where it is not answered.
func (c *Caller) Hangup() {
	c.mu.Lock()
	code := pjsua.SIPCode(200)
	if c.answered.IsZero() {
		code = 487
	}
	c.mu.Unlock()
	c.end(code)
}

// ExpectAnswered waits until the bot has answered.
func (c *Caller) ExpectAnswered() {
	c.t.Helper()
	c.waitFor("an answer", func() bool { return !c.answered.IsZero() })
}

// ExpectRefused waits until the bot has refused the call with code.
func (c *Caller) ExpectRefused(code pjsua.SIPCode) {
	c.t.Helper()
	c.waitFor(fmt.Sprintf("a refusal with %d", int(code)), func() bool { return c.over && c.answered.IsZero() && c.code == code })
}

// Hears waits until the bot begins to say a text, or to play a file, that contains what, in
// any case.
func (c *Caller) Hears(what string) Said {
	c.t.Helper()
	return c.find(fmt.Sprintf("to hear %q", what), what, func(Said) bool { return true })
}

// ExpectSaid waits until the bot has said a text to its end, or played a file, that contains
// what, in any case. Each stretch that was heard is found once, and none before one that was
// found.
func (c *Caller) ExpectSaid(what string) Said {
	c.t.Helper()
	s := c.find(fmt.Sprintf("to hear %q to its end", what), what, Said.Complete)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = slices.Index(c.log, s) + 1
	return s
}

func (c *Caller) find(expected, what string, ok func(Said) bool) (found Said) {
	c.t.Helper()
	c.waitFor(expected, func() bool {
		for i := c.seen; i < len(c.log); i++ {
			if s := c.log[i]; strings.Contains(strings.ToLower(s.What), strings.ToLower(what)) && ok(s) {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// ExpectSilence waits for d, and fails the test when something is heard meanwhile.
func (c *Caller) ExpectSilence(d time.Duration) {
	c.t.Helper()
	c.mu.Lock()
	from := len(c.heard)
	c.mu.Unlock()
	time.Sleep(d)
	c.mu.Lock()
	heard := c.heard[from:]
	c.mu.Unlock()
	if i := slices.IndexFunc(heard, func(s int16) bool { return s != 0 }); i >= 0 {
		c.t.Fatalf("expected silence for %v; %v of it were over when something was heard. %s", d,
			time.Duration(i)*time.Second/time.Duration(c.rate), c.story())
	}
}

// ExpectTransfer waits until the bot has transferred the call to target.
func (c *Caller) ExpectTransfer(target string) {
	c.t.Helper()
	c.waitFor("a transfer to "+target, func() bool { return slices.Contains(c.transfers, target) })
}

// ExpectMessage waits until the bot has sent a message that contains text.
func (c *Caller) ExpectMessage(text string) {
	c.t.Helper()
	c.waitFor(fmt.Sprintf("a message %q", text), func() bool {
		return slices.ContainsFunc(c.messages, func(m string) bool { return strings.Contains(m, text) })
	})
}

// ExpectDTMF waits until the bot has pressed these keys and no others.
func (c *Caller) ExpectDTMF(digits string) {
	c.t.Helper()
	c.waitFor("the digits "+digits, func() bool { return c.digits == digits })
}

// ExpectHeld waits until the bot has put the call on hold, or with false resumed it.
func (c *Caller) ExpectHeld(held bool) {
	c.t.Helper()
	c.waitFor(fmt.Sprintf("hold: %t", held), func() bool { return c.held == held })
}

// ExpectConference waits until the bot has brought the call into one conference with other.
// This package does not mix the voices.
func (c *Caller) ExpectConference(other *Caller) {
	c.t.Helper()
	c.waitFor("a conference", func() bool { return slices.Contains(c.joined, other) })
}

// Consulted waits until the bot calls target from within the call, and returns who is
// called there.
func (c *Caller) Consulted(target string) (party *Caller) {
	c.t.Helper()
	c.waitFor("a call to "+target, func() bool {
		i := slices.IndexFunc(c.parties, func(p *Caller) bool { return p.target == target })
		if i >= 0 {
			party = c.parties[i]
		}
		return i >= 0
	})
	return party
}

// ExpectEnd waits until the bot has ended the call, and its handler has returned, and
// returns the handler's error.
func (c *Caller) ExpectEnd() error {
	c.t.Helper()
	limit := time.NewTimer(c.opts.Timeout)
	defer limit.Stop()
	select {
	case <-c.ended:
		return c.result
	case <-limit.C:
		c.t.Fatalf("expected the end of the handler within %v. %s", c.opts.Timeout, c.story())
		return nil
	}
}

// Code is the call's last status code, 0 while there is none.
func (c *Caller) Code() pjsua.SIPCode {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.code
}

// Heard is what was heard until now, in order.
func (c *Caller) Heard() []Said {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log)
}

// Audio is both sides of the call since its beginning: what was heard of the bot on the
// left, what the caller has said on the right.
func (c *Caller) Audio() *dsp.Audio {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := &dsp.Audio{Rate: c.rate, Channels: 2}
	for i := range c.heard {
		out.Samples = append(out.Samples, c.heard[i], c.said[i])
	}
	return out
}
