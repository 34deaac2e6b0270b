package wsroom

import (
	"sync"
	"time"

	"github.com/tandem-cc/tandem/account"
)

// A chore is something to do every so often, that does not block.
type chore struct {
	every time.Duration
	do    func()
}

// A schedule is when each chore is due next.
type schedule struct {
	chores []chore
	due    []time.Time
}

func newSchedule(chores []chore) *schedule {
	s := &schedule{chores: chores, due: make([]time.Time, len(chores))}
	now := time.Now()
	for i, c := range chores {
		s.due[i] = now.Add(c.every)
	}
	return s
}

// wait returns how long it is until something is due.
func (s *schedule) wait(now time.Time) time.Duration {
	first := s.due[0]
	for _, t := range s.due[1:] {
		if t.Before(first) {
			first = t
		}
	}
	return max(0, first.Sub(now))
}

// run does what is due and reports whether something was.
func (s *schedule) run(now time.Time) (ran bool) {
	for i, c := range s.chores {
		if !now.Before(s.due[i]) {
			s.due[i], ran = now.Add(c.every), true
			c.do()
		}
	}
	return ran
}

// A check looks again, whenever it is told to, whether a browser that has
// connected still may be. It never runs twice at once.
type check struct {
	account account.ID
	look    func()

	mu             sync.Mutex
	running, again bool
}

// recheck has the check run soon, from now on. It does not block.
func (c *check) recheck() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running {
		c.again = true
		return
	}
	c.running = true
	go c.run()
}

func (c *check) run() {
	for {
		c.look()
		c.mu.Lock()
		if !c.again {
			c.running = false
			c.mu.Unlock()
			return
		}
		c.again = false
		c.mu.Unlock()
	}
}
