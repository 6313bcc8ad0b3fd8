//go:build cgo

package pjsua

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Lines of the SDP are added, replaced and removed, in the offer and in the answer, and the
// far end sees it.
func TestSDPRules(t *testing.T) {
	p := newPhone(t, Config{})
	policy := &Policy{Media: MediaPolicy{ReportSDP: true, SDP: []SDPRule{
		{Line: "a=x-session:one two"},
		{Line: "b=CT:128"},
		{Op: SDPSet, Media: "audio", Line: "a=x-line:1"},
		{Op: SDPSet, Media: "audio", Line: "a=x-line:2"},
		{Media: "audio", Line: "a=x-flag"},
		{Op: SDPSet, Media: "audio", Line: "b=TIAS:64000"},
		{Op: SDPRemove, Media: "audio", Line: "a=rtcp"},
		{Media: "video", Line: "a=x-never"},
	}}}
	// The answer is made before the program hears of the call.
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{ReportSDP: true, SDP: []SDPRule{{Media: "audio", Line: "a=x-answer"}}}}))
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Policy: policy}))(t)
	offer := await(p, func(SDPCreated) bool { return true })
	answer := await(p, func(SDPCreated) bool { return true })
	in := await(p, func(IncomingCall) bool { return true })
	if answer.Call != in.Call || !strings.Contains(answer.Remote, "a=x-flag") || !strings.Contains(answer.Local, "a=x-answer") {
		t.Errorf("%+v", answer)
	}
	sdp := string(in.Message().Body)
	if offer.Call != out.id || offer.Account != p.acc.ID() || offer.Remote != "" || offer.Local != sdp {
		t.Errorf("%+v", offer)
	}
	session, audio, _ := strings.Cut(sdp, "m=audio")
	lines := strings.Split(audio, "\r\n")
	if !strings.Contains(session, "\r\na=x-session:one two\r\n") || !strings.Contains(session, "\r\nb=CT:128\r\n") ||
		!slices.Contains(lines, "a=x-line:2") || !slices.Contains(lines, "a=x-flag") || !slices.Contains(lines, "b=TIAS:64000") {
		t.Errorf("not there: %s", sdp)
	}
	for _, gone := range []string{"a=x-line:1", "a=rtcp:", "x-never"} {
		if strings.Contains(sdp, gone) {
			t.Errorf("%s is there: %s", gone, sdp)
		}
	}
	if strings.Count(audio, "b=TIAS") != 1 {
		t.Errorf("b=TIAS is not replaced: %s", sdp)
	}
	call := p.Call(in.Call)
	check(t, call.Answer(within(t), CodeOK, AnswerOptions{}))
	await(p, func(ev CallMediaChanged) bool { return ev.Call == out.id })
	for name, get := range map[string]func() (string, error){
		"a=x-flag":   func() (string, error) { return out.LocalSDP(within(t)) },
		"a=x-answer": func() (string, error) { return out.RemoteSDP(within(t)) },
		"a=x-line:2": func() (string, error) { return call.RemoteSDP(within(t)) },
	} {
		if sdp := must(get())(t); !strings.Contains(sdp, name) {
			t.Errorf("%s is not in %q", name, sdp)
		}
	}
	for _, line := range []string{"", "a", "a=", "c=IN IP4 x", "a=x:1\r\na=y", "b=AS", "b=AS:x", "a=a b:1"} {
		err := p.SetPolicy(within(t), Policy{Media: MediaPolicy{SDP: []SDPRule{{Line: line}}}})
		if err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}

