package migrate

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/offhook-voip/offhook/engine/config"
)

// asMicroSIP is text as MicroSIP writes it: UTF-16LE with a byte order mark and CRLF.
func asMicroSIP(text string) []byte {
	data := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n"))) {
		data = append(data, byte(u), byte(u>>8))
	}
	return data
}

func mustConvert(t *testing.T, src Source) Result {
	t.Helper()
	src.Target = "offhook.ini"
	res, err := Convert(src)
	if err != nil {
		t.Fatal(err)
	}
	if problems := config.Check(config.Source{Path: "offhook.ini", Data: res.Config}).Errors; len(problems) > 0 {
		t.Errorf("the result has mistakes:\n%v\n%s", problems, res.Config)
	}
	return res
}

func load(t *testing.T, res Result) *config.Config {
	t.Helper()
	cfg, err := config.Load(config.Source{Path: "offhook.ini", Data: res.Config})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// told is what is said of a key.
func told(res Result, section, key string) string {
	for _, n := range res.Notes {
		if n.Section == section && n.Key == key {
			return strings.TrimSpace(string(n.What) + " " + n.Why)
		}
	}
	return ""
}

func readTestdata(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What MicroSIP 3.22 saves, with three accounts and all that can be strange.
func TestImport(t *testing.T) {
	ini := asMicroSIP(string(readTestdata(t, "microsip.ini")))
	res := mustConvert(t, Source{INI: ini, Codecs: []string{"PCMA/8000/1", "PCMU/8000/1", "opus/48000/2"}})
	if res.Encoding != "UTF-16LE" || !slices.Equal(res.Accounts, []int{1, 2}) || !slices.Equal(res.NoPassword, []int{1}) {
		t.Errorf("encoding %s, accounts %v, without a password %v", res.Encoding, res.Accounts, res.NoPassword)
	}
	for _, want := range [][3]string{
		{"Settings", "singleMode", "taken"},
		{"Settings", "audioCodecs", "changed without G729/8000/1, which Offhook does not have"},
		{"Settings", "mainX", "dropped without effect on a program without a screen"},
		{"Settings", "audioOutputDevice", "dropped a sound device of Windows: offhook devices lists those of this machine"},
		{"Settings", "recordingPath", "dropped a path or program of Windows"},
		{"Settings", "cmdIncomingCall", "dropped a path or program of Windows"},
		{"Settings", "somethingNew", "dropped Offhook has no such key"},
		{"Settings", "DTMFMethod", "dropped 9 is outside 0 to 3"},
		{"Settings", "rtpPortMax", "dropped rtpPortMax needs rtpPortMin"},
		{"Account1", "password", "dropped MicroSIP has encrypted it with a key of its own, so it has to be written anew"},
		{"Account2", "password", "taken"},
		{"Account2", "server", "changed empty, since the account does not register in MicroSIP"},
		{"Account3", "label", "dropped MicroSIP has no account without a domain"},
		{"Calls", "", "dropped Offhook does not read this section"},
		{"Dialed", "", "taken"},
	} {
		if got := told(res, want[0], want[1]); got != want[2] {
			t.Errorf("[%s] %s: %q is told, want %q", want[0], want[1], got, want[2])
		}
	}
	cfg := load(t, res)
	if len(cfg.Accounts) != 2 || !cfg.Settings.SingleMode || strings.Join(cfg.Settings.AudioCodecs, " ") != "opus/48000/2 PCMA/8000/1" {
		t.Fatalf("read as %+v", cfg)
	}
	first, second := cfg.Accounts[0], cfg.Accounts[1]
	if first.Label != "Žluťoučký kůň" || first.DisplayName != "Žaneta 電話" || first.Server != "pbx.example.com" || first.Password.Reveal() != "" {
		t.Errorf("account 1 is %+v", first)
	}
	if second.Server != "" || second.Password.Reveal() != ` "plain";secret#1 ` {
		t.Errorf("account 2 is %+v", second)
	}
	for _, n := range res.Notes {
		for _, secret := range []string{"plain", "s3cr3t", "0123456789abcdef"} {
			if strings.Contains(n.Section+n.Key+n.Why, secret) {
				t.Errorf("%+v tells a secret", n)
			}
		}
	}
	text := string(res.Config)
	if strings.Contains(text, "0123456789abcdef") || !strings.Contains(text, "[Account1]\n; The password could not be taken.") ||
		!strings.Contains(text, "[Dialed]\n0 = 1001\n1 = +420123456789\n") {
		t.Errorf("the file is\n%s", text)
	}
}

// On Windows its paths, programs and devices are taken.
func TestImportOnWindows(t *testing.T) {
	ini := asMicroSIP(string(readTestdata(t, "microsip.ini")))
	res := mustConvert(t, Source{INI: ini, Windows: true, Contacts: `C:\Users\ž\offhook-contacts.xml`})
	s := load(t, res).Settings
	for got, want := range map[string]string{
		s.AudioOutputDevice: "Lautsprecher (Realtek High Defi",
		s.RecordingPath:     `C:\Users\Žaneta\Desktop\Recordings`,
		s.CmdIncomingCall:   `C:\Tools\pop.exe`,
		s.Contacts:          `C:\Users\ž\offhook-contacts.xml`,
		s.AudioCodecs[2]:    "G729/8000/1",
	} {
		if got != want {
			t.Errorf("%q is taken, want %q", got, want)
		}
	}
	if why := told(res, "Settings", "ringingSound"); why != "dropped a path with a variable, which MicroSIP replaces: write the path itself" {
		t.Error(why)
	}
}

func TestImportPasswords(t *testing.T) {
	for password, want := range map[string]string{
		"0123456789abcdef":                 "dropped",
		"0123456789abcdef0123456789abcdef": "dropped",
		"0123456789ABCDEF":                 "taken", // MicroSIP writes small letters
		"0123456789abcde":                  "taken",
		"12345678":                         "taken",
		"${HOME}":                          "dropped",
		"${x":                              "taken",
		"%PATH%":                           "taken",
	} {
		src := Source{INI: []byte("[Settings]\n[Account1]\ndomain=d\nserver=d\nusername=u\npassword=" + password + "\n")}
		res := mustConvert(t, src)
		what, _, _ := strings.Cut(told(res, "Account1", "password"), " ")
		got := load(t, res).Accounts[0].Password.Reveal()
		if what != want || (got == password) != (want == "taken") || strings.Contains(told(res, "Account1", "password"), password) {
			t.Errorf("%q: %s, and is read as %q", password, told(res, "Account1", "password"), got)
		}
		if src.PlainPasswords = true; strings.Trim(password, "0123456789abcdef") == "" {
			if got := load(t, mustConvert(t, src)).Accounts[0].Password.Reveal(); got != password {
				t.Errorf("%q is read as %q where it is said to be plain", password, got)
			}
		}
	}
}

// Code pages: what a file without a byte order mark is in.
func TestImportEncodings(t *testing.T) {
	text := "[Settings]\r\n[Account1]\r\ndomain=d\r\nserver=d\r\nlabel=%s\r\n"
	ini := func(label string) []byte { return []byte(strings.Replace(text, "%s", label, 1)) }
	for _, test := range []struct {
		data     []byte
		codePage int
		label    string
		encoding string
	}{
		{ini("Sales"), 0, "Sales", "UTF-8"},
		{ini("žluť 電話"), 0, "žluť 電話", "UTF-8"},
		{append([]byte{0xef, 0xbb, 0xbf}, ini("žluť")...), 0, "žluť", "UTF-8"},
		{ini("\x9elu\x9d"), 1250, "žluť", "Windows-1250"},
		{ini("M\xfcller"), 1252, "Müller", "Windows-1252"},
		{ini("\xcf\xf0\xe8"), 1251, "При", "Windows-1251"},
	} {
		res := mustConvert(t, Source{INI: test.data, CodePage: test.codePage})
		if label := load(t, res).Accounts[0].Label; label != test.label || res.Encoding != test.encoding {
			t.Errorf("%s is read as %q, want %q in %s", res.Encoding, label, test.label, test.encoding)
		}
	}
	for name, data := range map[string][]byte{
		"UTF-16BE":             {0xfe, 0xff, 0, '['},
		"half a character":     {0xff, 0xfe, '['},
		"an image":             {0x89, 'P', 'N', 'G', 0, 0, 0},
		"another INI":          []byte("[General]\nx=1\n"),
		"nothing":              nil,
		"UTF-16 without a BOM": {'[', 0, 'S', 0},
	} {
		if _, err := Convert(Source{INI: data, Target: "offhook.ini"}); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}

func TestImportForms(t *testing.T) {
	for name, test := range map[string]struct {
		ini   string
		check func(t *testing.T, res Result, cfg *config.Config)
	}{
		"a very old file": {"[Settings]\nserver=pbx\ndomain=pbx\nusername=u\nsourcePort=5070\n", func(t *testing.T, res Result, cfg *config.Config) {
			if len(cfg.Accounts) != 1 || cfg.Accounts[0].Username != "u" || cfg.Settings.SourcePort != 5070 ||
				told(res, "Settings", "username") != "changed now in [Account1]" {
				t.Errorf("%+v\n%+v", cfg.Accounts, res.Notes)
			}
		}},
		"the first of two": {"[Settings]\nsourcePort=1\nSOURCEPORT=2\n[Account1]\ndomain=a\n[account1]\ndomain=b\nserver=\n", func(t *testing.T, _ Result, cfg *config.Config) {
			if cfg.Settings.SourcePort != 1 || cfg.Accounts[0].Domain != "a" {
				t.Errorf("port %d, domain %s", cfg.Settings.SourcePort, cfg.Accounts[0].Domain)
			}
		}},
		"a gap": {"[Account2]\ndomain=a\nserver=a\n", func(t *testing.T, res Result, _ *config.Config) {
			if !slices.Equal(res.Accounts, []int{2}) {
				t.Errorf("accounts %v", res.Accounts)
			}
		}},
		"the local account": {"[Settings]\nenableLocalAccount=1\naccountId=4\n[Account0]\ndomain=10.0.0.1\nserver=x\nusername=me\n", func(t *testing.T, res Result, cfg *config.Config) {
			if len(cfg.Accounts) != 1 || cfg.Accounts[0].Number != 0 || cfg.Accounts[0].Username != "me" ||
				told(res, "Account0", "server") != "dropped the local account does not register" ||
				told(res, "Settings", "accountId") != "dropped there is no such account" {
				t.Errorf("%+v\n%+v", cfg.Accounts, res.Notes)
			}
		}},
		"lines that mean nothing": {"x=1\nhello\n[\n[Settings]\n=3\nAA=1\n[Unknown]\nDND=1\n", func(t *testing.T, _ Result, cfg *config.Config) {
			if !cfg.Settings.AA || cfg.Settings.DND {
				t.Errorf("%+v", cfg.Settings)
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			res := mustConvert(t, Source{INI: []byte(test.ini)})
			test.check(t, res, load(t, res))
		})
	}
}

// tempDir is t.TempDir but on Windows, since wine 8 cannot remove a folder with what is in it.
func tempDir(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "windows" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := tempDir(t)
	touch := func(names ...string) string {
		t.Helper()
		d, err := os.MkdirTemp(dir, "žluť 電話")
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			if err := os.WriteFile(filepath.Join(d, n), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	both := touch("MicroSIP.ini", "contacts.XML", "other.ini", "MicroSIP.exe")
	portable := touch("Sales.ini", "Sales.exe")
	for path, want := range map[string]Files{
		both:                             {filepath.Join(both, "MicroSIP.ini"), filepath.Join(both, "contacts.XML")},
		filepath.Join(both, "other.ini"): {filepath.Join(both, "other.ini"), filepath.Join(both, "contacts.XML")},
		portable:                         {INI: filepath.Join(portable, "Sales.ini")},
		touch("a.ini", "b.ini"):          {},
		touch("a.txt"):                   {},
		filepath.Join(dir, "none"):       {},
	} {
		if got, err := Find(path); got != want || (err == nil) != (want != Files{}) {
			t.Errorf("%s: %+v, %v, want %+v", path, got, err, want)
		}
	}
	t.Setenv("APPDATA", dir)
	if err := os.Rename(portable, filepath.Join(dir, "MicroSIP")); err != nil {
		t.Fatal(err)
	}
	if got, err := Find(""); err != nil || got.INI != filepath.Join(dir, "MicroSIP", "Sales.ini") {
		t.Errorf("found %+v, %v", got, err)
	}
	t.Setenv("APPDATA", "")
	if _, err := Find(""); err == nil {
		t.Error("without %APPDATA% something is found")
	}
}

// Whatever the file is, the result has no mistakes.
func FuzzConvert(f *testing.F) {
	f.Add([]byte("[Settings]\n[Account1]\ndomain=\"d\"\npassword=\"\"\"\"\n[Dialed]\n0=`\n"), true)
	f.Fuzz(func(t *testing.T, data []byte, windows bool) {
		res, err := Convert(Source{INI: data, Windows: windows, Target: "offhook.ini"})
		if err != nil {
			return
		}
		if problems := config.Check(config.Source{Path: "offhook.ini", Data: res.Config}).Errors; len(problems) > 0 {
			t.Fatalf("the result has mistakes:\n%v\n%s", problems, res.Config)
		}
	})
}
