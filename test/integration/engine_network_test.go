//go:build integration && linux

package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/test/peers"
)

// The machine gets another address: the engine notices by itself, and goes on working.
func TestEngineFollowsAnAddress(t *testing.T) {
	a := peers.StartAsterisk(t)
	o := startOffice(t, strings.Replace(officeINI(a.UDP, "", "1001"), "bindAddress", "# bindAddress", 1))
	awaitOffice(o, func(ev engine.RegistrationChanged) bool { return ev.Registered })
	peers.AddAddress(t, outside)
	ev := awaitOffice(o, func(engine.AddressChanged) bool { return true })
	if !slices.Contains(ev.Addresses, outside) {
		t.Errorf("%+v", ev)
	}
	o.hears(o.dial(1, "603"), peers.ToneHz)
}
