package engine

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

// registrars has the fake answer REGISTERs by who is up.
type registrars struct {
	mu sync.Mutex
	up map[string]bool
	f  *fakePhone
}

func (s *registrars) set(registrar string, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.up[registrar] = up
}

func (s *registrars) answer(acc pjsua.AccountID, registrar string) {
	s.mu.Lock()
	up := s.up[registrar]
	s.mu.Unlock()
	if up {
		s.f.registered(acc, 200, "OK")
	} else {
		s.f.registered(acc, 408, "Request Timeout")
	}
}

func (s *registrars) attach(f *fakePhone) {
	s.f, s.up = f, map[string]bool{}
	f.onRegister = func(acc pjsua.AccountID) error {
		s.answer(acc, f.configOf(acc).Registrar)
		return nil
	}
	f.onProbe = func(uri string) pjsua.SIPCode {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.up[uri] {
			return 405
		}
		return 408
	}
	f.onModify = func(cfg pjsua.AccountConfig) {
		where := cfg.Registrar
		if len(cfg.Proxies) == 1 {
			where = cfg.Proxies[0]
		}
		s.answer(f.account(cfg.ID), where)
	}
}

func (f *fakePhone) configOf(id pjsua.AccountID) pjsua.AccountConfig {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.accounts[id]
}

func only(cfg *config.Config, change func(*config.Account)) {
	cfg.Accounts = cfg.Accounts[:1]
	change(&cfg.Accounts[0])
}

func TestRegistrarFailover(t *testing.T) {
	var s registrars
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		only(cfg, func(a *config.Account) { a.BackupServer = []string{"second", "third:5070"} })
		s.attach(f)
		s.set("sip:third:5070", true)
	}, func(t *testing.T, r *rig) {
		r.expect("EngineStarted", "RegistrationChanged 1 408", "RegistrationChanged 1 408", "RegistrationChanged 1 200")
		id := r.acc1
		r.journal(words("modify"), fmt.Sprintf("modify %d sip:1001@pbx sip:second", id), fmt.Sprintf("modify %d sip:1001@pbx sip:third:5070", id))
		// The first is asked now and then, and taken again when it answers.
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		probes := r.phone.noted("probe")
		if len(probes) < 5 || probes[0] != fmt.Sprintf("probe %d sip:pbx", id) {
			t.Errorf("asked: %q", probes)
		}
		r.expect()
		s.set("sip:pbx", true)
		time.Sleep(4 * time.Minute)
		r.expect("RegistrationChanged 1 200")
		if all := r.phone.noted("modify"); all[len(all)-1] != fmt.Sprintf("modify %d sip:1001@pbx sip:pbx", id) {
			t.Errorf("%q", all)
		}
		n := len(r.phone.noted("probe"))
		time.Sleep(time.Hour)
		if len(r.phone.noted("probe")) != n {
			t.Error("the first is asked although it is used")
		}
	})
}

func TestFailoverWhenAllAreDown(t *testing.T) {
	var s registrars
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		only(cfg, func(a *config.Account) { a.BackupServer = []string{"second"} })
		s.attach(f)
	}, func(t *testing.T, r *rig) {
		r.expect("EngineStarted", "RegistrationChanged 1 408", "RegistrationChanged 1 408")
		time.Sleep(46 * time.Second) // the longest of 30 s and a jitter
		r.expect("RegistrationChanged 1 408", "RegistrationChanged 1 408")
		s.set("sip:second", true)
		time.Sleep(2 * time.Minute)
		events := r.events()
		if last := events[len(events)-1].(RegistrationChanged); !last.Registered {
			t.Errorf("%q", brief(events))
		}
	})
}

func TestProxyFailover(t *testing.T) {
	var s registrars
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		only(cfg, func(a *config.Account) { a.Proxy, a.ProxyFailover = []string{"p1", "p2"}, true })
		s.attach(f)
		s.set("sip:p2", true)
	}, func(t *testing.T, r *rig) {
		r.expect("EngineStarted", "RegistrationChanged 1 408", "RegistrationChanged 1 200")
		if got := r.phone.configOf(r.acc1).Proxies; !slices.Equal(got, []string{"sip:p2"}) {
			t.Errorf("proxies %q", got)
		}
		s.set("sip:p1", true)
		time.Sleep(4 * time.Minute)
		r.expect("RegistrationChanged 1 200")
		r.journal(words("probe"), fmt.Sprintf("probe %d sip:p1", r.acc1))
	})
}

