package engine

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func (r *rig) play(c *Call, loop bool) *Playback {
	r.t.Helper()
	p, err := c.Play(r.t.Context(), wavFile(r.t), loop)
	if err != nil {
		r.t.Fatal(err)
	}
	return p
}

func (r *rig) record(c *Call, opts RecordOptions) *Recording {
	r.t.Helper()
	rec, err := c.Record(r.t.Context(), filepath.Join(r.t.TempDir(), "r.wav"), opts)
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

func (r *rig) finish(p *Playback) {
	r.phone.send(pjsua.PlayerFinished{EventHeader: r.phone.head(), Player: p.id})
}

func TestPlay(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		once, loop := r.play(c, false), r.play(c, true)
		r.wiring("player>call", "player>call")
		r.journal(words("play"), "play "+once.Path()+" loop=false", "play "+loop.Path()+" loop=true")
		r.expect()
		r.finish(once)
		r.expect("PlaybackEnded finished")
		<-once.Done()
		r.wiring("player>call")
		if err := errors.Join(loop.Stop(t.Context()), loop.Stop(t.Context()), once.Stop(t.Context())); err != nil {
			t.Error(err)
		}
		events := r.expect("PlaybackEnded stopped")
		if e := events[0].(PlaybackEnded); e.Path != loop.Path() || e.Call != c.ID() || e.Account != 1 {
			t.Errorf("%+v", e)
		}
		r.wiring()
		if n := r.phone.open(); n != 0 {
			t.Errorf("%d players are open", n)
		}
		if len(r.e.players) != 0 {
			t.Error("players are remembered")
		}
	})
}

func TestPlayErrors(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		none := filepath.Join(t.TempDir(), "none.wav")
		if _, err := c.Play(t.Context(), none, false); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), none) {
			t.Errorf("a missing file: %v", err)
		}
		r.phone.onPlayer = func(string) error { return errors.New("not RIFF") }
		if _, err := c.Play(t.Context(), wavFile(t), false); err == nil || !strings.Contains(err.Error(), "not RIFF") {
			t.Errorf("a corrupt file: %v", err)
		}
		r.phone.onPlayer = nil
		r.phone.onConnect = func(l link) error { return errors.New("no such port") }
		if _, err := c.Play(t.Context(), wavFile(t), false); err == nil || !strings.Contains(err.Error(), "no such port") {
			t.Errorf("a link that fails: %v", err)
		}
		r.expect("PlaybackEnded failed")
		if n := r.phone.open(); n != 0 {
			t.Errorf("%d players are open", n)
		}
	})
}

func TestALinkIsTriedAgain(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		tries := 0
		r.phone.onConnect = func(link) error {
			if tries++; tries < linkTries {
				return pjsua.StatusInvalid
			}
			return nil
		}
		r.play(c, false)
		r.wiring("player>call")
	})
}

func TestALinkThatNeverWorksIsGivenUp(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		tries := 0
		r.phone.onConnect = func(link) error { tries++; return pjsua.StatusInvalid }
		c, _ := r.connected()
		time.Sleep(time.Minute) // of the bubble
		r.phone.state(c.ID(), pjsua.StateConfirmed, 200, "OK")
		r.events()
		if tries != linkTries {
			t.Errorf("%d tries", tries)
		}
		r.phone.onConnect = nil
		port := r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSendRecv)
		synctest.Wait()
		if !r.phone.linked(pjsua.SoundPort, port) {
			t.Error("a new port is not tried")
		}
	})
}

func TestPlayAndRecordWaitForAudio(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		path := wavFile(t)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Play(short, path, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Play without audio: %v", err)
		}
		if _, err := c.Record(short, "r.wav", RecordOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Record without audio: %v", err)
		}
		if n := len(r.phone.noted("play", "record")); n != 0 {
			t.Errorf("%d files were opened", n)
		}

		played, recorded := make(chan error, 1), make(chan error, 1)
		go func() { played <- second(c.Play(t.Context(), path, false)) }()
		go func() {
			recorded <- second(c.Record(t.Context(), filepath.Join(t.TempDir(), "r.wav"), RecordOptions{}))
		}()
		synctest.Wait()
		r.phone.state(c.ID(), pjsua.StateEarly, 183, "Session Progress")
		r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirRecv) // early media: they speak, we listen
		if err := <-recorded; err != nil {
			t.Errorf("Record: %v", err)
		}
		r.wiring("call>recorder")
		select {
		case err := <-played:
			t.Errorf("Play into a call that does not send: %v", err)
		default:
		}
		r.phone.confirm(c.ID())
		if err := <-played; err != nil {
			t.Errorf("Play: %v", err)
		}
		r.wiring("call>recorder", "player>call")

		// The call ends while a file waits for it.
		d := r.dial("1003")
		go func() { played <- second(d.Play(t.Context(), path, false)) }()
		synctest.Wait()
		r.phone.end(d.ID(), 486, "Busy Here")
		if err := <-played; !errors.Is(err, ErrCallEnded) {
			t.Errorf("Play into a call that is refused: %v", err)
		}
	})
}

