package report

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"
)

// JSONLines writes what happens in a run as one JSON object on each line, as soon as it is
// told. docs/reports.md has the fields; the "type" of a line is ScenarioStarted,
// StepEnded, CallEnded, ScenarioEnded or RunEnded. Scenarios that run at the same time
// have their lines mixed, and "scenario" tells them apart.
//
// It may be used from several goroutines. After a write that failed it does nothing but
// return that error.
type JSONLines struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

// NewJSONLines returns a JSONLines that writes to w, one Write for each line.
func NewJSONLines(w io.Writer) *JSONLines {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &JSONLines{enc: enc}
}

// lineHeader begins every line.
type lineHeader struct {
	Type     string `json:"type"`
	Scenario int    `json:"scenario,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
}

func (j *JSONLines) write(line any) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.err == nil {
		if err := j.enc.Encode(line); err != nil {
			j.err = fmt.Errorf("report: json lines: %w", err)
		}
	}
	return j.err
}

// ScenarioStarted writes that an attempt at scenario number n began; n counts the
// scenarios of the run from 1.
func (j *JSONLines) ScenarioStarted(n int, s *Scenario) error {
	return j.write(struct {
		lineHeader
		Name      string            `json:"name"`
		File      string            `json:"file"`
		Line      int               `json:"line"`
		Tags      []string          `json:"tags,omitempty"`
		Variables map[string]string `json:"variables,omitempty"`
		Started   time.Time         `json:"started"`
	}{lineHeader{"ScenarioStarted", n, s.Attempt}, s.Name, s.File, s.Line, s.Tags, s.Variables, s.Started})
}

// StepEnded writes the result of a step of scenario number n.
func (j *JSONLines) StepEnded(n, attempt int, s Step) error {
	return j.write(struct {
		lineHeader
		Step
	}{lineHeader{"StepEnded", n, attempt}, s})
}

// CallEnded writes a call of scenario number n, whole.
func (j *JSONLines) CallEnded(n, attempt int, c Call) error {
	c.Messages = redactAll(c.Messages)
	return j.write(struct {
		lineHeader
		Call
	}{lineHeader{"CallEnded", n, attempt}, c})
}

// ScenarioEnded writes the result of an attempt at scenario number n, without its steps
// and calls, which have lines of their own.
func (j *JSONLines) ScenarioEnded(n int, s *Scenario) error {
	return j.write(struct {
		lineHeader
		Name      string            `json:"name"`
		File      string            `json:"file"`
		Line      int               `json:"line"`
		Tags      []string          `json:"tags,omitempty"`
		Variables map[string]string `json:"variables,omitempty"`
		Outcome   Outcome           `json:"outcome"`
		Message   string            `json:"message,omitempty"`
		Started   time.Time         `json:"started"`
		Duration  Millis            `json:"duration_ms"`
		Folder    string            `json:"folder,omitempty"`
		Files     []string          `json:"files,omitempty"`
		Messages  []SIPMessage      `json:"messages,omitempty"`
	}{lineHeader{"ScenarioEnded", n, s.Attempt}, s.Name, s.File, s.Line, s.Tags, s.Variables, s.Outcome, s.Message,
		s.Started, s.Duration, s.Folder, s.Files, redactAll(s.Messages)})
}

// RunEnded writes the last line: the outcome and the counts of the whole.
func (j *JSONLines) RunEnded(r *Run) error {
	return j.write(struct {
		lineHeader
		Name     string    `json:"name"`
		Version  string    `json:"version"`
		Host     string    `json:"host"`
		Command  string    `json:"command"`
		Started  time.Time `json:"started"`
		Duration Millis    `json:"duration_ms"`
		Seed     int64     `json:"seed"`
		Outcome  Outcome   `json:"outcome"`
		Message  string    `json:"message,omitempty"`
		Counts
	}{lineHeader{Type: "RunEnded"}, r.Name, r.Version, r.Host, r.Command, r.Started, r.Duration, r.Seed,
		r.Outcome(), r.Message, r.Counts()})
}

// WriteJSONLines writes a run that is over as a [JSONLines] would have written it live,
// scenario after scenario.
func WriteJSONLines(w io.Writer, r *Run) error {
	j := NewJSONLines(w)
	for i := range r.Scenarios {
		for a := range r.Scenarios[i].Earlier {
			j.scenario(i+1, &r.Scenarios[i].Earlier[a])
		}
		j.scenario(i+1, &r.Scenarios[i])
	}
	return j.RunEnded(r)
}

func (j *JSONLines) scenario(n int, s *Scenario) {
	_ = j.ScenarioStarted(n, s) // an error stays, and RunEnded returns it
	for _, st := range s.Steps {
		_ = j.StepEnded(n, s.Attempt, st)
	}
	for _, c := range s.Calls {
		_ = j.CallEnded(n, s.Attempt, c)
	}
	_ = j.ScenarioEnded(n, s)
}
