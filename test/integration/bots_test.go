//go:build integration && linux

package integration

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// Asterisk calls a bot, whose prompt its digits interrupt, and then one that records it.
func TestAsteriskCallsABot(t *testing.T) {
	a := peers.StartAsterisk(t)
	cfg, err := config.Load(config.Source{Path: writeINI(t, officeINI(a.UDP, "", "1001"))})
	check(t, err)
	var log logBuffer
	logger := hclog.New(&hclog.LoggerOptions{Output: &log, Level: hclog.Debug})
	e, err := engine.New(cfg, logger)
	check(t, err)
	type digits struct {
		bot.Digits
		prompt bot.Played
		err    error
	}
	gathered, recorded := make(chan digits, 1), make(chan error, 1)
	path := filepath.Join(t.TempDir(), "message.wav")
	b := bot.New(e, bot.Options{Logger: logger})
	b.HandleAccount(1, func(ctx context.Context, c *bot.Call) error {
		if err := c.Answer(ctx); err != nil {
			return err
		}
		if strings.Contains(c.Info().Remote, "sip:601@") {
			stop, err := c.RecordCall(ctx, path, engine.RecordOptions{})
			if err == nil {
				<-ctx.Done()
				err = stop(context.WithoutCancel(ctx))
			}
			recorded <- err
			return err
		}
		var d digits
		if d.prompt, d.err = c.Perform(ctx, bot.Tone(time.Minute, peerLevel, 700), bot.StopOn(bot.Digit)); d.err == nil {
			d.Digits, d.err = c.Gather(ctx, bot.GatherOptions{Max: 16})
		}
		gathered <- d
		return d.err
	})
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- b.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	}()
	a.WaitLocations(1, deadline)

	a.Originate("1001", "614")
	select {
	case d := <-gathered:
		if d.err != nil || d.Value != "1234567890*#ABCD" || !d.Valid {
			t.Errorf("%+v", d)
		}
		if p := d.prompt; p.By != bot.Digit || p.Complete || p.Duration() < 500*time.Millisecond || p.Duration() > 20*time.Second {
			t.Errorf("the prompt that a digit stopped: %+v", p)
		}
	case <-time.After(deadline):
		t.Fatal("no digits")
	}
	a.Originate("1001", "601")
	select {
	case err := <-recorded:
		check(t, err)
		requireTones(t, readRecording(t, path), peerLevel, peers.ToneHz)
	case <-time.After(deadline):
		t.Fatal("no recording")
	}
}

// example is a running example, which is registered as 1001.
type example struct {
	lines chan string // of its standard output
}

// startExample builds an example and runs it with an account at Asterisk until the test
// ends, which it then has to survive without an error.
func startExample(t *testing.T, a *peers.Asterisk, name string, env ...string) *example {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, name)
	if out, err := exec.Command("go", "build", "-o", program, "../../examples/"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	check(t, os.WriteFile(filepath.Join(dir, "offhook.ini"), []byte(officeINI(a.UDP, "", "1001")), 0o600))
	var errs logBuffer
	cmd := exec.Command(program)
	cmd.Dir, cmd.Stderr = dir, &errs
	cmd.Env = append(append(environment(), "XDG_CACHE_HOME="+dir), env...)
	out, err := cmd.StdoutPipe()
	check(t, err)
	check(t, cmd.Start())
	e := &example{lines: make(chan string, 100)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			e.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		kill := time.AfterFunc(deadline, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		<-read
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
		if t.Failed() {
			t.Logf("%s:\n%s", name, errs.String())
		}
	})
	return e
}

// A caller leaves a message in examples/voicemail, by way of Asterisk: greeting, beep, the
// message as a WAV file and a mail, and a MESSAGE that tells of it.
func TestExampleVoicemail(t *testing.T) {
	a := peers.StartAsterisk(t)
	dir := filepath.Join(t.TempDir(), "messages")
	startExample(t, a, "voicemail", "VOICEMAIL_DIR="+dir, "VOICEMAIL_NOTIFY=1002")
	o := openOffice(t, a.UDP, "", "1002")
	a.WaitLocations(2, deadline)
	c := o.dial(1, "1001")
	path := filepath.Join(t.TempDir(), "heard.wav")
	rec, err := c.Record(o.soon(), path, engine.RecordOptions{})
	check(t, err)
	awaitAudio(t, c, path, "the beep", func(heard *dsp.Audio) bool {
		tone := dsp.ClearestTone(heard.Channel(0), heard.Rate, 200*time.Millisecond)
		return tone.Hz > 995 && tone.Hz < 1005 && tone.Level > -20
	})
	play, err := c.Play(o.soon(), speechFile(t, "Please call me back tomorrow, it is important."), false)
	check(t, err)
	<-play.Done()
	check(t, c.SendDTMF(o.soon(), "#", engine.DTMFOptions{}))
	msg := awaitOffice(o, func(engine.MessageReceived) bool { return true })
	if !strings.HasPrefix(msg.Text, "New message from") || !strings.Contains(msg.Text, "1002") {
		t.Errorf("%+v", msg)
	}
	if ended := o.ended(c); ended.Code != 200 {
		t.Errorf("%+v", ended)
	}
	<-rec.Done()
	// The greeting and the thanks are speech, some seconds before the beep and one after.
	if heard := readRecording(t, path); heard.Duration() < 4*time.Second {
		t.Errorf("heard %v", heard)
	}
	wavs, _ := filepath.Glob(filepath.Join(dir, "*.wav"))
	mails, _ := filepath.Glob(filepath.Join(dir, "*.eml"))
	if len(wavs) != 1 || len(mails) != 1 {
		t.Fatalf("%v %v", wavs, mails)
	}
	if msg := readRecording(t, wavs[0]); speech(msg) < 1500*time.Millisecond || msg.Rate != 8000 {
		t.Errorf("the message is %v with %v of speech", msg, speech(msg))
	}
}

