package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
)

const secret = "s3cr3t-passw0rd"

// testConfig has two accounts that register, and so a local account too.
func testConfig() *config.Config {
	return &config.Config{
		Settings: config.Settings{
			AudioCodecs: []string{"PCMU/8000/1"}, CallWaiting: true, TLSVerify: true,
			Dialect: config.Documented, LogLevel: "info", RecordingFormat: "wav",
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
	if err := os.WriteFile(path, []byte("RIFF"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestStartOpensWhatTheConfigurationSays(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.SourcePort, c.Settings.BindAddress = 5070, "127.0.0.1"
		c.Settings.RTPPortMin, c.Settings.RTPPortMax = 20000, 20100
		c.Settings.TLSCAFile, c.Settings.TLSVerify = "/ca.pem", false
		c.Accounts[0].Transport = config.TLS
		c.Accounts[0].AuthID = "auth"
		c.Accounts[0].DisplayName = `Jo "J" D`
		c.Accounts[0].Proxy = []string{"edge:5080;lr", "sip:10.0.0.1;transport=udp"}
		c.Accounts[0].SRTP = config.SRTPDTLSSDES
		c.Accounts[1].Transport = config.TransportAny
	}, func(t *testing.T, r *rig) {
		r.journal(words("codecs", "devices", "transport", "account"),
			"codecs PCMU/8000/1", "transport UDP", "transport TCP", "transport TLS",
			"account sip:offhook@127.0.0.1:5070", `account "Jo \"J\" D" <sip:1001@pbx>`, "account sip:1003@pbx")
		var ports []int
		for _, tp := range r.phone.tps {
			ports = append(ports, tp.Port)
			if tp.BindAddress != "127.0.0.1" {
				t.Errorf("%v is bound to %q", tp.Type, tp.BindAddress)
			}
		}
		if want := []int{5070, 5070, 5071}; !slices.Equal(ports, want) {
			t.Errorf("ports %v, want %v", ports, want)
		}
		if tls := r.phone.tps[2].TLS; tls.CAFile != "/ca.pem" || !tls.Insecure {
			t.Errorf("TLS: %+v", tls)
		}
		a := r.phone.accounts[r.phone.account(`"Jo`)]
		if a.Registrar != "sip:pbx;transport=tls" || a.Username != "auth" || a.Password != secret {
			t.Errorf("registrar %q user %q", a.Registrar, a.Username)
		}
		if want := []string{"sip:edge:5080;lr;transport=tls", "sip:10.0.0.1;transport=udp"}; !slices.Equal(a.Proxies, want) {
			t.Errorf("proxies %q, want %q", a.Proxies, want)
		}
		if a.RTPPort != 20000 || a.RTPPortRange != 100 || a.MediaAddress != "127.0.0.1" {
			t.Errorf("media: %d+%d at %q", a.RTPPort, a.RTPPortRange, a.MediaAddress)
		}
		if a.SRTP != pjsua.SRTPMandatory || !slices.Equal(a.SRTPKeying, []pjsua.SRTPKeying{pjsua.DTLSSRTP, pjsua.SDES}) {
			t.Errorf("SRTP: %v %v", a.SRTP, a.SRTPKeying)
		}
		if a.Transport == nil {
			t.Error("the TLS account is not bound to its transport")
		}
		if b := r.phone.accounts[r.phone.account("sip:1003@")]; b.Transport != nil || b.Registrar != "sip:pbx" {
			t.Errorf("an account of any transport: bound %v, registrar %q", b.Transport, b.Registrar)
		}
		started := r.expect("EngineStarted")[0].(EngineStarted)
		want := []TransportAddress{{"UDP", "127.0.0.1:5070"}, {"TCP", "127.0.0.1:5070"}, {"TLS", "127.0.0.1:5071"}}
		if !slices.Equal(started.Transports, want) || started.Seq != 1 {
			t.Errorf("EngineStarted %d: %v, want %v", started.Seq, started.Transports, want)
		}
	})
}

func TestPhoneConfig(t *testing.T) {
	cfg := testConfig()
	s := &cfg.Settings
	e, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.DNSSrvNS, s.STUN, s.EC = []string{"192.0.2.53"}, []string{"stun"}, true
	if c := e.phoneConfig(); c.UserAgent != "Offhook" || c.LogLevel != 1 || c.Nameservers != nil || c.STUNServers != nil || c.Media.EchoTail != 0 {
		t.Errorf("what is off: %+v", c)
	}
	s.DNSSrv, s.EnableSTUN, s.EnableLog, s.AudioOutputDevice = true, true, true, "usb"
	s.UserAgent, s.MaxCalls, s.VAD = "Bot/1", 7, true
	c := e.phoneConfig()
	if c.UserAgent != "Bot/1" || c.LogLevel != 0 || c.MaxCalls != 7 || !c.Media.VAD || c.Media.EchoTail != echoTail {
		t.Errorf("%+v", c)
	}
	if !slices.Equal(c.Nameservers, s.DNSSrvNS) || !slices.Equal(c.STUNServers, s.STUN) {
		t.Errorf("name servers %v, STUN servers %v", c.Nameservers, c.STUNServers)
	}
	s.BindAddress, cfg.Accounts[0].Transport = "::1", config.TCP
	e, err = New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	var types []pjsua.TransportType
	for _, tp := range e.transportConfigs() {
		types = append(types, tp.Type)
	}
	if want := []pjsua.TransportType{pjsua.UDP6, pjsua.TCP6}; !slices.Equal(types, want) {
		t.Errorf("IPv6: %v, want %v", types, want)
	}
	tcp := new(pjsua.Transport)
	account, _ := e.Account(1)
	if got := account.boundTransport(map[pjsua.TransportType]*pjsua.Transport{pjsua.TCP6: tcp}); got != tcp {
		t.Error("the TCP account is not bound to TCP over IPv6")
	}
	for mode, want := range map[config.SRTP]pjsua.SRTPUse{
		config.SRTPOff: pjsua.SRTPOff, config.SRTPOptional: pjsua.SRTPOptional, config.SRTPMandatory: pjsua.SRTPMandatory,
		config.SRTPDTLS: pjsua.SRTPMandatory,
	} {
		if use, keying := srtpOf(mode); use != want || (len(keying) == 1) != (mode == config.SRTPDTLS) {
			t.Errorf("SRTP %q: %v %v", mode, use, keying)
		}
	}
}

func TestLocalAccountOnlyWhereNothingElseCallsDirectly(t *testing.T) {
	for _, test := range []struct {
		accounts []config.Account
		want     []int
	}{
		{nil, []int{0}},
		{[]config.Account{{Number: 2, Server: "pbx"}}, []int{0, 2}},
		{[]config.Account{{Number: 2, Domain: "pbx"}}, []int{2}},
		{[]config.Account{{Number: 0}, {Number: 2, Server: "pbx"}}, []int{0, 2}},
	} {
		var got []int
		for _, a := range withLocalAccount(test.accounts) {
			got = append(got, a.Number)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %v, want %v", test.accounts, got, test.want)
		}
	}
}

func TestNewReportsEverythingThatIsWrong(t *testing.T) {
	cfg := testConfig()
	cfg.Settings.BindAddress = "here"
	cfg.Settings.PlayOnAnswer = filepath.Join(t.TempDir(), "none.wav")
	cfg.Accounts[1].Number = 1
	_, err := New(cfg, nil)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"here", "none.wav", "playOnAnswer", "1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the error holds a password: %v", err)
	}
	if _, err := New(nil, nil); err == nil {
		t.Error("New(nil) succeeds")
	}
}

func TestStartErrorsNameWhatFailed(t *testing.T) {
	inUse := func(cfg pjsua.TransportConfig) error {
		if cfg.Type == pjsua.TLS {
			return &pjsua.Error{Op: "open", Status: pjsua.StatusInUse}
		}
		return nil
	}
	for name, test := range map[string]struct {
		prepare setup
		want    []string
	}{
		"port in use": {func(c *config.Config, f *fakePhone) {
			c.Settings.SourcePort, c.Accounts[0].Transport, f.onTransport = 5070, config.TLS, inUse
		}, words("TLS", "*:5071", "sourcePort + 1", "in use")},
		"bad address": {func(c *config.Config, f *fakePhone) {
			c.Settings.BindAddress = "192.0.2.77"
			f.onTransport = func(pjsua.TransportConfig) error { return errors.New("cannot assign") }
		}, words("UDP", "192.0.2.77:0", "bindAddress", "cannot assign")},
		"codec": {func(c *config.Config, _ *fakePhone) {
			c.Settings.AudioCodecs = []string{"PCMU/8000/1", "EVS/16000/1"}
		}, words("audioCodecs", "EVS/16000/1", "PCMA/8000/1")},
		"device": {func(c *config.Config, f *fakePhone) {
			c.Settings.AudioInputDevice = "jack"
			f.devices = []pjsua.Device{{ID: 4, Name: "USB mic", Inputs: 1}, {ID: 5, Name: "HDMI", Outputs: 2}}
		}, words("audioInputDevice", "jack", "USB mic")},
		"account": {func(_ *config.Config, f *fakePhone) {
			f.onAccount = func(cfg pjsua.AccountConfig) error {
				if strings.Contains(cfg.ID, "1003") {
					return errors.New("no such thing")
				}
				return nil
			}
		}, words("account 3", "no such thing")},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.prepare)
				err := r.e.Run(t.Context())
				if err == nil {
					t.Fatal("Run succeeds")
				}
				for _, want := range test.want {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("the error does not say %q: %v", want, err)
					}
				}
				if name == "device" && strings.Contains(err.Error(), "HDMI") {
					t.Errorf("a device that cannot capture is offered: %v", err)
				}
				if !r.phone.shut() {
					t.Error("the phone stays open")
				}
				select {
				case <-r.e.Started():
					t.Error("Started is closed")
				default:
				}
				r.expect("EngineStopped")
				r.sub.Close()
			})
		})
	}
}

