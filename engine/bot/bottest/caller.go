package bottest

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/engine/bot"
	"github.com/offhook-voip/offhook/pjsua"
)

// Options are the choices of a [Caller].
type Options struct {
	// From and To are the caller and the called; empty: sip:caller@example.com and
	// sip:bot@example.com.
	From, To string
	// Account is the number of the account that is called.
	Account int
	// Headers are those of the INVITE.
	Headers []pjsua.Header
	// Answered begins with the call answered, as the calls are that a bot has made.
	Answered bool
	// Bot is the bot's. Where Voice and Recogniser are nil they are this package's.
	Bot bot.Options
	// Transfer says what becomes of a transfer to target: nil that it succeeds, as is the
	// case where Transfer is nil. An *engine.TransferError is what an engine returns.
	Transfer func(target string) error
	// Consult says what becomes of a call to target: nil that it is answered.
	Consult func(target string) error
	// Timeout is how long Expect methods wait; 0 is 30 s.
	Timeout time.Duration
}

// Said is a stretch of a prompt that the caller has heard.
type Said struct {
	What string // the text, or the path of the file
	// From and To are the first sample of the prompt that was heard, and that after the
	// last, Of how many the prompt has.
	From, To, Of uint64
	// Begin and End are times since the beginning of the call.
	Begin, End time.Duration
}

// Complete says that it was heard to its end.
func (s Said) Complete() bool { return s.To == s.Of }

func (s Said) String() string {
	text := fmt.Sprintf("%.2fs-%.2fs %q", s.Begin.Seconds(), s.End.Seconds(), s.What)
	if s.From > 0 || !s.Complete() {
		text += fmt.Sprintf(" (samples %d to %d of %d)", s.From, s.To, s.Of)
	}
	return text
}

// Caller is the far end of a call. Its methods are for the test's goroutine.
type Caller struct {
	t       testing.TB
	opts    Options
	rate    int
	target  string        // that it was called by, of one that the bot consults
	done    chan struct{} // closed at the end of the call
	stopped chan struct{} // closed when the clock has
	ended   chan struct{} // closed when the handler has returned
	result  error         // of the handler, valid then

	mu        sync.Mutex
	changed   chan struct{}
	state     engine.CallState
	code      pjsua.SIPCode
	early     bool
	over      bool
	held      bool
	started   time.Time
	answered  time.Time
	audios    []*audio
	says      []int16 // what is still to be said
	texts     []string
	said      []int16
	heard     []int16
	log       []Said
	seen      int // in log: Expect methods look from here on
	notify    func(engine.Event)
	waiting   []engine.Event
	seq       uint64
	ticks     int
	transfers []string
	messages  []string
	digits    string
	parties   []*Caller
	joined    []*Caller
}

// Call has handler handle a call, until it returns or the test ends.
func Call(t testing.TB, handler bot.Handler, opts Options) *Caller {
	t.Helper()
	c := newCaller(t, opts)
	go func() {
		defer close(c.ended)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c.result = bot.ServeLine(ctx, &line{c}, c.opts.Bot, handler)
	}()
	t.Cleanup(func() {
		c.end(200)
		<-c.ended
	})
	return c
}

func newCaller(t testing.TB, opts Options) *Caller {
	opts.From = cmp.Or(opts.From, "sip:caller@example.com")
	opts.To = cmp.Or(opts.To, "sip:bot@example.com")
	opts.Timeout = cmp.Or(opts.Timeout, 30*time.Second)
	opts.Bot.Rate = cmp.Or(opts.Bot.Rate, 16000)
	c := &Caller{
		t: t, opts: opts, rate: opts.Bot.Rate, started: time.Now(), state: engine.StateIncoming,
		done: make(chan struct{}), stopped: make(chan struct{}), ended: make(chan struct{}), changed: make(chan struct{}),
	}
	if opts.Bot.Voice == nil {
		c.opts.Bot.Voice = Voice{}
	}
	if opts.Bot.Recogniser == nil {
		c.opts.Bot.Recogniser = recogniser{c}
	}
	if opts.Bot.Logger == nil {
		c.opts.Bot.Logger = hclog.New(&hclog.LoggerOptions{Output: t.Output(), Level: hclog.Info, DisableTime: true})
	}
	if opts.Answered {
		c.state, c.code, c.answered = engine.StateConfirmed, 200, time.Now()
	}
	go c.clock()
	t.Cleanup(func() {
		c.end(200)
		<-c.stopped
	})
	return c
}

