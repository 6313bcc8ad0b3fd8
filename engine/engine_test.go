package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

const secret = "s3cr3t-passw0rd"

// testConfig has two accounts that register, and so a local account too.
func testConfig() *config.Config {
	return &config.Config{
		Settings: config.Settings{
			AudioCodecs: []string{"PCMU/8000/1"}, CallWaiting: true, DuplicateCalls: true, AutoAnswerCalls: "all", TLSVerify: true,
			Dialect: config.Documented, LogLevel: "info", RecordingFormat: "wav",
			VolumeInput: 100, VolumeOutput: 100, VolumeRing: 100,
		},
		Accounts: []config.Account{
			{Number: 1, Label: "Sales", Server: "pbx", Domain: "pbx", Username: "1001", Password: config.NewSecret(secret), Transport: config.UDP},
			{Number: 3, Server: "pbx", Domain: "pbx", Username: "1003", Password: config.NewSecret(secret), Transport: config.UDP},
		},
	}
}

// rig is a running engine on a fake phone, in a synctest bubble.
type rig struct {
	t      *testing.T
	e      *Engine
	phone  *fakePhone
	sub    *Subscription
	cancel context.CancelFunc
	ran    chan error
	log    *bytes.Buffer
	acc1   pjsua.AccountID
}

type setup func(*config.Config, *fakePhone)

// withEngine runs fn in a bubble with a started engine, and stops it after.
func withEngine(t *testing.T, prepare setup, fn func(*testing.T, *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, prepare)
		r.start()
		fn(t, r)
		r.stop()
	})
}

func newRig(t *testing.T, prepare setup) *rig {
	t.Helper()
	cfg, phone := testConfig(), newFakePhone()
	if prepare != nil {
		prepare(cfg, phone)
	}
	r := &rig{t: t, phone: phone, ran: make(chan error, 1), log: new(bytes.Buffer)}
	e, err := New(cfg, hclog.New(&hclog.LoggerOptions{Output: r.log, Level: hclog.Trace}))
	if err != nil {
		t.Fatal(err)
	}
	e.open = func(pjsua.Config) (Phone, error) { return phone, nil }
	r.e, r.sub = e, e.Subscribe()
	return r
}

func (r *rig) start() {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	r.cancel = cancel
	go checkEvents(r.t, r.e.Subscribe())
	go func() { r.ran <- r.e.Run(ctx) }()
	synctest.Wait()
	select {
	case <-r.e.Started():
	case err := <-r.ran:
		r.t.Fatalf("Run: %v", err)
	default:
		r.t.Fatal("not started")
	}
	if a, ok := r.e.Account(1); ok {
		r.acc1 = a.id
	}
}

func (r *rig) stop() {
	r.t.Helper()
	r.cancel()
	if err := <-r.ran; err != nil {
		r.t.Errorf("Run: %v", err)
	}
	r.sub.Close()
	if n := r.phone.open(); n != 0 {
		r.t.Errorf("%d players, recorders and tone generators are open after the end", n)
	}
}

// events returns what came since the last time, when everything has settled.
func (r *rig) events() []Event {
	var out []Event
	for {
		synctest.Wait()
		select {
		case ev, ok := <-r.sub.Events():
			if !ok {
				return out
			}
			out = append(out, ev)
		default:
			return out
		}
	}
}

// brief returns the types of events, with what tells them apart.
func brief(events []Event) []string {
	out := []string{}
	for _, ev := range events {
		text := ev.Header().Type
		switch ev := ev.(type) {
		case CallStateChanged:
			text += " " + string(ev.State)
		case CallEnded:
			text += fmt.Sprintf(" %d", ev.Code)
		case CallMediaChanged:
			text += " " + ev.Media[0].Status
		case RegistrationChanged:
			text += fmt.Sprintf(" %d %d", ev.Account, ev.Code)
		case PlaybackEnded:
			text += " " + ev.Reason
		}
		out = append(out, text)
	}
	return out
}

