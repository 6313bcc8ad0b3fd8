package codecline

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
)

// patience bounds every wait for what must happen.
const patience = time.Minute

const tick = 20 * time.Millisecond // of the bridge

// Codecs returns the codecs of this build of PJSIP, but for L16, which leaves audio as it
// is. They are as [pjsua.Endpoint.SetCodecOrder] takes them.
func Codecs() []string {
	return []string{
		"PCMU", "PCMA", "G722", "G729", "GSM", "AMR/8000", "AMR-WB", "speex/8000", "speex/16000", "speex/32000", "opus",
	}
}

// phone is an endpoint that calls itself.
type phone struct {
	*pjsua.Endpoint
	t   testing.TB
	acc *pjsua.Account
	uri string
}

// call is one that is up. It has two ends; what the one writes the other reads.
type call struct {
	line  Line
	ends  [2]*pjsua.Call
	audio [2]*pjsua.Audio
	empty [2]int // frames that the jitter buffer did not have before
	heard [2][]int16
}

// run says what the ways have at the ends of a call of each line, and returns what the other
// ends heard. Audio that came too late spoils it, so it is done again then.
func run(t testing.TB, rate int, ways [2]way, lines []Line) [][2][]int16 {
	t.Helper()
	for range 3 {
		if heard, ok := try(t, rate, ways, lines); ok {
			return heard
		}
	}
	t.Fatal("packets came too late three times: this machine is too busy")
	return nil
}

func try(t testing.TB, rate int, ways [2]way, lines []Line) (heard [][2][]int16, ok bool) {
	t.Helper()
	p := open(t)
	defer func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	// The clock is ours from the beginning, so that the signals meet the same losses each time.
	check(t, p.SetNoDevice(p.within()))
	var calls []*call
	for _, line := range lines {
		calls = append(calls, p.connect(line))
	}
	p.join(calls, rate)
	const ticks = 10
	n := frames(ticks*tick, rate)
	for at := 0; at < max(len(ways[0].samples), len(ways[1].samples))+frames(longest, rate); at += n {
		if at == frames(lead, rate) { // the jitter buffer has found its size
			for _, c := range calls {
				c.empty = p.empty(c)
			}
		}
		for _, c := range calls {
			for i, w := range ways {
				if at < len(w.samples) {
					must(c.audio[i].WriteSamples(w.samples[at:min(at+n, len(w.samples))]))(t)
				}
			}
		}
		check(t, p.Tick(p.within(), ticks))
		for _, c := range calls {
			for i := range c.heard {
				c.heard[i] = read(t, c.audio[1-i], c.heard[i], n)
			}
		}
		p.settle(calls)
	}
	ok = true
	for _, c := range calls {
		if now := p.empty(c); now != c.empty {
			t.Logf("%v: the jitter buffers had no frame %v times, %v at the beginning", c.line, now, c.empty)
			ok = false
		}
		heard = append(heard, c.heard)
	}
	if ok {
		p.count(calls)
	}
	return heard, ok
}

// join opens the audio of all ends, and moves the bridge until each has sent so many packets
// that what comes next is always sent in packets of the same numbers.
func (p *phone) join(calls []*call, rate int) {
	p.t.Helper()
	opts := pjsua.AudioOptions{ReadBuffer: 2 * time.Second, WriteBuffer: 2 * time.Second}
	errs := make(chan error)
	for _, c := range calls {
		for i, end := range c.ends {
			go func() {
				var err error
				c.audio[i], err = end.Audio(p.within(), rate, opts)
				errs <- err
			}()
		}
	}
	for left := 2 * len(calls); left > 0; {
		select {
		case err := <-errs:
			check(p.t, err)
			left--
		case <-time.After(time.Millisecond): // what was asked for is done at a tick
			check(p.t, p.Tick(p.within(), 1))
		}
	}
	const first = 50
	for _, c := range calls {
		for _, end := range c.ends {
			for must(end.StreamStats(p.within(), 0))(p.t).TX.Packets < first {
				check(p.t, p.Tick(p.within(), 1))
			}
		}
	}
	for _, c := range calls {
		for _, a := range c.audio {
			read(p.t, a, nil, int(a.Stats().Buffered))
		}
	}
	p.settle(calls)
}

// empty returns how often the jitter buffers had no frame.
func (p *phone) empty(c *call) (n [2]int) {
	p.t.Helper()
	for i, end := range c.ends {
		n[i] = must(end.StreamStats(p.within(), 0))(p.t).Jitter.Empty
	}
	return n
}

