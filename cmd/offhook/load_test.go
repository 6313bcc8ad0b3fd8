package main

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/load"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/pjsua"
)

// What is wrong with the flags is said before anything is opened, with the exit code of what
// could not run.
func TestLoadUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"takes scenarios, or --to":         {},
		"load takes scenarios":             {"--to", "sip:a@b", "a.yaml"},
		"is no phase":                      {"--to", "sip:a@b", "--rate", "fast"},
		"a rate must be":                   {"--to", "sip:a@b", "--rate", "-1@5s"},
		"only the last phase":              {"--to", "sip:a@b", "--rate", "0"},
		"all of --rate have one":           {"--to", "sip:a@b", "--rate", "1@5s", "--duration", "5s"},
		"--stop: load: rule \"mos > 3\"":   {"--to", "sip:a@b", "--stop", "mos > 3"},
		"--require: load: ":                {"--to", "sip:a@b", "--require", "failures"},
		"--for and --timeout":              {"--to", "sip:a@b", "--for", "0s"},
		"must not be below 0":              {"--to", "sip:a@b", "--calls", "-1"},
		"--account is a number":            {"a.yaml", "--account", "2"},
		"no such account in the configura": {"--to", "sip:a@b", "--account", "7", "--rate", "1@1s"},
		"no-such-file.yaml":                {"no-such-file.yaml"},
	} {
		got := offhook(append([]string{"load"}, args...)...)
		if got.code != exitNotRun || !strings.Contains(got.stderr, want) {
			t.Errorf("load %q: code %d, %q; want %q", args, got.code, got.stderr, want)
		}
	}
}

func TestLoadPlan(t *testing.T) {
	for want, o := range map[string]loadOptions{
		"10 calls/s":            {rate: "10"},
		"10 calls/s for 5m":     {rate: "10", duration: 5 * time.Minute},
		"10 calls/s for 5m (2)": {rate: "10@5m"},
		"0 to 10 calls/s for 30s, 10 calls/s for 5m":                            {rate: "10", ramp: 30 * time.Second, duration: 5 * time.Minute},
		"1 to 50 calls/s for 1m, 50 calls/s for 2m, Poisson":                    {rate: "1..50@1m,50@2m", poisson: true},
		"0 to 1 calls/s for 10s, 1 calls/s for 1m, 2 calls/s for 1m, 3 calls/s": {rate: "1@1m,2@1m,3", ramp: 10 * time.Second},
	} {
		o.to, o.account, o.hold, o.timeout, o.window = "sip:a@b", noAccount, time.Second, time.Second, time.Second
		cfg, err := o.check(nil)
		want, _, _ = strings.Cut(want, " (")
		if err != nil || cfg.Plan.String() != want {
			t.Errorf("%+v: %q, %v; want %q", o, cfg.Plan, err, want)
		}
		if len(cfg.Require) != 1 || cfg.Require[0].String() != "failures <= 0%" || cfg.Plan.Seed == 0 {
			t.Errorf("rules %v, seed %d", cfg.Require, cfg.Plan.Seed)
		}
	}
}

func TestNotSent(t *testing.T) {
	for _, tt := range []struct {
		d       time.Duration
		packets uint64
		want    uint64
	}{
		{10 * time.Second, 500, 0}, {10 * time.Second, 510, 0}, {10 * time.Second, 491, 0}, {10 * time.Second, 450, 50},
		{10 * time.Second, 351, 149}, {10 * time.Second, 334, 0}, {10 * time.Second, 250, 0}, {10 * time.Second, 0, 0}, {900 * time.Millisecond, 30, 0}, {time.Second, 41, 0},
	} {
		if got := notSent(tt.d, tt.packets); got != tt.want {
			t.Errorf("%d packets in %v: %d were not sent, want %d", tt.packets, tt.d, got, tt.want)
		}
	}
}

func TestRoomFor(t *testing.T) {
	if pjsua.Limits().Calls == 0 {
		t.Skip("without PJSIP there is no room")
	}
	conf := &config.Config{}
	all := roomFor(conf, 1)
	if all < 10 || all > pjsua.Limits().Calls {
		t.Errorf("there is room for %d", all)
	}
	if got := roomFor(conf, 2); got != all/2 {
		t.Errorf("for jobs of two calls there is room for %d, of %d", got, all)
	}
	conf.Settings.RTPPortMin, conf.Settings.RTPPortMax = 4000, 4019
	if got := roomFor(conf, 1); got != 10 {
		t.Errorf("twenty ports have room for %d", got)
	}
	conf.Settings.MaxCalls = 4
	if got := roomFor(conf, 1); got != 4 {
		t.Errorf("four calls have room for %d", got)
	}
}