func TestDefaultCodecsThatAreMissingAreLeftOut(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.AudioCodecs = strings.Fields(config.DefaultCodecs)
	}, func(t *testing.T, r *rig) {
		r.journal(words("codecs"), "codecs PCMA/8000/1 PCMU/8000/1")
	})
}

func TestSoundDevices(t *testing.T) {
	devices := []pjsua.Device{{ID: 4, Name: "USB", Inputs: 1, Outputs: 2}, {ID: 5, Name: "HDMI", Outputs: 2}}
	for _, test := range []struct {
		in, out string
		want    []string
		wiring  []string
	}{
		{"", "", []string{}, []string{}},
		{"usb", "HDMI", words("devices 4 5"), words("call>sound")},
		{"", "HDMI", words("devices -99 5"), words("call>sound")},
	} {
		withEngine(t, func(c *config.Config, f *fakePhone) {
			c.Settings.AudioInputDevice, c.Settings.AudioOutputDevice = test.in, test.out
			f.devices = devices
		}, func(t *testing.T, r *rig) {
			r.journal(words("devices"), test.want...)
			_, port := r.connected()
			r.wiring(test.wiring...)
			if !r.phone.linked(pjsua.SoundPort, port) {
				t.Error("nothing speaks into the call, so no RTP would flow")
			}
		})
	}
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
