package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// route is one of the ways in which an account reaches a registrar.
type route struct {
	server  string
	proxies []string
}

func (r route) String() string {
	if len(r.proxies) == 0 {
		return r.server
	}
	return r.server + " by " + strings.Join(r.proxies, ", ")
}

// routesOf lists the ways, the preferred one first: the server and those of
// backupServer, each by all proxies or, with proxyFailover, by one after the other.
func routesOf(cfg *config.Account) []route {
	servers := append([]string{cfg.Server}, cfg.BackupServer...)
	var out []route
	for _, s := range servers {
		if !cfg.ProxyFailover || len(cfg.Proxy) < 2 {
			out = append(out, route{s, cfg.Proxy})
			continue
		}
		for _, p := range cfg.Proxy {
			out = append(out, route{s, []string{p}})
		}
	}
	return out
}

// routeNow is the way that the account goes.
func (a *Account) routeNow() route {
	routes := routesOf(a.cfg())
	return routes[int(a.route.Load())%len(routes)]
}

// fallbackInterval is how often an account that is registered elsewhere looks whether its
// preferred registrar is back.
const fallbackInterval = 2 * time.Minute

// jitter makes a time up to half longer, so that many phones do not come back at once.
func jitter(d time.Duration) time.Duration { return d + rand.N(d/2) }

// failsOver says whether another registrar may do better after a REGISTER ended so:
// nobody answered, or the one who did cannot now.
func failsOver(ev pjsua.RegistrationChanged) bool {
	switch ev.Code {
	case 0, pjsua.CodeRequestTimeout, pjsua.CodeInternalServerError, 502, pjsua.CodeServiceUnavailable, 504:
		return true
	}
	return false
}

// failoverLocked takes in the outcome of a REGISTER of an account with several ways, and
// says whether the account goes on by another at once.
func (a *Account) failoverLocked(ctx context.Context, ev pjsua.RegistrationChanged) bool {
	n := int32(len(routesOf(a.cfg())))
	if n < 2 || ev.Unregistering || a.e.state != running {
		return false
	}
	if ev.Registered {
		a.tried = 0
		if a.route.Load()%n != 0 {
			a.retry = time.AfterFunc(jitter(fallbackInterval), func() { a.background(ctx, a.fallBack) })
		}
		return false
	}
	if !failsOver(ev) {
		return false
	}
	if a.tried++; a.tried >= n {
		a.tried = 0 // all of them: the first one has its turn after a pause
		a.retry = time.AfterFunc(jitter(retryInterval), func() { a.background(ctx, a.nextRoute) })
		return true
	}
	a.background(ctx, a.nextRoute)
	return true
}

// background runs fn among the engine's workers, unless it stops.
func (a *Account) background(ctx context.Context, fn func(context.Context, Phone)) {
	go func() {
		e := a.e
		e.mu.Lock()
		phone, ok := e.phone, e.state == running && !a.gone
		if ok {
			e.workers.Add(1)
		}
		e.mu.Unlock()
		if ok {
			defer e.workers.Done()
			fn(ctx, phone)
		}
	}()
}

func (a *Account) nextRoute(ctx context.Context, phone Phone) {
	a.moveTo(ctx, phone, (a.route.Load()+1)%int32(len(routesOf(a.cfg()))))
}

// moveTo has the account register another way.
func (a *Account) moveTo(ctx context.Context, phone Phone, index int32) {
	a.e.changing.Lock()
	defer a.e.changing.Unlock()
	a.route.Store(index)
	a.e.log.Info("registering another way", "account", a.Number(), "server", a.routeNow().String())
	err := phone.ModifyAccount(ctx, a.id, a.phoneConfigNow())
	if err == nil || isGone(err) || errors.Is(err, pjsua.ErrAccountGone) {
		return
	}
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	a.setRegistrationLocked(ctx, pjsua.RegistrationChanged{
		EventHeader: pjsua.EventHeader{Time: time.Now()}, Account: a.id, Reason: err.Error(),
	})
}

// fallBack returns to the preferred registrar when that answers again.
func (a *Account) fallBack(ctx context.Context, phone Phone) {
	first := routesOf(a.cfg())[0]
	uri := "sip:" + first.server + withTransport("", string(a.cfg().Transport))
	if a.cfg().ProxyFailover && len(first.proxies) == 1 {
		uri = proxyURI(first.proxies[0], string(a.cfg().Transport))
	}
	code, err := phone.Probe(ctx, a.id, uri)
	if err == nil && !failsOver(pjsua.RegistrationChanged{Code: code}) {
		a.moveTo(ctx, phone, 0)
		return
	}
	a.e.mu.Lock()
	defer a.e.mu.Unlock()
	if a.e.state == running && a.reg.Registered {
		a.retry = time.AfterFunc(jitter(fallbackInterval), func() { a.background(ctx, a.fallBack) })
	}
}

// knock sends the account's port knocks: MicroSIP's bytes to each port, 200 ms apart.
func (a *Account) knock(ctx context.Context) {
	s := a.e.settings()
	if s.PortKnockerPorts == "" {
		return
	}
	host := s.PortKnockerHost
	if host == "" {
		host = a.routeNow().server
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
	}
	for i, port := range strings.Split(s.PortKnockerPorts, ",") {
		if i > 0 {
			select {
			case <-time.After(200 * time.Millisecond):
			case <-ctx.Done():
				return
			}
		}
		if err := knockOn(ctx, net.JoinHostPort(host, strings.TrimSpace(port))); err != nil {
			a.e.log.Warn("port knock", "account", a.Number(), "error", err)
		}
	}
}

// knockPacket is what MicroSIP sends.
var knockPacket = []byte("knock\x00")
