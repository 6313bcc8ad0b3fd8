package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/tempdir"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Recogniser turns speech into text. Its methods may be called from several goroutines.
type Recogniser interface {
	Recognise(ctx context.Context, audio *dsp.Audio, opts RecogniseOptions) (Transcript, error)
}

// RecogniseOptions are what a recogniser is told.
type RecogniseOptions struct {
	Language string   // as a BCP 47 tag; empty: not known
	Hints    []string // words that are likely
}

// Transcript is what a recogniser has understood.
type Transcript struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // from 0 to 1; 0 where it tells none
}

// CommandRecogniser is any program that prints the text of a WAV file: plain, or as a JSON
// object with "text" and "confidence". The program is started without a shell. In its
// arguments {file} stands for the file, which otherwise is on its standard input, {language}
// for the language, and {hints} for the likely words, separated by commas.
type CommandRecogniser struct {
	Args []string
	// Env is added to the program's environment, "NAME=value": the place for a key.
	Env []string
}

// Recognise implements [Recogniser].
func (r CommandRecogniser) Recognise(ctx context.Context, audio *dsp.Audio, opts RecogniseOptions) (Transcript, error) {
	b, err := wav.Encode(audio.Rate, audio.Channels, audio.Samples)
	if err != nil {
		return Transcript{}, fmt.Errorf("bot: recogniser: %w", err)
	}
	values := map[string]string{"{language}": opts.Language, "{hints}": strings.Join(opts.Hints, ",")}
	input := string(b)
	if mentions(r.Args, "{file}") {
		dir, err := os.MkdirTemp("", "offhook-speech")
		if err != nil {
			return Transcript{}, fmt.Errorf("bot: recogniser: %w", err)
		}
		defer tempdir.Remove(dir)
		path := filepath.Join(dir, "speech.wav")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			return Transcript{}, fmt.Errorf("bot: recogniser: %w", err)
		}
		values["{file}"], input = path, ""
	}
	out, err := run(ctx, "recogniser", fill(r.Args, values), r.Env, input)
	if err != nil {
		return Transcript{}, err
	}
	return parseTranscript(out), nil
}

// parseTranscript reads JSON where it is an object with a text, and takes anything else as
// the text.
func parseTranscript(b []byte) Transcript {
	var t struct {
		Text       *string `json:"text"`
		Confidence float64 `json:"confidence"`
	}
	if json.Unmarshal(b, &t) == nil && t.Text != nil {
		return Transcript{Text: strings.TrimSpace(*t.Text), Confidence: t.Confidence}
	}
	return Transcript{Text: strings.Join(strings.Fields(string(b)), " ")}
}
