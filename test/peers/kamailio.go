//go:build linux

package peers

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// KamailioOptions are what a test may choose of a Kamailio. The zero value is good for most.
type KamailioOptions struct {
	Domain     string        // domain and realm; "" means offhook.test
	MinExpires time.Duration // shortest registration, in whole seconds; 0 means 1 s. A shorter wish is raised to it
	MaxExpires time.Duration // longest registration, in whole seconds; 0 means 1 h. A longer wish is cut to it

	// ClientCerts refuses a TLS client whose certificate the authority of Certs has not signed.
	ClientCerts bool
	// Edge lets a REGISTER pass an edge proxy first, which is in the path then (RFC 3327); the registrar keeps
	// flows (outbound, RFC 5626) and names a service route (RFC 3608). See [Kamailio.ServiceRoute].
	Edge bool
}

// Kamailio is a registrar and proxy. Every user name is an account of its Domain, and of 127.0.0.1 in the
// Domain's place, with the password that [Password] gives. It asks for digest authentication, keeps locations in
// memory, puts itself into the route of a call, and answers sip:9NNN@Domain with the code NNN (300 to 699).
type Kamailio struct {
	Domain string // also the realm
	UDP    string // host:port
	TCP    string // host:port, the same as UDP
	TLS    string // host:port
	Certs  Certs  // the CA verifies the TLS server
	Log    string // file with its log; a restart appends

	// ServiceRoute is what an Edge wants the requests of its clients to go by.
	ServiceRoute string

	tb          testing.TB
	dir         string
	clientCerts bool
	proc        *process
}

// StartKamailio starts a Kamailio, which ends with the test.
func StartKamailio(tb testing.TB, o KamailioOptions) *Kamailio {
	tb.Helper()
	RequireNetns(tb)
	dir, port := runDir(tb), FreePorts(tb, 2)
	k := &Kamailio{
		Domain: o.Domain,
		UDP:    address(port), TCP: address(port), TLS: address(port + 1),
		Certs: MakeCerts(tb, dir),
		Log:   filepath.Join(dir, "log"),
		tb:    tb, dir: dir, clientCerts: o.ClientCerts,
	}
	k.ServiceRoute = "sip:" + k.TCP + ";transport=tcp;lr;service=yes"
	if k.Domain == "" {
		k.Domain = "offhook.test"
	}
	seconds := func(d, otherwise time.Duration) int {
		if d == 0 {
			d = otherwise
		}
		return int(d / time.Second)
	}
	writeConfigs(tb, "kamailio", dir, map[string]any{
		"Dir": dir, "IP": Loopback, "UDP": k.UDP, "TCP": k.TCP, "TLS": k.TLS, "Domain": k.Domain, "Certs": k.Certs,
		"ClientCerts": o.ClientCerts, "Edge": o.Edge, "ServiceRoute": k.ServiceRoute,
		"MinExpires": seconds(o.MinExpires, time.Second), "MaxExpires": seconds(o.MaxExpires, time.Hour),
	})
	k.Start()
	tb.Cleanup(k.Stop)
	return k
}

// Start starts a Kamailio that was stopped, on the ports it had, with no location known.
func (k *Kamailio) Start() {
	k.tb.Helper()
	if k.proc != nil && !k.proc.ended() {
		k.tb.Fatal("Kamailio.Start: it runs already")
	}
	k.proc = startProcess(k.tb, command{
		name: "kamailio", log: k.Log, dir: k.dir,
		// -DD: stay in the foreground; -E: log to standard error; -m, -M: MB of shared and private memory
		argv: []string{"kamailio", "-DD", "-E", "-m", "64", "-M", "8", "-Y", k.dir, "-f", filepath.Join(k.dir, "kamailio.cfg")},
	})
	k.proc.waitUp(func() error {
		for _, p := range []struct{ network, addr string }{{"udp", k.UDP}, {"tcp", k.TCP}, {"tls", k.TLS}} {
			if p.network == "tls" && k.clientCerts {
				continue // the probe has none
			}
			if err := options(p.network, p.addr, k.Certs.CA); err != nil {
				return fmt.Errorf("OPTIONS by %s: %w", p.network, err)
			}
		}
		return nil
	})
}

// Stop ends the Kamailio and waits until it is gone. Stopping it twice does nothing.
func (k *Kamailio) Stop() {
	k.tb.Helper()
	k.proc.stop()
}

// RPC calls a method of Kamailio's control interface and returns what kamcmd prints, for example of "ul.dump".
func (k *Kamailio) RPC(method string, args ...string) (string, error) {
	argv := append([]string{"-s", "unix:" + filepath.Join(k.dir, "ctl"), method}, args...)
	out, err := exec.Command("kamcmd", argv...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("kamcmd %s: %w: %s", method, err, out)
	}
	return string(out), nil
}

// Locations returns the contacts that are registered now.
func (k *Kamailio) Locations() ([]Location, error) {
	dump, err := k.RPC("ul.dump")
	if err != nil {
		return nil, err
	}
	var all []Location
	user := ""
	for line := range strings.Lines(dump) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "AoR":
			user = value
		case "Address":
			all = append(all, Location{User: user, Contact: value})
		}
	}
	return all, nil
}

// WaitLocations waits until exactly n contacts are registered and returns them. It ends the test when that does
// not happen within d.
func (k *Kamailio) WaitLocations(n int, d time.Duration) []Location {
	k.tb.Helper()
	return waitLocations(k.tb, k.proc, k.Locations, n, d)
}
