//go:build cgo

package pjsua

import (
	"strings"
	"testing"
	"time"
)

// What Opus is configured with is in the offer, and in the stream.
func TestOpusConfig(t *testing.T) {
	p := newPhone(t, Config{})
	before := must(p.OpusConfig(within(t)))(t)
	if err := before.Validate(); err != nil {
		t.Errorf("PJSIP's own is refused: %v", err)
	}
	t.Cleanup(func() { check(t, p.SetOpusConfig(within(t), before)) })
	want := OpusConfig{
		SampleRate: 16000, Channels: 1, FrameTime: 40 * time.Millisecond, BitRate: 24000, PacketLoss: 15, Complexity: 3, CBR: true,
	}
	check(t, p.SetOpusConfig(within(t), want))
	if got := must(p.OpusConfig(within(t)))(t); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := must(p.CodecParam(within(t), "opus"))(t); got.ClockRate != 16000 || got.AvgBitrate != 24000 {
		t.Errorf("%+v", got)
	}
	check(t, p.SetCodecOrder(within(t), "opus"))
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	for _, line := range []string{"maxplaybackrate=16000", "maxaveragebitrate=24000", "cbr=1"} {
		if !strings.Contains(string(in.Request), line) {
			t.Errorf("%s is not in the offer: %s", line, in.Request)
		}
	}
	check(t, p.Call(in.Call).Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallMediaChanged) bool { return ev.Call == out.ID() && ev.Media[0].Port != NoPort })
	if info := must(out.StreamInfo(within(t), 0))(t); info.ClockRate != 16000 || info.Channels != 1 || info.BitRate != 24000 {
		t.Errorf("%+v", info)
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	await(p, func(ev CallEnded) bool { return ev.Call == in.Call })

	short := want
	short.FrameTime = 2500 * time.Microsecond
	check(t, p.SetOpusConfig(within(t), short))
	if got := must(p.OpusConfig(within(t)))(t); got != short {
		t.Errorf("%+v, want %+v", got, short)
	}
	for name, change := range map[string]func(*OpusConfig){
		"rate": func(c *OpusConfig) { c.SampleRate = 44100 }, "channels": func(c *OpusConfig) { c.Channels = 3 },
		"frame": func(c *OpusConfig) { c.FrameTime = 30 * time.Millisecond }, "bits": func(c *OpusConfig) { c.BitRate = 5999 },
		"loss": func(c *OpusConfig) { c.PacketLoss = 100 }, "complexity": func(c *OpusConfig) { c.Complexity = 11 },
	} {
		wrong := want
		change(&wrong)
		if err := p.SetOpusConfig(within(t), wrong); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
