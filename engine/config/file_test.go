package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestRoundTrip: a file that was not changed is written byte for byte as it was.
// A password takes the place of the one that stands in the file, and of nothing else.
func TestSetPassword(t *testing.T) {
	const text = "[AccountDefaults]\npassword = d\n[Account]\nserver = a\npassword = old ; 1\nserver-2 = a\npassword-2 =\n" +
		"server-4 = a\npassword-4 = ${FOUR}\nserver-5 = a\npassword_file-5 = five\nserver-6 = a\n[Account3]\nserver = a\npassword=3\n"
	for number, change := range map[int]struct{ old, new string }{
		1: {"password = old ; 1\n", "password = new\n"}, 2: {"password-2 =\n", "password-2 =new\n"}, 3: {"password=3\n", "password=new\n"},
		4: {}, 5: {}, 6: {}, 7: {},
	} {
		f, err := ParseFile("offhook.ini", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		found, err := f.SetPassword(number, NewSecret("new"))
		if err != nil || found != (change.old != "") {
			t.Errorf("%d: %v, %v", number, found, err)
		}
		if got, want := string(f.Bytes()), strings.Replace(text, change.old, change.new, 1); got != want {
			t.Errorf("%d: %q, want %q", number, got, want)
		}
	}
	f, err := ParseFile("offhook.ini", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.SetPassword(1, NewSecret("${1}")); err == nil || string(f.Bytes()) != text {
		t.Errorf("a password that is no plain one: %v", err)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, path := range goldenCases(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		inputs := [][]byte{data, bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")), append([]byte("\ufeff"), data...)}
		if text, _, err := decode(data); err == nil && !bytes.Contains(data, []byte{0xe9}) {
			inputs = append(inputs, encode(text, utf16LE))
		}
		for i, in := range inputs {
			f, err := ParseFile(path, in)
			if err != nil {
				t.Fatalf("%s, form %d: %v", path, i, err)
			}
			if out := f.Bytes(); !bytes.Equal(in, out) {
				t.Errorf("%s, form %d:\n%q\nbecame\n%q", path, i, in, out)
			}
		}
	}
}

func TestSet(t *testing.T) {
	const text = "; top\n\n[settings]\nsourcePort  =  5060   \n; kept\nuserAgent = \"x\"\n\n[Calls]\n0=a;b\n\n[Account]\nserver = a.example.com\nserver-2=b.example.com\ndomain =\n; end"
	tests := []struct {
		name, section, key, value string
		old, new                  string // what changes in text
	}{
		{"in place", "Settings", "sourcePort", "5070", "=  5060   \n", "=  5070   \n"},
		{"any case", "SETTINGS", "SOURCEPORT", "5070", "=  5060   \n", "=  5070   \n"},
		{"quotes", "Settings", "userAgent", " y ", `"x"`, `" y "`},
		{"quotes in quotes", "Settings", "userAgent", `"y"`, `"x"`, `""y""`},
		{"one quote", "Settings", "userAgent", `"`, `"x"`, `"`},
		{"empty", "Settings", "userAgent", "", `"x"`, ``},
		{"after an empty one", "Account", "domain", "d.example.com", "domain =\n", "domain =d.example.com\n"},
		{"comment sign", "Settings", "userAgent", "a ; b#c", `"x"`, `a ; b#c`},
		{"new key", "Settings", "VAD", "1", "\"x\"\n", "\"x\"\nVAD = 1\n"},
		{"new key of an account", "Account", "username-2", "1002", "domain =\n", "domain =\nusername-2 = 1002\n"},
		{"other suffix", "Account", "server-1", "c.example.com", "a.example.com", "c.example.com"},
		{"password", "Account", "password-2", secretMark, "domain =\n", "domain =\npassword-2 = " + secretMark + "\n"},
		{"new key as its neighbour", "Calls", "1", "c", "0=a;b\n", "0=a;b\n1=c\n"},
		{"kept section", "Calls", "0", "c=d", "0=a;b", "0=c=d"},
		{"new section", "Account3", "server", "d.example.com", "; end", "; end\n\n[Account3]\nserver = d.example.com\n"},
	}
	for _, enc := range []encoding{utf8Plain, utf8BOM, utf16LE} {
		for _, eol := range []string{"\n", "\r\n"} {
			for _, tt := range tests {
				before := strings.ReplaceAll(text, "\n", eol)
				want := strings.ReplaceAll(strings.Replace(text, tt.old, tt.new, 1), "\n", eol)
				f, err := ParseFile("x.ini", encode(before, enc))
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Set(tt.section, tt.key, tt.value); err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
				if got := f.Bytes(); !bytes.Equal(got, encode(want, enc)) {
					t.Errorf("%s, encoding %d: got\n%q\nwant\n%q", tt.name, enc, got, encode(want, enc))
				}
			}
		}
	}
}

func TestSetNewFile(t *testing.T) {
	f, err := ParseFile("x.ini", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, kv := range [][3]string{{"Settings", "sourcePort", "5060"}, {"Account", "server", "pbx.example.com"}, {"Settings", "VAD", "1"}} {
		if err := f.Set(kv[0], kv[1], kv[2]); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := string(f.Bytes()), "[Settings]\nsourcePort = 5060\nVAD = 1\n\n[Account]\nserver = pbx.example.com\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestSetRefuses(t *testing.T) {
	const text = "[Settings]\nmediaPortMin = 1\n[Account]\nserver = a.example.com\npassword = " + secretMark + "\n"
	tests := []struct{ name, section, key, value, message string }{
		{"unknown key", "Settings", "sorcePort", "1", "sourcePort"},
		{"bad value", "Settings", "sourcePort", "x", "whole number"},
		{"bad value, alias", "Settings", "rtpPortMin", "x", "whole number"},
		{"unknown section", "Setings", "sourcePort", "1", "[Settings]"},
		{"other form", "Account1", "username", "1", "both"},
		{"second password", "Account", "password_file", "x", "already"},
		{"line break", "Settings", "userAgent", "a\nb", "line break"},
		{"line break in password", "Account", "password", secretMark + "\n", "line break"},
		{"no line", "Calls", "a=b", "c", "cannot be written"},
		{"no key", "Calls", "", "c", "cannot be written"},
		{"a comment", "Calls", ";a", "c", "cannot be written"},
		{"not UTF-8", "Settings", "userAgent", "\xff", "UTF-8"},
		{"section with a line", "Set]\n[tings", "userAgent", "x", "line break"},
	}
	for _, tt := range tests {
		f, err := ParseFile("x.ini", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		err = f.Set(tt.section, tt.key, tt.value)
		var p Problem
		if !errors.As(err, &p) || !strings.Contains(p.Message, tt.message) || p.File != "x.ini" {
			t.Errorf("%s: error is %v, want one about %q", tt.name, err, tt.message)
		}
		if strings.Contains(errorText(err), secretMark) {
			t.Errorf("%s: the error prints a password: %v", tt.name, err)
		}
		if string(f.Bytes()) != text {
			t.Errorf("%s: refused, but the text became\n%s", tt.name, f.Bytes())
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestSetFileWithMistakes: mistakes that were there do not stop an edit.
func TestSetFileWithMistakes(t *testing.T) {
	f, err := ReadFile("testdata/ten-mistakes.ini")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Set("Settings", "sourcePort", "5060"); err != nil {
		t.Error(err)
	}
	if err := f.Set("Settings", "sourcePort", "70000"); err == nil {
		t.Error("a new mistake was taken")
	}
}

func TestSave(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "offhook.ini")
	f, err := ParseFile(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	save := func(port string) {
		t.Helper()
		if err := f.Set("Settings", "sourcePort", port); err != nil {
			t.Fatal(err)
		}
		if err := f.Save(); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load(Source{Path: path})
		if err != nil || strings.TrimSpace(port) != "" && cfg.Settings.SourcePort == 0 {
			t.Fatalf("saved %s, read %d, %v", port, cfg.Settings.SourcePort, err)
		}
	}
	mode := func() fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	save("5060")
	if runtime.GOOS != "windows" {
		if mode() != 0o600 {
			t.Errorf("mode of a new file is %v", mode())
		}
		if err := os.Chmod(path, 0o640); err != nil {
			t.Fatal(err)
		}
		save("5061")
		if mode() != 0o640 {
			t.Errorf("mode became %v", mode())
		}
		link := filepath.Join(dir, "link.ini")
		if err := os.Symlink(path, link); err != nil {
			t.Fatal(err)
		}
		f.path = link
		save("5062")
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link became %v, %v", info.Mode(), err)
		}
		f.path = path
	}
	save("5063")
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".") {
			t.Errorf("%s was left", n.Name())
		}
	}
}

// TestSaveFails: the old file stays, and nothing is left beside it.
func TestSaveFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := ParseFile(path, []byte("[Settings]\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(); err == nil {
		t.Error("a folder was replaced by a file")
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 {
		t.Errorf("left: %v, %v", names, err)
	}
}

func TestReadFileMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing.ini")
	if _, err := ReadFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("ReadFile: %v", err)
	}
	_, err := Load(Source{Path: path})
	var all Errors
	if !errors.As(err, &all) || len(all) != 1 || all[0] != (Problem{File: path, Message: "the file does not exist"}) {
		t.Errorf("Load: %#v", err)
	}
}

func TestUnreadable(t *testing.T) {
	tests := []struct {
		name, data, message string
	}{
		{"UTF-16BE", "\xfe\xff\x00[", "UTF-16BE"},
		{"UTF-16 without mark", "[\x00S\x00", "without a byte order mark"},
		{"odd length", "\xff\xfe[\x00]", "ends within a character"},
		{"half a pair", "\xff\xfe[\x00\n\x00\x00\xd8[\x00", "half a character in line 2"},
		{"second half", "\xff\xfe\x00\xdc", "half a character in line 1"},
	}
	for _, tt := range tests {
		_, err := Load(Source{Path: "x.ini", Data: []byte(tt.data)})
		if !strings.HasPrefix(errorText(err), "x.ini: ") || !strings.Contains(errorText(err), tt.message) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if _, err := ParseFile("x.ini", []byte(tt.data)); err == nil {
			t.Errorf("%s: was taken for editing", tt.name)
		}
	}
	if _, err := Load(Source{Path: "/dev/zero"}); runtime.GOOS == "linux" && !strings.Contains(errorText(err), "larger") {
		t.Errorf("endless file: %v", err)
	}
}
