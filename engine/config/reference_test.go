package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReference holds the tables of docs/config.md to the table of keys; go test
// -update writes them into the page.
func TestReference(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "config.md")
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page = bytes.ReplaceAll(page, []byte("\r\n"), []byte("\n"))
	documented := map[string]bool{}
	for name, want := range map[string]func(Key) bool{
		"settings": func(k Key) bool { return k.Scope == SettingScope && k.Flag != "" },
		"accounts": func(k Key) bool { return k.Scope == AccountScope },
		"rules":    func(k Key) bool { return k.Scope == RuleScope },
		"window":   func(k Key) bool { return k.Scope == SettingScope && k.Flag == "" },
	} {
		begin, end := fmt.Sprintf("<!-- begin %s: written by go test -update ./engine/config -->\n", name), "<!-- end "+name+" -->\n"
		i, j := bytes.Index(page, []byte(begin)), bytes.Index(page, []byte(end))
		if i < 0 || j < i {
			t.Fatalf("%s has no place for the table of %s", path, name)
		}
		table := "| Key | Type | Default | Status | Meaning |\n|---|---|---|---|---|\n"
		for _, k := range Keys() {
			if want(k) {
				table += tableRow(k)
				documented[string(k.Scope)+k.Name] = true
			}
		}
		page = []byte(string(page[:i]) + begin + table + string(page[j:]))
	}
	if len(documented) != len(Keys()) {
		t.Errorf("%d of %d keys are in the page", len(documented), len(Keys()))
	}
	compareGolden(t, path, page)
}

func tableRow(k Key) string {
	typ := string(k.Type)
	switch {
	case k.Type == Choice:
		var list []string
		for _, c := range k.Choices {
			if c == "" {
				list = append(list, "empty")
			} else {
				list = append(list, "`"+c+"`")
			}
		}
		typ = strings.Join(list, ", ")
	case k.Type == Integer && k.Flag != "" && k.Max < maxInt:
		typ += fmt.Sprintf(" %d–%d", k.Min, k.Max)
	}
	standard := "`" + k.Default + "`"
	if k.Default == "" {
		standard = ""
	}
	meaning := strings.ReplaceAll(k.Doc, "|", `\|`)
	if k.Own {
		meaning += " *Offhook's own.*"
	}
	return fmt.Sprintf("| `%s` | %s | %s | %s | %s |\n", k.Name, typ, standard, k.Status, meaning)
}
