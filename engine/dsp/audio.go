package dsp

import (
	"fmt"
	"math"
	"time"
)

// Audio is a recording: interleaved 16-bit linear PCM. The zero value is empty
// and cannot be written, since it has no rate.
type Audio struct {
	Rate     int     // samples per second and channel
	Channels int     // 1 is mono, 2 is stereo (left first)
	Samples  []int16 // interleaved, Channels samples per frame

	// Unfinished says that the file this was read from ends before its header
	// says, or that its writer never filled in the size: what a recorder leaves
	// that was killed or whose disk was full. Samples is what there is.
	Unfinished bool
}

// Frames returns how many samples each channel has.
func (a *Audio) Frames() int {
	if a.Channels < 1 {
		return 0
	}
	return len(a.Samples) / a.Channels
}

// Duration returns how long the recording plays.
func (a *Audio) Duration() time.Duration {
	return durationOf(a.Frames(), a.Rate)
}

// Channel returns a copy of the samples of channel i, counted from 0. It is nil
// when there is no such channel.
func (a *Audio) Channel(i int) []int16 {
	if i < 0 || i >= a.Channels {
		return nil
	}
	ch := make([]int16, a.Frames())
	for f := range ch {
		ch[f] = a.Samples[f*a.Channels+i]
	}
	return ch
}

// Slice returns the part of the recording from one time to another, both
// rounded to the nearest frame and cut to what there is, so that a time past
// the end gives less audio and not a panic. The samples are shared with a.
func (a *Audio) Slice(from, to time.Duration) *Audio {
	part := &Audio{Rate: a.Rate, Channels: a.Channels, Unfinished: a.Unfinished}
	n := a.Frames()
	i, j := min(framesIn(from, a.Rate), n), min(framesIn(to, a.Rate), n)
	if i < j {
		part.Samples = a.Samples[i*a.Channels : j*a.Channels : j*a.Channels]
	}
	return part
}

// String describes the recording in a few words for a log or a failed test.
func (a *Audio) String() string {
	s := fmt.Sprintf("%.3fs %d Hz %d channel(s)", a.Duration().Seconds(), a.Rate, a.Channels)
	if a.Unfinished {
		s += " unfinished"
	}
	return s
}

// durationOf returns how long n frames play at a rate.
func durationOf(n, rate int) time.Duration {
	if rate < 1 {
		return 0
	}
	return time.Duration(math.Round(float64(n) / float64(rate) * float64(time.Second)))
}

// framesIn returns the frames that play in d at a rate, nearest, at least 0.
func framesIn(d time.Duration, rate int) int {
	if d <= 0 || rate < 1 {
		return 0
	}
	return int(math.Round(min(d.Seconds()*float64(rate), math.MaxInt32*1024)))
}
