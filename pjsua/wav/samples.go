package wav

import (
	"encoding/binary"
	"math"
)

// decode turns the bytes of whole frames into samples.
func decode(info Info, b []byte) []int16 {
	size := info.Bits / 8
	out := make([]int16, len(b)/size)
	le := binary.LittleEndian
	switch {
	case info.Format == ALaw:
		for i, c := range b {
			out[i] = expandALaw(c)
		}
	case info.Format == MuLaw:
		for i, c := range b {
			out[i] = expandMuLaw(c)
		}
	case info.Format == Float && info.Bits == 32:
		for i := range out {
			out[i] = fromFloat(float64(math.Float32frombits(le.Uint32(b[4*i:]))))
		}
	case info.Format == Float:
		for i := range out {
			out[i] = fromFloat(math.Float64frombits(le.Uint64(b[8*i:])))
		}
	case info.Bits == 8: // the only PCM that is unsigned
		for i, c := range b {
			out[i] = (int16(c) - 128) << 8
		}
	default: // the upper 16 bits are the last two bytes
		for i := range out {
			out[i] = int16(le.Uint16(b[(i+1)*size-2:]))
		}
	}
	return out
}

// fromFloat clips what is past full scale; what is no number is silence.
func fromFloat(v float64) int16 {
	switch v *= 32768; {
	case v >= 32767:
		return 32767
	case v <= -32768:
		return -32768
	case math.IsNaN(v):
		return 0
	}
	return int16(math.Round(v))
}

// expandALaw decodes one A-law byte (ITU-T G.711 table 1) to 16 bits.
func expandALaw(c byte) int16 {
	c ^= 0x55
	v := int16(c&0x0F)<<4 + 8
	if seg := c >> 4 & 7; seg > 0 {
		v = (v + 0x100) << (seg - 1)
	}
	if c&0x80 == 0 {
		return -v
	}
	return v
}

// expandMuLaw decodes one mu-law byte (ITU-T G.711 table 2) to 16 bits.
func expandMuLaw(c byte) int16 {
	c = ^c
	v := (int16(c&0x0F)<<3+0x84)<<(c>>4&7) - 0x84
	if c&0x80 != 0 {
		return -v
	}
	return v
}
