// Package wav reads and writes WAV files: what the players of package pjsua play that
// PJSIP's own player does not take, what its recorders write, and what package dsp
// measures. It is pure Go.
//
//	info, err := wav.ReadInfo("menu.wav") // the header only: is this a file to play?
//	audio, err := wav.Read("menu.wav")
//
// It reads linear PCM of 8, 16, 24 and 32 bits, IEEE float of 32 and 64 bits, A-law
// and mu-law, any rate and number of channels, plain or WAVE_FORMAT_EXTENSIBLE. All
// become 16 bits. Chunks it has no use for are skipped.
//
// A file that ends early is not an error: Unfinished is set and the samples are those
// that are there, in whole frames. The same goes for a data chunk of size 0 in a file
// whose RIFF size does not account for the bytes that follow, as a killed recorder
// leaves it, and for sizes past the end of the file.
//
// It is our own because no Go module that was looked at reads what a telephone
// recorder leaves behind. github.com/go-audio/wav (last release May 2022) returns no
// samples and no error for a data chunk whose size a crashed recorder left at 0 or at
// 0xFFFFFFFF, takes mu-law bytes for 8-bit PCM, and accepts a rate of 0.
// github.com/gopxl/beep/v2 reads PCM of 8, 16 and 24 bits only, and panics on a chunk
// whose size has the top bit set.
package wav

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// Format is how a file holds its samples.
type Format int

// The formats that are read. A [Writer] writes PCM of 16 bits.
const (
	PCM   Format = iota // linear; 8 bits are unsigned
	Float               // IEEE 754, full scale is 1
	ALaw                // ITU-T G.711
	MuLaw               // ITU-T G.711
)

func (f Format) String() string {
	switch f {
	case PCM:
		return "PCM"
	case Float:
		return "float"
	case ALaw:
		return "A-law"
	case MuLaw:
		return "mu-law"
	}
	return fmt.Sprintf("Format(%d)", int(f))
}

// Info is what a WAV file's header says, and its length.
type Info struct {
	Format     Format
	Bits       int   // per sample, as in the file
	Rate       int   // samples per second and channel
	Channels   int   // 1 is mono, 2 is stereo (left first)
	Frames     int64 // that are in the file; a frame has a sample of each channel
	DataOffset int64 // byte in the file where the samples begin
	DataBytes  int64 // how many bytes of samples are in the file

	// Unfinished says that the file ends before its header says, or that its writer
	// never filled in the size: what a recorder leaves that was killed or whose disk
	// was full.
	Unfinished bool
	// Plain says that the header is the RIFF chunk, a "fmt " chunk that is not
	// WAVE_FORMAT_EXTENSIBLE, chunks of even sizes that are not 0, and a data chunk that
	// is as long as it says: what any player takes.
	Plain bool
}

// Duration returns how long the file plays.
func (i Info) Duration() time.Duration {
	if i.Rate < 1 {
		return 0
	}
	return time.Duration(math.Round(float64(i.Frames) / float64(i.Rate) * float64(time.Second)))
}

// String describes the file in a few words for a log or an error.
func (i Info) String() string {
	s := fmt.Sprintf("%v WAV of %d bits, %d Hz, %d channel(s), %.3fs", i.Format, i.Bits, i.Rate, i.Channels, i.Duration().Seconds())
	if i.Unfinished {
		s += ", unfinished"
	}
	return s
}

// Audio is a WAV file in memory: interleaved 16-bit linear PCM.
type Audio struct {
	Info    Info
	Samples []int16 // Info.Channels samples per frame
}

// Mono returns the mean of the channels; Samples itself where there is only one.
func (a *Audio) Mono() []int16 {
	n := a.Info.Channels
	if n <= 1 {
		return a.Samples
	}
	mono := make([]int16, len(a.Samples)/n)
	for f := range mono {
		sum := 0
		for _, s := range a.Samples[f*n : (f+1)*n] {
			sum += int(s)
		}
		mono[f] = int16(sum / n)
	}
	return mono
}

// FormatError says that a file is not a WAV file that this package reads.
type FormatError struct {
	Offset int64  // byte in the file where it goes wrong
	Reason string // what is wrong
}

// Error returns the reason and the offset.
func (e *FormatError) Error() string {
	return fmt.Sprintf("not a readable WAV file: %s (at byte %d)", e.Reason, e.Offset)
}

