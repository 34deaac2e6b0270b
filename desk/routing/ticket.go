package routing

import (
	"math"
	"slices"
	"time"
)

// A Need is a skill at a level of at least Min, 1 to 5.
type Need struct {
	Skill Skill
	Min   int
}

// A Step is what a ticket requires from After its first enqueue on: all of Needs.
// Every step must ask for no more than the one before.
type Step struct {
	After time.Duration
	Needs []Need // at most MaxNeeds, each skill once; none means anyone
}

// A Ticket describes work that waits for an agent. The engine keeps the slices, which
// must not be changed any more.
type Ticket struct {
	ID        TicketID
	Queue     QueueID
	Channel   Channel // "" is served by everybody
	Weight    int     // units of capacity, 1 to 20; 0 means 1
	Exclusive bool    // takes all of an agent who has nothing else, as a call does
	Steps     []Step  // none means anyone; the first step's After is 0

	// Preferred is the agent to wait for first, such as the last one. The wait ends
	// after PreferredFor (0 means Config.PreferredFor), and at once when the agent is not
	// available, declines, or would not be eligible under the first step.
	Preferred    AgentID
	PreferredFor time.Duration

	Boost time.Duration // the place is that of a ticket this much older
	Since time.Time     // first enqueued, which gives the place; zero means now
	Skip  []AgentID     // not pushed to these, until everybody on duty who could have it is skipped
}

// validate checks a ticket whose Weight is set.
func (d Ticket) validate() error {
	switch {
	case d.ID == "":
		return refuse(ErrInvalid, "a ticket needs an ID")
	case d.Weight < 1 || d.Weight > MaxUnits:
		return refuse(ErrInvalid, "the weight of ticket %q must be 1 to %d", d.ID, MaxUnits)
	case d.PreferredFor < 0:
		return refuse(ErrInvalid, "ticket %q waits a negative time for its preferred agent", d.ID)
	case len(d.Steps) > 0 && d.Steps[0].After != 0:
		return refuse(ErrInvalid, "the first step of ticket %q must begin at 0", d.ID)
	}
	for i, s := range d.Steps {
		if len(s.Needs) > MaxNeeds {
			return refuse(ErrInvalid, "step %d of ticket %q needs more than %d skills", i, d.ID, MaxNeeds)
		}
		for j, n := range s.Needs {
			if n.Skill == "" || n.Min < 1 || n.Min > MaxLevel {
				return refuse(ErrInvalid, "step %d of ticket %q needs a skill at a level outside 1 to %d", i, d.ID, MaxLevel)
			}
			for _, m := range s.Needs[:j] {
				if m.Skill == n.Skill {
					return refuse(ErrInvalid, "step %d of ticket %q names skill %q twice", i, d.ID, n.Skill)
				}
			}
			if i > 0 && !implied(n, d.Steps[i-1].Needs) {
				return refuse(ErrInvalid, "step %d of ticket %q asks for more of %q than the step before", i, d.ID, n.Skill)
			}
		}
		if i > 0 && s.After <= d.Steps[i-1].After {
			return refuse(ErrInvalid, "step %d of ticket %q must begin after the step before", i, d.ID)
		}
	}
	return nil
}

func implied(n Need, by []Need) bool {
	return slices.ContainsFunc(by, func(b Need) bool { return b.Skill == n.Skill && b.Min >= n.Min })
}

func (d *Ticket) same(o *Ticket) bool {
	return d.ID == o.ID && d.Queue == o.Queue && d.Channel == o.Channel && d.Weight == o.Weight &&
		d.Exclusive == o.Exclusive && d.Preferred == o.Preferred && d.PreferredFor == o.PreferredFor &&
		d.Boost == o.Boost && d.Since.Equal(o.Since) && slices.Equal(d.Skip, o.Skip) &&
		slices.EqualFunc(d.Steps, o.Steps, func(a, b Step) bool {
			return a.After == b.After && slices.Equal(a.Needs, b.Needs)
		})
}

// A key is a place: tickets of a lower key are served first.
type key struct {
	tier int64 // 0, but in strict queues
	at   int64 // Since − Boost
	seq  uint64
}

func (k key) less(o key) bool {
	if k.tier != o.tier {
		return k.tier < o.tier
	}
	if k.at != o.at {
		return k.at < o.at
	}
	return k.seq < o.seq
}

func never() key { return key{math.MaxInt64, math.MaxInt64, math.MaxUint64} }

// A ticket is a Ticket at work. What giving it to an agent and ending it touch is kept
// together in two cache lines, apart from the rest: of many waiting tickets most are
// not in any cache.
type ticket struct {
	ID        TicketID
	key       key
	state     State
	since     int64
	home      *queue // nil for a ticket that was adopted and never described
	class     *class // nil if nobody is pushed it, or while prefer is set
	prefer    *agent // waits for this agent alone
	agent     *agent
	pos       int32 // in the heap that it waits in, -1 if in none
	qpos      int32 // in home.waiting, -1 if not there
	wpos      int32 // in agent.work
	step      int16
	Weight    uint8
	Exclusive bool
	timed     bool // its timer may be armed
	choosy    bool // it skips somebody
	hopped    bool // it overflowed
	*detail
}

// A detail is what a ticket is seldom asked for.
type detail struct {
	Ticket     // Queue changes when it is moved
	timer      timer
	set        int32    // of queues whose members may have it
	visited    []*queue // beside the first home
	hopAt      int64    // its wait in the last queue visited began
	preferOver bool
	skips      []AgentID
	clearAt    int64
	offer      *offer
}

func (t *ticket) in(q *queue, e *Engine) bool { return slices.Contains(e.sets[t.set], q) }

func (t *ticket) skipped(id AgentID) bool {
	return t.choosy && slices.Contains(t.skips, id)
}

// newTicket makes a ticket that is nowhere yet.
func (e *Engine) newTicket(id TicketID) *ticket {
	var t *ticket
	if n := len(e.spare); n > 0 {
		t, e.spare = e.spare[n-1], e.spare[:n-1]
		d := t.detail
		*d = detail{timer: timer{pos: -1, fire: d.timer.fire}}
		*t = ticket{detail: d}
	} else {
		t = &ticket{detail: &detail{timer: timer{pos: -1}}}
	}
	e.arrivals++
	t.ID, t.key.seq, t.pos, t.qpos = id, e.arrivals, -1, -1
	e.tickets.put(t)
	return t
}

func (t *ticket) needs() []Need {
	if len(t.Steps) == 0 {
		return nil
	}
	return t.Steps[t.step].Needs
}

// target is the last queue of the chain of overflows.
func (t *ticket) target() *queue {
	if n := len(t.visited); n > 0 {
		return t.visited[n-1]
	}
	return t.home
}

func (e *Engine) keyOf(t *ticket) key {
	k := t.key
	k.tier, k.at = 0, t.since-int64(t.Boost)
	if t.home.Strict {
		k.tier, k.at = -int64(t.Boost), t.since
	}
	return k
}

// byPlace sorts tickets, so that they are looked at in the order of their places.
func byPlace(ts []*ticket) {
	slices.SortFunc(ts, func(a, b *ticket) int {
		switch {
		case a.key.less(b.key):
			return -1
		case b.key.less(a.key):
			return 1
		}
		return 0
	})
}

// skip excludes an agent from being pushed the ticket.
func (e *Engine) skip(t *ticket, id AgentID) {
	if !t.skipped(id) {
		t.skips, t.choosy = append(t.skips, id), true
	}
	t.clearAt = e.now + int64(e.config.ClearExclusions)
}
