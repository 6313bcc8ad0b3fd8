package engine

import (
	"sync"
	"time"
)

// sinkStopTime bounds what the sinks together may add to the engine's end.
const sinkStopTime = time.Second

// sinks are the engine's own readers of its events: hooks, webhooks, the call log, the
// pop log and the status file. Each has a subscription and a goroutine of its own, so
// that none is held up by another, and nothing by any of them.
type sinks struct {
	running sync.WaitGroup
}

// follow starts a sink: take is called for every event, in order, until the engine
// has stopped, and then stop.
func (e *Engine) follow(name string, take func(Event), stop func()) {
	sub := e.Subscribe()
	e.sinks.running.Add(1)
	go func() {
		defer e.sinks.running.Done()
		defer stop()
		for {
			for ev := range sub.Events() {
				take(ev)
				if lost, ok := ev.(EventsLost); ok && lost.Final {
					e.log.Error("too slow for the events", "reader", name, "lost", lost.Count)
					sub = e.Subscribe()
					break
				}
				if _, ok := ev.(EngineStopped); ok {
					return
				}
			}
			if e.hasStopped() {
				return
			}
		}
	}()
}

func (e *Engine) hasStopped() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.state == stopped
}

// startSinks starts those that the configuration asks for, before the first event.
func (e *Engine) startSinks() error {
	s := e.settings()
	if anyHook(s) {
		e.startHooks()
	}
	return nil
}

func (e *Engine) startHooks() {
	h, w := newHooks(e), newFollower()
	e.follow("hooks", func(ev Event) {
		for _, m := range w.take(ev) {
			h.take(m)
		}
	}, h.stop)
}

// stopSinks waits until what was published has been taken in.
func (e *Engine) stopSinks() {
	if !waitFor(&e.sinks.running, sinkStopTime) {
		e.log.Warn("a reader of the events is slower than the engine's end")
	}
}
