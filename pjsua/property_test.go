//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The state-machine property test: random sequences of commands, on calls in any state
// and on calls that have ended, many sequences at once. Whatever the commands, each
// call's events follow the INVITE session's states and end with one CallEnded, every
// command returns, with an error of a known type, and nothing is left behind.
//
// OFFHOOK_SEQUENCES sets how many there are (make soak), OFFHOOK_SEED the first.

const defaultSequences = 10000

// slow says that a sanitizer is watching.
var slow bool

func sequences(t *testing.T) (count int, seed uint64) {
	count, seed = defaultSequences, 1
	if slow {
		count /= 10
	}
	for name, set := range map[string]func(uint64){
		"OFFHOOK_SEQUENCES": func(v uint64) { count = int(v) },
		"OFFHOOK_SEED":      func(v uint64) { seed = v },
	} {
		if text := os.Getenv(name); text != "" {
			v, err := strconv.ParseUint(text, 10, 64)
			check(t, err)
			set(v)
		}
	}
	return count, seed
}

func TestRandomCommands(t *testing.T) {
	count, seed := sequences(t)
	p := newPhone(t, Config{})
	player := must(p.NewPlayer(within(t), toneFile(t, 16000, 1, 440), PlayerOptions{Loop: true}))(t)
	ports := must(p.Ports(within(t)))(t)
	c := &chaos{phone: p, player: player.Port(), calls: map[CallID]*callModel{}, walks: map[string]*walk{}}
	c.changed = sync.NewCond(&c.mu)
	traced := c.trace(must(p.Trace(within(t), TraceOptions{Buffer: 1 << 16}))(t))
	stopped := make(chan struct{})
	finished := make(chan struct{})
	go func() { defer close(stopped); c.watch(finished) }()

	const atOnce = 24
	work := make(chan int)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for n := range work {
				c.run(seed, n)
			}
		})
	}
	for n := range count {
		if t.Failed() {
			break
		}
		work <- n
	}
	close(work)
	workers.Wait()
	c.mu.Lock()
	// An INVITE may have arrived after its caller had given up.
	for deadline := time.Now().Add(patience); c.live() > 0 && time.Now().Before(deadline); {
		wake := time.AfterFunc(time.Second, c.changed.Broadcast)
		c.changed.Wait()
		wake.Stop()
	}
	c.mu.Unlock()
	close(finished)
	<-stopped
	lines := traced()

	t.Logf("seed %d: %d sequences, %d commands, %d of them refused, %d calls", seed, count, c.commands, c.refused, len(c.calls))
	for id, m := range c.calls {
		if !m.ended {
			info, err := p.Call(id).Info(within(t))
			t.Errorf("call %d has not ended: it was %v last and is %+v, %v\n%s", id, m.state, info, err,
				strings.Join(lines[info.SIPCallID], "\n"))
			if match := user.FindStringSubmatch(info.Local + info.Remote); match != nil {
				t.Logf("%s: %q", match[1], c.walks[match[1]].log)
			}
		}
	}
	// The bridge drops a port at its next tick.
	left := must(p.Ports(within(t)))(t)
	for deadline := time.Now().Add(patience); !slices.Equal(left, ports) && time.Now().Before(deadline); {
		runtime.Gosched()
		left = must(p.Ports(within(t)))(t)
	}
	if !slices.Equal(left, ports) {
		t.Errorf("ports in the bridge: %v, were %v", left, ports)
	}
	check(t, player.Close(within(t)))
}

// trace keeps a line for each SIP message; the function ends it and gives the lines of
// each Call-ID.
func (c *chaos) trace(tr *Trace) func() map[string][]string {
	lines := map[string][]string{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m := range tr.Messages() {
			if m.Message == nil {
				continue
			}
			way := "<-"
			if m.Sent {
				way = "->"
			}
			first, _, _ := strings.Cut(string(m.Raw), "\r\n")
			id := m.Message.CallID()
			lines[id] = append(lines[id], fmt.Sprintf("%s %s call %d, CSeq %s: %s", m.Time.Format("04:05.000"), way, m.Call, m.Message.Value("CSeq"), first))
		}
	}()
	return func() map[string][]string {
		tr.Close()
		<-done
		return lines
	}
}

// chaos is what the sequences share.
type chaos struct {
	*phone
	player PortID

	mu       sync.Mutex // guards what follows
	changed  *sync.Cond // an event came
	calls    map[CallID]*callModel
	walks    map[string]*walk
	gone     []CallID // some that have ended
	commands int
	refused  int
}

