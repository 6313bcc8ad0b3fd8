package main

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
)

// When no RTP came, media failed only if some should have, for a second or more.
func TestNoRTP(t *testing.T) {
	active := []engine.Media{{Status: "ACTIVE", Direction: "sendrecv"}}
	recvonly := []engine.Media{{Status: "ACTIVE", Direction: "recvonly"}}
	sendonly := []engine.Media{{Status: "ACTIVE", Direction: "sendonly"}}
	held := []engine.Media{{Status: "REMOTE_HOLD", Direction: "recvonly"}}
	failed := []engine.Media{{Status: "ERROR", Direction: "inactive"}}
	two := []engine.Media{{Status: "LOCAL_HOLD"}, {Status: "ACTIVE", Direction: "sendrecv"}}
	type change struct {
		at    time.Duration // since the answer
		media []engine.Media
	}
	for name, tt := range map[string]struct {
		changes []change
		length  time.Duration
		packets uint64
		want    bool
	}{
		"silence":               {[]change{{-time.Millisecond, active}}, 2 * time.Second, 0, true},
		"silence from recvonly": {[]change{{0, recvonly}}, 2 * time.Second, 0, true},
		"a second of it":        {nil, time.Second, 0, true},
		"less than a second":    {nil, 999 * time.Millisecond, 0, false},
		"packets":               {[]change{{0, active}}, time.Minute, 1, false},
		"we only send":          {[]change{{0, sendonly}}, time.Minute, 0, false},
		"on hold soon":          {[]change{{0, active}, {500 * time.Millisecond, held}}, time.Minute, 0, false},
		"on hold late":          {[]change{{0, active}, {1500 * time.Millisecond, held}}, time.Minute, 0, true},
		"on hold between":       {[]change{{0, active}, {600 * time.Millisecond, held}, {30 * time.Second, active}}, 31 * time.Second, 0, true},
		"media error":           {[]change{{0, failed}}, 2 * time.Second, 0, true},
		"no media":              {[]change{{0, nil}}, 2 * time.Second, 0, true},
		"one of two on hold":    {[]change{{0, two}}, 2 * time.Second, 0, true},
	} {
		var f callFacts
		answer := time.Now()
		at := func(d time.Duration) engine.EventHeader { return engine.EventHeader{Time: answer.Add(d)} }
		ended := engine.CallEnded{EventHeader: at(tt.length), Role: "UAC"}
		ended.RX.Packets = tt.packets
		events := []engine.Event{engine.CallStateChanged{EventHeader: at(0), Role: "UAC", State: engine.StateConfirmed}, ended}
		for _, c := range tt.changes {
			events = append(events, engine.CallMediaChanged{EventHeader: at(c.at), Media: c.media})
		}
		slices.SortStableFunc(events, func(a, b engine.Event) int { return a.Header().Time.Compare(b.Header().Time) })
		for _, ev := range events {
			f.add(ev)
		}
		if got := f.noRTP(); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// The names of the summary are part of the interface.
func TestSummaryJSON(t *testing.T) {
	ring, answer := int64(20), int64(150)
	s := callSummary{
		Type: "CallSummary", Result: resultAnswered, Code: 200, Reason: "OK", URI: "sip:1000@pbx", Account: 1,
		RingMS: &ring, AnswerMS: &answer, DurationMS: 4000, EndedBy: "local", Codec: "PCMU/8000", Record: "a.wav",
		CallStats: engine.CallStats{Codec: "PCMU/8000", RX: engine.DirectionStats{Packets: 200, JitterMS: 0.5}, RTTMS: 1.5},
	}
	var b bytes.Buffer
	for _, asJSON := range []bool{true, false} {
		for _, s := range []callSummary{s, {Type: "CallSummary", Result: resultRejected, Code: 486, Reason: "Busy Here"}} {
			p := &eventPrinter{w: &b, json: asJSON}
			if err := p.summary(s); err != nil {
				t.Fatal(err)
			}
		}
	}
	golden(t, "summary.golden", b.String())
	line, _, _ := bytes.Cut(b.Bytes(), []byte("\n"))
	if !json.Valid(line) {
		t.Errorf("not JSON: %s", line)
	}
}
