//go:build integration && cgo

package codecline

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// Every codec that PJSIP was built with is a line.
func TestCodecsAreAll(t *testing.T) {
	ep := must(pjsua.Open(pjsua.Config{}))(t)
	defer ep.Close()
	all := must(ep.Codecs(t.Context()))(t)
	for _, c := range all {
		n := 0
		for _, id := range Codecs() {
			if strings.HasPrefix(strings.ToLower(c.ID), strings.ToLower(id)) {
				n++
			}
		}
		if n != 1 && !strings.HasPrefix(c.ID, "L16/") {
			t.Errorf("%s is %d of %v", c.ID, n, Codecs())
		}
	}
}

// A tone is where it was, and as it was; and as much of it is lost as was asked for.
func TestPass(t *testing.T) {
	const rate = 8000
	signals := [][]int16{
		dsp.Concat(dsp.Silence(rate, time.Second), dsp.GenerateTone(rate, 2*time.Second, -20, 440), dsp.Silence(rate, time.Second)),
		dsp.Concat(dsp.Silence(rate, 2*time.Second), dsp.GenerateTone(rate, 2*time.Second, -20, 1000)),
		{},
	}
	var lines []Line
	for i, codec := range Codecs() {
		lines = append(lines, Line{codec, Losses[i%len(Losses)]})
	}
	heard := Pass(t, rate, signals, lines...)
	for _, line := range lines {
		for i, want := range []struct {
			hz   float64
			from time.Duration
		}{{440, time.Second}, {1000, 2 * time.Second}} {
			got := heard[line][i]
			if len(got) != len(signals[i]) {
				t.Fatalf("%v: %d samples of %d", line, len(got), len(signals[i]))
			}
			var begin time.Duration
			var tone dsp.Tone
			for _, s := range dsp.Segments(got, rate) {
				if math.Abs(s.Hz-want.hz) < 10 && begin == 0 {
					begin, tone = s.Start, s.Tone
				}
			}
			late := begin - want.from
			within := 25 * time.Millisecond
			if line.Loss == 10 {
				within *= 4 // packets are lost where the tone begins
			}
			if late < -within || late > within {
				t.Errorf("%v: the tone of %v Hz is late by %v", line, want.hz, late)
			}
			t.Logf("%v: %v, late by %v", line, tone, late)
		}
		if len(heard[line][2]) != 0 {
			t.Errorf("%v: nothing became %d samples", line, len(heard[line][2]))
		}
	}
	if again := Pass(t, rate, signals, lines...); &again[lines[0]][0][0] != &heard[lines[0]][0][0] {
		t.Error("what was passed is not remembered")
	}
	clear(passed)
	for line, again := range Pass(t, rate, signals, lines...) {
		switch {
		case slices.EqualFunc(again, heard[line], slices.Equal):
		case line.Codec == "AMR-WB":
			t.Logf("%v: it is not the same the second time, as now and then", line)
		default:
			t.Errorf("%v: it is not the same the second time", line)
		}
	}
}
