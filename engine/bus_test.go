package engine

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// put publishes n events, whose calls are numbered from first.
func put(b *bus, first, n int) {
	for i := range n {
		b.publish(DTMFReceived{EventHeader: b.next("DTMFReceived", time.Time{}, 0, CallID(first+i))})
	}
}

func TestASlowSubscriberLosesNothingAndBlocksNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		slow, quick := b.subscribe(), b.subscribe()
		defer slow.Close()
		defer quick.Close()
		var got []uint64
		go func() {
			for ev := range quick.Events() {
				got = append(got, ev.Header().Seq)
			}
		}()
		put(&b, 1, maxBehind) // nobody reads slow
		synctest.Wait()
		if len(got) != maxBehind {
			t.Errorf("the quick subscriber has %d events", len(got))
		}
		for want := range uint64(maxBehind) {
			if ev := <-slow.Events(); ev.Header().Seq != want+1 {
				t.Fatalf("event %d has the number %d", want+1, ev.Header().Seq)
			}
		}
		put(&b, 1, 1)
		if ev := <-slow.Events(); ev.Header().Seq != maxBehind+1 {
			t.Errorf("then %+v", ev)
		}
	})
}

func TestASubscriberTooFarBehindIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		s := b.subscribe()
		defer s.Close()
		put(&b, 1, maxBehind+5)
		synctest.Wait()
		for want := range uint64(maxBehind) {
			if ev := <-s.Events(); ev.Header().Seq != want+1 {
				t.Fatalf("event %d has the number %d", want+1, ev.Header().Seq)
			}
		}
		lost, ok := (<-s.Events()).(EventsLost)
		if !ok || !lost.Final || lost.Count != 5 || lost.Seq != maxBehind+1 || lost.Call != 0 || lost.Type != "EventsLost" {
			t.Errorf("the last event is %+v", lost)
		}
		put(&b, 1, 3)
		if ev, ok := <-s.Events(); ok {
			t.Errorf("after the last event comes %+v", ev)
		}
		synctest.Wait()
		if n := len(b.subs); n != 0 {
			t.Errorf("the bus still has %d subscribers", n)
		}
	})
}

func TestAReaderThatCatchesUpIsNotCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		s := b.subscribe()
		defer s.Close()
		next := uint64(1)
		for range 2 {
			put(&b, 1, maxBehind)
			for range maxBehind {
				if ev := <-s.Events(); ev.Header().Seq != next {
					t.Fatalf("event %d has the number %d", next, ev.Header().Seq)
				}
				next++
			}
			synctest.Wait()
		}
	})
}

func TestCloseOfASubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		s := b.subscribe()
		put(&b, 1, 10)
		<-s.Events()
		s.Close()
		s.Close()
		synctest.Wait() // its goroutine ends, or the bubble would say so
		put(&b, 1, 10)
		if len(b.subs) != 0 || len(s.queue) != 0 && s.behind > 9 {
			t.Error("a closed subscription gets events")
		}
		if _, ok := <-s.Events(); ok {
			t.Error("the channel of a closed subscription is open")
		}
	})
}

func TestTheEndOfTheBusComesAfterTheEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bus
		s := b.subscribe()
		put(&b, 1, 3)
		b.close()
		n := 0
		for range s.Events() {
			n++
		}
		if n != 3 {
			t.Errorf("%d events", n)
		}
		late := b.subscribe()
		if _, ok := <-late.Events(); ok {
			t.Error("a late subscriber has an event")
		}
	})
}

func TestSubscribersComeAndGo(t *testing.T) {
	var b bus
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				s := b.subscribe()
				var last uint64
				for range 5 {
					ev, ok := <-s.Events()
					if !ok {
						break
					}
					if seq := ev.Header().Seq; seq <= last {
						t.Errorf("%d follows %d", seq, last)
					} else {
						last = seq
					}
				}
				s.Close()
			}
		})
	}
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				put(&b, 1, 1)
			}
		}
	})
	all.Wait()
	close(stop)
	writer.Wait()
}
