//go:build cgo

package engine

import (
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

const inbandDigits = "1234567890*#ABCD5577"

// heardDigits sends digits as tones from out, and returns those that in reported until it
// was hung up.
func (l *loop) heardDigits(p pair, opts DTMFOptions) string {
	l.Helper()
	if err := p.out.SendDTMF(l.ctx, inbandDigits, opts); err != nil {
		l.Fatal(err)
	}
	// What waits in the jitter buffer is heard too.
	first, err := p.in.Stats(l.ctx)
	for now := first; err == nil && now.RX.Packets < first.RX.Packets+50; now, err = p.in.Stats(l.ctx) {
		if l.ctx.Err() != nil {
			l.Fatalf("no RTP: %+v", now)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err == nil {
		err = p.out.Hangup(l.ctx, 0, "")
	}
	if err != nil {
		l.Fatal(err)
	}
	var heard strings.Builder
	next(l.ctx, l.T, l.sub, func(ev Event) bool {
		switch ev := ev.(type) {
		case DTMFReceived:
			if ev.Call != p.in.ID() || ev.Method != "INBAND" {
				l.Errorf("%+v", ev)
			}
			heard.WriteString(ev.Digit)
		case CallEnded:
			return ev.Call == p.in.ID()
		}
		return false
	})
	return heard.String()
}

// Digits that one end sends as tones are what the other reports. A busy machine that is
// late with packets leaves holes in tones: then it is tried again.
func TestLoopbackInbandDigits(t *testing.T) {
	for _, codec := range []string{"PCMU/8000/1", "opus/48000/2"} {
		t.Run(codec, func(t *testing.T) {
			l := newLoop(t, func(cfg *config.Config) {
				answersAll(cfg)
				cfg.Settings.AudioCodecs = []string{codec}
				cfg.Accounts = []config.Account{{Number: 0, Transport: config.UDP, InbandDTMF: config.InbandDTMFOn}}
			})
			for l.ctx.Err() == nil {
				p := l.up(DialRequest{})
				got := l.heardDigits(p, DTMFOptions{Method: config.DTMFInband})
				if got == inbandDigits {
					return
				}
				t.Logf("heard %q: %+v", got, p.in.Info())
			}
			t.Error("the digits were never heard right")
		})
	}
}

// A far end that takes no telephone-event gets tones and is listened to, without a word in
// the configuration.
func TestLoopbackWithoutTelephoneEvent(t *testing.T) {
	l := newLoop(t, func(cfg *config.Config) {
		answersAll(cfg)
		cfg.Settings.AudioCodecs = []string{"PCMU/8000/1"}
	})
	phone, err := l.e.runningPhone()
	if err != nil {
		t.Fatal(err)
	}
	local, ok := l.e.Account(0)
	if !ok {
		t.Fatal("no local account")
	}
	// The offer has something else in its place.
	none := &pjsua.Policy{Media: pjsua.MediaPolicy{SDP: []pjsua.SDPRule{
		{Op: pjsua.SDPSet, Media: "audio", Line: "a=rtpmap:120 x-none/8000"},
		{Op: pjsua.SDPRemove, Media: "audio", Line: "a=fmtp"},
	}}}
	for l.ctx.Err() == nil {
		id, err := phone.Dial(l.ctx, local.id, l.uri, pjsua.DialOptions{Policy: none})
		if err != nil {
			t.Fatal(err)
		}
		incoming := next(l.ctx, t, l.sub, func(IncomingCall) bool { return true })
		var p pair
		for call, end := range map[CallID]**Call{id: &p.out, incoming.Call: &p.in} {
			c, ok := l.e.Call(call)
			if !ok {
				t.Fatalf("no call %d", call)
			}
			if err := c.Wait(l.ctx, StateConfirmed); err != nil {
				t.Fatal(err)
			}
			*end = c
		}
		got := l.heardDigits(p, DTMFOptions{})
		if got == inbandDigits {
			return
		}
		t.Logf("heard %q", got)
	}
	t.Error("the digits were never heard right")
}
