package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/pjsua"
)

func TestWait(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		wait := func(ctx context.Context, s CallState) <-chan error {
			result := make(chan error, 1)
			go func() { result <- c.Wait(ctx, s) }()
			synctest.Wait()
			return result
		}
		if err := <-wait(t.Context(), StateCalling); err != nil {
			t.Errorf("CALLING: %v", err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := <-wait(short, StateEarly); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("EARLY without an answer: %v", err)
		}
		early, confirmed, over := wait(t.Context(), StateEarly), wait(t.Context(), StateConfirmed), wait(t.Context(), StateDisconnected)
		r.phone.state(c.ID(), pjsua.StateEarly, 180, "Ringing")
		if err := <-early; err != nil {
			t.Errorf("EARLY: %v", err)
		}
		r.phone.confirm(c.ID())
		if err := <-confirmed; err != nil {
			t.Errorf("CONFIRMED: %v", err)
		}
		select {
		case err := <-over:
			t.Errorf("DISCONNECTED while the call is up: %v", err)
		default:
		}
		r.phone.end(c.ID(), 200, "Normal call clearing")
		if err := <-over; err != nil {
			t.Errorf("DISCONNECTED: %v", err)
		}
		if err := <-wait(t.Context(), StateConfirmed); err != nil {
			t.Errorf("CONFIRMED of a call that was: %v", err)
		}
	})
}

func TestTheEndIsNoticedWithoutAState(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		result := make(chan error, 1)
		go func() { result <- c.Wait(t.Context(), StateConfirmed) }()
		synctest.Wait()
		r.phone.send(pjsua.CallEnded{EventHeader: r.phone.head(), Call: c.ID(), Account: r.acc1, Code: 503, Reason: "x"})
		if err := <-result; !errors.Is(err, pjsua.CodeServiceUnavailable) {
			t.Errorf("Wait: %v", err)
		}
	})
}

func TestACallThatIsRefused(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c := r.dial("1002")
		result := make(chan error, 1)
		go func() { result <- c.Wait(t.Context(), StateConfirmed) }()
		r.phone.stats.RX.Packets = 3
		r.phone.end(c.ID(), 486, "Busy Here")
		var refused *pjsua.CallError
		if err := <-result; !errors.As(err, &refused) || refused.Code != 486 || refused.Reason != "Busy Here" {
			t.Errorf("Wait: %v", err)
		}
		for name, err := range map[string]error{
			"Answer":   c.Answer(t.Context(), 200, ""),
			"Hold":     c.Hold(t.Context()),
			"Resume":   c.Resume(t.Context()),
			"SendDTMF": c.SendDTMF(t.Context(), "1", DTMFOptions{}),
			"Play":     second(c.Play(t.Context(), wavFile(t), false)),
			"Record":   second(c.Record(t.Context(), "x.wav", RecordOptions{})),
		} {
			if !errors.Is(err, ErrCallEnded) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if stats, err := c.Stats(t.Context()); err != nil || stats.RX.Packets != 3 {
			t.Errorf("the final figures: %+v, %v", stats, err)
		}
		if info := c.Info(); info.State != StateDisconnected || info.Code != 486 || info.Ended.IsZero() || !info.Answered.IsZero() {
			t.Errorf("%+v", info)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestCommandsReachThePhone(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		if err := errors.Join(c.Hold(t.Context()), c.Resume(t.Context()), c.Hangup(t.Context(), 480, "Later")); err != nil {
			t.Error(err)
		}
		r.journal(words("hold", "resume", "hangup"),
			fmt.Sprintf("hold %d", c.ID()), fmt.Sprintf("resume %d", c.ID()), fmt.Sprintf("hangup %d 480 Later", c.ID()))
	})
}

// The phone knows that a call is over before the engine has read so.
func TestACallThatEndsUnderACommand(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.phone.mu.Lock()
		call := r.phone.calls[c.ID()]
		delete(r.phone.calls, c.ID())
		r.phone.mu.Unlock()
		if err := c.Hold(t.Context()); !errors.Is(err, ErrCallEnded) {
			t.Errorf("Hold: %v", err)
		}
		if err := c.Hangup(t.Context(), 0, ""); err != nil {
			t.Errorf("Hangup: %v", err)
		}
		result := make(chan CallStats, 1)
		go func() {
			stats, err := c.Stats(t.Context())
			if err != nil {
				t.Errorf("Stats: %v", err)
			}
			result <- stats
		}()
		synctest.Wait()
		r.phone.mu.Lock()
		r.phone.calls[c.ID()] = call
		r.phone.mu.Unlock()
		r.phone.stats.TX.Packets = 8
		r.phone.end(c.ID(), 200, "")
		if stats := <-result; stats.TX.Packets != 8 {
			t.Errorf("not the final figures: %+v", stats)
		}
	})
}