// pace is slow by 50 ppm, as crystals are, so that no tick is at the same time as a timer
// that was set to a round one: what is first would be chance.
const pace = tick + time.Microsecond

func (c *Caller) clock() {
	defer close(c.stopped)
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			c.change(c.tickLocked)
		case <-c.done:
			return
		}
	}
}

// tickLocked moves a frame in both directions.
func (c *Caller) tickLocked() {
	if c.over {
		return
	}
	c.ticks++
	frame := make([]int16, samplesIn(tick, c.rate))
	flows := c.early || c.state == engine.StateConfirmed
	if flows && !c.held {
		n := copy(frame, c.says)
		c.says = c.says[n:]
	}
	sum := make([]int32, len(frame))
	for _, a := range c.audios {
		if a.closed {
			continue
		}
		if !flows || c.held {
			a.in = append(a.in, make([]int16, samplesIn(tick, a.rate))...)
			a.in = a.in[max(0, len(a.in)-a.keep):]
			continue
		}
		for i, s := range a.tickLocked(frame) {
			sum[i] += int32(s)
		}
	}
	for _, s := range sum {
		c.heard = append(c.heard, int16(min(max(s, math.MinInt16), math.MaxInt16)))
	}
	c.said = append(c.said, frame...)
}

// change does something with the lock held and wakes everybody who waits.
func (c *Caller) change(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// heardLocked notes samples of a prompt that are heard in this tick.
func (c *Caller) heardLocked(what string, from, n, of uint64, rate int) {
	now := time.Duration(c.ticks) * tick
	if last := len(c.log) - 1; last >= 0 && c.log[last].What == what && c.log[last].To == from && c.log[last].End+tick >= now {
		c.log[last].To += n
		c.log[last].End = now
		return
	}
	begin := now - time.Duration(n)*time.Second/time.Duration(rate)
	c.log = append(c.log, Said{What: what, From: from, To: from + n, Of: of, Begin: begin, End: now})
}

// deliver hands an event of the call to the bot.
func (c *Caller) deliver(typ string, make func(engine.EventHeader) engine.Event) {
	c.mu.Lock()
	c.seq++
	ev := make(engine.EventHeader{Seq: c.seq, Time: time.Now(), Type: typ, Account: c.opts.Account, Call: 1})
	f := c.notify
	if f == nil {
		c.waiting = append(c.waiting, ev)
	}
	c.mu.Unlock()
	if f != nil {
		f(ev)
	}
}

// end ends the call; it does nothing when it is over.
func (c *Caller) end(code pjsua.SIPCode) {
	ended := false
	c.change(func() {
		if ended = !c.over; !ended {
			return
		}
		c.over, c.state, c.code = true, engine.StateDisconnected, code
		for _, a := range c.audios {
			a.clearLocked()
		}
	})
	if !ended {
		return
	}
	close(c.done)
	c.deliver("CallEnded", func(h engine.EventHeader) engine.Event { return engine.CallEnded{EventHeader: h, Code: int(code)} })
	c.mu.Lock()
	parties := slices.Clone(c.parties)
	c.mu.Unlock()
	for _, p := range parties {
		p.end(200)
	}
}

// waitFor waits until ok, which is called with the lock held, and fails the test when it
// is not in time, or when over says that it never will be.
func (c *Caller) waitFor(what string, ok func() bool) {
	c.t.Helper()
	limit := time.NewTimer(c.opts.Timeout)
	defer limit.Stop()
	for {
		c.mu.Lock()
		done, over, changed := ok(), c.over, c.changed
		c.mu.Unlock()
		switch {
		case done:
			return
		case over:
			c.t.Fatalf("expected %s; the call ended (%s). %s", what, c.outcome(), c.story())
		}
		select {
		case <-changed:
		case <-limit.C:
			c.t.Fatalf("expected %s within %v. %s", what, c.opts.Timeout, c.story())
		}
	}
}

func (c *Caller) outcome() string {
	text := fmt.Sprintf("code %d", int(c.Code()))
	select {
	case <-c.ended:
		if c.result != nil {
			text += ", the handler returned: " + c.result.Error()
		}
	default:
	}
	return text
}

// story says what was heard, for a test that failed.
func (c *Caller) story() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.log) == 0 {
		return "Nothing was heard."
	}
	lines := []string{"Heard:"}
	for _, s := range c.log {
		lines = append(lines, "  "+s.String())
	}
	return strings.Join(lines, "\n")
}
