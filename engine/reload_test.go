package engine

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// copyOf is a configuration to change: one that an engine has must stay as it is.
func copyOf(cfg *config.Config) *config.Config {
	c := *cfg
	c.Accounts = slices.Clone(cfg.Accounts)
	return &c
}

func TestReloadSettings(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		next := copyOf(r.e.loaded)
		next.Settings.AutoAnswer, next.Settings.SourcePort, next.Settings.MaxConcurrentCalls = config.AutoAnswerAll, 5070, 7
		out, err := r.e.Reload(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out.Changed, []string{"sourcePort", "autoAnswer", "maxConcurrentCalls"}) || !slices.Equal(out.Restart, []string{"sourcePort"}) {
			t.Errorf("changed %q, restart %q", out.Changed, out.Restart)
		}
		r.expect("ConfigReloaded")
		if s := r.e.settings(); s.AutoAnswer != config.AutoAnswerAll || s.MaxConcurrentCalls != 7 || s.SourcePort != 0 {
			t.Errorf("settings %v %d %d", s.AutoAnswer, s.MaxConcurrentCalls, s.SourcePort)
		}
		if c.Info().State != StateConfirmed || len(r.phone.noted("hangup", "codecs", "modify")) != 1 /* codecs, at the start */ {
			t.Errorf("the phone was asked for %q", r.phone.noted())
		}
		// What a command changed stays where the file is as it was.
		r.e.changeSettings(func(s *config.Settings) { s.DND, s.MaxConcurrentCalls = true, 9 })
		again := copyOf(next)
		again.Settings.CallWaiting = false
		if out, err = r.e.Reload(t.Context(), again); err != nil || !slices.Equal(out.Changed, []string{"callWaiting"}) {
			t.Errorf("changed %q, %v", out.Changed, err)
		}
		if s := r.e.settings(); !s.DND || s.MaxConcurrentCalls != 9 || s.CallWaiting {
			t.Errorf("settings %v %d %v", s.DND, s.MaxConcurrentCalls, s.CallWaiting)
		}
		// Nothing changed.
		if out, err = r.e.Reload(t.Context(), copyOf(again)); err != nil || len(out.Changed) != 0 {
			t.Errorf("changed %q, %v", out.Changed, err)
		}
	})
}

// A configuration with mistakes changes nothing, and says what is wrong.
func TestReloadMistakes(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		r.events()
		before := r.e.config.Load()
		for want, change := range map[string]func(*config.Config){
			"logLevel":     func(c *config.Config) { c.Settings.LogLevel = "loud"; c.Settings.DND = true },
			"playOnAnswer": func(c *config.Config) { c.Settings.PlayOnAnswer = "/nowhere/x.wav" },
			"domain":       func(c *config.Config) { c.Accounts = append(c.Accounts, config.Account{Number: 9}) },
			"audioCodecs":  func(c *config.Config) { c.Settings.AudioCodecs = []string{"NONE/8000/1"} },
		} {
			next := copyOf(r.e.loaded)
			change(next)
			if _, err := r.e.Reload(t.Context(), next); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v", want, err)
			}
		}
		if _, err := r.e.Reload(t.Context(), nil); err == nil {
			t.Error("no configuration is no error")
		}
		r.expect("ConfigReloaded", "ConfigReloaded", "ConfigReloaded", "ConfigReloaded", "ConfigReloaded")
		if now := r.e.config.Load(); now != before {
			t.Error("the configuration is another one")
		}
		r.journal(words("hangup", "removeaccount", "modify"))
	})
	e, err := New(testConfig(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Reload(t.Context(), testConfig()); !errors.Is(err, ErrNotRunning) {
		t.Errorf("error %v", err)
	}
}

func TestReloadAccounts(t *testing.T) {
	withEngine(t, func(_ *config.Config, f *fakePhone) { f.registersNow = true }, func(t *testing.T, r *rig) {
		call := r.dial("1002") // of account 1
		r.phone.confirm(call.ID())
		r.events()
		next := copyOf(r.e.loaded)
		next.Accounts = []config.Account{
			{Number: 3, Server: "pbx2", Domain: "pbx2", Username: "1003", Password: config.NewSecret("other"), Transport: config.UDP},
			{Number: 5, Server: "pbx", Domain: "pbx", Username: "1005", Transport: config.UDP},
		}
		// Account 1 has a call, account 3 another server and password, account 5 is new.
		r.phone.onRemove = func(id pjsua.AccountID) error {
			if id == r.acc1 {
				return pjsua.ErrAccountBusy
			}
			return nil
		}
		out, err := r.e.Reload(t.Context(), next)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"Account1.removed", "Account3.server", "Account3.domain", "Account3.password", "Account5.added"}
		if !slices.Equal(out.Changed, want) {
			t.Errorf("changed %q, want %q", out.Changed, want)
		}
		if _, there := r.e.Account(1); !there || call.Info().State != StateConfirmed {
			t.Error("the account with a call is gone, or its call is")
		}
		if a, ok := r.e.Account(3); !ok || a.Info().Server != "pbx2" {
			t.Error("account 3 is as it was")
		}
		if _, ok := r.e.Account(5); !ok {
			t.Error("there is no account 5")
		}
		r.phone.onRemove = nil
		r.phone.end(call.ID(), 200, "OK")
		r.events()
		if _, there := r.e.Account(1); there {
			t.Error("account 1 stays though its call is over")
		}
		// It comes back.
		if _, err := r.e.Reload(t.Context(), copyOf(&config.Config{Settings: next.Settings, Accounts: append(testConfig().Accounts[:1:1], next.Accounts...)})); err != nil {
			t.Fatal(err)
		}
		if _, there := r.e.Account(1); !there {
			t.Error("account 1 did not come back")
		}
		r.events()
	})
}