// Supported lists the formats that are read, for error messages.
const Supported = "PCM of 8, 16, 24, 32 bits, float of 32 and 64 bits, A-law and mu-law are"

// Bounds that keep a hostile header from asking for absurd arithmetic. They are far
// past anything that is recorded.
const (
	maxRate     = 1_000_000
	maxChannels = 256
	maxFile     = 8 + math.MaxUint32 // all that RIFF's 32-bit size can say
)

// ReadInfo reads the header of a WAV file, so that a file that cannot be played is
// found out before it is played. The error wraps a *FormatError when the file is not a
// WAV file that this package reads, and otherwise is the operating system's.
func ReadInfo(path string) (Info, error) {
	var info Info
	err := open(path, func(f *os.File, size int64) (err error) {
		info, err = parse(f, size)
		return err
	})
	return info, err
}

// Read reads a WAV file whole into memory. Its errors are those of [ReadInfo].
func Read(path string) (*Audio, error) {
	var a *Audio
	err := open(path, func(f *os.File, size int64) error {
		info, err := parse(f, size)
		if err != nil {
			return err
		}
		data := make([]byte, info.DataBytes)
		if _, err := f.ReadAt(data, info.DataOffset); err != nil {
			return err
		}
		a = &Audio{info, decode(info, data)}
		return nil
	})
	return a, err
}

// Decode reads a WAV file from memory. The error is a *FormatError.
func Decode(b []byte) (*Audio, error) {
	info, err := parse(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, err
	}
	return &Audio{info, decode(info, b[info.DataOffset:info.DataOffset+info.DataBytes])}, nil
}

func open(path string, fn func(*os.File, int64) error) error {
	// Check first: reading a device or a pipe may never end.
	fi, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("read WAV %s: not a regular file", path)
	}
	if fi.Size() > maxFile {
		return fmt.Errorf("read WAV %s: %w", path, &FormatError{Reason: "larger than 4 GiB"})
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := fn(f, fi.Size()); err != nil {
		return fmt.Errorf("read WAV %s: %w", path, err)
	}
	return nil
}

// Format codes of a WAV "fmt " chunk.
const (
	codePCM        = 0x0001
	codeFloat      = 0x0003
	codeALaw       = 0x0006
	codeMuLaw      = 0x0007
	codeExtensible = 0xFFFE
)

// codeNames are other format codes that are met in practice.
var codeNames = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM", 0x0014: "G.723", 0x0031: "GSM 6.10", 0x0040: "G.721",
	0x0045: "G.726", 0x0050: "MPEG", 0x0055: "MP3", 0x0064: "G.726", 0x0065: "G.722", 0x0083: "G.729",
	0x00FF: "AAC", 0xF1AC: "FLAC",
}

// subFormatTail is what follows the format code in the GUID of every
// WAVE_FORMAT_EXTENSIBLE sub-format that stands for a plain format code.
const subFormatTail = "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

// magics are what files of other types begin with.
var magics = []struct{ prefix, name string }{
	{"OggS", "an Ogg"}, {"fLaC", "a FLAC"}, {"ID3", "an MP3"}, {"\xff\xfb", "an MP3"}, {"\xff\xf3", "an MP3"},
	{"\xff\xf2", "an MP3"}, {"FORM", "an AIFF"}, {".snd", "an AU"}, {"caff", "a CAF"}, {"#!AMR", "an AMR"},
	{"\x1a\x45\xdf\xa3", "a Matroska or WebM"},
}

// notRIFF says what a file is that does not begin as WAV files do.
func notRIFF(head []byte) error {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return &FormatError{0, fmt.Sprintf("it is %s file; only WAV is supported", m.name)}
		}
	}
	if len(head) == 12 && string(head[4:8]) == "ftyp" {
		return &FormatError{0, "it is an MP4 file; only WAV is supported"}
	}
	if len(head) == 12 && string(head[:4]) == "RIFF" {
		return &FormatError{0, fmt.Sprintf("no RIFF WAVE header but one of RIFF %q", head[8:12])}
	}
	return &FormatError{0, "no RIFF WAVE header"}
}

