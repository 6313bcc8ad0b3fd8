package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

func TestEspeak(t *testing.T) {
	if _, err := exec.LookPath("espeak-ng"); err != nil {
		t.Skip("espeak-ng is not installed")
	}
	a, err := Espeak{}.Speak(t.Context(), "-v is how options begin", SpeakOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := a.Duration(); d < time.Second || d > 6*time.Second || a.Channels != 1 {
		t.Errorf("%v", a)
	}
	fast, err := Espeak{Speed: 300}.Speak(t.Context(), "-v is how options begin", SpeakOptions{Language: "de"})
	if err != nil || fast.Duration() >= a.Duration() {
		t.Errorf("at 300 words a minute %v, %v", fast, err)
	}
	if _, err := (Espeak{Voice: "no such voice"}).Speak(t.Context(), "x", SpeakOptions{}); err == nil {
		t.Error("a voice that is not there speaks")
	}
}

func TestEspeakIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Espeak{}.Speak(t.Context(), "x", SpeakOptions{})
	if err == nil || !strings.Contains(err.Error(), "install the package espeak-ng") {
		t.Errorf("%v", err)
	}
}

// script writes a shell script and returns its path.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCommands(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tone.wav")
	if err := dsp.WriteWAV(file, &dsp.Audio{Rate: 8000, Channels: 1, Samples: dsp.GenerateTone(8000, time.Second, -10, 440)}); err != nil {
		t.Fatal(err)
	}
	opts := SpeakOptions{Language: "fr", Rate: 16000}
	for name, v := range map[string]CommandVoice{
		"by stdin and stdout": {Args: []string{script(t, `[ "$(cat)" = '$(id) "x"' ] && [ "$KEY" = k ] && cat "$1"`), file}, Env: []string{"KEY=k"}},
		"by arguments":        {Args: []string{script(t, `[ "$1 $2 $3" = '$(id) "x" fr 16000' ] && cp `+file+` "$4"`), "{text}", "{language}", "{rate}", "{file}"}},
	} {
		a, err := v.Speak(t.Context(), `$(id) "x"`, opts)
		if err != nil || a.Duration() != time.Second {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	for name, v := range map[string]CommandVoice{
		"no command":   {},
		"fails":        {Args: []string{script(t, "echo why >&2; exit 3")}},
		"no WAV":       {Args: []string{"echo", "hello"}},
		"no file":      {Args: []string{"true", "{file}"}},
		"not there":    {Args: []string{"/no/such/program"}},
		"prints a lot": {Args: []string{"yes"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := v.Speak(ctx, "private words", opts)
		cancel()
		if err == nil || strings.Contains(err.Error(), "private") || name == "fails" && !strings.Contains(err.Error(), "why") {
			t.Errorf("%s: %v", name, err)
		}
	}

	audio := &dsp.Audio{Rate: 16000, Channels: 1, Samples: make([]int16, 1600)}
	for name, tc := range map[string]struct {
		r    CommandRecogniser
		want Transcript
	}{
		"text":  {CommandRecogniser{Args: []string{script(t, "[ $(wc -c) = 3244 ] && printf ' two\\n words \\n'")}}, Transcript{Text: "two words"}},
		"JSON":  {CommandRecogniser{Args: []string{script(t, `[ $(wc -c <"$1") = 3244 ] && echo '{"text": " hi ", "confidence": 0.5}'`), "{file}"}}, Transcript{"hi", 0.5}},
		"hints": {CommandRecogniser{Args: []string{"echo", "{hints}", "{language}"}}, Transcript{Text: "yes,no de-AT"}},
		"array": {CommandRecogniser{Args: []string{"echo", "[1]"}}, Transcript{Text: "[1]"}},
		"empty": {CommandRecogniser{Args: []string{"true"}}, Transcript{}},
	} {
		got, err := tc.r.Recognise(t.Context(), audio, RecogniseOptions{Language: "de-AT", Hints: []string{"yes", "no"}})
		if err != nil || got != tc.want {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

const serviceKey = "sk-very-secret"

func TestServices(t *testing.T) {
	tone := dsp.GenerateTone(24000, time.Second, -10, 440)
	var requests []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+serviceKey {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprintf(w, `{"error": {"message": "wrong key %s"}}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
			return
		}
		switch r.URL.Path {
		case "/v1/audio/speech":
			var req map[string]any
			if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
				t.Error(err)
			}
			requests = append(requests, fmt.Sprint(req))
			b, err := wav.Encode(24000, 1, tone)
			if err != nil {
				t.Error(err)
			}
			if req["response_format"] == "pcm" {
				b = b[44:]
			}
			_, _ = w.Write(b)
		case "/v1/audio/transcriptions":
			f, head, err := r.FormFile("file")
			if err != nil {
				t.Error(err)
				return
			}
			b, _ := io.ReadAll(f)
			a, err := wav.Decode(b)
			if err != nil || head.Filename != "speech.wav" {
				t.Errorf("%v %v", head.Filename, err)
			}
			fmt.Fprintf(w, `{"text": "%d samples, %s %s %s"}`, len(a.Samples), r.FormValue("model"), r.FormValue("language"), r.FormValue("prompt"))
		default:
			http.Redirect(w, r, "/v1/audio/speech", http.StatusTemporaryRedirect)
		}
	}))
	defer server.Close()
	t.Setenv("TEST_SERVICE_KEY", serviceKey)
	service := Service{BaseURL: server.URL + "/v1/", Key: config.NewSecret(serviceKey), Model: "m"}
	for _, v := range []SpeechService{
		{Service: service, Voice: "v", Speed: 1.5},
		{Service: Service{BaseURL: service.BaseURL, KeyEnv: "TEST_SERVICE_KEY"}, Format: "pcm"},
	} {
		a, err := v.Speak(t.Context(), "text", SpeakOptions{Language: "en"})
		if err != nil || a.Rate != 24000 || !slices.Equal(a.Samples, tone) {
			t.Errorf("%v, %v", a, err)
		}
	}
	want := []string{
		"map[input:text language:en model:m response_format:wav speed:1.5 voice:v]",
		"map[input:text language:en response_format:pcm]",
	}
	if !slices.Equal(requests, want) {
		t.Errorf("requests %q", requests)
	}
	got, err := TranscriptionService{service}.Recognise(t.Context(), &dsp.Audio{Rate: 8000, Channels: 1, Samples: tone[:100]},
		RecogniseOptions{Language: "de-AT", Hints: []string{"Graz", "Linz"}})
	if err != nil || got.Text != "100 samples, m de Graz, Linz" {
		t.Errorf("%+v, %v", got, err)
	}

	// What goes wrong is told without keys.
	const other = "sk-another-secret"
	closed := httptest.NewServer(nil)
	closed.Close()
	for name, s := range map[string]Service{
		"wrong key": {BaseURL: service.BaseURL, Key: config.NewSecret(other)},
		"nobody":    {BaseURL: strings.Replace(closed.URL, "http://", "http://user:"+other+"@", 1) + "/v1?key=" + other, Key: config.NewSecret(other)},
		"redirect":  {BaseURL: server.URL + "/elsewhere", Key: config.NewSecret(serviceKey)},
		"no URL":    {BaseURL: "://" + other, Key: config.NewSecret(other)},
	} {
		v := SpeechService{Service: s}
		_, err := v.Speak(t.Context(), "text", SpeakOptions{})
		text := fmt.Sprintf("%v %v %+v %s", err, v, v, v.ID())
		if err == nil || strings.Contains(text, serviceKey) || name != "nobody" && name != "no URL" && strings.Contains(text, other) || strings.Contains(err.Error()+v.ID(), other) {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// counting is a voice that says the length of the text.
type counting struct {
	calls   atomic.Int32
	started chan struct{}
	release chan struct{}
}

func (*counting) ID() string { return "counting" }

func (v *counting) Speak(_ context.Context, text string, _ SpeakOptions) (*dsp.Audio, error) {
	v.calls.Add(1)
	if v.started != nil {
		v.started <- struct{}{}
		<-v.release
	}
	if text == "" {
		return nil, errors.New("nothing to say")
	}
	return &dsp.Audio{Rate: 8000, Channels: 1, Samples: make([]int16, 100*len(text))}, nil
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when", "needed")
	v := &counting{}
	for i := range 3 {
		c := NewCache(v, dir, 0) // another process
		a, err := c.Speak(t.Context(), "hello", SpeakOptions{Rate: 16000})
		if err != nil || a.Rate != 16000 || len(a.Samples) != 1000 || v.calls.Load() != 1 {
			t.Fatalf("%d: %v, %v, %d calls", i, a, err, v.calls.Load())
		}
	}
	c := NewCache(v, dir, 0)
	for i, opts := range []SpeakOptions{{Rate: 8000}, {Rate: 16000, Language: "de"}} {
		if _, err := c.Speak(t.Context(), "hello", opts); err != nil || int(v.calls.Load()) != 2+i {
			t.Errorf("%+v: %v, %d calls", opts, err, v.calls.Load())
		}
	}
	// A file that was spoiled is made again; a mistake is not kept.
	paths, _ := filepath.Glob(filepath.Join(dir, "*", "*.wav"))
	for _, p := range paths {
		if err := os.WriteFile(p, []byte("spoiled"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if a, err := c.Speak(t.Context(), "hello", SpeakOptions{Rate: 8000}); err != nil || len(a.Samples) != 500 || v.calls.Load() != 4 {
			t.Errorf("a spoiled file: %v, %v, %d calls", a, err, v.calls.Load())
		}
	}
	for i := range 2 {
		if _, err := c.Speak(t.Context(), "", SpeakOptions{Rate: 8000}); err == nil || int(v.calls.Load()) != 5+i {
			t.Errorf("nothing: %v, %d calls", err, v.calls.Load())
		}
	}
	// A folder that cannot be written does no harm.
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewCache(v, blocked, 0).Speak(t.Context(), "hello", SpeakOptions{Rate: 8000}); err != nil {
		t.Error(err)
	}
}

// Who asks for the same at once has it made once; one who gives up does not spoil it for the
// others.
func TestCacheAtOnce(t *testing.T) {
	v := &counting{started: make(chan struct{}), release: make(chan struct{})}
	c := NewCache(v, t.TempDir(), 0)
	first, giveUp := context.WithCancel(t.Context())
	gone := make(chan error, 1)
	go func() {
		_, err := c.Speak(first, "hello", SpeakOptions{Rate: 8000})
		gone <- err
	}()
	<-v.started
	var others sync.WaitGroup
	for range 8 {
		others.Go(func() {
			if a, err := c.Speak(t.Context(), "hello", SpeakOptions{Rate: 8000}); err != nil || len(a.Samples) != 500 {
				t.Errorf("%v, %v", a, err)
			}
		})
	}
	giveUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who gave up: %v", err)
	}
	close(v.release)
	others.Wait()
	if n := v.calls.Load(); n != 1 {
		t.Errorf("made %d times", n)
	}
}

// The folder stays below its limit, and what is used stays.
func TestCacheIsBounded(t *testing.T) {
	dir := t.TempDir()
	const limit = 100_000
	v := &counting{}
	c := NewCache(v, dir, limit)
	long := strings.Repeat("x", 40) // 8 kB
	for i := range 60 {
		for _, text := range []string{"used " + long, fmt.Sprint(i, long)} {
			if _, err := c.Speak(t.Context(), text, SpeakOptions{Rate: 8000}); err != nil {
				t.Fatal(err)
			}
		}
		var total int64
		_ = filepath.WalkDir(dir, func(_ string, d os.DirEntry, _ error) error {
			if info, err := d.Info(); err == nil && !d.IsDir() {
				total += info.Size()
			}
			return nil
		})
		if total > limit {
			t.Fatalf("%d bytes of %d after %d texts", total, limit, i)
		}
		time.Sleep(2 * time.Millisecond) // so that times of use differ
	}
	if n := v.calls.Load(); n != 61 {
		t.Errorf("%d texts were made, want 61", n)
	}
}

// Blocks of any size become what they would be as a whole.
func TestConverter(t *testing.T) {
	in := make([]int16, 20000)
	for i, v := 0, uint32(1); i < len(in); i++ {
		v = v*1664525 + 1013904223
		in[i] = int16(v >> 17)
	}
	for _, rates := range [][2]int{{8000, 16000}, {24000, 16000}, {16000, 16000}, {22050, 16000}, {48000, 8000}, {11025, 48000}} {
		want := wav.Resample(in, rates[0], rates[1])
		c := newConverter(rates[0], rates[1])
		var got []int16
		for rest, n := in, 1; len(rest) > 0; n = (n*13 + 5) % 3001 {
			n = min(n, len(rest))
			got = append(got, c.convert(rest[:n], n == len(rest))...)
			rest = rest[n:]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %d samples, want %d, or others", rates, len(got), len(want))
		}
	}
}

// The words that were heard are an estimate, but for none and all.
func TestHeardText(t *testing.T) {
	text := "one two three four"
	samples := make([]int16, 2000)
	for i := 500; i < 1500; i++ {
		samples[i] = 5000
	}
	for heard, want := range map[uint64]string{0: "", 500: "", 650: "", 700: "one", 1000: "one two", 1400: "one two three", 1500: text, 2000: text} {
		if got := heardText(text, samples, heard); got != want {
			t.Errorf("after %d: %q, want %q", heard, got, want)
		}
	}
}
