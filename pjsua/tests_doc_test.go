package pjsua

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// What docs/tests.md names is a test.
func TestTableOfTests(t *testing.T) {
	name := regexp.MustCompile(`\bTest[A-Z]\w*`)
	tests := map[string]bool{}
	for _, glob := range []string{"*_test.go", "../test/*/*_test.go"} {
		files, err := filepath.Glob(glob)
		if err != nil || files == nil {
			t.Fatalf("%s: %v", glob, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				tests[m[1]] = true
			}
		}
	}
	table, err := os.ReadFile("../docs/tests.md")
	if err != nil {
		t.Fatal(err)
	}
	found := name.FindAllString(string(table), -1)
	if len(found) == 0 {
		t.Error("the table names no test")
	}
	for _, n := range found {
		if !tests[n] {
			t.Errorf("there is no %s", n)
		}
	}
}
