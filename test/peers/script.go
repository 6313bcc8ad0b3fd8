//go:build linux

package peers

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Script is one dialog of SIPp's, step by step: what [UAC] and [UAS] have no words for. It
// goes by TCP, where no message comes twice however slow the machine is. A message that
// is not the next step's fails it.
type Script struct {
	Addr  string // host:port that SIPp connects to, when the first step sends; it listens otherwise
	URI   string // Request-URI of what is sent; when the first step takes a message, its Contact is the usual one
	From  string // user@host of From of those; SIPp's own when empty
	Steps []Step
}

// Step is a message that SIPp sends, or one that it waits for.
type Step struct {
	Sends string // a method, or a status code and phrase: "202 Accepted"
	Takes string // a method, or a status code; exactly one of the two is set

	// Of what is sent.
	Answers string   // the method of the request, when it is not the first that awaits a final response
	Headers []string // besides those that every message has
	Type    string   // Content-Type
	Body    string   // with \n as its line end, and none at the end
	SDP     bool     // in place of Type and Body
	Outside bool     // a request that is none of the dialog, to the script's URI

	// Of what is taken: POSIX extended regular expressions that all must match it.
	Matches []string
}

// Send is a step that sends.
func Send(what string, headers ...string) Step { return Step{Sends: what, Headers: headers} }

// Take is a step that waits for a message.
func Take(what string, matches ...string) Step { return Step{Takes: what, Matches: matches} }

// With is the step with a body.
func (s Step) With(contentType, body string) Step {
	s.Type, s.Body = contentType, body
	return s
}

// WithSDP is the step with SIPp's SDP.
func (s Step) WithSDP() Step {
	s.SDP = true
	return s
}

// StartScript runs a script, which ends by itself; when its first step takes a message,
// SIPp listens by now.
func StartScript(tb testing.TB, sc Script) *SIPp {
	tb.Helper()
	sc.From, sc.URI = cmp.Or(sc.From, "sipp@[local_ip]:[local_port]"), cmp.Or(sc.URI, "[$uri]")
	for i, step := range sc.Steps {
		if (step.Sends == "") == (step.Takes == "") {
			tb.Fatalf("step %d neither sends nor takes, or both: %+v", i, step)
		}
	}
	args := []string{"-m", "1"}
	if sc.Begins() {
		args = append(args, "-l", "1", "-r", "1", sc.Addr)
	}
	s := startSIPp(tb, scenario{name: "script.xml", data: sc, tcp: true, ends: true, args: args})
	if !sc.Begins() {
		s.proc.waitUp(func() error { return bound(s.network, s.port) })
	}
	return s
}

// Begins says whether SIPp sends the first message.
func (sc Script) Begins() bool { return sc.Steps[0].Sends != "" }

// Variables are the names of those that hold parts of messages, separated by commas.
func (sc Script) Variables() string {
	names := []string{"from", "to", "uri"}
	for i, step := range sc.Steps {
		if step.TakesRequest() {
			names = append(names, fmt.Sprint("via", i), fmt.Sprint("cseq", i))
		}
		for j := range step.Matches {
			names = append(names, fmt.Sprintf("m%dx%d", i, j))
		}
	}
	return strings.Join(names, ",")
}

// Answered is the step whose request step i answers: the first that has no final response
// yet.
func (sc Script) Answered(i int) (int, error) {
	final := make(map[int]bool)
	for j, step := range sc.Steps[:i+1] {
		if step.Sends == "" || step.SendsRequest() {
			continue
		}
		request := -1
		for k, s := range sc.Steps[:j] {
			if s.TakesRequest() && s.Takes != "ACK" && s.Takes == cmp.Or(step.Answers, s.Takes) && !final[k] {
				request = k
				break
			}
		}
		if request < 0 {
			return 0, fmt.Errorf("step %d answers no request", j)
		}
		if j == i {
			return request, nil
		}
		final[request] = step.Sends[0] > '1'
	}
	return 0, fmt.Errorf("step %d is no response", i)
}

// Learns says whether step i takes the message that tells who the other side is.
func (sc Script) Learns(i int) bool {
	return slices.IndexFunc(sc.Steps, func(s Step) bool { return s.Takes != "" }) == i
}

// Knows says whether step i comes after that.
func (sc Script) Knows(i int) bool {
	return slices.ContainsFunc(sc.Steps[:i], func(s Step) bool { return s.Takes != "" })
}

// CSeq is the sequence number of a request that is sent.
func (sc Script) CSeq(i int) int { return 101 + i }

// TakesRequest and SendsRequest tell requests from responses, which are numbers.
func (s Step) TakesRequest() bool { return s.Takes != "" && s.Takes[0] > '9' }
func (s Step) SendsRequest() bool { return s.Sends != "" && s.Sends[0] > '9' }

// BeyondDialog is the step outside the dialog.
func (s Step) BeyondDialog() Step {
	s.Outside = true
	return s
}

// Tone and Text of a step are none: its SDP has neither.
func (Step) Tone() bool { return false }
func (Step) Text() bool { return false }

// Patterns are Matches as the values of XML attributes.
func (s Step) Patterns() []string {
	var list []string
	for _, m := range s.Matches {
		list = append(list, attribute.Replace(m))
	}
	return list
}

// attribute writes the entities that SIPp knows.
var attribute = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")
