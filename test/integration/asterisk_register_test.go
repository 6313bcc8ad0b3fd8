//go:build integration && linux

package integration

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/test/peers"
)

// accountsINI has the three accounts of Asterisk's in one file, by UDP, TCP and TLS.
func accountsINI(a *peers.Asterisk) string {
	return fmt.Sprintf(`[Settings]
tlsCAFile = %s

[Account]
label    = by UDP
server   = %s
username = 1001
password = %s
label-2    = by TCP
server-2   = %s
username-2 = 1002
password-2 = %s
transport-2 = tcp
label-3    = by TLS
server-3   = %s
username-3 = 1003
password-3 = %s
transport-3 = tls
SRTP-3     = mandatory
`, a.Certs.CA, a.UDP, peers.Password("1001"), a.TCP, peers.Password("1002"), a.TLS, peers.Password("1003"))
}

// accounts are those of accountsINI.
var accounts = []struct {
	number          int
	user, transport string
}{{1, "1001", "UDP"}, {2, "1002", "TCP"}, {3, "1003", "TLS"}}

// Three accounts of one file register at once, each by its own transport, the TLS
// server's certificate checked, and SIGTERM ends all three registrations.
func TestAsteriskRegister(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	p := startRun(t, "-c", writeINI(t, accountsINI(a)))
	transports := map[string]string{}
	for _, acc := range accounts {
		reg := p.awaitRegistered(acc.number)
		if reg.number("code") != 200 || reg.number("expires_ms") < 10_000 {
			t.Errorf("registration %v", reg)
		}
		transports[acc.user] = acc.transport
	}
	for _, l := range a.WaitLocations(3, deadline) {
		used := "UDP"
		if _, parameters, ok := strings.Cut(l.Contact, ";transport="); ok {
			used, _, _ = strings.Cut(strings.ToUpper(parameters), ";")
		}
		if used != transports[l.User] {
			t.Errorf("%s is registered with the contact %s, want it by %s", l.User, l.Contact, transports[l.User])
		}
		delete(transports, l.User)
	}
	if shown := a.CLI("pjsip show contacts"); !strings.Contains(shown, "Objects found: 3") {
		t.Errorf("pjsip show contacts:\n%s", shown)
	}

	began := time.Now()
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM", code)
	}
	// Not a matter of speed: offhook promises to end then, whoever answers or does not.
	if took := time.Since(began); took > 25*time.Second {
		t.Errorf("SIGTERM took %v", took)
	}
	if shown := a.CLI("pjsip show contacts"); !strings.Contains(shown, "No objects found") {
		t.Errorf("after SIGTERM, pjsip show contacts:\n%s", shown)
	}
	ended := 0
	for _, reg := range p.ofType("RegistrationChanged") {
		if reg["unregistering"] == true && reg.number("code") == 200 {
			ended++
		}
	}
	if ended != len(accounts) {
		t.Errorf("%d registrations were ended by a request, want %d", ended, len(accounts))
	}
}

// SIGTERM while the first REGISTER is on its way leaves no registration behind.
func TestAsteriskRegisterInterrupted(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	p := start(t, "run", "--json", "--bind-address", peers.Loopback, "-c", writeINI(t, accountsINI(a)))
	p.awaitType("EngineStarted")
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	if shown := a.CLI("pjsip show contacts"); !strings.Contains(shown, "No objects found") {
		t.Errorf("after SIGTERM, pjsip show contacts:\n%s", shown)
	}
}

// The certificate of the TLS server decides whether an account registers, and what is
// wrong with it is said in words.
func TestAsteriskCertificate(t *testing.T) {
	t.Parallel()
	a := peers.StartAsterisk(t)
	other := peers.MakeCerts(t, t.TempDir())
	account := []string{"--server", a.TLS, "--username", "1003", "--transport", "tls", "--password-file",
		writeFile(t, "password", peers.Password("1003"))}
	for _, tt := range []struct {
		name  string
		flags []string
	}{
		{"of an authority that is not the server's", []string{"--tls-ca-file", other.CA}},
		{"of no authority that the system knows", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := startCall(t, "600", append(tt.flags, account...)...)
			s := p.summary(exitRegisterFailed, "register_failed")
			const why = "is not trusted"
			if !strings.Contains(s.text("reason"), why) {
				t.Errorf("the reason says nothing about the certificate: %v", s)
			}
			if reg := p.awaitType("RegistrationChanged"); !strings.Contains(reg.text("detail"), why) {
				t.Errorf("the event says nothing about the certificate: %v", reg)
			}
		})
	}
	t.Run("not checked", func(t *testing.T) {
		t.Parallel()
		p := startRun(t, append([]string{"--tls-verify", "0"}, account...)...)
		p.awaitRegistered(1)
	})
}
