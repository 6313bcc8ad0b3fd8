//go:build cgo

package engine

import (
	"bytes"
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// loop is an engine with the real PJSIP that calls itself.
type loop struct {
	*testing.T
	e   *Engine
	sub *Subscription
	ctx context.Context
	uri string // of ourselves
}

func newLoop(t *testing.T, change func(*config.Config)) *loop {
	t.Helper()
	cfg, err := config.Load(config.Source{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Settings.BindAddress = "127.0.0.1"
	if change != nil {
		change(cfg)
	}
	var logs bytes.Buffer
	e, err := New(cfg, hclog.New(&hclog.LoggerOptions{Output: &logs, Level: hclog.Info}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	run, stop := context.WithCancel(ctx)
	l := &loop{T: t, e: e, sub: e.Subscribe(), ctx: ctx}
	ran := make(chan error, 1)
	go func() { ran <- e.Run(run) }()
	t.Cleanup(func() {
		stop()
		if err := <-ran; err != nil {
			t.Errorf("Run: %v", err)
		}
		l.sub.Close()
		cancel()
		if t.Failed() {
			t.Log(logs.String())
		}
	})
	started := next(ctx, t, l.sub, func(EngineStarted) bool { return true })
	l.uri = "sip:me@" + started.Transports[0].Address
	return l
}

// pair is a call to ourselves: both ends of it.
type pair struct{ out, in *Call }

// call calls ourselves. The other end answers where autoAnswer is on.
func (l *loop) call(req DialRequest) pair {
	l.Helper()
	req.URI = l.uri
	out, err := l.e.Dial(l.ctx, req)
	if err != nil {
		l.Fatal(err)
	}
	incoming := next(l.ctx, l.T, l.sub, func(IncomingCall) bool { return true })
	in, ok := l.e.Call(incoming.Call)
	if !ok {
		l.Fatal("the incoming call is gone")
	}
	return pair{out, in}
}

// up makes a call that is answered.
func (l *loop) up(req DialRequest) pair {
	l.Helper()
	p := l.call(req)
	for _, c := range []*Call{p.out, p.in} {
		if err := c.Wait(l.ctx, StateConfirmed); err != nil {
			l.Fatal(err)
		}
	}
	return p
}

// hears records some audio of the call.
func (l *loop) hears(c *Call, opts RecordOptions) *dsp.Audio {
	l.Helper()
	path := filepath.Join(l.TempDir(), "heard.wav")
	rec, err := c.Record(l.ctx, path, opts)
	if err != nil {
		l.Fatal(err)
	}
	first, err := c.Stats(l.ctx)
	for now := first; err == nil && now.RX.Packets < first.RX.Packets+40; now, err = c.Stats(l.ctx) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-l.ctx.Done():
			l.Fatalf("no RTP: %+v", now)
		}
	}
	if err != nil {
		l.Fatal(err)
	}
	if err := rec.Stop(l.ctx); err != nil {
		l.Fatal(err)
	}
	heard, err := dsp.ReadWAV(path)
	if err != nil {
		l.Fatal(err)
	}
	return heard
}

// until records the call until what is heard is as expected.
func (l *loop) until(what string, c *Call, ok func(dsp.Tone) bool) {
	l.Helper()
	begun := time.Now()
	for {
		heard := l.hears(c, RecordOptions{})
		tone := dsp.ClearestTone(heard.Samples, heard.Rate, 200*time.Millisecond)
		if ok(tone) {
			l.Logf("%s: after %v", what, time.Since(begun).Round(time.Millisecond))
			return
		}
		if l.ctx.Err() != nil {
			l.Fatalf("%s: heard %v", what, tone)
		}
	}
}

// untilBoth records the call, both parties, until the recording has two tones at once.
func (l *loop) untilBoth(c *Call, one, other float64) {
	l.Helper()
	for {
		heard := l.hears(c, RecordOptions{Mix: true})
		tail := heard.Samples[len(heard.Samples)/2:]
		a, b := dsp.Goertzel(tail, heard.Rate, one), dsp.Goertzel(tail, heard.Rate, other)
		if a > -25 && b > -25 {
			return
		}
		if l.ctx.Err() != nil {
			l.Fatalf("%v Hz %.1f, %v Hz %.1f dBov", one, a, other, b)
		}
	}
}

func isTone(hz float64) func(dsp.Tone) bool {
	return func(t dsp.Tone) bool { return math.Abs(t.Hz-hz) < 3 && t.Level > -25 }
}

func silent(t dsp.Tone) bool { return t.Level < -50 }

// tone plays a tone into the call for as long as it lasts.
func (l *loop) tone(c *Call, hz float64) {
	l.Helper()
	path := filepath.Join(l.TempDir(), "tone.wav")
	samples := dsp.GenerateTone(8000, time.Second, -12, hz)
	if err := dsp.WriteWAV(path, &dsp.Audio{Rate: 8000, Channels: 1, Samples: samples}); err != nil {
		l.Fatal(err)
	}
	if _, err := c.Play(l.ctx, path, true); err != nil {
		l.Fatal(err)
	}
}

func answersAll(cfg *config.Config) { cfg.Settings.AutoAnswer = config.AutoAnswerAll }

// Who is in a conference hears the others, on hold and muted nobody.
func TestLoopbackConference(t *testing.T) {
	l := newLoop(t, answersAll)
	a, b := l.up(DialRequest{}), l.up(DialRequest{})
	l.tone(a.in, 500)
	l.tone(b.in, 1000)
	if _, err := l.e.Conference(l.ctx, a.out, b.out); err != nil {
		t.Fatal(err)
	}
	l.until("b hears a", b.in, isTone(500))
	l.until("a hears b", a.in, isTone(1000))

	// A recording of both parties of one call has all three.
	l.untilBoth(a.out, 500, 1000)

	if err := b.out.SetMuted(l.ctx, Input, true); err != nil {
		t.Fatal(err)
	}
	l.until("b hears nothing while its input is muted", b.in, silent)
	if err := b.out.SetMuted(l.ctx, Input, false); err != nil {
		t.Fatal(err)
	}
	l.until("b hears a again", b.in, isTone(500))
	if err := l.e.SetMuted(l.ctx, Output, true); err != nil {
		t.Fatal(err)
	}
	l.until("all is muted", b.in, silent)
	if err := l.e.SetMuted(l.ctx, Output, false); err != nil {
		t.Fatal(err)
	}
	l.until("nothing is muted", b.in, isTone(500))

	status := func(c *Call, want string) func(CallMediaChanged) bool {
		return func(e CallMediaChanged) bool {
			return e.Call == c.ID() && len(e.Media) > 0 && e.Media[0].Status == want
		}
	}
	if err := a.out.Hold(l.ctx); err != nil {
		t.Fatal(err)
	}
	next(l.ctx, t, l.sub, status(a.out, "LOCAL_HOLD"))
	l.until("a is on hold", b.in, silent)
	// The other way round, without a pause: the last word counts.
	if err := a.out.Resume(l.ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.out.Hold(l.ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.out.Resume(l.ctx); err != nil {
		t.Fatal(err)
	}
	l.until("a is back", b.in, isTone(500))

	if err := l.e.Separate(l.ctx, a.out); err != nil {
		t.Fatal(err)
	}
	l.until("they are separate", b.in, silent)
}

// Digits in the audio are what the standard says they are.
func TestLoopbackInbandDTMF(t *testing.T) {
	l := newLoop(t, func(cfg *config.Config) {
		answersAll(cfg)
		cfg.Settings.AudioCodecs = []string{"PCMU/8000/1"}
	})
	p := l.up(DialRequest{})
	path := filepath.Join(t.TempDir(), "digits.wav")
	rec, err := p.in.Record(l.ctx, path, RecordOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.out.SendDTMF(l.ctx, "5", DTMFOptions{Method: config.DTMFInband, Duration: 500 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	first, err := p.in.Stats(l.ctx)
	for now := first; err == nil && now.RX.Packets < first.RX.Packets+25 && l.ctx.Err() == nil; now, err = p.in.Stats(l.ctx) {
		time.Sleep(20 * time.Millisecond)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Stop(l.ctx); err != nil {
		t.Fatal(err)
	}
	heard, err := dsp.ReadWAV(path)
	if err != nil {
		t.Fatal(err)
	}
	// 770 and 1336 Hz, each about as strong, and nothing between: in the loudest 100 ms.
	window := heard.Rate / 10
	var low, high, other float64
	for i := 0; i+window <= len(heard.Samples); i += window / 4 {
		part := heard.Samples[i : i+window]
		if l := dsp.Goertzel(part, heard.Rate, 770); i == 0 || l > low {
			low, high, other = l, dsp.Goertzel(part, heard.Rate, 1336), dsp.Goertzel(part, heard.Rate, 1000)
		}
	}
	if low < -25 || high < -25 || other > low-15 {
		t.Errorf("770 Hz %.1f, 1336 Hz %.1f, 1000 Hz %.1f dBov", low, high, other)
	}
}

func TestLoopbackPostDialDTMF(t *testing.T) {
	l := newLoop(t, answersAll)
	p := l.up(DialRequest{DTMF: "4,2"})
	for _, want := range []string{"4", "2"} {
		if d := next(l.ctx, t, l.sub, func(d DTMFReceived) bool { return d.Call == p.in.ID() }); d.Digit != want {
			t.Errorf("digit %q, want %q", d.Digit, want)
		}
	}
}

func TestLoopbackMessages(t *testing.T) {
	l := newLoop(t, answersAll)
	id, err := l.e.SendMessage(l.ctx, 0, l.uri, "Grüße\r\nzwei Zeilen", "")
	if err != nil {
		t.Fatal(err)
	}
	got := next(l.ctx, t, l.sub, func(MessageReceived) bool { return true })
	if got.Text != "Grüße\r\nzwei Zeilen" || got.ContentType != "text/plain" || got.Call != 0 {
		t.Errorf("%+v", got)
	}
	if s := next(l.ctx, t, l.sub, func(s MessageStatus) bool { return s.Message == id }); s.Code != 200 {
		t.Errorf("%+v", s)
	}
	p := l.up(DialRequest{})
	if id, err = p.out.Message(l.ctx, "<p>in the call</p>", "text/html"); err != nil {
		t.Fatal(err)
	}
	if got := next(l.ctx, t, l.sub, func(MessageReceived) bool { return true }); got.Text != "<p>in the call</p>" || got.Call != p.in.ID() {
		t.Errorf("%+v", got)
	}
	if s := next(l.ctx, t, l.sub, func(s MessageStatus) bool { return s.Message == id }); s.Code != 200 || s.Call != p.out.ID() {
		t.Errorf("%+v", s)
	}
}

func TestLoopbackForward(t *testing.T) {
	l := newLoop(t, nil)
	p := l.call(DialRequest{})
	if err := p.in.Forward(l.ctx, "sip:1077@127.0.0.1:9"); err != nil {
		t.Fatal(err)
	}
	if e := next(l.ctx, t, l.sub, func(e CallEnded) bool { return e.Call == p.out.ID() }); e.Code != 302 {
		t.Errorf("%+v", e)
	}
	p = l.call(DialRequest{})
	if err := p.in.Reject(l.ctx, 0, "Not now"); err != nil {
		t.Fatal(err)
	}
	if e := next(l.ctx, t, l.sub, func(e CallEnded) bool { return e.Call == p.out.ID() }); e.Code != 486 || e.Reason != "Not now" {
		t.Errorf("%+v", e)
	}
}

// A transfer that the far end refuses leaves the call as it was.
func TestLoopbackTransferRefused(t *testing.T) {
	l := newLoop(t, answersAll)
	p := l.up(DialRequest{})
	tr, err := p.in.Transfer(l.ctx, l.uri)
	if err != nil {
		t.Fatal(err)
	}
	if e := next(l.ctx, t, l.sub, func(TransferEnded) bool { return true }); e.Outcome != TransferFailed || e.Code != 603 || e.Call != p.in.ID() {
		t.Errorf("%+v", e)
	}
	if err := tr.Wait(l.ctx); err == nil {
		t.Error("it succeeded")
	}
	if p.in.Info().State != StateConfirmed || p.out.Info().State != StateConfirmed {
		t.Error("the call is over")
	}
}

// What a running engine gains and loses.
func TestLoopbackAccounts(t *testing.T) {
	l := newLoop(t, answersAll)
	a, err := l.e.AddAccount(l.ctx, config.Account{
		Domain: "127.0.0.1", Username: "added", Transport: config.TCP, RegisterRefresh: 5 * time.Minute, KeepAlive: 15 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg := *a.cfg()
	cfg.DisplayName = "Added"
	if err := l.e.UpdateAccount(l.ctx, cfg); err != nil {
		t.Fatal(err)
	}
	tcp := ""
	l.e.mu.Lock()
	for _, at := range l.e.addresses {
		if at.Type == pjsua.TCP.String() {
			tcp = at.Address
		}
	}
	l.e.mu.Unlock()
	out, err := l.e.Dial(l.ctx, DialRequest{Account: a.Number(), URI: "sip:me@" + tcp})
	if err != nil {
		t.Fatal(err)
	}
	if in := next(l.ctx, t, l.sub, func(IncomingCall) bool { return true }); in.Remote != `"Added" <sip:added@127.0.0.1>` {
		t.Errorf("%+v", in)
	}
	if err := out.Wait(l.ctx, StateConfirmed); err != nil {
		t.Fatal(err)
	}
	if err := l.e.RemoveAccount(l.ctx, a.Number()); err != ErrAccountBusy {
		t.Errorf("with a call: %v", err)
	}
	if err := out.Hangup(l.ctx, 0, ""); err != nil {
		t.Fatal(err)
	}
	next(l.ctx, t, l.sub, func(e CallEnded) bool { return e.Call == out.ID() })
	if err := l.e.RemoveAccount(l.ctx, a.Number()); err != nil {
		t.Errorf("without: %v", err)
	}
}
