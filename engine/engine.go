package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// How the 5 s that a shutdown may take are spent; PJSIP's own end takes another 1 s.
const (
	stopMedia = 400 * time.Millisecond  // files are closed
	stopSIP   = 2800 * time.Millisecond // BYE and REGISTER are answered
	stopRest  = 300 * time.Millisecond  // events end, and then goroutines
)

// parkedDial bounds the sending of an INVITE that waited for a registration.
const parkedDial = 30 * time.Second

// hangupWait bounds a hang-up after the caller's own context has ended.
const hangupWait = 2 * time.Second

// Engine is a softphone: the accounts of one configuration and their calls. All
// its methods may be called from several goroutines.
type Engine struct {
	config    atomic.Pointer[config.Config] // what it points at never changes
	codecList atomic.Pointer[[]string]      // see codecs; what it points at never changes
	log       hclog.Logger
	open      func(pjsua.Config) (Phone, error)
	// localAddresses lists the machine's addresses.
	localAddresses func() []string
	asleep         func() time.Duration // that the machine has slept since it was started
	begun          chan struct{}        // closed: Started
	bus            bus
	closed         chan struct{} // closed when Run has ended

	// mu guards what follows and the fields of Account, Call, Playback and
	// Recording that say so. It is never held across a call of Phone. It comes
	// before bus.mu in the lock order.
	mu       sync.Mutex
	state    runState
	phone    Phone // while state is running or stopping
	accounts []*Account
	byID     map[pjsua.AccountID]*Account
	calls    map[CallID]*Call
	dials    dialTable
	ghosts   map[CallID]struct{} // ended by resyncCall; their own end may still come
	players  map[pjsua.PlayerID]*Playback
	records  map[pjsua.RecorderID]*Recording
	paths    map[string]struct{} // files that are being recorded to

	transports map[pjsua.TransportType]*pjsua.Transport
	addresses  []TransportAddress    // where they listen
	startedAt  time.Time             // of EngineStarted
	touches    uint64                // rises whenever a call is selected
	lastNumber string                // whom Redial calls
	passwords  map[int]config.Secret // of accounts, that are to be written to the file
	parked     *parked               // a number that waits for a registration
	decided    string                // the Call-ID of the call that was answered or refused last
	muted      Levels                // what holds for all calls; the volumes are settings
	lastConf   ConferenceID
	presence   Presence // what we say of ourselves
	watches    []*watch
	buddies    map[pjsua.BuddyID]*watch
	early      map[pjsua.BuddyID][]pjsua.Event // of buddies that are being added

	changing sync.Mutex // one change of the accounts at a time; comes before mu
	codecsOn []string   // all that the phone has turned on; changing guards it

	sinks   sinks
	callLog logFile
	book    book
	sounds  sounds

	reloading    sync.Mutex     // one Reload at a time; comes before changing
	loaded       *config.Config // with reloading held: what New or Reload was given last
	leaving      map[int]bool   // accounts that a reload removes when their calls are over
	dialled      []string       // numbers, the newest first
	stateChanged chan struct{}  // one slot

	sound   bool           // a real sound device is open; set before running
	workers sync.WaitGroup // Add only with mu held and state running, or in one of them
}

// runState goes one way.
type runState int

const (
	idle runState = iota
	starting
	running
	stopping
	stopped
)

