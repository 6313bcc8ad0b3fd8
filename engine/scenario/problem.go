package scenario

import (
	"fmt"
	"slices"
	"strings"

	"github.com/offhook-voip/offhook/engine/nearest"
)

// Problem is one mistake in a scenario, or a warning. It never holds a secret.
type Problem struct {
	Position
	// Message says what is wrong and what is right.
	Message string `json:"message"`
	// Nearest is the valid word that is nearest to what stands there, if any is.
	Nearest string `json:"nearest,omitempty"`
	// Allowed are the valid words, where there are few.
	Allowed []string `json:"allowed,omitempty"`
	// Warning is that nothing is wrong for sure.
	Warning bool `json:"warning,omitempty"`
}

// Error gives "ivr.yaml:12:5: message", as compilers do.
func (p Problem) Error() string {
	var b strings.Builder
	if at := p.Position.String(); at != "" {
		b.WriteString(at + ": ")
	}
	if p.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Message)
	if p.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %s?", p.Nearest)
	}
	if len(p.Allowed) > 0 {
		b.WriteString(" (" + join(p.Allowed, "or") + ")")
	}
	return b.String()
}

// String gives "ivr.yaml:12:5".
func (p Position) String() string {
	s := p.File
	if p.Line > 0 {
		if s != "" {
			s += ":"
		}
		s += fmt.Sprintf("%d:%d", p.Line, p.Column)
	}
	return s
}

// Problems are all mistakes of a scenario and of those that it calls, by file and line.
type Problems []Problem

// Error gives one line for each problem.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each Problem.
func (p Problems) Unwrap() []error {
	list := make([]error, len(p))
	for i := range p {
		list[i] = p[i]
	}
	return list
}

// sort puts problems in the order of the file, those of the first file first, and takes out those
// that are there twice.
func (p *Problems) sort() {
	files := map[string]int{}
	for _, problem := range *p {
		if _, ok := files[problem.File]; !ok {
			files[problem.File] = len(files)
		}
	}
	slices.SortStableFunc(*p, func(a, b Problem) int {
		if d := files[a.File] - files[b.File]; d != 0 {
			return d
		}
		if d := a.Line - b.Line; d != 0 {
			return d
		}
		return a.Column - b.Column
	})
	*p = slices.CompactFunc(*p, func(a, b Problem) bool { return a.Position == b.Position && a.Message == b.Message })
}

// unknownWord is the error of a value that is none of a few words.
type unknownWord struct {
	kind, word string
	allowed    []string
}

func (e unknownWord) Error() string { return fmt.Sprintf("unknown %s %q", e.kind, e.word) }

// near is the nearest of words, empty where none is near: a guess that is no help confuses.
func near(word string, allowed []string) string {
	return nearest.Near(word, allowed)
}