// What a stream is and did, and that another codec makes another stream.
func TestStreams(t *testing.T) {
	p := newPhone(t, Config{})
	c := p.connect()
	info := must(c.out.StreamInfo(within(t), 0))(t)
	if info.Codec != "PCMU/8000" || info.ClockRate != 8000 || info.Channels != 1 || info.Dir != DirSendRecv ||
		info.TXPayloadType != 0 || info.RXPayloadType != 0 || info.TXEventType < 96 || info.SSRC == 0 || info.CNAME == "" ||
		info.FrameTime*time.Duration(info.FramesPerPacket) != 20*time.Millisecond || info.BitRate != 64000 || info.VAD || !info.PLC {
		t.Errorf("%+v", info)
	}
	in := must(c.in.MediaTransportInfo(within(t), 0))(t)
	if info.Remote != in.LocalRTP || !strings.HasPrefix(info.Remote, "127.0.0.1:") || in.SRTP != nil || in.ICE != nil {
		t.Errorf("to %s, %+v", info.Remote, in)
	}
	var created []StreamCreated
	for _, ev := range p.seen {
		if ev, is := ev.(StreamCreated); is {
			created = append(created, ev)
		}
	}
	if len(created) != 2 || !slices.ContainsFunc(created, func(ev StreamCreated) bool {
		return ev.Call == c.out.id && ev.Stream == info
	}) {
		t.Errorf("%+v, want one of %+v", created, info)
	}
	if port := must(c.out.ConfPort(within(t)))(t); port != c.outPort {
		t.Errorf("port %d, want %d", port, c.outPort)
	}
	if text := must(c.out.Dump(within(t), true))(t); !strings.Contains(text, "PCMU") || !strings.Contains(text, "CONFIRMED") {
		t.Errorf("%s", text)
	}
	player := must(p.NewPlayer(within(t), toneFile(t, 16000, 1, 440), PlayerOptions{Loop: true}))(t)
	p.record(c, player.Port(), time.Second)
	stats := must(c.in.StreamStats(within(t), 0))(t)
	if stats.RX.Packets < 40 || stats.RX.Bytes != stats.RX.Packets*160 || stats.RX.Lost != 0 || stats.RX.Jitter.Count < 10 ||
		stats.RX.Jitter.Max < stats.RX.Jitter.Mean || stats.RX.Jitter.Mean < stats.RX.Jitter.Min || stats.Jitter.FrameSize == 0 ||
		stats.Jitter.Capacity == 0 || stats.TX.Packets == 0 {
		t.Errorf("%+v", stats)
	}
	// Nobody speaks into the other end: with VAD it sends nothing.
	check(t, c.in.ModifyCodec(within(t), 0, CodecSetting{VAD: On}))
	before := must(c.in.StreamStats(within(t), 0))(t).TX.Packets
	p.pass(time.Second)
	if sent := must(c.in.StreamStats(within(t), 0))(t).TX.Packets - before; sent > 10 {
		t.Errorf("%d packets of silence", sent)
	}
	if err := c.out.ModifyCodec(within(t), 7, CodecSetting{VAD: On}); err == nil {
		t.Error("stream 7 was modified")
	}

	check(t, p.SetCodecOrder(within(t), "G722", "PCMU"))
	p.offer(func() error { return c.out.Reinvite(within(t), ReinviteOptions{}) })
	over := await(p, func(ev StreamDestroyed) bool { return ev.Call == c.in.id })
	if over.Stream.Codec != "PCMU/8000" || over.Stats.RX.Packets < stats.RX.Packets {
		t.Errorf("%+v", over)
	}
	up := map[CallID]StreamInfo{}
	for _, ev := range p.seen {
		if ev, is := ev.(StreamCreated); is && ev.Stream.Codec == "G722/8000" {
			up[ev.Call] = ev.Stream
		}
	}
	ports := map[CallID]PortID{}
	for _, ev := range p.seen {
		if ev, is := ev.(CallMediaChanged); is && ev.Media[0].Codec == "G722/8000" {
			ports[ev.Call] = ev.Media[0].Port
		}
	}
	for len(up) < 2 || len(ports) < 2 {
		switch ev := p.next().(type) {
		case StreamCreated:
			up[ev.Call] = ev.Stream
		case CallMediaChanged:
			ports[ev.Call] = ev.Media[0].Port
		}
	}
	for _, s := range up {
		if s.Codec != "G722/8000" || s.ClockRate != 16000 {
			t.Errorf("%+v", s)
		}
	}
	// The stream has another port now; what it carries is the tone, and the figures of
	// the first stream are not forgotten.
	c.outPort, c.inPort = ports[c.out.id], ports[c.in.id]
	if tone := p.record(c, player.Port(), 2*time.Second); tone.Hz < 439 || tone.Hz > 441 {
		t.Errorf("%+v", tone)
	}
	last := must(c.in.StreamStats(within(t), 0))(t)
	_, ended := p.hangup(c)
	if ended.Stats.Codec != "G722/8000" || ended.Stats.RX.Packets < over.Stats.RX.Packets+last.RX.Packets {
		t.Errorf("%+v after %d and %d packets", ended.Stats, over.Stats.RX.Packets, last.RX.Packets)
	}
	_, err := c.out.StreamInfo(within(t), 0)
	assertIs(t, err, ErrCallGone)
	_, err = c.out.LocalSDP(within(t))
	assertIs(t, err, ErrCallGone)
}

func TestStreamSetting(t *testing.T) {
	p := newPhone(t, Config{})
	discard := DiscardStatic
	check(t, p.acc.SetPolicy(within(t), &Policy{Media: MediaPolicy{Stream: &StreamSetting{
		JitterInit: 40 * time.Millisecond, JitterMinPrefetch: 20 * time.Millisecond, JitterMaxPrefetch: 80 * time.Millisecond,
		JitterMax: 240 * time.Millisecond, JitterDiscard: &discard, VAD: On, PLC: Off,
	}}}))
	c := p.connect()
	info := must(c.out.StreamInfo(within(t), 0))(t)
	if info.JitterInit != 40*time.Millisecond || info.JitterMinPrefetch != 20*time.Millisecond || info.JitterMaxPrefetch != 80*time.Millisecond ||
		info.JitterMax != 240*time.Millisecond || info.PLC {
		t.Errorf("%+v", info)
	}
	stats := must(c.out.StreamStats(within(t), 0))(t)
	frame := info.FrameTime
	if time.Duration(stats.Jitter.Capacity)*frame != 240*time.Millisecond || time.Duration(stats.Jitter.MinPrefetch)*frame != 20*time.Millisecond {
		t.Errorf("%+v of %v", stats.Jitter, frame)
	}
	// Silence is not sent, but for the first 600 ms.
	p.pass(1500 * time.Millisecond)
	if stats := must(c.out.StreamStats(within(t), 0))(t); stats.TX.Packets > 40 {
		t.Errorf("%d packets of silence", stats.TX.Packets)
	}
	p.hangup(c)
}