// New checks cfg and returns an Engine for it, which opens nothing before
// [Engine.Run]. cfg is not changed, and must not be changed by the caller.
// A nil logger means no logs.
func New(cfg *config.Config, logger hclog.Logger) (*Engine, error) {
	if cfg == nil {
		return nil, errors.New("engine: no configuration")
	}
	if logger == nil {
		logger = hclog.NewNullLogger()
	}
	e := &Engine{
		log:  logger,
		open: openPJSUA,

		localAddresses: machineAddresses,
		asleep:         timeAsleep,
		begun:          make(chan struct{}),
		closed:         make(chan struct{}),
		byID:           make(map[pjsua.AccountID]*Account),
		passwords:      make(map[int]config.Secret),
		calls:          make(map[CallID]*Call),
		dials:          newDialTable(),
		ghosts:         make(map[CallID]struct{}),
		players:        make(map[pjsua.PlayerID]*Playback),
		records:        make(map[pjsua.RecorderID]*Recording),
		paths:          make(map[string]struct{}),
		buddies:        make(map[pjsua.BuddyID]*watch),
		early:          make(map[pjsua.BuddyID][]pjsua.Event),

		transports: make(map[pjsua.TransportType]*pjsua.Transport),
		presence:   Presence{Online: true},
	}
	e.config.Store(cfg)
	e.loaded, e.stateChanged = cfg, make(chan struct{}, 1)
	e.loadState()
	for _, a := range withLocalAccount(cfg.Accounts) {
		e.accounts = append(e.accounts, newAccount(e, a))
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// check reports everything that can be known to be wrong before anything is
// opened.
func (e *Engine) check() error {
	errs := []error{e.config.Load().Validate(), e.phoneConfig().Validate()}
	for _, t := range e.transportConfigs() {
		errs = append(errs, t.Validate())
	}
	for _, a := range e.accounts {
		errs = append(errs, a.check())
	}
	if path := e.settings().PlayOnAnswer; path != "" {
		if _, err := wav.ReadInfo(path); err != nil {
			errs = append(errs, fmt.Errorf("engine: playOnAnswer: %w", err))
		}
	}
	errs = append(errs, e.loadContacts())
	return errors.Join(errs...)
}

// Run opens the phone, registers all accounts at once, and serves until ctx ends.
// Then it refuses new calls, closes players and recorders, hangs up, unregisters,
// and returns nil, within 5 s. It returns an error when something could not be
// started, naming it, and when the phone failed. An Engine runs once.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.state != idle {
		e.mu.Unlock()
		return ErrRunTwice
	}
	e.state = starting
	e.mu.Unlock()
	defer close(e.closed)

	err := e.run(ctx)

	e.mu.Lock()
	e.state, e.phone = stopped, nil
	ev := EngineStopped{EventHeader: e.header("EngineStopped", time.Now(), 0, 0)}
	if err != nil {
		ev.Error = err.Error()
	}
	e.bus.publish(ev)
	e.mu.Unlock()
	e.bus.close()
	e.stopSinks()
	return err
}

func (e *Engine) run(ctx context.Context) error {
	phone, err := e.open(e.phoneConfig())
	if err != nil {
		return fmt.Errorf("engine: open the phone: %w", err)
	}
	// Until the accounts are there, events wait in the phone's queue: none can be
	// about an account or a transport that is not known yet.
	err = e.start(ctx, phone)
	if err != nil {
		go drain(phone.Events())
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = nil
		}
		return errors.Join(err, ignoreClosed(phone.Close()))
	}

	if err := e.startSinks(); err != nil {
		go drain(phone.Events())
		return errors.Join(err, ignoreClosed(phone.Close()))
	}
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	e.mu.Lock()
	e.state, e.phone = running, phone
	e.startedAt = time.Now().UTC()
	e.bus.publish(EngineStarted{EventHeader: e.header("EngineStarted", e.startedAt, 0, 0), Transports: e.addresses})
	accounts := slices.Clone(e.accounts)
	e.log.Info("engine started", "accounts", len(accounts), "transports", len(e.addresses))
	e.mu.Unlock()
	close(e.begun)

	looped := make(chan struct{})
	go func() {
		defer close(looped)
		for ev := range phone.Events() {
			e.handle(work, ev)
		}
	}()
	e.registerAll(work, accounts...)
	e.workers.Go(func() { e.watchNetwork(work, phone) })

	select {
	case <-ctx.Done():
		err = e.stop(phone, looped)
	case <-looped:
		err = errors.New("engine: the phone closed its events")
		e.beginStop()
		err = errors.Join(err, ignoreClosed(phone.Close()))
	}
	e.endCalls(time.Now(), "engine stopped")
	cancel()
	if !waitFor(&e.workers, stopRest) {
		err = errors.Join(err, errors.New("engine: a command of the phone does not return"))
	}
	return err
}

