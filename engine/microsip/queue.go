package microsip

import (
	"context"
	"errors"
	"sync"

	"github.com/offhook-voip/offhook/engine/config"
)

// Executor carries out what comes in by a door: the engine.
type Executor interface {
	// Dialect returns the one that holds now.
	Dialect() config.Dialect
	// Command carries out a command line, and Execute a command that was read already.
	Command(ctx context.Context, line string) (Result, error)
	Execute(ctx context.Context, c Command) (Result, error)
}

// ErrQueueClosed is what became of a command that was taken, and that the end of the engine
// came before.
var ErrQueueClosed = errors.New("microsip: the engine ended before the command")

// maxJobs bounds how many command lines wait. One more is taken that ends the engine.
const maxJobs = 1024

// Queue carries out what comes in by the doors of an engine, one after the other and in
// the order in which it was taken. Its methods may be called by any goroutine and wait
// for nothing, but for Close.
type Queue struct {
	x      Executor
	ctx    context.Context
	cancel context.CancelFunc
	ended  chan struct{}

	mu     sync.Mutex
	more   *sync.Cond
	jobs   []job
	closed bool
}

type job struct {
	line     string
	commands []Command // nil: line is what to carry out
	done     func(Result, error)
}

// NewQueue returns a queue that works until it is closed.
func NewQueue(x Executor) *Queue {
	q := &Queue{x: x, ended: make(chan struct{})}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	q.more = sync.NewCond(&q.mu)
	go q.work()
	return q
}

// Dialect returns the dialect that holds now.
func (q *Queue) Dialect() config.Dialect { return q.x.Dialect() }

// Line takes a command line; false: it is not taken, since too many wait or the queue is
// closed. done, which may be nil, is called by another goroutine when it was carried out,
// or with ErrQueueClosed.
func (q *Queue) Line(line string, done func(Result, error)) bool {
	return q.take(job{line: line, done: done}, maxJobs)
}

// Commands is Line for commands that were read already. They are carried out up to the
// first that fails.
func (q *Queue) Commands(commands []Command, done func(Result, error)) bool {
	limit := maxJobs
	if len(commands) == 1 && commands[0].Op == Exit {
		limit++
	}
	return len(commands) > 0 && q.take(job{commands: commands, done: done}, limit)
}

func (q *Queue) take(j job, limit int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || len(q.jobs) >= limit {
		return false
	}
	q.jobs = append(q.jobs, j)
	q.more.Signal()
	return true
}

// Close has nothing taken any more, and waits for the command that is under way. What was
// taken before and has not begun is not carried out; Close returns how much that is.
func (q *Queue) Close() (left int) {
	q.mu.Lock()
	q.closed = true
	rest := q.jobs
	q.jobs = nil
	q.more.Signal()
	q.mu.Unlock()
	q.cancel()
	<-q.ended
	for _, j := range rest {
		j.tell(Result{}, ErrQueueClosed)
	}
	return len(rest)
}

func (q *Queue) work() {
	defer close(q.ended)
	for {
		q.mu.Lock()
		for len(q.jobs) == 0 && !q.closed {
			q.more.Wait()
		}
		if q.closed {
			q.mu.Unlock()
			return
		}
		j := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		j.tell(q.carryOut(j))
	}
}

func (q *Queue) carryOut(j job) (last Result, err error) {
	if j.commands == nil {
		return q.x.Command(q.ctx, j.line)
	}
	for _, c := range j.commands {
		if last, err = q.x.Execute(q.ctx, c); err != nil {
			break
		}
	}
	return last, err
}

func (j job) tell(res Result, err error) {
	if j.done != nil {
		j.done(res, err)
	}
}