func (r *rig) expect(want ...string) []Event {
	r.t.Helper()
	events := r.events()
	if got := brief(events); !slices.Equal(got, want) {
		r.t.Errorf("events:\n got %q\nwant %q", got, want)
	}
	return events
}

func (r *rig) journal(words []string, want ...string) {
	r.t.Helper()
	synctest.Wait()
	if got := r.phone.noted(words...); !slices.Equal(got, want) {
		r.t.Errorf("asked of the phone:\n got %q\nwant %q", got, want)
	}
}

func (r *rig) wiring(want ...string) {
	r.t.Helper()
	synctest.Wait()
	if got := r.phone.wiring(); !slices.Equal(got, want) {
		r.t.Errorf("links: got %q, want %q", got, want)
	}
}

func words(w ...string) []string { return w }

// dial makes a call that is CALLING.
func (r *rig) dial(uri string) *Call {
	r.t.Helper()
	c, err := r.e.Dial(r.t.Context(), DialRequest{Account: 1, URI: uri})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// connected makes a call that is CONFIRMED, with audio.
func (r *rig) connected() (*Call, pjsua.PortID) {
	r.t.Helper()
	c := r.dial("1002")
	port := r.phone.confirm(c.ID())
	r.events()
	return c, port
}

func wavFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.wav")
	if err := wav.Write(path, 8000, 1, []int16{1}); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRunTwice(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		if err := r.e.Run(t.Context()); !errors.Is(err, ErrRunTwice) {
			t.Errorf("second Run: %v", err)
		}
	})
}

func TestCommandsOutsideRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		check := func() {
			t.Helper()
			if _, err := r.e.Dial(t.Context(), DialRequest{URI: "1002"}); !errors.Is(err, ErrNotRunning) {
				t.Errorf("Dial: %v", err)
			}
			a, _ := r.e.Account(1)
			if err := a.Register(t.Context()); !errors.Is(err, ErrNotRunning) {
				t.Errorf("Register: %v", err)
			}
		}
		check()
		r.start()
		c, _ := r.connected()
		r.stop()
		check()
		if err := c.Hold(t.Context()); !errors.Is(err, ErrCallEnded) {
			t.Errorf("Hold: %v", err)
		}
		if err := c.Hangup(t.Context(), 0, ""); err != nil {
			t.Errorf("Hangup of an ended call: %v", err)
		}
		sub := r.e.Subscribe()
		if _, ok := <-sub.Events(); ok {
			t.Error("a subscription to a stopped engine has an event")
		}
	})
}

func TestStopWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		r.phone.onAccount = func(pjsua.AccountConfig) error { cancel(); return ctx.Err() }
		if err := r.e.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
		if !r.phone.shut() {
			t.Error("the phone stays open")
		}
		r.sub.Close()
	})
}

func TestShutdownOrder(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		p, err := c.Play(t.Context(), wavFile(t), true)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := c.Record(t.Context(), filepath.Join(t.TempDir(), "r.wav"), RecordOptions{})
		if err != nil {
			t.Fatal(err)
		}
		r.phone.onShutdown = func(ctx context.Context) {
			if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > 4*time.Second {
				t.Errorf("shutdown has until %v", deadline)
			}
			if n := r.phone.open(); n != 0 {
				t.Errorf("%d players and recorders are open when the calls are hung up", n)
			}
			if _, err := r.e.Dial(t.Context(), DialRequest{URI: "1002"}); !errors.Is(err, ErrNotRunning) {
				t.Errorf("a call is dialled while the engine stops: %v", err)
			}
			if _, err := c.Play(t.Context(), p.Path(), false); !errors.Is(err, ErrNotRunning) {
				t.Errorf("a file is played while the engine stops: %v", err)
			}
			in := r.phone.ring(r.acc1, "sip:late@x")
			time.Sleep(time.Millisecond) // of the bubble: until everything has settled
			if got := r.phone.noted("hangup"); !slices.Contains(got, fmt.Sprintf("hangup %d 503 ", in)) {
				t.Errorf("a call that comes while the engine stops is not refused: %q", got)
			}
		}
		r.events()
		r.cancel()
		synctest.Wait()
		<-p.Done()
		<-rec.Done()
		<-c.Done()
		r.journal(words("closeplayer", "closerecorder", "shutdown"),
			fmt.Sprintf("closeplayer %d", p.id), fmt.Sprintf("closerecorder %d", rec.id), "shutdown")
		got := brief(r.events())
		if n := len(got); n < 2 || got[n-1] != "EngineStopped" || got[0] != "PlaybackEnded stopped" || got[1] != "RecordingEnded" {
			t.Errorf("events: %q", got)
		}
		if _, ok := <-r.sub.Events(); ok {
			t.Error("an event follows EngineStopped")
		}
	})
}

