package report_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/test/reports"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; see what -update makes of it. Got:\n%s", path, got)
	}
}

func sample(t *testing.T) *report.Run {
	t.Helper()
	r, err := reports.Sample("") // no writer of these tests reads audio
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func written(t *testing.T, write func(w io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), reports.Secret) {
		t.Error("a secret is in what was written")
	}
	return b.Bytes()
}

func TestCounts(t *testing.T) {
	r := sample(t)
	if got, want := r.Counts(), (report.Counts{Total: 8, Passed: 3, Failed: 3, Errors: 1, Skipped: 1, Flaky: 1}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	for want, outcomes := range map[report.Outcome][]report.Outcome{
		report.Skipped: {report.Skipped},
		report.Passed:  {report.Skipped, report.Passed},
		report.Failed:  {report.Passed, report.Failed},
		report.Errored: {report.Failed, report.Errored, report.Passed},
	} {
		run := report.Run{}
		for _, o := range outcomes {
			run.Scenarios = append(run.Scenarios, report.Scenario{Outcome: o})
		}
		if got := run.Outcome(); got != want {
			t.Errorf("%v is %s, not %s", outcomes, got, want)
		}
	}
	if got := (&report.Run{}).Outcome(); got != report.Skipped {
		t.Errorf("a run without scenarios is %s", got)
	}
}

func TestMillis(t *testing.T) {
	for want, m := range map[string]report.Millis{
		"1500":  report.Millis(1500 * time.Millisecond),
		"0.25":  report.Millis(250 * time.Microsecond),
		"-3":    report.Millis(-3 * time.Millisecond),
		"0.001": report.Millis(700 * time.Nanosecond),
	} {
		b, err := json.Marshal(m)
		if err != nil || string(b) != want {
			t.Errorf("%v is %s (%v), not %s", m.Duration(), b, err, want)
		}
	}
	var m report.Millis
	if err := json.Unmarshal([]byte("2.5"), &m); err != nil || m.Duration() != 2500*time.Microsecond {
		t.Errorf("2.5 is %v (%v)", m.Duration(), err)
	}
	if err := json.Unmarshal([]byte(`"2"`), &m); err == nil {
		t.Error("a string is taken for a number")
	}
}

func TestJUnit(t *testing.T) {
	r := sample(t)
	got := written(t, func(w io.Writer) error { return report.WriteJUnit(w, r, "out/reports") })
	golden(t, "junit.xml", got)

	var parsed struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Suites   []struct {
			Tests int `xml:"tests,attr"`
			Cases []struct {
				Name    string `xml:"name,attr"`
				Failure *struct {
					Message string `xml:"message,attr"`
				} `xml:"failure"`
				Flaky []struct{} `xml:"flakyFailure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(got, &parsed); err != nil {
		t.Fatal(err)
	}
	names, flaky, hostile := map[string]bool{}, 0, false
	for _, s := range parsed.Suites {
		if s.Tests != len(s.Cases) {
			t.Errorf("a suite of %d cases says %d", len(s.Cases), s.Tests)
		}
		for _, c := range s.Cases {
			names[c.Name] = true
			flaky += len(c.Flaky)
			hostile = hostile || c.Failure != nil && strings.HasPrefix(c.Failure.Message, reports.Hostile)
		}
	}
	if parsed.Tests != 8 || parsed.Failures != 3 || parsed.Errors != 1 || len(names) != 8 || flaky != 1 || !hostile {
		t.Errorf("%d tests, %d failures, %d errors, %d names, %d flaky, hostile text whole: %v",
			parsed.Tests, parsed.Failures, parsed.Errors, len(names), flaky, hostile)
	}
}

func TestJUnitOfARunThatBroke(t *testing.T) {
	r := &report.Run{Name: "nightly", Message: "no port for SIP"}
	got := written(t, func(w io.Writer) error { return report.WriteJUnit(w, r, "") })
	if !regexp.MustCompile(`<testsuites [^>]*errors="1"`).Match(got) || !bytes.Contains(got, []byte(`message="no port for SIP"`)) {
		t.Errorf("a CI would take this for passed:\n%s", got)
	}
}

func TestJSONLines(t *testing.T) {
	r := sample(t)
	got := written(t, func(w io.Writer) error { return report.WriteJSONLines(w, r) })
	golden(t, "lines.jsonl", got)
	lines := bytes.Split(bytes.TrimSpace(got), []byte("\n"))
	var last struct {
		Type    string
		Outcome report.Outcome
		Failed  int
	}
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil || last.Type != "RunEnded" || last.Outcome != report.Errored || last.Failed != 3 {
		t.Errorf("the last line is %+v (%v)", last, err)
	}
}

// A step that was written and read is the same, with its header's fields beside it.
func TestJSONLinesRoundTrip(t *testing.T) {
	r := sample(t)
	want := r.Scenarios[0].Calls[0]
	want.Messages = nil // redacted
	got := written(t, func(w io.Writer) error { return report.NewJSONLines(w).CallEnded(3, 2, want) })
	var line struct {
		Type              string
		Scenario, Attempt int
		report.Call
	}
	if err := json.Unmarshal(got, &line); err != nil {
		t.Fatal(err)
	}
	for i, q := range want.Quality { // JSON has microseconds
		want.Quality[i].At = report.Millis(q.At.Duration().Round(time.Microsecond))
	}
	if line.Type != "CallEnded" || line.Scenario != 3 || line.Attempt != 2 || !reflect.DeepEqual(line.Call, want) {
		t.Errorf("%+v\nis not\n%+v", line, want)
	}
}

func TestJSONLinesFromManyGoroutines(t *testing.T) {
	var b bytes.Buffer
	j := report.NewJSONLines(&b)
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for range 50 {
				_ = j.StepEnded(n, 1, report.Step{Text: "wait 1 s"})
			}
		})
	}
	wg.Wait()
	lines := bytes.Split(bytes.TrimSpace(b.Bytes()), []byte("\n"))
	if len(lines) != 400 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, l := range lines {
		if !json.Valid(l) {
			t.Fatalf("not JSON: %s", l)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWritersReportErrors(t *testing.T) {
	r := sample(t)
	for name, write := range map[string]func() error{
		"html":     func() error { return report.WriteHTML(brokenWriter{}, &report.Run{}, report.HTMLOptions{}) },
		"load":     func() error { return report.WriteLoadHTML(brokenWriter{}, &report.LoadRun{}) },
		"junit":    func() error { return report.WriteJUnit(brokenWriter{}, r, "") },
		"lines":    func() error { return report.WriteJSONLines(brokenWriter{}, r) },
		"markdown": func() error { return report.WriteMarkdown(brokenWriter{}, r) },
	} {
		if err := write(); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMarkdown(t *testing.T) {
	r := sample(t)
	got := written(t, func(w io.Writer) error { return report.WriteMarkdown(w, r) })
	golden(t, "summary.md", got)
	if bytes.Contains(got, []byte("<script")) || bytes.Contains(got, []byte("<img")) {
		t.Error("HTML of a scenario is in it")
	}
}

// GitHub refuses a summary of more than 1 MiB.
func TestMarkdownHasALimit(t *testing.T) {
	r := &report.Run{Name: "huge"}
	for range 6000 {
		r.Scenarios = append(r.Scenarios, report.Scenario{
			Name: strings.Repeat("ö", 300), Outcome: report.Failed, Message: strings.Repeat("<why>", 2000),
			Steps: []report.Step{{Text: "expect", Outcome: report.Failed, Expected: strings.Repeat("x", 5000)}},
		}, report.Scenario{Name: "fine", Outcome: report.Passed})
	}
	got := written(t, func(w io.Writer) error { return report.WriteMarkdown(w, r) })
	if len(got) > report.MarkdownLimit {
		t.Errorf("%d bytes", len(got))
	}
	if !bytes.Contains(got, []byte("more did not pass")) || !bytes.Contains(got, []byte("left out of this table")) {
		t.Error("it does not say what is missing")
	}
}

// What no XML may have does not make the whole file unreadable.
func TestJUnitOfBinaryText(t *testing.T) {
	odd := "a\x00b\x1b[1m \xff]]>\ufffe <c> & é"
	r := &report.Run{Name: odd, Scenarios: []report.Scenario{{
		Name: odd, File: odd, Outcome: report.Failed, Message: odd,
		Steps: []report.Step{{Text: odd, Outcome: report.Failed, Message: odd}},
	}}}
	got := written(t, func(w io.Writer) error { return report.WriteJUnit(w, r, odd) })
	d := xml.NewDecoder(bytes.NewReader(got))
	for {
		_, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, got)
		}
	}
}
