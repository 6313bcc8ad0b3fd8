//go:build cgo

package pjsua

import (
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
)

func TestToneGenerator(t *testing.T) {
	p := newPhone(t, Config{})
	g := must(p.NewToneGenerator(within(t), ToneOptions{Rate: 8000}))(t)
	in := must(p.NewAudio(within(t), 16000, AudioOptions{WriteBuffer: -1, ReadBuffer: time.Minute}))(t)
	must(p.KeepConnected(within(t), g, in, ConnectOptions{}))(t)

	// Each frequency has an eighth of full scale, which is -21 dBov, and half of the time.
	check(t, g.Play(within(t), []Tone{{Freq1: 400, Freq2: 1000, On: 500 * time.Millisecond, Off: 500 * time.Millisecond, Volume: 0.25}},
		PlayTonesOptions{Loop: true}))
	if !must(g.Busy(within(t)))(t) {
		t.Error("not busy while it plays")
	}
	listen(t, in, int(in.Stats().Buffered)+1600)
	got := listen(t, in, 2*16000)
	near(t, "two seconds of a tone that is on half of the time", []float64{
		dsp.Goertzel(got, 16000, 400), dsp.Goertzel(got, 16000, 1000),
	}, -24, -24)
	check(t, g.Rewind(within(t)))
	check(t, g.StopLoop(within(t)))
	for must(g.Busy(within(t)))(t) {
		listen(t, in, 320)
	}

	check(t, g.SetDigitMap(within(t), []DigitTone{{'X', 700, 0}, {'1', 697, 1209}}))
	if m := must(g.DigitMap(within(t)))(t); len(m) != 2 || m[0] != (DigitTone{'X', 700, 0}) {
		t.Errorf("%+v", m)
	}
	listen(t, in, int(in.Stats().Buffered)+640)
	check(t, g.PlayDigits(within(t), "1x", ToneDigits{On: 600 * time.Millisecond, Off: 400 * time.Millisecond}))
	got = listen(t, in, 2*16000)
	first, second := got[1600:1600+6400], got[16000+1600:16000+1600+6400]
	near(t, "digit 1", []float64{dsp.Goertzel(first, 16000, 697), dsp.Goertzel(first, 16000, 1209)}, -17, -17)
	near(t, "digit X", []float64{dsp.Goertzel(second, 16000, 700), dsp.Goertzel(second, 16000, 1209)}, -11.5, silent)
	if err := g.PlayDigits(within(t), "5", ToneDigits{}); err == nil {
		t.Error("a digit that is not in the map was taken")
	}
	check(t, g.Play(within(t), []Tone{{Freq1: 400, On: time.Second}}, PlayTonesOptions{}))
	check(t, g.Stop(within(t)))
	if must(g.Busy(within(t)))(t) {
		t.Error("busy after Stop")
	}
	for name, err := range map[string]error{
		"no frequency": g.Play(within(t), []Tone{{On: time.Second}}, PlayTonesOptions{}),
		"no length":    g.Play(within(t), []Tone{{Freq1: 400}}, PlayTonesOptions{}),
		"too long":     g.Play(within(t), []Tone{{Freq1: 400, On: time.Minute}}, PlayTonesOptions{}),
		"too loud":     g.PlayDigits(within(t), "1", ToneDigits{Volume: 2}),
		"too many":     g.PlayDigits(within(t), "11111111111111111111111111111111", ToneDigits{}),
		"empty map":    g.SetDigitMap(within(t), nil),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	check(t, g.Close(within(t)))
	assertIs(t, g.Close(within(t)), ErrToneGone)
	assertIs(t, g.Stop(within(t)), ErrToneGone)
	check(t, in.Close())
	p.portsLeft(1)
}

func TestPortFacts(t *testing.T) {
	p := newPhone(t, Config{})
	out, in := p.wire(16000, AudioOptions{}, AudioOptions{ReadBuffer: time.Minute})
	if n := must(p.ActivePorts(within(t)))(t); n != 3 {
		t.Errorf("%d ports are active", n)
	}
	if n := must(p.MaxPorts(within(t)))(t); n < 254 || n > Limits().ConfPorts {
		t.Errorf("at most %d ports", n)
	}
	playTone(t, out, 1000)
	listen(t, in, 8000)
	level := must(p.SignalLevel(within(t), out.Port()))(t)
	if heard := must(p.SignalLevel(within(t), in.Port()))(t); level.RX < 50 || level.TX != 0 || heard.TX < level.RX-5 || heard.TX > level.RX+5 || heard.RX != 0 {
		t.Errorf("levels %+v, %+v", level, heard)
	}
	check(t, p.ConfigurePort(within(t), in.Port(), PortMute, PortKeep))
	listen(t, in, int(in.Stats().Buffered)+640)
	for _, s := range listen(t, in, 3200) {
		if s != 0 {
			t.Fatal("a muted port hears something")
		}
	}
	check(t, p.ConfigurePort(within(t), in.Port(), PortEnable, PortKeep))
	hears(t, "enabled again", in, 1000)
	if err := p.ConfigurePort(within(t), in.Port(), 7, PortKeep); err == nil {
		t.Error("no such setting, no error")
	}
	if _, err := p.SignalLevel(within(t), 99); err == nil {
		t.Error("no such port, no error")
	}
}
