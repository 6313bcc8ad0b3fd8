//go:build cgo

package pjsua

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// hear records what port gives for d and some ticks. A recorder writes nothing of what
// is no audio: a player that pauses or is at its end.
func (p *phone) hear(port PortID, d time.Duration) []int16 {
	p.t.Helper()
	return p.hearAll(d, port)[0]
}

// hearAll is hear for several ports at the same time.
func (p *phone) hearAll(d time.Duration, ports ...PortID) [][]int16 {
	p.t.Helper()
	var recs []*Recorder
	for i, port := range ports {
		rec := must(p.NewRecorder(within(p.t), filepath.Join(p.t.TempDir(), fmt.Sprint(i, ".wav")), RecorderOptions{}))(p.t)
		check(p.t, p.Connect(within(p.t), port, rec.Port(), ConnectOptions{}))
		recs = append(recs, rec)
	}
	p.pass(d + 300*time.Millisecond)
	var heard [][]int16
	for _, rec := range recs {
		check(p.t, rec.Close(within(p.t)))
		heard = append(heard, must(wav.Read(rec.path))(p.t).Samples)
	}
	return heard
}

// wavFile makes a WAV file of any format that holds mono samples in all its channels.
func wavFile(t testing.TB, code uint16, bits, rate, channels int, mono []int16) []byte {
	t.Helper()
	le := binary.LittleEndian
	var data []byte
	for _, s := range mono {
		for range channels {
			switch {
			case code == 7:
				data = append(data, compandMuLaw(s))
			case code == 3:
				data = le.AppendUint32(data, math.Float32bits(float32(s)/32768))
			case bits == 8:
				data = append(data, byte(int(s)>>8+128))
			case bits == 16:
				data = le.AppendUint16(data, uint16(s))
			case bits == 24:
				data = append(data, 0x55, byte(s), byte(s>>8))
			case bits == 32:
				data = le.AppendUint32(data, uint32(s)<<16)
			default:
				t.Fatalf("format %d of %d bits", code, bits)
			}
		}
	}
	align := channels * bits / 8
	b := le.AppendUint32([]byte("RIFF"), uint32(36+len(data)))
	b = le.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = le.AppendUint16(le.AppendUint16(b, code), uint16(channels))
	b = le.AppendUint32(le.AppendUint32(b, uint32(rate)), uint32(rate*align))
	b = le.AppendUint16(le.AppendUint16(b, uint16(align)), uint16(bits))
	b = le.AppendUint32(append(b, "data"...), uint32(len(data)))
	return append(b, data...)
}

// compandMuLaw is ITU-T G.711's encoder.
func compandMuLaw(s int16) byte {
	v, sign := int(s), byte(0)
	if v < 0 {
		v, sign = -v, 0x80
	}
	v = min(v, 32635) + 132
	exp := 0
	for v>>(exp+8) > 0 {
		exp++
	}
	return ^(sign | byte(exp<<4) | byte(v>>(exp+3)&15))
}

// Every format and rate sounds as it should, from a file and from a reader.
func TestPlayerFormats(t *testing.T) {
	p := newPhone(t, Config{})
	type format struct {
		code                 uint16
		bits, rate, channels int
		inMemory             bool
		snr                  float64
	}
	formats := []format{
		{1, 16, 16000, 1, false, 70}, {1, 16, 44100, 2, false, 60}, {7, 8, 8000, 1, false, 30},
		{7, 8, 8000, 2, false, 30}, {1, 16, 11025, 1, true, 60}, {1, 8, 8000, 1, true, 35},
		{1, 24, 48000, 2, true, 60}, {1, 32, 22050, 1, true, 60}, {3, 32, 48000, 1, true, 60},
		{1, 16, 11025, 2, true, 60}, {1, 16, 48000, 4, true, 60}, {7, 8, 11025, 1, true, 30},
	}
	var ports []PortID
	for i, f := range formats {
		file := wavFile(t, f.code, f.bits, f.rate, f.channels, dsp.GenerateTone(f.rate, 1500*time.Millisecond, -12, 440))
		path := filepath.Join(t.TempDir(), fmt.Sprint(i, "-play.wav"))
		check(t, os.WriteFile(path, file, 0o600))
		player := must(p.NewPlayer(within(t), path, PlayerOptions{}))(t)
		info := player.Info()
		if got := info.Files[0]; info.InMemory != f.inMemory || got.Rate != f.rate || got.Channels != f.channels || got.Bits != f.bits {
			t.Errorf("%+v: %+v", f, info)
		}
		if d := info.Duration - 1500*time.Millisecond; d.Abs() > time.Millisecond {
			t.Errorf("%+v: duration %v", f, info.Duration)
		}
		reader := must(p.NewPlayerFrom(within(t), bytes.NewReader(file), PlayerOptions{}))(t)
		if !reader.Info().InMemory {
			t.Errorf("%+v", reader.Info())
		}
		ports = append(ports, player.Port(), reader.Port())
	}
	for i, samples := range p.hearAll(time.Second, ports...) {
		f := formats[i/2]
		if len(samples) < 16000 {
			t.Errorf("%+v: %d samples", f, len(samples))
			continue
		}
		got := dsp.MeasureTone(samples[1600:14400], 16000)
		if math.Abs(got.Hz-440) > 0.2 || math.Abs(got.Level+12) > 0.2 || got.SNR < f.snr {
			t.Errorf("%+v: %+v", f, got)
		}
	}
}