// parse reads the chunks up to the samples.
func parse(r io.ReaderAt, size int64) (Info, error) {
	var head [12]byte
	n, err := r.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Info{}, err
	}
	switch id := string(head[:min(n, 4)]); id {
	case "RIFX", "RF64", "BW64":
		return Info{}, &FormatError{0, id + " files are not supported"}
	case "RIFF":
		if n == len(head) && string(head[8:]) == "WAVE" {
			break
		}
		fallthrough
	default:
		return Info{}, notRIFF(head[:n])
	}
	le := binary.LittleEndian
	riffEnd := 8 + int64(le.Uint32(head[4:]))

	var info Info
	format, plain := false, true
	for at := int64(12); ; {
		var h [8]byte
		if at+8 > size {
			return Info{}, &FormatError{at, "the file ends before a data chunk"}
		}
		if _, err := r.ReadAt(h[:], at); err != nil && !errors.Is(err, io.EOF) {
			return Info{}, err
		}
		n, body := int64(le.Uint32(h[4:])), at+8
		end := min(body+n, size)
		switch string(h[:4]) {
		case "fmt ":
			b := make([]byte, min(end-body, 40))
			if _, err := r.ReadAt(b, body); err != nil && !errors.Is(err, io.EOF) {
				return Info{}, err
			}
			extensible, err := info.parseFormat(b, body)
			if err != nil {
				return Info{}, err
			}
			format, plain = true, plain && !extensible
		case "data":
			if !format {
				return Info{}, &FormatError{at, "data chunk before the fmt chunk"}
			}
			info.Unfinished = body+n > size
			if n == 0 && body < size && riffEnd != size {
				end, info.Unfinished = size, true
			}
			frame := int64(info.Channels * info.Bits / 8)
			info.Frames = (end - body) / frame
			info.DataOffset, info.DataBytes = body, info.Frames*frame
			info.Plain = plain && !info.Unfinished
			return info, nil
		}
		plain = plain && n > 0 && n&1 == 0
		at = body + n + n&1 // chunks are padded to an even size
	}
}

// parseFormat reads the body of a "fmt " chunk that begins at a file offset.
func (i *Info) parseFormat(b []byte, at int64) (extensible bool, err error) {
	if len(b) < 16 {
		return false, &FormatError{at, fmt.Sprintf("fmt chunk of %d bytes, want 16 or more", len(b))}
	}
	le := binary.LittleEndian
	code, channels := le.Uint16(b), int(le.Uint16(b[2:]))
	rate, align, bits := le.Uint32(b[4:]), int(le.Uint16(b[12:])), int(le.Uint16(b[14:]))
	if extensible = code == codeExtensible; extensible {
		if len(b) < 40 {
			return false, &FormatError{at, fmt.Sprintf("extensible fmt chunk of %d bytes, want 40 or more", len(b))}
		}
		if string(b[26:40]) != subFormatTail {
			return false, &FormatError{at + 24, fmt.Sprintf("unknown sub-format %x", b[24:40])}
		}
		code = le.Uint16(b[24:])
	}
	if rate < 1 || rate > maxRate {
		return false, &FormatError{at + 4, fmt.Sprintf("sample rate %d, want 1 to %d", rate, maxRate)}
	}
	if channels < 1 || channels > maxChannels {
		return false, &FormatError{at + 2, fmt.Sprintf("%d channels, want 1 to %d", channels, maxChannels)}
	}
	switch {
	case code == codePCM && (bits == 8 || bits == 16 || bits == 24 || bits == 32):
		i.Format = PCM
	case code == codeFloat && (bits == 32 || bits == 64):
		i.Format = Float
	case code == codeALaw && bits == 8:
		i.Format = ALaw
	case code == codeMuLaw && bits == 8:
		i.Format = MuLaw
	default:
		return false, &FormatError{at, fmt.Sprintf("%s is not supported (%s)", codeText(code, bits), Supported)}
	}
	if align != channels*bits/8 {
		return false, &FormatError{at + 12, fmt.Sprintf("block align %d, want %d for %d channels of %d bits", align, channels*bits/8, channels, bits)}
	}
	i.Rate, i.Channels, i.Bits = int(rate), channels, bits
	return extensible, nil
}

func codeText(code uint16, bits int) string {
	if name := codeNames[code]; name != "" {
		return fmt.Sprintf("format code %d (%s)", code, name)
	}
	return fmt.Sprintf("format code %d with %d bits", code, bits)
}