func TestSendDTMF(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		other, _ := r.connected()
		at := func(d time.Duration) string { return time.Now().Add(d).Format("04:05.0") }
		first, late, last := at(time.Second), at(2400*time.Millisecond), at(4600*time.Millisecond)
		if err := c.SendDTMF(t.Context(), ",12,a,,#", DTMFOptions{}); err != nil {
			t.Fatal(err)
		}
		r.journal(words("dtmf"),
			fmt.Sprintf("dtmf %d 12 RFC4733 %s", c.ID(), first),
			fmt.Sprintf("dtmf %d A RFC4733 %s", c.ID(), late),
			fmt.Sprintf("dtmf %d # RFC4733 %s", c.ID(), last))

		for _, bad := range []string{"", "12x", "1 2", "é"} {
			if err := c.SendDTMF(t.Context(), bad, DTMFOptions{}); err == nil {
				t.Errorf("%q is sent", bad)
			}
		}

		// Digits of two senders do not mix, and another call does not wait for them.
		done := make(chan error, 3)
		go func() { done <- c.SendDTMF(t.Context(), "1,2", DTMFOptions{}) }()
		synctest.Wait()
		go func() { done <- c.SendDTMF(t.Context(), "3,4", DTMFOptions{}) }()
		go func() { done <- other.SendDTMF(t.Context(), "5", DTMFOptions{Method: config.DTMFInfo}) }()
		for range 3 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		var order []string
		for _, line := range r.phone.noted("dtmf")[3:] {
			var id CallID
			var digit, method, when string
			fmt.Sscan(line, new(string), &id, &digit, &method, &when)
			order = append(order, digit+method)
		}
		if got, want := fmt.Sprint(order), "[1RFC4733 5INFO 2RFC4733 3RFC4733 4RFC4733]"; got != want {
			t.Errorf("digits %s, want %s", got, want)
		}

		go func() { done <- c.SendDTMF(t.Context(), ",,,1", DTMFOptions{}) }()
		synctest.Wait()
		r.phone.end(c.ID(), 200, "")
		if err := <-done; !errors.Is(err, ErrCallEnded) {
			t.Errorf("the call ends during a pause: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := other.SendDTMF(ctx, "1,,,2", DTMFOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ctx ends during a pause: %v", err)
		}
	})
}

func TestEventsOfACall(t *testing.T) {
	withEngine(t, nil, func(t *testing.T, r *rig) {
		c, _ := r.connected()
		r.phone.send(pjsua.DTMFReceived{EventHeader: r.phone.head(), Call: c.ID(), Digit: '#', Method: pjsua.DTMFInfo, Duration: 160 * time.Millisecond})
		r.phone.send(pjsua.TransferRequested{EventHeader: r.phone.head(), Call: c.ID(), Target: "sip:x@y", Code: 603})
		r.phone.send(pjsua.TransportChanged{EventHeader: r.phone.head(), Type: pjsua.TLS, State: pjsua.TransportDisconnected, Remote: "192.0.2.1:5061", Reason: "handshake"})
		events := r.expect("DTMFReceived", "TransferRequested", "TransportChanged")
		if d := events[0].(DTMFReceived); d.Digit != "#" || d.Method != "INFO" || d.DurationMS != 160 || d.Call != c.ID() || d.Account != 1 {
			t.Errorf("%+v", d)
		}
		if x := events[1].(TransferRequested); x.Target != "sip:x@y" || x.Code != 603 {
			t.Errorf("%+v", x)
		}
		if x := events[2].(TransportChanged); x.Transport != "TLS" || x.Connected || x.Reason != "handshake" || x.Call != 0 {
			t.Errorf("%+v", x)
		}
	})
}

// 200 calls come in, are answered and end while nobody reads the subscription.
func TestManyCallsWhileASubscriberDoesNotRead(t *testing.T) {
	withEngine(t, func(c *config.Config, _ *fakePhone) { c.Settings.AutoAnswer = config.AutoAnswerAll }, func(t *testing.T, r *rig) {
		quick := r.e.Subscribe()
		defer quick.Close()
		ended := make(chan CallID, 200)
		go func() {
			for ev := range quick.Events() {
				if e, ok := ev.(CallEnded); ok {
					ended <- e.Call
				}
			}
		}()
		for range 200 {
			id := r.phone.ring(r.acc1, "sip:a@far")
			go func() {
				for s := range 20 {
					time.Sleep(50 * time.Millisecond) // of the bubble
					r.phone.send(pjsua.DTMFReceived{EventHeader: r.phone.head(), Call: id, Digit: byte('0' + s%10)})
				}
				r.phone.end(id, 200, "OK")
			}()
		}
		for range 200 {
			<-ended
		}
		if n := len(r.e.Calls()); n != 0 {
			t.Errorf("%d calls are left", n)
		}
		count := map[string]int{}
		var seq uint64
		for _, ev := range r.events() {
			count[ev.Header().Type]++
			if seq++; ev.Header().Seq != seq {
				t.Fatalf("event %d has the number %d", seq, ev.Header().Seq)
			}
		}
		for typ, want := range map[string]int{
			"IncomingCall": 200, "CallStateChanged": 600, "CallMediaChanged": 200, "DTMFReceived": 4000, "CallEnded": 200, "EventsLost": 0,
		} {
			if count[typ] != want {
				t.Errorf("%d events %s, want %d", count[typ], typ, want)
			}
		}
	})
}
