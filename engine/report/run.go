package report

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Millis is a [time.Duration] whose JSON is a number of milliseconds, with decimals down
// to the microsecond.
type Millis time.Duration

// Duration returns m as Go's type.
func (m Millis) Duration() time.Duration { return time.Duration(m) }

// MarshalJSON implements [json.Marshaler].
func (m Millis) MarshalJSON() ([]byte, error) {
	us := math.Round(float64(m) / float64(time.Microsecond))
	return json.Marshal(us / 1000)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (m *Millis) UnmarshalJSON(b []byte) error {
	var ms float64
	if err := json.Unmarshal(b, &ms); err != nil {
		return fmt.Errorf("report: milliseconds: %w", err)
	}
	*m = Millis(math.Round(ms*1000) * float64(time.Microsecond))
	return nil
}

// Outcome is what came of a scenario or a step.
type Outcome string

// The outcomes.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"  // an expectation was not met
	Errored Outcome = "error"   // it could not run: that says nothing about what is tested
	Skipped Outcome = "skipped" // it was not tried
)

// Run is the result of a run of scenarios.
type Run struct {
	Name    string    `json:"name"`    // the title of reports
	Version string    `json:"version"` // of Offhook
	Host    string    `json:"host"`    // the machine's name
	Command string    `json:"command"` // the command line, without secrets
	Started time.Time `json:"started"`
	// Duration is that of the whole, which is less than the sum where scenarios ran at
	// the same time.
	Duration Millis `json:"duration_ms"`
	Seed     int64  `json:"seed"`
	// Message says why the run as a whole could not go on; empty when it did.
	Message   string     `json:"message,omitempty"`
	Scenarios []Scenario `json:"scenarios"`
}

// Scenario is the result of one scenario with one set of variables.
type Scenario struct {
	Name string   `json:"name"`
	File string   `json:"file"`
	Line int      `json:"line"`
	Tags []string `json:"tags,omitempty"`
	// Variables are the values of the row or of the matrix that this is the run of. Secrets
	// are *** by then.
	Variables map[string]string `json:"variables,omitempty"`
	// Attempt counts from 1.
	Attempt int `json:"attempt"`
	// Earlier are the attempts before this one, whose outcome does not count.
	Earlier []Scenario `json:"earlier,omitempty"`
	Outcome Outcome    `json:"outcome"`
	// Message says why it did not pass, in a tester's words: "expected prompt welcome.wav
	// within 4 s; heard 2.1 s of silence".
	Message  string    `json:"message,omitempty"`
	Started  time.Time `json:"started"`
	Duration Millis    `json:"duration_ms"`
	Steps    []Step    `json:"steps"` // in the order in which they began
	Calls    []Call    `json:"calls,omitempty"`
	// Messages are SIP messages that belong to no call, such as those of registrations.
	Messages []SIPMessage `json:"messages,omitempty"`
	// Folder is where the scenario's files are, Files the paths of those in it (a pcap, a log)
	// besides the audio of calls.
	Folder string   `json:"folder,omitempty"`
	Files  []string `json:"files,omitempty"`
}

