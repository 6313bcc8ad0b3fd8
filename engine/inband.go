package engine

import (
	"context"
	"slices"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
	"github.com/offhook-voip/offhook/engine/dsp"
	"github.com/offhook-voip/offhook/pjsua"
)

// How digits are listened for.
const (
	inbandRate   = 16000                 // that of the bridge, so that nothing is converted
	inbandPeriod = 60 * time.Millisecond // to wake for each tick of the bridge would cost more than the rest
	inbandMethod = "INBAND"              // in events
)

// ear is what looks for digits in what the far end of a call says. It belongs to the
// call's worker, and is there only where digits may come as tones.
type ear struct {
	audio Audio // nil: nobody listens
	stop  chan struct{}
	ended chan struct{}
	deaf  int // Call.wiring with which it could not be opened
}

// inbandLocked says whether to listen for digits, where listening says whether that is
// so now: a call on hold keeps what it has.
func (c *Call) inbandLocked(listening bool) bool {
	mode := config.InbandDTMFAuto
	if c.account != nil {
		mode = c.account.cfg().InbandDTMF
	}
	if mode == config.InbandDTMFOff {
		return false
	}
	for _, m := range c.media {
		if m.Port == pjsua.NoPort {
			continue
		}
		if m.TelephoneEvent && mode != config.InbandDTMFOn {
			return false
		}
		return listening || c.audioLocked().recv
	}
	return listening
}

// attend listens, or no longer, as it should be.
func (w *worker) attend(ctx context.Context) {
	w.e.mu.Lock()
	want := w.c.inbandLocked(w.ear.audio != nil) && w.e.state == running
	wiring := w.c.wiring
	w.e.mu.Unlock()
	switch {
	case want && w.ear.audio == nil && w.ear.deaf != wiring:
		w.listen(ctx, wiring)
	case !want:
		w.hush()
	}
}

func (w *worker) listen(ctx context.Context, wiring int) {
	detector, err := dsp.NewDTMFDetector(inbandRate)
	if err == nil {
		w.ear.audio, err = w.phone.Audio(ctx, w.c.id, inbandRate, pjsua.AudioOptions{WriteBuffer: -1})
	}
	if err != nil {
		w.ear.audio, w.ear.deaf = nil, wiring
		w.c.report("listen for digits", err)
		return
	}
	w.e.mu.Lock()
	w.c.twins = make([]twin, 0, 8)
	w.e.mu.Unlock()
	w.ear.stop, w.ear.ended = make(chan struct{}), make(chan struct{})
	go w.c.hear(w.ear, detector)
}

// hush ends the listening.
func (w *worker) hush() {
	if w.ear.audio == nil {
		return
	}
	close(w.ear.stop)
	if err := w.ear.audio.Close(); err != nil {
		w.c.report("stop listening for digits", err)
	}
	<-w.ear.ended
	w.ear.audio = nil
	w.e.mu.Lock()
	w.c.twins = nil
	w.e.mu.Unlock()
}

// hear publishes the digits that are heard, until the call or the listening ends.
func (c *Call) hear(ear ear, detector *dsp.DTMFDetector) {
	defer close(ear.ended)
	period := time.NewTicker(inbandPeriod)
	defer period.Stop()
	buf := make([]int16, inbandRate/5)
	for {
		n, err := ear.audio.ReadSamples(buf)
		if err != nil {
			return
		}
		for _, d := range detector.Hear(buf[:n]) {
			if d.Length == 0 {
				c.inbandDigit(d.Digit)
			}
		}
		if n == len(buf) {
			continue // it is late
		}
		select {
		case <-period.C:
		case <-ear.stop:
			return
		}
	}
}

func (c *Call) inbandDigit(digit byte) {
	c.e.mu.Lock()
	defer c.e.mu.Unlock()
	if !c.endedLocked() {
		c.digitLocked(time.Now(), digit, inbandMethod, 0)
	}
}

// digitLocked reports a digit from the far end, unless it was reported already.
func (c *Call) digitLocked(at time.Time, digit byte, method string, length time.Duration) {
	if c.twinLocked(digit, method == inbandMethod, at) {
		return
	}
	c.e.bus.publish(DTMFReceived{
		EventHeader: c.headerLocked("DTMFReceived", at),
		Digit:       string(rune(digit)), Method: method, DurationMS: length.Milliseconds(),
	})
}

// twin is a digit that was reported, and may come once more: gateways send an event or an
// INFO and leave the tones in the audio, the whole of them or their beginning.
type twin struct {
	digit  byte
	inband bool
	at     time.Time
}

// twinWithin is how far apart the two may be: an INFO can come when the key is released,
// the audio has waited in a jitter buffer.
const twinWithin = 2 * time.Second

// twinLocked says whether a digit is one that was reported, but in-band where it is not,
// or the other way round. Each has one twin, so two equal digits stay two.
func (c *Call) twinLocked(digit byte, inband bool, at time.Time) bool {
	if c.twins == nil {
		return false // nobody listens
	}
	c.twins = slices.DeleteFunc(c.twins, func(t twin) bool { return at.Sub(t.at) > twinWithin })
	i := slices.IndexFunc(c.twins, func(t twin) bool { return t.digit == digit && t.inband != inband })
	if i >= 0 {
		c.twins = slices.Delete(c.twins, i, i+1)
		return true
	}
	c.twins = append(c.twins, twin{digit, inband, at})
	return false
}
