package bot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// Options are the choices of a Bot. The zero value is a bot that speaks English by
// espeak-ng and cannot listen to words.
type Options struct {
	// Voice says texts. nil: [Espeak], with what it has said kept in the user's cache folder.
	Voice Voice
	// Recogniser turns speech into text for [Call.Listen].
	Recogniser Recogniser
	// Language of what is said and heard, as a BCP 47 tag; empty: the voice's own.
	Language string
	// Rate is that of all audio in Hz: 8000, 16000, 24000 or 48000; 0 is 16000.
	Rate int
	// Speech is what counts as speech of the far end; see [dsp.ActivityDetector].
	Speech dsp.ActivityOptions
	// Logger; nil: no logs.
	Logger hclog.Logger
}

const defaultRate = 16000

func (o Options) withDefaults() Options {
	if o.Rate == 0 {
		o.Rate = defaultRate
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Voice == nil {
		o.Voice = defaultVoice()
	}
	return o
}

// Handler is the conversation of one call. Its context ends with the call. When it returns,
// the call is hung up; one that is not answered yet is refused: with 603, or with the code
// of the error where that is or wraps a [*pjsua.CallError] or a [pjsua.SIPCode], or with
// 500 for any other error.
type Handler func(ctx context.Context, c *Call) error

// Bot handles the calls of an engine. Its methods may be called from any goroutine.
type Bot struct {
	phone  *engine.Engine
	opts   Options
	log    hclog.Logger
	sub    *engine.Subscription
	events switchboard

	mu       sync.Mutex
	handler  Handler
	accounts map[int]Handler
	rules    map[string]Handler
	serving  bool
	calls    sync.WaitGroup // that have a handler
}

// New returns a bot for the calls of an engine that does not run yet.
func New(phone *engine.Engine, opts Options) *Bot {
	opts = opts.withDefaults()
	return &Bot{
		phone: phone, opts: opts, log: opts.Logger, sub: phone.Subscribe(),
		accounts: make(map[int]Handler), rules: make(map[string]Handler),
	}
}

// Handle has h handle the calls that come in and that no other handler is for.
func (b *Bot) Handle(h Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.handler = h
}

// HandleAccount has h handle the calls that come in for the account with that number of the
// configuration; 0 is the local account.
func (b *Bot) HandleAccount(number int, h Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accounts[number] = h
}

// HandleRule has h handle the calls for which a rule of the configuration with `action = bot`
// has chosen the bot of that name. No other handler gets such calls, nor those that a rule
// plays a file to or runs a command for.
func (b *Bot) HandleRule(name string, h Handler) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules[name] = h
}

// handlerFor returns nil where the call is not for this program: the engine refuses it, or a
// rule has found somebody else.
func (b *Bot) handlerFor(account int, call *engine.Call) Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	action, name := call.Rule()
	switch {
	case call.Refused(), action == config.RulePlay, action == config.RuleHook:
		return nil
	case action == config.RuleBot:
		return b.rules[name]
	}
	if h := b.accounts[account]; h != nil {
		return h
	}
	return b.handler
}

// Run runs the engine and serves its calls until ctx ends; see [engine.Engine.Run]. It
// returns when the handlers have, which it waits 10 s for.
func (b *Bot) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	err := b.phone.Run(ctx)
	if errors.Is(err, engine.ErrRunTwice) {
		b.sub.Close() // or it would wait for the end of the other Run
	}
	return errors.Join(err, <-served)
}

// handlersWait bounds the wait for handlers whose calls have ended.
const handlersWait = 10 * time.Second

// Serve handles the calls of an engine that other code runs, and returns when the engine
// has stopped and the handlers have returned, which it waits 10 s for. It is called once,
// before the engine runs.
func (b *Bot) Serve(ctx context.Context) error {
	b.mu.Lock()
	b.serving = true
	b.mu.Unlock()
	defer b.sub.Close()
	var lost error
	for ev := range b.sub.Events() {
		switch ev := ev.(type) {
		case engine.IncomingCall:
			b.incoming(ctx, ev)
		case engine.EventsLost:
			if ev.Final {
				lost = fmt.Errorf("bot: %d events behind", ev.Count)
			}
		default:
			b.events.hand(ev)
		}
	}
	done := make(chan struct{})
	go func() {
		b.calls.Wait()
		close(done)
	}()
	select {
	case <-done:
		return lost
	case <-time.After(handlersWait):
		return errors.Join(lost, errors.New("bot: a handler does not return after the end of its call"))
	}
}

