package engine

import (
	"sync"
	"time"
)

// sinkStopTime bounds what the sinks together may add to the engine's end.
const sinkStopTime = time.Second

// sinks are the engine's own readers of its events: hooks, webhooks, the call log, the
// pop log, the status file, the state in the INI file and the users directory. Each has a subscription and a goroutine of its own, so
// that none is held up by another, and nothing by any of them. One that the
// configuration does not ask for does not exist.
type sinks struct {
	running sync.WaitGroup
	mu      sync.Mutex
	started map[string]bool
}

// follow starts a sink, once: take is called for every event, in order, until the
// engine has stopped, and then stop.
func (e *Engine) follow(name string, take func(Event), stop func()) {
	sub := e.Subscribe()
	e.sinks.running.Go(func() {
		defer stop()
		for !e.read(name, sub, take) {
			sub = e.Subscribe()
		}
	})
}

// read returns true when the engine has stopped, and false when the reader was cut off.
func (e *Engine) read(name string, sub *Subscription, take func(Event)) bool {
	defer sub.Close()
	for ev := range sub.Events() {
		take(ev)
		if lost, ok := ev.(EventsLost); ok && lost.Final {
			e.log.Error("too slow for the events", "reader", name, "lost", lost.Count)
			return false
		}
	}
	return true
}

// startSinks starts those that the configuration asks for and that do not run yet: with
// the engine, before its first event, and after a reload.
func (e *Engine) startSinks() error {
	cfg := e.config.Load()
	s := &cfg.Settings
	e.sinks.mu.Lock()
	defer e.sinks.mu.Unlock()
	wanted := func(name string, asked bool) bool {
		if !asked || e.sinks.started[name] {
			return false
		}
		if e.sinks.started == nil {
			e.sinks.started = make(map[string]bool)
		}
		e.sinks.started[name] = true
		return true
	}
	if wanted("hooks", anyHook(cfg)) {
		h, w := newHooks(e), newFollower()
		e.follow("hooks", func(ev Event) {
			for _, m := range w.take(ev) {
				h.take(m)
			}
		}, h.stop)
	}
	if wanted("call log", s.CallLog != "") {
		w := newLogWriter(e)
		e.follow("call log", w.take, w.stop)
	}
	if wanted("pop log", s.PopLog != "") {
		p := &popLog{e: e, follow: newFollower()}
		e.follow("pop log", p.take, func() {})
	}
	if wanted("status file", s.StatusFile != "") {
		f := newStatusFile(e)
		e.follow("status file", f.take, f.stop)
	}
	if wanted("state", s.SaveState && e.config.Load().Path != "") {
		f := newStateFile(e)
		e.follow("state", func(Event) {}, f.stop)
	}
	if wanted("directory", s.UsersDirectory != "") {
		d := newDirectory(e)
		e.follow("directory", d.take, d.stop)
	}
	if wanted("webhooks", len(s.Webhook) > 0) {
		w := newWebhooks(e)
		if err := w.follow(); err != nil {
			w.stop()
			return err
		}
		e.follow("webhooks", w.take, w.stop)
	}
	return nil
}

// stopSinks waits until what was published has been taken in.
func (e *Engine) stopSinks() {
	if !waitFor(&e.sinks.running, sinkStopTime) {
		e.log.Warn("a reader of the events is slower than the engine's end")
	}
}