func TestShutdownIsBounded(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.phone.onShutdown = func(ctx context.Context) { <-ctx.Done() }
		r.phone.hangs = true
		start := time.Now()
		r.cancel()
		err := <-r.ran
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("the shutdown took %v, of which nothing is left for PJSIP's own end", took)
		}
		if err == nil || !strings.Contains(err.Error(), "events") {
			t.Errorf("Run: %v", err)
		}
		<-c.Done() // nobody waits for ever
		r.phone.closeEvents()
		r.ran <- nil
	})
}

// A file that cannot be closed holds up neither its Stop nor the engine.
func TestAFileThatDoesNotClose(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		rec := r.record(c, RecordOptions{})
		r.phone.onClose = func(ctx context.Context) { <-ctx.Done() }
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := rec.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Stop: %v", err)
		}
		start := time.Now()
		r.cancel()
		r.ran <- <-r.ran
		if took := time.Since(start); took > time.Second {
			t.Errorf("the shutdown took %v", took)
		}
		<-rec.Done()
	})
}

func TestThePhoneDies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start()
		c, _ := r.connected()
		if err := r.phone.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-r.ran; err == nil {
			t.Error("Run returns nil")
		}
		<-c.Done()
		events := r.events()
		last, ok := events[len(events)-1].(EngineStopped)
		if !ok || last.Error == "" {
			t.Errorf("last event: %+v", events[len(events)-1])
		}
		r.sub.Close()
	})
}

func TestSequenceHasNoGaps(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		r.phone.confirm(c.ID())
		r.phone.end(c.ID(), 200, "OK")
		r.phone.ring(r.acc1, "sip:a@b")
		r.cancel()
		events := r.events()
		for i, ev := range events {
			if ev.Header().Seq != uint64(i+1) {
				t.Errorf("event %d has the number %d", i+1, ev.Header().Seq)
			}
			if name := reflect.TypeOf(ev).Name(); ev.Header().Type != name {
				t.Errorf("a %s says that it is a %q", name, ev.Header().Type)
			}
		}
		if len(events) < 12 {
			t.Errorf("%d events", len(events))
		}
	})
}

func TestSecretsStayInside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *config.Config, f *fakePhone) { f.registersNow = true })
		r.start()
		c := r.dial("1002")
		r.phone.registered(r.acc1, 403, "Forbidden")
		r.phone.ring(r.acc1, "sip:a@b", "Proxy-Authorization: Digest response="+secret)
		events := r.events()
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		for _, v := range []any{events, r.e.Accounts(), r.e.Calls(), c.Info()} {
			if err := enc.Encode(v); err != nil {
				t.Fatal(err)
			}
		}
		fmt.Fprintf(&out, "%+v %v", r.e.Accounts(), c.Info())
		a, _ := r.e.Account(1)
		r.phone.onDial = func(pjsua.CallID, string) error { return errors.New("no") }
		_, err := r.e.Dial(t.Context(), DialRequest{URI: "1002"})
		fmt.Fprintf(&out, "%v %v", err, a.WaitRegistered(t.Context()))
		r.stop()
		out.Write(r.log.Bytes())
		if r.log.Len() == 0 {
			t.Error("nothing was logged, so nothing was looked at")
		}
		if strings.Contains(out.String(), secret) {
			t.Errorf("a password comes out:\n%s", out.String())
		}
	})
}
