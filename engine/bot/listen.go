package bot

import (
	"cmp"
	"context"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// ListenOptions are the choices of [Call.Listen].
type ListenOptions struct {
	Prompt Prompt // nil: none. Speech and digits end it.
	// Timeout is for how long nothing may be said; 0 is 5 s.
	Timeout time.Duration
	// Silence after speech ends it; 0 is 800 ms.
	Silence time.Duration
	// Max is how long the speech may be; 0 is 30 s.
	Max time.Duration
	// Language, as a BCP 47 tag, and Hints, words that are likely, are for the recogniser.
	Language string
	Hints    []string
	// AudioOnly leaves the recogniser out.
	AudioOnly bool
}

// Heard is what [Call.Listen] returns.
type Heard struct {
	Text string // empty: nothing that the recogniser knows
	// Confidence is the recogniser's, from 0 to 1; 0 where it tells none.
	Confidence float64
	Audio      *dsp.Audio // nil when nothing was said
	End        Ending     // EndSilence, EndMax, EndNothing, EndDigit, EndCall
}

// What is kept around speech, so that soft beginnings and ends are not lost.
const (
	speechLead = 300 * time.Millisecond
	speechTail = 300 * time.Millisecond
)

// Listen waits until the far end has said something, and has it recognised. Speech that
// interrupted the prompt before is part of it. A digit ends it and waits to be gathered.
// That nothing was said in time is no error.
func (c *Call) Listen(ctx context.Context, o ListenOptions) (Heard, error) {
	if c.opts.Recogniser == nil && !o.AudioOnly {
		return Heard{}, ErrNoRecogniser
	}
	e, err := c.listen(ctx)
	if err != nil {
		return Heard{}, err
	}
	if o.Prompt != nil {
		if _, err := c.Perform(ctx, o.Prompt, StopOn(Speech|Digit)); err != nil {
			return Heard{}, err
		}
	}
	samples, end, err := c.utterance(ctx, e, o)
	h := Heard{End: end}
	if len(samples) > 0 {
		h.Audio = &dsp.Audio{Rate: c.opts.Rate, Channels: 1, Samples: samples}
	}
	if err != nil || h.Audio == nil || o.AudioOnly {
		return h, err
	}
	t, err := c.opts.Recogniser.Recognise(ctx, h.Audio, RecogniseOptions{Language: cmp.Or(o.Language, c.opts.Language), Hints: o.Hints})
	if err != nil {
		if c.lives(context.Background()) != nil {
			return h, engine.ErrCallEnded
		}
		return h, err
	}
	h.Text, h.Confidence = t.Text, t.Confidence
	return h, nil
}

// utterance returns the samples of the next speech, none when there was none.
func (c *Call) utterance(ctx context.Context, e *ear, o ListenOptions) ([]int16, Ending, error) {
	timeout := c.samplesIn(cmp.Or(o.Timeout, 5*time.Second))
	silence := c.samplesIn(cmp.Or(o.Silence, 800*time.Millisecond))
	longest := c.samplesIn(cmp.Or(o.Max, 30*time.Second))
	c.mu.Lock()
	defer c.mu.Unlock()
	start := e.nowLocked()
	from := start // speech that began later counts
	switch {
	case c.barged:
		from = c.spoke
	case e.speech.active:
		from = e.speech.onset
	}
	c.barged = false
	var out []int16
	begin, at, spoken := uint64(0), uint64(0), false
	for {
		if !spoken && e.speech.count > 0 && e.speech.onset >= from {
			spoken = true
			begin = max(e.speech.onset-min(e.speech.onset, c.samplesIn(speechLead)), e.first)
			at = begin
		}
		now := e.nowLocked()
		if spoken {
			out = append(out, e.sinceLocked(at)...)
			at = now
		}
		end := Ending("")
		switch {
		case spoken && now-begin >= longest:
			end = EndMax
		case spoken && !e.speech.active && now-e.speech.last >= silence:
			end = EndSilence
			last := e.speech.last + c.samplesIn(speechTail)
			out = out[:min(uint64(len(out)), last-begin)]
		case len(c.pressed) > 0:
			end = EndDigit
		case e.ended:
			end = EndCall
		case !spoken && now-start >= timeout:
			end = EndNothing
		}
		switch {
		case end == EndCall && !spoken:
			return nil, end, engine.ErrCallEnded
		case end != "":
			return out, end, nil
		}
		changed := c.changed
		c.mu.Unlock()
		var err error
		select {
		case <-changed:
		case <-ctx.Done():
			// The end of the call ends a handler's context; what is buffered is heard yet.
			if err = ctx.Err(); c.lives(context.Background()) != nil {
				err = nil
				<-changed
			}
		}
		c.mu.Lock()
		if err != nil {
			return out, "", err
		}
	}
}
