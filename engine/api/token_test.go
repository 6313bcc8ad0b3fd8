package api

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestParseTokens(t *testing.T) {
	const secret = "abcdefghijklmnopqrstuvwx"
	tokens, err := ParseTokens([]byte("# comment\n\n  bot call " + secret + "  \r\nadmin admin " + secret + "2\n"))
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]Scope{secret: ScopeCall, secret + "2": ScopeAdmin, secret + "3": ScopeNone, "": ScopeNone} {
		if found, ok := tokens.find(text); ok != (want != ScopeNone) || found.scope != want {
			t.Errorf("%q is %v, %v", text, found, ok)
		}
	}
	if _, ok := (*Tokens)(nil).find(secret); ok {
		t.Error("no tokens have one")
	}
	for text, want := range map[string]string{
		"":                                     "no token",
		"# only\n":                             "no token",
		"bot call\n":                           "line 1",
		"bot call " + secret + " x\n":          "line 1",
		"a read " + secret + "\nb x " + secret: "line 2",
		"a read short\n":                       "22 characters",
		"a read " + secret + "\na call " + secret + "2\n": "line 2",
	} {
		_, err := ParseTokens([]byte(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("the error has the token: %v", err)
		}
	}
}

// A token file that is not there is made, for its owner only, and can be read again.
func TestLoadTokens(t *testing.T) {
	path := filepath.Join(testFolder(t), "new", "tokens")
	made, err := LoadTokens(path)
	if err != nil || len(made.list) != 3 {
		t.Fatalf("made %v, %v", made, err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("permissions %v, %v", info.Mode(), err)
	}
	again, err := LoadTokens(path)
	if err != nil || len(again.list) != 3 || again.list[2] != made.list[2] {
		t.Errorf("read %v, %v", again, err)
	}
	token, err := ReadToken(path)
	if found, ok := again.find(token); err != nil || !ok || found.scope != ScopeAdmin {
		t.Errorf("the widest token is %v, %v, %v", found, ok, err)
	}
	other, err := LoadTokens(filepath.Join(testFolder(t), "tokens"))
	if _, ok := other.find(token); err != nil || ok {
		t.Error("two files have the same token")
	}
	if err := os.WriteFile(path, []byte("\n"+token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadToken(path); err != nil || got != token {
		t.Errorf("a token alone is read as %q, %v", got, err)
	}
	if _, err := LoadTokens(path); err == nil || strings.Contains(err.Error(), token) {
		t.Errorf("a bad token file: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadToken(path); err == nil {
		t.Error("an empty file has a token")
	}
	if runtime.GOOS == "windows" {
		return // modes of files are no access lists
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	for _, read := range []func() error{
		func() error { _, err := LoadTokens(path); return err },
		func() error { _, err := ReadToken(path); return err },
	} {
		if err := read(); err == nil || !strings.Contains(err.Error(), "permissions") {
			t.Errorf("a file for the group: %v", err)
		}
	}
}
