package engine

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/microsip"
	"github.com/offhook-voip/offhook/pjsua"
)

// ErrSingleMode is returned for a number on a command line while singleMode is on and
// there is a call: MicroSIP dials nothing then.
var ErrSingleMode = errors.New("engine: there is a call already, and singleMode allows one")

// Command carries out a command line of MicroSIP in the dialect of the configuration;
// package microsip has the grammar. A number is called when its account is registered:
// until then the last one waits. exit ends the engine, and is called by the command that
// does.
func (e *Engine) Command(ctx context.Context, line string, exit func()) (microsip.Result, error) {
	return microsip.Run(ctx, &commander{e: e, exit: exit}, e.settings().Dialect, line)
}

// Execute is [Engine.Command] for a command that was read already: by its number in
// WM_COMMAND, or from DDE.
func (e *Engine) Execute(ctx context.Context, c microsip.Command, exit func()) (microsip.Result, error) {
	return microsip.Execute(ctx, &commander{e: e, exit: exit}, c)
}

// Dialect returns the one that command lines are read in.
func (e *Engine) Dialect() config.Dialect { return e.settings().Dialect }

// DialName returns what MicroSIP calls the account that dials: its label, else its display
// name, else its user. It is empty where there is no account but the local one.
func (e *Engine) DialName() string {
	a, err := e.dialAccount(0)
	if err != nil || a.cfg().Local() {
		return ""
	}
	return cmp.Or(a.cfg().Label, a.cfg().DisplayName, a.cfg().Username)
}

// commander is an Engine as the phone of package microsip.
type commander struct {
	e    *Engine
	exit func()
}

// Dial calls a number. id 0 without an error says that it waits for a registration.
func (p *commander) Dial(ctx context.Context, number, digits string) (id int64, err error) {
	e := p.e
	if e.settings().SingleMode && len(e.Calls()) > 0 {
		return 0, ErrSingleMode
	}
	req := DialRequest{URI: number, DTMF: digits}
	acc, err := e.dialAccount(0)
	if err != nil {
		return 0, err
	}
	if local, ok := e.Account(0); ok && acc != local && isDirect(number, acc.cfg().Domain) {
		req.Account = LocalAccount
	} else {
		req.Account = acc.cfg().Number
		if acc.cfg().Local() {
			req.Account = LocalAccount
		}
		if e.park(acc, req) {
			return 0, nil
		}
	}
	return dialled(e.Dial(ctx, req))
}

// isDirect says whether MicroSIP calls a number by the local account although there is
// another: its host is an address and not the account's domain.
func isDirect(number, domain string) bool {
	if !strings.Contains(number, "@") && !isHost(number) {
		return false
	}
	_, host := userHost(number)
	name, _ := splitPort(host)
	_, err := netip.ParseAddr(name)
	return !sameHost(host, domain) && (err == nil || strings.EqualFold(name, "localhost"))
}

func dialled(c *Call, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return int64(c.ID()), nil
}

// parked is the number that waits for a registration. A new one takes its place.
type parked struct{ req DialRequest }

// park has a number wait for its account to be registered; false: it is, or need not be.
func (e *Engine) park(a *Account, req DialRequest) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.parked = nil
	if !a.cfg().Registers() || a.reg.Registered || e.state != running {
		return false
	}
	p := &parked{req: req}
	e.parked = p
	e.log.Info("a number waits for the registration", "account", a.cfg().Number)
	go e.unpark(a, p)
	return true
}

func (e *Engine) unpark(a *Account, p *parked) {
	for {
		e.mu.Lock()
		ready, changed := a.reg.Registered, a.changed
		if e.parked != p || e.state != running || a.gone {
			e.mu.Unlock()
			return
		}
		if ready {
			e.parked = nil
		}
		e.mu.Unlock()
		if ready {
			ctx, cancel := context.WithTimeout(context.Background(), parkedDial)
			defer cancel()
			if _, err := e.Dial(ctx, p.req); err != nil {
				e.log.Warn("the number that waited for the registration", "error", err)
			}
			return
		}
		select {
		case <-changed:
		case <-e.closed:
			return
		}
	}
}

func (p *commander) Redial(ctx context.Context) (int64, error) { return dialled(p.e.Redial(ctx)) }

func (p *commander) SendMessage(ctx context.Context, number, text string) error {
	_, err := p.e.SendMessage(ctx, 0, number, text, "")
	return err
}

// noCall is microsip's error where there is no call.
func noCall(c *Call, ok bool) (*Call, error) {
	if !ok {
		return nil, microsip.ErrNoCall
	}
	return c, nil
}

// selected returns the call that MicroSIP's window would show, which is none that rings.
func (p *commander) selected() (*Call, error) {
	c, ok := p.e.SelectedCall()
	if ok {
		p.e.mu.Lock()
		ok = !c.ringsHereLocked()
		p.e.mu.Unlock()
	}
	return noCall(c, ok)
}

// with does something with a call.
func with(c *Call, err error, do func() error) (int64, error) {
	if err != nil {
		return 0, err
	}
	if err := do(); err != nil {
		if errors.Is(err, ErrCallEnded) {
			err = microsip.ErrNoCall
		}
		return int64(c.ID()), err
	}
	return int64(c.ID()), nil
}