// State that a command changed is in the file, where everything else stays.
func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offhook.ini")
	text := "; mine\r\n[Settings]\r\nDND=0\r\n\r\n; the account\r\n[Account1]\r\nserver=pbx\r\n[Dialed]\r\n0=77\r\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	prepare := func(cfg *config.Config, _ *fakePhone) { cfg.Path, cfg.Settings.SaveState = path, true }
	r := liveRig(t, prepare)
	if got := r.e.Dialled(); !slices.Equal(got, []string{"77"}) || r.e.LastNumber() != "77" {
		t.Errorf("dialled %q", got)
	}
	r.e.changeSettings(func(s *config.Settings) { s.DND, s.VolumeOutput = true, 40 })
	for _, number := range []string{"1002", "77", "1003", "1002"} {
		r.phone.end(r.dial(number).ID(), 404, "Not Found")
	}
	r.cancel()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "; mine\r\n[Settings]\r\nDND=1\r\nlastCallNumber=1002\r\nvolumeOutput=40\r\n\r\n; the account\r\n[Account1]\r\nserver=pbx\r\n[Dialed]\r\n0=1002\r\n1=1003\r\n2=77\r\n"
	got := strings.Replace(string(data), "volumeOutput=40\r\nlastCallNumber=1002\r\n", "lastCallNumber=1002\r\nvolumeOutput=40\r\n", 1)
	if got != want {
		t.Errorf("the file is\n%q\nwant\n%q", got, want)
	}
	r = liveRig(t, prepare)
	if got := r.e.Dialled(); !slices.Equal(got, []string{"1002", "1003", "77"}) {
		t.Errorf("dialled %q after a restart", got)
	}
	r.cancel()
	if again, err := os.ReadFile(path); err != nil || string(again) != string(data) {
		t.Errorf("the file changed without a reason: %q, %v", again, err)
	}
	// Without saveState nothing is written.
	r = liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Path = path })
	r.e.changeSettings(func(s *config.Settings) { s.FWD = true })
	r.cancel()
	if again, err := os.ReadFile(path); err != nil || string(again) != string(data) {
		t.Errorf("saveState = 0 wrote %q, %v", again, err)
	}
}

// A password that a command line gives to a numbered account is written where the file holds one;
// one for the account that dials is not.
func TestPasswordIsSaved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offhook.ini")
	const text = "[Account]\nserver = pbx\npassword = one\nserver-3 = pbx\npassword-3 = ${THREE}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		line string
		save bool
		want string
	}{
		{"/account:1 /password:two words", true, strings.Replace(text, "one", "two words", 1)},
		{"/account:1 /password:", true, strings.Replace(text, "one", "", 1)},
		{"/account:1 /password:one", true, text},
		{"/account:1 /password:two", false, text},
		{"/account:3 /password:two", true, text},
		{"/password:two", true, text},
	} {
		r := liveRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Path, cfg.Settings.SaveState = path, test.save })
		if _, err := r.e.Command(t.Context(), test.line, nil); err != nil {
			t.Errorf("%s: %v", test.line, err)
		}
		r.cancel()
		if data, err := os.ReadFile(path); err != nil || string(data) != test.want {
			t.Errorf("%s: %q, %v; want %q", test.line, data, err, test.want)
		}
		if strings.Contains(r.log.String(), "two") {
			t.Errorf("%s: the log has it: %s", test.line, r.log)
		}
	}
}

// Redial begins with MicroSIP's lastCallNumber where a file has no list.
func TestLastCallNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), "offhook.ini")
	if err := os.WriteFile(path, []byte("[Settings]\nlastCallNumber=1002\n[Account1]\nserver=pbx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(config.Source{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	withEngine(t, func(c *config.Config, _ *fakePhone) {
		c.Path, c.Settings.LastCallNumber = path, cfg.Settings.LastCallNumber
	}, func(t *testing.T, r *rig) {
		call, err := r.e.Redial(t.Context())
		if err != nil || !strings.Contains(call.Info().Remote, "1002") {
			t.Errorf("%v, %v", call, err)
		}
	})
}

// A file that cannot be written is reported once.
func TestStateFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.ini")
	withEngine(t, func(cfg *config.Config, _ *fakePhone) { cfg.Path, cfg.Settings.SaveState = path, true }, func(t *testing.T, r *rig) {
		r.events()
		for i := range 3 {
			r.e.changeSettings(func(s *config.Settings) { s.VolumeInput = 10 + i })
			time.Sleep(time.Second)
		}
		r.expect("FileFailed")
	})
}
