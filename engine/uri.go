package engine

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxTarget bounds what Dial accepts; MicroSIP's limit.
const maxTarget = 900

// dialTarget makes the URI that is called out of what a user wrote, the domain of
// the account that calls, and its transport ("", "udp", "tcp" or "tls"):
//
//	1001                      sip:1001@domain
//	(030) 123-45              sip:03012345@domain
//	1001@host, host:5070, 192.0.2.1
//	                          the same with sip:
//	sip:1001                  sip:1001@domain, as digits alone are no host
//	sip:user@host;x=y, sips:  as they are
//	tel:+49-30-12345          sip:+493012345@domain;user=phone (RFC 3261 section 19.1.6)
//	"Name" <any of these>     the name is kept
//
// A transport other than UDP is added as a parameter where the URI names none.
func dialTarget(text, domain, transport string) (string, error) {
	bad := func(format string, a ...any) (string, error) {
		return "", &URIError{Text: text, Reason: fmt.Sprintf(format, a...)}
	}
	in := strings.TrimSpace(text)
	switch {
	case in == "":
		return bad("it is empty")
	case len(in) > maxTarget:
		return bad("it is longer than %d bytes", maxTarget)
	case strings.IndexFunc(in, func(r rune) bool { return r < ' ' || r == 0x7f }) >= 0:
		return bad("it holds a control character")
	}
	name, uri, err := splitNameAddr(in)
	if err != nil {
		return bad("%v", err)
	}
	uri, err = dialURI(uri, domain, transport)
	if err != nil {
		return bad("%v", err)
	}
	if name != "" {
		return fmt.Sprintf("%s <%s>", quoteName(name), uri), nil
	}
	return uri, nil
}

// quoteName makes a quoted-string of RFC 3261.
func quoteName(name string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// splitNameAddr takes `"Name" <uri>`, `Name <uri>`, `<uri>` or a plain URI apart.
func splitNameAddr(s string) (name, uri string, err error) {
	rest := s
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		i := 1
		for ; i < len(s) && s[i] != '"'; i++ {
			if s[i] == '\\' && i+1 < len(s) {
				i++
			}
			b.WriteByte(s[i])
		}
		if i == len(s) {
			return "", "", fmt.Errorf("the quoted name has no end")
		}
		name, rest = b.String(), strings.TrimSpace(s[i+1:])
		if !strings.HasPrefix(rest, "<") {
			return "", "", fmt.Errorf("<URI> must follow the quoted name")
		}
	} else if i := strings.IndexByte(s, '<'); i >= 0 {
		name, rest = strings.TrimSpace(s[:i]), s[i:]
	} else {
		return "", s, nil
	}
	if !strings.HasSuffix(rest, ">") {
		return "", "", fmt.Errorf("the URI has no closing >")
	}
	return name, strings.TrimSpace(rest[1 : len(rest)-1]), nil
}

func dialURI(uri, domain, transport string) (string, error) {
	scheme, rest, ok := cutScheme(uri)
	switch {
	case !ok:
		scheme, rest = "sip", uri
		if !strings.Contains(uri, "@") && !isHost(uri) {
			user := uri
			if isPhoneNumber(user) {
				user = stripSeparators(user)
			}
			return atDomain(user, domain, "", transport)
		}
	case scheme == "tel":
		number, _, _ := strings.Cut(rest, ";")
		if !isPhoneNumber(number) {
			return "", fmt.Errorf("%q is no telephone number", number)
		}
		return atDomain(stripSeparators(number), domain, ";user=phone", transport)
	case scheme != "sip" && scheme != "sips":
		return "", fmt.Errorf("the scheme %q is none of sip, sips and tel", scheme)
	}
	return sipURI(scheme, rest, domain, transport)
}

// sipURI checks what follows "sip:" or "sips:".
func sipURI(scheme, rest, domain, transport string) (string, error) {
	addr, tail := rest, ""
	// A user may hold ; and ?, so parameters are looked for after the @.
	at := strings.LastIndexByte(rest, '@')
	if i := strings.IndexAny(rest[at+1:], ";?"); i >= 0 {
		addr, tail = rest[:at+1+i], rest[at+1+i:]
	}
	if strings.ContainsAny(tail, " \"<>") {
		return "", fmt.Errorf("its parameters hold a space, a quote or a bracket")
	}
	user, host := "", addr
	if at >= 0 {
		user, host = addr[:at], addr[at+1:]
		if user == "" {
			return "", fmt.Errorf("there is nothing before the @")
		}
	}
	if at < 0 && isPhoneNumber(host) && !isHost(host) {
		return atDomain(stripSeparators(host), domain, tail, transport)
	}
	if err := checkHostPort(host); err != nil {
		return "", err
	}
	out := scheme + ":"
	if user != "" {
		if err := checkUser(user); err != nil {
			return "", err
		}
		out += escapeUser(user) + "@"
	}
	if scheme == "sips" { // implies TLS
		transport = ""
	}
	return out + host + withTransport(tail, transport), nil
}

