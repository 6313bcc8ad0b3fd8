//go:build cgo

package runner

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/report"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// withRunner runs fn with a runner on the real engine, which calls itself.
func withRunner(t *testing.T, opts Options, fn func(*Runner)) {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: []config.Flag{{Name: "bind-address", Value: "127.0.0.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	opts.Accounts = Prepare(cfg)
	var logs bytes.Buffer
	log := hclog.New(&hclog.LoggerOptions{Output: &logs, Level: hclog.Info})
	opts.Log = log
	e, err := engine.New(cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(logs.String())
		}
	}()
	select {
	case <-e.Started():
	case err := <-ran:
		ran <- err
		t.Fatal(err)
	}
	r, err := New(ctx, e, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fn(r)
}

// parse reads a scenario whose files are in dir.
func parse(t *testing.T, dir, text string) []scenario.Instance {
	t.Helper()
	sc, err := scenario.Parse(filepath.Join(dir, "test.yaml"), []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	list, err := sc.Expand()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func showSteps(t *testing.T, s report.Scenario) {
	t.Helper()
	t.Logf("%s: %s %s, %v", s.Name, s.Outcome, s.Message, s.Duration.Duration())
	for _, st := range s.Steps {
		t.Logf("  %6d ms %5d ms %-8s %s %s: %s | %s", st.Start.Duration().Milliseconds(), st.Duration.Duration().Milliseconds(), st.Outcome, st.Actor, st.Text, st.Message, st.Heard)
	}
}

func speak(t *testing.T, path, text string) {
	t.Helper()
	if out, err := exec.Command("espeak-ng", "-v", "en", "-w", path, text).CombinedOutput(); err != nil {
		t.Fatalf("espeak-ng: %v %s", err, out)
	}
}

func TestTwoActors(t *testing.T) {
	dir := t.TempDir()
	speak(t, filepath.Join(dir, "welcome.wav"), "Welcome to the test line. Press one for sales.")
	speak(t, filepath.Join(dir, "sales.wav"), "You are now connected to sales.")
	in := parse(t, dir, `
actors:
  caller: {}
  ivr: {}
steps:
  - dial: ${ivr-uri}
    actor: caller
  - wait-call: 5s
    actor: ivr
  - answer: 180
    actor: ivr
  - expect-ringing: 2s
    actor: caller
  - answer:
    actor: ivr
  - expect-answer: 2s
    actor: caller
  - parallel:
      caller:
        - expect-prompt: {file: welcome.wav, within: 4s}
          actor: caller
        - send-dtmf: "1"
          actor: caller
        - expect-prompt: {file: sales.wav, within: 4s}
          actor: caller
      ivr:
        - play: welcome.wav
          actor: ivr
        - expect-dtmf: {digits: "1", within: 5s}
          actor: ivr
        - play: sales.wav
          actor: ivr
  - expect-header: {in: "200", header: CSeq, matches: INVITE, within: 2s}
    actor: caller
  - expect-codec: [PCMU, PCMA]
    actor: caller
  - expect-mos: 4
    actor: caller
  - hangup:
    actor: ivr
  - expect-hangup: 2s
    actor: caller
`)
	withRunner(t, Options{Folder: filepath.Join(dir, "out"), Retries: 2 /* a machine that is busy makes holes in the prompts */}, func(r *Runner) {
		run := r.Run(t.Context(), in)
		s := run.Scenarios[0]
		showSteps(t, s)
		if s.Outcome != report.Passed {
			t.Error(s.Message)
		}
		capture, err := os.ReadFile(filepath.Join(dir, "out", s.Folder, pcapFile))
		if err != nil || !bytes.Contains(capture, []byte("INVITE sip:ivr@")) || len(capture) < 2*250*172 {
			t.Errorf("a pcap of %d bytes, %v", len(capture), err)
		}
		if len(s.Calls) != 2 {
			t.Fatalf("%d calls", len(s.Calls))
		}
		for _, c := range s.Calls {
			a, err := dsp.ReadWAV(filepath.Join(dir, "out", c.Audio))
			if err != nil || a.Channels != 2 || a.Duration() < s.Duration.Duration()/2 {
				t.Errorf("%s: %v, %v", c.Actor, a, err)
			}
			c.Marks = slices.DeleteFunc(c.Marks, func(m report.Mark) bool { return m.Kind == report.MarkSpeech })
			if len(c.Messages) < 5 || len(c.Quality) == 0 || len(c.Marks) != 3 || c.Code != 200 {
				t.Errorf("%s: %d messages, %d figures, marks %+v, code %d", c.Actor, len(c.Messages), len(c.Quality), c.Marks, c.Code)
			}
			for _, m := range c.Marks {
				if m.Reference != "" && !strings.HasPrefix(m.Reference, "../") {
					t.Errorf("the reference %s does not lie beside the folder", m.Reference)
				}
			}
		}
	})
}

// A call becomes a scenario with its prompts.
func TestDraft(t *testing.T) {
	dir := t.TempDir()
	speak(t, filepath.Join(dir, "welcome.wav"), "Welcome to the test line. Press one for sales.")
	speak(t, filepath.Join(dir, "sales.wav"), "You are now connected to sales.")
	in := parse(t, dir, `
actors:
  caller: {}
  ivr: {}
steps:
  - {dial: "${ivr-uri}", actor: caller}
  - {wait-call: 5s, actor: ivr}
  - {answer: , actor: ivr}
  - {play: welcome.wav, actor: ivr}
  - {send-dtmf: "1", actor: caller}
  - {expect-dtmf: {digits: "1", within: 5s}, actor: ivr}
  - {play: sales.wav, actor: ivr}
  - {hangup: , actor: ivr}
  - {expect-hangup: 2s, actor: caller}
`)
	withRunner(t, Options{}, func(r *Runner) {
		steps := in[0].Scenario.Steps
		in[0].Scenario.Steps = nil
		s, err := r.NewSession(t.Context(), in[0], filepath.Join(dir, "out"))
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range steps {
			if err := s.Do(t.Context(), st); err != nil {
				t.Fatal(err)
			}
		}
		made := filepath.Join(dir, "made")
		draft, err := s.Draft(made)
		s.Close(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, st := range draft.Steps {
			names = append(names, st.Action.Name())
		}
		want := []string{"dial", "expect-answer", "expect-prompt", "send-dtmf", "expect-prompt", "expect-hangup"}
		if !slices.Equal(names, want) {
			t.Fatalf("%q, want %q", names, want)
		}
		for i, name := range []string{"welcome", "sales"} {
			a, err := dsp.ReadWAV(filepath.Join(made, []string{"prompt-01.wav", "prompt-02.wav"}[i]))
			if err != nil {
				t.Fatal(err)
			}
			whole, err := dsp.ReadWAV(filepath.Join(dir, name+".wav"))
			if err != nil {
				t.Fatal(err)
			}
			if got := (a.Duration() - whole.Duration()).Abs(); got > time.Second {
				t.Errorf("%s lasts %v, and %v as it was heard", name, whole.Duration(), a.Duration())
			}
		}
	})
}

// A call that was on hold says so at both ends, whoever put it there; another does not.
func TestCallHeld(t *testing.T) {
	const begin = `
actors: {caller: {}, callee: {}}
steps:
  - {actor: caller, dial: "${callee-uri}"}
  - {actor: callee, wait-call: 5s}
  - {actor: callee, answer: }
  - {actor: caller, expect-answer: 5s}
  - {actor: callee, expect-rtp: , timeout: 5s}
`
	const hold = `
  - {actor: callee, hold: }
  - {actor: caller, expect-hold: 5s}
  - {actor: callee, resume: }
  - {actor: caller, expect-resume: 5s}
`
	in := slices.Concat(parse(t, "", begin), parse(t, "", begin+hold))
	withRunner(t, Options{}, func(r *Runner) {
		for i, s := range r.Run(t.Context(), in).Scenarios {
			if s.Outcome != report.Passed || len(s.Calls) != 2 {
				showSteps(t, s)
				t.Fatalf("%d calls", len(s.Calls))
			}
			for _, c := range s.Calls {
				if c.Held != (i == 1) || c.TX.Packets == 0 || c.Ended <= c.Answered {
					t.Errorf("%s of %d: held %v, %d packets from %v to %v", c.Actor, i, c.Held, c.TX.Packets, c.Answered, c.Ended)
				}
			}
		}
	})
}

// The call that a transfer makes is the transferee's, who can talk in it and is rid of it at
// the end.
func TestTransferredCall(t *testing.T) {
	in := parse(t, t.TempDir(), `
actors:
  a: {}
  b: {accept-transfers: true}
  c: {}
steps:
  - {dial: "${b-uri}", actor: a}
  - {wait-call: 5s, actor: b}
  - {answer: , actor: b}
  - {expect-answer: 5s, actor: a}
  - parallel:
      - [{transfer: {to-actor: c, within: 10s}, actor: a}]
      - [{wait-call: 10s, actor: c}, {answer: , actor: c}]
  - {expect-transfer: {to: "c@", within: 5s}, actor: b}
  - {expect-answer: 5s, actor: b}
  - {expect-rtp: {within: 5s}, actor: b}
  - {send-dtmf: "7", actor: b}
  - {expect-dtmf: {digits: "7", within: 5s}, actor: c}
`)
	withRunner(t, Options{}, func(r *Runner) {
		s := r.Run(t.Context(), in).Scenarios[0]
		if showSteps(t, s); s.Outcome != report.Passed || len(s.Calls) != 4 {
			t.Errorf("%s, %d calls", s.Message, len(s.Calls))
		}
	})
}
