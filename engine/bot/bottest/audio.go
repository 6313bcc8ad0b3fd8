package bottest

import (
	"io"
	"os"
	"time"

	"github.com/offhook-voip/offhook/pjsua"
	"github.com/offhook-voip/offhook/pjsua/wav"
)

// tick is that of the clock.
const tick = 20 * time.Millisecond

// audio is an engine.Audio whose other end is a Caller. All of it is guarded by Caller.mu.
type audio struct {
	c     *Caller
	rate  int
	limit int // samples that may be queued
	keep  int // samples that wait to be read, 0: it is only written

	queue                    []int16
	runs                     []run
	label                    run // of what is written next
	written, played, dropped uint64
	paused, closed           bool
	marks                    []mark
	in                       []int16
	heard, overrun           uint64
	rdl, wdl                 time.Time
}

// run is samples of one prompt that follow each other.
type run struct {
	what       string
	offset, of uint64
	n          int
}

type mark struct {
	name string
	pos  uint64
	ch   chan pjsua.Mark
}

func newAudio(c *Caller, rate int, opts pjsua.AudioOptions) *audio {
	size := func(d time.Duration) int {
		switch {
		case d < 0:
			return 0
		case d == 0:
			d = time.Second
		}
		return samplesIn(max(d, tick), rate)
	}
	return &audio{c: c, rate: rate, limit: size(opts.WriteBuffer), keep: size(opts.ReadBuffer)}
}

// Label implements what package bot tells a test's audio.
func (a *audio) Label(what string, offset, of uint64) {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	a.label = run{what: what, offset: offset, of: of}
}

func (a *audio) Rate() int { return a.rate }

func (a *audio) Port() pjsua.PortID { return pjsua.NoPort }

func (a *audio) ReadSamples(p []int16) (int, error) {
	for {
		a.c.mu.Lock()
		n := copy(p, a.in)
		a.in = a.in[n:]
		over, closed, deadline, changed := a.c.over, a.closed, a.rdl, a.c.changed
		a.c.mu.Unlock()
		switch {
		case closed:
			return 0, pjsua.ErrAudioGone
		case expired(deadline):
			return 0, os.ErrDeadlineExceeded
		case n > 0 || len(p) == 0:
			return n, nil
		case over:
			return 0, io.EOF
		}
		await(changed, deadline)
	}
}

func (a *audio) WriteSamples(p []int16) (n int, err error) {
	for {
		a.c.mu.Lock()
		over, closed, deadline, changed := a.c.over, a.closed, a.wdl, a.c.changed
		if !over && !closed && !expired(deadline) {
			m := min(len(p)-n, a.limit-len(a.queue))
			a.queue = append(a.queue, p[n:n+m]...)
			a.written += uint64(m)
			if m > 0 {
				a.labelLocked(m)
			}
			n += m
		}
		a.c.mu.Unlock()
		switch {
		case closed:
			return n, pjsua.ErrAudioGone
		case over:
			return n, pjsua.ErrCallGone
		case n == len(p):
			return n, nil
		case expired(deadline):
			return n, os.ErrDeadlineExceeded
		}
		await(changed, deadline)
	}
}

// labelLocked notes what the m samples are that were queued last.
func (a *audio) labelLocked(m int) {
	if last := len(a.runs) - 1; last >= 0 && a.runs[last].what == a.label.what && a.runs[last].offset+uint64(a.runs[last].n) == a.label.offset {
		a.runs[last].n += m
	} else {
		a.runs = append(a.runs, run{a.label.what, a.label.offset, a.label.of, m})
	}
	a.label.offset += uint64(m)
}

func expired(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }

// await waits for a change or a deadline.
func await(changed <-chan struct{}, deadline time.Time) {
	if deadline.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

func (a *audio) SetReadDeadline(t time.Time) error {
	a.c.change(func() { a.rdl = t })
	return nil
}

func (a *audio) SetWriteDeadline(t time.Time) error {
	a.c.change(func() { a.wdl = t })
	return nil
}

func (a *audio) Played() uint64 { return a.Stats().Played }

func (a *audio) Queued() uint64 { return a.Stats().Queued }

func (a *audio) Clear() uint64 {
	var n int
	a.c.change(func() { n = a.clearLocked() })
	return uint64(n)
}

func (a *audio) clearLocked() int {
	n := len(a.queue)
	a.queue, a.runs = nil, nil
	a.dropped += uint64(n)
	for _, m := range a.marks {
		m.ch <- pjsua.Mark{Name: m.name, Position: m.pos, Cleared: true}
	}
	a.marks = nil
	return n
}

func (a *audio) Pause() { a.c.change(func() { a.paused = true }) }

func (a *audio) Resume() { a.c.change(func() { a.paused = false }) }

func (a *audio) Mark(name string) <-chan pjsua.Mark {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	m := mark{name, a.written, make(chan pjsua.Mark, 1)}
	switch {
	case len(a.queue) == 0 && len(a.marks) == 0:
		m.ch <- pjsua.Mark{Name: name, Position: m.pos, Time: time.Now()}
	case a.c.over || a.closed:
		m.ch <- pjsua.Mark{Name: name, Position: m.pos, Cleared: true}
	default:
		a.marks = append(a.marks, m)
	}
	return m.ch
}

func (a *audio) Stats() pjsua.AudioStats {
	a.c.mu.Lock()
	defer a.c.mu.Unlock()
	return pjsua.AudioStats{
		Written: a.written, Played: a.played, Cleared: a.dropped, Queued: uint64(len(a.queue)),
		Heard: a.heard, Overruns: a.overrun, Buffered: uint64(len(a.in)),
	}
}

func (a *audio) Close() error {
	a.c.change(func() {
		a.closed = true
		a.clearLocked()
	})
	return nil
}

// tickLocked takes a frame to be heard, and gives one of what the caller says.
func (a *audio) tickLocked(says []int16) []int16 {
	if a.keep > 0 {
		in := wav.Resample(says, a.c.rate, a.rate)
		a.in = append(a.in, in...)
		a.heard += uint64(len(in))
		if over := len(a.in) - a.keep; over > 0 {
			a.in = a.in[over:]
			a.overrun += uint64(over)
		}
	}
	if a.paused {
		return nil
	}
	n := min(samplesIn(tick, a.rate), len(a.queue))
	out := a.queue[:n:n]
	a.queue = a.queue[n:]
	a.played += uint64(n)
	for left := n; left > 0; {
		r := &a.runs[0]
		m := min(r.n, left)
		a.c.heardLocked(r.what, r.offset, uint64(m), r.of, a.rate)
		r.offset, r.n, left = r.offset+uint64(m), r.n-m, left-m
		if r.n == 0 {
			a.runs = a.runs[1:]
		}
	}
	for len(a.marks) > 0 && a.marks[0].pos <= a.played+a.dropped {
		m := a.marks[0]
		m.ch <- pjsua.Mark{Name: m.name, Position: m.pos, At: a.played, Time: time.Now()}
		a.marks = a.marks[1:]
	}
	return wav.Resample(out, a.rate, a.c.rate)
}
