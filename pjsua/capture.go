//go:build cgo

package pjsua

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"github.com/offhook-voip/offhook/pjsua/wav"
)

// capture is the writing of a recording by Go: a goroutine takes the frames of one or two
// Audios, puts those of the same tick together, and encodes them.
type capture struct {
	r     *Recorder
	sides []*Audio // left, right
	file  *os.File
	enc   encoder
	done  chan struct{} // closed when the file is
	err   error         // why it is not complete; after done

	mu     sync.Mutex // guards what follows
	paused atomic.Bool
	closed bool
}

// encoder writes interleaved samples to a file.
type encoder interface {
	Write(samples []int16) error
	// Flush makes the file such that what is in it plays.
	Flush() error
	// Close writes the end of the file, which it does not close.
	Close() error
}

// captureBuffer is how long a disk may take before frames are lost; silence stands for
// those then.
const captureBuffer = 10 * time.Second

func (r *Recorder) newCapture(ctx context.Context) (c *capture, err error) {
	bridge, err := r.ep.bridge(ctx)
	if err != nil {
		return nil, err
	}
	rate := 48000
	for _, fits := range []int{24000, 16000, 8000} {
		if fits >= bridge.rate {
			rate = fits
		}
	}
	channels := 1
	if r.opts.Stereo {
		channels = 2
	}
	c = &capture{r: r, done: make(chan struct{})}
	c.paused.Store(r.opts.Paused)
	if c.file, err = os.Create(r.path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			c.file.Close()
			for _, a := range c.sides {
				a.Close()
			}
		}
	}()
	if r.opts.Format == RecordOpus {
		c.enc, err = newOpusFile(c.file, rate, channels, r.opts.Bitrate)
	} else {
		var w *wav.Writer
		w, err = wav.NewWriter(c.file, rate, channels)
		c.enc = wavEncoder{w}
	}
	if err != nil {
		return nil, err
	}
	for range channels {
		a, err := r.ep.NewAudio(ctx, rate, AudioOptions{ReadBuffer: captureBuffer, WriteBuffer: -1})
		if err != nil {
			return nil, err
		}
		c.sides = append(c.sides, a)
	}
	go c.run()
	return c, nil
}

// wavEncoder is a WAV file as an encoder.
type wavEncoder struct{ *wav.Writer }

func (w wavEncoder) Close() error { return w.Flush() }

// run writes what comes until the Audios end.
func (c *capture) run() {
	defer close(c.done)
	c.err = c.write()
	if c.err != nil {
		c.r.failed(statusOf(c.err))
	}
	if err := c.enc.Close(); c.err == nil {
		c.err = err
	}
	if err := c.file.Close(); c.err == nil {
		c.err = err
	}
}

// statusOf is the status of what the operating system said.
func statusOf(err error) Status {
	var no syscall.Errno
	if errors.As(err, &no) {
		return Status(osStatusBase + int(no))
	}
	return StatusInvalidOp
}

// osStatusBase is what PJLIB adds to errno (PJ_ERRNO_START_SYS).
const osStatusBase = 120000

// write takes frames and encodes them. It returns nil at the end, or the first error of
// the encoder.
func (c *capture) write() error {
	n := c.sides[0].FrameSamples()
	frames := make([][]int16, len(c.sides))
	for i := range frames {
		frames[i] = make([]int16, n)
	}
	out := make([]int16, n*len(c.sides))
	silence := make([]int16, n*len(c.sides))
	var next uint64 // the tick that is to come
	flushed := 0
	for {
		tick, ok := c.together(frames)
		if !ok {
			return nil
		}
		for i, side := range frames {
			for j, s := range side {
				out[j*len(frames)+i] = s
			}
		}
		lost := uint64(0) // ticks whose frames were lost, if the clock is still the same
		if next > 0 && tick > next && tick-next < captureResync {
			lost = tick - next
		}
		next = tick + 1
		if c.paused.Load() {
			continue
		}
		for range lost {
			if err := c.enc.Write(silence); err != nil {
				return err
			}
		}
		if err := c.enc.Write(out); err != nil {
			return err
		}
		if flushed += n; flushed >= c.sides[0].Rate() {
			flushed = 0
			if err := c.enc.Flush(); err != nil {
				return err
			}
		}
	}
}

// captureResync is the number of ticks that frames may be apart before the ticks are
// taken to be those of another clock, as after the change of a sound device.
const captureResync = 1 << 14

// together fills in the next frames that all sides have of the same tick. Only the first
// ones of a side and those that a full buffer lost have none on the other side.
func (c *capture) together(frames [][]int16) (tick uint64, ok bool) {
	ticks := make([]uint64, len(c.sides))
	for i := range c.sides {
		if ticks[i], ok = c.sides[i].nextFrame(frames[i]); !ok {
			return 0, false
		}
	}
	for len(ticks) == 2 && ticks[0] != ticks[1] {
		late := 0
		if int64(ticks[1]-ticks[0]) < 0 {
			late = 1
		}
		if ticks[late], ok = c.sides[late].nextFrame(frames[late]); !ok {
			return 0, false
		}
	}
	return ticks[0], true
}

// nextFrame waits for a frame of the bridge and says which tick it was; ok is false when
// the Audio has ended and all its frames were read.
func (a *Audio) nextFrame(dst []int16) (tick uint64, ok bool) {
	if !a.lock() {
		return 0, false
	}
	defer a.use.RUnlock()
	a.rmu.Lock()
	defer a.rmu.Unlock()
	b := unsafe.Slice((*byte)(unsafe.Pointer(&dst[0])), len(dst)*sampleSize)
	for {
		ended := isClosed(a.ended) // before looking: what comes before the end is read
		if tick, ok := a.ring.takeFrame(b); ok {
			return tick, true
		}
		if ended {
			return 0, false
		}
		a.await(&a.rwait, a.rsig, &a.rdl, a.readable)
	}
}

// pause takes effect with the frames that were not encoded yet, which are those of the
// last tick or none.
func (c *capture) pause(paused bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return ErrRecorderGone
	}
	c.paused.Store(paused)
	return nil
}

// close takes the ports out of the bridge, and lets the goroutine encode what they
// heard.
func (c *capture) close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return ErrRecorderGone
	}
	c.closed = true
	c.mu.Unlock()
	err := c.r.ep.do(ctx, func(t onThread) error {
		for _, a := range c.sides {
			a.removePort(t)
		}
		return nil
	})
	for _, a := range c.sides {
		if err == nil {
			select {
			case <-a.gone:
			case <-a.ep.gone:
			case <-time.After(portGoneWithin):
			}
		}
		a.end(ErrAudioGone)
	}
	// The rings must stay until they are empty.
	free := func() {
		<-c.done
		for _, a := range c.sides {
			a.free(ErrAudioGone)
		}
	}
	select {
	case <-c.done:
		free()
	case <-ctx.Done():
		go free()
		return ctx.Err()
	}
	if c.err != nil {
		return fmt.Errorf("pjsua: recording %q is incomplete: %w", c.r.path, c.err)
	}
	return err
}
