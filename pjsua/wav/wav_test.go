package wav

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wavFile builds WAV files, right and wrong ones. The zero value of a field is
// what a right file of mono 16-bit PCM at 8 kHz has.
type wavFile struct {
	code, channels, bits, align uint16
	rate                        uint32
	extension                   string // after the 16 bytes of the fmt chunk
	between                     string // whole chunks between fmt and data
	data                        string
	after                       string // whole chunks after data
	riffSize, dataSize          *uint32
}

func (w wavFile) bytes() []byte {
	or := func(v *uint16, d uint16) uint16 {
		if *v == 0 {
			return d
		}
		return *v
	}
	code, channels, bits := or(&w.code, 1), or(&w.channels, 1), or(&w.bits, 16)
	align := or(&w.align, channels*bits/8)
	rate := w.rate
	if rate == 0 {
		rate = 8000
	}
	le := binary.LittleEndian
	f := le.AppendUint16(nil, code)
	f = le.AppendUint16(f, channels)
	f = le.AppendUint32(f, rate)
	f = le.AppendUint32(f, rate*uint32(align))
	f = le.AppendUint16(f, align)
	f = le.AppendUint16(f, bits)
	data := chunk("data", w.data)
	if w.dataSize != nil {
		data = data[:4] + string(le.AppendUint32(nil, *w.dataSize)) + data[8:]
	}
	body := "WAVE" + chunk("fmt ", string(f)+w.extension) + w.between + data + w.after
	riff := chunk("RIFF", body)
	if w.riffSize != nil {
		riff = riff[:4] + string(le.AppendUint32(nil, *w.riffSize)) + riff[8:]
	}
	return []byte(riff)
}

func chunk(id, body string) string {
	c := id + string(binary.LittleEndian.AppendUint32(nil, uint32(len(body)))) + body
	if len(body)%2 == 1 {
		c += "\x00"
	}
	return c
}

const (
	pcmGUID   = "\x01\x00" + subFormatTail
	muLawGUID = "\x07\x00" + subFormatTail
)

