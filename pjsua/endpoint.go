//go:build cgo

package pjsua

/*
#cgo pkg-config: libpjproject
#cgo CFLAGS: -I${SRCDIR}/../cbridge -Wall
#include "account.h"
#include "control.h"
#include "message.h"
#include "resolve.h"

// cbridge was compiled from the bridge.h that this package sees.
static int oh_abi_matches(void) { return oh_abi() == OH_ABI && oh_event_size() == sizeof(oh_event); }

// What PJSIP keeps for the process. An INVITE over 1,300 bytes would go out by TCP and, refused,
// end the call with 503.
static void oh_sip_config(int no_rport)
{
	pjsip_cfg()->endpt.disable_tcp_switch = PJ_TRUE;
	pjsip_cfg()->endpt.disable_rport = no_rport;
}
*/
import "C"

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/offhook-voip/offhook/cbridge"
)

// Endpoint is pjsua: one per process at a time, since the library keeps its state in
// one global. Its methods may be called from any goroutine. They take a context that
// bounds the wait for the library's thread; what has begun is finished.
type Endpoint struct {
	exec   *executor
	pump   *pump
	ticks  *ticks
	conns  *connections
	closed atomic.Bool   // set by the first Close or Shutdown
	gone   chan struct{} // closed when that has finished

	devicesFound            bool        // the executor's
	media                   MediaConfig // what Open was given
	polled                  bool        // the program calls HandleEvents: there are no workers
	bridgeRate, bridgeFrame int         // the executor's: Hz, samples in a tick; 0 not known yet

	nat   *natState
	names *lookups

	userData userData
	master   *C.pjmedia_port // the executor's: the bridge's after SetNoDevice
	texts    textTurns

	mu          sync.Mutex // guards what follows; no callback's lock is taken under it
	accounts    map[AccountID]C.pjsua_acc_id
	accountData map[AccountID]any
	policies    map[AccountID]*Policy
	tps         map[C.pjsua_transport_id]*Transport
	dials       map[CallID]chan Event // DialWait's, by call
	requests    map[RequestID]chan RequestAnswered
	hangups     map[CallID]map[chan HangupAnswered]struct{} // HangupWait's, by call
}

var (
	openMu sync.Mutex // serialises Open and the end of Close
	opened *Endpoint
)

// Open creates, configures and starts pjsua (pjsua_create, pjsua_init, pjsua_start)
// with the null sound device, which drives the conference bridge at the pace of a
// clock. A second Open before Close is ErrOpen.
func Open(cfg Config) (*Endpoint, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if C.oh_abi_matches() == 0 || cbridge.ABI != C.OH_ABI {
		return nil, errors.New("pjsua: cbridge was compiled from another bridge.h; run go clean -cache")
	}
	openMu.Lock()
	defer openMu.Unlock()
	if opened != nil {
		return nil, ErrOpen
	}
	logger := newLogger(cfg.Logger)
	pump, err := newPump(logger)
	if err != nil {
		return nil, err
	}
	ticks, err := newTicks()
	if err != nil {
		pump.stop(closedContext)
		return nil, err
	}
	ep := &Endpoint{
		ticks:       ticks,
		media:       cfg.Media,
		polled:      cfg.Threads < 0,
		exec:        newExecutor(logger),
		pump:        pump,
		gone:        make(chan struct{}),
		nat:         newNATState(cfg),
		accounts:    map[AccountID]C.pjsua_acc_id{},
		accountData: map[AccountID]any{},
		policies:    map[AccountID]*Policy{},
		tps:         map[C.pjsua_transport_id]*Transport{},
		dials:       map[CallID]chan Event{},
		requests:    map[RequestID]chan RequestAnswered{},
		hangups:     map[CallID]map[chan HangupAnswered]struct{}{},
	}
	pump.observe = ep.observe
	ep.conns = newConnections(ep)
	pump.onCall = ep.conns.callChanged
	ep.names = newLookups(ep, cfg)
	pump.onLookup = ep.names.begin
	err = ep.exec.do(context.Background(), func(t onThread) error { return ep.start(t, cfg) })
	if err != nil {
		ep.exec.stop()
		ep.names.stop()
		ep.conns.stop()
		ticks.close()
		pump.stop(closedContext)
		return nil, err
	}
	opened = ep
	ep.startNAT(cfg.STUNServers)
	return ep, nil
}

