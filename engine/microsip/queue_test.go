package microsip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/offhook-voip/offhook/engine/config"
)

// diary is an Executor that writes down what it is asked for.
type diary struct {
	dialect config.Dialect
	hold    chan struct{} // where it is not nil, "hold" waits for it

	mu    sync.Mutex
	lines []string
}

func (d *diary) Dialect() config.Dialect { return d.dialect }

func (d *diary) note(format string, a ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, a...))
}

func (d *diary) noted() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.lines)
}

func (d *diary) Command(ctx context.Context, line string) (Result, error) {
	if line == "hold" && d.hold != nil {
		select {
		case <-d.hold:
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
	}
	d.note("%s", line)
	return Result{Command: line}, nil
}

func (d *diary) Execute(_ context.Context, c Command) (Result, error) {
	d.note("#%s", c.Op)
	if c.Op == Reset {
		return Result{}, ErrReset
	}
	return Result{Command: c.Op.String()}, nil
}

func TestQueueKeepsTheOrder(t *testing.T) {
	d := &diary{}
	q := NewQueue(d)
	defer q.Close()
	done := make(chan string, 4)
	tell := func(res Result, err error) { done <- fmt.Sprint(res.Command, " ", err) }
	if !q.Line("1", tell) || !q.Commands([]Command{{Op: Redial}, {Op: Reset}, {Op: Exit}}, tell) || !q.Line("2", nil) || !q.Line("3", tell) {
		t.Fatal("not taken")
	}
	for _, want := range []string{"1 <nil>", " " + ErrReset.Error(), "3 <nil>"} {
		if got := <-done; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := d.noted(); !slices.Equal(got, []string{"1", "#redial", "#reset", "2", "3"}) {
		t.Errorf("%q", got)
	}
	if q.Commands(nil, nil) {
		t.Error("nothing was taken")
	}
}

// What is taken is bounded, but for the end of the engine; what a closed queue did not
// come to is told to whoever waits.
func TestQueueIsBounded(t *testing.T) {
	d := &diary{hold: make(chan struct{})}
	q := NewQueue(d)
	begun := make(chan error, 1)
	q.Line("hold", func(_ Result, err error) { begun <- err })
	taken, late := 0, 0
	for q.Line("1", func(_ Result, err error) {
		if errors.Is(err, ErrQueueClosed) {
			late++
		}
	}) {
		taken++
	}
	// The first one may have begun already, or not.
	if taken != maxJobs && taken != maxJobs-1 {
		t.Errorf("%d were taken", taken)
	}
	// It has begun when there is room for one more.
	deadline := time.Now().Add(time.Minute)
	for taken < maxJobs && time.Now().Before(deadline) {
		if q.Line("1", func(Result, error) { late++ }) {
			taken++
		}
		time.Sleep(time.Millisecond)
	}
	exit := []Command{{Op: Exit}}
	if !q.Commands(exit, nil) || q.Commands(exit, nil) || q.Commands([]Command{{Op: Redial}}, nil) {
		t.Error("one end of the engine is taken, and nothing else")
	}
	if left := q.Close(); left != taken+1 || late != taken {
		t.Errorf("%d are left, %d were told, of %d", left, late, taken)
	}
	if err := <-begun; !errors.Is(err, context.Canceled) || len(d.noted()) != 0 {
		t.Errorf("%v, %q", err, d.noted())
	}
	if q.Line("1", nil) {
		t.Error("taken by a closed queue")
	}
}
