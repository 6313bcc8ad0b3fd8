package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/tempdir"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Voice turns text into speech. Its methods may be called from several goroutines.
type Voice interface {
	// ID names everything about the voice that changes what a text sounds like: [Cache]
	// keeps speech by it. It holds no secrets.
	ID() string
	// Speak returns the speech, at any rate. Where audio of opts.Rate costs nothing more
	// it is preferred.
	Speak(ctx context.Context, text string, opts SpeakOptions) (*dsp.Audio, error)
}

// SpeakOptions are what is wanted of a voice.
type SpeakOptions struct {
	Language string // as a BCP 47 tag; empty: the voice's own
	Rate     int    // in Hz
}

// Espeak is the program espeak-ng, which needs no network. The zero value is English.
type Espeak struct {
	Voice string // as `espeak-ng --voices` lists them; empty: by language, or en
	Speed int    // words in a minute; 0 is 160
	Pitch int    // 1 to 99; 0 is 50
}

// ID implements [Voice].
func (v Espeak) ID() string { return id("espeak-ng", v) }

// Speak implements [Voice].
func (v Espeak) Speak(ctx context.Context, text string, opts SpeakOptions) (*dsp.Audio, error) {
	args := []string{"espeak-ng", "--stdin", "--stdout", "-v", or(v.Voice, opts.Language, "en")}
	speed, pitch := v.Speed, v.Pitch
	if speed == 0 {
		speed = 160
	}
	if pitch == 0 {
		pitch = 50
	}
	args = append(args, "-s", strconv.Itoa(speed), "-p", strconv.Itoa(pitch))
	out, err := run(ctx, "voice", args, nil, text)
	if missingProgram(err) {
		return nil, fmt.Errorf("bot: voice: the program espeak-ng is missing: install the package espeak-ng, or set Options.Voice")
	}
	if err != nil {
		return nil, err
	}
	return decodeWAV("voice: espeak-ng", out)
}

func or(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// CommandVoice is any program that makes a WAV file of a text. The program is started
// without a shell. In its arguments {text} stands for the text, which otherwise is on its
// standard input; {file} for the file that it writes, which otherwise is its standard
// output; {language} and {rate} for what is wanted.
type CommandVoice struct {
	Args []string
	// Env is added to the program's environment, "NAME=value": the place for a key.
	Env []string
}

// ID implements [Voice]. The environment is no part of it.
func (v CommandVoice) ID() string { return id("command", v.Args) }

// Speak implements [Voice].
func (v CommandVoice) Speak(ctx context.Context, text string, opts SpeakOptions) (*dsp.Audio, error) {
	values := map[string]string{"{text}": text, "{language}": opts.Language, "{rate}": strconv.Itoa(opts.Rate)}
	file := ""
	if mentions(v.Args, "{file}") {
		dir, err := os.MkdirTemp("", "offhook-voice")
		if err != nil {
			return nil, fmt.Errorf("bot: voice: %w", err)
		}
		defer tempdir.Remove(dir)
		file = filepath.Join(dir, "speech.wav")
		values["{file}"] = file
	}
	input := text
	if mentions(v.Args, "{text}") {
		input = ""
	}
	out, err := run(ctx, "voice", fill(v.Args, values), v.Env, input)
	if err != nil {
		return nil, err
	}
	if file != "" {
		if out, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("bot: voice: %s wrote no file: %w", v.Args[0], err)
		}
	}
	return decodeWAV("voice: "+v.Args[0], out)
}

// id names a voice by its kind and what it is made of.
func id(kind string, v any) string {
	b, _ := json.Marshal(v) // of strings and numbers: it cannot fail
	return kind + " " + string(b)
}

func decodeWAV(what string, b []byte) (*dsp.Audio, error) {
	a, err := wav.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("bot: %s: no WAV file came: %w", what, err)
	}
	return &dsp.Audio{Rate: a.Info.Rate, Channels: a.Info.Channels, Samples: a.Samples}, nil
}

func mentions(args []string, name string) bool {
	return strings.Contains(strings.Join(args, "\x00"), name)
}

// fill puts values into arguments. What a value holds is not looked at again.
func fill(args []string, values map[string]string) []string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, name, value)
	}
	r := strings.NewReplacer(pairs...)
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = r.Replace(a)
	}
	return out
}