func (ep *Endpoint) start(t onThread, cfg Config) (err error) {
	var a arena
	defer a.free()
	C.oh_sip_config(C.int(cBool(cfg.NoRport)))
	C.pj_log_set_level(0) // until pjsua_init knows our callback it would write to stdout
	C.oh_matches_set(nil, 0)
	ep.pump.attach()
	if st := C.pjsua_create(); st != C.PJ_SUCCESS {
		ep.pump.detach()
		return t.fail("create", st)
	}
	defer func() {
		if err != nil {
			detachConf(t)
			C.oh_resolve_close()
			C.pjsua_destroy2(C.PJSUA_DESTROY_NO_RX_MSG)
			ep.pump.detach()
		}
	}()

	level := cfg.LogLevel
	if level == 0 {
		level = pjLevel(cfg.Logger)
	}
	log := logging(t, &a, level, cfg.NoMessageLog)
	ua, err := uaConfig(t, &a, cfg)
	if err != nil {
		return err
	}
	C.oh_bridge_callbacks(ua, log)
	med, err := mediaConfig(t, &a, cfg.Media)
	if err != nil {
		return err
	}
	if st := C.pjsua_init(ua, log, med); st != C.PJ_SUCCESS {
		return t.fail("init", st)
	}
	if err := setPolicy(t, 0, &cfg.Policy); err != nil { // whose codecs are there now
		return err
	}
	if st := C.oh_messages_register(); st != C.PJ_SUCCESS {
		return t.fail("register modules", st)
	}
	if st := C.oh_resolve_start(); st != C.PJ_SUCCESS {
		return t.fail("init", st)
	}
	attachConf(t)
	if st := C.pjsua_set_null_snd_dev(); st != C.PJ_SUCCESS {
		return t.fail("open the null sound device", st)
	}
	return t.fail("start", C.pjsua_start())
}

func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}

// Events returns the channel on which all events come, in order. It must be read:
// past 65,536 events waiting, further ones are dropped and [EventsLost] says how
// many. It is closed at the end of Close or Shutdown.
func (ep *Endpoint) Events() <-chan Event { return ep.pump.events }

// do runs fn on pjsua's thread, unless the endpoint is closed.
func (ep *Endpoint) do(ctx context.Context, fn func(onThread) error) error {
	if ep.closed.Load() {
		return ErrClosed
	}
	return ep.exec.do(ctx, fn)
}

// closedContext has ended: what it is given to does not wait.
var closedContext = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Close ends all calls and registrations without waiting for the far ends' answers,
// destroys pjsua (pjsua_destroy2) and closes the Events channel; events that nobody
// has read by then are dropped. A second Close waits for the first and returns nil.
func (ep *Endpoint) Close() error { return ep.Shutdown(closedContext) }

