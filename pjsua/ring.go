//go:build cgo

package pjsua

/*
#include "pcm.h"
*/
import "C"

import (
	"sync/atomic"
	"time"
	"unsafe"
)

// ring is Go's view of an oh_ring: the same memory as the bridge's clock uses, without a
// call into C. The fields that the clock stores are read here, and the other way round;
// see ring.h.
type ring struct {
	c      *C.oh_ring
	frame  int // samples in a tick
	limit  uint64
	play   []int16
	take   unsafe.Pointer
	stride uintptr
	mask   uint64 // of take
}

// sampleSize is the number of bytes in a sample.
const sampleSize = 2

// newRing makes a ring that lets limit samples wait to be played, 0 for no playing, and
// frames to be read, 0 for no reading. Its buffer for playing is twice as long, so that
// after Clear there is room before the next tick has seen it.
func newRing(wake *C.oh_wake, rate, frame int, limit uint64, frames uint64, oldest bool) *ring {
	c := C.oh_ring_new(wake, C.uint32_t(rate), C.uint32_t(frame), C.uint64_t(2*limit), C.uint64_t(frames), C.int(cBool(oldest)))
	if c == nil {
		return nil
	}
	r := &ring{c: c, frame: frame, limit: limit, take: unsafe.Pointer(c.take), stride: uintptr(c.stride), mask: uint64(c.take_size) - 1}
	if c.play != nil {
		r.play = unsafe.Slice((*int16)(unsafe.Pointer(c.play)), int(c.play_size))
	}
	return r
}

// release gives up Go's reference.
func (r *ring) release() { C.oh_ring_release(r.c) }

func load(p *C.uint64_t) uint64     { return atomic.LoadUint64((*uint64)(unsafe.Pointer(p))) }
func store(p *C.uint64_t, v uint64) { atomic.StoreUint64((*uint64)(unsafe.Pointer(p)), v) }
func word(p *C.uint32_t) *uint32    { return (*uint32)(unsafe.Pointer(p)) }

// takeFrame copies the oldest frame to dst, which has room for it, and says in which tick
// the bridge had it; ok is false when there is none.
func (r *ring) takeFrame(dst []byte) (tick uint64, ok bool) {
	c := r.c
	tail := (*uint64)(unsafe.Pointer(&c.take_tail))
	for {
		t := atomic.LoadUint64(tail)
		if load(&c.take_head) == t {
			return 0, false
		}
		slot := unsafe.Add(r.take, uintptr(t&r.mask)*r.stride)
		tick = atomic.LoadUint64((*uint64)(slot))
		copy(dst, unsafe.Slice((*byte)(unsafe.Add(slot, 8)), r.frame*sampleSize))
		// The clock gives up the oldest frame when there is no room: then this one was
		// overwritten while it was copied.
		if atomic.CompareAndSwapUint64(tail, t, t+1) {
			return tick, true
		}
	}
}

// frames is how many are waiting for the reader.
func (r *ring) frames() uint64 {
	if r.take == nil {
		return 0
	}
	t := load(&r.c.take_tail) // first: the head only grows
	return load(&r.c.take_head) - t
}

// queued is how many samples wait to be played.
func (r *ring) queued() uint64 {
	clear := load(&r.c.play_clear)
	tail := max(load(&r.c.play_tail), clear)
	return load(&r.c.play_head) - tail
}

// room is how many samples may be written.
func (r *ring) room() uint64 {
	head := load(&r.c.play_head)
	free := uint64(len(r.play)) - (head - load(&r.c.play_tail))
	q := r.queued()
	if q >= r.limit {
		return 0
	}
	return min(free, r.limit-q)
}

// put queues as much of src as there is room for and returns how many bytes that were.
func (r *ring) put(src []byte) int {
	n := min(uint64(len(src)/sampleSize), r.room())
	if n == 0 {
		return 0
	}
	head := load(&r.c.play_head)
	first := head & uint64(len(r.play)-1)
	m := copy(sampleBytes(r.play[first:]), src[:n*sampleSize])
	copy(sampleBytes(r.play), src[m:n*sampleSize])
	store(&r.c.play_head, head+n)
	return int(n) * sampleSize
}

// clear makes what is queued, but for the newest keep samples, never be heard.
func (r *ring) clear(keep uint64) {
	if head := load(&r.c.play_head); head > keep && head-keep > load(&r.c.play_clear) {
		store(&r.c.play_clear, head-keep)
	}
}

// played is an entry of the log.
type played struct {
	from, count, at, tick uint64
	time                  time.Time
}

// entry reads entry i of the log; ok is false when it was overwritten.
func (r *ring) entry(i uint64) (e played, ok bool) {
	p := (*C.oh_played)(unsafe.Add(unsafe.Pointer(r.c.log), uintptr(i%C.OH_RING_LOG)*unsafe.Sizeof(C.oh_played{})))
	e = played{from: load(&p.from), count: load(&p.count), at: load(&p.at), tick: load(&p.tick)}
	e.time = time.Unix(0, atomic.LoadInt64((*int64)(unsafe.Pointer(&p.time_ns))))
	return e, load(&r.c.logged)-i < C.OH_RING_LOG
}

// sampleBytes is the memory of p.
func sampleBytes(p []int16) []byte {
	if len(p) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&p[0])), len(p)*sampleSize)
}
