package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// headerSize is the length of the header that is written.
const headerSize = 44

// maxData is how many bytes of samples a file can hold.
const maxData = math.MaxUint32 - (headerSize - 8)

// ErrFull is what a [Writer] returns when its file holds the 4 GiB that a WAV file can.
var ErrFull = errors.New("more than the 4 GiB that a WAV file can hold")

// appendHeader appends the header of a file of 16-bit PCM.
func appendHeader(b []byte, rate, channels int, size uint32) []byte {
	le := binary.LittleEndian
	align := uint16(channels * 2)
	b = append(b, "RIFF"...)
	b = le.AppendUint32(b, headerSize-8+size)
	b = append(b, "WAVEfmt "...)
	b = le.AppendUint32(b, 16)
	b = le.AppendUint16(b, codePCM)
	b = le.AppendUint16(b, uint16(channels))
	b = le.AppendUint32(b, uint32(rate))
	b = le.AppendUint32(b, uint32(rate)*uint32(align))
	b = le.AppendUint16(b, align)
	b = le.AppendUint16(b, 16)
	b = append(b, "data"...)
	return le.AppendUint32(b, size)
}

func checkFormat(rate, channels int) error {
	switch {
	case rate < 1 || rate > maxRate:
		return fmt.Errorf("sample rate %d, want 1 to %d", rate, maxRate)
	case channels < 1 || channels > maxChannels:
		return fmt.Errorf("%d channels, want 1 to %d", channels, maxChannels)
	}
	return nil
}

// Encode returns a WAV file of 16-bit PCM with these interleaved samples.
func Encode(rate, channels int, samples []int16) ([]byte, error) {
	if err := checkFormat(rate, channels); err != nil {
		return nil, err
	}
	if len(samples)%channels != 0 {
		return nil, fmt.Errorf("%d samples do not divide into %d channels", len(samples), channels)
	}
	if int64(len(samples))*2 > maxData {
		return nil, ErrFull
	}
	b := appendHeader(make([]byte, 0, headerSize+2*len(samples)), rate, channels, uint32(2*len(samples)))
	return appendSamples(b, samples), nil
}

func appendSamples(b []byte, samples []int16) []byte {
	for _, s := range samples {
		b = binary.LittleEndian.AppendUint16(b, uint16(s))
	}
	return b
}

// Write writes a WAV file of 16-bit PCM, replacing the file if it is there. What a full
// disk leaves of it, [Read] still reads.
func Write(path string, rate, channels int, samples []int16) error {
	b, err := Encode(rate, channels, samples)
	if err != nil {
		return fmt.Errorf("write WAV %s: %w", path, err)
	}
	return os.WriteFile(path, b, 0o644)
}

// Writer writes a WAV file of 16-bit PCM piece by piece. Its header is right after every
// [Writer.Flush], so what was written by then plays, whatever becomes of the process.
// One goroutine uses it.
type Writer struct {
	w    io.WriterAt
	size int64 // bytes of samples
	head []byte
	buf  []byte // samples that are not written yet
}

// NewWriter writes an empty WAV file to w.
func NewWriter(w io.WriterAt, rate, channels int) (*Writer, error) {
	if err := checkFormat(rate, channels); err != nil {
		return nil, err
	}
	wr := &Writer{w: w, head: appendHeader(nil, rate, channels, 0)}
	if _, err := w.WriteAt(wr.head, 0); err != nil {
		return nil, err
	}
	return wr, nil
}

// Write takes interleaved samples, which the file has after the next [Writer.Flush] or
// when there are 32 KiB of them.
func (w *Writer) Write(samples []int16) error {
	if w.Bytes()+2*int64(len(samples)) > maxData {
		return ErrFull
	}
	w.buf = appendSamples(w.buf, samples)
	if len(w.buf) < 32<<10 {
		return nil
	}
	return w.drain()
}

// Bytes returns how many bytes of samples Write was given.
func (w *Writer) Bytes() int64 { return w.size + int64(len(w.buf)) }

// drain writes the samples, in pieces: of one of which a full disk took a part
// os.File.WriteAt does not say how much that was.
func (w *Writer) drain() error {
	const piece = 4 << 10
	rest, err := w.buf, error(nil)
	for len(rest) > 0 && err == nil {
		var n int
		n, err = w.w.WriteAt(rest[:min(piece, len(rest))], headerSize+w.size)
		w.size += int64(n)
		rest = rest[n:]
	}
	w.buf = w.buf[:copy(w.buf, rest)]
	return err
}

// Flush hands the operating system all samples and then a header that counts them.
func (w *Writer) Flush() error {
	err := w.drain()
	le := binary.LittleEndian
	le.PutUint32(w.head[4:], headerSize-8+uint32(w.size))
	le.PutUint32(w.head[headerSize-4:], uint32(w.size))
	if _, herr := w.w.WriteAt(w.head, 0); err == nil {
		err = herr
	}
	return err
}
