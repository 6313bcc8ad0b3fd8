package bot

import (
	"slices"
	"sync"
)

// turns lets prompts be heard one after the other, in the order in which they asked.
type turns struct {
	mu    sync.Mutex
	queue []chan struct{} // the first has its turn
}

func (t *turns) ask() chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket := make(chan struct{})
	if t.queue = append(t.queue, ticket); len(t.queue) == 1 {
		close(ticket)
	}
	return ticket
}

// leave gives up a turn, or the place in the queue.
func (t *turns) leave(ticket chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := t.queue[0] == ticket
	t.queue = slices.DeleteFunc(t.queue, func(o chan struct{}) bool { return o == ticket })
	if first && len(t.queue) > 0 {
		close(t.queue[0])
	}
}
