package dsp

import (
	"slices"
	"testing"
	"time"
)

func TestAudio(t *testing.T) {
	a := &Audio{Rate: 1000, Channels: 2, Samples: []int16{1, -1, 2, -2, 3, -3, 4, -4}}
	if got := a.Frames(); got != 4 {
		t.Errorf("%d frames", got)
	}
	if got := a.Duration(); got != ms(4) {
		t.Errorf("duration %v", got)
	}
	for i, want := range map[int][]int16{0: {1, 2, 3, 4}, 1: {-1, -2, -3, -4}, 2: nil, -1: nil} {
		if got := a.Channel(i); !slices.Equal(got, want) || (got == nil) != (want == nil) {
			t.Errorf("channel %d: %v, want %v", i, got, want)
		}
	}
	for _, tt := range []struct {
		from, to time.Duration
		want     []int16
	}{
		{0, ms(4), a.Samples},
		{ms(1), ms(3), []int16{2, -2, 3, -3}},
		{1400 * time.Microsecond, 1600 * time.Microsecond, []int16{2, -2}},
		{ms(3), ms(100), []int16{4, -4}},
		{-ms(5), ms(1), []int16{1, -1}},
		{ms(3), ms(1), nil},
		{ms(50), 1<<63 - 1, nil},
		{-1 << 63, 1<<63 - 1, a.Samples},
	} {
		got := a.Slice(tt.from, tt.to)
		if !slices.Equal(got.Samples, tt.want) || got.Rate != 1000 || got.Channels != 2 {
			t.Errorf("%v to %v: %v, want %v", tt.from, tt.to, got.Samples, tt.want)
		}
	}
	part := a.Slice(0, ms(1))
	part.Samples = append(part.Samples, 99)
	if a.Samples[2] != 2 {
		t.Error("appending to a slice of a recording changed the recording")
	}
	var none Audio
	if none.Frames() != 0 || none.Duration() != 0 || none.Channel(0) != nil || none.Slice(0, ms(1)).Samples != nil {
		t.Error("the zero value is not empty")
	}
	a.Unfinished = true
	if got, want := a.String(), "0.004s 1000 Hz 2 channel(s) unfinished"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
