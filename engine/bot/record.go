package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// RecordOptions are the choices of [Call.Record].
type RecordOptions struct {
	NoBeep bool
	// Max is how long the recording may be; 0 is 2 min.
	Max time.Duration
	// Silence at its end ends it; 0 is 3 s. So does one at its beginning that is as long as
	// Timeout, 0 being 5 s.
	Silence, Timeout time.Duration
	// Terminators are digits that end it; empty: all of them, "-": none.
	Terminators string
	// Rate of the file in Hz; 0 is the bot's.
	Rate int
}

// Recorded is what [Call.Record] returns.
type Recorded struct {
	Path     string
	Duration time.Duration
	Spoken   bool   // there is speech in it
	Digit    string // that ended it
	End      Ending // EndSilence, EndMax, EndNothing, EndTerminator, EndCall
}

// recordTail is what is kept of the silence at the end.
const recordTail = 500 * time.Millisecond

// Record has the far end leave a message after a beep, in a WAV file of 16 bits and one
// channel, which is replaced where it exists. The silence at its end is left out. When the
// caller hangs up, which is how many end a message, the result is complete and the error
// nil; a recording without speech leaves no file. Digits that were pressed before are forgotten.
func (c *Call) Record(ctx context.Context, path string, o RecordOptions) (rec Recorded, err error) {
	e, err := c.listen(ctx)
	if err != nil {
		return rec, err
	}
	if !o.NoBeep {
		if _, err := c.Perform(ctx, Beep()); err != nil {
			return rec, err
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return rec, fmt.Errorf("bot: record: %w", err)
	}
	rate := cmp.Or(o.Rate, c.opts.Rate)
	w, err := wav.NewWriter(f, rate, 1)
	if err == nil {
		conv := newConverter(c.opts.Rate, rate)
		rec, err = c.record(ctx, e, o, func(samples []int16, last bool) error { return w.Write(conv.convert(samples, last)) })
		err = errors.Join(err, w.Flush())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return rec, fmt.Errorf("bot: record to %s: %w", path, err)
	}
	if !rec.Spoken {
		return rec, os.Remove(path)
	}
	rec.Path = path
	return rec, nil
}

// record writes what is heard from now on.
func (c *Call) record(ctx context.Context, e *ear, o RecordOptions, write func(samples []int16, last bool) error) (rec Recorded, err error) {
	longest := c.samplesIn(cmp.Or(o.Max, 2*time.Minute))
	silence := c.samplesIn(cmp.Or(o.Silence, 3*time.Second))
	timeout := c.samplesIn(cmp.Or(o.Timeout, 5*time.Second))
	c.mu.Lock()
	start := e.nowLocked()
	at, speeches := start, e.speech.count
	holds := silence <= c.samplesIn(earMemory/2) // which the ear remembers
	c.pressed = nil
	if e.speech.active {
		speeches--
	}
	c.barged = false
	for {
		// What may turn out to be the silence at the end is held back.
		now, last := e.nowLocked(), max(start, e.speech.last)
		spoken := e.speech.count > speeches
		upTo := min(now, start+longest)
		switch {
		case e.ended:
			rec.End = EndCall
		case now-start >= longest:
			rec.End = EndMax
		case c.terminatedLocked(o, &rec):
			rec.End = EndTerminator
		case spoken && now-last >= silence:
			rec.End = EndSilence
		case !spoken && now-start >= timeout:
			rec.End = EndNothing
		}
		if holds {
			upTo = min(upTo, last+c.samplesIn(recordTail))
		}
		var samples []int16
		if upTo > at {
			samples = slices.Clone(e.sinceLocked(at)[:upTo-at])
			at = upTo
		}
		rec.Spoken, rec.Duration = spoken, c.timeOf(at-start)
		changed := c.changed
		c.mu.Unlock()
		if err := write(samples, rec.End != ""); err != nil || rec.End != "" {
			return rec, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if c.lives(context.Background()) == nil {
				return rec, ctx.Err()
			}
			<-changed // the ear hears what is buffered
		}
		c.mu.Lock()
	}
}

// terminatedLocked takes the digit that ends a recording; others are forgotten.
func (c *Call) terminatedLocked(o RecordOptions, rec *Recorded) bool {
	for len(c.pressed) > 0 {
		digit := c.pressed[0]
		c.pressed = slices.Delete(c.pressed, 0, 1)
		if o.Terminators == "" || strings.Contains(o.Terminators, digit) {
			rec.Digit = digit
			return true
		}
	}
	return false
}
