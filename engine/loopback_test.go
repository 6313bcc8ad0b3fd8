//go:build cgo

package engine

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// next returns the first event from the subscription that fits.
func next[E Event](ctx context.Context, t *testing.T, sub *Subscription, fits func(E) bool) E {
	t.Helper()
	for {
		select {
		case ev, ok := <-sub.Events():
			if !ok {
				t.Fatal("the subscription ended")
			}
			if e, ok := ev.(E); ok && fits(e) {
				return e
			}
		case <-ctx.Done():
			t.Fatalf("no %T in time", *new(E))
		}
	}
}

// The engine with the real PJSIP calls itself: everything between a configuration
// and a recording, with no part of it faked.
func TestLoopback(t *testing.T) {
	const hz = 440
	dir := t.TempDir()
	prompt := filepath.Join(dir, "prompt.wav")
	tone := dsp.GenerateTone(8000, 20*time.Second, -10, hz)
	if err := dsp.WriteWAV(prompt, &dsp.Audio{Rate: 8000, Channels: 1, Samples: tone}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	s := &cfg.Settings
	s.BindAddress, s.AutoAnswer, s.PlayOnAnswer = "127.0.0.1", config.AutoAnswerAll, prompt
	var logs bytes.Buffer
	e, err := New(cfg, hclog.New(&hclog.LoggerOptions{Output: &logs, Level: hclog.Info}))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if t.Failed() {
			t.Log(logs.String())
		}
	}()

	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	run, stop := context.WithCancel(ctx)
	sub := e.Subscribe()
	defer sub.Close()
	ran := make(chan error, 1)
	go func() { ran <- e.Run(run) }()
	started := next(ctx, t, sub, func(EngineStarted) bool { return true })

	call, err := e.Dial(ctx, DialRequest{URI: "sip:me@" + started.Transports[0].Address})
	if err != nil {
		t.Fatal(err)
	}
	if err := call.Wait(ctx, StateConfirmed); err != nil {
		t.Fatal(err)
	}
	in := next(ctx, t, sub, func(IncomingCall) bool { return true })

	path := filepath.Join(dir, "heard.wav")
	rec, err := call.Record(ctx, path, RecordOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Each digit comes out at the other end of the call, in order.
	if err := call.SendDTMF(ctx, "1#", DTMFOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "#"} {
		d := next(ctx, t, sub, func(d DTMFReceived) bool { return d.Call == in.Call })
		if d.Digit != want {
			t.Errorf("digit %q, want %q", d.Digit, want)
		}
	}

	status := func(want string) func(CallMediaChanged) bool {
		return func(e CallMediaChanged) bool {
			return e.Call == call.ID() && len(e.Media) > 0 && e.Media[0].Status == want
		}
	}
	if err := call.Hold(ctx); err != nil {
		t.Fatal(err)
	}
	next(ctx, t, sub, status("LOCAL_HOLD"))
	if err := call.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	next(ctx, t, sub, status("ACTIVE"))
	// The prompt goes on from where it paused, into the same recording.
	before, err := call.Stats(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for now := before; now.RX.Packets < before.RX.Packets+50; { // a second of audio
		if now, err = call.Stats(ctx); err != nil {
			t.Fatal(err)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("no RTP after the hold: %+v", now)
		}
	}
	if err := rec.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := call.Hangup(ctx, 0, ""); err != nil {
		t.Fatal(err)
	}
	ended := next(ctx, t, sub, func(e CallEnded) bool { return e.Call == call.ID() })
	if ended.Codec == "" || ended.RX.Packets < 50 || ended.TX.Packets < 50 || ended.DurationMS == 0 || ended.Code != 200 {
		t.Errorf("%+v", ended)
	}

	heard, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	// A busy machine drops a frame here and there, and where the prompt pauses a
	// fragment has some other pitch: what has to be there is a second of the tone.
	var length time.Duration
	segments := dsp.Segments(heard.Samples, heard.Rate)
	for _, s := range segments {
		if math.Abs(s.Hz-hz) < 2 && math.Abs(s.Level+10) < 2 {
			length += s.End - s.Start
		}
	}
	if length < time.Second {
		t.Errorf("%v of the prompt were heard: %v", length, segments)
	}
	if tone := dsp.MeasureTone(heard.Samples, heard.Rate); math.Abs(tone.Hz-hz) > 1 {
		t.Errorf("the recording has %v", tone)
	}

	stop()
	if err := <-ran; err != nil {
		t.Errorf("Run: %v", err)
	}
	next(ctx, t, sub, func(EngineStopped) bool { return true })
}

func TestPortInUse(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	cfg, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Settings.BindAddress = "127.0.0.1"
	cfg.Settings.SourcePort = taken.LocalAddr().(*net.UDPAddr).Port
	e, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = e.Run(t.Context())
	if !errors.Is(err, pjsua.StatusInUse) || !strings.Contains(err.Error(), taken.LocalAddr().String()) {
		t.Errorf("Run: %v", err)
	}
}