// Shutdown hangs up all calls, unregisters all accounts, waits for the answers until
// ctx ends, and then does what Close does; until ctx ends it also waits for the
// consumer to read the events that are left. New commands fail with ErrClosed from
// the beginning. Calling it from the goroutine that reads Events is safe but drops
// what does not fit into the channel when ctx ends.
func (ep *Endpoint) Shutdown(ctx context.Context) error {
	if ep.closed.Swap(true) {
		<-ep.gone
		return nil
	}
	defer close(ep.gone)
	ep.nat.stop()
	openMu.Lock()
	defer openMu.Unlock()

	background := context.Background() // destroying is not optional
	_ = ep.exec.do(background, func(t onThread) error {
		C.oh_requests_close()
		hangupAll(t)
		return nil
	})
	unregistering := make(map[C.pjsua_acc_id]bool)
	patience := time.Now().Add(firstAnswer)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for open := true; open && ctx.Err() == nil; {
		_ = ep.exec.do(background, func(t onThread) error {
			if ep.polled {
				C.pjsua_handle_events(0)
			}
			open = unregisterAll(t, unregistering, time.Now().Before(patience)) || C.pjsua_call_get_count() > 0 ||
				ep.nat.detecting.Load()
			return nil
		})
		if open {
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}
	err := ep.exec.doLast(func(t onThread) error {
		detachConf(t)
		C.oh_resolve_close()
		// What had to be said has been said: do not wait another second for it.
		return t.fail("destroy", C.pjsua_destroy2(C.PJSUA_DESTROY_NO_RX_MSG))
	})
	ep.names.stop()
	ep.conns.stop()
	ep.ticks.close()
	ep.pump.detach()
	ep.pump.stop(ctx)
	ep.mu.Lock()
	for id, ch := range ep.dials {
		close(ch)
		delete(ep.dials, id)
	}
	ep.mu.Unlock()
	opened = nil
	return err
}

func accountIDs(t onThread) []C.pjsua_acc_id {
	ids := make([]C.pjsua_acc_id, limits.Accounts)
	n := C.uint(len(ids))
	C.pjsua_enum_accs(&ids[0], &n)
	return ids[:n]
}

// What pjsua_acc_info.expires is besides the seconds to the next REGISTER: PJSIP has
// no registration (there was none, it is over, it was refused), or a REGISTER without
// an answer yet, which does not end the registration that was there before.
const (
	noRegistration   = C.uint(math.MaxUint32)
	registerUnderWay = 0
)

// registered says whether the registrar has a registration of the account, as far as
// its last answer tells.
func registered(_ onThread, id C.pjsua_acc_id) bool {
	var info C.pjsua_acc_info
	if C.pjsua_acc_get_info(id, &info) != C.PJ_SUCCESS {
		return false
	}
	return info.has_registration != 0 && info.expires != noRegistration && info.status/100 == 2
}

// firstAnswer is how long Shutdown waits for the answer to the REGISTER of an account
// that is not registered: its registrar may well be out of reach.
const firstAnswer = 500 * time.Millisecond

// unregisterAll ends the registrations that are not in done yet, and says whether any
// is left. One whose REGISTER has no answer yet cannot be ended before that is here;
// where the account was not registered before, it counts only with patience.
func unregisterAll(t onThread, done map[C.pjsua_acc_id]bool, patience bool) (left bool) {
	for _, id := range accountIDs(t) {
		var info C.pjsua_acc_info
		if C.pjsua_acc_get_info(id, &info) != C.PJ_SUCCESS ||
			info.has_registration == 0 || info.expires == noRegistration {
			continue
		}
		if info.expires != registerUnderWay && !done[id] {
			done[id] = true
			if C.pjsua_acc_set_registration(id, C.PJ_FALSE) != C.PJ_SUCCESS {
				continue
			}
		}
		left = left || patience || registered(t, id)
	}
	return left
}

// observe sees every event before the consumer does.
func (ep *Endpoint) observe(ev Event) {
	var id CallID
	switch ev := ev.(type) {
	case CallStateChanged:
		id = ev.Call
	case CallEnded:
		id = ev.Call
		ep.userData.end(id)
	case RequestAnswered:
		ep.requestAnswered(ev)
		return
	case HangupAnswered:
		ep.hangupAnswered(ev)
		return
	case NATTypeDetected:
		ep.nat.detecting.Store(false)
		return
	default:
		return
	}
	ep.mu.Lock()
	ch := ep.dials[id]
	if _, ended := ev.(CallEnded); ended {
		delete(ep.dials, id)
	}
	ep.mu.Unlock()
	if ch != nil {
		select {
		case ch <- ev:
		default: // a call has fewer states than the channel has places
		}
	}
}
