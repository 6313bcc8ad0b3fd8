package pjsua

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// ToneID is the serial number of a ToneGenerator, as CallID is of a call.
type ToneID int64

// Tone is one tone and the silence after it (pjmedia_tone_desc).
type Tone struct {
	// Freq1 and Freq2 are its frequencies in Hz; 0 as Freq2: there is but one.
	Freq1, Freq2 int
	On, Off      time.Duration // whole milliseconds, up to 32.767 s
	// Volume is the amplitude as a part of full scale, of which two frequencies have
	// half each; 0 means 0.375 (PJMEDIA_TONEGEN_VOLUME).
	Volume float64
}

// ToneDigits are the choices of [ToneGenerator.PlayDigits] (pjmedia_tone_digit).
type ToneDigits struct {
	On, Off time.Duration // of each digit; 0 means 100 ms on and 100 ms off
	Volume  float64       // as that of Tone
	Loop    bool          // from the beginning again, until Stop or StopLoop
}

// ToneOptions are the choices of [Endpoint.NewToneGenerator].
type ToneOptions struct {
	Rate int // 8000, 16000, 24000 or 48000 Hz; 0 means 16000
}

// PlayTonesOptions are the choices of [ToneGenerator.Play].
type PlayTonesOptions struct {
	Loop bool // from the first again, until Stop or StopLoop
}

// DigitTone is what a digit sounds like (pjmedia_tone_digit_map).
type DigitTone struct {
	Digit        byte
	Freq1, Freq2 int // Hz
}

// maxDigitMap is how many digits a generator knows, maxTones how many tones it takes at
// once (PJMEDIA_TONEGEN_MAX_DIGITS is one more).
const (
	maxDigitMap = 16
	maxTones    = 31
)

// toneMillis checks that d is a time that a generator takes.
func toneMillis(what string, d time.Duration) error {
	if d < 0 || d > math.MaxInt16*time.Millisecond || d%time.Millisecond != 0 {
		return fmt.Errorf("pjsua: tone: %s %v is not a whole number of milliseconds up to 32.767 s", what, d)
	}
	return nil
}

func toneVolume(v float64) error {
	if v < 0 || v > 1 {
		return fmt.Errorf("pjsua: tone: volume %v is outside 0 to 1", v)
	}
	return nil
}

func toneFreq(f int, optional bool) error {
	if optional && f == 0 || f > 0 && f < 24000 {
		return nil
	}
	return fmt.Errorf("pjsua: tone: %d Hz", f)
}

// Validate reports everything that is wrong with the tone, joined.
func (tone Tone) Validate() error {
	var length error
	if tone.On <= 0 {
		length = errors.New("pjsua: tone: it has no length")
	}
	return errors.Join(toneFreq(tone.Freq1, false), toneFreq(tone.Freq2, true), length,
		toneMillis("on", tone.On), toneMillis("off", tone.Off), toneVolume(tone.Volume))
}

// Validate reports everything that is wrong with o, joined.
func (o ToneDigits) Validate() error {
	return errors.Join(toneMillis("on", o.On), toneMillis("off", o.Off), toneVolume(o.Volume))
}

// toneDigits is digits as the generator knows them: in lower case.
func toneDigits(digits string) string { return strings.ToLower(digits) }
