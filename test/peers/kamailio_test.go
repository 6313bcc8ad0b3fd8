//go:build integration && linux

package peers

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestKamailioRegisters(t *testing.T) {
	k := StartKamailio(t, KamailioOptions{})
	for i, p := range []struct{ network, addr string }{{"udp", k.UDP}, {"tcp", k.TCP}, {"tls", k.TLS}} {
		user := fmt.Sprint("alice-", p.network)
		if got := register(t, p.network, p.addr, k.Certs.CA, k.Domain, user, "wrong"); got != 401 {
			t.Errorf("%s: REGISTER with a wrong password: %d", p.network, got)
		}
		if got := register(t, p.network, p.addr, k.Certs.CA, k.Domain, user, Password(user)); got != 200 {
			t.Errorf("%s: REGISTER: %d", p.network, got)
		}
		all := k.WaitLocations(i+1, time.Second)
		found := false
		for _, l := range all {
			found = found || l.User == user && strings.HasPrefix(l.Contact, "sip:"+user+"@127.0.0.1:")
		}
		if !found {
			t.Errorf("%s: %s is not among %v", p.network, user, all)
		}
	}
}

func TestKamailioStopsAndStarts(t *testing.T) {
	k := StartKamailio(t, KamailioOptions{})
	first := k.proc.pid()
	register(t, "tcp", k.TCP, "", k.Domain, "bob", Password("bob"))
	k.WaitLocations(1, time.Second)
	k.Stop()
	if left := children(first); len(left) > 0 {
		t.Errorf("left after Stop: %v", left)
	}
	if err := options("udp", k.UDP, ""); err == nil {
		t.Error("it still answers after Stop")
	}
	k.Start()
	k.WaitLocations(0, time.Second)
	if got := register(t, "udp", k.UDP, "", k.Domain, "bob", Password("bob")); got != 200 {
		t.Errorf("REGISTER after the restart: %d", got)
	}
}

func TestKamailioAnswersAsAsked(t *testing.T) {
	k := StartKamailio(t, KamailioOptions{})
	for _, code := range []int{404, 486, 503, 603} {
		if got := invite(t, k.UDP, fmt.Sprintf("sip:9%d@%s", code, k.Domain)); got != code {
			t.Errorf("sip:9%d: %d", code, got)
		}
	}
	if got := invite(t, k.UDP, "sip:nobody@"+k.Domain); got != 404 {
		t.Errorf("a user that is not registered: %d", got)
	}
	if got := invite(t, k.UDP, "sip:someone@example.com"); got != 403 {
		t.Errorf("a foreign domain: %d", got)
	}
}

// invite calls uri from a foreign domain, which needs no password, and returns the code of the final response.
func invite(t *testing.T, addr, uri string) int {
	t.Helper()
	c, err := dialSIP("udp", addr, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.do("INVITE", uri, "From: <sip:probe@example.com>;tag="+rand.Text(), "To: <"+uri+">", "CSeq: 1 INVITE",
		fmt.Sprintf("Contact: <sip:probe@%s>", c.LocalAddr()))
	if err != nil {
		t.Fatalf("INVITE %s: %v", uri, err)
	}
	return r.code
}

// register registers user once without and, after a challenge, once with a password, and returns the last code.
func register(t *testing.T, network, addr, ca, domain, user, password string) int {
	t.Helper()
	c, err := dialSIP(network, addr, ca)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	send := func(cseq int, more ...string) *response {
		t.Helper()
		aor := "<sip:" + user + "@" + domain + ">"
		r, err := c.do("REGISTER", "sip:"+domain, append([]string{
			"From: " + aor + ";tag=" + rand.Text(), "To: " + aor, fmt.Sprintf("CSeq: %d REGISTER", cseq),
			fmt.Sprintf("Contact: <sip:%s@%s>", user, c.LocalAddr()), "Expires: 60",
		}, more...)...)
		if err != nil {
			t.Fatalf("REGISTER by %s: %v", network, err)
		}
		return r
	}
	r := send(1)
	if r.code != 401 {
		return r.code
	}
	return send(2, "Authorization: "+digest(r.header["Www-Authenticate"][0], "REGISTER", "sip:"+domain, user, password)).code
}

var challengeParam = regexp.MustCompile(`(\w+)="?([^",]*)`)

// digest answers a challenge by RFC 7616, with SHA-256 or MD5.
func digest(challenge, method, uri, user, password string) string {
	p := map[string]string{}
	for _, m := range challengeParam.FindAllStringSubmatch(strings.TrimPrefix(challenge, "Digest "), -1) {
		p[strings.ToLower(m[1])] = m[2]
	}
	hash := func(parts ...string) string {
		s := []byte(strings.Join(parts, ":"))
		if p["algorithm"] == "SHA-256" {
			return fmt.Sprintf("%x", sha256.Sum256(s))
		}
		return fmt.Sprintf("%x", md5.Sum(s))
	}
	a1, a2 := hash(user, p["realm"], password), hash(method, uri)
	algorithm := p["algorithm"]
	if algorithm == "" {
		algorithm = "MD5"
	}
	a := fmt.Sprintf(`Digest username=%q, realm=%q, nonce=%q, uri=%q, algorithm=%s`, user, p["realm"], p["nonce"], uri, algorithm)
	if p["opaque"] != "" {
		a += fmt.Sprintf(`, opaque=%q`, p["opaque"])
	}
	if p["qop"] == "" {
		return a + fmt.Sprintf(`, response=%q`, hash(a1, p["nonce"], a2))
	}
	const nc, cnonce, qop = "00000001", "0a4f113b", "auth"
	return a + fmt.Sprintf(`, qop=%s, nc=%s, cnonce=%q, response=%q`, qop, nc, cnonce, hash(a1, p["nonce"], nc, cnonce, qop, a2))
}