// Samples arrive bit for bit: once, in a loop without a gap, and a playlist.
func TestPlayersAreExact(t *testing.T) {
	p := newPhone(t, Config{})
	a, b := noise(5000), noise(3333) // no whole number of ticks
	file := func(samples []int16) string {
		path := filepath.Join(t.TempDir(), "noise.wav")
		check(t, wav.Write(path, 16000, 1, samples))
		return path
	}
	reader := func(samples []int16) *bytes.Reader {
		return bytes.NewReader(must(wav.Encode(16000, 1, samples))(t))
	}
	players := []*Player{
		must(p.NewPlayer(within(t), file(a), PlayerOptions{}))(t),
		must(p.NewPlayer(within(t), file(a), PlayerOptions{Loop: true}))(t),
		must(p.NewPlayerFrom(within(t), reader(a), PlayerOptions{}))(t),
		must(p.NewPlayerFrom(within(t), reader(b), PlayerOptions{Loop: true}))(t),
		must(p.NewPlaylist(within(t), []string{file(a), file(b), file(a)}, PlayerOptions{}))(t),
		must(p.NewPlaylist(within(t), []string{file(b), file(a)}, PlayerOptions{Loop: true}))(t),
	}
	want := [][]int16{a, slices.Concat(a, a, a), a, slices.Concat(b, b, b), slices.Concat(a, b, a), slices.Concat(b, a, b)}
	once := map[PlayerID]bool{}
	var ports []PortID
	for i, player := range players {
		ports = append(ports, player.Port())
		if i%2 == 0 {
			once[player.ID()] = true
		}
	}
	for i, heard := range p.hearAll(1200*time.Millisecond, ports...) {
		at := find(heard, want[i])
		if at < 0 {
			t.Errorf("player %d: its samples did not arrive", i)
			continue
		}
		if rest := heard[at+len(want[i]):]; once[players[i].ID()] && (len(rest) >= 320 || slices.ContainsFunc(rest, func(s int16) bool { return s != 0 })) {
			t.Errorf("player %d: %d samples after the end", i, len(rest))
		}
	}
	for i, player := range players {
		pos := must(player.Position(within(t)))(t)
		if once[player.ID()] && pos != player.Info().Duration || !once[player.ID()] && pos >= player.Info().Duration {
			t.Errorf("player %d is at %v of %v", i, pos, player.Info().Duration)
		}
		check(t, player.Close(within(t)))
	}
	for range len(once) {
		ev := await(p, func(PlayerFinished) bool { return true })
		if !once[ev.Player] {
			t.Errorf("%+v, once more or of one that loops", ev)
		}
		delete(once, ev.Player)
	}
}

