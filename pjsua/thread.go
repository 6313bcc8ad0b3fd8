//go:build cgo

package pjsua

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// onThread is proof that the code runs on the one OS thread that pjsua was created
// on. Only [executor.loop] makes one. Every function that names a pjsua_ function or
// type takes it, which TestOnlyTheExecutorEntersPJSUA checks: a thread that PJLIB
// does not know would not fail in a release build but spin for ever with a lock held.
type onThread struct{ _ [0]func() }

// watchdogAfter is how long a job may take before all stacks are logged. PJSIP's own
// worst is PJSUA_ACQUIRE_CALL_TIMEOUT, 2 s.
const watchdogAfter = 3 * time.Second

// executor runs jobs one at a time on one OS thread.
type executor struct {
	jobs   chan *job
	quit   chan struct{} // closed by stop
	done   chan struct{} // closed when the loop has ended
	once   sync.Once
	logger hclog.Logger
}

type job struct {
	ctx  context.Context
	fn   func(onThread) error
	err  error
	last bool // none is run after it
	done chan struct{}
}

func newExecutor(logger hclog.Logger) *executor {
	x := &executor{
		jobs:   make(chan *job),
		quit:   make(chan struct{}),
		done:   make(chan struct{}),
		logger: logger,
	}
	go x.loop()
	return x
}

func (x *executor) loop() {
	// Never unlocked: the thread ends with the goroutine, and PJLIB's record of it
	// with the library, which is destroyed before.
	runtime.LockOSThread()
	defer close(x.done)
	for {
		select {
		case j := <-x.jobs:
			x.run(j)
			if j.last {
				return
			}
		case <-x.quit:
			return
		}
	}
}

func (x *executor) run(j *job) {
	defer close(j.done)
	if j.err = j.ctx.Err(); j.err != nil {
		return
	}
	watchdog := time.AfterFunc(watchdogAfter, func() {
		buf := make([]byte, 1<<20)
		x.logger.Error("a pjsua call takes long", "after", watchdogAfter, "stacks", string(buf[:runtime.Stack(buf, true)]))
	})
	defer watchdog.Stop()
	j.err = j.fn(onThread{})
}

// do runs fn on the thread and returns its error. When ctx ends before fn has begun
// fn does not run and ctx's error is returned; once it has begun do waits for it, as
// PJSIP cannot be interrupted. fn must be short and must not call do.
func (x *executor) do(ctx context.Context, fn func(onThread) error) error {
	return x.put(&job{ctx: ctx, fn: fn, done: make(chan struct{})})
}

// doLast runs fn, which destroys pjsua, and ends the loop: whoever waits for the thread
// gets ErrClosed.
func (x *executor) doLast(fn func(onThread) error) error {
	err := x.put(&job{ctx: context.Background(), fn: fn, last: true, done: make(chan struct{})})
	<-x.done
	return err
}

func (x *executor) put(j *job) error {
	select {
	case x.jobs <- j:
	case <-j.ctx.Done():
		return j.ctx.Err()
	case <-x.done:
		return ErrClosed
	}
	<-j.done
	// Go lets a goroutine that waited for another one run before all that are ready, and
	// with a thread of its own that is never held against the two. On one processor
	// somebody who gives one command after the other would be alone with it for ever.
	runtime.Gosched()
	return j.err
}

// stop ends the loop after the job that runs, and waits for it.
func (x *executor) stop() {
	x.once.Do(func() { close(x.quit) })
	<-x.done
}
