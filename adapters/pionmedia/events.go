package pionmedia

import (
	"sync"

	"github.com/tandem-cc/tandem/vi"
)

// An eventQueue hands events to one receiver, in order, from a goroutine of
// its own, however long the receiver takes.
type eventQueue struct {
	to   func(vi.MediaEvent)
	done chan struct{}

	mu     sync.Mutex
	some   sync.Cond
	queue  []vi.MediaEvent
	closed bool
}

func newEventQueue(to func(vi.MediaEvent)) *eventQueue {
	q := &eventQueue{to: to, done: make(chan struct{})}
	q.some.L = &q.mu
	go q.run()
	return q
}

func (q *eventQueue) put(e vi.MediaEvent) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = append(q.queue, e)
	q.some.Signal()
}

func (q *eventQueue) run() {
	defer close(q.done)
	for {
		q.mu.Lock()
		for len(q.queue) == 0 && !q.closed {
			q.some.Wait()
		}
		batch := q.queue
		q.queue = nil
		q.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, e := range batch {
			if q.to != nil {
				q.to(e)
			}
		}
	}
}

// close returns when everything put so far has been delivered.
func (q *eventQueue) close() {
	q.mu.Lock()
	q.closed = true
	q.some.Signal()
	q.mu.Unlock()
	<-q.done
}