func TestHangUpDuringPlayAndRecord(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		p, rec := r.play(c, true), r.record(c, RecordOptions{})
		r.events()
		time.Sleep(3 * time.Second) // of the bubble
		if err := c.Hangup(t.Context(), 0, ""); err != nil {
			t.Fatal(err)
		}
		events := r.expect("CallStateChanged DISCONNECTED", "CallEnded 0", "PlaybackEnded call_ended", "RecordingEnded")
		if e := events[3].(RecordingEnded); e.Path != rec.Path() || e.DurationMS != 3000 {
			t.Errorf("%+v", e)
		}
		<-p.Done()
		<-rec.Done()
		if err := rec.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if n := r.phone.open(); n != 0 {
			t.Errorf("%d files are open", n)
		}
		if len(r.e.records)+len(r.e.players)+len(r.e.paths) != 0 {
			t.Error("files are remembered")
		}
	})
}

func TestRecordMixed(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		plain, mixed := r.record(c, RecordOptions{}), r.record(c, RecordOptions{Mix: true})
		r.wiring("call>recorder", "call>recorder")
		p := r.play(c, true)
		r.wiring("call>recorder", "call>recorder", "player>call", "player>recorder")
		if r.phone.linked(p.port, plain.port) || !r.phone.linked(p.port, mixed.port) {
			t.Error("what we play goes into the wrong file")
		}
		events := r.expect("RecordingStarted", "RecordingStarted")
		if events[0].(RecordingStarted).Mix || !events[1].(RecordingStarted).Mix {
			t.Errorf("%+v", events)
		}
		if got := c.Info().Recordings; !slices.Equal(got, []string{plain.Path(), mixed.Path()}) {
			t.Errorf("recordings %q", got)
		}
	})
}

// A re-INVITE gives the call a new port in the bridge; the old one takes its links
// with it, and its number is soon another call's.
func TestANewPortIsLinkedAgain(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, old := r.connected()
		p, rec := r.play(c, true), r.record(c, RecordOptions{Mix: true})
		before := len(r.phone.noted("disconnect"))
		port := r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSendRecv)
		r.wiring("call>recorder", "player>call", "player>recorder")
		if port == old || !r.phone.linked(p.port, port) || !r.phone.linked(port, rec.port) || !r.phone.linked(pjsua.SoundPort, port) {
			t.Error("the new port is not linked")
		}
		if after := len(r.phone.noted("disconnect")); after != before {
			t.Errorf("links of a port that is gone were cut: %q", r.phone.noted("disconnect"))
		}

		// The same number, but the links are gone all the same.
		r.phone.mu.Lock()
		r.phone.dropLocked(port)
		r.phone.ports[port] = "call"
		r.phone.mu.Unlock()
		r.phone.says(c.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
		r.wiring("call>recorder", "player>call", "player>recorder")
		r.events()
		r.expect() // and nothing is said to have begun again
	})
}

