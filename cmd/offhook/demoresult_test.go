package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
)

// heard makes a recording of the menu and then of tones with pauses between.
func heard(level float64, hz ...float64) *dsp.Audio {
	const rate = 16000
	note := dsp.GenerateTone(rate, 200*time.Millisecond, ivrLevel, 523)
	samples := dsp.Concat(note, dsp.Silence(rate, time.Second))
	for _, f := range hz {
		samples = dsp.Concat(samples, dsp.GenerateTone(rate, ivrToneTime, level, f), dsp.Silence(rate, 300*time.Millisecond))
	}
	return &dsp.Audio{Rate: rate, Channels: 1, Samples: samples}
}

func TestJudgeDemo(t *testing.T) {
	good := report.Call{RX: report.DirectionStats{Packets: 300}}
	lossy := good
	lossy.RX.Lost = 3
	noMenu := heard(ivrLevel, 440, 880)
	noMenu.Samples = noMenu.Samples[noMenu.Rate*6/5-100:]
	holes := heard(ivrLevel, 440, 880)
	clear(holes.Samples[2*holes.Rate : 2*holes.Rate+holes.Rate/5])
	tests := map[string]struct {
		audio *dsp.Audio
		call  report.Call
		want  string // in the problems; empty: none
	}{
		"as expected":        {heard(ivrLevel, 440, 880), good, ""},
		"within limits":      {heard(ivrLevel+0.9, 440.9, 879.1), good, ""},
		"hole in a tone":     {holes, good, ""},
		"wrong frequency":    {heard(ivrLevel, 441.5, 880), good, "key 1: 441.5 Hz was heard, not 440 Hz"},
		"too quiet":          {heard(ivrLevel-1.2, 440, 880), good, "key 1: the tone had -21.2 dBov"},
		"branches exchanged": {heard(ivrLevel, 880, 440), good, "key 2: 440.0 Hz was heard"},
		"same branch twice":  {heard(ivrLevel, 440, 440), good, "1 tone heard"},
		"no second branch":   {heard(ivrLevel, 440), good, "key 2: 0.0 Hz was heard"},
		"a third tone":       {heard(ivrLevel, 440, 880, 600), good, "3 tones heard"},
		"silence":            {heard(ivrLevel), good, "0 tones heard"},
		"no menu":            {noMenu, good, "no menu"},
		"loss":               {heard(ivrLevel, 440, 880), lossy, "3 packets lost"},
		"no RTP":             {heard(ivrLevel, 440, 880), report.Call{}, "no RTP"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := judgeDemo(tt.audio, report.Scenario{Outcome: report.Passed}, tt.call)
			if got := strings.Join(r.Problems, "\n"); r.OK != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("ok %v, problems %q, want %q", r.OK, got, tt.want)
			}
			var b bytes.Buffer
			if err := r.print(&b); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), tt.want) || strings.Contains(b.String(), "all is right") != r.OK {
				t.Errorf("printed:\n%s", b.String())
			}
		})
	}
}

func TestJudgeDemoFailedStep(t *testing.T) {
	call := report.Call{RX: report.DirectionStats{Packets: 300}}
	r := judgeDemo(heard(ivrLevel, 440, 880), report.Scenario{Outcome: report.Failed, Message: "expected an answer"}, call)
	if r.OK || len(r.Problems) != 1 || r.Problems[0] != "expected an answer" {
		t.Errorf("%+v", r)
	}
}
