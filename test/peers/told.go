package peers

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// Told is what a program has told until now, in order: its lines or its events. The zero Told is of one that said
// nothing yet.
type Told[T any] struct {
	mu   sync.Mutex
	all  []T
	from int           // Await looks at what came from here on
	more chan struct{} // closed and replaced with the next
}

// Add is called with what is new.
func (d *Told[T]) Add(v T) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = append(d.all, v)
	if d.more != nil {
		close(d.more)
		d.more = nil
	}
}

// All returns everything until now.
func (d *Told[T]) All() []T {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.all)
}

// Forget makes Await look only at what comes from now on.
func (d *Told[T]) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.from = len(d.all)
}

// fresh returns what came from index seen on, and what is closed when there is more.
func (d *Told[T]) fresh(seen int) (list []T, end int, more <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.more == nil {
		d.more = make(chan struct{})
	}
	return d.all[max(seen, d.from):], len(d.all), d.more
}

// Await returns the first that match accepts, those until now included as far as Forget was not called since. It ends
// the test when none comes within limit, or until ended is closed. who and what are for its message.
func (d *Told[T]) Await(tb testing.TB, who, what string, limit time.Duration, ended <-chan struct{}, match func(T) bool) T {
	tb.Helper()
	late := time.After(limit)
	over := false
	for seen := 0; ; {
		list, end, more := d.fresh(seen)
		if i := slices.IndexFunc(list, match); i >= 0 {
			return list[i]
		}
		seen = end
		if over {
			tb.Fatalf("%s: no %s, and it has ended", who, what)
		}
		select {
		case <-more:
		case <-ended:
			over = true
		case <-late:
			tb.Fatalf("%s: no %s within %v", who, what, limit)
		}
	}
}
