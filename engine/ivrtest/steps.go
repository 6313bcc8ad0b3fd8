package ivrtest

import (
	"time"

	"github.com/offhook-voip/offhook/engine/scenario"
)

// What steps do and expect is said in package scenario, at the types of the same names.

// Dial calls a SIP URI or a number, and does not wait for the answer.
func (a *Actor) Dial(to string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Dial{To: to}, opts...)
}

// WaitCall waits for an incoming call. Options: Within, From, To.
func (a *Actor) WaitCall(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.WaitCall{}, opts...)
}

// Answer answers the incoming call with 200. Options: Code, Header.
func (a *Actor) Answer(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Answer{}, opts...)
}

// Reject refuses the incoming call. Options: Header.
func (a *Actor) Reject(code int, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Reject{Code: code}, opts...)
}

// Redirect sends the incoming call to another URI. Options: Code.
func (a *Actor) Redirect(to string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Redirect{To: []string{to}}, opts...)
}

// ExpectRinging expects a 180 or 183. Options: Within, Code.
func (a *Actor) ExpectRinging(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectRinging{}, opts...)
}

// ExpectAnswer expects that the call is answered. Options: Within.
func (a *Actor) ExpectAnswer(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectAnswer{}, opts...)
}

// ExpectCode expects a final response to the call. Options: Within.
func (a *Actor) ExpectCode(code int, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectCode{Code: codeList([]int{code})}, opts...)
}

// ExpectHangup expects that the far end ends the call. Options: Within, Code.
func (a *Actor) ExpectHangup(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectHangup{}, opts...)
}

// Cancel gives a call up that is not answered. Options: After, On.
func (a *Actor) Cancel(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Cancel{}, opts...)
}

// Hangup ends the call. It is no mistake when there is none. Options: Code.
func (a *Actor) Hangup(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Hangup{}, opts...)
}

// Hold puts the far end on hold.
func (a *Actor) Hold(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Hold{}, opts...)
}

// Resume takes the far end off hold.
func (a *Actor) Resume(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Resume{}, opts...)
}

// Mute sends silence instead of what is said and played.
func (a *Actor) Mute(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Mute{}, opts...)
}

// Unmute ends a mute.
func (a *Actor) Unmute(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Unmute{}, opts...)
}

// ExpectHold expects that the far end puts this actor on hold. Options: Within.
func (a *Actor) ExpectHold(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectHold{}, opts...)
}

// ExpectResume expects that the far end takes this actor off hold. Options: Within.
func (a *Actor) ExpectResume(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectResume{}, opts...)
}

// Transfer sends the far end to a SIP URI or a number. Options: Within, Expect.
func (a *Actor) Transfer(to string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Transfer{To: to}, opts...)
}

// TransferToLine puts the far end through to that of another call of this actor. Options:
// Within, Expect.
func (a *Actor) TransferToLine(line string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Transfer{ToLine: line}, opts...)
}

// ExpectTransfer expects that the far end asks this actor to call somebody else. The actor has
// to have AcceptTransfers. Options: Within, To.
func (a *Actor) ExpectTransfer(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.ExpectTransfer{}, opts...)
}

// Conference brings the newest calls of the actor and of others together.
func (a *Actor) Conference(others ...*Actor) {
	a.p.t.Helper()
	names := []string{a.name}
	for _, o := range others {
		names = append(names, o.name)
	}
	a.Do(&scenario.Conference{Actors: names})
}

// Message sends a text to a SIP URI or a number, to the far end of the call where to is empty.
// Options: Within, Expect.
func (a *Actor) Message(to, text string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Message{To: to, Text: text}, opts...)
}

// ExpectMessage expects a text and returns it, or the first group of Matches. text is what it
// has to be; empty: anything, or what Matches says. Options: Within, Matches, From.
func (a *Actor) ExpectMessage(text string, opts ...Option) string {
	a.p.t.Helper()
	e := &scenario.ExpectMessage{Text: text}
	return a.result(e, &e.As, opts)
}

// Register registers again, or for the first time. Options: Within, Expect.
func (a *Actor) Register(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Register{}, opts...)
}

// Unregister takes the registration back. Options: Within.
func (a *Actor) Unregister(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Unregister{}, opts...)
}

// Say speaks a text into the call. Options: NoWait.
func (a *Actor) Say(text string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Say{Text: text}, opts...)
}

// Play plays a sound file into the call. Options: NoWait, Loop.
func (a *Actor) Play(file string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Play{Files: []scenario.SoundFile{scenario.SoundFile(file)}}, opts...)
}

// StopPlaying ends what is played and said.
func (a *Actor) StopPlaying(opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.StopPlaying{}, opts...)
}

// SendDTMF sends digits. Options: Method.
func (a *Actor) SendDTMF(digits string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.SendDTMF{Digits: digits}, opts...)
}

// Record records the call into a WAV file beside the other files of the test. The whole of
// each call is recorded without it. Options: Direction.
func (a *Actor) Record(file string, opts ...Option) {
	a.p.t.Helper()
	a.Do(&scenario.Record{File: file}, opts...)
}

// Wait waits, as a step that the report shows.
func (p *Test) Wait(d time.Duration) {
	p.t.Helper()
	p.Do(&scenario.Wait{For: scenario.DurationRange{Min: d, Max: d}})
}

// Log writes a line into the report.
func (p *Test) Log(text string) {
	p.t.Helper()
	p.Do(&scenario.Log{Text: scenario.Literal(text)})
}

// Set gives a variable a value, which scenarios that are called have too.
func (p *Test) Set(name, value string) {
	p.t.Helper()
	p.Do(&scenario.Set{Variables: scenario.Pairs{{Name: name, Value: scenario.Literal(value)}}})
}

// Call does the steps of a scenario in a file. Its actors are those of the test with the same
// names; with gives its variables values.
func (p *Test) Call(file string, with scenario.Pairs) {
	p.t.Helper()
	sc, err := scenario.Load(file, scenario.Options{})
	if err != nil {
		p.fail(err.Error())
	}
	p.Do(&scenario.Call{File: file, With: with, Scenario: sc})
}
