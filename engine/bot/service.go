package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// Service is where a speech or transcription service is that speaks OpenAI's protocol, as
// many do, programs for one's own machine among them.
type Service struct {
	// BaseURL is what stands before /audio/speech: "http://127.0.0.1:8000/v1".
	BaseURL string
	// Key is sent as a bearer token. Empty: that of the environment variable KeyEnv, if
	// that is not empty either, else none. It is in no log and no error.
	Key    config.Secret
	KeyEnv string
	Model  string
	// Timeout of a request; 0 is 30 s.
	Timeout time.Duration
	// Client sends; nil is one that follows no redirects.
	Client *http.Client
}

// SpeechService is a [Voice] by POST {BaseURL}/audio/speech.
type SpeechService struct {
	Service
	Voice string
	Speed float64 // 1 is the voice's own; 0 is not sent
	// Format is "wav", the default, or "pcm": 16 bits, mono, at PCMRate.
	Format  string
	PCMRate int // in Hz; 0 is 24000
}

// ID implements [Voice].
func (v SpeechService) ID() string {
	return id("service", []any{withoutSecrets(v.BaseURL), v.Model, v.Voice, v.Speed, v.Format, v.PCMRate})
}

// Speak implements [Voice].
func (v SpeechService) Speak(ctx context.Context, text string, opts SpeakOptions) (*dsp.Audio, error) {
	request := map[string]any{"input": text, "response_format": or(v.Format, "wav")}
	for name, value := range map[string]string{"model": v.Model, "voice": v.Voice, "language": opts.Language} {
		if value != "" {
			request[name] = value
		}
	}
	if v.Speed != 0 {
		request["speed"] = v.Speed
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("bot: voice: %w", err)
	}
	out, err := v.post(ctx, "voice", "/audio/speech", "application/json", body)
	if err != nil {
		return nil, err
	}
	if v.Format == "pcm" && !bytes.HasPrefix(out, []byte("RIFF")) {
		rate := v.PCMRate
		if rate == 0 {
			rate = 24000
		}
		return &dsp.Audio{Rate: rate, Channels: 1, Samples: fromBytes(out)}, nil
	}
	return decodeWAV("voice: "+withoutSecrets(v.BaseURL), out)
}

func fromBytes(b []byte) []int16 {
	out := make([]int16, len(b)/2)
	for i := range out {
		out[i] = int16(b[2*i]) | int16(b[2*i+1])<<8
	}
	return out
}

// TranscriptionService is a [Recogniser] by POST {BaseURL}/audio/transcriptions.
type TranscriptionService struct {
	Service
}

// Recognise implements [Recogniser]. The hints are the request's prompt.
func (r TranscriptionService) Recognise(ctx context.Context, audio *dsp.Audio, opts RecogniseOptions) (Transcript, error) {
	file, err := wav.Encode(audio.Rate, audio.Channels, audio.Samples)
	if err != nil {
		return Transcript{}, fmt.Errorf("bot: recogniser: %w", err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "speech.wav")
	if err == nil {
		_, err = part.Write(file)
	}
	for _, field := range [][2]string{
		{"model", r.Model}, {"language", primary(opts.Language)}, {"prompt", strings.Join(opts.Hints, ", ")}, {"response_format", "json"},
	} {
		if err == nil && field[1] != "" {
			err = form.WriteField(field[0], field[1])
		}
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return Transcript{}, fmt.Errorf("bot: recogniser: %w", err)
	}
	out, err := r.post(ctx, "recogniser", "/audio/transcriptions", form.FormDataContentType(), body.Bytes())
	if err != nil {
		return Transcript{}, err
	}
	return parseTranscript(out), nil
}

// primary is the language of a tag without its region, which is what services take.
func primary(tag string) string {
	language, _, _ := strings.Cut(tag, "-")
	return language
}

const (
	serviceTimeout = 30 * time.Second
	serviceAnswer  = 64 << 20
)

// post sends a request and returns the answer's body.
func (s Service) post(ctx context.Context, what, path, contentType string, body []byte) ([]byte, error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = serviceTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	name := withoutSecrets(s.BaseURL)
	fail := func(err error) ([]byte, error) { return nil, fmt.Errorf("bot: %s: %s: %w", what, name, err) }
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(s.BaseURL, "/")+path, bytes.NewReader(body))
	if err != nil {
		return fail(errors.New("this is no URL of a service"))
	}
	req.Header.Set("Content-Type", contentType)
	key := s.Key.Reveal()
	if key == "" && s.KeyEnv != "" {
		key = os.Getenv(s.KeyEnv)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	client := s.Client
	if client == nil {
		client = plainClient
	}
	resp, err := client.Do(req)
	if err != nil {
		if e := new(url.Error); errors.As(err, &e) {
			err = e.Err // the URL may have a secret
		}
		return fail(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(io.LimitReader(resp.Body, serviceAnswer+1))
	switch {
	case err != nil:
		return fail(err)
	case len(out) > serviceAnswer:
		return fail(fmt.Errorf("an answer of more than %d bytes", serviceAnswer))
	case resp.StatusCode != http.StatusOK:
		return fail(fmt.Errorf("%s%s", resp.Status, explanation(out, key)))
	}
	return out, nil
}

// plainClient follows no redirects, which would hand what callers say to somebody else.
var plainClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// explanation is what a service says about an error, without the key, which some repeat.
func explanation(body []byte, key string) string {
	var e struct {
		Error struct {
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error.Message == "" {
		return ""
	}
	text := e.Error.Message
	if key != "" {
		text = strings.ReplaceAll(text, key, "***")
	}
	if len(text) > 200 {
		text = strings.ToValidUTF8(text[:200], "") + "…"
	}
	return ": " + text
}

// withoutSecrets is a URL without user and query.
func withoutSecrets(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "?"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
