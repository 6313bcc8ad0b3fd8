//go:build linux

package peers

import (
	"net"
	"slices"
	"testing"
)

// RequireNetns fails the test at once unless it runs in a network namespace whose only interface is loopback,
// besides those of [AddAddress], and that is up: the peers' traffic must not be able to leave the machine.
func RequireNetns(tb testing.TB) {
	tb.Helper()
	ifs, err := net.Interfaces()
	if err != nil {
		tb.Fatal(err)
	}
	ifs = slices.DeleteFunc(ifs, func(i net.Interface) bool { return i.Name == cableEnd || i.Name == cableOtherEnd })
	if len(ifs) != 1 || ifs[0].Flags&net.FlagLoopback == 0 || ifs[0].Flags&net.FlagUp == 0 {
		tb.Fatal("this test needs a network namespace that has loopback only: " +
			"run it as test/peers/netns.sh go test -tags integration ...")
	}
}
