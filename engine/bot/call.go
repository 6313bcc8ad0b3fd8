package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// Call is one call of a bot. After its end the methods return [engine.ErrCallEnded]. They
// may be called from any goroutine.
type Call struct {
	line  Line
	opts  Options
	log   hclog.Logger
	turns turns

	mu       sync.Mutex
	open     bool // audio flows: it is answered, or has early media
	mouth    engine.Audio
	ear      *ear
	sounding *Playing
	paused   []*Playing
	pressed  []string // digits that nobody has gathered
	presses  uint64   // how many came
	messages []engine.MessageReceived
	spoke    uint64 // where in what the ear hears the speech began that interrupted a prompt
	barged   bool   // spoke is to be listened to
	decided  uint64 // where in what the ear hears AnsweredBy was sure
	changed  chan struct{}

	over     chan struct{} // closed when all events of the call were delivered
	overOnce sync.Once
}

func newCall(line Line, opts Options) *Call {
	info := line.Info()
	c := &Call{
		line: line, opts: opts, log: opts.Logger.With("call", info.ID),
		open: info.State == engine.StateConfirmed, changed: make(chan struct{}), over: make(chan struct{}),
	}
	line.Notify(c.deliver)
	return c
}

// deliver takes in an event of the call.
func (c *Call) deliver(ev engine.Event) {
	switch ev := ev.(type) {
	case engine.DTMFReceived:
		c.mu.Lock()
		c.pressed = append(c.pressed, ev.Digit)
		c.presses++
		p := c.sounding
		c.tellLocked()
		c.mu.Unlock()
		if p != nil {
			p.interrupt(Digit)
		}
	case engine.MessageReceived:
		c.mu.Lock()
		c.messages = append(c.messages, ev)
		c.tellLocked()
		c.mu.Unlock()
	case engine.CallEnded:
		c.overOnce.Do(func() { close(c.over) })
		go c.close()
	}
}

// tellLocked wakes everybody who waits for what c.mu guards.
func (c *Call) tellLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// close gives up the mouth of a call that is over. The ear closes itself when it has heard
// everything.
func (c *Call) close() {
	c.mu.Lock()
	mouth := c.mouth
	c.open = false
	c.mu.Unlock()
	if mouth != nil {
		mouth.Close()
	}
}

// lives returns why nothing can be done with the call any more.
func (c *Call) lives(ctx context.Context) error {
	select {
	case <-c.line.Done():
		return engine.ErrCallEnded
	default:
		return ctx.Err()
	}
}

