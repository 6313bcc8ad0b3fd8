package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/offhook-voip/offhook/engine/bot"
)

// speechFlags say who speaks and who understands speech.
type speechFlags struct {
	voiceCommand      string
	voiceURL          string
	voiceModel        string
	recogniserCommand string
	recogniserURL     string
	recogniserModel   string
}

// The environment variables with the keys of services.
const (
	voiceKey      = "OFFHOOK_VOICE_KEY"
	recogniserKey = "OFFHOOK_RECOGNISER_KEY"
)

func (s *speechFlags) add(f *pflag.FlagSet) {
	f.StringVar(&s.voiceCommand, "voice-command", "", "`program` that speaks, with its arguments: {text} and {file} stand for what it says and the WAV that it writes")
	f.StringVar(&s.voiceURL, "voice-url", "", "`URL` of a speech service, without /audio/speech")
	f.StringVar(&s.voiceModel, "voice-model", "", "`model` of that service")
	f.StringVar(&s.recogniserCommand, "recogniser-command", "", "`program` that prints the text of the WAV {file}")
	f.StringVar(&s.recogniserURL, "recogniser-url", "", "`URL` of a transcription service, without /audio/transcriptions")
	f.StringVar(&s.recogniserModel, "recogniser-model", "", "`model` of that service")
}

// voices returns who speaks, by the names that scenarios give voices. What was said before is
// kept on disk, where the system has a place for that.
func (s *speechFlags) voices() func(string) bot.Voice {
	return func(name string) bot.Voice {
		var v bot.Voice = bot.Espeak{Voice: name}
		switch {
		case s.voiceURL != "":
			v = bot.SpeechService{Service: bot.Service{BaseURL: s.voiceURL, KeyEnv: voiceKey, Model: s.voiceModel}, Voice: name}
		case s.voiceCommand != "":
			v = bot.CommandVoice{Args: strings.Fields(s.voiceCommand)}
		}
		dir, err := os.UserCacheDir()
		if err != nil {
			return v
		}
		return bot.NewCache(v, filepath.Join(dir, "offhook", "speech"), 0)
	}
}

// recogniser is nil where there is none.
func (s *speechFlags) recogniser() bot.Recogniser {
	switch {
	case s.recogniserURL != "":
		return bot.TranscriptionService{Service: bot.Service{BaseURL: s.recogniserURL, KeyEnv: recogniserKey, Model: s.recogniserModel}}
	case s.recogniserCommand != "":
		return bot.CommandRecogniser{Args: strings.Fields(s.recogniserCommand)}
	}
	return nil
}
