package config

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// secretMark is in every password of the tests, and in nothing that is printed.
const secretMark = "s3cr3t"

// ownEnv is what the program passes.
var ownEnv = []string{"OFFHOOK_CONFIG", "OFFHOOK_TEST_*"}

// goldenSource reads a case: an INI file, with the environment and the flags in
// comments that start with ";!".
func goldenSource(t testing.TB, path string) Source {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	src := Source{Path: filepath.ToSlash(path), Data: data, OwnEnv: ownEnv}
	for text := range strings.Lines(string(data)) {
		rest, ok := strings.CutPrefix(strings.TrimRight(text, "\r\n"), ";! ")
		if !ok {
			continue
		}
		kind, value, _ := strings.Cut(rest, " ")
		switch kind {
		case "env":
			src.Env = append(src.Env, value)
		case "flag":
			name, value, _ := strings.Cut(value, "=")
			src.Flags = append(src.Flags, Flag{name, value})
		default:
			t.Fatalf("%s: %q is neither env nor flag", path, kind)
		}
	}
	return src
}

// goldenJSON is a result without the settings and the members of accounts that are
// defaults, so that a golden file shows the rule it is about.
func goldenJSON(t testing.TB, r Result) []byte {
	var full, defaults map[string]any
	unmarshal(t, r, &full)
	plain := Check(Source{Flags: []Flag{{"server", "default.invalid"}}})
	unmarshal(t, plain, &defaults)
	drop := func(from, def any) {
		for name, value := range def.(map[string]any) {
			if from := from.(map[string]any); reflect.DeepEqual(from[name], value) {
				delete(from, name)
			}
		}
	}
	drop(full["settings"], defaults["settings"])
	for _, acc := range full["accounts"].([]any) {
		number := acc.(map[string]any)["number"]
		drop(acc, defaults["accounts"].([]any)[0])
		acc.(map[string]any)["number"] = number
	}
	out, err := json.MarshalIndent(full, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

func unmarshal(t testing.TB, r Result, to any) {
	data, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, to); err != nil {
		t.Fatal(err)
	}
}

func goldenCases(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/*.ini")
	if err != nil || len(paths) == 0 {
		t.Fatal("no testdata", err)
	}
	return paths
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want = bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")); !bytes.Equal(got, want) {
		t.Errorf("%s differs; if it should, run go test -update\n--- got\n%s--- want\n%s", path, got, want)
	}
}

// TestGolden holds each rule of the configuration to one file.
func TestGolden(t *testing.T) {
	for _, path := range goldenCases(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".ini"), func(t *testing.T) {
			r := Check(goldenSource(t, path))
			compareGolden(t, strings.TrimSuffix(path, ".ini")+".json", goldenJSON(t, r))
		})
	}
}

// TestEncodings reads every case in each encoding and with each line end.
func TestEncodings(t *testing.T) {
	for _, path := range goldenCases(t) {
		src := goldenSource(t, path)
		text := string(src.Data)
		if strings.ContainsRune(text, '\r') || bytes.Contains(src.Data, []byte{0xe9}) {
			continue // control.ini is about bytes
		}
		want := goldenJSON(t, Check(src))
		for _, enc := range []encoding{utf8Plain, utf8BOM, utf16LE} {
			for _, eol := range []string{"\n", "\r\n"} {
				src.Data = encode(strings.ReplaceAll(text, "\n", eol), enc)
				if got := goldenJSON(t, Check(src)); !bytes.Equal(got, want) {
					t.Errorf("%s in encoding %d with line end %q:\n%s--- want\n%s", path, enc, eol, got, want)
				}
			}
		}
	}
}

// TestResolvedAgain reads what WriteResolved wrote: but for the passwords it is the
// same configuration.
func TestResolvedAgain(t *testing.T) {
	count := 0
	for _, path := range goldenCases(t) {
		cfg := Check(goldenSource(t, path)).Config
		if err := cfg.Validate(); err != nil {
			if len(Check(goldenSource(t, path)).Errors) == 0 {
				t.Errorf("%s: no problem but Validate: %v", path, err)
			}
			continue // no configuration to write
		}
		count++
		text := resolvedText(t, cfg)
		again, err := Load(Source{Path: cfg.Path, Data: []byte(text)})
		if err != nil {
			t.Errorf("%s: %v\n%s", path, err, text)
			continue
		}
		for i := range cfg.Accounts {
			if had, has := cfg.Accounts[i].Password.Reveal(), again.Accounts[i].Password.Reveal(); (had != "") != (has == redacted) {
				t.Errorf("%s: password of account %d is written as %q", path, cfg.Accounts[i].Number, has)
			}
			cfg.Accounts[i].Password, again.Accounts[i].Password = Secret{}, Secret{}
			cfg.Accounts[i].TURNPassword, again.Accounts[i].TURNPassword = Secret{}, Secret{}
		}
		if !reflect.DeepEqual(cfg, again) {
			t.Errorf("%s: read again, differs:\n%+v\n%+v\n%s", path, cfg, again, text)
		}
	}
	if count < 20 {
		t.Errorf("only %d cases could be written", count)
	}
}

func resolvedText(t testing.TB, cfg *Config) string {
	var b strings.Builder
	if err := cfg.WriteResolved(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestNoSecretPrinted looks for the passwords of all cases in everything that can
// be printed of them.
func TestNoSecretPrinted(t *testing.T) {
	found := 0
	for _, path := range goldenCases(t) {
		src := goldenSource(t, path)
		r := Check(src)
		out, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		printed := string(out) + resolvedText(t, r.Config) + r.Errors.Error()
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			printed += fmt.Sprintf(verb, r) + fmt.Sprintf(verb, *r.Config) + fmt.Sprintf(verb, r.Config.Accounts)
		}
		for _, form := range []string{secretMark, fmt.Sprintf("%x", secretMark), strings.Trim(fmt.Sprint([]byte(secretMark)), "[]")} {
			if strings.Contains(printed, form) {
				t.Errorf("%s: a password is printed", path)
			}
		}
		for _, acc := range r.Config.Accounts {
			found += strings.Count(acc.Password.Reveal(), secretMark)
		}
	}
	if found < 10 {
		t.Errorf("only %d accounts have a marked password: the test looks for nothing", found)
	}
}

func TestTenMistakes(t *testing.T) {
	_, err := Load(Source{Path: "testdata/ten-mistakes.ini"})
	problems, ok := err.(Errors)
	if !ok {
		t.Fatalf("error is %T %v", err, err)
	}
	var lines []int
	for _, p := range problems {
		if p.File != "testdata/ten-mistakes.ini" || p.Message == "" {
			t.Errorf("incomplete problem %+v", p)
		}
		lines = append(lines, p.Line)
	}
	if want := []int{2, 3, 5, 6, 7, 9, 12, 14, 16, 18}; !reflect.DeepEqual(lines, want) {
		t.Errorf("problems in lines %v, want %v:\n%v", lines, want, err)
	}
}
