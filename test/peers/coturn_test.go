//go:build integration && linux

package peers

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"
)

func TestCoturnMaps(t *testing.T) {
	t.Parallel()
	c := StartCoturn(t)
	if seen, err := stunMapped(c.UDP); err != nil || seen.Addr() != netip.MustParseAddr(Loopback) {
		t.Errorf("mapped to %v, %v", seen, err)
	}
	tls, err := dialSIP("tls", c.TLS, c.Certs.CA)
	if err != nil {
		t.Fatal(err)
	}
	tls.Close()
}

func TestCoturnRelays(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{"UDP": nil, "TCP": {"-t"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := StartCoturn(t)
			_, port, _ := strings.Cut(c.UDP, ":")
			// Four clients, in pairs that send each other ten packets of 100 bytes
			args = append(args, "-u", c.User, "-w", c.Password, "-y", "-n", "10", "-m", "2", "-z", "20", "-p", port, Loopback)
			out, err := exec.Command("turnutils_uclient", args...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "tot_send_msgs=40, tot_recv_msgs=40") {
				t.Errorf("turnutils_uclient: %v\n%s", err, out)
			}
			for _, r := range c.WaitRelays(4, waitSIP)[:4] {
				if r.TCP != (name != "UDP") || (r.ToPeers != 10 || r.FromPeers != 10) && r != (Relay{TCP: r.TCP}) {
					t.Errorf("%+v", r)
				}
			}
			wrong := exec.Command("turnutils_uclient", "-u", c.User, "-w", "wrong", "-y", "-n", "1", "-p", port, Loopback)
			if out, err := wrong.CombinedOutput(); err == nil {
				t.Errorf("a wrong password is taken:\n%s", out)
			}
		})
	}
}
