package bot

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// GatherOptions are the choices of [Call.Gather]. With neither Max nor Terminators a number
// ends when nothing more is pressed.
type GatherOptions struct {
	Prompt Prompt // nil: none
	// NoBargeIn has the prompt heard to its end; digits that come meanwhile count all the
	// same. Otherwise the first one ends it.
	NoBargeIn bool
	Min, Max  int // digits; Max 0: any number, up to a terminator or a pause
	// Allowed digits; empty: all. Another one makes the number invalid at once.
	Allowed string
	// Terminators end the number and are no part of it: "#".
	Terminators string
	// FirstTimeout counts from the end of the prompt, DigitTimeout from each digit. 0 is 5 s
	// and 3 s.
	FirstTimeout, DigitTimeout time.Duration
	// Retries is how often it is asked again when nothing valid came, with Retry, or with
	// Prompt where that is nil.
	Retries int
	Retry   Prompt
}

// Ending says what ended digits, speech or a recording.
type Ending string

// The endings.
const (
	EndMax        Ending = "max"        // all digits are there, or the longest time is over
	EndTerminator Ending = "terminator" // one was pressed
	EndTimeout    Ending = "timeout"    // nothing more was pressed
	EndNothing    Ending = "nothing"    // nothing was pressed or said
	EndInvalid    Ending = "invalid"    // a digit that is not allowed
	EndSilence    Ending = "silence"    // after speech
	EndDigit      Ending = "digit"      // one was pressed, and waits to be gathered
	EndCall       Ending = "call"       // the call ended
)

// Digits is what [Call.Gather] returns.
type Digits struct {
	Value      string
	Terminator string // that was pressed, empty: none
	End        Ending
	Valid      bool // Value has Min digits at least, and only such that are allowed
	Tries      int
}

// Gather has the far end press digits. Digits that came before and that nobody has gathered
// are the first, and the prompt is not heard then. That nothing valid came in time is no
// error: look at Digits.Valid.
func (c *Call) Gather(ctx context.Context, o GatherOptions) (Digits, error) {
	prompt := o.Prompt
	for tries := 1; ; tries++ {
		if prompt != nil {
			var opts []PlayOption
			if !o.NoBargeIn {
				opts = append(opts, StopOn(Digit))
			}
			if _, err := c.Perform(ctx, prompt, opts...); err != nil {
				return Digits{Tries: tries}, err
			}
		}
		d, err := c.digits(ctx, o)
		d.Tries = tries
		if err != nil || d.Valid || tries > o.Retries {
			return d, err
		}
		if o.Retry != nil {
			prompt = o.Retry
		}
	}
}

// digits is one try.
func (c *Call) digits(ctx context.Context, o GatherOptions) (d Digits, err error) {
	timeout := cmp.Or(o.FirstTimeout, 5*time.Second)
	for {
		digit, err := c.digit(ctx, timeout)
		switch {
		case err != nil:
			return d, err
		case digit == "" && d.Value == "":
			d.End = EndNothing
		case digit == "":
			d.End = EndTimeout
		case strings.Contains(o.Terminators, digit):
			d.Terminator, d.End = digit, EndTerminator
		default:
			d.Value += digit
			if o.Allowed != "" && !strings.Contains(o.Allowed, digit) {
				d.End = EndInvalid
			} else if len(d.Value) == o.Max {
				d.End = EndMax
			}
		}
		if d.End != "" {
			d.Valid = d.End != EndInvalid && d.End != EndNothing && len(d.Value) >= o.Min
			return d, nil
		}
		timeout = cmp.Or(o.DigitTimeout, 3*time.Second)
	}
}

// digit returns the next digit, empty when none comes in time.
func (c *Call) digit(ctx context.Context, timeout time.Duration) (string, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		c.mu.Lock()
		changed := c.changed
		if len(c.pressed) > 0 {
			digit := c.pressed[0]
			c.pressed = slices.Delete(c.pressed, 0, 1)
			c.mu.Unlock()
			return digit, nil
		}
		c.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			return "", nil
		case <-c.line.Done():
			return "", c.lives(ctx)
		case <-ctx.Done():
			return "", c.why(ctx)
		}
	}
}

// FlushDigits forgets the digits that nobody has gathered, and returns them.
func (c *Call) FlushDigits() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	digits := strings.Join(c.pressed, "")
	c.pressed = nil
	return digits
}
