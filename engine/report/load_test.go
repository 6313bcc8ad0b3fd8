package report_test

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/test/reports"
)

func TestLoadJSON(t *testing.T) {
	want := reports.Load()
	got := written(t, func(w io.Writer) error { return report.WriteLoadJSON(w, want) })
	var r report.LoadRun
	if err := json.Unmarshal(got, &r); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&r, want) {
		t.Error("it is not what was written")
	}
}

func TestLoadHTML(t *testing.T) {
	r := reports.Load()
	got := string(written(t, func(w io.Writer) error { return report.WriteLoadHTML(w, r) }))
	for _, want := range []string{"The generator kept up", "failed, 2.", "setup, 95 % within", "Service Unavailable", "setup-p95 &lt; 500ms", "99.9 %"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(got, `<img`) || strings.Contains(got, "ZgotmplZ") {
		t.Error("a reason is HTML in the page")
	}
	r.Generator.Limits = []string{"CPU was at 97 % for 20 s"}
	r.Stopped = "failures > 20% over 10s"
	got = string(written(t, func(w io.Writer) error { return report.WriteLoadHTML(w, r) }))
	for _, want := range []string{"The generator was the limit", "CPU was at 97 % for 20 s", "Ended early: failures &gt; 20% over 10s"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// A run that never began, or that lasted for days, has a page too.
func TestLoadHTMLOfNothingAndOfMuch(t *testing.T) {
	written(t, func(w io.Writer) error { return report.WriteLoadHTML(w, &report.LoadRun{}) })
	r := &report.LoadRun{Samples: make([]report.LoadSample, 200_000)}
	for i := range r.Samples {
		r.Samples[i].At = report.Millis(time.Duration(i+1) * time.Second)
		r.Samples[i].Running = i % 977
	}
	got := written(t, func(w io.Writer) error { return report.WriteLoadHTML(w, r) })
	if len(got) > 2<<20 {
		t.Errorf("a page of %d bytes", len(got))
	}
}