func (b *Bot) incoming(ctx context.Context, ev engine.IncomingCall) {
	call, ok := b.phone.Call(ev.Call)
	if !ok {
		return
	}
	h := b.handlerFor(ev.Account, call)
	if h == nil {
		return
	}
	c := newCall(&engineLine{Call: call, b: b, headers: ev.HeaderValues}, b.opts)
	b.calls.Add(1)
	go func() {
		defer b.calls.Done()
		c.handle(context.WithoutCancel(ctx), h)
	}()
}

// ServeLine runs a handler for a call that is no engine's, and returns the handler's error
// when it has returned and the call was hung up.
func ServeLine(ctx context.Context, line Line, opts Options, h Handler) error {
	return newCall(line, opts.withDefaults()).handle(ctx, h)
}

// DialOptions are the choices of [Bot.Dial].
type DialOptions struct {
	// Account is as [engine.DialRequest.Account].
	Account int
	// Headers are added to the INVITE.
	Headers []pjsua.Header
	// Timeout bounds the wait for the answer; 0: ctx alone does.
	Timeout time.Duration
}

// Dial calls uri, as [engine.Engine.Dial] takes it, and returns when the call is answered:
// otherwise with a [*pjsua.CallError], which has the code, with context.DeadlineExceeded, or
// with ctx's error, and the call is over then. The caller hangs up.
func (b *Bot) Dial(ctx context.Context, uri string, opts DialOptions) (*Call, error) {
	b.mu.Lock()
	serving := b.serving
	b.mu.Unlock()
	if !serving {
		return nil, ErrNotServing
	}
	if opts.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opts.Timeout)
		defer cancel()
	}
	b.events.dialling(+1)
	defer b.events.dialling(-1)
	call, err := b.phone.Dial(ctx, engine.DialRequest{Account: opts.Account, URI: uri, Headers: opts.Headers})
	if err != nil {
		return nil, err
	}
	line, err := b.answered(ctx, call)
	if err != nil {
		return nil, err
	}
	return newCall(line, b.opts), nil
}

// answered waits for the answer, and hangs up when ctx ends before.
func (b *Bot) answered(ctx context.Context, call *engine.Call) (*engineLine, error) {
	err := call.Wait(ctx, engine.StateConfirmed)
	if err != nil {
		hangUp(ctx, call)
		return nil, err
	}
	return &engineLine{Call: call, b: b}, nil
}

// DialFunc calls uri as [Bot.Dial] does, and runs h with the call when it is answered. It
// hangs up when h returns, and returns h's error.
func (b *Bot) DialFunc(ctx context.Context, uri string, opts DialOptions, h Handler) error {
	c, err := b.Dial(ctx, uri, opts)
	if err != nil {
		return err
	}
	return c.handle(ctx, h)
}

// hangupWait bounds a hang-up after the caller's own context has ended.
const hangupWait = 5 * time.Second

func hangUp(ctx context.Context, line interface {
	Hangup(ctx context.Context, code pjsua.SIPCode, reason string) error
}) error {
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangupWait)
	defer cancel()
	return line.Hangup(bye, 0, "")
}

// handle runs a handler, and ends the call.
func (c *Call) handle(ctx context.Context, h Handler) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-c.line.Done():
			cancel(engine.ErrCallEnded)
		case <-stop:
		}
	}()
	err = c.call(ctx, h)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrCallEnded), errors.Is(err, context.Canceled) && context.Cause(ctx) == engine.ErrCallEnded:
		c.log.Debug("the call ended before its handler", "error", err)
	default:
		c.log.Warn("handler", "error", err)
	}
	code, reason := refusal(err)
	bye, done := context.WithTimeout(context.WithoutCancel(ctx), hangupWait)
	defer done()
	if hung := c.line.Hangup(bye, code, reason); hung != nil {
		c.log.Warn("hang up", "error", hung)
	}
	c.close()
	return err
}

// call calls the handler, whose panic ends this call and no other.
func (c *Call) call(ctx context.Context, h Handler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.log.Error("panic in a handler", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("bot: panic in a handler: %v", p)
		}
	}()
	return h(ctx, c)
}

// refusal is what a call is refused with when its handler returns err before it is answered.
func refusal(err error) (pjsua.SIPCode, string) {
	var refused *pjsua.CallError
	var code pjsua.SIPCode
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &refused) && refused.Code >= 300 && refused.Code < 700:
		return refused.Code, refused.Reason
	case errors.As(err, &code) && code >= 300 && code < 700:
		return code, ""
	}
	return pjsua.CodeInternalServerError, ""
}
