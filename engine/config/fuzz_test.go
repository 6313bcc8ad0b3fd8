package config

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

// FuzzLoad: whatever the file, no panic, every problem has a place in it, the
// result can be printed, and what is right can be written and read again.
func FuzzLoad(f *testing.F) {
	for _, path := range goldenCases(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkLoad(t, data) })
}

// TestLoadMixed does the same with files made of the lines of all cases and of
// all keys, which a fuzzer seldom gets to.
func TestLoadMixed(t *testing.T) {
	var pool []string
	for _, path := range goldenCases(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for l := range strings.Lines(string(data)) {
			pool = append(pool, strings.TrimRight(l, "\r\n"))
		}
	}
	for _, k := range Keys() {
		pool = append(pool, k.Name+" = "+sample(k), k.Name+"-2="+sample(k), k.Name+" =")
	}
	for range 20 {
		pool = append(pool, "[Settings]", "[Account]", "[Account2]", "[AccountDefaults]", "[Calls]")
	}
	random := rand.New(rand.NewPCG(1, 2))
	right := 0
	for range 3000 {
		var b strings.Builder
		for range random.IntN(8) {
			b.WriteString(pool[random.IntN(len(pool))] + "\n")
		}
		if checkLoad(t, []byte(b.String())) {
			right++
		}
		if t.Failed() {
			t.Fatalf("with\n%s", b.String())
		}
	}
	if right < 100 {
		t.Errorf("only %d files had no mistake", right)
	}
}

// checkLoad reports whether the file has no mistake.
func checkLoad(t *testing.T, data []byte) bool {
	// Files that the text names are not the fuzzer's business.
	if bytes.Contains(bytes.ToLower(data), []byte("password_file")) || bytes.Contains(data, []byte{0xff, 0xfe}) && bytes.Contains(data, []byte("_\x00")) {
		return false
	}
	src := Source{Path: "fuzz.ini", Data: data, Env: []string{"X=y"}}
	r := Check(src)
	lines := bytes.Count(data, []byte("\n")) + 1
	for _, p := range r.Errors {
		if p.File != "fuzz.ini" || p.Line < 0 || p.Line > lines || p.Message == "" {
			t.Errorf("problem without its place: %+v", p)
		}
		if strings.HasPrefix(p.Message, "key-value delimiter") || strings.HasPrefix(p.Message, "unclosed section") {
			t.Errorf("ini.v1 was given a line that it refuses: %v", p)
		}
	}
	if out, err := json.Marshal(r); err != nil || !json.Valid(out) {
		t.Errorf("JSON: %v", err)
	}
	edit, err := ParseFile("fuzz.ini", data)
	if err == nil && !bytes.Equal(edit.Bytes(), data) {
		t.Errorf("written back as %q", edit.Bytes())
	}
	if len(r.Errors) > 0 {
		return false
	}
	if err := r.Config.Validate(); err != nil {
		t.Errorf("no problem, but Validate: %v", err)
	}
	text := resolvedText(t, r.Config)
	again, err := Load(Source{Path: "again.ini", Data: []byte(text)})
	if err != nil {
		t.Fatalf("resolved text: %v\n%s", err, text)
	}
	if second := resolvedText(t, again); second != text {
		t.Errorf("resolved text read again\n%s\nwas\n%s", second, text)
	}
	return true
}

// FuzzScan compares the scanner with ini.v1 where it reads the text at all: same
// sections, keys and values.
func FuzzScan(f *testing.F) {
	for _, path := range goldenCases(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("[Settings]\na : b = c\n[ x ] y\nkey=\n")
	f.Fuzz(func(t *testing.T, text string) {
		if strings.HasPrefix(text, "\ufeff") || strings.HasPrefix(text, "\xff\xfe") || strings.HasPrefix(text, "\xfe\xff") {
			return // decode is before the scanner
		}
		type entry struct{ section, name, value string }
		var scanned []entry
		index := map[[2]string]int{}
		section := "default"
		for _, l := range splitLines(text) {
			switch l.kind {
			case badLine:
				return // ini.v1 stops, or reads what the scanner refuses
			case sectionLine:
				section = strings.ToLower(l.name)
				if l.name == "DEFAULT" {
					return // ini.v1 keeps this one in its own case
				}
			case keyLine:
				value := l.value()
				if strings.ContainsAny(l.name[:1], "\"`") || l.name == "-" || strings.HasPrefix(value, "`") || strings.HasPrefix(value, `"""`) {
					return // ini.v1's own inventions, which readLine keeps from it
				}
				id := [2]string{section, strings.ToLower(l.name)}
				if i, ok := index[id]; ok {
					scanned[i].value = value // the last one wins, there
					continue
				}
				index[id] = len(scanned)
				scanned = append(scanned, entry{id[0], id[1], value})
			}
		}
		file, err := readINI(text)
		if err != nil {
			t.Fatalf("the scanner reads it, ini.v1 does not: %v", err)
		}
		count := 0
		for _, s := range file.Sections() {
			for _, k := range s.Keys() {
				count++
				i, ok := index[[2]string{s.Name(), k.Name()}]
				if !ok || scanned[i].value != k.Value() {
					t.Errorf("[%s] %s = %q is not what was scanned: %q", s.Name(), k.Name(), k.Value(), scanned)
				}
			}
		}
		if count != len(scanned) {
			t.Errorf("ini.v1 has %d keys, the scanner %d", count, len(scanned))
		}
	})
}

// FuzzSet: after a change the value is there, and every other line is as it was.
func FuzzSet(f *testing.F) {
	f.Add("[Settings]\nuserAgent = x\n", "Settings", "userAgent", "y")
	f.Add("[Account]\r\nserver=a\r\n", "Account", "label-2", ` "y" `)
	f.Add("", "Account7", "password", "`x")
	f.Add("[Calls]\n0=1", "calls", "0", `"""`)
	f.Fuzz(func(t *testing.T, text, section, key, value string) {
		file, err := ParseFile("x.ini", []byte(text))
		if err != nil {
			return
		}
		before := splitLines(file.text())
		if err := file.Set(section, key, value); err != nil {
			if file.text() != textOf(before) {
				t.Errorf("refused with %v, but changed", err)
			}
			return
		}
		after := splitLines(string(encode(file.text(), utf8Plain)))
		if got := valueIn(after, section, key); got != value {
			t.Errorf("value is %q in\n%s", got, file.text())
		}
		// All old lines in their order, but for one that changed and a line end that
		// the last one got.
		changed, j := 0, 0
		for i, l := range before {
			for j < len(after) && strings.TrimRight(after[j].raw, "\r\n") != strings.TrimRight(l.raw, "\r\n") && len(after)-j > len(before)-i {
				j++
			}
			if j >= len(after) {
				t.Fatalf("line %q is gone:\n%q\n%q", l.raw, text, file.text())
			}
			if after[j].raw != l.raw && !(i == len(before)-1 && strings.HasPrefix(after[j].raw, l.raw)) {
				changed++
			}
			j++
		}
		if changed > 1 {
			t.Errorf("%d lines changed:\n%q\n%q", changed, text, file.text())
		}
	})
}

func textOf(lines []line) string { return (&File{lines: lines}).text() }

func valueIn(lines []line, section, key string) string {
	inside := false
	for _, l := range lines {
		switch {
		case l.kind == sectionLine:
			inside = strings.EqualFold(l.name, section)
		case inside && l.kind == keyLine && sameKey(section, l.name, key):
			return unquote(l.value())
		}
	}
	return "no such key"
}
