package bot

import (
	"context"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// AnsweredBy tells whether a human or a machine has answered a call that the bot made, from
// what it hears: call it right after [Bot.Dial], before anything is said. It returns when it
// is sure enough, after 8 s at the latest.
func (c *Call) AnsweredBy(ctx context.Context) (dsp.Answer, error) {
	e, err := c.listen(ctx)
	if err != nil {
		return dsp.Answer{}, err
	}
	d, err := dsp.NewAnswerDetector(c.opts.Rate, dsp.AnswerOptions{})
	if err != nil {
		return dsp.Answer{}, err
	}
	var found []dsp.Answer
	at, err := c.hearUntil(ctx, e, 0, func(samples []int16) bool {
		found = d.Hear(samples)
		return len(found) > 0
	})
	if err != nil {
		return dsp.Answer{}, err
	}
	c.mu.Lock()
	c.decided = at
	c.mu.Unlock()
	return found[len(found)-1], nil
}

// beepBefore is how long before the end of AnsweredBy a beep may have begun.
const beepBefore = 500 * time.Millisecond

// WaitBeep waits for the tone after which a machine takes a message, at most for a time; the
// Length of the beep is 0 when none came.
func (c *Call) WaitBeep(ctx context.Context, within time.Duration) (dsp.Beep, error) {
	e, err := c.listen(ctx)
	if err != nil {
		return dsp.Beep{}, err
	}
	d, err := dsp.NewBeepDetector(c.opts.Rate)
	if err != nil {
		return dsp.Beep{}, err
	}
	c.mu.Lock()
	now := e.nowLocked()
	from := now
	if c.decided > 0 {
		from = max(c.decided, c.samplesIn(beepBefore)) - c.samplesIn(beepBefore)
	}
	c.mu.Unlock()
	end := now + c.samplesIn(within)
	var beep dsp.Beep
	at := from
	_, err = c.hearUntil(ctx, e, from, func(samples []int16) bool {
		at += uint64(len(samples))
		for _, b := range d.Hear(samples) {
			beep = b
		}
		return beep.Length > 0 || at >= end
	})
	return beep, err
}

// hearUntil hands what the ear has heard since a position to hear, until that says that it
// is enough, and returns the position then.
func (c *Call) hearUntil(ctx context.Context, e *ear, at uint64, hear func([]int16) bool) (uint64, error) {
	for {
		c.mu.Lock()
		at = max(at, e.first)
		samples := append([]int16(nil), e.sinceLocked(at)...)
		ended, changed := e.ended, c.changed
		c.mu.Unlock()
		at += uint64(len(samples))
		switch {
		case hear(samples):
			return at, nil
		case ended:
			return at, engine.ErrCallEnded
		}
		if err := c.wait(ctx, changed); err != nil {
			return at, err
		}
	}
}
