//go:build cgo

package ivrtest

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/engine/scenario"
)

// patience is how long a busy machine may take.
const patience = 10 * time.Second

func loopback(t *testing.T) Options {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: []config.Flag{{Name: "bind-address", Value: "127.0.0.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	return Options{Config: cfg}
}

// melody writes a prompt of notes.
func melody(t *testing.T, path string, hz ...float64) string {
	t.Helper()
	var samples []int16
	for _, f := range hz {
		samples = dsp.Concat(samples, dsp.GenerateTone(16000, 180*time.Millisecond, -18, f), dsp.Silence(16000, 40*time.Millisecond))
	}
	if err := dsp.WriteWAV(path, &dsp.Audio{Rate: 16000, Channels: 1, Samples: samples}); err != nil {
		t.Fatal(err)
	}
	return path
}

func prompts(t *testing.T) (welcome, sales string) {
	t.Helper()
	dir := t.TempDir()
	return melody(t, filepath.Join(dir, "welcome.wav"), 523, 659, 784, 1047, 784, 659, 880, 523),
		melody(t, filepath.Join(dir, "sales.wav"), 1175, 440, 622, 988, 440, 740, 1319, 494)
}

func TestTwoActors(t *testing.T) {
	for _, name := range []string{"first", "second"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // with one engine
			welcome, sales := prompts(t)
			p := New(t, loopback(t))
			caller, ivr := p.Actor("caller", scenario.Actor{}), p.Actor("ivr", scenario.Actor{})
			caller.Dial(ivr.URI(), Header("X-Test", t.Name()))
			ivr.WaitCall(Within(patience))
			if got := ivr.ExpectHeader("INVITE", "X-Test"); got != t.Name() {
				t.Errorf("X-Test is %q", got)
			}
			ivr.ExpectHeader("INVITE", "X-Other", Absent())
			ivr.Answer(Code(180))
			caller.ExpectRinging(Within(patience))
			ivr.Answer()
			caller.ExpectAnswer(Within(patience))
			p.Parallel(func() {
				if got := caller.ExpectAnyPrompt([]string{sales, welcome}, Within(patience)); got != welcome {
					t.Errorf("heard %s", got)
				}
				caller.SendDTMF("1")
				caller.ExpectPrompt(sales, Within(patience))
			}, func() {
				ivr.Play(welcome)
				if got := ivr.ExpectDTMF("", Matches("[0-9]"), Within(patience)); got != "1" {
					t.Errorf("digits %q", got)
				}
				ivr.Play(sales)
			})
			caller.ExpectRTP(Within(patience))
			p.Log("the end of ${nothing}")
			ivr.Hangup()
			caller.ExpectHangup(Within(patience))
		})
	}
}

// fake is a testing.TB whose failures are not those of the test.
type fake struct {
	testing.TB
	dir string

	mu      sync.Mutex
	said    strings.Builder
	failed  bool
	cleanup []func()
}

func (f *fake) say(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintln(&f.said, args...)
}

func (f *fake) Failed() bool { f.mu.Lock(); defer f.mu.Unlock(); return f.failed }
func (f *fake) Fail()        { f.mu.Lock(); defer f.mu.Unlock(); f.failed = true }
func (f *fake) FailNow()     { f.Fail(); runtime.Goexit() }

func (f *fake) Error(args ...any)                 { f.say(args...); f.Fail() }
func (f *fake) Errorf(format string, args ...any) { f.Error(fmt.Sprintf(format, args...)) }
func (f *fake) Fatal(args ...any)                 { f.say(args...); f.FailNow() }
func (f *fake) Logf(format string, args ...any)   { f.say(fmt.Sprintf(format, args...)) }
func (f *fake) Cleanup(fn func())                 { f.cleanup = append(f.cleanup, fn) }
func (f *fake) ArtifactDir() string               { return f.dir }

// failing runs a test that has to fail, and returns what it said.
func failing(t *testing.T, test func(tb testing.TB)) (said, dir string) {
	t.Helper()
	f := &fake{TB: t, dir: t.TempDir()}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			for i := len(f.cleanup) - 1; i >= 0; i-- {
				f.cleanup[i]()
			}
		}()
		test(f)
	}()
	<-ended
	if !f.failed {
		t.Error("the test did not fail")
	}
	t.Log(f.said.String())
	return f.said.String(), f.dir
}

func TestFailure(t *testing.T) {
	welcome, sales := prompts(t)
	said, dir := failing(t, func(tb testing.TB) {
		p := New(tb, loopback(t))
		caller, ivr := p.Actor("caller", scenario.Actor{}), p.Actor("ivr", scenario.Actor{})
		caller.Dial(ivr.URI())
		ivr.WaitCall(Within(patience))
		ivr.Answer()
		caller.ExpectAnswer(Within(patience))
		ivr.Play(welcome, NoWait())
		caller.ExpectPrompt(sales, Within(3*time.Second))
		t.Error("the test went on")
	})
	if want := "caller: expected prompt " + sales + " within 3 s; heard "; !strings.HasPrefix(said, want) {
		t.Errorf("said %q, not %q", said, want)
	}
	page, err := os.ReadFile(filepath.Join(dir, "report.html"))
	if err != nil || !strings.Contains(string(page), "sales.wav") || !strings.Contains(said, filepath.Join(dir, "report.html")) {
		t.Errorf("report: %v, %d bytes", err, len(page))
	}
	if files, err := filepath.Glob(filepath.Join(dir, "calls", "*.wav")); len(files) != 2 {
		t.Errorf("recordings %v, %v", files, err)
	}
}

