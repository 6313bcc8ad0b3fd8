package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
)

// demoResult is what the demo found, and the last line of demo --json.
type demoResult struct {
	Type    string `json:"type"` // "DemoSummary"
	OK      bool   `json:"ok"`
	SetupMS int64  `json:"setup_ms"` // from dialling to the answer
	engine.CallStats
	Tones []demoTone `json:"tones"`
	// Problems says what is wrong; empty when OK.
	Problems  []string `json:"problems"`
	Recording string   `json:"recording,omitempty"` // the file, with --keep
	Report    string   `json:"report"`              // the HTML page
}

// demoTone compares a tone that was to be heard with what was.
type demoTone struct {
	Key          string  `json:"key"`
	ExpectedHz   float64 `json:"expected_hz"`
	Hz           float64 `json:"hz"`
	ExpectedDBOV float64 `json:"expected_dbov"`
	DBOV         float64 `json:"dbov"`
	SNR          float64 `json:"snr_db"`
}

// What the demo lets pass.
const (
	maxHzOff    = 1.0
	maxLevelOff = 1.0 // dB
)

// judgeDemo measures the recording of the scenario's call and compares.
func judgeDemo(audio *dsp.Audio, sc report.Scenario, call report.Call) demoResult {
	r := demoResult{Type: "DemoSummary", SetupMS: (call.Answered - call.Start).Duration().Milliseconds(), Problems: []string{}}
	r.CallStats = engine.CallStats{Codec: call.Codec, RX: engine.DirectionStats(call.RX), TX: engine.DirectionStats(call.TX), RTTMS: call.RTTMS}
	wrong := func(format string, args ...any) { r.Problems = append(r.Problems, fmt.Sprintf(format, args...)) }

	if sc.Outcome != report.Passed {
		wrong("%s", sc.Message)
	}
	heard := longTones(audio)
	if len(heard) != len(ivrBranches) {
		wrong("%s heard after the keys, not %d", count(len(heard), "tone"), len(ivrBranches))
	}
	if len(heard) > 0 && !hasSound(audio, heard[0].Start) {
		wrong("no menu was heard")
	}
	for i, b := range ivrBranches {
		t := demoTone{Key: b.Key, ExpectedHz: b.Hz, ExpectedDBOV: ivrLevel, DBOV: dsp.MinLevel}
		if i < len(heard) {
			m := cleanest(audio, heard[i])
			t.Hz, t.DBOV, t.SNR = m.Hz, m.Level, m.SNR
		}
		if math.Abs(t.Hz-t.ExpectedHz) > maxHzOff {
			wrong("key %s: %.1f Hz was heard, not %g Hz", b.Key, t.Hz, b.Hz)
		}
		if math.Abs(t.DBOV-t.ExpectedDBOV) > maxLevelOff {
			wrong("key %s: the tone had %.1f dBov, not %g dBov", b.Key, t.DBOV, ivrLevel)
		}
		r.Tones = append(r.Tones, t)
	}
	if call.RX.Packets == 0 {
		wrong("no RTP came")
	}
	if lost := call.RX.Lost + call.TX.Lost; lost > 0 {
		wrong("%s lost", count(int(lost), "packet"))
	}
	r.OK = len(r.Problems) == 0
	return r
}

// longTones returns the tones that were heard for the length of a branch, each by
// its longest stretch without a gap. The notes of the menu are shorter.
func longTones(audio *dsp.Audio) []dsp.Segment {
	const note = 300 * time.Millisecond
	type heard struct {
		longest dsp.Segment
		total   time.Duration
	}
	var tones []heard
	for _, s := range dsp.Segments(audio.Channel(0), audio.Rate) {
		length := s.End - s.Start
		if s.Hz == 0 || length < note {
			continue
		}
		n := len(tones)
		if n == 0 || math.Abs(tones[n-1].longest.Hz-s.Hz) > maxHzOff {
			tones = append(tones, heard{s, length})
			continue
		}
		// The same tone after a gap, on a machine that is too busy for its audio.
		t := &tones[n-1]
		t.total += length
		if length > t.longest.End-t.longest.Start {
			t.longest = s
		}
	}
	var long []dsp.Segment
	for _, t := range tones {
		if t.total >= ivrToneTime/2 {
			long = append(long, t.longest)
		}
	}
	return long
}

// cleanest measures a tone in its best half second: a machine that is too busy for
// its audio leaves holes in it.
func cleanest(audio *dsp.Audio, s dsp.Segment) dsp.Tone {
	return dsp.ClearestTone(audio.Slice(s.Start, s.End).Channel(0), audio.Rate, 500*time.Millisecond)
}

// hasSound says whether there is a tone before a time.
func hasSound(audio *dsp.Audio, before time.Duration) bool {
	part := audio.Slice(0, before)
	for _, s := range dsp.Segments(part.Channel(0), part.Rate) {
		if s.Hz > 0 {
			return true
		}
	}
	return false
}

func (r demoResult) print(w io.Writer) error {
	fmt.Fprintln(w)
	t := newTable(w, "")
	t.row("setup time", fmt.Sprintf("%d ms", r.SetupMS))
	t.row("codec", r.Codec)
	t.row("received", describeDirection(r.RX))
	t.row("sent", describeDirection(r.TX))
	t.row("round trip", fmt.Sprintf("%.1f ms", r.RTTMS))
	if r.Recording != "" {
		t.row("recording", r.Recording)
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	t = newTable(w, "")
	t.row("", "EXPECTED", "MEASURED")
	for _, tone := range r.Tones {
		t.row("key "+tone.Key, fmt.Sprintf("%.1f Hz", tone.ExpectedHz), fmt.Sprintf("%.1f Hz", tone.Hz))
		t.row("", fmt.Sprintf("%.1f dBov", tone.ExpectedDBOV), fmt.Sprintf("%.1f dBov, %.0f dB above noise", tone.DBOV, tone.SNR))
	}
	if err := t.flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, p := range r.Problems {
		fmt.Fprintf(w, "WRONG  %s\n", p)
	}
	if r.OK {
		fmt.Fprintln(w, "all is right")
	}
	_, err := fmt.Fprintf(w, "report: %s\n", r.Report)
	return err
}