// speaks is lives for what needs audio.
func (c *Call) speaks(ctx context.Context) error {
	if err := c.lives(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open {
		return engine.ErrNotAnswered
	}
	return nil
}

// Info returns a snapshot, of an ended call too.
func (c *Call) Info() engine.CallInfo { return c.line.Info() }

// Done is closed at the end of the call.
func (c *Call) Done() <-chan struct{} { return c.line.Done() }

// Headers returns the values of all header fields called name (any case) in the INVITE of a
// call that came in.
func (c *Call) Headers(name string) []string { return c.line.Headers(name) }

// Answer answers a call that came in, with header fields if there are any, and waits until
// the far end has acknowledged that. It does nothing where the call is answered.
func (c *Call) Answer(ctx context.Context, headers ...pjsua.Header) error {
	return c.respond(ctx, pjsua.CodeOK, headers)
}

// Ring has the caller hear that it rings (180).
func (c *Call) Ring(ctx context.Context, headers ...pjsua.Header) error {
	return c.respond(ctx, pjsua.CodeRinging, headers)
}

// EarlyMedia opens the audio of a call that is not answered (183), so that prompts can be
// heard at no charge.
func (c *Call) EarlyMedia(ctx context.Context, headers ...pjsua.Header) error {
	return c.respond(ctx, pjsua.CodeProgress, headers)
}

func (c *Call) respond(ctx context.Context, code pjsua.SIPCode, headers []pjsua.Header) error {
	if err := c.lives(ctx); err != nil {
		return err
	}
	if c.Info().State == engine.StateConfirmed {
		code = pjsua.CodeOK
	} else if err := c.line.Answer(ctx, code, "", headers...); err != nil {
		if c.lives(context.Background()) != nil {
			return engine.ErrCallEnded
		}
		return err
	}
	if code != pjsua.CodeRinging {
		c.mu.Lock()
		c.open = true
		c.mu.Unlock()
	}
	return nil
}

// Reject refuses a call that is not answered: pjsua.CodeBusyHere for example.
func (c *Call) Reject(ctx context.Context, code pjsua.SIPCode) error { return c.Hangup(ctx, code) }

// Hangup ends the call: one that came in and is not answered with code, or 603 where that
// is 0. It waits for the end.
func (c *Call) Hangup(ctx context.Context, code pjsua.SIPCode) error {
	if err := c.line.Hangup(ctx, code, ""); err != nil {
		return err
	}
	select {
	case <-c.line.Done():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// SendDTMF presses keys: see [engine.Call.SendDTMF].
func (c *Call) SendDTMF(ctx context.Context, digits string) error {
	return c.line.SendDTMF(ctx, digits, engine.DTMFOptions{})
}

// Message sends a text to the far end inside the call.
func (c *Call) Message(ctx context.Context, text string) error {
	_, err := c.line.Message(ctx, text, "")
	return err
}

// ReceiveMessage waits for a MESSAGE inside the call; those that came before are first, also
// after the end of the call.
func (c *Call) ReceiveMessage(ctx context.Context) (engine.MessageReceived, error) {
	for {
		m, ok, changed := c.nextMessage()
		if ok {
			return m, nil
		}
		err := c.wait(ctx, changed)
		if errors.Is(err, engine.ErrCallEnded) {
			// The end of a call is known before its last events were delivered.
			select {
			case <-c.over:
			case <-time.After(hangupWait): // they never are where the bot serves no more
			}
			if m, ok, _ = c.nextMessage(); ok {
				return m, nil
			}
		}
		if err != nil {
			return engine.MessageReceived{}, err
		}
	}
}

// nextMessage takes the oldest message, if there is one; changed is closed when there is
// another.
func (c *Call) nextMessage() (m engine.MessageReceived, ok bool, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.messages) == 0 {
		return m, false, c.changed
	}
	m = c.messages[0]
	c.messages = slices.Delete(c.messages, 0, 1)
	return m, true, nil
}

// wait waits for ch.
func (c *Call) wait(ctx context.Context, ch <-chan struct{}) error {
	select {
	case <-ch:
		return nil
	case <-c.line.Done():
		return engine.ErrCallEnded
	case <-ctx.Done():
		return c.why(ctx)
	}
}

// why is the error of a context that has ended: with the call, a handler's does.
func (c *Call) why(ctx context.Context) error {
	if err := c.lives(context.Background()); err != nil {
		return err
	}
	return ctx.Err()
}

// Hold puts the far end on hold. What is being said pauses.
func (c *Call) Hold(ctx context.Context) error { return c.line.Hold(ctx) }

// Resume ends [Call.Hold].
func (c *Call) Resume(ctx context.Context) error { return c.line.Resume(ctx) }

// Transfer has the far end call target instead, and waits until it is known what became of
// that: nil when it succeeded, and then the call ends; otherwise an [*engine.TransferError],
// and the call goes on.
func (c *Call) Transfer(ctx context.Context, target string) error {
	return c.line.Transfer(ctx, target)
}

// Consult puts the call on hold, calls target and returns that call when it is answered.
// [Call.TransferTo] connects the two; Hangup of the one and Resume of the other goes back.
func (c *Call) Consult(ctx context.Context, target string) (*Call, error) {
	line, err := c.line.Consult(ctx, target)
	if err != nil {
		return nil, fmt.Errorf("bot: consult %s: %w", target, err)
	}
	return newCall(line, c.opts), nil
}

// TransferTo has the far end take this bot's place in another call. Otherwise it is as
// [Call.Transfer].
func (c *Call) TransferTo(ctx context.Context, other *Call) error {
	return c.line.TransferTo(ctx, other.line)
}

// Conference brings the calls into one conference: all hear each other, and each its own
// prompts. It returns when they do. A call leaves it when it ends, as it does when its
// handler returns.
func (c *Call) Conference(ctx context.Context, others ...*Call) error {
	lines := make([]Line, len(others))
	for i, o := range others {
		lines[i] = o.line
	}
	return c.line.Conference(ctx, lines...)
}

// RecordCall records the whole call, from now until stop is called or the call ends; see
// [engine.Call.Record]. [Call.Record] takes a message.
func (c *Call) RecordCall(ctx context.Context, path string, opts engine.RecordOptions) (stop func(context.Context) error, err error) {
	return c.line.Record(ctx, path, opts)
}

// Audio is PCM for a handler that hears and speaks itself, mixed with what else is said;
// see [engine.Call.Audio]. rate is in Hz, 0 the bot's own. The caller closes it.
func (c *Call) Audio(ctx context.Context, rate int, opts pjsua.AudioOptions) (engine.Audio, error) {
	if rate == 0 {
		rate = c.opts.Rate
	}
	if err := c.speaks(ctx); err != nil {
		return nil, err
	}
	return c.line.Audio(ctx, rate, opts)
}