func TestFailureInParallel(t *testing.T) {
	said, _ := failing(t, func(tb testing.TB) {
		p := New(tb, loopback(t))
		p.Actor("caller", scenario.Actor{})
		ivr := p.Actor("ivr", scenario.Actor{})
		tb.Cleanup(func() { p.Log("steps can be done in a cleanup") })
		p.Parallel(
			func() { ivr.WaitCall(Within(50 * time.Millisecond)) },
			func() { p.Wait(time.Hour) },
			func() { p.Parallel(func() { p.Wait(time.Hour) }) },
		)
		t.Error("the test went on")
	})
	if !strings.HasPrefix(said, "ivr: expected a call within 50 ms; no call came\nreport: ") {
		t.Errorf("said %q", said)
	}
}

func TestMistakes(t *testing.T) {
	p := New(t, loopback(t))
	other := loopback(t)
	other.Config.Settings.UserAgent = "another"
	for _, tt := range []struct {
		want string
		test func(testing.TB)
	}{
		{"another Config", func(tb testing.TB) { New(tb, other) }},
		{"hold has no Within", func(tb testing.TB) { New(tb, loopback(t)).Actor("a", scenario.Actor{}).Hold(Within(1)) }},
		{"a: there is no call", func(tb testing.TB) { New(tb, loopback(t)).Actor("a", scenario.Actor{}).Hold() }},
		{"there is an actor a", func(tb testing.TB) {
			q := New(tb, loopback(t))
			q.Actor("a", scenario.Actor{})
			q.Actor("a", scenario.Actor{})
		}},
		{"no account 7", func(tb testing.TB) { New(tb, loopback(t)).Actor("a", scenario.Actor{Account: 7}) }},
		{"none.wav", func(tb testing.TB) {
			q := New(tb, loopback(t))
			a, b := q.Actor("a", scenario.Actor{}), q.Actor("b", scenario.Actor{})
			a.Dial(b.URI())
			b.WaitCall()
			b.Answer()
			a.ExpectPrompt("none.wav")
		}},
	} {
		t.Run(tt.want, func(t *testing.T) {
			if said, _ := failing(t, tt.test); !strings.Contains(said, tt.want) {
				t.Errorf("said %q", said)
			}
		})
	}
	p.Log("the engine is still there")
}

func TestCall(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "greet.yaml")
	text := "actors:\n  caller:\n  ivr:\nsteps:\n" +
		"  - {dial: \"${ivr-uri}\", actor: caller}\n  - {wait-call: 10s, actor: ivr}\n  - {answer: , actor: ivr}\n" +
		"  - {expect-answer: 10s, actor: caller}\n  - set: {who: \"${name}!\"}\n"
	if err := os.WriteFile(file, []byte("variables: {name: nobody}\n"+text), 0o666); err != nil {
		t.Fatal(err)
	}
	opts := loopback(t)
	opts.Folder = filepath.Join(dir, "out")
	p := New(t, opts)
	caller := p.Actor("caller", scenario.Actor{})
	p.Actor("ivr", scenario.Actor{})
	p.Call(file, scenario.Pairs{{Name: "name", Value: "Ann"}})
	if got := p.Get("who"); got != "Ann!" {
		t.Errorf("who is %q", got)
	}
	caller.ExpectCode(200)
	t.Cleanup(func() {
		if _, err := os.Stat(filepath.Join(opts.Folder, t.Name(), "calls")); err != nil {
			t.Error(err)
		}
	})
}

// A far end that hangs up at the last digit has had it; one that has hung up before has not.
func TestHangupAtADigit(t *testing.T) {
	said, _ := failing(t, func(tb testing.TB) {
		p := New(tb, loopback(t))
		caller, ivr := p.Actor("caller", scenario.Actor{}), p.Actor("ivr", scenario.Actor{})
		caller.Dial(ivr.URI())
		ivr.WaitCall(Within(patience))
		ivr.Answer()
		caller.ExpectAnswer(Within(patience))
		p.Parallel(func() { caller.SendDTMF("12#") }, func() {
			ivr.ExpectDTMF("12#", Within(patience))
			ivr.Hangup()
		})
		caller.ExpectHangup(Within(patience))
		caller.SendDTMF("1")
		t.Error("the test went on")
	})
	if !strings.HasPrefix(said, "caller: expected the call to go on; the far end had hung up\n") {
		t.Errorf("said %q", said)
	}
}
