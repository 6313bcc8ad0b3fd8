package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// normalize checks a value of the key as it was written and returns its one
// normal form: booleans as 0 or 1, choices in the spelling of the table, lists with
// one separator, empty values as the default where they mean it. Its errors hold
// no secret.
func (k Key) normalize(value string) (string, error) {
	if !utf8.ValidString(value) {
		return "", errors.New("not valid UTF-8: save the file as UTF-8, or as UTF-16LE with a byte order mark")
	}
	if i := strings.IndexFunc(value, isControl); i >= 0 {
		return "", fmt.Errorf("holds the control character %#02x", value[i])
	}
	switch k.Type {
	case SecretText:
		return value, checkVariable(value)
	case Text:
		return value, nil
	}
	value = strings.TrimSpace(value)
	if value == "" && !(k.Type == Choice && slices.Contains(k.Choices, "")) {
		return k.canonical().Default, nil
	}
	norm, err := k.normalizeForm(value)
	if err != nil && k.Type != Path && strings.ContainsAny(value, ";#") && strings.ContainsAny(value, " \t") {
		err = fmt.Errorf("%w (a comment needs a line of its own)", err)
	}
	return norm, err
}

func (k Key) normalizeForm(value string) (string, error) {
	switch k.Type {
	case Bool:
		return normalizeBool(value)
	case Integer, Port, Seconds:
		return k.normalizeNumber(value)
	case Choice:
		for _, c := range k.Choices {
			if strings.EqualFold(c, value) {
				return c, nil
			}
		}
		return "", fmt.Errorf("%q is none of %s", value, listChoices(k.Choices))
	case Host:
		return value, checkHost(value)
	case HostPort:
		return normalizeHostPort(value)
	case IPAddress:
		return value, checkAddress(value)
	case HostPorts, IPAddrs, Proxies, CodecIDs, URLs, Words:
		return k.normalizeList(value)
	}
	return value, nil // a Path
}

// checkVariable refuses what was meant as ${VARIABLE} and would be taken for the
// password itself.
func checkVariable(value string) error {
	if _, ok := variableOf(value); !ok && strings.HasPrefix(value, "${") && strings.HasSuffix(value, "}") {
		return errors.New("has the form ${VARIABLE} without the name of a variable; a password like that can stand in a password_file")
	}
	return nil
}

func isControl(r rune) bool { return (r < 0x20 && r != '\t') || r == 0x7f }

func normalizeBool(value string) (string, error) {
	switch strings.ToLower(value) {
	case "1", "true", "yes", "on":
		return "1", nil
	case "0", "false", "no", "off":
		return "0", nil
	}
	return "", fmt.Errorf("%q is neither 0 nor 1", value)
}

func (k Key) normalizeNumber(value string) (string, error) {
	n, err := strconv.Atoi(value)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return "", fmt.Errorf("%q is not a whole number", value)
	}
	low := k.Min
	if k.Type == Seconds && k.Min > 0 && err == nil {
		switch {
		case n <= 0:
			return k.Default, nil
		case n < k.Min:
			n = k.Min
		}
	}
	if err != nil || n < low || n > k.Max {
		return "", fmt.Errorf("%s is outside %d to %d", value, low, k.Max)
	}
	return strconv.Itoa(n), nil
}

func listChoices(choices []string) string {
	var b strings.Builder
	for i, c := range choices {
		switch {
		case i > 0 && i == len(choices)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		if c == "" {
			c = "empty"
		}
		b.WriteString(c)
	}
	return b.String()
}

// items splits the value of a list. It is nil for an empty value.
func (k Key) items(value string) []string {
	var list []string
	switch k.Type {
	case Proxies, CodecIDs, URLs, Words:
		list = strings.Fields(value)
	default:
		for item := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ';' || r == ',' }) {
			if item = strings.TrimSpace(item); item != "" {
				list = append(list, item)
			}
		}
	}
	return list
}

// join is the inverse of items.
func (k Key) join(items []string) string {
	switch k.Type {
	case Proxies, CodecIDs, URLs, Words:
		return strings.Join(items, " ")
	}
	return strings.Join(items, ";")
}

func (k Key) normalizeList(value string) (string, error) {
	items := k.items(value)
	if len(items) == 0 {
		return "", errors.New("the list has separators only")
	}
	if k.Max > 0 && len(items) > k.Max {
		return "", fmt.Errorf("%d items, at most %d are possible", len(items), k.Max)
	}
	for i, item := range items {
		var err error
		switch k.Type {
		case HostPorts:
			items[i], err = normalizeHostPort(item)
		case IPAddrs:
			err = checkAddress(item)
		case Proxies:
			err = checkProxy(item)
		case URLs:
			err = checkURL(item)
		case CodecIDs:
			if !codecID.MatchString(item) {
				err = fmt.Errorf("%q is not a codec id such as PCMA/8000/1; ids are separated by spaces", item)
			} else if slices.ContainsFunc(items[:i], func(o string) bool { return strings.EqualFold(o, item) }) {
				err = fmt.Errorf("the codec %s is listed twice", item)
			}
		}
		if err != nil {
			return "", err
		}
	}
	return k.join(items), nil
}

