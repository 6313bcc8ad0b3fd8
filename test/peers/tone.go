package peers

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
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
	return WriteWAV(path, tone(hz, level, seconds, rate), rate, channels)
}

// WriteWAV writes samples to path as a WAV file of 16-bit PCM, the same in every channel.
func WriteWAV(path string, samples []int16, rate, channels int) error {
	const sampleSize = 2
	frame := sampleSize * channels
	size := frame * len(samples)
	var b bytes.Buffer
	b.Grow(44 + size)
	b.WriteString("RIFF")
	le := func(v any) { binary.Write(&b, binary.LittleEndian, v) } // into memory: no error
	le(uint32(36 + size))
	b.WriteString("WAVEfmt ")
	le(uint32(16)) // size of the format chunk
	le(uint16(1))  // PCM
	le(uint16(channels))
	le(uint32(rate))
	le(uint32(rate * frame))
	le(uint16(frame))
	le(uint16(8 * sampleSize))
	b.WriteString("data")
	le(uint32(size))
	for _, s := range samples {
		for range channels {
			le(s)
		}
	}
	return os.WriteFile(path, b.Bytes(), 0o644)
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
