package ivrtest

import (
	"time"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// ExpectPrompt expects that a prompt is heard, to its end. Options: Within, Likeness.
func (a *Actor) ExpectPrompt(file string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectPrompt{File: scenario.SoundFile(file)}, opts...)
}

// ExpectAnyPrompt expects one of several prompts, and returns the file of the one that was
// heard. Options: Within, Likeness.
func (a *Actor) ExpectAnyPrompt(files []string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectPrompt{}
	for _, f := range files {
		e.Any = append(e.Any, scenario.SoundFile(f))
	}
	return a.result(e, &e.As, opts)
}

// ExpectTone expects a tone by its name. Options: Within, For. Do with [scenario.ExpectTone]
// takes frequencies, cadence and country too.
func (a *Actor) ExpectTone(tone scenario.Tone, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectTone{Tone: tone}, opts...)
}

// ExpectSilence expects that nothing is heard for some time. Options: Within.
func (a *Actor) ExpectSilence(d time.Duration, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectSilence{For: d}, opts...)
}

// ExpectSpeech expects that somebody speaks. Options: Within, For.
func (a *Actor) ExpectSpeech(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectSpeech{}, opts...)
}

// ExpectMachine expects that an answering machine has answered. Options: Within, Beep.
func (a *Actor) ExpectMachine(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectMachine{}, opts...)
}

// ExpectHuman expects that a person has answered. Options: Within.
func (a *Actor) ExpectHuman(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectHuman{}, opts...)
}

// ExpectDTMF expects digits and returns them, or the first group of Matches. Where digits is
// empty, any will do, or what Matches says. Options: Within, Matches, Method.
func (a *Actor) ExpectDTMF(digits string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectDTMF{Digits: digits}
	return a.result(e, &e.As, opts)
}

// ExpectText expects that something is said and returns what was, or the first group of
// Matches. Options: Within, Matches.
func (a *Actor) ExpectText(text string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectText{Text: text}
	return a.result(e, &e.As, opts)
}

// ExpectHeader expects a header in a message that the actor received: in is the method of a
// request or the code of a response. It returns the value, or the first group of Matches.
// Options: Within, Equals, Matches, Absent.
func (a *Actor) ExpectHeader(in scenario.MessageKind, header string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectHeader{In: in, Header: header}
	return a.result(e, &e.As, opts)
}

// ExpectBody expects a text in the body of a message, as of [Actor.ExpectHeader]. It returns
// what matches the regular expression, or the first group. Options: Within.
func (a *Actor) ExpectBody(in scenario.MessageKind, expression string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectBody{In: in, Matches: scenario.Pattern(expression)}
	return a.result(e, &e.As, opts)
}

// ExpectCodec expects that one of these codecs is in use, as PCMU or opus.
func (a *Actor) ExpectCodec(codecs ...string) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectCodec{Codec: codecs})
}

// ExpectMOS expects a quality of the call so far, 1 to 4.5. Options: Direction.
func (a *Actor) ExpectMOS(atLeast float64, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectMOS{AtLeast: atLeast}, opts...)
}

// ExpectLoss expects that no more packets were lost so far, in per cent. Options: Direction.
func (a *Actor) ExpectLoss(atMost float64, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectLoss{AtMost: scenario.Percent(atMost)}, opts...)
}

// ExpectJitter expects that the mean jitter is no more so far. Options: Direction.
func (a *Actor) ExpectJitter(atMost time.Duration, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectJitter{AtMost: atMost}, opts...)
}

// ExpectRTP expects that packets flow. Options: Within, Direction.
func (a *Actor) ExpectRTP(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectRTP{}, opts...)
}

// ExpectNoAudio expects that no packets flow. Options: For, Direction.
func (a *Actor) ExpectNoAudio(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectNoAudio{}, opts...)
}