func atDomain(user, domain, tail, transport string) (string, error) {
	if user == "" {
		return "", fmt.Errorf("it has no user")
	}
	if err := checkUser(user); err != nil {
		return "", err
	}
	if domain == "" {
		return "", fmt.Errorf("it has no host, and the account no domain: write user@host")
	}
	return "sip:" + escapeUser(user) + "@" + domain + withTransport(tail, transport), nil
}

// withTransport adds ;transport= to the parameters of a URI, before its headers.
func withTransport(tail, transport string) string {
	params, headers, hasHeaders := strings.Cut(tail, "?")
	switch transport {
	case "tcp", "tls":
		if !strings.Contains(strings.ToLower(params), ";transport=") {
			params += ";transport=" + transport
		}
	}
	if hasHeaders {
		return params + "?" + headers
	}
	return params
}

// cutScheme splits "scheme:rest". What is a host and a port ("pbx:5070") has no
// scheme.
func cutScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, ":")
	if !ok || scheme == "" {
		return "", s, false
	}
	for i := range len(scheme) {
		c := scheme[i] | 0x20
		switch {
		case c >= 'a' && c <= 'z':
		case i > 0 && (scheme[i] >= '0' && scheme[i] <= '9' || strings.IndexByte("+-.", scheme[i]) >= 0):
		default:
			return "", s, false
		}
	}
	scheme = strings.ToLower(scheme)
	if scheme != "sip" && scheme != "sips" && scheme != "tel" {
		if port, _, _ := strings.Cut(rest, ";"); validPort(port) {
			return "", s, false
		}
	}
	return scheme, rest, true
}

// isHost says whether a text without scheme and @ names a host and not a user: an
// address, localhost, or anything with a port. Parameters may follow.
func isHost(s string) bool {
	s, _, _ = strings.Cut(s, ";")
	if strings.HasPrefix(s, "[") {
		return true
	}
	host, port, hasPort := strings.Cut(s, ":")
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return strings.EqualFold(host, "localhost") || hasPort && validPort(port)
}

// isPhoneNumber says whether s is made of digits, *, # and visual separators, with
// one + at most, in front.
func isPhoneNumber(s string) bool {
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9' || r == '*' || r == '#':
			digits++
		case r == '+' && i == 0:
		case strings.ContainsRune(" -.()/", r):
		default:
			return false
		}
	}
	return digits > 0
}

func stripSeparators(s string) string {
	return strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "", "/", "").Replace(s)
}

// checkUser refuses what is no user but a slip of the pen.
func checkUser(user string) error {
	if i := strings.IndexAny(user, " \"<>@"); i >= 0 {
		return fmt.Errorf("the user %q holds %q", user, user[i])
	}
	return nil
}

// escapeUser escapes what RFC 3261 does not allow in the user part. Escapes that
// are there already stay.
func escapeUser(user string) string {
	var b strings.Builder
	for i := range len(user) {
		c := user[i]
		switch {
		case c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z',
			strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0,
			c == '%' && i+2 < len(user) && isHex(user[i+1]) && isHex(user[i+2]):
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// checkHostPort checks the host of a URI: a name, an IPv4 address or an IPv6
// address in brackets, with or without a port.
func checkHostPort(s string) error {
	host, port, hasPort := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		inner, after, ok := strings.Cut(s[1:], "]")
		addr, err := netip.ParseAddr(inner)
		if !ok || err != nil || !addr.Is6() {
			return fmt.Errorf("%q is no IPv6 address", s)
		}
		port, hasPort = strings.CutPrefix(after, ":")
		if !hasPort && after != "" {
			return fmt.Errorf("%q follows the IPv6 address", after)
		}
	} else if err := checkHostName(host); err != nil {
		return err
	}
	if hasPort && !validPort(port) {
		return fmt.Errorf("%q is no port", port)
	}
	return nil
}

func checkHostName(host string) error {
	if host == "" {
		return fmt.Errorf("it has no host")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return nil
	}
	for _, c := range []byte(host) {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '.' || c == '_') {
			return fmt.Errorf("%q is no host name", host)
		}
	}
	// RFC 3261: the last label starts with a letter, so that 10.0.0 is no name.
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	for _, l := range labels {
		if l == "" || l[0] == '-' {
			return fmt.Errorf("%q is no host name", host)
		}
	}
	if c := labels[len(labels)-1][0]; c >= '0' && c <= '9' {
		return fmt.Errorf("%q is neither an IP address nor a host name", host)
	}
	return nil
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// userOf returns the user part of a SIP URI or name-addr, or the host when it has
// none.
func userOf(addr string) string {
	if i := strings.LastIndexByte(addr, '<'); i >= 0 {
		addr, _, _ = strings.Cut(addr[i+1:], ">")
	}
	if _, rest, ok := strings.Cut(addr, ":"); ok {
		addr = rest
	}
	if i := strings.LastIndexByte(addr, '@'); i >= 0 {
		user, _, _ := strings.Cut(addr[:i], ";")
		return user
	}
	host, _, _ := strings.Cut(addr, ";")
	return host
}