// checkURL takes an http or https URL. Its errors do not repeat it: a query can hold a
// token.
func checkURL(value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("a URL must begin with http:// or https://")
	case u.Host == "":
		return errors.New("a URL without a host")
	}
	return nil
}

// codecID is PJSIP's form of a codec: name, clock rate, channels.
var codecID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[1-9][0-9]{3,5}(/[1-9][0-9]?)?$`)

func checkAddress(value string) error {
	if _, err := netip.ParseAddr(value); err != nil {
		return fmt.Errorf("%q is not an IP address", value)
	}
	return nil
}

var hostLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$`)

// checkHost takes a host name or an IP address, IPv6 without brackets.
func checkHost(value string) error {
	bad := fmt.Errorf("%s is not a host name or an IP address", quoteHost(value))
	if strings.Contains(value, ":") {
		if _, err := netip.ParseAddr(value); err != nil {
			return bad
		}
		return nil
	}
	name := strings.TrimSuffix(value, ".")
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if len(l) > 63 || !hostLabel.MatchString(l) {
			return bad
		}
	}
	// No top-level domain is a number, so this was meant as an IPv4 address.
	if last := labels[len(labels)-1]; strings.Trim(last, "0123456789") == "" {
		if _, err := netip.ParseAddr(value); err != nil {
			return bad
		}
	}
	if len(name) > 253 {
		return bad
	}
	return nil
}

// quoteHost quotes a wrong host for a message. What stands before an @ may be a
// password.
func quoteHost(value string) string {
	if i := strings.LastIndexByte(value, '@'); i >= 0 {
		value = redacted + value[i:]
	}
	return strconv.Quote(value)
}

// normalizeHostPort takes host, host:port, IPv6 with or without brackets, and
// returns IPv6 in brackets, as SIP URIs have it.
func normalizeHostPort(value string) (string, error) {
	if lower := strings.ToLower(value); strings.HasPrefix(lower, "sip:") || strings.HasPrefix(lower, "sips:") {
		return "", fmt.Errorf("%s: write the host without a scheme", quoteHost(value))
	}
	host, port, hasPort := value, "", false
	if rest, ok := strings.CutPrefix(value, "["); ok {
		address, after, closed := strings.Cut(rest, "]")
		ip, err := netip.ParseAddr(address)
		if !closed || err != nil || !ip.Is6() {
			return "", fmt.Errorf("%s is not an IPv6 address in brackets", quoteHost(value))
		}
		host = "[" + address + "]"
		port, hasPort = strings.CutPrefix(after, ":")
		if after != "" && !hasPort {
			return "", fmt.Errorf("%s is not host or host:port", quoteHost(value))
		}
	} else {
		if strings.Count(value, ":") == 1 {
			host, port, hasPort = strings.Cut(value, ":")
		}
		if err := checkHost(host); err != nil {
			return "", err
		}
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
	}
	if !hasPort {
		return host, nil
	}
	if port == "" || strings.Trim(port, "0123456789") != "" {
		return "", fmt.Errorf("%s is not host or host:port", quoteHost(value))
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", fmt.Errorf("%s: the port is outside 1 to 65535", quoteHost(value))
	}
	return host + ":" + strconv.FormatUint(n, 10), nil
}

var (
	uriUser  = regexp.MustCompile(`^[A-Za-z0-9\-_.!~*'()%&=+$,;?/]+$`)
	uriParam = regexp.MustCompile(`^[A-Za-z0-9\-_.!~*'()%+]+(=[A-Za-z0-9\-_.!~*'()%+\[\]/:&$]+)?$`)
)

// checkProxy takes host[:port] or a SIP URI without header fields, both with URI
// parameters.
func checkProxy(value string) error {
	rest := value
	for _, scheme := range []string{"sip:", "sips:"} {
		if len(rest) >= len(scheme) && strings.EqualFold(rest[:len(scheme)], scheme) {
			rest = rest[len(scheme):]
			break
		}
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		if !uriUser.MatchString(rest[:i]) {
			return fmt.Errorf("%s is not a SIP URI without a password", quoteHost(value))
		}
		rest = rest[i+1:]
	}
	params := strings.Split(rest, ";")
	if _, err := normalizeHostPort(params[0]); err != nil {
		return err
	}
	for _, p := range params[1:] {
		if !uriParam.MatchString(p) {
			return fmt.Errorf("%s has the malformed URI parameter %q", quoteHost(value), p)
		}
	}
	return nil
}
