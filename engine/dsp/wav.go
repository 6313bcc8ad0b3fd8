package dsp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
)

// Format codes of a WAV "fmt " chunk.
const (
	formatPCM        = 0x0001
	formatALaw       = 0x0006
	formatMuLaw      = 0x0007
	formatExtensible = 0xFFFE
)

// Bounds that keep a hostile header from asking for absurd arithmetic. They are
// far past anything that is recorded.
const (
	maxRate     = 1_000_000
	maxChannels = 256
	maxFile     = 8 + math.MaxUint32 // all that RIFF's 32-bit size can say
)

// subFormatTail is what follows the format code in the GUID of every
// WAVE_FORMAT_EXTENSIBLE sub-format that stands for a plain format code.
const subFormatTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// FormatError says that a file is not a WAV file that this package reads.
type FormatError struct {
	Offset int64  // byte in the file where it goes wrong
	Reason string // what is wrong
}

// Error returns the reason and the offset.
func (e *FormatError) Error() string {
	return fmt.Sprintf("not a readable WAV file: %s (at byte %d)", e.Reason, e.Offset)
}

// ReadWAV reads a WAV file whole into memory: linear PCM of 8, 16, 24 or 32
// bits, A-law and mu-law, any number of channels, plain or
// WAVE_FORMAT_EXTENSIBLE. All become 16 bits. Chunks it has no use for are
// skipped.
//
// A file that ends early is not an error: Audio.Unfinished is set and the
// samples are those that are there, in whole frames. The same goes for a data
// chunk of size 0 in a file whose RIFF size does not account for the bytes that
// follow, as a killed recorder leaves it, and for sizes past the end of the
// file.
//
// The error wraps a *FormatError when the file is not such a WAV file, and
// otherwise is the operating system's.
func ReadWAV(path string) (*Audio, error) {
	// Check first: reading a device or a pipe may never end.
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("read WAV %s: not a regular file", path)
	}
	if fi.Size() > maxFile {
		return nil, fmt.Errorf("read WAV %s: %w", path, &FormatError{Reason: "larger than 4 GiB"})
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	a, err := decodeWAV(data)
	if err != nil {
		return nil, fmt.Errorf("read WAV %s: %w", path, err)
	}
	return a, nil
}

// decodeWAV reads a WAV file from memory. It is apart from ReadWAV so that the
// fuzz test needs no file.
func decodeWAV(b []byte) (*Audio, error) {
	if len(b) < 12 || string(b[8:12]) != "WAVE" {
		return nil, &FormatError{0, "no RIFF WAVE header"}
	}
	switch id := string(b[:4]); id {
	case "RIFF":
	case "RIFX", "RF64", "BW64":
		return nil, &FormatError{0, id + " files are not supported"}
	default:
		return nil, &FormatError{0, "no RIFF WAVE header"}
	}
	riffEnd := 8 + int64(binary.LittleEndian.Uint32(b[4:]))
	size := int64(len(b))

	var format *wavFormat
	for at := int64(12); ; {
		if at+8 > size {
			return nil, &FormatError{at, "the file ends before a data chunk"}
		}
		id, n := string(b[at:at+4]), int64(binary.LittleEndian.Uint32(b[at+4:]))
		body := at + 8
		end := min(body+n, size)
		switch id {
		case "fmt ":
			f, err := parseFormat(b[body:end], body)
			if err != nil {
				return nil, err
			}
			format = f
		case "data":
			if format == nil {
				return nil, &FormatError{at, "data chunk before the fmt chunk"}
			}
			unfinished := body+n > size
			if n == 0 && body < size && riffEnd != size {
				end, unfinished = size, true
			}
			a := format.decode(b[body:end])
			a.Unfinished = unfinished
			return a, nil
		}
		at = body + n + n&1 // chunks are padded to an even size
	}
}

// wavFormat is what a "fmt " chunk says.
type wavFormat struct {
	code           uint16 // the sub-format's, if extensible
	channels, rate int
	bytes          int // per sample
}