// What a load counts of a scenario.
func TestOutcomeOfScenario(t *testing.T) {
	ms := func(n int) report.Millis { return report.Millis(time.Duration(n) * time.Millisecond) }
	calls := []report.Call{
		{Role: "UAS", Start: ms(10), Answered: ms(20), RX: report.DirectionStats{MOS: 4.2}, TX: report.DirectionStats{MOS: 4.4}},
		{Role: "UAC", Start: ms(100), Answered: ms(350), Ended: ms(2350), RX: report.DirectionStats{MOS: 4.3}},
	}
	got := outcomeOfScenario(report.Scenario{Outcome: report.Passed, Calls: calls, Steps: []report.Step{
		{Action: "dial", Outcome: report.Passed, Duration: ms(5)},
		{Action: "expect-prompt", Name: "welcome", Outcome: report.Passed, Duration: ms(700)},
		{Action: "expect-prompt", Name: "welcome", Outcome: report.Passed, Duration: ms(500)},
	}})
	if got.Failure != "" || got.Setup != 250*time.Millisecond || got.Duration != 2*time.Second || got.MOSRX != 4.2 || got.MOSTX != 4.4 ||
		len(got.Latencies) != 1 || got.Latencies["welcome"] != 700*time.Millisecond {
		t.Errorf("outcome %+v", got)
	}
	sent := func(packets uint64, ended int, held bool) report.Call {
		return report.Call{Role: "UAC", Answered: ms(500), Ended: ms(ended), Held: held, TX: report.DirectionStats{Packets: packets}}
	}
	got = outcomeOfScenario(report.Scenario{Outcome: report.Passed, Calls: []report.Call{
		sent(450, 10500, false), sent(480, 10500, false), sent(500, 10500, false),
		sent(450, 10500, true), // a hold says nothing
		sent(450, 0, false),    // it did not end
		{Role: "UAC", Ended: ms(10500), TX: report.DirectionStats{Packets: 450}}, // early media only
	}})
	if got.LostFrames != 50+20 {
		t.Errorf("%d frames were lost", got.LostFrames)
	}
	refused := []report.Call{{Role: "UAC", Start: ms(1), Ended: ms(9), Code: 486, Reason: "Busy Here"}}
	got = outcomeOfScenario(report.Scenario{Outcome: report.Failed, Message: "it took 3.1 s", Calls: refused, Steps: []report.Step{
		{Action: "parallel", Text: "parallel", Line: 3, File: "a.yaml", Outcome: report.Failed, Call: -1},
		{Action: "expect-answer", Text: "expect-answer within 5 s", Line: 4, File: "a.yaml", Outcome: report.Failed, Call: 0},
		{Action: "hangup", Text: "hangup", Line: 5, File: "a.yaml", Outcome: report.Errored, Call: 0},
	}})
	if got.Failure != "a.yaml:4: expect-answer within 5 s: 486 Busy Here" || got.Code != 486 || got.Setup != 0 {
		t.Errorf("outcome %+v", got)
	}
	if got = outcomeOfScenario(report.Scenario{Outcome: report.Errored, Message: "no account"}); got.Failure != "no account" {
		t.Errorf("outcome %+v", got)
	}
}

// What people read, of a run with everything.
func TestPrintLoad(t *testing.T) {
	ms := func(n int) report.Millis { return report.Millis(time.Duration(n) * time.Millisecond) }
	run := &report.LoadRun{
		Duration: ms(12345), MaxRunning: 20, Outcome: report.Failed, Stopped: "failures > 5%: it was 12% in the last 10s",
		Counts:    report.LoadCounts{Due: 120, Begun: 110, Capped: 10, Passed: 95, Failed: 13, Cut: 2},
		Latencies: []report.LoadLatency{{Name: "setup", P50: ms(20), P95: ms(180), P99: ms(612), Max: ms(1900)}, {Name: "late"}},
		MOS:       []report.LoadMOS{{Name: "rx", P5: 3.9, Mean: 4.2, Min: 3.1}, {Name: "worse", P5: 3.8, Mean: 4.1, Min: 3.1}},
		Failures:  []report.LoadFailure{{Code: 486, Reason: "486 Busy\x1b Here", Count: 11}, {Reason: "answered, but no RTP came", Count: 2}},
		Rules: []report.LoadRule{
			{Text: "failures > 5%", Stops: true, Value: "12%"}, {Text: "mos-p5 < 3", Stops: true, OK: true, Value: "3.80"},
			{Text: "setup-p99 < 500ms", Value: "612ms"}, {Text: "setup-p50 < 500ms", OK: true, Value: "20ms"},
		},
		Generator: report.LoadGenerator{Cores: 2, CPUMean: 61.2, CPUMax: 97.4, Late: 1, Limits: []string{"cap: 10 calls of 120 not begun, since 20 were running"}},
	}
	var b strings.Builder
	if err := printLoad(&b, run); err != nil {
		t.Fatal(err)
	}
	b.WriteString("\n")
	for _, s := range []load.Snapshot{
		{LoadSample: report.LoadSample{At: ms(10001), Target: 12.5, Running: 7, SetupP95: ms(120), MOS: 4.123, CPU: 33.4}, Counts: report.LoadCounts{Passed: 80, Failed: 3, Capped: 2}},
		{LoadSample: report.LoadSample{At: ms(65000), Running: 1}, Counts: report.LoadCounts{Passed: 100}, Draining: true},
	} {
		b.WriteString(loadLine(s) + "\n")
	}
	golden(t, "load.golden", b.String())
}

func TestServeMetrics(t *testing.T) {
	l, err := load.New(load.Config{
		Plan: load.Plan{Phases: []load.Phase{{From: 1, To: 1}}}, Job: func(context.Context, int) load.Outcome { return load.Outcome{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	stop, at, err := serveMetrics("127.0.0.1:0", l)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	resp, err := http.Get("http://" + at + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(text), "\noffhook_load_calls_begun_total 0\n") || !strings.Contains(string(text), "\ngo_goroutines ") {
		t.Errorf("%v: %s", err, text)
	}
}