// callModel is what the events of a call have said so far.
type callModel struct {
	state CallState
	port  PortID
	ended bool
}

// walk is one sequence.
type walk struct {
	*chaos
	rng  *rand.Rand
	name string
	ids  []CallID // its calls, both ends; chaos.mu
	log  []string
}

// model returns the model of a call. Under mu.
func (c *chaos) model(id CallID) *callModel {
	m := c.calls[id]
	if m == nil {
		m = &callModel{port: NoPort}
		c.calls[id] = m
	}
	return m
}

// live counts the calls that have not ended. Under mu.
func (c *chaos) live() (n int) {
	for _, m := range c.calls {
		if !m.ended {
			n++
		}
	}
	return n
}

var user = regexp.MustCompile(`sip:(walk\d+)@`)

// watch applies the events to the models until finished is closed.
func (c *chaos) watch(finished chan struct{}) {
	for {
		select {
		case ev, ok := <-c.Events():
			if !ok {
				return
			}
			c.mu.Lock()
			c.apply(ev)
			c.changed.Broadcast()
			c.mu.Unlock()
		case <-finished:
			return
		}
	}
}

// apply checks one event against the model of its call. Under mu.
func (c *chaos) apply(ev Event) {
	switch ev := ev.(type) {
	case IncomingCall:
		m := c.model(ev.Call)
		if m.ended {
			c.t.Errorf("call %d comes in after its end", ev.Call)
		}
		if match := user.FindStringSubmatch(ev.Local); match != nil && c.walks[match[1]] != nil {
			w := c.walks[match[1]]
			w.ids = append(w.ids, ev.Call)
		} else {
			c.t.Errorf("a call for nobody: %+v", ev)
		}
	case CallStateChanged:
		m := c.model(ev.Call)
		switch {
		case m.ended:
			c.t.Errorf("call %d is %v after its end", ev.Call, ev.State)
		case ev.State < m.state:
			c.t.Errorf("call %d goes from %v back to %v", ev.Call, m.state, ev.State)
		}
		m.state = ev.State
	case CallMediaChanged:
		m := c.model(ev.Call)
		if m.ended {
			c.t.Errorf("call %d has media after its end", ev.Call)
		}
		if len(ev.Media) > 0 {
			m.port = ev.Media[0].Port
		}
	case CallEnded:
		m := c.model(ev.Call)
		if m.ended || m.state != StateDisconnected {
			c.t.Errorf("call %d ends in state %v, ended before: %v", ev.Call, m.state, m.ended)
		}
		m.ended, m.port = true, NoPort
		if len(c.gone) < 1000 {
			c.gone = append(c.gone, ev.Call)
		} else {
			c.gone[int(ev.Call)%len(c.gone)] = ev.Call
		}
	case EventsLost:
		c.t.Errorf("%+v", ev)
	}
}

// run is one sequence: 4 to 15 commands, then everything is hung up.
func (c *chaos) run(seed uint64, n int) {
	w := &walk{chaos: c, rng: rand.New(rand.NewPCG(seed, uint64(n))), name: fmt.Sprintf("walk%d", n)}
	c.mu.Lock()
	c.walks[w.name] = w
	c.mu.Unlock()
	for range 4 + w.rng.IntN(12) {
		w.step()
	}
	w.end()
}

// command is one thing that a program may do to a call.
type command struct {
	name   string
	weight int
	do     func(w *walk, ctx context.Context, c *Call) error
}

var answers = []SIPCode{100, 180, 183, 200, 200, 200, 200, 302, 404, 486, 603}

var commands = []command{
	{"answer", 30, func(w *walk, ctx context.Context, c *Call) error {
		code := answers[w.rng.IntN(len(answers))]
		if code < 101 {
			code = CodeRinging
		}
		return c.Answer(ctx, code, AnswerOptions{})
	}},
	{"hangup", 8, func(w *walk, ctx context.Context, c *Call) error {
		return c.Hangup(ctx, HangupOptions{Code: []SIPCode{0, 486, 603}[w.rng.IntN(3)]})
	}},
	{"hold", 6, func(w *walk, ctx context.Context, c *Call) error { return c.Hold(ctx, HoldOptions{}) }},
	{"resume", 6, func(w *walk, ctx context.Context, c *Call) error { return c.Resume(ctx, ReinviteOptions{}) }},
	{"digits", 6, func(w *walk, ctx context.Context, c *Call) error {
		return c.SendDTMF(ctx, "1", DTMFOptions{Method: DTMFMethod(w.rng.IntN(2))})
	}},
	{"info", 6, func(w *walk, ctx context.Context, c *Call) error { return second(c.Info(ctx)) }},
	{"stats", 4, func(w *walk, ctx context.Context, c *Call) error { return second(c.Stats(ctx)) }},
	{"connect", 8, func(w *walk, ctx context.Context, c *Call) error {
		w.mu.Lock()
		port := w.model(c.id).port
		w.mu.Unlock()
		return w.Connect(ctx, w.player, port, ConnectOptions{})
	}},
	{"disconnect", 4, func(w *walk, ctx context.Context, c *Call) error {
		w.mu.Lock()
		port := w.model(c.id).port
		w.mu.Unlock()
		return w.Disconnect(ctx, w.player, port)
	}},
}

