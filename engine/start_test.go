package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

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
		if a.Registrar != "sip:pbx;transport=tls" || a.Credentials[0].Username != "auth" || a.Credentials[0].Password.Reveal() != secret {
			t.Errorf("registrar %q credentials %v", a.Registrar, a.Credentials)
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
	if !c.NoRport || c.Media.Channels != 0 {
		t.Errorf("without rport: %v, %d channels", c.NoRport, c.Media.Channels)
	}
	s.Rport, s.OpusStereo = true, true
	if c := e.phoneConfig(); c.NoRport || c.Media.Channels != 2 || c.Media.EchoTail != 0 {
		t.Errorf("with rport and opusStereo: %+v", c)
	}
	s.OpusStereo = false
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

// A machine without sound devices does without those that are configured; one that has others
// says which.
func TestSoundDevicesThatAreMissing(t *testing.T) {
	usb, speaker := pjsua.Device{ID: 4, Name: "USB", Inputs: 1, Outputs: 2}, pjsua.Device{ID: 5, Name: "HDMI", Outputs: 2}
	gone := pjsua.Device{ID: 6, Name: "a name without a device"}
	for _, test := range []struct {
		in, out string
		devices []pjsua.Device
		want    []string
		warned  int
	}{
		{"USB", "USB", nil, []string{}, 2},
		{"USB", "USB", []pjsua.Device{gone}, []string{}, 2},
		{"USB", "HDMI", []pjsua.Device{speaker}, words("devices -99 5"), 1},
		{"USB", "HDMI", []pjsua.Device{{ID: 4, Name: "USB", Inputs: 1}}, []string{}, 1},
	} {
		withEngine(t, func(c *config.Config, f *fakePhone) {
			c.Settings.AudioInputDevice, c.Settings.AudioOutputDevice = test.in, test.out
			f.devices = test.devices
		}, func(t *testing.T, r *rig) {
			r.journal(words("devices"), test.want...)
			if n := strings.Count(r.log.String(), "this machine has no such sound device"); n != test.warned {
				t.Errorf("%v: %d warnings, want %d:\n%s", test.devices, n, test.warned, r.log)
			}
			_, port := r.connected()
			if !r.phone.linked(pjsua.SoundPort, port) {
				t.Error("nothing speaks into the call, so no RTP would flow")
			}
		})
	}
	cfg := testConfig()
	cfg.Settings.AudioOutputDevice = "HDMi 2"
	e, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = e.findDevice("audioOutputDevice", "HDMI 2", []pjsua.Device{usb, speaker}, func(d pjsua.Device) int { return d.Outputs })
	if want := `engine: audioOutputDevice: there is no device "HDMI 2"; there are USB, HDMI`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestNamesOfDevices(t *testing.T) {
	for _, test := range []struct {
		driver, device, name string
		want                 bool
	}{
		{"ALSA", "desk", "DESK", true},
		{"ALSA", "desk", "desktop", false},
		{"ALSA", "a name of more than thirty bytes", "a name of more than thirty bytes, and more", false},
		{"WMME", "Speakers (Realtek High Definiti", "speakers (Realtek High Definition Audio)", true},
		{"WMME", "Speakers (Realtek High Definiti", "speakers (Realtek Other Definition Audio)", false},
		{"WMME", "Speakers (Realtek High Audio ", "Speakers (Realtek High Audio", true}, // as an INI file has it
		{"WMME", "Schreibtisch-žluť-電話-Lauts", "Schreibtisch-žluť-電話-Lautsprecher", true},
		{"WMME", "Speakers", "Speakers (Realtek)", false},
		{"WMME", "Speakers (Realtek High Definition Audio)", "Speakers (Realtek High Definition Audio) 2", false},
	} {
		if got := isDevice(pjsua.Device{Driver: test.driver, Name: test.device}, test.name); got != test.want {
			t.Errorf("%s %q is %q: %v, want %v", test.driver, test.device, test.name, got, test.want)
		}
	}
}

// A TURN server goes with ICE, and is checked as SIP servers are.
func TestTURN(t *testing.T) {
	cfg := testConfig()
	a := &cfg.Accounts[0]
	cfg.Settings.TLSCAFile, cfg.Settings.TLSVerify = "/ca.pem", true
	made := func() pjsua.AccountConfig {
		e, err := New(cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		account, _ := e.Account(a.Number)
		return account.phoneConfigNow()
	}
	if c := made(); c.ICE != nil || c.TURN != nil {
		t.Errorf("nothing is configured: %+v, %+v", c.ICE, c.TURN)
	}
	a.TURNServer, a.TURNUsername, a.TURNPassword = "turn:3478", "user", pjsua.NewSecret("word")
	for transport, want := range map[config.Transport]pjsua.TURNConfig{
		"":    {Transport: pjsua.TURNUDP},
		"udp": {Transport: pjsua.TURNUDP},
		"tcp": {Transport: pjsua.TURNTCP},
		"tls": {Transport: pjsua.TURNTLS, TLS: pjsua.TLSConfig{CAFile: "/ca.pem"}},
	} {
		a.TURNTransport = transport
		want.Enable, want.Server, want.Username, want.Password = true, "turn:3478", "user", pjsua.NewSecret("word")
		c := made()
		if c.ICE == nil || !c.ICE.Enable || c.TURN == nil || !reflect.DeepEqual(*c.TURN, want) {
			t.Errorf("%q: %+v, %+v", transport, c.ICE, c.TURN)
		}
		if err := c.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// Opus is told how many channels it has, where it is one of the codecs.
func TestOpusStereo(t *testing.T) {
	for _, test := range []struct {
		codecs []string
		want   []string
	}{
		{[]string{"PCMU/8000/1"}, []string{}},
		{[]string{"PCMU/8000/1", "opus/48000/2"}, words("opus true")},
	} {
		withEngine(t, func(c *config.Config, f *fakePhone) {
			f.codecs = append(f.codecs, pjsua.Codec{ID: "opus/48000/2"})
			c.Settings.AudioCodecs, c.Settings.OpusStereo = test.codecs, true
		}, func(t *testing.T, r *rig) { r.journal(words("opus"), test.want...) })
	}
}

// With forceCodec the codec is ours to choose, whoever answers.
func TestForceCodec(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Settings.ForceCodec = true
		c.Rules = []config.Rule{{Name: "ann", Caller: "ann", Action: config.RuleAnswer, Code: 486}}
	}, func(t *testing.T, r *rig) {
		first := r.phone.ring(r.acc1, "sip:ann@far")
		r.events()
		second := r.phone.ring(r.acc1, "sip:bob@far")
		r.events()
		if c, ok := r.e.Call(second); !ok || c.Answer(t.Context(), pjsua.CodeOK, "") != nil {
			t.Error("not answered")
		}
		r.journal(words("answer"), fmt.Sprintf("answer %d 200 own", first), fmt.Sprintf("answer %d 180", second), fmt.Sprintf("answer %d 200 own", second))
	})
}

// The level of the microphone is the device's own where that has one, else that of its port.
func TestMicrophoneLevel(t *testing.T) {
	for _, test := range []struct {
		name    string
		prepare func(*config.Settings, *fakePhone)
		start   []string
		then    []string // after volumeInput 60
	}{
		{"in software", nil, []string{}, words("levels sound 1 0.6")},
		{"from the start", func(s *config.Settings, _ *fakePhone) { s.VolumeInput = 30 }, words("levels sound 1 0.3"), words("levels sound 1 0.6")},
		{"by the device", func(_ *config.Settings, f *fakePhone) { f.deviceVolume = true }, []string{}, words("volume 60", "levels sound 1 1")},
		{"swLevelAdjustment", func(s *config.Settings, f *fakePhone) { s.SWLevelAdjustment, f.deviceVolume = true, true }, []string{}, words("levels sound 1 0.6")},
		{"micAmplification", func(s *config.Settings, f *fakePhone) { s.MicAmplification, f.deviceVolume = true, true }, words("levels sound 1 2"), words("levels sound 1 1.2")},
	} {
		t.Run(test.name, func(t *testing.T) {
			withEngine(t, func(c *config.Config, f *fakePhone) {
				c.Settings.AudioInputDevice = "usb"
				f.devices = []pjsua.Device{{ID: 4, Name: "USB", Inputs: 1}}
				if test.prepare != nil {
					test.prepare(&c.Settings, f)
				}
			}, func(t *testing.T, r *rig) {
				of := words("levels", "volume")
				r.journal(of, test.start...)
				volume := 60
				if err := r.e.SetVolumes(t.Context(), Volumes{Input: &volume}); err != nil {
					t.Fatal(err)
				}
				r.journal(of, append(slices.Clone(test.start), test.then...)...)
			})
		})
	}
}

// A reload sets the microphone anew.
func TestMicrophoneLevelReload(t *testing.T) {
	withEngine(t, func(c *config.Config, f *fakePhone) {
		c.Settings.AudioInputDevice = "usb"
		f.devices = []pjsua.Device{{ID: 4, Name: "USB", Inputs: 1}}
	}, func(t *testing.T, r *rig) {
		cfg := testConfig()
		cfg.Settings.AudioInputDevice, cfg.Settings.VolumeInput, cfg.Settings.MicAmplification = "usb", 80, true
		if _, err := r.e.Reload(t.Context(), cfg); err != nil {
			t.Fatal(err)
		}
		r.journal(words("levels"), "levels sound 1 1.6")
	})
}
