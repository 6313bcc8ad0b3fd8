//go:build integration && linux

package integration

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// A call is held and resumed: Asterisk hears of it, neither side hears the other
// meanwhile, and both do afterwards.
func TestAsteriskHold(t *testing.T) {
	const level, here, there = -15.0, 440.0, 1000.0
	a := peers.StartAsterisk(t)
	watch := a.Watch()
	ini := writeINI(t, accountsINI(a))
	called := startRun(t, "-c", ini, "--audio-codecs", "PCMA/8000/1", "--auto-answer", "all",
		"--play-on-answer", toneFile(t, there, level, time.Minute), "--auto-recording", "--recording-path", t.TempDir())
	called.awaitRegistered(2)

	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	e := startEngine(t, ini, 1)
	account, _ := e.Account(1)
	if err := account.WaitRegistered(ctx); err != nil {
		t.Fatal(err)
	}
	events := e.Subscribe()
	defer events.Close()
	call, err := e.Dial(ctx, engine.DialRequest{Account: 1, URI: "1002"})
	check(t, err)
	check(t, call.Wait(ctx, engine.StateConfirmed))
	record := filepath.Join(t.TempDir(), "heard.wav")
	recording, err := call.Record(ctx, record, engine.RecordOptions{})
	check(t, err)
	began := time.Now()
	_, err = call.Play(ctx, toneFile(t, here, level, 10*time.Second), true)
	check(t, err)
	hear(t, ctx, call, time.Second)

	check(t, call.Hold(ctx))
	awaitMedia(t, ctx, events, "LOCAL_HOLD")
	watch.Wait(deadline, peers.Event{"Event": "Hold", "CallerIDNum": "1001"})
	<-time.After(1500 * time.Millisecond) // so long the hold lasts

	check(t, call.Resume(ctx))
	awaitMedia(t, ctx, events, "ACTIVE")
	watch.Wait(deadline, peers.Event{"Event": "Unhold", "CallerIDNum": "1001"})
	hear(t, ctx, call, time.Second)
	lasted := time.Since(began)
	check(t, call.Hangup(ctx, 0, ""))
	check(t, call.Wait(ctx, engine.StateDisconnected))
	<-recording.Done()
	check(t, recording.Err())

	// Our recording pauses during the hold, though Asterisk goes on sending; the other
	// phone's does not.
	ours := readRecording(t, record)
	requireTones(t, ours, level, there)
	if got := sounding(ours, there); got < 1500*time.Millisecond || ours.Duration() > lasted-time.Second {
		t.Errorf("we heard the other phone for %v of %v, and recorded %v", got, lasted, ours.Duration())
	}
	theirs := readRecording(t, called.awaitType("RecordingEnded").text("path"))
	if got := sounding(theirs, here); got < 1500*time.Millisecond {
		t.Errorf("the other phone heard us for %v, want 2 s or so", got)
	}
	if got := gap(theirs, here); got < time.Second {
		t.Errorf("the other phone did not hear us for %v while it was on hold, want 1.5 s or so", got)
	}
}

// startEngine runs an engine with one account of a configuration in this process until
// the test ends.
func startEngine(t *testing.T, ini string, account int) *engine.Engine {
	t.Helper()
	cfg, err := config.Load(config.Source{Path: ini, Flags: []config.Flag{{Name: "bind-address", Value: peers.Loopback}}})
	check(t, err)
	one, ok := cfg.Account(account)
	if !ok {
		t.Fatalf("no account %d in %s", account, ini)
	}
	cfg.Accounts = []config.Account{one}
	e, err := engine.New(cfg, nil)
	check(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- e.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ran:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(deadline):
			t.Error("the engine does not end")
		}
	})
	select {
	case <-e.Started():
	case err := <-ran:
		ran <- err
		t.Fatalf("the engine ended at its start: %v", err)
	}
	return e
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func received(t *testing.T, ctx context.Context, call *engine.Call) uint64 {
	t.Helper()
	stats, err := call.Stats(ctx)
	check(t, err)
	return stats.RX.Packets
}

// hear waits until so much more audio has arrived.
func hear(t *testing.T, ctx context.Context, call *engine.Call, d time.Duration) {
	t.Helper()
	const packet = 20 * time.Millisecond
	want := received(t, ctx, call) + uint64(d/packet)
	tick := time.NewTicker(packet)
	defer tick.Stop()
	for {
		got := received(t, ctx, call)
		if got >= want {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%d packets came, want %d", got, want)
		}
	}
}

// awaitMedia waits until the call's audio is in that status.
func awaitMedia(t *testing.T, ctx context.Context, events *engine.Subscription, status string) {
	t.Helper()
	for {
		select {
		case ev := <-events.Events():
			if m, ok := ev.(engine.CallMediaChanged); ok && len(m.Media) == 1 && m.Media[0].Status == status {
				return
			}
		case <-ctx.Done():
			t.Fatalf("the audio of the call does not become %s", status)
		}
	}
}

// sounds says for each tenth of a second whether there is a tone of hz, whatever else
// sounds.
func sounds(audio *dsp.Audio, hz float64) []bool {
	const floor = -40.0
	var list []bool
	for from := time.Duration(0); from+tenth <= audio.Duration(); from += tenth {
		part := audio.Slice(from, from+tenth)
		list = append(list, dsp.Goertzel(part.Channel(0), part.Rate, hz) > floor)
	}
	return list
}

const tenth = 100 * time.Millisecond

// sounding returns how long there is a tone of hz.
func sounding(audio *dsp.Audio, hz float64) (d time.Duration) {
	for _, on := range sounds(audio, hz) {
		if on {
			d += tenth
		}
	}
	return d
}

// gap returns the longest time for which a tone of hz is gone before it comes back.
func gap(audio *dsp.Audio, hz float64) (longest time.Duration) {
	var quiet time.Duration
	heard := false
	for _, on := range sounds(audio, hz) {
		switch {
		case on:
			longest = max(longest, quiet)
			heard, quiet = true, 0
		case heard:
			quiet += tenth
		}
	}
	return longest
}