// Step is the result of one step.
type Step struct {
	Name   string `json:"name,omitempty"` // as its author called it
	Action string `json:"action"`         // "expect-prompt"
	Text   string `json:"text"`           // in one line: "expect-prompt welcome.wav within 4 s"
	Actor  string `json:"actor,omitempty"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Depth  int    `json:"depth,omitempty"` // how many blocks (parallel, repeat, scenario) it is in
	// Start counts from the scenario's start.
	Start    Millis  `json:"start_ms"`
	Duration Millis  `json:"duration_ms"`
	Outcome  Outcome `json:"outcome"`
	Message  string  `json:"message,omitempty"` // why it did not pass
	// Expected and Heard are set by steps that expect, also where they passed.
	Expected string `json:"expected,omitempty"`
	Heard    string `json:"heard,omitempty"`
	// Call is an index into [Scenario.Calls], -1 where the step is about none.
	Call int `json:"call"`
	// Finally says that the step cleans up, whatever came before.
	Finally bool `json:"finally,omitempty"`
}

// Call is one call of one actor.
type Call struct {
	Actor     string `json:"actor"`
	ID        int    `json:"id"` // the engine's
	SIPCallID string `json:"sip_call_id"`
	Role      string `json:"role"` // "UAC": the actor called, "UAS": it was called
	Remote    string `json:"remote"`
	Local     string `json:"local"`
	// Start, Answered and Ended count from the scenario's start. Answered is 0 for a call
	// that was not, Ended for one that was still up.
	Start    Millis `json:"start_ms"`
	Answered Millis `json:"answered_ms,omitempty"`
	Ended    Millis `json:"ended_ms,omitempty"`
	Code     int    `json:"code"` // the last status code
	Reason   string `json:"reason"`
	Codec    string `json:"codec,omitempty"` // such as "PCMU/8000"
	SRTP     string `json:"srtp,omitempty"`  // the crypto suite, empty when RTP is in the clear
	// Held says that the call was on hold for a time, by one end or the other.
	Held bool `json:"held,omitempty"`
	// Audio is the path of a stereo WAV file: on the left what was heard from the far end,
	// on the right what was said to it. AudioStart is when it begins.
	Audio      string `json:"audio,omitempty"`
	AudioStart Millis `json:"audio_start_ms,omitempty"`
	Marks      []Mark `json:"marks,omitempty"`
	// Quality is what the audio was like from time to time.
	Quality  []QualitySample `json:"quality,omitempty"`
	Messages []SIPMessage    `json:"messages,omitempty"`
	// RX and TX are the figures of the whole call; of TX, all but packets and bytes are
	// what the far end reported.
	RX    DirectionStats `json:"rx"`
	TX    DirectionStats `json:"tx"`
	RTTMS float64        `json:"rtt_ms,omitempty"` // mean, 0 when no report came back
}

// DirectionStats are the figures of one direction of RTP. Its fields are those of the
// engine's type, so that Go converts one into the other.
type DirectionStats struct {
	Packets     uint64  `json:"packets"`
	Bytes       uint64  `json:"bytes"` // of payload
	Lost        uint64  `json:"lost"`
	Discarded   uint64  `json:"discarded"` // frames: too late for the jitter buffer, or it was full
	Reordered   uint64  `json:"reordered"`
	Duplicates  uint64  `json:"duplicates"`
	JitterMS    float64 `json:"jitter_ms"` // mean
	JitterMaxMS float64 `json:"jitter_max_ms"`
	MOS         float64 `json:"mos,omitempty"` // 0: not known
}

// Side says who a mark is about.
type Side string

// The sides of a call.
const (
	Heard Side = "heard" // from the far end: the left channel
	Said  Side = "said"  // to the far end: the right channel
)

// MarkKind says what a mark marks.
type MarkKind string

// The kinds of marks.
const (
	MarkPrompt  MarkKind = "prompt"
	MarkTone    MarkKind = "tone"
	MarkDigit   MarkKind = "digit"
	MarkSpeech  MarkKind = "speech"
	MarkSilence MarkKind = "silence"
	MarkText    MarkKind = "text"
)

// Mark is something that was found in the audio of a call, or that was played into it.
type Mark struct {
	Side Side `json:"side"`
	// From and To count from the beginning of the audio.
	From  Millis   `json:"from_ms"`
	To    Millis   `json:"to_ms"`
	Kind  MarkKind `json:"kind"`
	Label string   `json:"label"` // "welcome.wav", "425 Hz", "5"
	// Likeness is how like the reference a prompt is, from 0 to 1; 0 where nothing was
	// compared.
	Likeness float64 `json:"likeness,omitempty"`
	// OK is false for what was not as expected.
	OK bool `json:"ok"`
	// Reference is the path of a WAV file with what was expected, to be played beside it.
	Reference string `json:"reference,omitempty"`
}

// QualitySample is what the audio of a call was like since the sample before. MOS is 0
// where it is not known.
type QualitySample struct {
	At        Millis  `json:"at_ms"` // from the scenario's start
	MOSRX     float64 `json:"mos_rx,omitempty"`
	MOSTX     float64 `json:"mos_tx,omitempty"`
	LossRX    float64 `json:"loss_rx"` // in per cent of the packets
	LossTX    float64 `json:"loss_tx"`
	JitterRX  float64 `json:"jitter_rx_ms"`
	JitterTX  float64 `json:"jitter_tx_ms"`
	RTTMS     float64 `json:"rtt_ms,omitempty"`
	Discarded uint64  `json:"discarded,omitempty"` // frames, received too late
}

// SIPMessage is a SIP message that an actor sent or received.
type SIPMessage struct {
	// Actor may be empty in the messages of a [Call], whose actor it is then.
	Actor string `json:"actor,omitempty"`
	// At counts from the scenario's start.
	At        Millis `json:"at_ms"`
	Sent      bool   `json:"sent"`
	Transport string `json:"transport"` // "UDP", "TCP", "TLS", …
	Local     string `json:"local"`     // address and port
	Remote    string `json:"remote"`
	// Raw is the message. The writers replace what is secret in it, so it may still have
	// it.
	Raw string `json:"raw"`
}

// Counts says how many scenarios came to which end.
type Counts struct {
	Total   int `json:"total"`
	Passed  int `json:"passed"`
	Failed  int `json:"failed"`
	Errors  int `json:"errors"`
	Skipped int `json:"skipped"`
	// Flaky are those of Passed that did not pass at the first attempt.
	Flaky int `json:"flaky"`
}

// Counts counts the scenarios of a run; of one with several attempts the last.
func (r *Run) Counts() Counts {
	var c Counts
	for _, s := range r.Scenarios {
		c.add(s.Outcome)
		if s.Outcome == Passed && len(s.Earlier) > 0 {
			c.Flaky++
		}
	}
	return c
}

func (c *Counts) add(o Outcome) {
	c.Total++
	switch o {
	case Passed:
		c.Passed++
	case Failed:
		c.Failed++
	case Skipped:
		c.Skipped++
	default:
		c.Errors++
	}
}

// Outcome is that of the whole: Errored when something could not run, else Failed when
// something failed, else Passed when something ran and passed, else Skipped.
func (r *Run) Outcome() Outcome {
	c := r.Counts()
	switch {
	case c.Errors > 0 || r.Message != "":
		return Errored
	case c.Failed > 0:
		return Failed
	case c.Passed > 0:
		return Passed
	}
	return Skipped
}
