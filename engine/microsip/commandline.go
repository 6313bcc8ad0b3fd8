package microsip

import "strings"

// AfterProgram returns the command line behind the name of the program, as Windows has
// both in one text: the name ends at the first white space that is in no quotes.
func AfterProgram(line string) string {
	quoted := false
	end := strings.IndexFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r <= ' ' && !quoted
	})
	if end < 0 {
		return ""
	}
	return strings.TrimLeftFunc(line[end:], func(r rune) bool { return r <= ' ' })
}
