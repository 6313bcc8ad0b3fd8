package metrics

import (
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// still is an engine at one moment.
type still struct{ snap engine.Snapshot }

func (s still) Snapshot() engine.Snapshot { return s.snap }

func (s still) Follow() (engine.Snapshot, *engine.Subscription) { return s.snap, nil }

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// at is the header of an event of a call, so long after start.
func at(call engine.CallID, d time.Duration) engine.EventHeader {
	return engine.EventHeader{Call: call, Time: start.Add(d)}
}

// counted is a Metrics that has counted something of everything.
func counted() *Metrics {
	m := newMetrics(still{engine.Snapshot{
		Seq: 99, State: "running",
		Accounts: []engine.AccountInfo{{}, {Registers: true, Registered: true}, {Registers: true}},
		Calls:    []engine.CallInfo{{ID: 9, Role: "UAS", State: engine.StateConfirmed}, {ID: 10, Role: "UAC", State: engine.StateNull}},
	}}, "1.2.3")
	stats := engine.CallStats{
		RX: engine.DirectionStats{Packets: 500, Lost: 7, Discarded: 3, JitterMS: 4, MOS: 4.2}, TX: engine.DirectionStats{Packets: 490, Lost: 1, JitterMS: 6, MOS: 3.9}, RTTMS: 40,
	}
	for _, ev := range []engine.Event{
		engine.RegistrationChanged{Code: 200, Registered: true},
		engine.RegistrationChanged{Code: 200, Unregistering: true},
		engine.RegistrationChanged{Code: 403},
		engine.RegistrationChanged{},
		// A call of ours that is answered after 3 s.
		engine.CallStateChanged{EventHeader: at(1, 0), Role: "UAC", State: engine.StateCalling},
		engine.CallStateChanged{EventHeader: at(1, 300*time.Millisecond), Role: "UAC", State: engine.StateEarly},
		engine.CallStateChanged{EventHeader: at(1, 400*time.Millisecond), Role: "UAC", State: engine.StateEarly},
		engine.CallStateChanged{EventHeader: at(1, 3*time.Second), Role: "UAC", State: engine.StateConfirmed},
		engine.CallQuality{EventHeader: at(1, 5*time.Second), RX: engine.DirectionQuality{Packets: 200, Lost: 5}, TX: engine.DirectionQuality{Packets: 210, Lost: 2}},
		engine.CallQuality{EventHeader: at(1, 7*time.Second), RX: engine.DirectionQuality{Packets: 200, Lost: 1}, TX: engine.DirectionQuality{Packets: 400, Lost: 1}},
		engine.CallStateChanged{EventHeader: at(1, 10*time.Second), Role: "UAC", State: engine.StateDisconnected},
		engine.CallEnded{EventHeader: at(1, 10*time.Second), Role: "UAC", Code: 200, DurationMS: 7000, CallStats: stats},
		// One that nobody answers, and one with a code that its sender made up.
		engine.CallStateChanged{EventHeader: at(2, 0), Role: "UAS", State: engine.StateIncoming},
		engine.CallEnded{EventHeader: at(2, 0), Role: "UAS", Code: 487},
		engine.CallEnded{EventHeader: at(3, 0), Role: "UAC", Code: 499},
		// One that was there before.
		engine.CallStateChanged{EventHeader: at(4, 0), Role: "UAS", State: engine.StateConfirmed},
		engine.CallRejected{Code: 486},
		engine.DTMFReceived{Digit: "1", Method: "RFC4733"},
		engine.DTMFSent{Digits: "123", Method: "INFO"},
		engine.MessageReceived{}, engine.MessageStatus{Code: 202},
		engine.TransferEnded{Outcome: "succeeded"},
		engine.EventsLost{Count: 12},
		engine.HookFailed{}, engine.RecordingFailed{}, engine.FileFailed{}, engine.WebhookChanged{Up: true},
	} {
		m.tally.count(ev)
	}
	m.CountRequest("GET", 200)
	m.CountRequest("BREW", 404)
	return m
}

// What Prometheus reads, but for the metrics of Go and of the process.
const want = `offhook_accounts 2
offhook_accounts_registered 1
offhook_api_requests_total{code="200",method="GET"} 1
offhook_api_requests_total{code="404",method="other"} 1
offhook_call_duration_seconds_bucket{role="UAC",le="5"} 0
offhook_call_duration_seconds_bucket{role="UAC",le="15"} 1
offhook_call_duration_seconds_sum{role="UAC"} 7
offhook_call_mos_bucket{direction="rx",le="4.1"} 0
offhook_call_mos_bucket{direction="rx",le="4.2"} 1
offhook_call_mos_sum{direction="tx"} 3.9
offhook_call_ringing_seconds_count 1
offhook_call_ringing_seconds_sum 0.3
offhook_call_setup_seconds_bucket{role="UAC",le="2"} 0
offhook_call_setup_seconds_bucket{role="UAC",le="4"} 1
offhook_call_setup_seconds_count{role="UAC"} 1
offhook_calls{role="UAC",state="CALLING"} 0
offhook_calls{role="UAC",state="CONFIRMED"} 0
offhook_calls{role="UAS",state="CONFIRMED"} 1
offhook_calls_rejected_total{code="486"} 1
offhook_calls_total{code="200",role="UAC"} 1
offhook_calls_total{code="487",role="UAS"} 1
offhook_calls_total{code="4xx",role="UAC"} 1
offhook_dtmf_digits_total{direction="rx",method="RFC4733"} 1
offhook_dtmf_digits_total{direction="tx",method="INFO"} 3
offhook_events_lost_total 12
offhook_events_total 99
offhook_failures_total{kind="hook"} 1
offhook_failures_total{kind="recording"} 1
offhook_messages_received_total 1
offhook_messages_sent_total{code="2xx"} 1
offhook_registrations_total{code="2xx"} 1
offhook_registrations_total{code="4xx"} 1
offhook_registrations_total{code="none"} 1
offhook_rtp_frames_discarded_total 3
offhook_rtp_jitter_seconds_sum{direction="rx"} 0.004
offhook_rtp_jitter_seconds_sum{direction="tx"} 0.006
offhook_rtp_packets_lost_total{direction="rx"} 7
offhook_rtp_packets_lost_total{direction="tx"} 2
offhook_rtp_packets_total{direction="rx"} 500
offhook_rtp_packets_total{direction="tx"} 490
offhook_rtp_round_trip_seconds_sum 0.04
offhook_transfers_total{outcome="succeeded"} 1
offhook_up 1
offhook_webhook_changes_total{state="up"} 1
`

func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

func TestScrape(t *testing.T) {
	text := scrape(t, counted())
	for line := range strings.Lines(want) {
		if !strings.Contains(text, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	for _, name := range []string{"go_goroutines ", "process_resident_memory_bytes ", `offhook_build_info{goversion="go`} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("no %s", name)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// The names are those that Prometheus recommends.
func TestLint(t *testing.T) {
	problems, err := testutil.GatherAndLint(counted().registry())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// docs/metrics.md has each metric with its labels, and none that there is not.
func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	families, err := counted().registry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range families {
		name := f.GetName()
		if !strings.HasPrefix(name, "offhook_") {
			continue
		}
		known[name] = true
		row := regexp.MustCompile(`(?m)^\| ` + "`" + name + "`" + ` \| (\w+) \| (.*?) \|`).FindSubmatch(doc)
		if row == nil {
			t.Errorf("%s is not documented", name)
			continue
		}
		if typ := strings.ToLower(f.GetType().String()); string(row[1]) != typ {
			t.Errorf("%s is a %s, documented as a %s", name, typ, row[1])
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		if got := strings.Join(labels, ", "); got != string(row[2]) {
			t.Errorf("%s has the labels %s, documented are %s", name, got, row[2])
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(offhook_\\w+)`").FindAllSubmatch(doc, -1) {
		if name := string(m[1]); !known[name] && !strings.HasPrefix(name, "offhook_load_") {
			t.Errorf("%s is documented, and is none", name)
		}
	}
}

// A reader that was cut off forgets the calls that ended meanwhile.
func TestKeep(t *testing.T) {
	m := counted()
	m.tally.keep([]engine.CallInfo{{ID: 5}})
	if n := len(m.tally.live); n != 0 {
		t.Errorf("%d calls are known", n)
	}
}

// Counting ends with the engine.
func TestEngineEnds(t *testing.T) {
	e, err := engine.New(&config.Config{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	m := New(e, "1.2.3")
	if text := scrape(t, m); !strings.Contains(text, "\noffhook_up 0\n") {
		t.Errorf("an engine that does not run is up:\n%s", text)
	}
	// Without cgo it cannot start, and with it does as asked: it ends.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = e.Run(ctx)
	select {
	case <-m.done:
	case <-time.After(time.Minute):
		t.Error("it goes on")
	}
}
