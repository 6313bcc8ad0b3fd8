package runner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/scenario"
	"github.com/offhook-voip/offhook/pjsua"
)

// account is an account of the engine that one actor has, or that the actors of several
// sessions share. The hub's mutex guards what comes after watch.
type account struct {
	acc    *engine.Account
	number int
	cfg    config.Account
	key    string // of the pool
	name   string // of an endpoint that has none of its own: nobody else has it meanwhile
	users  int    // guarded by the pool

	watch
	incoming      []*line // that nobody has taken
	texts         []engine.MessageReceived
	registrations []engine.RegistrationChanged
	messages      []pjsua.SIPMessage // of no call
}

// concerns says whether a message outside of calls is the account's.
func (a *account) concerns(m *pjsua.Message) bool {
	aor := a.aor()
	return strings.Contains(m.Value("From"), aor) || strings.Contains(m.Value("To"), aor)
}

// pool gives actors their accounts. One that registers is one account for all who have the
// same configuration, for a registrar knows one telephone; an endpoint without a name of
// its own is nobody else's while it is in use, and used again after.
type pool struct {
	h    *hub
	base []config.Account // of the INI

	mu       sync.Mutex
	used     map[string]*account
	idle     map[string][]*account
	names    map[string]int
	next     int
	changing map[string]chan struct{} // addresses of record: closed when the change is over
}

// firstNumber is that of the first account that the pool makes, above those of people.
const firstNumber = 1000

func newPool(h *hub, base []config.Account) *pool {
	return &pool{
		h: h, base: base, used: map[string]*account{}, idle: map[string][]*account{},
		names: map[string]int{}, next: firstNumber, changing: map[string]chan struct{}{},
	}
}

// lock locks the pool, and an address of record against changes of its accounts: one
// registration ends before the next begins, or the registrar has neither. Accounts are added
// and removed with the address locked and the pool not, for that can take seconds.
func (p *pool) lock(aor string) {
	p.mu.Lock()
	for p.changing[aor] != nil {
		over := p.changing[aor]
		p.mu.Unlock()
		<-over
		p.mu.Lock()
	}
	p.changing[aor] = make(chan struct{})
}

// unlock is called with both locked.
func (p *pool) unlock(aor string) {
	close(p.changing[aor])
	delete(p.changing, aor)
	p.mu.Unlock()
}

func (a *account) aor() string { return aorOf(&a.cfg) }

func aorOf(cfg *config.Account) string {
	host := cfg.Domain
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return "sip:" + cfg.Username + "@" + host
}

// plainAccount is what the configuration has for an account of which nothing is said.
func plainAccount() (config.Account, error) {
	cfg, err := config.Load(config.Source{Flags: []config.Flag{{Name: "domain", Value: "localhost"}}})
	if err != nil {
		return config.Account{}, fmt.Errorf("runner: %w", err)
	}
	a, ok := cfg.Account(1)
	if !ok {
		return a, errors.New("runner: there is no plain account")
	}
	a.Domain, a.Server, a.Number = "", "", 0
	return a, nil
}

// config makes the account of an actor. named says that it has a name of its own.
func (p *pool) config(a *scenario.Actor) (cfg config.Account, named bool, err error) {
	if a.Account != 0 {
		i := slices.IndexFunc(p.base, func(c config.Account) bool { return c.Number == a.Account })
		if i < 0 {
			return cfg, false, fmt.Errorf("actor %s: there is no account %d in the configuration", a.Name, a.Account)
		}
		cfg = p.base[i]
	} else if cfg, err = plainAccount(); err != nil {
		return cfg, false, err
	}
	set := func(field *string, value string) {
		if value != "" {
			*field = value
		}
	}
	set(&cfg.Server, a.Server)
	set(&cfg.Domain, a.Domain)
	set(&cfg.Username, a.Username)
	set(&cfg.AuthID, a.AuthID)
	set(&cfg.DisplayName, a.DisplayName)
	if cfg.Domain == "" {
		cfg.Domain = cfg.Server
	}
	if cfg.Domain == "" {
		cfg.Domain = p.h.address(config.UDP)
	}
	if cfg.AuthID == "" {
		cfg.AuthID = cfg.Username
	}
	if a.Password.Reveal() != "" {
		cfg.Password = a.Password
	}
	if len(a.Proxy) > 0 {
		cfg.Proxy = a.Proxy
	}
	if a.Transport != "" {
		cfg.Transport = config.Transport(a.Transport)
	}
	switch a.SRTP {
	case "":
	case scenario.SRTPOff:
		cfg.SRTP = config.SRTPOff
	default:
		cfg.SRTP = config.SRTP(a.SRTP)
	}
	if a.Register != nil && !*a.Register {
		cfg.Server = ""
	}
	if a.AcceptTransfers {
		cfg.AcceptTransfers = "1"
	}
	cfg.Number = 0
	return cfg, cfg.Username != "", nil
}

