package engine

import (
	"fmt"
	"net"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
)

// NotAllowedError says that dialAllow of the account keeps a number from being called.
type NotAllowedError struct {
	Account int
	URI     string
}

func (e *NotAllowedError) Error() string {
	return fmt.Sprintf("engine: account %d: dialAllow does not let %s be called", e.Account, e.URI)
}

// allowed says whether the account's dialAllow lets a SIP URI be called. Of the
// prefixes that fit the user the longest decides; the host is the account's own, or one
// that is listed.
func allowed(a *config.Account, uri string) bool {
	if strings.TrimSpace(a.DialAllow) == "" {
		return true
	}
	user, host := userHost(uri)
	// What routes a request elsewhere than the host says, or adds header fields to it,
	// leads nobody knows where.
	if strings.Contains(strings.ToLower(uri), ";maddr=") || strings.Contains(uri, "?") || !allowedHost(a, host) {
		return false
	}
	user = unescapeUser(user)
	if isPhoneNumber(user) {
		user = stripSeparators(user)
	}
	longest, yes, some := -1, false, false
	for item := range config.SplitList(a.DialAllow) {
		if strings.HasPrefix(item, "@") {
			continue
		}
		prefix, refused := strings.CutPrefix(item, "!")
		prefix = strings.TrimSpace(prefix)
		some = some || !refused
		if strings.HasPrefix(user, prefix) && (len(prefix) > longest || len(prefix) == longest && refused) {
			longest, yes = len(prefix), !refused
		}
	}
	// A list of hosts or of refusals only allows the rest.
	return yes || longest < 0 && !some
}

func allowedHost(a *config.Account, host string) bool {
	if sameHost(host, a.Domain) && a.Domain != "" {
		return true
	}
	for item := range config.SplitList(a.DialAllow) {
		if listed, ok := strings.CutPrefix(item, "@"); ok && sameHost(host, listed) {
			return true
		}
	}
	return false
}

// sameHost compares host or host:port. Where one names no port, ports do not matter.
func sameHost(a, b string) bool {
	hostA, portA := splitPort(a)
	hostB, portB := splitPort(b)
	return strings.EqualFold(strings.TrimSuffix(hostA, "."), strings.TrimSuffix(hostB, ".")) && (portA == "" || portB == "" || portA == portB)
}

func splitPort(s string) (host, port string) {
	if h, p, err := net.SplitHostPort(s); err == nil {
		return h, p
	}
	return strings.Trim(s, "[]"), ""
}

// userHost returns the user, "" when there is none, and host[:port] of a SIP URI or
// name-addr.
func userHost(addr string) (user, host string) {
	if i := strings.LastIndexByte(addr, '<'); i >= 0 {
		addr, _, _ = strings.Cut(addr[i+1:], ">")
	}
	if scheme, rest, ok := strings.Cut(addr, ":"); ok && !strings.ContainsAny(scheme, "@.[") {
		addr = rest
	}
	if i := strings.LastIndexByte(addr, '@'); i >= 0 {
		user, addr = addr[:i], addr[i+1:]
		user, _, _ = strings.Cut(user, ";")
		user, _, _ = strings.Cut(user, ":")
	}
	if i := strings.IndexAny(addr, ";?"); i >= 0 {
		addr = addr[:i]
	}
	return user, addr
}

// unescapeUser decodes the escapes of a user, so that an escaped digit is a digit.
func unescapeUser(user string) string {
	var b strings.Builder
	for i := 0; i < len(user); i++ {
		if user[i] == '%' && i+2 < len(user) && isHex(user[i+1]) && isHex(user[i+2]) {
			b.WriteByte(unhex(user[i+1])<<4 | unhex(user[i+2]))
			i += 2
			continue
		}
		b.WriteByte(user[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	if c >= '0' && c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
