//go:build integration && linux

package windows

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/api"
	"github.com/offhook-voip/offhook/engine/dsp"
)

// level is that of the tones that phones play in these tests, in dBov.
const level = -15.0

// say plays a tone of hz into a call until it ends, uploaded under a name that is not ASCII.
func (p *phone) say(call api.CallID, hz float64) {
	p.t.Helper()
	name := fmt.Sprintf("tón %g.wav", hz)
	file := filepath.Join(p.t.TempDir(), "tone.wav")
	const rate = 16000
	check(p.t, dsp.WriteWAV(file, &dsp.Audio{Rate: rate, Channels: 1, Samples: dsp.GenerateTone(rate, time.Second, level, hz)}))
	b, err := os.ReadFile(file)
	check(p.t, err)
	_, err = p.AddPrompt(p.soon(), name, bytes.NewReader(b))
	check(p.t, err)
	_, err = p.Play(p.soon(), call, api.PlayRequest{Prompt: name, Loop: true})
	check(p.t, err)
}

// heard is what came in a call while listened listened.
type heard struct {
	p    *phone
	call api.CallID
	name string
	want uint64 // packets received by then
}

// listens begins to record what comes in a call, of which a second and a half is to come.
func (p *phone) listens(call api.CallID) *heard {
	p.t.Helper()
	file, err := p.Record(p.soon(), call, api.RecordRequest{Name: fmt.Sprintf("hovor č. %d-%d.wav", call, len(p.of("RecordingStarted"))), OneSided: true})
	check(p.t, err)
	const packets = 75 // of 20 ms
	return &heard{p, call, file.Name, p.received(call) + packets}
}

// received is how many packets of RTP came so far.
func (p *phone) received(call api.CallID) uint64 {
	p.t.Helper()
	stats, err := p.CallStats(p.soon(), call)
	check(p.t, err)
	return stats.RX.Packets
}

// tone waits for the packets and returns the clearest half second of the recording: a busy machine leaves holes in it,
// which say nothing about frequency and level.
func (h *heard) tone() dsp.Tone {
	t := h.p.t
	t.Helper()
	limit := time.Now().Add(deadline)
	for got := h.p.received(h.call); got < h.want; got = h.p.received(h.call) {
		if time.Now().After(limit) {
			t.Fatalf("%s: %d packets came, want %d", h.p.name, got, h.want)
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, err := h.p.StopRecording(h.p.soon(), h.call)
	check(t, err)
	path := filepath.Join(h.p.recordings, h.name)
	audio, err := dsp.ReadWAV(path)
	check(t, err)
	if audio.Unfinished {
		t.Errorf("%s was not closed", path)
	}
	return dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond)
}

// isTone says whether a tone has hz within 1 Hz and the level within 1 dB.
func isTone(tone dsp.Tone, hz float64) bool {
	return math.Abs(tone.Hz-hz) <= 1 && math.Abs(tone.Level-level) <= 1
}

// requires fails the test unless a tone of hz came. On a machine that was too busy for its audio all through the recording,
// there are four more.
func (h *heard) requires(hz float64) {
	h.p.t.Helper()
	tone := h.tone()
	for more := 4; more > 0 && !isTone(tone, hz); more-- {
		h.p.t.Logf("%s heard %v", h.p.name, tone)
		tone = h.p.listens(h.call).tone()
	}
	if !isTone(tone, hz) {
		h.p.t.Errorf("%s heard %v, want %g Hz at %.1f dBov", h.p.name, tone, hz, level)
	}
}

// hearEachOther has both ends of a call play, and measures what each hears.
func hearEachOther(p *phone, ours api.CallID, q *phone, theirs api.CallID) {
	p.t.Helper()
	p.awaitMedia(ours, "ACTIVE")
	q.awaitMedia(theirs, "ACTIVE")
	p.say(ours, 440)
	q.say(theirs, 880)
	here, there := p.listens(ours), q.listens(theirs)
	here.requires(880)
	there.requires(440)
}

// requireAllPackets fails the test unless enough packets passed both ways, by both ends' final figures, and none was lost.
func requireAllPackets(t *testing.T, ends ...event) {
	t.Helper()
	for _, e := range ends {
		if e.RX.Packets < 75 || e.TX.Packets < 75 || e.RX.Lost != 0 || e.TX.Lost != 0 {
			t.Errorf("%+v", e)
		}
	}
}
