package config

import (
	"strings"
	"unicode"
)

// lineKind is what a line of an INI file is.
type lineKind int

const (
	blankLine lineKind = iota
	commentLine
	sectionLine
	keyLine
	badLine // text says why
)

// line is one line of a file. The scanner sees lines as ini.v1 does with the
// options of readINI, except that a value is always one line and the name of a key
// is never quoted; FuzzScan compares the two.
type line struct {
	raw  string // with its line end
	kind lineKind
	// bracket marks a badLine that was meant as a section.
	bracket bool
	// name is the section or the key, as written; of a badLine the reason.
	name string
	// value stands at raw[start:end], without the white space around it and with
	// its quotes.
	start, end int
}

func (l line) value() string { return l.raw[l.start:l.end] }

// splitLines cuts text after each \n. The last line has no line end where the text
// has none.
func splitLines(text string) []line {
	var lines []line
	for raw := range strings.Lines(text) {
		lines = append(lines, scanLine(raw))
	}
	return lines
}

func scanLine(raw string) line {
	l := line{raw: raw}
	body := strings.TrimLeftFunc(raw, unicode.IsSpace)
	if body == "" {
		return l
	}
	switch body[0] {
	case ';', '#':
		l.kind = commentLine
		return l
	case '[':
		end := strings.LastIndexByte(body, ']')
		switch {
		case end < 0:
			l.kind, l.bracket, l.name = badLine, true, "the section has no ]"
		case end == 1:
			l.kind, l.bracket, l.name = badLine, true, "the section has no name"
		default:
			l.kind, l.name = sectionLine, body[1:end]
		}
		return l
	}
	name, after, found := strings.Cut(body, "=")
	name = strings.TrimSpace(name)
	switch {
	case !found:
		l.kind, l.name = badLine, "neither a section, nor key = value, nor a comment"
		return l
	case name == "":
		l.kind, l.name = badLine, "there is no key before the ="
		return l
	}
	l.kind, l.name = keyLine, name
	value := strings.TrimSpace(after)
	if value == "" {
		// One that is set later stands before the line end.
		l.start = len(strings.TrimRight(raw, "\r\n"))
		l.end = l.start
		return l
	}
	l.start = len(raw) - len(strings.TrimLeftFunc(after, unicode.IsSpace))
	l.end = l.start + len(value)
	return l
}

// unquote takes one layer of double quotes off, as the Windows profile API does
// for MicroSIP.
func unquote(value string) string {
	if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
		return value[1 : len(value)-1]
	}
	return value
}

// quote writes a value so that reading it gives it back.
func quote(value string) string {
	if value != strings.TrimSpace(value) || value != unquote(value) {
		return `"` + value + `"`
	}
	return value
}