// stop ends calls and registrations.
func (e *Engine) stop(phone Phone, looped <-chan struct{}) error {
	e.log.Info("engine stopping")
	e.beginStop()
	e.closeMedia(stopMedia)
	ctx, cancel := context.WithTimeout(context.Background(), stopSIP)
	defer cancel()
	err := phone.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		// Nobody answered in time; that is how an unplugged phone stops.
		e.log.Warn("hang-up or unregistration was not answered in time")
		err = nil
	}
	err = errors.Join(ignoreClosed(err), ignoreClosed(phone.Close()))
	select {
	case <-looped:
	case <-time.After(stopRest):
		err = errors.Join(err, errors.New("engine: the phone does not close its events"))
	}
	return err
}

// beginStop makes everything that would start a call or a file fail.
func (e *Engine) beginStop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.state = stopping
	for _, a := range e.accounts {
		a.stopRetryLocked()
	}
	for _, c := range e.calls {
		c.changedLocked()
	}
}

// closeMedia waits until the calls' players and recorders are closed.
func (e *Engine) closeMedia(limit time.Duration) {
	var open []<-chan struct{}
	e.mu.Lock()
	for _, c := range e.calls {
		for _, p := range c.plays {
			open = append(open, p.done)
		}
		for _, r := range c.recs {
			open = append(open, r.done)
		}
	}
	e.mu.Unlock()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for _, done := range open {
		select {
		case <-done:
		case <-deadline.C:
			e.log.Warn("players and recorders were not closed in time")
			return
		}
	}
}

// endCalls ends what is left in the table once the phone is closed.
func (e *Engine) endCalls(at time.Time, reason string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range e.callsLocked() {
		e.endCallLocked(c, at, pjsua.CallEnded{
			Call: c.id, Role: c.role, Code: c.code, Reason: reason,
			Remote: c.remote, Local: c.local, SIPCallID: c.sipCallID,
		})
	}
}

func drain(events <-chan pjsua.Event) {
	for range events {
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, pjsua.ErrClosed) {
		return nil
	}
	return err
}

func waitFor(wg *sync.WaitGroup, limit time.Duration) bool {
	done := make(chan struct{})
	go func() {
		wg.Wait()
		close(done)
	}()
	select {
	case <-done:
		return true
	case <-time.After(limit):
		return false
	}
}

// Started is closed when the transports listen and the accounts were added; their
// registrations are then on the way.
func (e *Engine) Started() <-chan struct{} { return e.begun }

// Subscribe returns a reader of the events from now on. A reader gets all events
// in order; one that is more than 65,536 events behind gets an [EventsLost] with
// Final set after those, and its channel is closed. A reader that does not read
// blocks nobody. Close it when it is no longer read.
func (e *Engine) Subscribe() *Subscription { return e.bus.subscribe() }

// Accounts returns a snapshot of all accounts in the order of their numbers.
func (e *Engine) Accounts() []AccountInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]AccountInfo, 0, len(e.accounts))
	for _, a := range e.accounts {
		out = append(out, a.infoLocked())
	}
	return out
}

// Account returns the account with that number of the configuration; 0 is the
// local account, if there is one.
func (e *Engine) Account(number int) (*Account, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.accounts {
		if a.cfg().Number == number {
			return a, true
		}
	}
	return nil, false
}

// Calls returns a snapshot of the calls that are not over, in the order of their
// ids.
func (e *Engine) Calls() []CallInfo {
	e.mu.Lock()
	defer e.mu.Unlock()
	out := make([]CallInfo, 0, len(e.calls))
	for _, c := range e.callsLocked() {
		out = append(out, c.infoLocked())
	}
	return out
}

// Call returns the call with that id while it is not over.
func (e *Engine) Call(id CallID) (*Call, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c, ok := e.calls[id]
	return c, ok
}

// running returns the phone of a running engine.
func (e *Engine) runningPhone() (Phone, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.state != running {
		return nil, ErrNotRunning
	}
	return e.phone, nil
}

// settings are those of the configuration that holds now. Nobody changes them: a
// reload or a command puts a new configuration in place. What has to see one state
// throughout calls settings once.
func (e *Engine) settings() *config.Settings { return &e.config.Load().Settings }

// changeSettings puts a changed copy of the settings in place.
func (e *Engine) changeSettings(change func(*config.Settings)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	cfg := *e.config.Load()
	change(&cfg.Settings)
	e.config.Store(&cfg)
	e.noteState()
}

func (e *Engine) header(typ string, at time.Time, account int, call CallID) EventHeader {
	return e.bus.next(typ, at, account, call)
}
