//go:build cgo

package engine

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// With opusStereo a call carries two channels from a file to a recording.
func TestLoopbackOpusStereo(t *testing.T) {
	prompt := filepath.Join(t.TempDir(), "prompt.wav")
	left := dsp.GenerateTone(16000, 20*time.Second, -20, 440)
	right := dsp.GenerateTone(16000, 20*time.Second, -10, 1000)
	both := make([]int16, 0, 2*len(left))
	for i := range left {
		both = append(both, left[i], right[i])
	}
	if err := dsp.WriteWAV(prompt, &dsp.Audio{Rate: 16000, Channels: 2, Samples: both}); err != nil {
		t.Fatal(err)
	}
	l := newLoop(t, func(cfg *config.Config) {
		s := &cfg.Settings
		s.OpusStereo, s.AudioCodecs = true, []string{"opus/48000/2"}
		s.AutoAnswer, s.PlayOnAnswer = config.AutoAnswerAll, prompt
	})
	p := l.up(DialRequest{})
	heard := l.hears(p.out, RecordOptions{})
	if heard.Channels != 2 {
		t.Fatalf("%v", heard)
	}
	for i, want := range []struct{ hz, level float64 }{{440, -20}, {1000, -10}} {
		if tone := dsp.ClearestTone(heard.Channel(i), heard.Rate, 200*time.Millisecond); math.Abs(tone.Hz-want.hz) > 5 || math.Abs(tone.Level-want.level) > 3 {
			t.Errorf("channel %d: %v, want %v Hz at %v dBFS", i, tone, want.hz, want.level)
		}
	}
	// What is put side by side is the far end and us, each of them in mono.
	sides := l.hears(p.out, RecordOptions{Stereo: true})
	if tone := dsp.ClearestTone(sides.Channel(0), sides.Rate, 200*time.Millisecond); math.Abs(tone.Hz-1000) > 5 {
		t.Errorf("the far end: %v", tone)
	}
	if err := p.out.Hangup(l.ctx, pjsua.SIPCode(0), ""); err != nil {
		t.Fatal(err)
	}
	ended := next(l.ctx, t, l.sub, func(e CallEnded) bool { return e.Call == p.out.ID() })
	if ended.Codec != "opus/48000" {
		t.Errorf("codec %s", ended.Codec)
	}
}
