package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// The elements of JUnit's XML, as those that Jenkins's xUnit plugin takes: it is the
// strictest of the readers, and has no "file" and no properties in a testcase.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Time     string       `xml:"time,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       string           `xml:"time,attr"`
		Timestamp  string           `xml:"timestamp,attr"`
		Hostname   string           `xml:"hostname,attr,omitempty"`
		File       string           `xml:"file,attr,omitempty"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		Properties []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Classname string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitResult  `xml:"skipped"`
		Error     *junitResult  `xml:"error"`
		Failure   *junitResult  `xml:"failure"`
		Reruns    []junitResult // rerun… and flaky… elements
		SystemOut *junitText    `xml:"system-out"`
	}
	junitResult struct {
		XMLName xml.Name
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		junitText
	}
	// junitText is text that keeps its lines in the file.
	junitText struct {
		Text string `xml:",cdata"`
	}
)

// cdata returns text as such. The encoder checks the characters of everything but of CDATA.
func cdata(text string) junitText {
	return junitText{strings.Map(func(c rune) rune {
		if c < ' ' && c != '\n' && c != '\t' || c == 0xFFFE || c == 0xFFFF {
			return utf8.RuneError
		}
		return c
	}, text)}
}

// WriteJUnit writes r as JUnit XML: one testsuite for each file of scenarios, one testcase
// for each scenario, named with its variables. Earlier attempts are flakyFailure elements
// where the last one passed, and rerunFailure elements where it did not. The audio and the
// files of a scenario are named as [[ATTACHMENT|path]], which GitLab and Jenkins read;
// folder goes before those paths that are relative, since both take them from the
// directory of the job.
func WriteJUnit(w io.Writer, r *Run, folder string) error {
	c := r.Counts()
	all := junitSuites{
		Name: r.Name, Time: seconds(r.Duration),
		Tests: c.Total, Failures: c.Failed, Errors: c.Errors,
	}
	properties := r.properties()
	index := map[string]int{}    // of suites, by file
	names := map[[2]string]int{} // of cases, by file and name
	counts := []Counts{}
	times := []Millis{}
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		n, ok := index[s.File]
		if !ok {
			n = len(all.Suites)
			index[s.File] = n
			name := s.File
			if name == "" {
				name = r.Name
			}
			all.Suites = append(all.Suites, junitSuite{
				Name: name, File: s.File, Hostname: r.Host, Properties: properties,
				Timestamp: s.Started.UTC().Format("2006-01-02T15:04:05"),
			})
			counts, times = append(counts, Counts{}), append(times, 0)
		}
		counts[n].add(s.Outcome)
		times[n] += s.Duration
		c := s.junit(folder)
		key := [2]string{s.File, c.Name}
		if names[key]++; names[key] > 1 { // readers take cases of the same name for one
			c.Name += fmt.Sprintf(" #%d", names[key])
		}
		all.Suites[n].Cases = append(all.Suites[n].Cases, c)
	}
	for n, c := range counts {
		suite := &all.Suites[n]
		suite.Tests, suite.Failures, suite.Errors, suite.Skipped = c.Total, c.Failed, c.Errors, c.Skipped
		suite.Time = seconds(times[n])
	}
	if r.Message != "" { // the run itself: a reader that sees testcases only must see it
		all.Tests++
		all.Errors++
		all.Suites = append(all.Suites, junitSuite{
			Name: r.Name + " (the run)", Tests: 1, Errors: 1, Time: seconds(r.Duration), Hostname: r.Host,
			Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"), Properties: properties,
			Cases: []junitCase{{
				Name: "run", Classname: r.Name, Time: seconds(r.Duration),
				Error: &junitResult{XMLName: xml.Name{Local: "error"}, Type: string(Errored), Message: r.Message, junitText: cdata(r.Message)},
			}},
		})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("report: junit: %w", err)
	}
	return nil
}

// properties are what holds for every suite of the run.
func (r *Run) properties() *junitProperties {
	p := &junitProperties{}
	add := func(name, value string) {
		if value != "" {
			p.Properties = append(p.Properties, junitProperty{name, value})
		}
	}
	add("offhook.version", r.Version)
	add("offhook.command", r.Command)
	add("offhook.seed", fmt.Sprint(r.Seed))
	return p
}

func (s *Scenario) junit(folder string) junitCase {
	c := junitCase{
		Name:      s.title(),
		Classname: strings.TrimSuffix(path.Base(filepath.ToSlash(s.File)), path.Ext(s.File)),
		Time:      seconds(s.Duration),
	}
	if s.File == "" {
		c.Classname = "scenario"
	}
	result := func(kind string, a *Scenario) junitResult {
		message := a.Message
		if message == "" {
			message = string(a.Outcome)
		}
		return junitResult{XMLName: xml.Name{Local: kind}, Type: string(a.Outcome), Message: message, junitText: cdata(a.failures())}
	}
	switch s.Outcome {
	case Passed:
	case Skipped:
		v := result("skipped", s)
		v.junitText = junitText{}
		c.Skipped = &v
	case Failed:
		v := result("failure", s)
		c.Failure = &v
	default:
		v := result("error", s)
		c.Error = &v
	}
	for i := range s.Earlier {
		kind := "rerun"
		if s.Outcome == Passed {
			kind = "flaky"
		}
		if s.Earlier[i].Outcome == Failed {
			kind += "Failure"
		} else {
			kind += "Error"
		}
		c.Reruns = append(c.Reruns, result(kind, &s.Earlier[i]))
	}
	out := cdata(s.systemOut(folder))
	c.SystemOut = &out
	return c
}

// failures are the steps that did not pass, each with what was expected and what was
// heard.
func (s *Scenario) failures() string {
	var b strings.Builder
	for i := range s.Steps {
		st := &s.Steps[i]
		if st.Outcome != Failed && st.Outcome != Errored {
			continue
		}
		fmt.Fprintf(&b, "%s: %s\n", place(st.File, st.Line), st.line())
		if st.Message != "" {
			fmt.Fprintf(&b, "  %s\n", st.Message)
		}
		if st.Expected != "" {
			fmt.Fprintf(&b, "  expected: %s\n", st.Expected)
		}
		if st.Heard != "" {
			fmt.Fprintf(&b, "  heard:    %s\n", st.Heard)
		}
	}
	if b.Len() == 0 {
		return s.Message
	}
	return b.String()
}

// systemOut is the course of a scenario as plain text, and where its files are.
func (s *Scenario) systemOut(folder string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", place(s.File, s.Line))
	if len(s.Variables) > 0 {
		fmt.Fprintf(&b, "variables: %s\n", strings.Join(s.variables(), ", "))
	}
	if len(s.Tags) > 0 {
		fmt.Fprintf(&b, "tags: %s\n", strings.Join(s.Tags, ", "))
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		fmt.Fprintf(&b, "%10s  %-7s %s%s (%s)\n", seconds(st.Start), st.Outcome,
			strings.Repeat("  ", st.Depth), st.line(), duration(st.Duration))
		if st.Message != "" && st.Outcome != Passed {
			fmt.Fprintf(&b, "%10s  %s\n", "", st.Message)
		}
	}
	for _, p := range s.paths() {
		if folder != "" && !filepath.IsAbs(p) {
			p = path.Join(filepath.ToSlash(folder), filepath.ToSlash(p))
		}
		fmt.Fprintf(&b, "[[ATTACHMENT|%s]]\n", strings.NewReplacer("]", "%5D", "\n", " ").Replace(p))
	}
	return b.String()
}

// paths are the scenario's files: the audio of calls first, that of a call in which a step
// failed before all others, since GitLab shows one.
func (s *Scenario) paths() []string {
	var first, rest []string
	for i, c := range s.Calls {
		if c.Audio == "" {
			continue
		}
		failed := false
		for _, st := range s.Steps {
			failed = failed || st.Call == i && st.Outcome == Failed
		}
		if failed {
			first = append(first, c.Audio)
		} else {
			rest = append(rest, c.Audio)
		}
	}
	return append(append(first, rest...), s.Files...)
}
