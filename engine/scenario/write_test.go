package scenario

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestWriteGolden(t *testing.T) {
	s, err := Parse("all.yaml", readTestFile(t, "all.yaml"), Options{NoFiles: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Comment = "The first comment\nof two lines."
	s.Steps[1].Comment = "Above a step."
	text, err := s.MarshalYAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "all.written.yaml", text)
	again, err := Parse("all.yaml", text, Options{NoFiles: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d := difference(reflect.ValueOf(s), reflect.ValueOf(again), ""); d != "" {
		t.Errorf("%s\n%s", d, text)
	}
}

func readTestFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}
