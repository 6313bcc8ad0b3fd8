//go:build cgo

package pjsua

import (
	"slices"
	"testing"
)

// What a memory player plays once is in a capture bit by bit.
func TestMemoryPorts(t *testing.T) {
	p := newPhone(t, Config{Media: MediaConfig{ClockRate: 16000}})
	pcm := noise(16000 + 77) // no whole number of ticks
	player := must(p.NewMemoryPlayer(within(t), pcm, MemoryPlayerOptions{}))(t)
	rec := must(p.NewMemoryCapture(within(t), len(pcm)-100, MemoryCaptureOptions{}))(t)
	played := slices.Clone(pcm)
	pcm[0]++ // the player has a copy
	must(p.KeepConnected(within(t), player, rec, ConnectOptions{}))(t)
	full := await(p, func(ev MemoryFilled) bool { return true })
	await(p, func(ev PlayerFinished) bool { return ev.Player == player.ID() })
	got := must(rec.Samples(within(t)))(t)
	want := played[:len(pcm)-100]
	if i := slices.Index(got[:400], want[0]); full.Capture != rec.ID() || rec.Rate() != 16000 || len(got) != len(want) ||
		i < 0 || !slices.Equal(got[i:], want[:len(want)-i]) {
		t.Errorf("%d samples of %d, from %d, %+v", len(got), len(want), i, full)
	}
	check(t, player.Close(within(t)))
	assertIs(t, player.Close(within(t)), ErrMemoryGone)
	check(t, rec.Close(within(t)))
	assertIs(t, rec.Close(within(t)), ErrMemoryGone)
	if after := must(rec.Samples(within(t)))(t); !slices.Equal(after, got) {
		t.Errorf("%d samples after Close", len(after))
	}
	if _, err := p.KeepConnected(within(t), player, rec, ConnectOptions{}); err == nil {
		t.Error("closed ports were connected")
	}
	p.portsLeft(1)
}

// A loop has no gap, and a capture that is closed has what it heard so far.
func TestMemoryLoop(t *testing.T) {
	p := newPhone(t, Config{Media: MediaConfig{ClockRate: 16000}})
	pcm := noise(333)
	player := must(p.NewMemoryPlayer(within(t), pcm, MemoryPlayerOptions{Loop: true}))(t)
	rec := must(p.NewMemoryCapture(within(t), 160000, MemoryCaptureOptions{}))(t)
	short := must(p.NewMemoryCapture(within(t), 4000, MemoryCaptureOptions{}))(t)
	must(p.KeepConnected(within(t), player, rec, ConnectOptions{}))(t)
	must(p.KeepConnected(within(t), player, short, ConnectOptions{}))(t)
	await(p, func(ev MemoryFilled) bool { return ev.Capture == short.ID() })
	check(t, rec.Close(within(t)))
	got := must(rec.Samples(within(t)))(t)
	if len(got) < 4000 || len(got) == 160000 {
		t.Fatalf("%d samples", len(got))
	}
	start := slices.IndexFunc(got, func(s int16) bool { return s != 0 })
	phase := slices.Index(pcm, got[start])
	for i := range got[start:] {
		if got[start+i] != pcm[(phase+i)%len(pcm)] {
			t.Fatalf("sample %d of %d is another", i, len(got))
		}
	}
}

func TestMemoryRefusals(t *testing.T) {
	p := newPhone(t, Config{})
	_, none := p.NewMemoryPlayer(within(t), nil, MemoryPlayerOptions{})
	_, rate := p.NewMemoryPlayer(within(t), noise(10), MemoryPlayerOptions{Rate: 11025})
	_, size := p.NewMemoryCapture(within(t), -1, MemoryCaptureOptions{})
	_, huge := p.NewMemoryCapture(within(t), 1<<40, MemoryCaptureOptions{})
	for what, err := range map[string]error{"no samples": none, "rate": rate, "size": size, "huge": huge} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	// One that is open goes with the endpoint.
	rec := must(p.NewMemoryCapture(within(t), 1600, MemoryCaptureOptions{Rate: 48000}))(t)
	check(t, p.Close())
	assertIs(t, rec.Close(within(t)), ErrClosed)
}
