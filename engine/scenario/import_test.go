package scenario

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each import is a scenario that is right, and the one of the golden file.
func TestImport(t *testing.T) {
	files, err := filepath.Glob("testdata/import/*.[xc][ms][lv]")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		read := ImportVoipPatrol
		if filepath.Ext(file) == ".csv" {
			read = ImportSIPpCSV
		}
		s, err := read(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		text, err := s.MarshalYAML()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.ToSlash(strings.TrimPrefix(file, "testdata"+string(filepath.Separator)))+".yaml", text)
		again, err := Parse("imported.yaml", text, Options{NoFiles: true, Env: func(string) (string, bool) { return "x", true }})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, w := range again.Warnings {
			t.Errorf("%s: %v", file, w)
		}
	}
}

func TestImportErrors(t *testing.T) {
	for _, text := range []string{"", "<config><actions/></config>", "<a", `<action type="alert" email="x"/>`, `<action type="wait" complete="true"/>`} {
		if _, err := ImportVoipPatrol(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
	for _, text := range []string{"", "a,b\n1,2\n", "SEQUENTIAL\n", "USER,PRINTF=3\n1\n"} {
		if _, err := ImportSIPpCSV(strings.NewReader(text)); err == nil {
			t.Errorf("%q: no error", text)
		}
	}
}

// FuzzImport: what can be imported can be read.
func FuzzImport(f *testing.F) {
	files, _ := filepath.Glob("testdata/import/*.[xc][ms][lv]")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func([]byte) (*Scenario, error){
			func(b []byte) (*Scenario, error) { return ImportVoipPatrol(bytes.NewReader(b)) },
			func(b []byte) (*Scenario, error) { return ImportSIPpCSV(bytes.NewReader(b)) },
		} {
			s, err := read(data)
			if err != nil {
				continue
			}
			text, err := s.MarshalYAML()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Parse("a.yaml", text, Options{NoFiles: true}); err != nil {
				t.Fatalf("%v\nof\n%s", err, text)
			}
		}
	})
}