// count adds what the ends of the calls have received and lost to what the lines have.
func (p *phone) count(calls []*call) {
	p.t.Helper()
	for _, c := range calls {
		flow := received[c.line]
		for _, end := range c.ends {
			rx := must(end.StreamStats(p.within(), 0))(p.t).RX
			flow.Packets += rx.Packets
			flow.Lost += rx.Lost
		}
		received[c.line] = flow
	}
}

// read appends n samples of what the port heard.
func read(t testing.TB, a *pjsua.Audio, to []int16, n int) []int16 {
	t.Helper()
	check(t, a.SetReadDeadline(time.Now().Add(patience)))
	to = slices.Grow(to, n)
	for n > 0 {
		m := must(a.ReadSamples(to[len(to) : len(to)+n]))(t)
		to, n = to[:len(to)+m], n-m
	}
	return to
}

// settle waits until the packets that were sent have arrived, but for a few: those are what the
// jitter buffer is deep enough for.
func (p *phone) settle(calls []*call) {
	const few = 20
	for _, c := range calls {
		for i := range c.ends {
			sent := must(c.ends[i].StreamStats(p.within(), 0))(p.t).TX.Packets
			for end := time.Now().Add(patience); ; {
				rx := must(c.ends[1-i].StreamStats(p.within(), 0))(p.t).RX
				if rx.Packets+rx.Lost+few >= sent {
					break
				}
				if time.Now().After(end) {
					p.t.Fatalf("%v: %d packets of %d have arrived after %v", c.line, rx.Packets, sent, patience)
				}
				<-time.After(time.Millisecond)
			}
		}
	}
}

func open(t testing.TB) *phone {
	t.Helper()
	ep, err := pjsua.Open(pjsua.Config{Media: pjsua.MediaConfig{
		// Deep, so that a machine that is busy makes no packet late.
		JitterPrefix: time.Second, JitterMinPrefix: time.Second, JitterMax: 3 * time.Second, JitterDiscard: pjsua.DiscardNone,
	}})
	check(t, err)
	p := &phone{Endpoint: ep, t: t}
	tp := must(ep.AddTransport(p.within(), pjsua.TransportConfig{Type: pjsua.UDP, BindAddress: "127.0.0.1"}))(t)
	p.uri = "sip:b@" + tp.Info().Address
	p.acc = must(ep.AddAccount(p.within(), pjsua.AccountConfig{
		ID: "sip:a@" + tp.Info().Address, Transport: tp, MediaAddress: "127.0.0.1",
	}))(t)
	return p
}

// connect makes a call of a line.
func (p *phone) connect(line Line) *call {
	p.t.Helper()
	check(p.t, p.SetCodecOrder(p.within(), line.Codec))
	lose := pjsua.PathImpairment{Drop: line.Loss, Seed: uint64(line.Loss)}
	check(p.t, p.acc.SetPolicy(p.within(), &pjsua.Policy{Media: pjsua.MediaPolicy{Impair: &pjsua.Impairment{TX: lose}}}))
	c := &call{line: line}
	c.ends[0] = must(p.acc.Dial(p.within(), p.uri, pjsua.DialOptions{}))(p.t)
	timeout := time.After(patience)
	for up, media := map[pjsua.CallID]bool{}, map[pjsua.CallID]bool{}; len(up) < 2 || len(media) < 2; {
		select {
		case ev := <-p.Events():
			switch ev := ev.(type) {
			case pjsua.IncomingCall:
				c.ends[1] = p.Call(ev.Call)
				check(p.t, c.ends[1].Answer(p.within(), pjsua.CodeOK, pjsua.AnswerOptions{}))
			case pjsua.CallStateChanged:
				if ev.State == pjsua.StateConfirmed {
					up[ev.Call] = true
				}
			case pjsua.CallMediaChanged:
				if len(ev.Media) == 1 && ev.Media[0].Status == pjsua.MediaActive {
					media[ev.Call] = true
					if !strings.HasPrefix(strings.ToLower(ev.Media[0].Codec), strings.ToLower(line.Codec)) {
						p.t.Fatalf("%v: the call has %s", line, ev.Media[0].Codec)
					}
				}
			case pjsua.CallEnded:
				p.t.Fatalf("%v: %d %s", line, ev.Code, ev.Reason)
			}
		case <-timeout:
			p.t.Fatalf("%v: no call after %v", line, patience)
		}
	}
	return c
}

func (p *phone) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p.t.Cleanup(cancel)
	return ctx
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("codecline: %w", err))
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		check(t, err)
		return v
	}
}
