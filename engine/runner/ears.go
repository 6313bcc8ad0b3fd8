package runner

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/offhook-voip/offhook/engine"
	"github.com/offhook-voip/offhook/pjsua"
)

// What is heard is kept at the rate of the bridge, so that nothing is converted.
const (
	earRate   = 16000
	earBuffer = 5 * time.Second         // that a busy machine may be late
	earPeriod = 40 * time.Millisecond   // to wake for each tick of the bridge would cost more than the rest
	earKeep   = 90 * earRate * int64(1) // samples, of a session without a folder
)

// ears keep what the far end of a call says, from the moment in which it can be heard.
type ears struct {
	audio engine.Audio
	whole bool // all of it is kept

	mu      sync.Mutex
	base    int64 // of samples[0]
	samples []int16
	over    bool
	started time.Time // of sample 0
	cursor  int64     // what is before it was expected already
	wake    watch
	ended   chan struct{}
}

// listen opens the ears of a call.
func listen(ctx context.Context, call *engine.Call, whole bool) (*ears, error) {
	audio, err := call.Audio(ctx, earRate, pjsua.AudioOptions{ReadBuffer: earBuffer, WriteBuffer: -1})
	if err != nil {
		return nil, err
	}
	e := &ears{audio: audio, whole: whole, started: time.Now(), ended: make(chan struct{})}
	go e.hear()
	return e, nil
}

func (e *ears) hear() {
	defer close(e.ended)
	buf := make([]int16, earRate/2)
	period := time.NewTicker(earPeriod)
	defer period.Stop()
	for {
		n, err := e.audio.ReadSamples(buf)
		e.mu.Lock()
		e.samples = append(e.samples, buf[:n]...)
		if drop := int64(len(e.samples)) - earKeep; !e.whole && drop > earKeep/2 {
			e.samples = append([]int16(nil), e.samples[drop:]...)
			e.base += drop
		}
		if err != nil {
			e.over = true
		}
		e.wake.changedLocked()
		e.mu.Unlock()
		if err != nil {
			return
		}
		if n < len(buf) {
			<-period.C
		}
	}
}

// next waits for samples from position from on. It returns what there is, the position of
// the first of it, io.EOF when nothing more will come, and errLate after the deadline. What
// it returns is valid for good.
func (e *ears) next(ctx context.Context, from int64, deadline time.Time) ([]int16, int64, error) {
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	for {
		e.mu.Lock()
		from = max(from, e.base)
		if rest := e.samples[min(from-e.base, int64(len(e.samples))):]; len(rest) > 0 {
			e.mu.Unlock()
			return rest, from, nil
		}
		over, wake := e.over, e.wake.nextLocked()
		e.mu.Unlock()
		if over {
			return nil, from, io.EOF
		}
		select {
		case <-wake:
		case <-timer.C:
			return nil, from, errLate
		case <-ctx.Done():
			return nil, from, context.Cause(ctx)
		}
	}
}

// length is how many samples were heard so far.
func (e *ears) length() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.base + int64(len(e.samples))
}

// mind is where the next expectation begins.
func (e *ears) mind() int64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.cursor
}

// pass has the next expectation begin at a position, or later.
func (e *ears) pass(position int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cursor = max(e.cursor, position)
}

// at is when a sample was heard.
func (e *ears) at(position int64) time.Time {
	return e.started.Add(samplesTime(position))
}

func (e *ears) close() error {
	err := e.audio.Close()
	<-e.ended
	return err
}

func samplesTime(n int64) time.Duration { return time.Duration(n) * time.Second / earRate }
func timeSamples(d time.Duration) int64 { return int64(d) * earRate / int64(time.Second) }

// from returns all that was heard from a position on.
func (e *ears) from(position int64) []int16 {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := min(max(position-e.base, 0), int64(len(e.samples)))
	return e.samples[i:]
}
