//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// onEveryCall is all that can be asked of a call; what it does to one that has ended is
// always the same.
var onEveryCall = map[string]func(ctx context.Context, c *Call) error{
	"Answer": func(ctx context.Context, c *Call) error { return c.Answer(ctx, CodeOK, AnswerOptions{}) },
	"Hangup": func(ctx context.Context, c *Call) error { return c.Hangup(ctx, HangupOptions{Code: CodeBusyHere}) },
	"Hold":   func(ctx context.Context, c *Call) error { return c.Hold(ctx, HoldOptions{}) },
	"Resume": func(ctx context.Context, c *Call) error { return c.Resume(ctx, ReinviteOptions{}) },
	"DTMF":   func(ctx context.Context, c *Call) error { return c.SendDTMF(ctx, "1", DTMFOptions{}) },
	"Info":   func(ctx context.Context, c *Call) error { return second(c.Info(ctx)) },
	"Stats":  func(ctx context.Context, c *Call) error { return second(c.Stats(ctx)) },
	"Audio":  func(ctx context.Context, c *Call) error { return second(c.Audio(ctx, 16000, AudioOptions{})) },
}

// A thousand calls, one after the other, in the same few slots: every handle of a call
// that has ended is used while others live there, and none of these feels it.
func TestThousandStaleHandles(t *testing.T) {
	calls := 500 // each has two ends
	if slow {
		calls /= 5
	}
	p := newPhone(t, Config{MaxCalls: 4})
	var stale []*Call
	for n := range calls {
		c := p.connect()
		for i := range 4 { // the newest, and older ones
			if at := len(stale) - 1 - i*i*i; at >= 0 {
				for name, do := range onEveryCall {
					if err := do(within(t), stale[at]); !errors.Is(err, ErrCallGone) {
						t.Fatalf("%s on call %d, which has ended: %v", name, stale[at].id, err)
					}
				}
			}
		}
		for _, call := range []*Call{c.out, c.in} {
			if info := must(call.Info(within(t)))(t); info.State != StateConfirmed {
				t.Fatalf("round %d: a command on a stale handle reached call %d: %+v", n, call.id, info)
			}
		}
		out, in := p.hangup(c)
		if out.Code == CodeBusyHere || in.Code == CodeBusyHere {
			t.Fatalf("round %d: ended by a stale handle: %+v %+v", n, out, in)
		}
		stale = append(stale, c.out, c.in)
	}
}

// 64 goroutines use the same calls, whose events a consumer answers with commands, until
// the endpoint is closed under their hands. Whatever has not been done by then fails
// with an error that says why.
func TestCommandsDuringClose(t *testing.T) {
	rounds := 20
	if slow {
		rounds = 4
	}
	for round := range rounds {
		p := newPhone(t, Config{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		var newest, commands atomic.Int64
		var users sync.WaitGroup
		consumer := make(chan struct{})
		go func() {
			defer close(consumer)
			for ev := range p.Events() {
				switch ev := ev.(type) {
				case IncomingCall:
					newest.Store(int64(ev.Call))
					expected(t, "answer", p.Call(ev.Call).Answer(ctx, CodeOK, AnswerOptions{}))
				case CallMediaChanged:
					for _, m := range ev.Media {
						expected(t, "connect", p.Connect(ctx, m.Port, m.Port, ConnectOptions{}))
					}
				}
			}
		}()
		for n := range 64 {
			users.Go(func() {
				for {
					var err error
					if n%8 == 0 {
						_, err = p.acc.Dial(ctx, p.uri(), DialOptions{})
					} else {
						for _, do := range onEveryCall {
							call := p.Call(CallID(newest.Load()))
							err = do(ctx, call)
							expected(t, fmt.Sprint("user ", n), err)
							if errors.Is(err, ErrClosed) {
								return
							}
						}
					}
					commands.Add(1)
					if errors.Is(err, ErrClosed) {
						return
					}
					expected(t, fmt.Sprint("user ", n), err)
				}
			})
		}
		for commands.Load() < int64(200+100*round) {
			time.Sleep(time.Millisecond) // how far they get before the end is chance
		}
		check(t, p.Close())
		users.Wait()
		<-consumer
		cancel()
	}
}

// expected fails the test for an error that is no answer to a command at any time.
func expected(t *testing.T, what string, err error) {
	var pj *Error
	switch {
	case err == nil, errors.As(err, &pj), errors.Is(err, ErrCallGone), errors.Is(err, ErrNoMedia), errors.Is(err, ErrClosed), errors.Is(err, ErrPortGone):
	default:
		t.Errorf("%s: %v", what, err)
	}
}
