//go:build linux

package peers

import (
	"fmt"
	"testing"
	"time"
)

// Password is the password of a user at every peer: "pw" and the name.
func Password(user string) string { return "pw" + user }

// Location is one registered contact.
type Location struct {
	User    string // address of record, without a domain
	Contact string // SIP URI
}

// waitLocations waits until p has exactly n contacts registered.
func waitLocations(tb testing.TB, p *process, locations func() ([]Location, error), n int, d time.Duration) []Location {
	tb.Helper()
	var all []Location
	err := poll(d, p.done, func() (err error) {
		if all, err = locations(); err == nil && len(all) != n {
			err = fmt.Errorf("%d are registered", len(all))
		}
		return err
	})
	if err != nil {
		tb.Fatalf("%s: waited %v for %d registered contacts: %v: %v", p.name, d, n, err, all)
	}
	return all
}
