package scenario

import (
	"path/filepath"
	"strings"
	"testing"
)

func noEnv(string) (string, bool) { return "", false }

// TestWrong holds what is said about each file of testdata/wrong to the golden beside it. Warnings are
// part of it.
func TestWrong(t *testing.T) {
	files, err := filepath.Glob("testdata/wrong/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		s, err := Load(filepath.ToSlash(file), Options{Env: noEnv})
		var lines []string
		if err != nil {
			lines = append(lines, err.Error())
		}
		if s != nil && len(s.Warnings) > 0 {
			lines = append(lines, s.Warnings.Error())
		}
		if len(lines) == 0 {
			t.Errorf("%s: nothing is wrong", file)
		}
		golden(t, strings.TrimSuffix(strings.TrimPrefix(filepath.ToSlash(file), "testdata/"), ".yaml")+".txt",
			[]byte(strings.ReplaceAll(strings.Join(lines, "\n"), "testdata/wrong/", "")+"\n"))
	}
}
