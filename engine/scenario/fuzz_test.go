package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

// FuzzParse: no file makes the parser panic, and what can be read can be written and read again as
// the same.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yaml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("actors: {a: }\nsteps:\n- dial: {to: [sip:1@a], headers: {X: [\"${a:-${b}}\", 'y']}}\n- hangup\n"))
	f.Add([]byte("actors: &a {a: *a}\nsteps: &b\n- <<: {play: a.wav}\n  if: \"'=' == ${x}\"\n"))
	opts := Options{NoFiles: true, Env: func(name string) (string, bool) { return name, name != "" }}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("a.yaml", data, opts)
		if err != nil {
			return
		}
		text, err := s.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("a.yaml", text, opts)
		if err != nil {
			t.Fatalf("%v\nof\n%s\nwritten as\n%s", err, data, text)
		}
		if d := difference(reflect.ValueOf(s), reflect.ValueOf(again), ""); d != "" {
			t.Fatalf("%s\nof\n%s\nwritten as\n%s", d, data, text)
		}
		list, err := s.Expand()
		if err != nil {
			return
		}
		for _, i := range list[:min(len(list), 3)] {
			vars := i.Vars()
			for _, step := range s.Steps {
				_, _ = step.Expand(vars)
			}
		}
	})
}
