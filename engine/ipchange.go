package engine

import (
	"context"
	"net"
	"slices"
	"time"
)

// How the machine's addresses are watched: they are looked at this often, and a change
// counts when they have stayed the same for one more look, so that a link which comes up
// step by step is one change.
const addressPoll = 2 * time.Second

// machineAddresses lists the machine's IP addresses that are good for calls.
func machineAddresses() []string {
	list, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var out []string
	for _, a := range list {
		ip, ok := a.(*net.IPNet)
		if ok && !ip.IP.IsLoopback() && !ip.IP.IsLinkLocalUnicast() {
			out = append(out, ip.IP.String())
		}
	}
	slices.Sort(out)
	return out
}

// watchAddresses has accounts and calls follow a change of the machine's addresses
// (networkChanges), until ctx ends. Without any address there is nothing to follow to.
func (e *Engine) watchAddresses(ctx context.Context, phone Phone) {
	tick := time.NewTicker(addressPoll)
	defer tick.Stop()
	known := e.localAddresses()
	last := known
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := e.localAddresses()
		settled := slices.Equal(now, last)
		last = now
		if !settled || slices.Equal(now, known) || len(now) == 0 {
			continue
		}
		known = now
		if !e.settings().NetworkChanges {
			continue
		}
		e.log.Info("addresses changed", "addresses", now)
		e.mu.Lock()
		if e.state != running {
			e.mu.Unlock()
			return
		}
		e.bus.publish(AddressChanged{EventHeader: e.header("AddressChanged", time.Now(), 0, 0), Addresses: now})
		accounts := slices.Clone(e.accounts)
		e.mu.Unlock()
		for _, a := range accounts {
			if a.cfg().Registers() {
				a.knock(ctx)
			}
		}
		if err := phone.HandleIPChange(ctx); err != nil && !isGone(err) {
			e.log.Warn("follow a change of addresses", "error", err)
		}
	}
}
