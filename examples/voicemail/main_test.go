package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/bot/bottest"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// open returns a voicemail and what it notified of.
func open(t *testing.T) (*voicemail, *[]string) {
	var told []string
	return &voicemail{dir: t.TempDir(), greeting: "nobody is here", notify: func(ctx context.Context, text string) error {
		told = append(told, text)
		return ctx.Err()
	}}, &told
}

func files(t *testing.T, v *voicemail, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(v.dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// A caller leaves a message and hangs up, as most do.
func TestMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, told := open(t)
		caller := bottest.Call(t, v.take, bottest.Options{From: "sip:anna@example.com"})
		caller.ExpectSaid("nobody is here")
		caller.ExpectSaid("tone")
		caller.Says("please call me back tomorrow")
		caller.Hangup()
		if err := caller.ExpectEnd(); err != nil {
			t.Error(err)
		}
		wavs, mails := files(t, v, "*.wav"), files(t, v, "*.eml")
		if len(wavs) != 1 || len(mails) != 1 || len(*told) != 1 || !strings.Contains((*told)[0], "sip:anna@example.com, 2 s") {
			t.Fatalf("%v %v %v", wavs, mails, *told)
		}
		a, err := dsp.ReadWAV(wavs[0])
		if err != nil || a.Rate != 8000 || a.Duration() < time.Second {
			t.Errorf("%v, %v", a, err)
		}
		mail, err := os.ReadFile(mails[0])
		if err != nil || !strings.Contains(string(mail), "sip:anna@example.com called") || !strings.Contains(string(mail), "UklGR") {
			t.Errorf("%.500s, %v", mail, err)
		}
	})
}

// A key skips the greeting, another one ends the message; then the bot thanks.
func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, told := open(t)
		caller := bottest.Call(t, v.take, bottest.Options{})
		caller.Hears("nobody is here")
		caller.Press("1")
		caller.ExpectSaid("tone")
		caller.Says("it is me")
		caller.Press("#")
		caller.ExpectSaid("thank you")
		if err := caller.ExpectEnd(); err != nil || len(*told) != 1 {
			t.Errorf("%v, told %v", err, *told)
		}
	})
}

// Who says nothing leaves nothing.
func TestSilentCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v, told := open(t)
		caller := bottest.Call(t, v.take, bottest.Options{})
		if err := caller.ExpectEnd(); err != nil || len(*told) != 0 || len(files(t, v, "*")) != 0 {
			t.Errorf("%v, told %v, files %v", err, *told, files(t, v, "*"))
		}
	})
}
