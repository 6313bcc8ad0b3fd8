//go:build cgo

package pjsua

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// stereoPhone has a bridge with two channels.
func stereoPhone(t *testing.T) *phone {
	return newPhone(t, Config{Media: MediaConfig{ClockRate: 16000, Channels: 2}})
}

// sides takes stereo samples apart.
func sides(stereo []int16) (left, right []int16) {
	for i := 0; i+1 < len(stereo); i += 2 {
		left, right = append(left, stereo[i]), append(right, stereo[i+1])
	}
	return left, right
}

// What two channels hear, the splitcomb says on its two sides.
func TestSplitCombCombines(t *testing.T) {
	p := stereoPhone(t)
	s := must(p.NewSplitComb(within(t), SplitCombOptions{}))(t)
	must(p.KeepConnected(within(t), p.tonePlayer(440), s.Channel(0), ConnectOptions{}))(t)
	must(p.KeepConnected(within(t), p.tonePlayer(1000), s.Channel(1), ConnectOptions{}))(t)
	p.pass(500 * time.Millisecond) // its buffers settle

	path := filepath.Join(t.TempDir(), "stereo.wav")
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{}))(t)
	must(p.KeepConnected(within(t), s, rec, ConnectOptions{}))(t)
	p.pass(1500 * time.Millisecond)
	check(t, rec.Close(within(t)))
	got := must(wav.Read(path))(t)
	if got.Info.Channels != 2 || got.Info.Rate != 16000 || len(got.Samples) < 32000 {
		t.Fatalf("%d channels at %d Hz, %d frames", got.Info.Channels, got.Info.Rate, len(got.Samples)/2)
	}
	left, right := sides(got.Samples)
	requireAlone(t, "left", left, 440)
	requireAlone(t, "right", right, 1000)
	check(t, s.Close(within(t)))
}

// What the splitcomb hears on its two sides, two channels say.
func TestSplitCombSplits(t *testing.T) {
	p := stereoPhone(t)
	s := must(p.NewSplitComb(within(t), SplitCombOptions{}))(t)
	left, right := dsp.GenerateTone(16000, time.Second, -12, 700), dsp.GenerateTone(16000, time.Second, -12, 1200)
	var both []int16
	for i := range left {
		both = append(both, left[i], right[i])
	}
	// In a file, which PJSIP's player gives a stereo bridge as it is.
	path := filepath.Join(t.TempDir(), "stereo.wav")
	check(t, os.WriteFile(path, must(wav.Encode(16000, 2, both))(t), 0o600))
	player := must(p.NewPlayer(within(t), path, PlayerOptions{Loop: true}))(t)
	must(p.KeepConnected(within(t), player, s, ConnectOptions{}))(t)
	for n, hz := range []float64{700, 1200} {
		a := must(p.NewAudio(within(t), 16000, AudioOptions{WriteBuffer: -1}))(t)
		must(p.KeepConnected(within(t), s.Channel(n), a, ConnectOptions{}))(t)
		requireAlone(t, fmt.Sprint("channel ", n), listen(t, a, 2*16000), hz)
		check(t, a.Close())
	}
}

// requireAlone fails the test unless a tone of hz at -12 dBov is all that there is.
func requireAlone(t *testing.T, what string, samples []int16, hz float64) {
	t.Helper()
	requireTone(t, what, samples, 16000, hz)
	if snr := dsp.ClearestTone(samples, 16000, 500*time.Millisecond).SNR; snr < 40 {
		t.Errorf("%s: %.1f dB over the rest", what, snr)
	}
}

// With a plain FIFO the samples are what they were, on both sides alike.
func TestSplitCombFIFO(t *testing.T) {
	p := stereoPhone(t)
	s := must(p.NewSplitComb(within(t), SplitCombOptions{SimpleFIFO: true, BufferTicks: 4}))(t)
	path := filepath.Join(t.TempDir(), "stereo.wav")
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{}))(t)
	must(p.KeepConnected(within(t), s, rec, ConnectOptions{}))(t)
	pcm := noise(8000)
	for n := range 2 {
		player := must(p.NewMemoryPlayer(within(t), pcm, MemoryPlayerOptions{Loop: true}))(t)
		must(p.KeepConnected(within(t), player, s.Channel(n), ConnectOptions{}))(t)
	}
	p.pass(2 * time.Second)
	check(t, rec.Close(within(t)))
	left, right := sides(must(wav.Read(path))(t).Samples)
	for name, side := range map[string][]int16{"left": left, "right": right} {
		if find(side, pcm) < 0 {
			t.Errorf("%s: half a second of what was played is not among %d samples", name, len(side))
		}
	}
}

func TestSplitCombHandles(t *testing.T) {
	mono := newPhone(t, Config{})
	if _, err := mono.NewSplitComb(within(t), SplitCombOptions{}); err == nil || !strings.Contains(err.Error(), "Channels must be 2") {
		t.Errorf("in a mono bridge: %v", err)
	}
	check(t, mono.Close())

	p := stereoPhone(t)
	for what, opts := range map[string]SplitCombOptions{"ticks": {BufferTicks: 256}, "below 0": {BufferTicks: -1}} {
		if _, err := p.NewSplitComb(within(t), opts); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	player := p.tonePlayer(440)
	var old []*SplitComb
	for i := range 20 { // the bridge's slots are used again
		s := must(p.NewSplitComb(within(t), SplitCombOptions{}))(t)
		if s.ID() == 0 || s.Port() == s.Channel(0).Port() || s.Channel(0).Port() == s.Channel(1).Port() {
			t.Fatalf("ports %d, %d, %d", s.Port(), s.Channel(0).Port(), s.Channel(1).Port())
		}
		_, none := p.KeepConnected(within(t), player, s.Channel(2), ConnectOptions{})
		assertIs(t, none, ErrPortGone)
		must(p.KeepConnected(within(t), player, s.Channel(i%2), ConnectOptions{}))(t)
		for _, s := range old {
			assertIs(t, s.Close(within(t)), ErrSplitCombGone)
			for _, node := range []Node{s, s.Channel(0), s.Channel(1)} {
				_, err := p.KeepConnected(within(t), node, player, ConnectOptions{})
				assertIs(t, err, ErrPortGone)
			}
		}
		check(t, s.Close(within(t)))
		old = append(old, s)
	}
	p.portsLeft(2)
	// One that is open goes with the endpoint.
	s := must(p.NewSplitComb(within(t), SplitCombOptions{}))(t)
	check(t, p.Close())
	assertIs(t, s.Close(within(t)), ErrClosed)
}
