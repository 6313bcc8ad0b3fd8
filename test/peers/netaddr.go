//go:build linux

package peers

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"
)

// AddAddress gives the namespace's loopback interface one more IP address, for as long as the test runs, or until
// the returned function is called, which may be done twice. Packets to it cannot leave; but it is no loopback
// address, so PJSIP makes ICE candidates of it. 198.51.100.0/24 and 2001:db8::/32 are for documentation, and good
// for this.
func AddAddress(tb testing.TB, ip string) (remove func()) {
	tb.Helper()
	RequireNetns(tb)
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		tb.Fatal(err)
	}
	prefix := netip.PrefixFrom(addr, addr.BitLen()).String()
	// nodad: an IPv6 address is usable at once
	run := []string{"address", "add", prefix, "dev", "lo"}
	if addr.Is6() {
		run = append(run, "nodad")
	}
	ipCommand(tb, run...)
	there := true
	remove = func() {
		if there {
			ipCommand(tb, "address", "del", prefix, "dev", "lo")
			there = false
		}
	}
	tb.Cleanup(remove)
	return remove
}

func ipCommand(tb testing.TB, args ...string) {
	tb.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		tb.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}
