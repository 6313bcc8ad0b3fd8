//go:build linux

package peers

import (
	"net"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
)

// The ends of the virtual cable that [AddAddress] makes. Both are in this namespace, so that nothing can leave by it.
const cableEnd, cableOtherEnd = "offhook0", "offhook1"

// AddAddress gives the namespace one more IP address, on an interface that is not loopback, for as long as the test
// runs, or until the returned function is called, which may be done twice. PJSIP and Asterisk make ICE candidates
// of such an address only. 198.51.100.0/24 and 2001:db8::/32 are for documentation, and good for this.
func AddAddress(tb testing.TB, ip string) (remove func()) {
	tb.Helper()
	RequireNetns(tb)
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := net.InterfaceByName(cableEnd); err != nil {
		ipCommand(tb, "link", "add", cableEnd, "type", "veth", "peer", "name", cableOtherEnd)
		for _, end := range []string{cableEnd, cableOtherEnd} {
			// no address of its own, which PJSIP would use too
			ipCommand(tb, "link", "set", end, "addrgenmode", "none")
			ipCommand(tb, "link", "set", end, "up")
		}
	}
	prefix := netip.PrefixFrom(addr, addr.BitLen()).String()
	run := []string{"address", "add", prefix, "dev", cableEnd}
	if addr.Is6() {
		run = append(run, "nodad") // it is usable at once
	}
	ipCommand(tb, run...)
	there := true
	remove = func() {
		if there {
			ipCommand(tb, "address", "del", prefix, "dev", cableEnd)
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