// Pausing, going on, seeking and playing again, for both kinds of players.
func TestPlayerSeekAndPause(t *testing.T) {
	p := newPhone(t, Config{})
	samples := noise(32000)
	data := must(wav.Encode(16000, 1, samples))(t)
	path := filepath.Join(t.TempDir(), "noise.wav")
	check(t, os.WriteFile(path, data, 0o600))
	for name, player := range map[string]*Player{
		"file":   must(p.NewPlayer(within(t), path, PlayerOptions{Paused: true}))(t),
		"memory": must(p.NewPlayerFrom(within(t), bytes.NewReader(data), PlayerOptions{Paused: true}))(t),
	} {
		t.Run(name, func(t *testing.T) {
			if heard := p.hear(player.Port(), 100*time.Millisecond); len(heard) != 0 {
				t.Error("a paused player is heard")
			}
			if pos := must(player.Position(within(t)))(t); pos != 0 {
				t.Errorf("position %v", pos)
			}
			// 0.5 s and one sample
			check(t, player.SetPosition(within(t), 500*time.Millisecond+62500*time.Nanosecond))
			check(t, player.Resume(within(t)))
			heard := p.hear(player.Port(), 200*time.Millisecond)
			check(t, player.Pause(within(t)))
			n := len(heard) - len(heard)%320
			if at := find(samples, heard[:n]); at != 8001 {
				t.Errorf("after seeking the player is at %d", at)
			}
			// The last tick may not have been recorded any more, when closing raced it.
			pos := int(math.Round(must(player.Position(within(t)))(t).Seconds() * 16000))
			if pos < 8001+n || pos > 8001+n+3*320 {
				t.Errorf("position %d after %d samples from 8001", pos, n)
			}
			check(t, player.Resume(within(t)))
			rest := p.hear(player.Port(), 1200*time.Millisecond)
			if at := find(rest, samples[pos+320:]); at < 0 || at > 640 {
				t.Errorf("it went on at %d", at)
			}
			finished := func(ev PlayerFinished) bool { return ev.Player == player.ID() }
			await(p, finished)
			check(t, player.SetPosition(within(t), player.Info().Duration-100*time.Millisecond))
			if again := p.hear(player.Port(), 200*time.Millisecond); find(again, samples[30400:]) < 0 {
				t.Error("the end is not heard again")
			}
			await(p, finished)
			for _, pos := range []time.Duration{-1 * time.Millisecond, 2 * time.Second, time.Hour} {
				if err := player.SetPosition(within(t), pos); err == nil || !strings.Contains(err.Error(), "outside") {
					t.Errorf("position %v: error %v", pos, err)
				}
			}
			check(t, player.Close(within(t)))
			for _, err := range []error{
				player.Close(within(t)), player.Pause(within(t)), player.Resume(within(t)),
				player.SetPosition(within(t), 0), second(player.Position(within(t))),
			} {
				assertIs(t, err, ErrPlayerGone)
			}
		})
	}
}

// What cannot be played is refused at once, with words that help.
func TestPlayerRefusals(t *testing.T) {
	p := newPhone(t, Config{})
	file := func(name, data string) string {
		path := filepath.Join(t.TempDir(), name)
		check(t, os.WriteFile(path, []byte(data), 0o600))
		return path
	}
	empty := string(must(wav.Encode(8000, 1, nil))(t))
	adpcm := string(wavFile(t, 1, 16, 8000, 1, make([]int16, 400)))
	adpcm = adpcm[:20] + "\x11\x00" + adpcm[22:]
	for path, want := range map[string]string{
		file("a.mp3", "ID3\x04 and so on, for some bytes"): "it is an MP3 file; only WAV is supported",
		file("b.wav", "OggS\x00\x02 and so on"):            "it is an Ogg file; only WAV is supported",
		file("c.wav", empty):                               "there is no audio in it",
		file("d.wav", adpcm):                               "IMA ADPCM) is not supported (PCM of 8, 16, 24",
		filepath.Join(t.TempDir(), "none.wav"):             "no such file",
	} {
		if _, err := p.NewPlayer(within(t), path, PlayerOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
		if _, err := p.NewPlaylist(within(t), []string{path}, PlayerOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a list of %s: error %v, want %q", path, err, want)
		}
	}
	if _, err := p.NewPlayerFrom(within(t), strings.NewReader("fLaC..."), PlayerOptions{}); err == nil || !strings.Contains(err.Error(), "a FLAC file") {
		t.Errorf("error %v", err)
	}
	if _, err := p.NewPlaylist(within(t), nil, PlayerOptions{}); err == nil {
		t.Error("a list of no files was played")
	}
	if ports := must(p.Ports(within(t)))(t); len(ports) != 1 {
		t.Errorf("ports left in the bridge: %v", ports)
	}
}
