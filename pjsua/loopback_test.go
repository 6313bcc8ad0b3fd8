//go:build cgo

package pjsua

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

// patience bounds every wait for what must happen. Nothing comes near it: it is for machines
// that have something else to do.
const patience = time.Minute

// within bounds a wait that ends at once when all is well.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// phone is an endpoint on loopback with one account that registers nowhere. It calls
// itself: both ends of every call are its own.
type phone struct {
	*Endpoint
	t    testing.TB
	acc  *Account
	addr string
	seen []Event
}

func newPhone(t testing.TB, cfg Config) *phone {
	t.Helper()
	ep, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &phone{Endpoint: ep, t: t}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	tp := must(ep.AddTransport(within(t), TransportConfig{Type: UDP, BindAddress: "127.0.0.1"}))(t)
	p.addr = tp.Info().Address
	p.acc = must(ep.AddAccount(within(t), AccountConfig{
		ID: "sip:alice@" + p.addr, Transport: tp, MediaAddress: "127.0.0.1",
	}))(t)
	check(t, ep.SetCodecOrder(within(t), "PCMU"))
	return p
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}

func (p *phone) next() Event {
	p.t.Helper()
	select {
	case ev, ok := <-p.Events():
		if !ok {
			p.t.Fatalf("events closed; seen %+v", p.seen)
		}
		p.seen = append(p.seen, ev)
		return ev
	case <-time.After(patience):
		p.t.Fatalf("no event for %v; seen %+v", patience, p.seen)
	}
	return nil
}

// await reads events until one of type E satisfies ok.
func await[E Event](p *phone, ok func(E) bool) E {
	p.t.Helper()
	for {
		if ev, is := p.next().(E); is && ok(ev) {
			return ev
		}
	}
}

// pass waits until the bridge has ticked for d. Audio goes by that clock, which is behind
// everybody else's on a machine that has something else to do.
func (p *phone) pass(d time.Duration) {
	p.t.Helper()
	const rate = 16000
	clock := must(p.NewAudio(within(p.t), rate, AudioOptions{WriteBuffer: -1}))(p.t)
	listen(p.t, clock, int(d*rate/time.Second))
	check(p.t, clock.Close())
}

func (p *phone) uri() string { return "sip:bob@" + p.addr }

// pair is an established call to ourselves.
type pair struct {
	out, in         *Call
	outPort, inPort PortID
}

func (p *phone) connect() pair {
	p.t.Helper()
	out := must(p.acc.Dial(within(p.t), p.uri(), DialOptions{}))(p.t)
	in := await(p, func(IncomingCall) bool { return true })
	c := pair{out: out, in: p.Call(in.Call), outPort: NoPort, inPort: NoPort}
	check(p.t, c.in.Answer(within(p.t), CodeOK, AnswerOptions{}))
	up := map[CallID]bool{}
	for len(up) < 2 || c.outPort == NoPort || c.inPort == NoPort {
		switch ev := p.next().(type) {
		case CallStateChanged:
			if ev.State == StateConfirmed {
				up[ev.Call] = true
			}
		case CallMediaChanged:
			if ev.Call == c.out.id {
				c.outPort = ev.Media[0].Port
			} else {
				c.inPort = ev.Media[0].Port
			}
		}
	}
	return c
}

func (p *phone) hangup(c pair) (out, in CallEnded) {
	p.t.Helper()
	check(p.t, c.out.Hangup(within(p.t), HangupOptions{}))
	for out.Call == 0 || in.Call == 0 {
		ev := await(p, func(CallEnded) bool { return true })
		if ev.Call == c.out.id {
			out = ev
		} else {
			in = ev
		}
	}
	return out, in
}

