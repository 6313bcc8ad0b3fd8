package dsp

import (
	"math"
	"testing"
	"time"
)

func TestMOS(t *testing.T) {
	for _, c := range []struct {
		codec string
		loss  float64
		delay time.Duration
		want  float64
	}{
		{"PCMU", 0, 0, 4.41}, // G.107's default R of 93.2
		{"pcma", 0, 100 * time.Millisecond, 4.36},
		{"opus", 0, 0, 4.41},
		{"G729", 0, 0, 4.10}, // R 82.2
		{"GSM", 0, 0, 3.74},  // R 73.2
		{"PCMU", 0.01, 0, 4.33},
		{"PCMU", 0.10, 0, 3.41},
		{"G729", 0.03, 50 * time.Millisecond, 3.58},
		{"PCMU", 0, 400 * time.Millisecond, 3.05},
		{"PCMU", 1, 0, 1.18},
		{"PCMU", 1, 2 * time.Second, 1},
		{"PCMU", -1, -time.Second, 4.41},
		{"PCMU", 2, 0, 1.18},
	} {
		if got := MOS(c.codec, c.loss, c.delay); math.Abs(got-c.want) > 0.005 {
			t.Errorf("MOS(%q, %v, %v) = %.3f, want %.2f", c.codec, c.loss, c.delay, got, c.want)
		}
	}
	// Worse never sounds better.
	for _, codec := range []string{"PCMU", "G729", "GSM", "AMR", "G723"} {
		last := 5.0
		for loss := 0.0; loss <= 1; loss += 0.01 {
			got := MOS(codec, loss, 0)
			if got > last || got < 1 {
				t.Fatalf("%s: %v at a loss of %v, %v before", codec, got, loss, last)
			}
			last = got
		}
		last = 5
		for ms := range 3000 {
			got := MOS(codec, 0, time.Duration(ms)*time.Millisecond)
			if got > last || got < 1 {
				t.Fatalf("%s: %v at %d ms, %v before", codec, got, ms, last)
			}
			last = got
		}
	}
}
