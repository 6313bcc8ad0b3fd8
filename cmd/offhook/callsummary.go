package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// callSummary is the last line of call --json.
type callSummary struct {
	Type   string `json:"type"` // "CallSummary"
	Result string `json:"result"`
	// Code is the SIP code of the answer or the refusal; of a REGISTER when the
	// result is register_failed. 0: there was none.
	Code   int    `json:"code"`
	Reason string `json:"reason"`
	URI    string `json:"uri"`
	// Account is that of the configuration, 0 the local account.
	Account int `json:"account"`
	// RingMS and AnswerMS count from dialling; null: it did not ring, was not
	// answered.
	RingMS     *int64 `json:"ring_ms"`
	AnswerMS   *int64 `json:"answer_ms"`
	DurationMS int64  `json:"duration_ms"`        // from the answer to the end
	EndedBy    string `json:"ended_by,omitempty"` // "local" or "remote", of an answered call
	engine.CallStats
	// Codec shadows CallStats.Codec, to be there in any case.
	Codec  string `json:"codec"`
	Record string `json:"record,omitempty"` // the file
}

// callFacts is what the events told about the call.
type callFacts struct {
	ended     engine.CallEnded
	recording bool

	answered  time.Time
	listening time.Time     // since when RTP should come; zero: it should not
	listened  time.Duration // how long it should have
}

// rtpTime is how long a call must have been without RTP to say that media failed: a
// shorter one can have few packets for good reasons.
const rtpTime = time.Second

func (f *callFacts) add(ev engine.Event) {
	switch ev := ev.(type) {
	case engine.CallStateChanged:
		if ev.Role == "UAC" && ev.State == engine.StateConfirmed {
			f.answered = ev.Time
			f.listen(ev.Time, true)
		}
	case engine.CallMediaChanged:
		if !f.answered.IsZero() {
			f.listen(ev.Time, expectsRTP(ev.Media))
		}
	case engine.CallEnded:
		if ev.Role == "UAC" {
			f.listen(ev.Time, false)
			f.ended = ev
		}
	case engine.RecordingStarted:
		f.recording = true
	}
}

// listen takes in whether RTP should come from now on.
func (f *callFacts) listen(at time.Time, on bool) {
	if !f.listening.IsZero() {
		f.listened += at.Sub(f.listening)
	}
	f.listening = time.Time{}
	if on {
		f.listening = at
	}
}

// expectsRTP says whether the far end should send: not while one side is on hold,
// and not where it said that it only listens. A stream that failed, or none at all,
// is no reason for silence.
func expectsRTP(media []engine.Media) bool {
	quiet := false
	for _, m := range media {
		switch {
		case m.Status == "ACTIVE" && (m.Direction == "sendrecv" || m.Direction == "recvonly"):
			return true
		case m.Status == "ACTIVE", m.Status == "LOCAL_HOLD", m.Status == "REMOTE_HOLD":
			quiet = true
		}
	}
	return !quiet
}

// noRTP says that nothing was received for so long that it is a failure.
func (f *callFacts) noRTP() bool { return f.listened >= rtpTime && f.ended.RX.Packets == 0 }

// summary puts together what is known, after the last event.
func (c *caller) summary() callSummary {
	f := &c.facts
	out := c.outcome
	if out.result == resultAnswered && f.noRTP() {
		out.result = resultMediaFailed
		out.reason = fmt.Sprintf("answered, but no RTP came in %s", human(f.listened))
	}
	if out.code == 0 && c.call != nil {
		out.code = f.ended.Code
	}
	s := callSummary{
		Type: "CallSummary", Result: out.result, Code: out.code, Reason: out.reason,
		URI: c.o.uri, Account: c.o.account,
		DurationMS: f.ended.DurationMS, CallStats: f.ended.CallStats, Codec: f.ended.Codec,
	}
	if c.call == nil {
		return s
	}
	info := c.call.Info()
	s.RingMS, s.AnswerMS = c.since(info.Ringing), c.since(info.Answered)
	if s.AnswerMS != nil {
		s.EndedBy = c.endedBy
	}
	if f.recording {
		s.Record = c.o.record
	}
	return s
}

// since is how long after dialling something happened, nil if it did not.
func (c *caller) since(at time.Time) *int64 {
	if at.IsZero() {
		return nil
	}
	ms := max(0, at.Sub(c.dialled).Milliseconds())
	return &ms
}

// summary prints the last thing that call says.
func (p *eventPrinter) summary(s callSummary) error {
	if p.json {
		return writeJSON(p.w, s)
	}
	if _, err := fmt.Fprintln(p.w); err != nil {
		return err
	}
	t := newTable(p.w, "")
	result := strings.ReplaceAll(s.Result, "_", " ")
	if answer := answerText(s.Code, s.Reason); answer != "" {
		result += ": " + answer
	}
	t.row("result", printable(result))
	if s.RingMS != nil {
		t.row("rang after", human(time.Duration(*s.RingMS)*time.Millisecond))
	}
	if s.AnswerMS != nil {
		t.row("answered after", human(time.Duration(*s.AnswerMS)*time.Millisecond))
		by := "us"
		if s.EndedBy == "remote" {
			by = "the far end"
		}
		t.row("lasted", fmt.Sprintf("%s, ended by %s", human(time.Duration(s.DurationMS)*time.Millisecond), by))
		t.row("codec", s.Codec)
		t.row("received", describeDirection(s.RX))
		t.row("sent", describeDirection(s.TX))
		t.row("round trip", fmt.Sprintf("%.1f ms", s.RTTMS))
	}
	if s.Record != "" {
		t.row("recording", s.Record)
	}
	return t.flush()
}
