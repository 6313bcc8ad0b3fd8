package main

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

const notesFile = "pjsua/internal/apicoverage/names.txt"

// reasons why a row may have no Go name. "superseded" takes what by.
var reasons = []string{"video", "AVI", "external sound device", "superseded", "C memory management", "not compiled"}

// note is a line of names.txt.
type note struct {
	line    int
	pattern string   // a row, or a pattern of path.Match for the rows with a reason
	goNames []string // or
	reason  string
	by      string // of superseded
	used    bool
}

// readNotes reads lines of the forms
//
//	ROW = GoName, GoName
//	ROW - reason
//	ROW - superseded by WHAT, another row, a Go name, or one of the standard library
//
// and comments from # to the end of the line.
func readNotes(name string) ([]*note, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var out []*note
	lines := bufio.NewScanner(file)
	for line := 1; lines.Scan(); line++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		if len(words) < 3 {
			return nil, fmt.Errorf("%s:%d: want ROW = NAMES or ROW - REASON", name, line)
		}
		n := &note{line: line, pattern: words[0]}
		rest := strings.Join(words[2:], " ")
		switch words[1] {
		case "=":
			n.goNames = strings.Split(rest, ", ")
		case "-":
			n.reason, n.by, _ = strings.Cut(rest, " by ")
			if !slices.Contains(reasons, n.reason) {
				return nil, fmt.Errorf("%s:%d: %q is not one of the reasons %q", name, line, n.reason, reasons)
			}
			if (n.reason == "superseded") != (n.by != "") {
				return nil, fmt.Errorf("%s:%d: superseded takes by what, and only that does", name, line)
			}
		default:
			return nil, fmt.Errorf("%s:%d: %q is neither = nor -", name, line, words[1])
		}
		if _, err := path.Match(n.pattern, ""); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		out = append(out, n)
	}
	return out, lines.Err()
}
