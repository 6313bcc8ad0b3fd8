//go:build linux

package peers

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
)

const (
	portFirst = 10000
	portLast  = 32767
	portSlot  = 16 // ports are reserved in slots of this many
)

// FreePorts returns the first of n consecutive ports, an even number, that nothing uses on loopback, neither with
// UDP nor with TCP. They are reserved until the test ends: no other call of FreePorts returns them, in whatever
// process of this network namespace.
func FreePorts(tb testing.TB, n int) int {
	tb.Helper()
	slots := (n + portSlot - 1) / portSlot
	total := (portLast + 1 - portFirst) / portSlot
	for range 1000 {
		first := rand.IntN(total - slots + 1)
		held, ok := reserve(first, slots)
		if port := portFirst + first*portSlot; ok && unused(port, n) {
			tb.Cleanup(func() { release(held) })
			return port
		}
		release(held)
	}
	tb.Fatalf("no %d consecutive free ports between %d and %d", n, portFirst, portLast)
	return 0
}

// reserve takes slots by binding a name in the abstract socket space, which a network namespace has for itself
// and from which the kernel removes what a dead process held.
func reserve(first, slots int) (held []net.Listener, ok bool) {
	for i := first; i < first+slots; i++ {
		l, err := net.Listen("unix", fmt.Sprintf("@offhook-test-ports-%d", i))
		if err != nil {
			return held, false
		}
		held = append(held, l)
	}
	return held, true
}

func release(held []net.Listener) {
	for _, l := range held {
		l.Close()
	}
}

// unused finds out by binding whether n ports from port on are free for UDP and TCP.
func unused(port, n int) bool {
	for p := port; p < port+n; p++ {
		addr := address(p)
		u, err := net.ListenPacket("udp4", addr)
		if err != nil {
			return false
		}
		u.Close()
		t, err := net.Listen("tcp4", addr)
		if err != nil {
			return false
		}
		t.Close()
	}
	return true
}

// address is port on loopback as host:port.
func address(port int) string { return fmt.Sprintf("%s:%d", Loopback, port) }

// address6 is port on IPv6's loopback as [host]:port.
func address6(port int) string { return fmt.Sprintf("[%s]:%d", Loopback6, port) }

// bound returns nil when some process of this namespace has bound port on loopback: with UDP, or listening with
// TCP. It reads the kernel's tables, since a probe packet would count as traffic at the peer.
func bound(network string, port int) error {
	table, err := os.ReadFile("/proc/net/" + network)
	if err != nil {
		return err
	}
	const loopback, listen = "0100007F", "0A" // 127.0.0.1 in the table's byte order; TCP_LISTEN
	want := fmt.Sprintf("%s:%04X", loopback, port)
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // sl local_address rem_address st ...
		if len(f) > 3 && f[1] == want && (network == "udp" || f[3] == listen) {
			return nil
		}
	}
	return fmt.Errorf("%s port %d is not bound", network, port)
}