// A refusal is no reason to go elsewhere.
func TestNoFailoverAfterARefusal(t *testing.T) {
	withEngine(t, func(cfg *config.Config, f *fakePhone) {
		only(cfg, func(a *config.Account) { a.BackupServer = []string{"second"} })
	}, func(t *testing.T, r *rig) {
		r.phone.registered(r.acc1, 403, "Forbidden")
		r.events()
		r.journal(words("modify"))
		r.phone.send(pjsua.RegistrationChanged{
			EventHeader: r.phone.head(), Account: r.acc1, Code: 403, Reason: "Forbidden",
			Response: []byte("SIP/2.0 403 Forbidden\r\nP-Registrar-Error: the trunk is full\r\n\r\n"),
		})
		if e := r.expect("RegistrationChanged 1 403")[0].(RegistrationChanged); e.Detail != "the trunk is full" {
			t.Errorf("%+v", e)
		}
	})
}

func TestAddressChange(t *testing.T) {
	var mu sync.Mutex
	addresses := []string{"192.0.2.1"}
	set := func(list ...string) {
		mu.Lock()
		defer mu.Unlock()
		addresses = list
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(cfg *config.Config, _ *fakePhone) { cfg.Settings.NetworkChanges = true })
		r.e.localAddresses = func() []string {
			mu.Lock()
			defer mu.Unlock()
			return addresses
		}
		r.start()
		time.Sleep(time.Minute)
		r.expect("EngineStarted")
		// The cable is out: nothing to follow to.
		set()
		time.Sleep(time.Minute)
		set("192.0.2.7")
		time.Sleep(time.Minute)
		if e := r.expect("AddressChanged")[0].(AddressChanged); !slices.Equal(e.Addresses, []string{"192.0.2.7"}) {
			t.Errorf("%+v", e)
		}
		r.journal(words("ipchange"), "ipchange")
		r.stop()
	})
}

// After a sleep, servers and NATs may have forgotten us.
func TestSleep(t *testing.T) {
	for name, c := range map[string]struct {
		bind string
		want []string // of the phone
	}{
		"all addresses": {"", []string{"ipchange"}},
		"one address":   {"192.0.2.1", []string{"register 2 true"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asleep atomic.Int64
			var offline atomic.Bool
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(cfg *config.Config, _ *fakePhone) {
					cfg.Settings.NetworkChanges, cfg.Settings.BindAddress = false, c.bind
				})
				r.e.asleep = func() time.Duration { return time.Duration(asleep.Load()) }
				r.e.localAddresses = func() []string {
					if offline.Load() {
						return nil
					}
					return []string{"192.0.2.1"}
				}
				r.start()
				r.phone.registered(r.acc1, 200, "OK")
				time.Sleep(time.Minute)
				r.events()
				first := len(r.phone.noted("register"))
				asleep.Add(int64(time.Second - 1)) // less than what counts
				time.Sleep(time.Minute)
				r.expect()
				// An hour, and a network that comes up after the machine.
				asleep.Add(int64(time.Hour))
				offline.Store(true)
				time.Sleep(time.Minute)
				if e := r.expect("SystemResumed")[0].(SystemResumed); e.AsleepMS != 3600999 {
					t.Errorf("%+v", e)
				}
				r.journal(words("ipchange"))
				offline.Store(false)
				time.Sleep(time.Minute)
				if got := r.phone.noted("ipchange", "register")[first:]; !slices.Equal(got, c.want) {
					t.Errorf("asked of the phone: %q", got)
				}
				r.stop()
			})
		})
	}
}

func TestTimeAsleep(t *testing.T) {
	before := timeAsleep()
	if before < -time.Second || before > 100*365*24*time.Hour {
		t.Errorf("asleep for %v", before)
	}
	if more := timeAsleep() - before; more < -10*time.Millisecond || more > 10*time.Second {
		t.Errorf("asleep for %v while a test ran", more)
	}
}

func TestAddressChangeIsNotFollowed(t *testing.T) {
	for name, change := range map[string]func(*config.Settings){
		"networkChanges": func(*config.Settings) {},
		"bindAddress":    func(s *config.Settings) { s.NetworkChanges, s.BindAddress = true, "192.0.2.1" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(cfg *config.Config, _ *fakePhone) { change(&cfg.Settings) })
				n := 0
				r.e.localAddresses = func() []string { n++; return []string{fmt.Sprint("192.0.2.", n/10)} }
				r.start()
				time.Sleep(5 * time.Minute)
				r.expect("EngineStarted")
				r.journal(words("ipchange"))
				r.stop()
			})
		})
	}
}

func TestPortKnock(t *testing.T) {
	var socks []net.PacketConn
	var ports []string
	for range 2 {
		s, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, port, _ := net.SplitHostPort(s.LocalAddr().String())
		socks, ports = append(socks, s), append(ports, port)
	}
	cfg := testConfig()
	cfg.Settings.PortKnockerHost, cfg.Settings.PortKnockerPorts = "127.0.0.1", strings.Join(ports, ", ")
	e, err := New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := e.Account(1)
	a.knock(t.Context())
	for _, s := range socks {
		buf := make([]byte, 64)
		if err := s.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, _, err := s.ReadFrom(buf)
		if err != nil || string(buf[:n]) != "knock\x00" {
			t.Errorf("%q, %v", buf[:n], err)
		}
	}
}