func TestCallToOurselves(t *testing.T) {
	p := newPhone(t, Config{UserAgent: "loop"})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Msg: MsgData{Headers: []Header{{"X-Test", "one"}}}}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if got := in.HeaderValues("x-test"); len(got) != 1 || got[0] != "one" {
		t.Errorf("X-Test = %q", got)
	}
	if got := in.HeaderValues("User-Agent"); len(got) != 1 || got[0] != "loop" {
		t.Errorf("User-Agent = %q", got)
	}
	if in.Account != p.acc.ID() || in.Remote != "<sip:alice@127.0.0.1>" || in.Local != "<sip:bob@127.0.0.1>" || in.Source != p.addr {
		t.Errorf("incoming call %+v", in)
	}
	call := p.Call(in.Call)
	check(t, call.Answer(within(t), CodeRinging, AnswerOptions{}))
	early := await(p, func(ev CallStateChanged) bool { return ev.Call == out.ID() && ev.State == StateEarly })
	if early.Code != CodeRinging || early.Role != RoleUAC || early.SIPCallID != in.SIPCallID {
		t.Errorf("ringing: %+v", early)
	}
	check(t, call.Answer(within(t), CodeOK, AnswerOptions{Reason: "Hello there"}))
	confirmed := await(p, func(ev CallStateChanged) bool { return ev.Call == out.ID() && ev.State == StateConfirmed })
	if confirmed.Code != CodeOK || confirmed.Reason != "Hello there" {
		t.Errorf("confirmed: %+v", confirmed)
	}
	info := must(out.Info(within(t)))(t)
	if info.State != StateConfirmed || info.Remote != p.uri() || len(info.Media) != 1 ||
		info.Media[0].Codec != "PCMU/8000" || info.Media[0].Dir != DirSendRecv || info.Media[0].Status != MediaActive {
		t.Errorf("info: %+v", info)
	}
	ended, _ := p.hangup(pair{out: out, in: call})
	if ended.Code != CodeOK || ended.Role != RoleUAC || ended.Account != p.acc.ID() {
		t.Errorf("ended: %+v", ended)
	}
	if err := out.Hold(within(t), HoldOptions{}); err != ErrCallGone {
		t.Errorf("hold after the end: %v", err)
	}
	for i, ev := range p.seen {
		if ev.Header().Seq != uint64(i+1) {
			t.Fatalf("event %d has number %d", i, ev.Header().Seq)
		}
	}
}

func TestRefusals(t *testing.T) {
	p := newPhone(t, Config{})
	for _, code := range []SIPCode{CodeNotFound, CodeBusyHere, CodeServiceUnavailable, CodeDecline} {
		out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
		in := await(p, func(IncomingCall) bool { return true })
		check(t, p.Call(in.Call).Hangup(within(t), HangupOptions{Code: code, Reason: "Because I say so"}))
		ended := await(p, func(ev CallEnded) bool { return ev.Call == out.ID() })
		if ended.Code != code || ended.Reason != "Because I say so" || ended.Connected != 0 {
			t.Errorf("%d: %+v", int(code), ended)
		}
	}
}

func TestCancel(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Answer(within(t), CodeRinging, AnswerOptions{}))
	await(p, func(ev CallStateChanged) bool { return ev.Call == out.ID() && ev.State == StateEarly })
	check(t, out.Hangup(within(t), HangupOptions{}))
	var codes [2]SIPCode
	for codes[0] == 0 || codes[1] == 0 {
		ev := await(p, func(CallEnded) bool { return true })
		codes[ev.Role] = ev.Code
	}
	if codes[RoleUAC] != CodeRequestTerminated || codes[RoleUAS] != CodeRequestTerminated {
		t.Errorf("codes %v", codes)
	}
}

// record plays what the player's port gives into one end of c and measures what comes
// out of the other end for d.
func (p *phone) record(c pair, from PortID, d time.Duration) dsp.Tone {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "rec.wav")
	rec := must(p.NewRecorder(within(p.t), path, RecorderOptions{}))(p.t)
	check(p.t, p.Connect(within(p.t), c.inPort, rec.Port(), ConnectOptions{}))
	check(p.t, p.Connect(within(p.t), from, c.outPort, ConnectOptions{}))
	p.pass(d)
	check(p.t, rec.Close(within(p.t)))
	audio := must(dsp.ReadWAV(path))(p.t)
	if audio.Rate != 16000 || audio.Channels != 1 {
		p.t.Fatalf("recorded %v", audio)
	}
	return dsp.ClearestTone(audio.Slice(300*time.Millisecond, d).Samples, 16000, 500*time.Millisecond)
}

func toneFile(t testing.TB, rate, channels int, hz float64) string {
	t.Helper()
	mono := dsp.GenerateTone(rate, 5*time.Second, -12, hz)
	samples := make([]int16, 0, len(mono)*channels)
	for _, s := range mono {
		for range channels {
			samples = append(samples, s)
		}
	}
	path := filepath.Join(t.TempDir(), "tone.wav")
	check(t, dsp.WriteWAV(path, &dsp.Audio{Rate: rate, Channels: channels, Samples: samples}))
	return path
}