var totalWeight = func() (sum int) {
	for _, c := range commands {
		sum += c.weight
	}
	return sum
}()

// step does one command: on a call of the walk, sometimes on one that ended long ago,
// and dials first when there is none.
func (w *walk) step() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	w.mu.Lock()
	var id CallID
	stale := false
	switch {
	case len(w.gone) > 0 && w.rng.IntN(8) == 0:
		id, stale = w.gone[w.rng.IntN(len(w.gone))], true
	case len(w.ids) > 0 && w.rng.IntN(6) > 0:
		id = w.ids[w.rng.IntN(len(w.ids))]
		stale = w.model(id).ended
	}
	w.mu.Unlock()
	if id == 0 {
		w.dial(ctx)
		return
	}
	pick := w.rng.IntN(totalWeight)
	for _, cmd := range commands {
		if pick -= cmd.weight; pick >= 0 {
			continue
		}
		err := cmd.do(w, ctx, w.Call(id))
		w.judge(fmt.Sprintf("%s %d", cmd.name, id), err)
		if stale && !errors.Is(err, ErrCallGone) && !errors.Is(err, ErrNoMedia) {
			w.t.Errorf("%s: %s on a call that has ended: %v", w.name, cmd.name, err)
		}
		return
	}
}

func (w *walk) dial(ctx context.Context) {
	w.mu.Lock()
	before := len(w.ids)
	w.mu.Unlock()
	call, err := w.acc.Dial(ctx, fmt.Sprintf("sip:%s@%s", w.name, w.addr), DialOptions{})
	w.judge("dial", err)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids = append(w.ids, call.id)
	w.model(call.id)
	// Mostly the next command comes when the other end has the call; sometimes before.
	for w.rng.IntN(4) > 0 && len(w.ids) < before+2 && !w.model(call.id).ended {
		w.changed.Wait()
	}
}

// judge counts a command, and fails the test for an error that no caller could expect.
func (w *walk) judge(what string, err error) {
	w.mu.Lock()
	w.commands++
	if err != nil {
		w.refused++
	}
	w.mu.Unlock()
	w.log = append(w.log, fmt.Sprintf("%s: %v", what, err))
	var pj *Error
	if err != nil && !errors.As(err, &pj) && !errors.Is(err, ErrCallGone) && !errors.Is(err, ErrNoMedia) && !errors.Is(err, ErrPortGone) {
		w.t.Errorf("%s: %v; before: %q", w.name, err, w.log)
	}
}

// end hangs up what is left and waits until every call of the walk has ended, those that
// are still on their way to the other end included.
func (w *walk) end() {
	late := time.AfterFunc(time.Minute, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, id := range w.ids {
			if !w.model(id).ended {
				w.t.Errorf("%s: call %d is still %v: %q", w.name, id, w.model(id).state, w.log)
			}
		}
		w.calls = map[CallID]*callModel{} // lets everybody go on to the failure
		w.changed.Broadcast()
	})
	defer late.Stop()
	for {
		var live []CallID
		w.mu.Lock()
		for _, id := range w.ids {
			if m := w.calls[id]; m != nil && !m.ended {
				live = append(live, id)
			}
		}
		seen := len(w.ids)
		w.mu.Unlock()
		if len(live) == 0 {
			return
		}
		for _, id := range live {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			err := w.Call(id).Hangup(ctx, HangupOptions{})
			cancel()
			w.judge(fmt.Sprintf("last hangup %d", id), err)
		}
		w.mu.Lock()
		for slices.ContainsFunc(live, func(id CallID) bool { m := w.calls[id]; return m != nil && !m.ended }) && len(w.ids) == seen {
			w.changed.Wait()
		}
		w.mu.Unlock()
	}
}