func TestDecode(t *testing.T) {
	const four = "\x01\x00\xff\xff\x00\x80\xff\x7f"
	samples := []int16{1, -1, -32768, 32767}
	type want struct {
		rate, channels int
		samples        []int16
	}
	size := func(n uint32) *uint32 { return &n }
	tests := []struct {
		name       string
		file       wavFile
		want       want
		unfinished bool
	}{
		{"mono", wavFile{data: four}, want{8000, 1, samples}, false},
		{"stereo", wavFile{data: four, channels: 2, rate: 44100}, want{44100, 2, samples}, false},
		{"8 bits", wavFile{data: "\x80\x00\xff", bits: 8}, want{8000, 1, []int16{0, -32768, 32512}}, false},
		{"24 bits", wavFile{data: "\xff\x01\x00\x00\x00\x80", bits: 24}, want{8000, 1, []int16{1, -32768}}, false},
		{"32 bits", wavFile{data: "\xff\xff\x01\x00\x00\x00\x00\x80", bits: 32}, want{8000, 1, []int16{1, -32768}}, false},
		{"A-law", wavFile{data: "\xd5\x55\xaa\x2a", bits: 8, code: 6}, want{8000, 1, []int16{8, -8, 32256, -32256}}, false},
		{"mu-law", wavFile{data: "\xff\x7f\x80\x00", bits: 8, code: 7}, want{8000, 1, []int16{0, 0, 32124, -32124}}, false},
		{"float", wavFile{data: "\x00\x00\x00\x3f\x00\x00\x00\xc0\x00\x00\xc0\x7f", bits: 32, code: 3}, want{8000, 1, []int16{16384, -32768, 0}}, false},
		{"64-bit float", wavFile{data: "\x00\x00\x00\x00\x00\x00\xe0\xbf\x00\x00\x00\x00\x00\x00\xf0\x3f", bits: 64, code: 3}, want{8000, 1, []int16{-16384, 32767}}, false},
		{"WAVEFORMATEX", wavFile{data: four, extension: "\x00\x00"}, want{8000, 1, samples}, false},
		{"extensible", wavFile{data: four, code: 0xFFFE, extension: "\x16\x00\x10\x00\x04\x00\x00\x00" + pcmGUID}, want{8000, 1, samples}, false},
		{"extensible mu-law", wavFile{data: "\x00\x80", bits: 8, code: 0xFFFE, extension: "\x16\x00\x08\x00\x04\x00\x00\x00" + muLawGUID}, want{8000, 1, []int16{-32124, 32124}}, false},
		{"LIST of odd size", wavFile{data: four, between: chunk("LIST", "INFOx")}, want{8000, 1, samples}, false},
		{"many chunks", wavFile{data: four, between: chunk("fact", "1234") + chunk("bext", strings.Repeat("x", 601)) + chunk("junk", ""), after: chunk("id3 ", "abc")}, want{8000, 1, samples}, false},
		{"empty", wavFile{}, want{8000, 1, []int16{}}, false},
		{"empty, chunk after", wavFile{after: chunk("LIST", "INFO")}, want{8000, 1, []int16{}}, false},
		{"sizes never filled in", wavFile{data: four, dataSize: size(0), riffSize: size(0)}, want{8000, 1, samples}, true},
		{"sizes of the header alone", wavFile{data: four, dataSize: size(0), riffSize: size(36)}, want{8000, 1, samples}, true},
		{"sizes of a stream", wavFile{data: four, dataSize: size(0xFFFFFFFF), riffSize: size(0xFFFFFFFF)}, want{8000, 1, samples}, true},
		{"data larger than the file", wavFile{data: four, dataSize: size(4000)}, want{8000, 1, samples}, true},
		{"half a sample at the end", wavFile{data: four + "\x05", after: chunk("LIST", "INFO")}, want{8000, 1, samples}, false},
		{"half a frame at the end", wavFile{data: four[:6], channels: 2}, want{8000, 2, samples[:2]}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Decode(tt.file.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if got.Info.Rate != tt.want.rate || got.Info.Channels != tt.want.channels || !slices.Equal(got.Samples, tt.want.samples) {
				t.Errorf("got %v %v, want %v", got.Info, got.Samples, tt.want)
			}
			if got.Info.Unfinished != tt.unfinished {
				t.Errorf("unfinished is %v", got.Info.Unfinished)
			}
			if want := int64(len(got.Samples) / got.Info.Channels); got.Info.Frames != want {
				t.Errorf("%d frames, want %d", got.Info.Frames, want)
			}
		})
	}
}

func TestDecodeErrors(t *testing.T) {
	zero := uint32(0)
	ok := string(wavFile{data: "1234"}.bytes())
	tests := []struct {
		name   string
		file   string
		offset int64
		reason string
	}{
		{"nothing", "", 0, "no RIFF WAVE header"},
		{"text", "This is no WAV file at all.", 0, "no RIFF WAVE header"},
		{"another RIFF", strings.Replace(ok, "WAVE", "AVI ", 1), 0, "no RIFF WAVE header"},
		{"big-endian", strings.Replace(ok, "RIFF", "RIFX", 1), 0, "RIFX files are not supported"},
		{"64 bits", strings.Replace(ok, "RIFF", "RF64", 1), 0, "RF64 files are not supported"},
		{"header alone", ok[:12], 12, "the file ends before a data chunk"},
		{"cut in a chunk header", ok[:40], 36, "the file ends before a data chunk"},
		{"cut in fmt", ok[:30], 20, "fmt chunk of 10 bytes, want 16 or more"},
		{"no data", strings.Replace(ok, "data", "dada", 1), 48, "the file ends before a data chunk"},
		{"no fmt", strings.Replace(ok, "fmt ", "fmtx", 1), 36, "data chunk before the fmt chunk"},
		{"chunk past the end", string(wavFile{data: "1234", between: "LIST\xf0\xff\xff\xff"}.bytes()), 44 + 0xfffffff0, "the file ends before a data chunk"},
		{"16-bit float", string(wavFile{code: 3, bits: 16}.bytes()), 20, "format code 3 with 16 bits is not supported"},
		{"ADPCM", string(wavFile{code: 2, bits: 4, align: 1}.bytes()), 20, "format code 2 (Microsoft ADPCM) is not supported (PCM of 8, 16"},
		{"Ogg", "OggS\x00\x02 and so on", 0, "it is an Ogg file; only WAV is supported"},
		{"MP4", "\x00\x00\x00 ftypM4A ", 0, "it is an MP4 file"},
		{"12 bits", string(wavFile{bits: 12, align: 2}.bytes()), 20, "format code 1 with 12 bits is not supported"},
		{"16-bit A-law", string(wavFile{code: 6, bits: 16}.bytes()), 20, "format code 6 with 16 bits is not supported"},
		{"rate 0", ok[:24] + "\x00\x00\x00\x00" + ok[28:], 24, "sample rate 0"},
		{"rate", string(wavFile{rate: 1_000_001}.bytes()), 24, "sample rate 1000001"},
		{"no channels", ok[:22] + "\x00\x00" + ok[24:], 22, "0 channels"},
		{"channels", string(wavFile{channels: 257}.bytes()), 22, "257 channels"},
		{"align", string(wavFile{align: 3}.bytes()), 32, "block align 3, want 2"},
		{"extensible too short", string(wavFile{code: 0xFFFE, extension: "\x00\x00"}.bytes()), 20, "extensible fmt chunk of 18 bytes"},
		{"sub-format", string(wavFile{code: 0xFFFE, extension: "\x16\x00\x10\x00\x04\x00\x00\x00" + strings.Repeat("G", 16)}.bytes()), 44, "unknown sub-format 4747"},
		{"no data, sizes not filled in", string(wavFile{riffSize: &zero}.bytes())[:36], 36, "the file ends before a data chunk"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := Decode([]byte(tt.file))
			var fe *FormatError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, error %v, want a *FormatError", a, err)
			}
			if fe.Offset != tt.offset || !strings.Contains(fe.Reason, tt.reason) {
				t.Errorf("got %v, want %q at byte %d", err, tt.reason, tt.offset)
			}
		})
	}
}

