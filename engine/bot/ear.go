package bot

import (
	"context"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// How much the ear remembers: a handler listens a moment after speech has begun.
const earMemory = 20 * time.Second

// ear hears the far end from the first time that somebody wants to know, to the end of the
// call. Positions are samples from its beginning.
type ear struct {
	c     *Call
	audio engine.Audio
	// Guarded by Call.mu.
	speech *speechTrack
	memory []int16
	first  uint64 // position of memory[0]
	ended  bool
}

// listen returns the call's ear, and opens it when it is the first who asks.
func (c *Call) listen(ctx context.Context) (*ear, error) {
	if err := c.speaks(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	e := c.ear
	c.mu.Unlock()
	if e != nil {
		return e, nil
	}
	speech, err := newSpeechTrack(c.opts.Rate, c.opts.Speech)
	if err != nil {
		return nil, err
	}
	a, err := c.line.Audio(ctx, c.opts.Rate, pjsua.AudioOptions{WriteBuffer: -1})
	if err != nil {
		return nil, err
	}
	e = &ear{c: c, audio: a, speech: speech}
	c.mu.Lock()
	have := c.ear
	if have == nil {
		c.ear = e
	}
	c.mu.Unlock()
	if have != nil {
		a.Close()
		return have, nil
	}
	go e.run()
	return e, nil
}

func (e *ear) run() {
	buf := make([]int16, e.c.opts.Rate/50)
	for {
		n, err := e.audio.ReadSamples(buf)
		e.hear(buf[:n], err != nil)
		if err != nil {
			e.audio.Close()
			return
		}
	}
}

func (e *ear) hear(samples []int16, ended bool) {
	c := e.c
	c.mu.Lock()
	e.memory = append(e.memory, samples...)
	if keep := c.opts.Rate * int(earMemory/time.Second); len(e.memory) > 2*keep {
		drop := len(e.memory) - keep
		e.memory = append([]int16(nil), e.memory[drop:]...)
		e.first += uint64(drop)
	}
	e.ended = ended
	began := e.speech.hear(samples)
	p := c.sounding
	if began && p != nil && (p.opts.stop|p.opts.pause)&Speech != 0 {
		c.spoke, c.barged = e.speech.onset, true
	}
	c.tellLocked()
	c.mu.Unlock()
	if began && p != nil {
		p.interrupt(Speech)
	}
}

// nowLocked is the position of what is heard next.
func (e *ear) nowLocked() uint64 { return e.first + uint64(len(e.memory)) }

// sinceLocked returns what was heard from a position on, as far as it is remembered.
func (e *ear) sinceLocked(at uint64) []int16 {
	return e.memory[min(max(at, e.first), e.nowLocked())-e.first:]
}

// samplesIn is how many samples a time has.
func (c *Call) samplesIn(d time.Duration) uint64 {
	return uint64(max(0, int64(d)) * int64(c.opts.Rate) / int64(time.Second))
}

func (c *Call) timeOf(samples uint64) time.Duration {
	return time.Duration(samples * uint64(time.Second) / uint64(c.opts.Rate))
}
