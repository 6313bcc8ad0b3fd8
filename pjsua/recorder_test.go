//go:build cgo && unix

package pjsua

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// tonePlayer plays a tone from memory, again and again.
func (p *phone) tonePlayer(hz float64) *Player {
	p.t.Helper()
	file := must(wav.Encode(16000, 1, dsp.GenerateTone(16000, time.Second, -12, hz)))(p.t)
	return must(p.NewPlayerFrom(within(p.t), bytes.NewReader(file), PlayerOptions{Loop: true}))(p.t)
}

// requireTone fails the test unless samples are mostly a tone of hz at -12 dBov.
func requireTone(t testing.TB, what string, samples []int16, rate int, hz float64) {
	t.Helper()
	got := dsp.ClearestTone(samples, rate, 500*time.Millisecond)
	if math.Abs(got.Hz-hz) > 0.5 || math.Abs(got.Level+12) > 0.3 {
		t.Errorf("%s: %+v, want %g Hz at -12 dBov", what, got, hz)
	}
}

func TestRecorderFormats(t *testing.T) {
	p := newPhone(t, Config{})
	dir := t.TempDir()
	left, right := p.tonePlayer(440), p.tonePlayer(1000)
	for name, tc := range map[string]struct {
		opts     RecorderOptions
		format   wav.Format
		channels int
	}{
		"pcm.wav":    {RecorderOptions{}, wav.PCM, 1},
		"alaw.wav":   {RecorderOptions{Format: RecordALaw}, wav.ALaw, 1},
		"mulaw.wav":  {RecorderOptions{Format: RecordMuLaw}, wav.MuLaw, 1},
		"stereo.wav": {RecorderOptions{Stereo: true}, wav.PCM, 2},
	} {
		path := filepath.Join(dir, name)
		rec := must(p.NewRecorder(within(t), path, tc.opts))(t)
		check(t, p.Connect(within(t), left.Port(), rec.Port(), ConnectOptions{}))
		if tc.channels == 2 {
			check(t, p.Connect(within(t), right.Port(), rec.RightPort(), ConnectOptions{}))
		} else if rec.RightPort() != NoPort {
			t.Errorf("%s: right port %d", name, rec.RightPort())
		}
		p.pass(1300 * time.Millisecond)
		check(t, rec.Close(within(t)))
		audio := must(wav.Read(path))(t)
		i := audio.Info
		if i.Format != tc.format || i.Channels != tc.channels || i.Rate != 16000 || i.Unfinished || i.Duration() < time.Second {
			t.Errorf("%s: %+v", name, i)
			continue
		}
		a := dsp.Audio{Rate: i.Rate, Channels: i.Channels, Samples: audio.Samples}
		requireTone(t, name, a.Channel(0), 16000, 440)
		if tc.channels == 2 {
			requireTone(t, name+" on the right", a.Channel(1), 16000, 1000)
		}
		for _, err := range []error{rec.Close(within(t)), rec.Pause(within(t)), rec.Resume(within(t))} {
			assertIs(t, err, ErrRecorderGone)
		}
	}
	check(t, left.Close(within(t)))
	check(t, right.Close(within(t)))
}

// Both sides of a stereo file have the same tick of the bridge at the same place.
func TestStereoIsAligned(t *testing.T) {
	p := newPhone(t, Config{})
	path := filepath.Join(t.TempDir(), "stereo.wav")
	file := must(wav.Encode(16000, 1, noise(16000)))(t)
	source := must(p.NewPlayerFrom(within(t), bytes.NewReader(file), PlayerOptions{}))(t)
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{Stereo: true, Paused: true}))(t)
	// Neither side is there before it is connected; the other one is there alone.
	check(t, p.Connect(within(t), source.Port(), rec.Port(), ConnectOptions{}))
	check(t, rec.Resume(within(t)))
	p.pass(200 * time.Millisecond)
	check(t, p.Connect(within(t), source.Port(), rec.RightPort(), ConnectOptions{}))
	p.pass(200 * time.Millisecond)
	check(t, rec.Pause(within(t)))
	p.pass(200 * time.Millisecond)
	check(t, rec.Resume(within(t)))
	await(p, func(PlayerFinished) bool { return true })
	check(t, rec.Close(within(t)))
	info := must(wav.Read(path))(t)
	a := dsp.Audio{Rate: 16000, Channels: 2, Samples: info.Samples}
	left, right := a.Channel(0), a.Channel(1)
	sounds := func(s int16) bool { return s != 0 }
	l, r := slices.IndexFunc(left, sounds), slices.IndexFunc(right, sounds)
	if l < 0 || r < l+2000 {
		t.Fatalf("the left side begins at %d, the right one at %d", l, r)
	}
	if !slices.Equal(left[r:], right[r:]) {
		t.Error("the sides differ")
	}
	if n := len(left) - l; n < 11000 || n > 14500 {
		t.Errorf("%d samples of a second are there, of which 200 ms were left out", n)
	}
}

