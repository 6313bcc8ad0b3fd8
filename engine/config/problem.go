package config

import (
	"fmt"
	"strings"
)

// Problem is one mistake in a configuration. It never holds a secret.
type Problem struct {
	// File and Line, from 1, say where: both are empty where a flag or a variable
	// is wrong, and Line is 0 where the whole file is.
	File string `json:"file"`
	Line int    `json:"line"`
	// Section and Key are as they are written, without brackets. Key is the flag
	// with its dashes or the variable, where that is wrong.
	Section string `json:"section"`
	Key     string `json:"key"`
	Message string `json:"message"`
}

// Error gives "offhook.ini:12: [Account] username-2: message", without the parts
// that are empty.
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Section != "" {
		fmt.Fprintf(&b, "[%s]", p.Section)
		if p.Key == "" {
			b.WriteString(": ")
		} else {
			b.WriteByte(' ')
		}
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	return b.String() + p.Message
}

// Errors are all mistakes of a configuration: those of the file by line, then
// those of variables and flags.
type Errors []Problem

// Error gives one line for each problem.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find each Problem.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, p := range e {
		list[i] = p
	}
	return list
}
