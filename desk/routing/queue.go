package routing

import "time"

// A Queue is where tickets wait and which agents are members of.
type Queue struct {
	ID           QueueID
	Mode         Mode
	Order        Order
	Closed       bool          // its tickets are parked until it opens
	MaxWaiting   int           // tickets without an agent; 0 means no limit
	OfferTimeout time.Duration // 0 means Config.OfferTimeout
	Overflow     Overflow

	// SlowStart is the number of tickets pushed to one agent within a minute, for
	// Config.SlowStartFor after the agent arrives or the queue opens, so that the first
	// to come does not take a whole night's backlog; 0 means no limit. Tickets count
	// by the queue that they wait in, not by the one they overflow to.
	SlowStart int

	Outbound bool // its agents begin conversations; nothing is pushed to them by it

	// Strict takes tickets of a higher boost first, whatever their age. Tickets of a
	// lower boost may wait for ever.
	Strict bool
}

// An Action says what overflow does with a ticket.
type Action string

// The actions. The zero Action is Expand.
const (
	Expand Action = "expand" // the members of the other queue may have it too
	Move   Action = "move"   // it waits in the other queue instead
)

// Overflow sends tickets to a backup queue after a time, or when the queue is full.
// A chain of overflows has at most MaxHops; time in each queue begins when the one
// before it gave up. Overflow does nothing while the queue is closed.
type Overflow struct {
	After  time.Duration // waited in this queue; 0 means only when full
	To     QueueID       // "" means none
	Action Action
}

func (q Queue) normal() Queue {
	if q.Mode == "" {
		q.Mode = RoundRobin
	}
	if q.Order == "" {
		q.Order = Proficiency
	}
	if q.Overflow.Action == "" {
		q.Overflow.Action = Expand
	}
	return q
}

// validate checks a normal queue.
func (q Queue) validate() error {
	switch {
	case q.ID == "":
		return refuse(ErrInvalid, "a queue needs an ID")
	case q.Mode != RoundRobin && q.Mode != Push && q.Mode != PickMe:
		return refuse(ErrInvalid, "queue %q has the unknown mode %q", q.ID, q.Mode)
	case q.Order != Proficiency && q.Order != LongestIdle && q.Order != LeastLoaded && q.Order != RoundRobinOrder:
		return refuse(ErrInvalid, "queue %q has the unknown order %q", q.ID, q.Order)
	case q.Overflow.Action != Expand && q.Overflow.Action != Move:
		return refuse(ErrInvalid, "queue %q has the unknown overflow action %q", q.ID, q.Overflow.Action)
	case q.MaxWaiting < 0 || q.OfferTimeout < 0 || q.Overflow.After < 0 || q.SlowStart < 0 || q.SlowStart > 1<<15:
		return refuse(ErrInvalid, "queue %q has a limit that is negative or too great", q.ID)
	case q.Overflow.To == q.ID:
		return refuse(ErrInvalid, "queue %q overflows to itself", q.ID)
	}
	return nil
}

// A queue is a Queue at work. It is made when its ID is first mentioned, by an
// agent's membership for example, and known once it was put.
type queue struct {
	Queue
	index   int
	known   bool
	set     int32     // the queue set of this queue alone
	waiting []*ticket // home here, and without an agent; in no order
	plane   bitset    // groups that are members
}

// pushes reports whether agents get tickets by being members.
func (q *queue) pushes() bool {
	return q.known && !q.Closed && !q.Outbound && q.Mode != PickMe
}

func (q *queue) full() bool {
	return q.MaxWaiting > 0 && len(q.waiting) >= q.MaxWaiting
}

func (q *queue) add(t *ticket) {
	t.home, t.qpos = q, int32(len(q.waiting))
	q.waiting = append(q.waiting, t)
}

func (q *queue) drop(t *ticket) {
	last := len(q.waiting) - 1
	q.waiting[t.qpos] = q.waiting[last]
	q.waiting[t.qpos].qpos = t.qpos
	q.waiting[last] = nil
	q.waiting = q.waiting[:last]
	t.qpos = -1
}

// queue returns the queue of an ID, known or not.
func (e *Engine) queue(id QueueID) *queue {
	q := e.queueOf[id]
	if q == nil {
		q = &queue{Queue: Queue{ID: id}.normal(), index: len(e.queues)}
		e.queues = append(e.queues, q)
		e.queueOf[id] = q
		q.set = e.setOf([]*queue{q})
	}
	return q
}

// setOf returns the number of a set of queues, in their order.
func (e *Engine) setOf(queues []*queue) int32 {
	name := make([]byte, 0, 4*len(queues))
	for _, q := range queues {
		name = append(name, byte(q.index), byte(q.index>>8), byte(q.index>>16), byte(q.index>>24))
	}
	id, ok := e.setIDs[string(name)]
	if !ok {
		id = int32(len(e.sets))
		e.sets = append(e.sets, append([]*queue(nil), queues...))
		e.setIDs[string(name)] = id
	}
	return id
}

// cyclic reports whether overflow from q would come back to it.
func (e *Engine) cyclic(q Queue) bool {
	to := q.Overflow.To
	for range MaxHops + 1 {
		next := e.queueOf[to]
		if to == "" || next == nil || !next.known {
			return false
		}
		if to = next.Overflow.To; to == q.ID {
			return true
		}
	}
	return false
}

// touching returns every ticket without an agent that q is one of the queues of.
func (e *Engine) touching(q *queue) []*ticket {
	var out []*ticket
	for _, other := range e.queues {
		for _, t := range other.waiting {
			if other == q || t.in(q, e) {
				out = append(out, t)
			}
		}
	}
	return out
}

// putQueue makes or changes a queue, and lets its tickets find their places anew.
func (e *Engine) putQueue(d Queue) error {
	d = d.normal()
	if err := d.validate(); err != nil {
		return err
	}
	if e.cyclic(d) {
		return refuse(ErrInvalid, "the overflow of queue %q would come back to it", d.ID)
	}
	q := e.queue(d.ID)
	if q.known && q.Queue == d {
		return nil
	}
	opened := q.known && q.Closed && !d.Closed
	again := e.withdraw(q)
	q.Queue, q.known = d, true
	e.forgetClasses(q)
	if opened && d.SlowStart > 0 {
		for _, a := range e.agents {
			if a.priority(q.ID) > 0 {
				e.startSlowly(a)
			}
		}
	}
	for _, t := range q.waiting {
		t.key = e.keyOf(t)
	}
	for _, t := range again {
		e.wait(t)
	}
	return nil
}

// withdraw takes the waiting tickets of q out of their classes, in order of place.
func (e *Engine) withdraw(q *queue) []*ticket {
	var out []*ticket
	for _, t := range e.touching(q) {
		switch t.state {
		case StateQueued:
			e.unplace(t)
			out = append(out, t)
		case StateParked:
			out = append(out, t)
		}
	}
	byPlace(out)
	return out
}

func (e *Engine) removeQueue(id QueueID) error {
	q := e.queueOf[id]
	if q == nil || !q.known {
		return nil
	}
	if len(q.waiting) > 0 {
		return refuse(ErrQueueInUse, "%d tickets wait in %q", len(q.waiting), id)
	}
	again := e.withdraw(q)
	q.Queue, q.known = Queue{ID: id}.normal(), false
	e.forgetClasses(q)
	for _, t := range again {
		e.wait(t)
	}
	return nil
}
