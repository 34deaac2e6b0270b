package routing

import (
	"cmp"
	"slices"
	"time"
)

// Position returns how many tickets wait in the same queue before this one, and
// false if it does not wait.
func (e *Engine) Position(id TicketID) (ahead int, ok bool) {
	t := e.tickets.get(id)
	if t == nil || t.qpos < 0 {
		return 0, false
	}
	for _, o := range t.home.waiting {
		if o.key.less(t.key) {
			ahead++
		}
	}
	return ahead, true
}

// Load returns the units of an agent that are taken, and the agent's capacity; zeros
// for one that the engine does not know. Offers and wrap-ups count as taken.
func (e *Engine) Load(id AgentID) (used, capacity int) {
	if a := e.agentOf[id]; a != nil {
		return a.used(), a.Max
	}
	return 0, 0
}

// Waiting returns the number of tickets of a queue that have no agent: queued,
// parked and offered.
func (e *Engine) Waiting(id QueueID) int {
	if q := e.queueOf[id]; q != nil {
		return len(q.waiting)
	}
	return 0
}

// State returns where a ticket is, and with whom if it is offered or assigned; "" for
// one that the engine does not know.
func (e *Engine) State(id TicketID) (State, AgentID) {
	t := e.tickets.get(id)
	switch {
	case t == nil:
		return "", ""
	case t.agent == nil:
		return t.state, ""
	}
	return t.state, t.agent.ID
}

// An Obstacle is what keeps a ticket from being pushed to an agent. There may be
// others behind it.
type Obstacle string

// The obstacles, in the order in which they are looked for.
const (
	NoObstacle   Obstacle = ""
	NotWaiting   Obstacle = "not_waiting" // the ticket is offered or assigned
	Closed       Obstacle = "closed"      // the ticket is parked
	NotPushed    Obstacle = "not_pushed"  // the agent is a member only of queues that push nothing now
	OtherChannel Obstacle = "channel"
	LacksSkills  Obstacle = "skills"
	Unavailable  Obstacle = "unavailable"
	PrefersOther Obstacle = "prefers_other" // the ticket waits for its preferred agent
	Declined     Obstacle = "declined"      // it skips the agent
	CoolingDown  Obstacle = "cooling_down"
	NoRoom       Obstacle = "no_room"
	SlowStarting Obstacle = "slow_start"
)

// A Candidate says how an agent stands to a ticket.
type Candidate struct {
	Agent    AgentID       `json:"agent"`
	Obstacle Obstacle      `json:"obstacle,omitempty"` // "" if the agent is eligible
	Priority int           `json:"priority"`
	Level    int           `json:"level"`
	Used     int           `json:"used"`
	Max      int           `json:"max"`
	Idle     time.Duration `json:"idle"`
}

// Explain says of every member of the ticket's queues why the ticket is not pushed to
// them. It is sorted by priority and agent, and nil if the engine does not know the ticket's queue.
func (e *Engine) Explain(id TicketID) []Candidate {
	t := e.tickets.get(id)
	if t == nil || t.home == nil {
		return nil
	}
	var out []Candidate
	for _, a := range e.agents {
		priority := 0
		for _, q := range e.sets[t.set] {
			if p := a.priority(q.ID); p > 0 && (priority == 0 || p < priority) {
				priority = p
			}
		}
		if !a.known || priority == 0 {
			continue
		}
		out = append(out, Candidate{
			a.ID, e.obstacle(a, t), priority, a.level(t.needs()), a.used(), a.Max,
			time.Duration(max(0, e.now-a.idleSince)),
		})
	}
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Priority, b.Priority), cmp.Compare(a.Agent, b.Agent))
	})
	return out
}

func (e *Engine) obstacle(a *agent, t *ticket) Obstacle {
	q, _ := e.via(a, t)
	switch {
	case t.state == StateParked:
		return Closed
	case t.state != StateQueued:
		return NotWaiting
	case q == nil:
		return NotPushed
	case !a.serves(t.Channel):
		return OtherChannel
	case !a.meets(t.needs()):
		return LacksSkills
	case !a.available:
		return Unavailable
	case t.prefer != nil && t.prefer != a:
		return PrefersOther
	case t.skipped(a.ID):
		return Declined
	case a.cooling:
		return CoolingDown
	case !a.room(int(t.Weight), t.Exclusive):
		return NoRoom
	case a.held(t.home.SlowStart):
		return SlowStarting
	}
	return NoObstacle
}
