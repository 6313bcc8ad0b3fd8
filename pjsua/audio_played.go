//go:build cgo

package pjsua

import (
	"sync/atomic"
	"time"
)

// Played returns how many samples were heard so far: what the bridge's clock has taken
// from the queue. 0 samples are heard while the port is connected to nothing: then the
// bridge does not ask for any.
func (a *Audio) Played() uint64 { return a.Stats().Played }

// Queued returns how many samples were written and are still to be heard.
func (a *Audio) Queued() uint64 { return a.Stats().Queued }

// Clear makes the samples that are queued never be heard, from the next tick on, and
// returns how many these were at this moment; at most one frame of them is being taken
// right now and counts as played. Marks after samples that are not heard are reported as
// cleared.
func (a *Audio) Clear() uint64 {
	if !a.lock() {
		return 0
	}
	defer a.use.RUnlock()
	n := a.ring.queued()
	a.ring.clear(0)
	select { // a writer may have room now
	case a.wsig <- struct{}{}:
	default:
	}
	return n
}

// Pause makes the port silent from the next tick on; what is queued stays.
func (a *Audio) Pause() { a.setPaused(1) }

// Resume goes on after Pause, with the next sample.
func (a *Audio) Resume() { a.setPaused(0) }

func (a *Audio) setPaused(v uint32) {
	if a.lock() {
		atomic.StoreUint32(word(&a.ring.c.paused), v)
		a.use.RUnlock()
	}
}

// Mark puts a mark behind the samples that were written so far. The channel gets one
// [Mark] when the last of them was heard, or will never be; at once when none is queued.
func (a *Audio) Mark(name string) <-chan Mark {
	ch := make(chan Mark, 1)
	if !a.lock() {
		ch <- Mark{Name: name, Cleared: true}
		return ch
	}
	defer a.use.RUnlock()
	a.mmu.Lock()
	defer a.mmu.Unlock()
	pos := load(&a.ring.c.play_head)
	if a.ring.queued() == 0 && len(a.marks) == 0 {
		ch <- Mark{Name: name, Position: pos, At: load(&a.ring.c.time), Tick: load(&a.ring.c.tick), Time: time.Now()}
		return ch
	}
	if len(a.marks) == 0 {
		a.ep.ticks.want(1)
	}
	a.marks = append(a.marks, pendingMark{name, pos, ch})
	a.marked.Store(int32(len(a.marks)))
	a.settleMarks(isClosed(a.ended))
	return ch
}

// settleMarks reports the marks that the clock has passed, and all when it is over.
func (a *Audio) settleMarks(over bool) {
	tail, logged := load(&a.ring.c.play_tail), load(&a.ring.c.logged)
	before := len(a.marks)
	for len(a.marks) > 0 {
		m := &a.marks[0]
		report := Mark{Name: m.name, Position: m.pos}
		var e played
		lost := false
		for ; a.logSeen < logged; a.logSeen++ {
			var ok bool
			if e, ok = a.ring.entry(a.logSeen); !ok {
				lost = true
			} else if e.from+e.count >= m.pos {
				break
			}
		}
		switch {
		case a.logSeen < logged && (e.from < m.pos || lost):
			report.At, report.Tick, report.Time = e.at+m.pos-min(e.from, m.pos), e.tick, e.time
		case a.logSeen < logged || tail >= m.pos || over:
			report.Cleared = true
		default:
			return
		}
		m.ch <- report
		a.marks = a.marks[1:]
	}
	a.marked.Store(int32(len(a.marks)))
	if before > 0 {
		a.marks = nil
		a.ep.ticks.want(-1)
	}
}

// Stats returns the figures so far, also after Close.
func (a *Audio) Stats() AudioStats {
	a.use.RLock()
	defer a.use.RUnlock()
	if a.ring == nil {
		return a.final
	}
	return a.stats()
}

func (a *Audio) stats() AudioStats {
	c := a.ring.c
	s := AudioStats{
		Played: load(&c.played), Cleared: load(&c.cleared), Silence: load(&c.silence),
		Underruns: load(&c.underruns), Refused: a.refused.Load(),
		Queued: a.ring.queued(), Written: load(&c.play_head),
		Overruns: load(&c.overruns) * uint64(a.ring.frame),
		Buffered: a.ring.frames() * uint64(a.ring.frame),
	}
	s.Heard = load(&c.take_head)*uint64(a.ring.frame) + s.Overruns
	if a.opts.ReadOverrun != DropNewest {
		s.Heard -= s.Overruns // those were put and given up
	}
	return s
}
