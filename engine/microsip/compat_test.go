package microsip

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestCompatibility holds docs/microsip-compat.md to the list of what MicroSIP does, and
// to the tests that there are.
func TestCompatibility(t *testing.T) {
	root := filepath.Join("..", "..")
	page, err := os.ReadFile(filepath.Join(root, "docs", "microsip-compat.md"))
	if err != nil {
		t.Fatal(err)
	}
	list, err := os.ReadFile(filepath.Join("testdata", "features.txt"))
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t, root)
	cell := regexp.MustCompile("`(\\w+)`")
	var rows []string
	section := ""
	for line := range strings.Lines(strings.ReplaceAll(string(page), "\r\n", "\n")) {
		line = strings.TrimSpace(line)
		if title, ok := strings.CutPrefix(line, "## "); ok {
			section = title
			rows = append(rows, "# "+section)
		}
		cells := strings.Split(strings.ReplaceAll(line, `\|`, "\x00"), "|")
		if len(cells) != 6 || section == "" || cells[1] == " Feature " || cells[1] == "---" {
			continue
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cells[i], "\x00", "|"))
		}
		feature, state, how, named := cells[1], cells[2], cells[3], cell.FindAllStringSubmatch(cells[4], -1)
		rows = append(rows, feature)
		switch state {
		case "works":
			if named == nil {
				t.Errorf("%s, %s: works, and no test shows it", section, feature)
			}
		case "differs":
			if how == "" {
				t.Errorf("%s, %s: differs, and nothing says how", section, feature)
			}
		case "screen only", "missing":
		default:
			t.Errorf("%s, %s: the state is %q", section, feature, state)
		}
		for _, name := range named {
			if !tests[name[1]] {
				t.Errorf("%s, %s: there is no test %s", section, feature, name[1])
			}
		}
		if got := len(named); got != strings.Count(cells[4], "`")/2 {
			t.Errorf("%s, %s: not all of %s are names of tests", section, feature, cells[4])
		}
	}
	want := strings.Split(strings.TrimSpace(strings.ReplaceAll(string(list), "\r\n", "\n")), "\n")
	if len(want) < 200 {
		t.Errorf("the list has %d features only", len(want))
	}
	for _, f := range want {
		if !slices.Contains(rows, f) {
			t.Errorf("no row for %s", f)
		}
	}
	for _, r := range rows {
		if !slices.Contains(want, r) {
			t.Errorf("a row that is not in the list: %s", r)
		}
	}
}

// testNames are the tests of the whole project.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	for _, top := range []string{"cmd", "engine", "pjsua", "test"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range function.FindAllSubmatch(text, -1) {
				names[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}
