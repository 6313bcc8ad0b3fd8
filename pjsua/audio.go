//go:build cgo

package pjsua

/*
#include "bridge.h"
#include "conf.h"
#include "pcm.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Audio is PCM between Go and the conference bridge: a port of the bridge whose other
// end is read and written here. Samples are 16 bits, mono, little-endian where they are
// bytes, at the rate that was chosen; the bridge converts. What is written is heard by
// the ports that the Audio is connected to, in the pace of the bridge's clock; what is
// connected to it is read, frame by frame, silence too, so that what is read is as long
// as the time that has passed.
//
// Reading and writing neither call C nor allocate memory. All methods may be called from
// any goroutine; of several readers, or writers, one goes after the other. Close it when
// it is no longer needed.
type Audio struct {
	ep   *Endpoint
	id   AudioID
	rate int
	opts AudioOptions
	at   PortID
	port *C.pjmedia_port // the executor's; nil when the port was removed
	gone <-chan struct{} // closed when the bridge has let go of it
	call CallID          // 0 for none

	use    sync.RWMutex // held to read by who touches ring, to write by who gives it up
	ring   *ring        // nil after Close
	final  AudioStats   // what Stats says after Close
	ended  chan struct{}
	endErr error // what Write returns when ended is closed; set before
	once   sync.Once

	rmu      sync.Mutex // serialises readers; guards what follows
	frameBuf []byte     // a frame of which the caller took a part
	rest     []byte     // the other part
	rdl      deadline
	rwait    atomic.Bool
	rsig     chan struct{}

	wmu     sync.Mutex // serialises writers; guards what follows
	half    []byte     // the first byte of a sample whose second was not written yet
	wdl     deadline
	wwait   atomic.Bool
	wsig    chan struct{}
	refused atomic.Uint64

	mmu     sync.Mutex // guards what follows
	marks   []pendingMark
	logSeen uint64
	marked  atomic.Int32 // len(marks)
}

type pendingMark struct {
	name string
	pos  uint64
	ch   chan Mark
}

var (
	_ io.ReadWriteCloser = (*Audio)(nil)
)

// NewAudio puts a port into the bridge that is read and written here (pjsua_conf_add_port).
// rate is 8000, 16000, 24000 or 48000 Hz. Connect its Port to others; nothing is
// connected yet.
func (ep *Endpoint) NewAudio(ctx context.Context, rate int, opts AudioOptions) (*Audio, error) {
	if err := errors.Join(checkRate(rate), opts.Validate()); err != nil {
		return nil, err
	}
	var a *Audio
	err := ep.do(ctx, func(t onThread) (err error) {
		a, err = ep.newAudio(t, rate, opts)
		return err
	})
	return a, err
}

func (ep *Endpoint) newAudio(t onThread, rate int, opts AudioOptions) (*Audio, error) {
	op := fmt.Sprintf("open audio of %d Hz", rate)
	frame, err := ep.tickSamples(t, rate)
	if err != nil {
		return nil, err
	}
	samples := func(d time.Duration) uint64 {
		if d < 0 {
			return 0
		}
		if d == 0 {
			d = defaultAudioBuffer
		}
		return uint64(max(int64(d)*int64(rate)/int64(time.Second), int64(frame)))
	}
	frames := (samples(opts.ReadBuffer) + uint64(frame) - 1) / uint64(frame)
	a := &Audio{
		ep: ep, id: AudioID(C.oh_mint()), rate: rate, opts: opts,
		ring:     newRing(ep.ticks.wake, rate, frame, samples(opts.WriteBuffer), frames, opts.ReadOverrun != DropNewest),
		ended:    make(chan struct{}),
		rdl:      newDeadline(),
		wdl:      newDeadline(),
		rsig:     make(chan struct{}, 1),
		wsig:     make(chan struct{}, 1),
		frameBuf: make([]byte, frame*sampleSize),
		half:     make([]byte, 0, sampleSize),
	}
	if a.ring == nil {
		return nil, t.fail(op, C.PJ_ENOMEM)
	}
	a.gone = ep.pump.expectPortGone(int64(a.id))
	var slot C.pjsua_conf_port_id
	if st := C.oh_pcm_add(a.ring.c, C.int64_t(a.id), &slot, &a.port); st != C.PJ_SUCCESS {
		a.ring.release()
		return nil, t.fail(op, st)
	}
	a.at = portIn(t, slot)
	ep.ticks.add(a)
	return a, nil
}

// tickSamples is how many samples of a rate are in one tick of the bridge.
func (ep *Endpoint) tickSamples(t onThread, rate int) (int, error) {
	if ep.bridgeRate == 0 {
		var a arena
		defer a.free()
		info := (*C.pjsua_conf_port_info)(a.zero(C.sizeof_pjsua_conf_port_info))
		if st := C.pjsua_conf_get_port_info(0, info); st != C.PJ_SUCCESS {
			return 0, t.fail("bridge", st)
		}
		ep.bridgeRate, ep.bridgeFrame = int(info.clock_rate), int(info.samples_per_frame/info.channel_count)
	}
	if n := ep.bridgeFrame * rate; n%ep.bridgeRate == 0 {
		return n / ep.bridgeRate, nil
	}
	return 0, fmt.Errorf("pjsua: a tick of the bridge is no whole number of samples of %d Hz", rate)
}

// ID returns the serial number of the Audio.
func (a *Audio) ID() AudioID { return a.id }

// Port returns the Audio's port in the bridge.
func (a *Audio) Port() PortID { return a.at }

// Rate returns the sample rate in Hz.
func (a *Audio) Rate() int { return a.rate }

// FrameSamples returns how many samples the bridge takes and gives in one tick.
func (a *Audio) FrameSamples() int { return len(a.frameBuf) / sampleSize }

// lock keeps the ring from being freed, unless it was: then it is false.
func (a *Audio) lock() bool {
	a.use.RLock()
	if a.ring == nil {
		a.use.RUnlock()
		return false
	}
	return true
}

// goneErr is what reads and writes return after the ring was given up.
func (a *Audio) goneErr() error {
	if a.endErr == ErrClosed {
		return ErrClosed
	}
	return ErrAudioGone
}

// Read reads what the port hears, as bytes: see [Audio.ReadSamples].
func (a *Audio) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !a.lock() {
		return 0, a.goneErr()
	}
	defer a.use.RUnlock()
	a.rmu.Lock()
	defer a.rmu.Unlock()
	return a.read(p)
}

// ReadSamples waits until the port has heard something, and returns what is there and
// fits into p, at least one sample. After the end of its call it returns what is buffered
// and then io.EOF; after the read deadline os.ErrDeadlineExceeded; after Close
// ErrAudioGone; after the end of the endpoint ErrClosed.
func (a *Audio) ReadSamples(p []int16) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if !a.lock() {
		return 0, a.goneErr()
	}
	defer a.use.RUnlock()
	a.rmu.Lock()
	defer a.rmu.Unlock()
	for n := 0; ; {
		m, err := a.read(sampleBytes(p)[n:])
		n += m
		if err != nil || n%sampleSize == 0 { // a Read may have left half a sample
			return n / sampleSize, err
		}
	}
}

func (a *Audio) read(p []byte) (int, error) {
	if a.ring.take == nil {
		return 0, fmt.Errorf("pjsua: audio: opened without a ReadBuffer")
	}
	for {
		if isClosed(a.rdl.wait()) {
			return 0, os.ErrDeadlineExceeded
		}
		ended := isClosed(a.ended) // before looking: what comes before the end is read
		if n := a.take(p); n > 0 {
			return n, nil
		}
		if ended {
			if a.endErr == ErrCallGone {
				return 0, io.EOF
			}
			return 0, a.endErr
		}
		a.await(&a.rwait, a.rsig, &a.rdl, a.readable)
	}
}

// take copies what is there.
func (a *Audio) take(p []byte) (n int) {
	n = copy(p, a.rest)
	a.rest = a.rest[n:]
	for len(p)-n >= len(a.frameBuf) {
		if _, ok := a.ring.takeFrame(p[n:]); !ok {
			return n
		}
		n += len(a.frameBuf)
	}
	if n < len(p) {
		if _, ok := a.ring.takeFrame(a.frameBuf); ok {
			m := copy(p[n:], a.frameBuf)
			a.rest = a.frameBuf[m:]
			n += m
		}
	}
	return n
}

// await waits for a tick that makes ready true, the deadline, or the end.
func (a *Audio) await(waiting *atomic.Bool, sig chan struct{}, dl *deadline, ready func() bool) {
	waiting.Store(true)
	a.ep.ticks.want(1)
	if !ready() { // not before: the tick looks whether somebody waits after it has moved
		select {
		case <-sig:
		case <-dl.wait():
		case <-a.ended:
		}
	}
	a.ep.ticks.want(-1)
	waiting.Store(false)
}

func (a *Audio) readable() bool { return a.ring.frames() > 0 }
func (a *Audio) writable() bool { return a.ring.room() > 0 }

// Write queues samples as bytes: see [Audio.WriteSamples].
func (a *Audio) Write(p []byte) (int, error) {
	if !a.lock() {
		return 0, a.goneErr()
	}
	defer a.use.RUnlock()
	a.wmu.Lock()
	defer a.wmu.Unlock()
	n := 0
	if len(a.half) > 0 && len(p) > 0 {
		a.half = append(a.half, p[0])
		m, err := a.write(a.half)
		if m == 0 {
			a.half = a.half[:1]
			return 0, err
		}
		a.half, n = a.half[:0], 1
	}
	whole := (len(p) - n) / sampleSize * sampleSize
	m, err := a.write(p[n : n+whole])
	n += m
	if err == nil && n < len(p) {
		a.half = append(a.half, p[n])
		n++
	}
	return n, err
}

// WriteSamples queues samples to be heard one after the other by what the port is
// connected to. When the buffer is full it does what the Audio's WriteOverrun says; with
// Block it returns when all are queued, with the number of those that were when the
// deadline passes (os.ErrDeadlineExceeded), the call ends (ErrCallGone), the endpoint
// (ErrClosed) or the Audio is closed (ErrAudioGone).
func (a *Audio) WriteSamples(p []int16) (int, error) {
	if !a.lock() {
		return 0, a.goneErr()
	}
	defer a.use.RUnlock()
	a.wmu.Lock()
	defer a.wmu.Unlock()
	n, err := a.write(sampleBytes(p))
	return n / sampleSize, err
}

// write queues whole samples.
func (a *Audio) write(p []byte) (n int, err error) {
	if a.ring.play == nil {
		return 0, fmt.Errorf("pjsua: audio: opened without a WriteBuffer")
	}
	dropped := 0
	if a.opts.WriteOverrun == DropOldest {
		if over := len(p)/sampleSize - int(a.ring.limit); over > 0 {
			dropped = over * sampleSize
			a.refused.Add(uint64(over))
		}
		a.ring.clear(a.ring.limit - min(a.ring.limit, uint64(len(p)/sampleSize)))
	}
	n = dropped
	for {
		if isClosed(a.wdl.wait()) {
			return n, os.ErrDeadlineExceeded
		}
		if isClosed(a.ended) {
			return n, a.endErr
		}
		if n += a.ring.put(p[n:]); n == len(p) {
			return n, nil
		}
		if a.opts.WriteOverrun == DropNewest {
			a.refused.Add(uint64(len(p)-n) / sampleSize)
			return len(p), nil
		}
		a.await(&a.wwait, a.wsig, &a.wdl, a.writable)
	}
}

// SetDeadline sets the read and the write deadline.
func (a *Audio) SetDeadline(t time.Time) error {
	a.rdl.set(t)
	a.wdl.set(t)
	return nil
}

// SetReadDeadline makes reads that wait, and later ones, fail with
// os.ErrDeadlineExceeded from t on; the zero time is no deadline.
func (a *Audio) SetReadDeadline(t time.Time) error {
	a.rdl.set(t)
	return nil
}

// SetWriteDeadline does so for writes.
func (a *Audio) SetWriteDeadline(t time.Time) error {
	a.wdl.set(t)
	return nil
}

// Close takes the port out of the bridge, gives up what is queued and buffered, and
// returns when the bridge has let go of the port (pjsua_conf_remove_port). Reads and
// writes that wait return ErrAudioGone. A second Close does nothing; the error is always
// nil.
func (a *Audio) Close() error {
	err := a.ep.do(context.Background(), func(t onThread) error {
		a.removePort(t)
		return nil
	})
	a.free(ErrAudioGone)
	if err != nil {
		return nil // the endpoint is closed: that removes all ports
	}
	select {
	case <-a.gone:
	case <-a.ep.gone:
	case <-time.After(portGoneWithin):
	}
	return nil
}

// portGoneWithin bounds the wait for the tick that takes a port out: the clock of a sound
// device that is unplugged does not tick.
const portGoneWithin = 2 * time.Second

// removePort takes the port out of the bridge, if it is still there.
func (a *Audio) removePort(t onThread) {
	if a.port != nil {
		a.ep.conns.dropPort(t, a.at)
		if a.call != 0 {
			a.ep.conns.leave(t, a.call, a)
		}
		C.oh_pcm_remove(C.pjsua_conf_port_id(a.at.port().slot), a.port)
		a.port = nil
	}
}

// callEnded is what happens to a call's Audio at the end of the call: what is buffered
// can still be read.
func (a *Audio) callEnded(t onThread) {
	a.removePort(t)
	a.end(ErrCallGone)
}

func (a *Audio) callPorts(onThread) {} // its connections follow by themselves

// Audio returns PCM to and from the call: what is read is what the far end says, what is
// written is what it hears, together with whatever else is connected to the call. It
// stays connected when the call's media changes; while the call has none what is read is
// silence. The rate is 8000, 16000, 24000 or 48000 Hz, whatever the codec's is. When the
// call ends reads return what is buffered and then io.EOF, writes ErrCallGone; Close it
// then too.
func (c *Call) Audio(ctx context.Context, rate int, opts AudioOptions) (*Audio, error) {
	if err := errors.Join(checkRate(rate), opts.Validate()); err != nil {
		return nil, err
	}
	var a *Audio
	var results []chan Status
	err := c.on(ctx, func(t onThread, _ C.pjsua_call_id) (err error) {
		if a, err = c.ep.newAudio(t, rate, opts); err != nil {
			return err
		}
		if err = c.ep.conns.join(t, c.id, a); err == nil {
			a.call = c.id
			results, err = a.connectCall(t, c)
		}
		if err != nil {
			a.removePort(t)
			a.free(ErrAudioGone)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, result := range results {
		if err := c.ep.await(ctx, result); err != nil && ctx.Err() != nil {
			a.Close()
			return nil, err
		}
	}
	return a, nil
}

func (a *Audio) connectCall(t onThread, c *Call) (results []chan Status, err error) {
	if a.opts.ReadBuffer >= 0 {
		in := &Connection{ep: a.ep, level: 1, src: c.node(t), dst: a.node(t)}
		result, err := a.ep.conns.add(t, in)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	if a.opts.WriteBuffer >= 0 {
		out := &Connection{ep: a.ep, level: 1, src: a.node(t), dst: c.node(t)}
		result, err := a.ep.conns.add(t, out)
		if err != nil {
			return nil, err
		}
		results = append(results, result)
	}
	return results, nil
}

// end makes writes fail with err, reads when they have read what is buffered.
func (a *Audio) end(err error) {
	a.once.Do(func() {
		a.endErr = err
		close(a.ended)
	})
	if a.lock() {
		a.mmu.Lock()
		a.settleMarks(true)
		a.mmu.Unlock()
		a.use.RUnlock()
	}
}

// free gives the ring up when nobody uses it any more.
func (a *Audio) free(err error) {
	a.end(err)
	a.ep.ticks.remove(a)
	a.use.Lock()
	defer a.use.Unlock()
	if a.ring != nil {
		a.final = a.stats()
		a.ring.release()
		a.ring = nil
	}
}