// speechFile has a text said by espeak-ng, and returns the path.
func speechFile(t *testing.T, text string) string {
	t.Helper()
	a, err := bot.Espeak{}.Speak(t.Context(), text, bot.SpeakOptions{})
	check(t, err)
	path := filepath.Join(t.TempDir(), "speech.wav")
	check(t, dsp.WriteWAV(path, a))
	return path
}

// awaitAudio looks at a recording that grows, until ok.
func awaitAudio(t *testing.T, c *engine.Call, path, what string, ok func(*dsp.Audio) bool) {
	t.Helper()
	for limit := time.Now().Add(deadline); ; time.Sleep(200 * time.Millisecond) {
		heard, err := dsp.ReadWAV(path)
		if err == nil && ok(heard) {
			return
		}
		if state := c.Info().State; state != engine.StateConfirmed || time.Now().After(limit) {
			t.Fatalf("no %s in %v (%v); the call is %s", what, heard, err, state)
		}
	}
}

// A caller chooses a time in examples/appointment: interrupts the question by speech, of
// which the recogniser of this test says that it was "Tuesday", and confirms by a key.
func TestExampleAppointment(t *testing.T) {
	a := peers.StartAsterisk(t)
	script := writeFile(t, "recogniser", "#!/bin/sh\n[ -s \"$1\" ] && echo '{\"text\": \"Tuesday, please\"}'\n")
	check(t, os.Chmod(script, 0o700))
	e := startExample(t, a, "appointment", "APPOINTMENT_RECOGNISER="+script+" {file}")
	o := openOffice(t, a.UDP, "", "1002")
	a.WaitLocations(2, deadline)
	c := o.dial(1, "1001")
	path := filepath.Join(t.TempDir(), "heard.wav")
	rec, err := c.Record(o.soon(), path, engine.RecordOptions{})
	check(t, err)
	speaks := func(heard *dsp.Audio) bool { return speech(heard) > 500*time.Millisecond }
	awaitAudio(t, c, path, "the question", speaks)
	play, err := c.Play(o.soon(), speechFile(t, "On Tuesday, please."), false)
	check(t, err)
	<-play.Done()
	check(t, rec.Stop(o.soon()))

	// The question stopped within the second in which the caller spoke; the next one comes.
	path = filepath.Join(t.TempDir(), "confirm.wav")
	rec, err = c.Record(o.soon(), path, engine.RecordOptions{})
	check(t, err)
	awaitAudio(t, c, path, "the second question", speaks)
	check(t, rec.Stop(o.soon()))
	heard := readRecording(t, path)
	if quiet := silenceAtStart(heard); quiet < 300*time.Millisecond {
		t.Errorf("the question went on for all that: only %v of silence at the beginning of %v", quiet, heard)
	}
	check(t, c.SendDTMF(o.soon(), "1", engine.DTMFOptions{}))
	select {
	case line := <-e.lines:
		var got struct{ Caller, Time string }
		if err := json.Unmarshal([]byte(line), &got); err != nil || got.Time != "Tuesday at ten" || !strings.Contains(got.Caller, "1002") {
			t.Errorf("%s, %v", line, err)
		}
	case <-time.After(deadline):
		t.Fatal("no appointment")
	}
	if ended := o.ended(c); ended.Code != 200 {
		t.Errorf("%+v", ended)
	}
}

// speech is for how long a recording is louder than a line's noise.
func speech(heard *dsp.Audio) time.Duration {
	frames := 0
	for i := range heard.Frames() / (heard.Rate / 50) {
		if loud(heard.Samples[i*heard.Rate/50 : (i+1)*heard.Rate/50]) {
			frames++
		}
	}
	return time.Duration(frames) * 20 * time.Millisecond
}

func loud(samples []int16) bool {
	for _, s := range samples {
		if s > 1000 || s < -1000 {
			return true
		}
	}
	return false
}

func silenceAtStart(heard *dsp.Audio) time.Duration {
	n := 0
	for n < heard.Frames() && !loud(heard.Samples[n:n+1]) {
		n++
	}
	return time.Duration(n) * time.Second / time.Duration(heard.Rate)
}

// examples/bot answers and says something, and hangs up.
func TestExampleBot(t *testing.T) {
	a := peers.StartAsterisk(t)
	startExample(t, a, "bot")
	o := openOffice(t, a.UDP, "", "1002")
	a.WaitLocations(2, deadline)
	c := o.dial(1, "1001")
	path := filepath.Join(t.TempDir(), "heard.wav")
	rec, err := c.Record(o.soon(), path, engine.RecordOptions{})
	check(t, err)
	if ended := o.ended(c); ended.Code != 200 {
		t.Errorf("%+v", ended)
	}
	<-rec.Done()
	if heard := readRecording(t, path); speech(heard) < 2*time.Second {
		t.Errorf("%v of speech in %v", speech(heard), heard)
	}
}
