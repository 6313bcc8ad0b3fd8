package peers

import (
	"math"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// ToneHz and ToneLevel are the frequency and the level of the tone that SIPp and Asterisk send unless the text
// says otherwise. Levels in this package are those of a sine's peak in decibels relative to full scale; its
// effective value is 3.01 dB below.
const (
	ToneHz    = 440.0
	ToneLevel = -10.0
)

// ToneWAV writes a sine of hz at level to path as a WAV file of 16-bit PCM, the same in every channel. The first
// sample is 0; the last is wherever seconds cut the sine.
func ToneWAV(path string, hz, level, seconds float64, rate, channels int) error {
	mono := tone(hz, level, seconds, rate)
	samples := make([]int16, 0, len(mono)*channels)
	for _, s := range mono {
		for range channels {
			samples = append(samples, s)
		}
	}
	return dsp.WriteWAV(path, &dsp.Audio{Rate: rate, Channels: channels, Samples: samples})
}

// tone is a sine of hz whose peak is level.
func tone(hz, level, seconds float64, rate int) []int16 {
	peak := math.MaxInt16 * math.Pow(10, level/20)
	s := make([]int16, int(math.Round(seconds*float64(rate))))
	for i := range s {
		s[i] = int16(math.Round(peak * math.Sin(2*math.Pi*hz*float64(i)/float64(rate))))
	}
	return s
}

// alaw encodes samples by the A-law of ITU-T G.711.
func alaw(samples []int16) []byte {
	out := make([]byte, len(samples))
	for i, s := range samples {
		const toggle = 0x55 // every second bit is sent inverted
		sign := byte(0x80)
		v := int(s) >> 3 // G.711 has 13 bits
		if v < 0 {
			sign, v = 0, -v-1
		}
		// the segment is the position of the highest bit; the first two are equally wide
		segment := 0
		for v>>(segment+5) != 0 {
			segment++
		}
		code := v >> max(segment, 1) & 0x0f
		out[i] = (sign | byte(segment<<4) | byte(code)) ^ toggle
	}
	return out
}