func TestAudioBothFormats(t *testing.T) {
	p := newPhone(t, Config{})
	for _, tc := range []struct{ rate, channels int }{{8000, 1}, {16000, 1}, {44100, 2}, {48000, 1}} {
		c := p.connect()
		player := must(p.NewPlayer(within(t), toneFile(t, tc.rate, tc.channels, 440), PlayerOptions{}))(t)
		got := p.record(c, player.Port(), 2*time.Second)
		t.Logf("%d Hz, %d channels: %+v", tc.rate, tc.channels, got)
		if got.Hz < 439 || got.Hz > 441 || got.Level < -13 || got.Level > -11 {
			t.Errorf("a WAV of %d Hz, %d channels: %+v", tc.rate, tc.channels, got)
		}
		check(t, player.Close(within(t)))
		out, in := p.hangup(c)
		for _, ended := range []CallEnded{out, in} {
			s := ended.Stats
			if s.Codec != "PCMU/8000" || s.RX.Packets < 40 || s.TX.Packets < 40 || s.RX.Lost != 0 ||
				s.RX.Bytes != s.RX.Packets*160 {
				t.Errorf("statistics: %+v", s)
			}
			if ended.Connected < time.Second {
				t.Errorf("connected %v", ended.Connected)
			}
		}
	}
}

func TestHoldResumeAndDTMF(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	bothAre := func(out, in MediaStatus, outDir, inDir MediaDir) {
		t.Helper()
		for left := 2; left > 0; left-- {
			ev := await(p, func(CallMediaChanged) bool { return true })
			m := ev.Media[0]
			if ev.Call == c.out.id && (m.Status != out || m.Dir != outDir) ||
				ev.Call == c.in.id && (m.Status != in || m.Dir != inDir) {
				t.Errorf("%+v", ev)
			}
		}
	}
	p.offer(func() error { return c.out.Hold(within(t), HoldOptions{}) })
	bothAre(MediaLocalHold, MediaRemoteHold, DirSend, DirRecv)
	p.offer(func() error { return c.out.Resume(within(t), ReinviteOptions{}) })
	bothAre(MediaActive, MediaActive, DirSendRecv, DirSendRecv)

	const digits = "0123456789*#ABCD"
	check(t, c.out.SendDTMF(within(t), digits, DTMFOptions{Duration: 60 * time.Millisecond}))
	for i := range digits {
		ev := await(p, func(DTMFReceived) bool { return true })
		if ev.Call != c.in.id || ev.Digit != digits[i] || ev.Method != DTMFRFC4733 {
			t.Fatalf("digit %d: %+v", i, ev)
		}
	}
	check(t, c.in.SendDTMF(within(t), "5", DTMFOptions{Method: DTMFInfo}))
	if ev := await(p, func(DTMFReceived) bool { return true }); ev.Call != c.out.id || ev.Digit != '5' || ev.Method != DTMFInfo {
		t.Errorf("INFO digit: %+v", ev)
	}
	if err := c.out.SendDTMF(within(t), "1x", DTMFOptions{}); err == nil {
		t.Error("1x was sent")
	}
	p.hangup(c)
}

func TestEarlyMedia(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	check(t, p.Call(in.Call).Answer(within(t), CodeProgress, AnswerOptions{}))
	c := pair{out: p.Call(in.Call), in: out, outPort: NoPort, inPort: NoPort}
	for c.outPort == NoPort || c.inPort == NoPort {
		ev := await(p, func(CallMediaChanged) bool { return true })
		if ev.Call == out.ID() {
			c.inPort = ev.Media[0].Port
		} else {
			c.outPort = ev.Media[0].Port
		}
	}
	player := must(p.NewPlayer(within(t), toneFile(t, 8000, 1, 880), PlayerOptions{Loop: true}))(t)
	if got := p.record(c, player.Port(), 2*time.Second); got.Hz < 879 || got.Hz > 881 {
		t.Errorf("early media: %+v", got)
	}
	if info := must(out.Info(within(t)))(t); info.State != StateEarly {
		t.Errorf("state %v", info.State)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	await(p, func(ev CallEnded) bool { return ev.Call == out.ID() })
	check(t, player.Close(within(t)))
}

func TestDialWait(t *testing.T) {
	p := newPhone(t, Config{})
	answers := make(chan SIPCode, 3)
	go func() { // the consumer, until the phone is closed
		for ev := range p.Events() {
			if in, ok := ev.(IncomingCall); ok {
				if code := <-answers; code != 0 {
					_ = p.Call(in.Call).Answer(context.Background(), code, AnswerOptions{})
				}
			}
		}
	}()
	answers <- CodeOK
	call := must(p.acc.DialWait(within(t), p.uri(), DialOptions{}))(t)
	check(t, call.Hangup(within(t), HangupOptions{}))

	answers <- CodeBusyHere
	_, err := p.acc.DialWait(within(t), p.uri(), DialOptions{})
	assertIs(t, err, CodeBusyHere)

	answers <- 0
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err = p.acc.DialWait(ctx, p.uri(), DialOptions{})
	assertIs(t, err, context.DeadlineExceeded)
}