func (p *commander) AnswerFirst(ctx context.Context) (int64, error) {
	c, err := noCall(p.e.RingingCall())
	return with(c, err, func() error { return c.Answer(ctx, pjsua.CodeOK, "") })
}

func (p *commander) RejectFirst(ctx context.Context) (int64, error) {
	c, err := noCall(p.e.RingingCall())
	return with(c, err, func() error { return c.Reject(ctx, 0, "") })
}

// ids returns the calls that fit.
func (p *commander) ids(which func(*Call) bool) []int64 {
	p.e.mu.Lock()
	defer p.e.mu.Unlock()
	var out []int64
	for _, c := range p.e.callsLocked() {
		if which(c) {
			out = append(out, int64(c.id))
		}
	}
	return out
}

func (p *commander) HangupAll(ctx context.Context) ([]int64, error) {
	ids := p.ids(func(c *Call) bool { return !c.ringsHereLocked() })
	_, err := p.e.HangupAll(ctx)
	return ids, err
}

func (p *commander) HangupIncoming(ctx context.Context) ([]int64, error) {
	ids := p.ids((*Call).ringsHereLocked)
	_, err := p.e.HangupIncoming(ctx)
	return ids, err
}

func (p *commander) HangupCalling(ctx context.Context) ([]int64, error) {
	ids := p.ids(func(c *Call) bool { return c.role == pjsua.RoleUAC && c.reached < StateConfirmed.rank() })
	_, err := p.e.HangupCalling(ctx)
	return ids, err
}

func (p *commander) HangupSelected(ctx context.Context) (int64, error) {
	c, err := p.selected()
	return with(c, err, func() error { return c.Hangup(ctx, 0, "") })
}

func (p *commander) DTMFSelected(ctx context.Context, digits string) (int64, error) {
	c, err := p.selected()
	return with(c, err, func() error { return c.SendDTMF(ctx, digits, DTMFOptions{}) })
}

func (p *commander) TransferSelected(ctx context.Context, number string) (int64, error) {
	c, err := p.selected()
	return with(c, err, func() error {
		_, err := c.Transfer(ctx, number)
		return err
	})
}

func (p *commander) ToggleHold(ctx context.Context) (int64, error) {
	c, err := p.selected()
	return with(c, err, func() error { return c.ToggleHold(ctx) })
}

func (p *commander) Mute(ctx context.Context, dir microsip.Direction, to microsip.Switch) error {
	levels := p.e.Levels()
	which, muted := Input, levels.MutedIn
	if dir == microsip.Speaker {
		which, muted = Output, levels.MutedOut
	}
	return p.e.SetMuted(ctx, which, to == microsip.On || to == microsip.Toggle && !muted)
}

func (p *commander) StepVolume(ctx context.Context, dir microsip.Direction, steps int) error {
	const step = 5
	levels := p.e.Levels()
	level := levels.VolumeIn
	if dir == microsip.Speaker {
		level = levels.VolumeOut
	}
	return p.SetVolume(ctx, dir, min(max(level+steps*step, 0), 100))
}

func (p *commander) SetVolume(ctx context.Context, dir microsip.Direction, percent int) error {
	if dir == microsip.Speaker {
		return p.e.SetVolumes(ctx, Volumes{Output: &percent})
	}
	return p.e.SetVolumes(ctx, Volumes{Input: &percent})
}

func (p *commander) SelectAccount(_ context.Context, number int, toggle bool) error {
	return p.e.SelectAccount(number, toggle)
}

// SelectAccount makes an account the one that calls where none is named: accountId. With
// toggle, the one that is selected already is deselected. All accounts stay registered.
func (e *Engine) SelectAccount(number int, toggle bool) error {
	if _, ok := e.Account(number); !ok || number < 1 {
		return &UnknownAccountError{Number: number}
	}
	e.changeSettings(func(s *config.Settings) {
		if toggle && s.AccountID == number {
			number = 0
		}
		s.AccountID = number
	})
	return nil
}

func (p *commander) SetPassword(ctx context.Context, number int, password config.Secret) error {
	keep := number > 0
	if number == 0 {
		number = p.e.settings().AccountID
	}
	if number == 0 {
		a, err := p.e.dialAccount(0)
		if err != nil {
			return err
		}
		number = a.cfg().Number
	}
	a, ok := p.e.Account(number)
	if !ok || a.cfg().Local() {
		return &UnknownAccountError{Number: number}
	}
	cfg := *a.cfg()
	cfg.Password = password
	if err := p.e.UpdateAccount(ctx, cfg); err != nil {
		return err
	}
	if keep {
		p.e.notePassword(number, password)
	}
	if !cfg.Registers() {
		return nil
	}
	return a.Register(ctx)
}

func (p *commander) Exit(context.Context) error {
	if p.exit == nil {
		return ErrNoExit
	}
	p.exit()
	return nil
}

// ErrNoExit is returned where a command line may not end the engine.
var ErrNoExit = errors.New("engine: a command line cannot end this engine")