// acquire returns the account of an actor; the caller releases it. It does not wait for a
// registration.
func (p *pool) acquire(ctx context.Context, a *scenario.Actor, impair *pjsua.Impairment) (*account, error) {
	cfg, named, err := p.config(a)
	if err != nil {
		return nil, err
	}
	own := ""
	if !named {
		own = a.Name
	}
	text, err := json.Marshal(struct {
		Config   config.Account
		Password string
		Codecs   []string
		Impair   *pjsua.Impairment
		Name     string
	}{cfg, cfg.Password.Reveal(), a.Codecs, impair, own})
	if err != nil {
		return nil, fmt.Errorf("runner: %w", err)
	}
	key := string(text)

	if !named {
		return p.acquireEndpoint(ctx, a, impair, cfg, key)
	}
	aor := aorOf(&cfg)
	p.lock(aor)
	defer p.unlock(aor)
	if acc := p.used[key]; acc != nil {
		acc.users++
		return acc, nil
	}
	acc := &account{key: key, users: 1, cfg: cfg}
	if err := p.open(ctx, acc, a, impair); err != nil {
		return nil, fmt.Errorf("actor %s: %w", a.Name, err)
	}
	p.used[key] = acc
	return acc, nil
}

// acquireEndpoint is acquire for an actor without a name of its own.
func (p *pool) acquireEndpoint(ctx context.Context, a *scenario.Actor, impair *pjsua.Impairment, cfg config.Account, key string) (*account, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.idle[key]; len(list) > 0 {
		acc := list[len(list)-1]
		p.idle[key] = list[:len(list)-1]
		acc.users++
		return acc, nil
	}
	p.names[a.Name]++
	cfg.Username = a.Name
	if n := p.names[a.Name]; n > 1 {
		cfg.Username = fmt.Sprintf("%s-%d", a.Name, n)
	}
	cfg.AuthID = cfg.Username
	acc := &account{key: key, users: 1, cfg: cfg, name: cfg.Username}
	if err := p.open(ctx, acc, a, impair); err != nil {
		return nil, fmt.Errorf("actor %s: %w", a.Name, err)
	}
	return acc, nil
}

// open adds the account to the engine, without the pool's lock, which the caller holds. The
// hub knows its number before, so that it misses nothing.
func (p *pool) open(ctx context.Context, acc *account, a *scenario.Actor, impair *pjsua.Impairment) (err error) {
	acc.number, p.next = p.next, p.next+1
	acc.cfg.Number = acc.number
	p.mu.Unlock()
	defer p.mu.Lock()
	cfg := acc.cfg
	if len(a.Codecs) > 0 {
		if cfg.AudioCodecs, err = codecIDs(a.Codecs); err != nil {
			return err
		}
	}
	p.h.mu.Lock()
	p.h.accounts[acc.number] = acc
	p.h.mu.Unlock()
	defer func() {
		p.h.mu.Lock()
		defer p.h.mu.Unlock()
		if err != nil {
			delete(p.h.accounts, acc.number)
		}
	}()
	if acc.acc, err = p.h.eng.AddAccount(ctx, cfg); err != nil {
		return err
	}
	if impair != nil {
		return acc.acc.SetImpairment(ctx, impair)
	}
	return nil
}

// removeWait bounds the removal of an account, whose calls have just ended.
const removeWait = 5 * time.Second

// release gives an account back. One that registers ends its registration when nobody has
// it any more.
func (p *pool) release(ctx context.Context, acc *account) error {
	aor := acc.aor()
	p.lock(aor)
	defer p.unlock(aor)
	if acc.users--; acc.users > 0 {
		return nil
	}
	p.h.mu.Lock()
	acc.incoming, acc.texts, acc.registrations, acc.messages = nil, nil, nil, nil
	p.h.mu.Unlock()
	if acc.name != "" {
		p.idle[acc.key] = append(p.idle[acc.key], acc)
		return nil
	}
	delete(p.used, acc.key)
	p.mu.Unlock()
	defer p.mu.Lock()
	return p.remove(ctx, acc)
}

func (p *pool) remove(ctx context.Context, acc *account) error {
	ctx, cancel := context.WithTimeout(ctx, removeWait)
	defer cancel()
	for {
		err := p.h.eng.RemoveAccount(ctx, acc.number)
		if !errors.Is(err, engine.ErrAccountBusy) {
			p.h.mu.Lock()
			delete(p.h.accounts, acc.number)
			p.h.mu.Unlock()
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// plainCodecs are PJSIP's ids of the codecs that a name alone means.
var plainCodecs = map[string]string{
	"pcmu": "PCMU/8000/1", "pcma": "PCMA/8000/1", "g722": "G722/16000/1", "opus": "opus/48000/2", "gsm": "GSM/8000/1",
	"speex": "speex/8000/1", "l16": "L16/16000/1", "g729": "G729/8000/1", "amr": "AMR/8000/1", "amr-wb": "AMR-WB/16000/1",
}

// codecIDs makes PJSIP's ids of names such as PCMU; those with a slash are ids.
func codecIDs(names []string) ([]string, error) {
	var ids []string
	for _, name := range names {
		id := plainCodecs[strings.ToLower(name)]
		if strings.Contains(name, "/") {
			id = name
		}
		if id == "" {
			return nil, fmt.Errorf("codec %s is not known by its name alone: write it as opus/48000/2", name)
		}
		ids = append(ids, id)
	}
	return ids, nil
}
