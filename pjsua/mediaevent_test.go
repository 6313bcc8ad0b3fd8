//go:build cgo

package pjsua

import (
	"encoding/binary"
	"net"
	"testing"
	"time"
)

// A NACK of the far end (RFC 4585 section 6.2.1) is an event of the call.
func TestMediaFeedback(t *testing.T) {
	p := newPhone(t, Config{})
	cfg := must(p.acc.Config(within(t)))(t)
	cfg.RTCPFeedback.Caps = []RTCPFeedbackCap{{Codec: "*", Type: FeedbackNACK}}
	check(t, p.acc.Modify(within(t), cfg))
	c := p.connect()
	info := must(c.out.StreamInfo(within(t), 0))(t)
	to := must(c.out.MediaTransportInfo(within(t), 0))(t).LocalRTCP
	nack := []byte{0x81, 205, 0, 3}
	nack = binary.BigEndian.AppendUint32(nack, info.RemoteSSRC)
	nack = binary.BigEndian.AppendUint32(nack, info.SSRC)
	nack = append(nack, 0, 42, 0, 0) // packet 42 alone
	conn := must(net.Dial("udp", to))(t)
	defer conn.Close()
	sent, ended := make(chan struct{}), make(chan struct{})
	go func() { // UDP may lose it
		defer close(ended)
		for {
			_, _ = conn.Write(nack)
			select {
			case <-sent:
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	ev := await(p, func(ev MediaEvent) bool { return ev.Type == MediaFeedback })
	close(sent)
	<-ended
	if ev.Call != c.out.ID() || ev.Index != 0 || ev.Feedback != FeedbackNACK {
		t.Errorf("%+v", ev)
	}
	p.hangup(c)
}

// Every m= line is listed, with its kind.
func TestAllMediaAreListed(t *testing.T) {
	p := newPhone(t, Config{})
	out := must(p.acc.Dial(within(t), p.uri(), DialOptions{Setting: CallSetting{Text: 1}}))(t)
	in := await(p, func(IncomingCall) bool { return true })
	prov := must(out.Info(within(t)))(t).ProvMedia
	if len(prov) != 2 || prov[0].Type != MediaTypeAudio || prov[1].Type != MediaTypeText || prov[1].Port != NoPort {
		t.Errorf("offered: %+v", prov)
	}
	check(t, p.Call(in.Call).Answer(within(t), CodeOK, AnswerOptions{Setting: CallSetting{Text: 1}}))
	ev := await(p, func(ev CallMediaChanged) bool { return ev.Call == out.ID() })
	for _, media := range [][]Media{ev.Media, must(out.Info(within(t)))(t).Media} {
		if len(media) != 2 {
			t.Fatalf("%+v", media)
		}
		audio, text := media[0], media[1]
		if audio.Type != MediaTypeAudio || audio.Port == NoPort || audio.Codec != "PCMU/8000" {
			t.Errorf("audio: %+v", audio)
		}
		if text.Index != 1 || text.Type != MediaTypeText || text.Status != MediaActive || text.Dir != DirSendRecv ||
			text.Port != NoPort || text.Codec != "t140/1000" && text.Codec != "red/1000" {
			t.Errorf("text: %+v", text)
		}
	}
	check(t, out.Hangup(within(t), HangupOptions{}))
	await(p, func(ev CallEnded) bool { return ev.Call == in.Call })
}
