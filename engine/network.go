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

// shortestSleep is how long a machine has slept when it counts: by then a server or a NAT may
// have forgotten us.
const shortestSleep = time.Second

// watchNetwork has accounts and calls follow a change of the machine's addresses
// (networkChanges) and the end of its sleep, until ctx ends. Without any address there is
// nothing to follow to.
func (e *Engine) watchNetwork(ctx context.Context, phone Phone) {
	tick := time.NewTicker(addressPoll)
	defer tick.Stop()
	known := e.localAddresses()
	last := known
	asleep := e.asleep()
	woken := false
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if total := e.asleep(); total-asleep >= shortestSleep {
			woken = true
			e.tellResumed(total - asleep)
			asleep = total
		}
		now := e.localAddresses()
		settled := slices.Equal(now, last)
		last = now
		if !settled || len(now) == 0 {
			continue
		}
		changed := !slices.Equal(now, known)
		known = now
		s := e.settings()
		bound := s.BindAddress != "" // PJSIP would bind to all addresses after a change
		changed = changed && s.NetworkChanges && !bound
		if changed {
			e.tellAddresses(now)
		}
		switch {
		case changed, woken && !bound:
			e.reconnect(ctx, phone)
		case woken:
			e.registerAgain(ctx)
		}
		woken = false
	}
}

func (e *Engine) tellResumed(slept time.Duration) {
	e.log.Info("the machine was asleep", "time", slept)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == running {
		e.bus.publish(SystemResumed{EventHeader: e.header("SystemResumed", time.Now(), 0, 0), AsleepMS: slept.Milliseconds()})
	}
}

func (e *Engine) tellAddresses(now []string) {
	e.log.Info("addresses changed", "addresses", now)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state == running {
		e.bus.publish(AddressChanged{EventHeader: e.header("AddressChanged", time.Now(), 0, 0), Addresses: now})
	}
}

// reconnect opens the transports anew, registers again and offers calls the new address.
func (e *Engine) reconnect(ctx context.Context, phone Phone) {
	e.mu.Lock()
	if e.state != running {
		e.mu.Unlock()
		return
	}
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

// registerAgain registers the accounts that are registered; the others try again by
// themselves.
func (e *Engine) registerAgain(ctx context.Context) {
	e.mu.Lock()
	accounts := slices.DeleteFunc(slices.Clone(e.accounts), func(a *Account) bool { return !a.reg.Registered })
	e.mu.Unlock()
	e.registerAll(ctx, accounts...)
}