// What was recorded can be written no more: an event and an error of Close, for each kind.
func TestRecorderPastTheFileSizeLimit(t *testing.T) {
	p := newPhone(t, Config{})
	source := p.tonePlayer(440)
	dir := t.TempDir()
	recs := map[RecorderID]*Recorder{}
	for name, opts := range map[string]RecorderOptions{
		"a.wav": {}, "b.wav": {Stereo: true}, "c.opus": {Bitrate: 510000},
	} {
		rec := must(p.NewRecorder(within(t), filepath.Join(dir, name), opts))(t)
		check(t, p.Connect(within(t), source.Port(), rec.Port(), ConnectOptions{}))
		recs[rec.ID()] = rec
	}
	limitFiles(t, 60_000)
	failed := map[string]bool{}
	for range recs {
		ev := await(p, func(RecorderFailed) bool { return true })
		if rec := recs[ev.Recorder]; rec == nil || ev.Path != rec.path || !strings.Contains(ev.Reason, "File too large") {
			t.Errorf("%+v", ev)
		}
		failed[ev.Path] = true
	}
	for _, rec := range recs {
		if err := rec.Close(within(t)); err == nil || !strings.Contains(err.Error(), "incomplete") {
			t.Errorf("%s: Close: %v", rec.path, err)
		}
	}
	if len(failed) != len(recs) {
		t.Errorf("failed: %v", failed)
	}
	if i := must(wav.ReadInfo(filepath.Join(dir, "b.wav")))(t); i.Frames < 10_000 {
		t.Errorf("of the stereo file there is %+v", i)
	}
}

func TestRecorderOptions(t *testing.T) {
	p := newPhone(t, Config{})
	dir := t.TempDir()
	for want, tc := range map[string]struct {
		name string
		opts RecorderOptions
	}{
		"must end in .wav, .opus":     {"a.mp3", RecorderOptions{}},
		"must end in .wav":            {"a.opus", RecorderOptions{Format: RecordWAV}},
		"mulaw is mono only":          {"a.wav", RecorderOptions{Format: RecordMuLaw, Stereo: true}},
		"only Opus has one":           {"a.wav", RecorderOptions{Bitrate: 10000}},
		"bitrate 5000":                {"a.opus", RecorderOptions{Bitrate: 5000}},
		"unknown format RecordFormat": {"a.wav", RecorderOptions{Format: 9}},
		"there is no folder":          {"none/a.opus", RecorderOptions{}},
		"is a directory":              {"sub.opus", RecorderOptions{}},
	} {
		if strings.HasPrefix(tc.name, "sub") {
			check(t, os.Mkdir(filepath.Join(dir, tc.name), 0o700))
		}
		if _, err := p.NewRecorder(within(t), filepath.Join(dir, tc.name), tc.opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", tc, err, want)
		}
	}
	if ports := must(p.Ports(within(t)))(t); len(ports) != 1 {
		t.Errorf("ports left in the bridge: %v", ports)
	}
}

// opusDuration reads an Ogg file to its end and returns how long its Opus plays, and
// whether the end is marked.
func opusDuration(t testing.TB, path string) (d time.Duration, channels uint8, ended bool) {
	t.Helper()
	data := must(os.ReadFile(path))(t)
	r, head, err := oggreader.NewWith(bytes.NewReader(data))
	check(t, err)
	var granule uint64
	for {
		_, page, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		check(t, err)
		granule = page.GranulePosition
	}
	last := bytes.LastIndex(data, []byte("OggS"))
	return time.Duration(granule-uint64(head.PreSkip)) * time.Second / 48000, head.Channels, data[last+5]&4 != 0
}

func TestOpusFile(t *testing.T) {
	p := newPhone(t, Config{})
	path := filepath.Join(t.TempDir(), "a.opus")
	rec := must(p.NewRecorder(within(t), path, RecorderOptions{Stereo: true}))(t)
	p.pass(time.Second)
	check(t, rec.Close(within(t)))
	if d, channels, ended := opusDuration(t, path); d < 900*time.Millisecond || channels != 2 || !ended {
		t.Errorf("%v, %d channels, ended %v", d, channels, ended)
	}
}

const (
	killedDir           = "OFFHOOK_TEST_KILLED_DIR"
	recordedUntilKilled = 4 * time.Second
)

// TestRecordUntilKilled does nothing but in the process that TestKilledRecordings kills.
func TestRecordUntilKilled(t *testing.T) {
	dir := os.Getenv(killedDir)
	if dir == "" {
		return
	}
	p := newPhone(t, Config{})
	source := p.tonePlayer(440)
	for name, opts := range map[string]RecorderOptions{
		"pcm.wav": {}, "mulaw.wav": {Format: RecordMuLaw}, "stereo.wav": {Stereo: true}, "mono.opus": {},
	} {
		rec := must(p.NewRecorder(within(t), filepath.Join(dir, name), opts))(t)
		check(t, p.Connect(within(t), source.Port(), rec.Port(), ConnectOptions{}))
	}
	p.pass(recordedUntilKilled)
	os.Stdout.WriteString("recorded\n")
	select {}
}

// What was recorded when the process is killed plays, all but the last second.
func TestKilledRecordings(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRecordUntilKilled$")
	cmd.Env = append(os.Environ(), killedDir+"="+dir)
	out := must(cmd.StdoutPipe())(t)
	check(t, cmd.Start())
	recorded := false
	for lines := bufio.NewScanner(out); !recorded && lines.Scan(); {
		recorded = lines.Text() == "recorded"
	}
	check(t, cmd.Process.Kill())
	if err := cmd.Wait(); !recorded || cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the process that records: %v, has recorded: %v", err, recorded)
	}
	// Every second the header is written, or a page of Opus; that takes a while, too.
	const least = recordedUntilKilled - 2*time.Second
	for _, name := range []string{"pcm.wav", "mulaw.wav", "stereo.wav"} {
		audio := must(wav.Read(filepath.Join(dir, name)))(t)
		if i := audio.Info; i.Unfinished || i.Duration() < least {
			t.Errorf("%s: %+v", name, i)
		}
		a := dsp.Audio{Rate: 16000, Channels: audio.Info.Channels, Samples: audio.Samples}
		requireTone(t, name, a.Channel(0), 16000, 440)
	}
	if d, _, _ := opusDuration(t, filepath.Join(dir, "mono.opus")); d < least {
		t.Errorf("mono.opus: %v", d)
	}
}