func TestHoldCutsTheAudio(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AudioOutputDevice = "usb"
		f.devices = []pjsua.Device{{ID: 1, Name: "USB", Outputs: 1}}
	}, func(t *testing.T, r *rig) {
		c, port := r.connected()
		r.play(c, true)
		r.record(c, RecordOptions{})
		up := words("call>recorder", "call>sound", "player>call")
		r.wiring(up...)
		r.phone.says(c.ID(), port, pjsua.MediaLocalHold, pjsua.DirSend)
		r.wiring()
		if r.phone.linked(pjsua.SoundPort, port) {
			t.Error("who is on hold hears the microphone")
		}
		r.phone.says(c.ID(), port, pjsua.MediaActive, pjsua.DirSendRecv)
		r.wiring(up...)
		r.phone.says(c.ID(), port, pjsua.MediaRemoteHold, pjsua.DirRecv) // music on hold
		r.wiring("call>recorder", "call>sound")
		r.phone.says(c.ID(), pjsua.NoPort, pjsua.MediaNone, pjsua.DirNone)
		r.phone.media(c.ID(), pjsua.MediaActive, pjsua.DirSendRecv)
		r.wiring(up...)
	})
}

func TestRecordingErrors(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		rec := r.record(c, RecordOptions{})
		r.events()
		if _, err := c.Record(t.Context(), filepath.Join(filepath.Dir(rec.Path()), ".", "r.wav"), RecordOptions{}); err == nil || !strings.Contains(err.Error(), "another recording") {
			t.Errorf("two recordings to one file: %v", err)
		}
		r.expect("RecordingFailed")
		r.phone.onRecorder = func(string) error { return os.ErrPermission }
		if _, err := c.Record(t.Context(), "other.wav", RecordOptions{}); !errors.Is(err, os.ErrPermission) {
			t.Errorf("a file that cannot be made: %v", err)
		}
		if e := r.expect("RecordingFailed")[0].(RecordingFailed); e.Path != "other.wav" || e.Reason == "" || e.Call != c.ID() {
			t.Errorf("%+v", e)
		}

		// The disk is full.
		r.phone.send(pjsua.RecorderFailed{EventHeader: r.phone.head(), Recorder: rec.id, Path: rec.Path(), Status: 120028, Reason: "No space left on device"})
		events := r.expect("RecordingFailed", "RecordingEnded")
		if e := events[0].(RecordingFailed); !strings.Contains(e.Reason, "No space left") {
			t.Errorf("%+v", e)
		}
		<-rec.Done()
		if err := rec.Stop(t.Context()); !errors.Is(err, pjsua.Status(120028)) || !strings.Contains(err.Error(), rec.Path()) {
			t.Errorf("Stop: %v", err)
		}
		if info := c.Info(); info.State != StateConfirmed {
			t.Errorf("the call is %s", info.State)
		}

		// The file is short, which closing finds out.
		r.phone.onRecorder, r.phone.closeFile = nil, errors.New("file is short")
		rec, err := c.Record(t.Context(), rec.Path(), RecordOptions{})
		if err != nil {
			t.Fatalf("the path of an ended recording: %v", err)
		}
		r.events()
		if err := rec.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "short") {
			t.Errorf("Stop: %v", err)
		}
		r.expect("RecordingFailed", "RecordingEnded")
	})
}

// A recorder that is made while the call ends is closed again.
func TestACallThatEndsWhileAFileIsOpened(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		end := func(c *Call) func(string) error {
			return func(string) error {
				r.phone.end(c.ID(), 200, "")
				time.Sleep(time.Second) // of the bubble
				return nil
			}
		}
		c, _ := r.connected()
		r.phone.onRecorder = end(c)
		if _, err := c.Record(t.Context(), "r.wav", RecordOptions{}); !errors.Is(err, ErrCallEnded) {
			t.Errorf("Record: %v", err)
		}
		c, _ = r.connected()
		r.phone.onPlayer = end(c)
		if _, err := c.Play(t.Context(), wavFile(t), false); !errors.Is(err, ErrCallEnded) {
			t.Errorf("Play: %v", err)
		}
		if n := r.phone.open(); n != 0 || len(r.e.paths) != 0 {
			t.Errorf("%d files are open, %d remembered", n, len(r.e.paths))
		}
	})
}

func TestCancelWhileALinkIsMade(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		gate := make(chan struct{})
		r.phone.onConnect = func(link) error { <-gate; return nil }
		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 2)
		go func() { result <- second(c.Play(ctx, wavFile(t), false)) }()
		go func() { result <- second(c.Record(ctx, "r.wav", RecordOptions{})) }()
		synctest.Wait()
		cancel()
		for range 2 {
			if err := <-result; !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		close(gate)
		synctest.Wait()
		if n := r.phone.open(); n != 0 {
			t.Errorf("%d files are open", n)
		}
	})
}

