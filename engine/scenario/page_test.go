package scenario

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua/secret"
)

const pagePath = "../../docs/scenarios.md"

func readPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(pagePath)
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.ReplaceAll(page, []byte("\r\n"), []byte("\n")))
}

// TestPage holds the reference of docs/scenarios.md to the types and their comments; go test -update
// writes it into the page.
func TestPage(t *testing.T) {
	page := readPage(t)
	docs := comments(t)
	for name, text := range map[string]string{
		"scenario":   keyTable(t, docs, reflect.TypeFor[Scenario]()),
		"actor":      keyTable(t, docs, reflect.TypeFor[Actor]()),
		"impairment": keyTable(t, docs, reflect.TypeFor[Impairment]()),
		"rows":       keyTable(t, docs, reflect.TypeFor[Rows]()),
		"step":       keyTable(t, docs, reflect.TypeFor[Step]()),
		"actions":    actionReference(t, docs),
	} {
		begin, end := fmt.Sprintf("<!-- begin %s: written by go test -update ./engine/scenario -->\n", name), "<!-- end "+name+" -->\n"
		i, j := strings.Index(page, begin), strings.Index(page, end)
		if i < 0 || j < i {
			t.Fatalf("%s has no place for %s", pagePath, name)
		}
		page = page[:i] + begin + text + page[j:]
	}
	compareFile(t, pagePath, []byte(page))
}

func keyTable(t *testing.T, docs map[string]string, typ reflect.Type) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| key | value | |\n|---|---|---|\n")
	for _, f := range fieldsOf(typ) {
		text := fieldComment(t, docs, typ, f)
		if f.required {
			text += " **Needed.**"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.key, valueName(typ.Field(f.index).Type), strings.ReplaceAll(text, "|", `\|`))
	}
	return b.String()
}

func actionReference(t *testing.T, docs map[string]string) string {
	t.Helper()
	samples := actionSamples(t)
	var b strings.Builder
	for i, a := range actions {
		typ := reflect.TypeOf(a).Elem()
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s\n\n%s\n\n```yaml\n%s```\n", a.Name(), typeComment(t, docs, typ), samples[a.Name()])
		fields := fieldsOf(typ)
		if len(fields) > 0 && !fields[0].inline {
			b.WriteString("\n" + keyTable(t, docs, typ))
		}
		for _, f := range fields {
			if f.short && !f.inline {
				fmt.Fprintf(&b, "\nA value that is no map is `%s`.\n", f.key)
			}
		}
	}
	return b.String()
}

// actionSamples are the samples of testdata/samples.yaml, one or more for each action, by its name. They
// are right.
func actionSamples(t *testing.T) map[string]string {
	t.Helper()
	data := string(readTestFile(t, "samples.yaml"))
	if _, err := Parse("samples.yaml", []byte(data), Options{NoFiles: true}); err != nil {
		t.Errorf("%v", err)
	}
	_, steps, ok := strings.Cut(data, "\nsteps:\n")
	if !ok {
		t.Fatal("samples.yaml has no steps")
	}
	samples := map[string]string{}
	for part := range strings.SplitSeq("\n"+steps, "\n  # ") {
		name, sample, _ := strings.Cut(part, "\n")
		if name == "" {
			continue
		}
		if actionTypes[name] == nil {
			t.Errorf("samples.yaml: %q is no action", name)
		}
		var b strings.Builder
		for line := range strings.Lines(strings.TrimRight(sample, "\n") + "\n") {
			b.WriteString(strings.TrimPrefix(line, "  "))
		}
		if !strings.Contains(b.String(), name) {
			t.Errorf("samples.yaml: the sample of %s has none", name)
		}
		samples[name] = b.String()
	}
	for _, a := range actions {
		if samples[a.Name()] == "" {
			t.Errorf("samples.yaml: there is no sample of %s", a.Name())
		}
	}
	return samples
}

// valueName says what kind of value a key has.
func valueName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[[]Step]():
		return "list of [steps](#steps)"
	case reflect.TypeFor[[]Actor]():
		return "map of [actors](#actors)"
	case reflect.TypeFor[Pairs]():
		return "map"
	case reflect.TypeFor[Matrix]():
		return "[matrix](#rows-and-matrix)"
	case reflect.TypeFor[*Rows]():
		return "[rows](#rows-and-matrix)"
	case reflect.TypeFor[[]Impairment]():
		return "[impairment](#impairment), or a list of two"
	case reflect.TypeFor[time.Duration]():
		return "time"
	case reflect.TypeFor[DurationRange]():
		return "time, or two with `..`"
	case reflect.TypeFor[Percent]():
		return "share"
	case reflect.TypeFor[Codes]():
		return "code, or a list"
	case reflect.TypeFor[MessageKind]():
		return "method or code"
	case reflect.TypeFor[Condition]():
		return "[condition](#conditions)"
	case reflect.TypeFor[secret.Text]():
		return "text"
	case reflect.TypeFor[Pattern]():
		return "regular expression"
	case reflect.TypeFor[SoundFile]():
		return "sound file"
	}
	if list := words[t.Name()]; list != nil {
		return "`" + strings.Join(list, "`, `") + "`"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return valueName(t.Elem())
	case reflect.Slice:
		return valueName(t.Elem()) + ", or a list"
	case reflect.Bool:
		return "`true` or `false`"
	case reflect.Int, reflect.Float64:
		return "number"
	}
	return "text"
}

// pageSamples are the whole scenarios of the page.
func pageSamples(t *testing.T) []string {
	t.Helper()
	var list []string
	for i, part := range strings.Split(readPage(t), "```") {
		if body, ok := strings.CutPrefix(part, "yaml\n"); ok && i%2 == 1 && strings.Contains("\n"+body, "\nsteps:") {
			list = append(list, body)
		}
	}
	return list
}

// TestPageSamples: the scenarios of the page are right.
func TestPageSamples(t *testing.T) {
	samples := pageSamples(t)
	if len(samples) < 3 {
		t.Errorf("%d samples are few", len(samples))
	}
	for _, sample := range samples {
		s, err := Parse("sample.yaml", []byte(sample), Options{NoFiles: true, Env: func(string) (string, bool) { return "x", true }})
		if err != nil {
			t.Errorf("%v\n%s", err, sample)
			continue
		}
		for _, w := range s.Warnings {
			t.Errorf("%v\n%s", w, sample)
		}
	}
}