// G.711's tables are defined by segments of 16 steps; all 256 codes must be
// where ITU-T G.711 puts them.
func TestExpandG711(t *testing.T) {
	for c := range 256 {
		// mu-law: all bits inverted, 14 bits wide, biased by 33.
		m := ^byte(c)
		want := ((int(m&15)*2 + 33) << (m >> 4 & 7)) - 33
		if m&0x80 != 0 {
			want = -want
		}
		if got := int(expandMuLaw(byte(c))); got != 4*want {
			t.Errorf("mu-law %#02x: got %d, want %d", c, got, 4*want)
		}
		// A-law: even bits inverted, 13 bits wide; the first two segments have the same step.
		a := byte(c) ^ 0x55
		want = int(a&15)*2 + 1
		if seg := a >> 4 & 7; seg > 0 {
			want = (want + 32) << (seg - 1)
		}
		if a&0x80 == 0 {
			want = -want
		}
		if got := int(expandALaw(byte(c))); got != 8*want {
			t.Errorf("A-law %#02x: got %d, want %d", c, got, 8*want)
		}
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for _, tt := range []struct {
		rate, channels int
		samples        []int16
	}{
		{48000, 2, []int16{1, -1, 32767, -32768}},
		{11025, 1, []int16{5}},
		{16000, 1, nil},
	} {
		if err := Write(path, tt.rate, tt.channels, tt.samples); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := ReadInfo(path)
		if err != nil || info != got.Info {
			t.Errorf("ReadInfo: %+v, error %v; Read: %+v", info, err, got.Info)
		}
		if info.Rate != tt.rate || info.Channels != tt.channels || !slices.Equal(got.Samples, tt.samples) || info.Unfinished || !info.Plain {
			t.Errorf("wrote %v, read %+v", tt, got)
		}
	}
}

// The header must be right to the byte: other programs read it.
func TestWriteBytes(t *testing.T) {
	got, err := Encode(44100, 2, []int16{1, -2})
	want := "RIFF\x28\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00" +
		"\x44\xac\x00\x00\x10\xb1\x02\x00\x04\x00\x10\x00data\x04\x00\x00\x00\x01\x00\xfe\xff"
	if err != nil || string(got) != want {
		t.Errorf("error %v, got\n%q, want\n%q", err, got, want)
	}
}

func TestWriteErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	for want, a := range map[string]struct {
		rate, channels int
		samples        []int16
	}{
		"sample rate 0":              {0, 1, nil},
		"0 channels":                 {8000, 0, nil},
		"do not divide into 2":       {8000, 2, []int16{1}},
		"257 channels, want 1 to 25": {8000, 257, nil},
	} {
		if err := Write(path, a.rate, a.channels, a.samples); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", a, err, want)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
	if err := Write(filepath.Join(path, "none", "a.wav"), 8000, 1, nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing folder: %v", err)
	}
}

// What a Writer has flushed is a whole file, whatever comes after.
func TestWriterIsRightAfterEachFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f, 16000, 2)
	if err != nil {
		t.Fatal(err)
	}
	var written []int16
	for i := range 300 {
		frame := slices.Repeat([]int16{int16(i), int16(-i)}, 320)
		if err := w.Write(frame); err != nil {
			t.Fatal(err)
		}
		written = append(written, frame...)
		if i%50 != 0 {
			continue
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, err := Read(path)
		if err != nil || !slices.Equal(got.Samples, written) || got.Info.Unfinished || w.Bytes() != got.Info.DataBytes {
			t.Fatalf("after frame %d: %+v of %d bytes, error %v", i, got.Info, w.Bytes(), err)
		}
	}
	// What was not flushed is there as far as it was written, and nothing is broken.
	if got, err := Read(path); err != nil || got.Info.Frames < 250*320 || !slices.Equal(got.Samples, written[:len(got.Samples)]) {
		t.Errorf("at the end: %+v, error %v", got.Info, err)
	}
	w.size = maxData - 2
	if err := w.Write([]int16{1, 2}); !errors.Is(err, ErrFull) {
		t.Errorf("past the end: %v", err)
	}
}

