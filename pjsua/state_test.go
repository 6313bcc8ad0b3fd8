//go:build cgo

package pjsua

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
)

func TestState(t *testing.T) {
	p := newPhone(t, Config{})
	if s := must(p.State(within(t)))(t); s != EndpointRunning || s.String() != "running" {
		t.Errorf("state %v", s)
	}
	check(t, p.Close())
	_, err := p.State(within(t))
	assertIs(t, err, ErrClosed)
}

func TestVerifyURLs(t *testing.T) {
	p := newPhone(t, Config{})
	for uri, want := range map[string][2]bool{ // SIP, any
		"sip:a@b": {true, true}, `"A" <sips:a@b;x=y>`: {true, true}, "tel:+1555": {false, true}, "a@b": {false, false},
		"": {false, false}, "sip:a@b\x00c": {false, false}, "sip:" + strings.Repeat("a", 5000): {false, false},
	} {
		if err := p.VerifySIPURL(within(t), uri); (err == nil) != want[0] {
			t.Errorf("%.30q as SIP: %v", uri, err)
		}
		if err := p.VerifyURL(within(t), uri); (err == nil) != want[1] {
			t.Errorf("%.30q: %v", uri, err)
		}
	}
}

// lines passes on what a logger writes.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

func TestSetLogging(t *testing.T) {
	out := make(lines, 1<<16)
	p := newPhone(t, Config{Logger: hclog.New(&hclog.LoggerOptions{Output: out, Level: hclog.Trace}), LogLevel: 3})
	verify := func(level int, want bool) {
		t.Helper()
		// Dump's lines come last, and at level 1 at the latest.
		p.hangup(p.connect())
		check(t, p.SetLogging(within(t), LogOptions{Level: 5, NoMessages: true}))
		must(p.Codecs(within(t)))(t)
		check(t, p.SetNullDevice(within(t))) // which is logged at level 5 and below
		seen := false
		for deadline := time.After(patience); ; {
			select {
			case line := <-out:
				seen = seen || strings.Contains(line, "INVITE sip:bob@")
				if strings.Contains(line, "Opening null sound device") {
					if seen != want {
						t.Errorf("level %d: messages logged: %v", level, seen)
					}
					return
				}
			case <-deadline:
				t.Fatal("the line that comes last did not come")
			}
		}
	}
	check(t, p.SetLogging(within(t), LogOptions{Level: 3}))
	verify(3, false)
	check(t, p.SetLogging(within(t), LogOptions{Level: 5}))
	verify(5, true)
	check(t, p.SetLogging(within(t), LogOptions{Level: 5, NoMessages: true}))
	verify(5, false)
	if err := p.SetLogging(within(t), LogOptions{Level: 7}); err == nil {
		t.Error("level 7 was taken")
	}
}

func TestCallDump(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	text := must(c.out.Dump(within(t), true))(t)
	for _, want := range []string{"CONFIRMED", "bob", "Call time", "PCMU", "RTT"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if text := must(c.out.Dump(within(t), false))(t); strings.Contains(text, "PCMU") {
		t.Errorf("media in %s", text)
	}
	p.hangup(c)
	_, err := c.out.Dump(within(t), true)
	assertIs(t, err, ErrCallGone)
}

func TestCodecParam(t *testing.T) {
	p := newPhone(t, Config{})
	def := must(p.CodecParam(within(t), "PCMU"))(t)
	if def.ClockRate != 8000 || def.Channels != 1 || def.AvgBitrate != 64000 || def.FramesPerPacket < 1 || def.FrameTime <= 0 {
		t.Errorf("PCMU: %+v", def)
	}
	param := must(p.CodecParam(within(t), "opus"))(t)
	opus := param
	param.AvgBitrate, param.Complexity, param.PacketLoss, param.CBR, param.PLC = 16000, 3, 20, true, false
	param.DecoderFmtp = []Fmtp{{"useinbandfec", "1"}, {"maxaveragebitrate", "16000"}}
	check(t, p.SetCodecParam(within(t), "opus", &param))
	got := must(p.CodecParam(within(t), "opus"))(t)
	if got.AvgBitrate != 16000 || got.Complexity != 3 || got.PacketLoss != 20 || !got.CBR || got.PLC ||
		!slices.Equal(got.DecoderFmtp, param.DecoderFmtp) {
		t.Errorf("opus: %+v", got)
	}
	// The offer has the decoder's parameters.
	check(t, p.SetCodecOrder(within(t), "opus"))
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	if !strings.Contains(string(in.Request), "maxaveragebitrate=16000") {
		t.Errorf("the offer: %s", in.Request)
	}
	check(t, p.Call(in.Call).Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallMediaChanged) bool {
		return ev.Call == out.ID() && len(ev.Media) == 1 && ev.Media[0].Port != NoPort
	})
	param.Complexity = 11
	if err := p.SetCodecParam(within(t), "opus", &param); err == nil || !strings.Contains(err.Error(), "Complexity") {
		t.Errorf("complexity 11: %v", err)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	await(p, func(ev CallEnded) bool { return ev.Call == in.Call })
	check(t, p.SetCodecParam(within(t), "opus", nil))
	if got := must(p.CodecParam(within(t), "opus"))(t); got.AvgBitrate != opus.AvgBitrate || got.Complexity != opus.Complexity {
		t.Errorf("after the reset: %+v, want %+v", got, opus)
	}
	if _, err := p.CodecParam(within(t), "nothing"); err == nil {
		t.Error("a codec that there is not has parameters")
	}
}
