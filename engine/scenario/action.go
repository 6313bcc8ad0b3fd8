package scenario

import "time"

// Action is what a step does: one of the types whose names stand in the comment of each file
// action*.go. All are pointers to structs.
type Action interface {
	// Name is the key of the action in a scenario, as "expect-prompt".
	Name() string
}

// Dial calls somebody. It does not wait, so that the next step can expect ringing; a call that
// ends before `wait` is over fails.
type Dial struct {
	// To is the SIP URI or the number.
	To string `yaml:"to,required,short"`
	// Headers are added to the INVITE. A list of values is as many headers.
	Headers Pairs `yaml:"headers"`
	// Codecs are those that are offered for this call, instead of the actor's.
	Codecs []string `yaml:"codecs"`
	// Wait is what the step waits for; none unless it is said.
	Wait WaitFor `yaml:"wait"`
}

// WaitCall waits for an incoming call, which rings then. Steps of the actor are about that call.
type WaitCall struct {
	// Within is how long it may take until the INVITE is there.
	Within time.Duration `yaml:"within,short"`
	// From is a regular expression for the caller's URI with its name.
	From Pattern `yaml:"from"`
	// To is a regular expression for the URI that was called.
	To Pattern `yaml:"to"`
}

// Answer answers the incoming call. A code below 200 is a provisional answer; another step
// answers finally.
type Answer struct {
	// Code is the status code: 200 unless it is said, 180 or 183 and below 300 otherwise.
	Code int `yaml:"code,short"`
	// Reason is the reason phrase.
	Reason string `yaml:"reason"`
	// Headers are added to the response.
	Headers Pairs `yaml:"headers"`
	// EarlyMedia is a sound file that is played before the call is answered, with a 183.
	EarlyMedia SoundFile `yaml:"early-media"`
	// EarlyTone is a tone that is heard before the call is answered, with a 183.
	EarlyTone Tone `yaml:"early-tone"`
	// EarlyFor is how long early media last before the call is answered with a code of 200 or
	// more; to the end of the file unless it is said, 3 s with a tone.
	EarlyFor time.Duration `yaml:"early-for"`
}

// Reject refuses the incoming call.
type Reject struct {
	// Code is 486 unless it is said, and 300 to 699.
	Code int `yaml:"code,short"`
	// Reason is the reason phrase.
	Reason string `yaml:"reason"`
	// Headers are added to the response.
	Headers Pairs `yaml:"headers"`
}

// Redirect sends the incoming call elsewhere.
type Redirect struct {
	// To are the Contacts of the response, the first is the best.
	To []string `yaml:"to,required,short"`
	// Code is 302 unless it is said, and 300 to 399.
	Code int `yaml:"code"`
}

// ExpectRinging expects a 180 or 183 for the call that was dialled.
type ExpectRinging struct {
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within,short"`
	// Code is the provisional code that is expected; 180 to 189 unless it is said.
	Code Codes `yaml:"code"`
}

// ExpectAnswer expects that the call is answered.
type ExpectAnswer struct {
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within,short"`
}

// ExpectCode expects the final response to the call.
type ExpectCode struct {
	// Code is a code, 4xx, or a list of these.
	Code Codes `yaml:"code,required,short"`
	// Reason is a regular expression for the reason phrase.
	Reason Pattern `yaml:"reason"`
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// ExpectHangup expects that the far end ends the call.
type ExpectHangup struct {
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within,short"`
	// Code is the code with which the call ended: that of the Reason header of a BYE, 200 where
	// it has none; that of the final response of a call that was not answered.
	Code Codes `yaml:"code"`
}

// Cancel gives up a call that was dialled and is not answered.
type Cancel struct {
	// After is the time from the INVITE.
	After time.Duration `yaml:"after,short"`
	// On is the response after which it is given up.
	On CancelOn `yaml:"on"`
}

// Hangup ends the call, whatever its state. It is no mistake when there is none.
type Hangup struct {
	// Code is that of a call that was not answered: 603 unless it is said; otherwise that of the
	// BYE's Reason header.
	Code int `yaml:"code,short"`
	// Reason is the text of it.
	Reason string `yaml:"reason"`
}

// Hold puts the far end on hold.
type Hold struct{}

// Resume takes the far end off hold.
type Resume struct{}

// Mute sends silence instead of what is said and played.
type Mute struct{}

// Unmute ends a mute.
type Unmute struct{}

// ExpectHold expects that the far end puts this actor on hold.
type ExpectHold struct {
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within,short"`
}

// ExpectResume expects that the far end takes this actor off hold.
type ExpectResume struct {
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within,short"`
}

// Transfer sends the far end elsewhere: blind to a URI or an actor, attended to another call of
// this actor.
type Transfer struct {
	// To is a SIP URI or a number.
	To string `yaml:"to,short"`
	// ToActor is the actor whose address it is.
	ToActor string `yaml:"to-actor"`
	// ToLine is another call of this actor, whose far end is put through (REFER with Replaces).
	ToLine string `yaml:"to-line"`
	// Expect is how the transfer has to end, as its NOTIFY says: 2xx unless it is said.
	Expect Codes `yaml:"expect"`
	// Within is how long it may take until it has.
	Within time.Duration `yaml:"within"`
}

// ExpectTransfer expects that the far end asks this actor to call somebody else (REFER). The
// actor has to have accept-transfers; the call that it makes is its newest one then.
type ExpectTransfer struct {
	// To is a regular expression for the URI of Refer-To.
	To Pattern `yaml:"to,short"`
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// Conference brings calls together, so that all hear each other.
type Conference struct {
	// Actors are those whose newest calls join.
	Actors []string `yaml:"actors,short"`
	// Lines are calls of this step's actor that join.
	Lines []string `yaml:"lines"`
}

// Message sends a text (SIP MESSAGE).
type Message struct {
	// To is a SIP URI or a number; the far end of the call unless it is said.
	To string `yaml:"to"`
	// Text is what is sent.
	Text string `yaml:"text,required,short"`
	// ContentType is text/plain unless it is said.
	ContentType string `yaml:"content-type"`
	// Expect is the final response: 2xx unless it is said.
	Expect Codes `yaml:"expect"`
	// Within is how long it may take until it is there.
	Within time.Duration `yaml:"within"`
}

// ExpectMessage expects a text (SIP MESSAGE), in a call or outside.
type ExpectMessage struct {
	// Text is what it has to be, but for space around it.
	Text string `yaml:"text,short"`
	// Matches is a regular expression for the text.
	Matches Pattern `yaml:"matches"`
	// From is a regular expression for the URI of the sender.
	From Pattern `yaml:"from"`
	// As is the variable that gets the text, or the first group of `matches`.
	As string `yaml:"as,variable"`
	// Within is how long it may take from this step's beginning.
	Within time.Duration `yaml:"within"`
}

// Register registers the actor again, or for the first time.
type Register struct {
	// Expect is the final response: 2xx unless it is said.
	Expect Codes `yaml:"expect,short"`
	// Within is how long it may take until it is there.
	Within time.Duration `yaml:"within"`
}

// Unregister takes the actor's registration back.
type Unregister struct {
	// Within is how long it may take until the registrar has said so.
	Within time.Duration `yaml:"within,short"`
}