func TestMono(t *testing.T) {
	stereo := Audio{Info{Channels: 2}, []int16{1, 3, 32767, 32767, -5, 5}}
	if got := stereo.Mono(); !slices.Equal(got, []int16{2, 32767, 0}) {
		t.Errorf("got %v", got)
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none.wav")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := Read(dir); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("folder: %v", err)
	}
	bad := filepath.Join(dir, "bad.wav")
	if err := os.WriteFile(bad, []byte("RIFFxxxxWAVE"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Read(bad)
	want := "read WAV " + bad + ": not a readable WAV file: the file ends before a data chunk (at byte 12)"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	huge := filepath.Join(dir, "huge.wav")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, maxFile+1); err != nil {
		t.Logf("no sparse files here: %v", err)
	} else if _, err := Read(huge); err == nil || !strings.Contains(err.Error(), "larger than 4 GiB") {
		t.Errorf("huge file: %v", err)
	}
}

// FuzzRead checks that no file breaks the reader, that what it reads is sound,
// and that writing it and reading it again gives the same.
func FuzzRead(f *testing.F) {
	size := func(n uint32) *uint32 { return &n }
	for _, w := range []wavFile{
		{data: "12345678"},
		{data: "12345678", channels: 2, between: chunk("LIST", "INFOx"), after: chunk("id3 ", "abc")},
		{data: "123456", bits: 24},
		{data: "1234", bits: 8, code: 6},
		{data: "1234", bits: 8, code: 0xFFFE, extension: "\x16\x00\x08\x00\x04\x00\x00\x00" + muLawGUID},
		{data: "1234", dataSize: size(0), riffSize: size(0)},
		{data: "1234", dataSize: size(0xFFFFFFFF), riffSize: size(0xFFFFFFFF)},
		{data: "1234", between: "LIST\xf0\xff\xff\xff"},
	} {
		f.Add(w.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := Decode(b)
		if err != nil {
			var fe *FormatError
			if !errors.As(err, &fe) || fe.Offset < 0 {
				t.Fatalf("error %v", err)
			}
			return
		}
		i := a.Info
		if i.Rate < 1 || i.Channels < 1 || len(a.Samples)%i.Channels != 0 || len(a.Samples) > len(b) || int(i.Frames)*i.Channels != len(a.Samples) {
			t.Fatalf("%v with %d samples from %d bytes", i, len(a.Samples), len(b))
		}
		w, err := Encode(i.Rate, i.Channels, a.Samples)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(w)
		if err != nil {
			t.Fatal(err)
		}
		if again.Info.Rate != i.Rate || again.Info.Channels != i.Channels || !again.Info.Plain || !slices.Equal(again.Samples, a.Samples) {
			t.Fatalf("wrote %v, read %v", a, again)
		}
	})
}