func TestPlayOnAnswer(t *testing.T) {
	path := wavFile(t)
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.AutoAnswer, c.Settings.PlayOnAnswer = config.AutoAnswerAll, path
	}, func(t *testing.T, r *rig) {
		id := r.phone.ring(r.acc1, "sip:a@far")
		r.wiring("player>call")
		r.phone.media(id, pjsua.MediaActive, pjsua.DirSendRecv) // a re-INVITE does not start it again
		r.journal(words("play"), "play "+path+" loop=false")
		r.connected() // nor does a call of ours
		r.journal(words("play"), "play "+path+" loop=false")

		r.events()
		r.phone.onPlayer = func(string) error { return errors.New("not RIFF") }
		id = r.phone.ring(r.acc1, "sip:b@far")
		events := r.events()
		if e, ok := events[len(events)-1].(PlaybackEnded); !ok || e.Reason != "failed" || e.Call != id || e.Path != path {
			t.Errorf("last event %+v", events[len(events)-1])
		}
	})
}

func TestAutoRecordingInOpus(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.AutoRecording, c.Settings.RecordingPath = true, t.TempDir()
		c.Settings.RecordingFormat = config.RecordingOpus
	}, func(t *testing.T, r *rig) {
		r.connected()
		synctest.Wait()
		for _, path := range r.e.Calls()[0].Recordings {
			if filepath.Ext(path) != ".opus" {
				t.Errorf("recording %s", path)
			}
		}
		r.wiring("call>recorder")
	})
}

func TestAutoRecording(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "to", "be made")
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.AutoRecording, c.Settings.RecordingPath = true, dir
		c.Accounts[0].Label = "Sales: a/b"
	}, func(t *testing.T, r *rig) {
		for range 2 {
			r.connected()
		}
		id := r.phone.ring(r.acc1, `"x" <sip:+49.30@far>`)
		r.events()
		c, _ := r.e.Call(id)
		if err := c.Answer(t.Context(), 200, ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		at := time.Now().Local().Format("20060102-150405")
		var got []string
		for _, info := range r.e.Calls() {
			for _, path := range info.Recordings {
				got = append(got, filepath.Base(path))
			}
		}
		want := []string{at + "-1002-outgoing-Sales__a_b.wav", at + "-1002-outgoing-Sales__a_b-2.wav", at + "-+49_30-incoming-Sales__a_b.wav"}
		if !slices.Equal(got, want) {
			t.Errorf("got %q\nwant %q", got, want)
		}
		for _, name := range want {
			if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
				t.Error(err)
			}
		}
		r.wiring("call>recorder", "call>recorder", "call>recorder")
		if p := r.play(c, false); !r.phone.linked(p.port, c.recs[0].port) {
			t.Error("an automatic recording does not hold what we say")
		}
		r.events()

		// A folder that cannot be made is reported, and the call goes on.
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		d := r.dial("1005")
		r.phone.confirm(d.ID())
		events := r.events()
		if e, ok := events[len(events)-1].(RecordingFailed); !ok || e.Call != d.ID() {
			t.Errorf("last event %+v", events[len(events)-1])
		}
	})
}

func TestRecordingStem(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	for _, test := range []struct {
		info        CallInfo
		label, want string
	}{
		{CallInfo{Role: "UAC", Remote: "sip:1002@pbx", Answered: at}, "Sales", "20260102-030405-1002-outgoing-Sales"},
		{CallInfo{Role: "UAS", Remote: "sip:a/b?c@pbx", Local: "<sip:me@pbx>", Started: at}, "", "20260102-030405-a_b_c-incoming-me"},
		{CallInfo{Role: "UAC", Remote: "sip:192.0.2.1", Answered: at}, `x\y:"z" <.>|*%`, "20260102-030405-192_0_2_1-outgoing-x_y__z________"},
		{CallInfo{Role: "UAC", Remote: "sip:..@pbx", Answered: at}, "é\r", "20260102-030405-__-outgoing-é_"},
	} {
		if got := recordingStem(test.info, test.label); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	long := recordingStem(CallInfo{Remote: "sip:" + strings.Repeat("ü", 300) + "@pbx", Answered: at}, "")
	if len(long) > 200 || !strings.HasSuffix(long, "ü") {
		t.Errorf("%d bytes: %q", len(long), long)
	}
}
