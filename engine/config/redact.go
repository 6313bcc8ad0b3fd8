package config

import (
	"regexp"
	"strings"
)

// holdsURL says that the values of a key are URLs, in which secrets can be.
func (k Key) holdsURL() bool { return k.Type == URLs || k.Name == "usersDirectory" }

// shown is the pair as it may be printed.
func (p pair) shown() pair {
	if p.key.holdsURL() {
		urls := strings.Split(p.value, " ")
		for i, u := range urls {
			urls[i] = redactURL(u)
		}
		p.value = strings.Join(urls, " ")
	}
	return p
}

// placeholder is what usersDirectory has filled in.
var placeholder = regexp.MustCompile(`^(%s|\{[a-z_0-9]+\})$`)

// redactURL leaves out what may be secret in a URL: the user, the values of the query and the
// fragment. It takes text that is no URL, too.
func redactURL(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "", text
	} else {
		scheme += "://"
	}
	host := rest
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host = rest[:i]
	}
	rest = rest[len(host):]
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = redacted + host[i:]
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	path, query, hasQuery := strings.Cut(rest, "?")
	out := scheme + host + path
	if hasQuery {
		fields := strings.Split(query, "&")
		for i, field := range fields {
			name, value, named := strings.Cut(field, "=")
			switch {
			case !named && field != "" && !placeholder.MatchString(field):
				fields[i] = redacted
			case named && value != "" && !placeholder.MatchString(value):
				fields[i] = name + "=" + redacted
			}
		}
		out += "?" + strings.Join(fields, "&")
	}
	if hasFragment && fragment != "" {
		out += "#" + redacted
	}
	return out
}
