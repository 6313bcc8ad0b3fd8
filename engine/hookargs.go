package engine

import (
	"crypto/md5"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// splitArguments takes a command line apart as Windows programs do: white space
// separates, double quotes hold together, 2n backslashes before a quote are n of them,
// and one more makes the quote a plain one. Two quotes inside quotes are one.
func splitArguments(line string) []string {
	var args []string
	var b strings.Builder
	begun, quoted := false, false
	for i := 0; i < len(line); {
		switch c := line[i]; {
		case c == '\\':
			n := 0
			for ; i < len(line) && line[i] == '\\'; i++ {
				n++
			}
			begun = true
			if i == len(line) || line[i] != '"' {
				b.WriteString(strings.Repeat(`\`, n))
				continue
			}
			b.WriteString(strings.Repeat(`\`, n/2))
			if n%2 == 1 {
				b.WriteByte('"')
				i++
			}
		case c == '"':
			begun = true
			if quoted && i+1 < len(line) && line[i+1] == '"' {
				b.WriteByte('"')
				i += 2
				continue
			}
			quoted = !quoted
			i++
		case (c == ' ' || c == '\t') && !quoted:
			if begun {
				args = append(args, b.String())
				b.Reset()
				begun = false
			}
			i++
		default:
			begun = true
			b.WriteByte(c)
			i++
		}
	}
	if begun {
		args = append(args, b.String())
	}
	return args
}

// hookArguments makes the program and its arguments of a hook's value and the one
// parameter.
//
// MicroSIP splits the value, joins all but the first word with spaces, so that their
// quotes are lost, appends the parameter, and the program splits again. In the
// documented dialect a quoted word stays one argument, and the parameter is one
// whatever is in it.
func hookArguments(value, parameter string, dialect config.Dialect) []string {
	words := splitArguments(value)
	if len(words) == 0 {
		return nil
	}
	if dialect != config.Strict {
		return append(words, parameter)
	}
	return append(words[:1:1], splitArguments(strings.Join(append(words[1:], parameter), " "))...)
}

// substitutions are MicroSIP's words in braces, and what stands for each.
func (m *moment) substitutions(a *config.Account, s *config.Settings) func(name string) (string, bool) {
	f := &m.call
	return func(name string) (string, bool) {
		strict := s.Dialect == config.Strict
		switch name {
		case "server":
			if a == nil || a.Server == "" {
				return "localhost", true
			}
			return a.Server, true
		case "extension":
			if a == nil {
				return "", true
			}
			return a.Username, true
		case "password", "md5_password":
			if a == nil || !s.HookPassword {
				return "", true
			}
			password := a.Password.Reveal()
			if name == "md5_password" {
				sum := md5.Sum([]byte(password))
				password = hex.EncodeToString(sum[:])
			}
			return password, true
		case "duration":
			return strconv.FormatInt(int64(f.duration(m.event.Header().Time).Seconds()), 10), true
		case "time":
			return strconv.FormatInt(m.event.Header().Time.Unix(), 10), true
		case "callid", "direction":
			// MicroSIP knows the names and has no values for its hook.
			switch {
			case strict || f.call == 0:
				return "", true
			case name == "callid":
				return f.sipCallID, true
			}
			return f.direction(), true
		case "callerid":
			if f.name != "" {
				return f.name, true
			}
			return f.user, true
		case "user", "number":
			return f.user, true
		case "domain":
			return f.domain, true
		case "name":
			return f.name, true
		}
		return "", false
	}
}

// substitute replaces {name} by its value in the form of URLs; an unknown name stays.
func substitute(text string, value func(string) (string, bool)) string {
	var b strings.Builder
	for {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		j := strings.IndexByte(text[i:], '}')
		if j < 0 {
			break
		}
		b.WriteString(text[:i])
		if v, ok := value(text[i+1 : i+j]); ok {
			b.WriteString(strings.ReplaceAll(url.QueryEscape(v), "+", "%20"))
		} else {
			b.WriteString(text[i : i+j+1])
		}
		text = text[i+j+1:]
	}
	b.WriteString(text)
	return b.String()
}
