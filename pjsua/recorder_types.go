package pjsua

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// ErrRecorderGone is returned by commands on a recorder that was closed.
var ErrRecorderGone = errors.New("pjsua: the recorder was closed")

// RecordFormat is a format of recordings.
type RecordFormat int

// The formats.
const (
	RecordAuto  RecordFormat = iota // by the file's name: .wav RecordWAV; .opus, .ogg or .oga RecordOpus
	RecordWAV                       // WAV of 16-bit PCM
	RecordALaw                      // WAV of A-law, mono
	RecordMuLaw                     // WAV of mu-law, mono
	RecordOpus                      // Opus (RFC 6716) in Ogg (RFC 7845)
)

func (f RecordFormat) String() string {
	return enumString(int(f), "RecordFormat", "auto", "wav", "alaw", "mulaw", "opus")
}

// RecorderOptions are the choices of [Endpoint.NewRecorder]. The zero value records
// mono, in the format that the file's name says.
type RecorderOptions struct {
	Format RecordFormat
	// Stereo records two ports of the bridge, one on each side: [Recorder.Port] on the
	// left, [Recorder.RightPort] on the right, the same tick of the bridge at the same
	// place.
	Stereo bool
	// Bitrate of Opus in bits per second, 6000 to 510000; 0 means 32000 for each channel.
	Bitrate int
	// Paused waits for [Recorder.Resume].
	Paused bool
}

// resolve finds the format and says what is wrong with o, in words that PJSIP's status
// would not have.
func (o RecorderOptions) resolve(path string) (RecorderOptions, error) {
	ext := strings.ToLower(filepath.Ext(path))
	if o.Format == RecordAuto {
		switch ext {
		case ".wav":
			o.Format = RecordWAV
		case ".opus", ".ogg", ".oga":
			o.Format = RecordOpus
		default:
			return o, errors.New("the name must end in .wav, .opus, .ogg or .oga, or a format be chosen")
		}
	}
	switch {
	case o.Format < RecordWAV || o.Format > RecordOpus:
		return o, fmt.Errorf("unknown format %v", o.Format)
	case o.Format != RecordOpus && ext != ".wav":
		return o, errors.New("the name must end in .wav")
	case o.Stereo && (o.Format == RecordALaw || o.Format == RecordMuLaw):
		return o, fmt.Errorf("%v is mono only", o.Format)
	case o.Bitrate != 0 && (o.Format != RecordOpus || o.Bitrate < 6000 || o.Bitrate > 510000):
		return o, fmt.Errorf("bitrate %d: only Opus has one, 6000 to 510000", o.Bitrate)
	}
	if dir := filepath.Dir(path); !isDir(dir) {
		return o, fmt.Errorf("there is no folder %q", dir)
	}
	return o, nil
}

// inGo says whether Go writes the file; PJSIP's recorder writes mono WAV files.
func (o RecorderOptions) inGo() bool { return o.Stereo || o.Format == RecordOpus }