// parseFormat reads the body of a "fmt " chunk that begins at a file offset.
func parseFormat(b []byte, at int64) (*wavFormat, error) {
	if len(b) < 16 {
		return nil, &FormatError{at, fmt.Sprintf("fmt chunk of %d bytes, want 16 or more", len(b))}
	}
	le := binary.LittleEndian
	f := &wavFormat{code: le.Uint16(b), channels: int(le.Uint16(b[2:]))}
	rate, align, bits := le.Uint32(b[4:]), int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	if f.code == formatExtensible {
		if len(b) < 40 {
			return nil, &FormatError{at, fmt.Sprintf("extensible fmt chunk of %d bytes, want 40 or more", len(b))}
		}
		if string(b[26:40]) != subFormatTail {
			return nil, &FormatError{at + 24, fmt.Sprintf("unknown sub-format %x", b[24:40])}
		}
		f.code = le.Uint16(b[24:])
	}
	if rate < 1 || rate > maxRate {
		return nil, &FormatError{at + 4, fmt.Sprintf("sample rate %d, want 1 to %d", rate, maxRate)}
	}
	f.rate = int(rate)
	if f.channels < 1 || f.channels > maxChannels {
		return nil, &FormatError{at + 2, fmt.Sprintf("%d channels, want 1 to %d", f.channels, maxChannels)}
	}
	switch {
	case f.code == formatPCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32):
	case (f.code == formatALaw || f.code == formatMuLaw) && bits == 8:
	default:
		return nil, &FormatError{at, fmt.Sprintf("format code %d with %d bits is not supported (PCM of 8, 16, 24, 32 bits, A-law and mu-law are)", f.code, bits)}
	}
	f.bytes = bits / 8
	if align != f.channels*f.bytes {
		return nil, &FormatError{at + 12, fmt.Sprintf("block align %d, want %d for %d channels of %d bits", align, f.channels*f.bytes, f.channels, bits)}
	}
	return f, nil
}

// decode turns the body of a data chunk into samples. Bytes past the last whole
// frame are dropped.
func (f *wavFormat) decode(b []byte) *Audio {
	n := len(b) / (f.bytes * f.channels) * f.channels
	a := &Audio{Rate: f.rate, Channels: f.channels, Samples: make([]int16, n)}
	for i := range a.Samples {
		s := b[i*f.bytes : (i+1)*f.bytes]
		var v int16
		switch {
		case f.code == formatALaw:
			v = expandALaw(s[0])
		case f.code == formatMuLaw:
			v = expandMuLaw(s[0])
		case f.bytes == 1: // 8-bit PCM is the only unsigned one
			v = (int16(s[0]) - 128) << 8
		default: // the upper 16 bits are the last two bytes
			v = int16(binary.LittleEndian.Uint16(s[f.bytes-2:]))
		}
		a.Samples[i] = v
	}
	return a
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

// WriteWAV writes a recording as 16-bit linear PCM, replacing the file if it is
// there. What a full disk leaves of it, ReadWAV still reads.
func WriteWAV(path string, a *Audio) error {
	b, err := encodeWAV(a)
	if err != nil {
		return fmt.Errorf("write WAV %s: %w", path, err)
	}
	return os.WriteFile(path, b, 0o644)
}

func encodeWAV(a *Audio) ([]byte, error) {
	switch size := int64(len(a.Samples)) * 2; {
	case a.Rate < 1 || a.Rate > maxRate:
		return nil, fmt.Errorf("sample rate %d, want 1 to %d", a.Rate, maxRate)
	case a.Channels < 1 || a.Channels > maxChannels:
		return nil, fmt.Errorf("%d channels, want 1 to %d", a.Channels, maxChannels)
	case len(a.Samples)%a.Channels != 0:
		return nil, fmt.Errorf("%d samples do not divide into %d channels", len(a.Samples), a.Channels)
	case size > math.MaxUint32-36:
		return nil, errors.New("more than the 4 GiB that a WAV file can hold")
	}
	le := binary.LittleEndian
	size, align := uint32(len(a.Samples)*2), uint16(a.Channels*2)
	b := make([]byte, 0, 44+int(size))
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, 36+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, formatPCM)
	b = le.AppendUint16(b, uint16(a.Channels))
	b = le.AppendUint32(b, uint32(a.Rate))
	b = le.AppendUint32(b, uint32(a.Rate)*uint32(align))
	b = le.AppendUint16(b, align)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = le.AppendUint32(b, size)
	for _, s := range a.Samples {
		b = le.AppendUint16(b, uint16(s))
	}
	return b, nil
}
