package bot

import (
	"slices"
	"strings"
	"time"
)

// Interruption is what came between. Several can be joined with |.
type Interruption int

// What can come between.
const (
	Digit   Interruption = 1 << iota // the far end pressed a key
	Speech                           // the far end speaks
	Stopped                          // [Playing.Stop] or [Playing.Pause] was called
)

func (i Interruption) String() string {
	var names []string
	for bit, name := range map[Interruption]string{Digit: "digit", Speech: "speech", Stopped: "stopped"} {
		if i&bit != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, "|")
}

// PlayOption is a choice of [Call.Say], [Call.Start] and their like.
type PlayOption func(*playOptions)

type playOptions struct {
	stop, pause Interruption
	language    string
}

// StopOn ends a prompt when what comes. Digits that nobody has gathered yet end it before
// it begins.
func StopOn(what Interruption) PlayOption { return func(o *playOptions) { o.stop |= what } }

// PauseOn pauses a prompt when what comes: [Call.Continue] goes on with the next sample.
func PauseOn(what Interruption) PlayOption { return func(o *playOptions) { o.pause |= what } }

// In has texts said in a language, as a BCP 47 tag, instead of the bot's.
func In(language string) PlayOption { return func(o *playOptions) { o.language = language } }

// Played is how much of a prompt the far end was sent.
type Played struct {
	// Samples is exact: the clock of the conference bridge has taken so many, at Rate in Hz.
	Samples uint64
	Rate    int
	// Total is how many the prompt has; of a [Reader] that has not ended, how many came.
	Total    uint64
	Complete bool
	// By is what stopped or paused it, 0 when nothing did.
	By Interruption
	// HeardText is the part of the prompt's texts that was heard, up to the last whole word.
	// It is an estimate, since voices do not tell where words are; complete texts are exact.
	HeardText string
}

// Duration is how long the far end has heard it.
func (p Played) Duration() time.Duration {
	if p.Rate == 0 {
		return 0
	}
	return time.Duration(p.Samples * uint64(time.Second) / uint64(p.Rate))
}
