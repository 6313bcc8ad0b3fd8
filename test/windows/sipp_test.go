//go:build integration && linux

package windows

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/test/peers"
)

// Several calls of SIPp's at a time are answered and recorded.
func TestSIPpCalls(t *testing.T) {
	win := startWindows(t, peers.StartWine(t), options{args: []string{"--auto-answer", "all", "--auto-recording", "--transport-0", ""}})
	const calls = 4
	for _, transport := range []string{"UDP"} {
		win.forget()
		addr := win.address[transport]
		uac := peers.StartUAC(t, peers.UAC{
			URI: "sip:x@" + addr, Addr: addr, TCP: transport == "TCP", Calls: calls, Rate: calls, Duration: 2 * time.Second, Tone: true,
		})
		if got := uac.Wait(deadline); got.Successful != calls || got.Failed != 0 {
			t.Errorf("%s: %+v", transport, got)
		}
		ended := 0
		win.await("the end of the recordings", func(e event) bool {
			if e.Type == "RecordingEnded" {
				ended++
			}
			return ended == calls
		})
	}
	for _, e := range win.of("RecordingEnded") {
		file := filepath.Join(win.recordings, e.Path[strings.LastIndex(e.Path, `\`)+1:])
		audio, err := dsp.ReadWAV(file)
		check(t, err)
		tone := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond)
		if want := peers.ToneLevel + dsp.FullScaleSine; math.Abs(tone.Hz-peers.ToneHz) > 1 || math.Abs(tone.Level-want) > 1 {
			t.Errorf("%s has %v, want %g Hz at %.1f dBov", file, tone, float64(peers.ToneHz), want)
		}
	}
	for _, e := range win.of("CallEnded") {
		if e.RX.Packets < 50 || e.RX.Lost != 0 {
			t.Errorf("%+v", e)
		}
	}
	win.stops()
}

// summary is the last line of offhook call --json.
type summary struct {
	Type    string
	Result  string
	Code    int
	Codec   string
	Record  string
	EndedBy string `json:"ended_by"`
	RX, TX  struct{ Packets, Lost int }
}

// The verb call makes a call, plays a file and records another one: what SIPp sends back is what it played.
func TestCallVerb(t *testing.T) {
	w := peers.StartWine(t)
	uas := peers.StartUAS(t, peers.UAS{Echo: true})
	dir := filepath.Join(t.TempDir(), "zvuky 音")
	check(t, os.Mkdir(dir, 0o700))
	play, record := filepath.Join(dir, "přehraj.wav"), filepath.Join(dir, "nahrej.wav")
	const rate = 16000
	check(t, dsp.WriteWAV(play, &dsp.Audio{Rate: rate, Channels: 1, Samples: dsp.GenerateTone(rate, 4*time.Second, level, 700)}))

	out, code := w.Run(exe, "call", "sip:x@"+uas.Addr, "--json", "--bind-address", peers.Loopback,
		"--play", w.Path(play), "--record", w.Path(record))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil || code != 0 {
		t.Fatalf("exit code %d, %v: %s", code, err, out)
	}
	if s.Type != "CallSummary" || s.Result != "answered" || s.Code != 200 || s.EndedBy != "local" || s.Record != w.Path(record) ||
		s.RX.Packets < 75 || s.TX.Packets < 75 || s.RX.Lost != 0 {
		t.Errorf("%+v", s)
	}
	audio, err := dsp.ReadWAV(record)
	check(t, err)
	if tone := dsp.ClearestTone(audio.Channel(0), audio.Rate, 500*time.Millisecond); !isTone(tone, 700) {
		t.Errorf("the verb call heard %v", tone)
	}
	if stats := uas.Stop(); stats.Successful != 1 {
		t.Errorf("%+v", stats)
	}

	// A refusal, and nobody who answers, have exit codes of their own.
	busy := peers.StartUAS(t, peers.UAS{Refuse: 486, Calls: 1})
	if out, code := w.Run(exe, "call", "sip:x@"+busy.Addr, "--bind-address", peers.Loopback); code != 2 {
		t.Errorf("refused: exit code %d: %s", code, out)
	}
	busy.Wait(deadline)
	silent := peers.StartUAS(t, peers.UAS{Provisional: []int{180}, Never: true, Calls: 1})
	if out, code := w.Run(exe, "call", "sip:x@"+silent.Addr, "--bind-address", peers.Loopback, "--timeout", "1s"); code != 3 {
		t.Errorf("not answered: exit code %d: %s", code, out)
	}
	silent.Wait(deadline)
}
