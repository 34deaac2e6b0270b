package routing

import (
	"maps"
	"slices"
	"time"
)

// A Member is an agent's place in a queue. Priority is 1 (highest, tried first) to 5.
type Member struct {
	Queue    QueueID
	Priority int
}

// An Agent describes who can take tickets.
type Agent struct {
	ID       AgentID
	Max      int           // units of capacity, 1 to 20
	Skills   map[Skill]int // levels 1 to 5
	Queues   []Member
	Channels []Channel // nil means all
}

func (d Agent) validate() error {
	if d.ID == "" {
		return refuse(ErrInvalid, "an agent needs an ID")
	}
	if d.Max < 1 || d.Max > MaxUnits {
		return refuse(ErrInvalid, "the capacity of agent %q must be 1 to %d", d.ID, MaxUnits)
	}
	for s, level := range d.Skills {
		if s == "" || level < 1 || level > MaxLevel {
			return refuse(ErrInvalid, "agent %q has a skill at a level outside 1 to %d", d.ID, MaxLevel)
		}
	}
	for i, m := range d.Queues {
		if m.Queue == "" || m.Priority < 1 || m.Priority > MaxPriority {
			return refuse(ErrInvalid, "agent %q has a priority outside 1 to %d in queue %q", d.ID, MaxPriority, m.Queue)
		}
		for _, o := range d.Queues[:i] {
			if o.Queue == m.Queue {
				return refuse(ErrInvalid, "agent %q is twice a member of queue %q", d.ID, m.Queue)
			}
		}
	}
	return nil
}

func (d Agent) clone() Agent {
	skills := make(map[Skill]int, len(d.Skills))
	for s, level := range d.Skills {
		skills[s] = level
	}
	d.Skills, d.Queues, d.Channels = skills, slices.Clone(d.Queues), slices.Clone(d.Channels)
	return d
}

func (d *Agent) same(o *Agent) bool {
	return d.Max == o.Max && maps.Equal(d.Skills, o.Skills) && slices.Equal(d.Queues, o.Queues) &&
		slices.Equal(d.Channels, o.Channels) && (d.Channels == nil) == (o.Channels == nil)
}

// priority in a queue, 0 if not a member.
func (d *Agent) priority(q QueueID) int {
	for _, m := range d.Queues {
		if m.Queue == q {
			return m.Priority
		}
	}
	return 0
}

func (d *Agent) serves(c Channel) bool {
	return c == "" || d.Channels == nil || slices.Contains(d.Channels, c)
}

func (d *Agent) meets(needs []Need) bool {
	for _, n := range needs {
		if d.Skills[n.Skill] < n.Min {
			return false
		}
	}
	return true
}

func (d *Agent) level(needs []Need) int {
	sum := 0
	for _, n := range needs {
		sum += d.Skills[n.Skill]
	}
	return sum
}

// A wrap is capacity kept busy after a ticket.
type wrap struct {
	units int
	until int64
}

// An agent is an Agent at work. One that is not known only holds adopted tickets.
type agent struct {
	Agent
	known     bool
	available bool // effectively, says presence
	cooling   bool
	pos       int // in Engine.agents

	group *group
	gpos  int // in group.members
	gopen int // in group.open, -1 if not open
	opos  int // in Engine.open
	dirty bool

	units     int // of offered and assigned tickets and wrap-ups, but for exclusive ones
	exclusive int
	work      []*ticket
	own       places // tickets that prefer this agent
	wraps     []wrap

	idleSince    int64
	lastAssigned int64
	unanswered   int

	slow      bool
	slowEnds  int64
	slowCount int

	cool, minute, wrapping timer
}

// used is units taken; each exclusive ticket takes everything.
func (a *agent) used() int { return a.units + a.exclusive*a.Max }

func (a *agent) room(weight int, exclusive bool) bool {
	if exclusive {
		return a.units == 0 && a.exclusive == 0
	}
	return a.exclusive == 0 && a.units+weight <= a.Max
}

// ready reports whether anything at all could be pushed to the agent.
func (a *agent) ready() bool {
	return a.known && a.available && !a.cooling && a.exclusive == 0 && a.units < a.Max
}

// held reports whether slow start keeps tickets of a queue with this limit away.
func (a *agent) held(limit int) bool { return limit > 0 && a.slow && a.slowCount >= limit }

func (a *agent) hold(t *ticket) {
	t.agent, t.wpos = a, int32(len(a.work))
	a.work = append(a.work, t)
	if t.Exclusive {
		a.exclusive++
	} else {
		a.units += int(t.Weight)
	}
}

func (a *agent) release(t *ticket) {
	last := len(a.work) - 1
	a.work[t.wpos] = a.work[last]
	a.work[t.wpos].wpos = t.wpos
	a.work[last] = nil
	a.work = a.work[:last]
	if t.Exclusive {
		a.exclusive--
	} else {
		a.units -= int(t.Weight)
	}
	t.agent = nil
}

// agent returns the agent of an ID, known or not.
func (e *Engine) agent(id AgentID) *agent {
	a := e.agentOf[id]
	if a == nil {
		a = &agent{Agent: Agent{ID: id}, gopen: -1, opos: -1, pos: len(e.agents)}
		a.cool.fire, a.minute.fire, a.wrapping.fire = a.endCoolDown, a.endMinute, a.endWrap
		a.cool.pos, a.minute.pos, a.wrapping.pos = -1, -1, -1
		e.agents = append(e.agents, a)
		e.agentOf[id] = a
	}
	return a
}

func (e *Engine) known(id AgentID) (*agent, error) {
	if a := e.agentOf[id]; a != nil && a.known {
		return a, nil
	}
	return nil, refuse(ErrUnknown, "agent %q", id)
}

// forgetIdle drops an agent who is neither known nor holds anything.
func (e *Engine) forgetIdle(a *agent) {
	if a.known || len(a.work) > 0 || len(a.wraps) > 0 {
		return
	}
	last := len(e.agents) - 1
	e.agents[a.pos] = e.agents[last]
	e.agents[a.pos].pos = a.pos
	e.agents[last] = nil
	e.agents = e.agents[:last]
	delete(e.agentOf, a.ID)
}

// freed notes that an agent may be able to take more than before.
func (e *Engine) freed(a *agent) {
	e.sync(a)
	if a.gopen >= 0 && !a.dirty {
		a.dirty = true
		e.dirtyAgents = append(e.dirtyAgents, a)
	}
}

func (e *Engine) putAgent(d Agent) error {
	if err := d.validate(); err != nil {
		return err
	}
	a := e.agent(d.ID)
	if a.known && a.same(&d) {
		return nil
	}
	e.leaveGroup(a)
	a.Agent, a.known = d.clone(), true
	e.joinGroup(a)
	for _, t := range slices.Clone(a.work) {
		if t.state == StateOffered && !e.qualified(a, t) {
			e.endOffer(t, Rescinded)
			e.wait(t)
		}
	}
	e.reprefer(a)
	e.freed(a)
	return nil
}

// reprefer lets the tickets that wait for an agent alone find their places anew.
func (e *Engine) reprefer(a *agent) {
	var again []*ticket
	for _, p := range a.own.items {
		again = append(again, p.t)
	}
	byPlace(again)
	for _, t := range again {
		e.unplace(t)
	}
	for _, t := range again {
		e.wait(t)
	}
}

func (e *Engine) removeAgent(id AgentID) error {
	a := e.agentOf[id]
	if a == nil || !a.known {
		return nil
	}
	e.setAvailable(a, false, e.now)
	e.leaveGroup(a)
	a.Agent, a.known = Agent{ID: id, Max: a.Max}, false
	e.disarm(&a.cool)
	e.disarm(&a.minute)
	a.cooling, a.slow, a.slowCount, a.unanswered = false, false, 0, 0
	e.forgetIdle(a)
	return nil
}

// setAvailable follows presence.
func (e *Engine) setAvailable(a *agent, available bool, since int64) {
	if a.available == available {
		return
	}
	a.available = available
	if available {
		a.unanswered = 0
		a.idleSince = max(a.lastAssigned, since)
		e.startSlowly(a)
		e.freed(a)
		return
	}
	e.sync(a)
	for _, t := range slices.Clone(a.work) {
		if t.state == StateOffered {
			e.endOffer(t, Rescinded)
			e.wait(t)
		}
	}
	e.reprefer(a)
}

// startSlowly begins, or prolongs, the time in which slow start holds back. What was
// pushed in the present minute still counts: leaving and coming back gains nothing.
func (e *Engine) startSlowly(a *agent) {
	if e.config.SlowStartFor > 0 {
		a.slow, a.slowEnds = true, e.now+int64(e.config.SlowStartFor)
	}
}

// countSlow counts a ticket pushed from a queue with slow start.
func (e *Engine) countSlow(a *agent) {
	if a.slow && e.now >= a.slowEnds && a.slowCount == 0 {
		a.slow = false
	}
	if !a.slow {
		return
	}
	a.slowCount++
	if a.minute.pos < 0 {
		e.arm(&a.minute, e.now+int64(time.Minute))
	}
}

func (a *agent) endMinute(e *Engine) {
	a.slowCount = 0
	a.slow = e.now < a.slowEnds
	e.freed(a)
}

func (a *agent) endCoolDown(e *Engine) {
	a.cooling = false
	e.freed(a)
}

// wrapUp keeps units busy until a moment; 0 units end every wrap-up of the agent.
func (e *Engine) wrapUp(a *agent, units int, until int64) {
	if units == 0 {
		for i := range a.wraps {
			a.wraps[i].until = e.now
		}
		a.endWrap(e)
		return
	}
	a.wraps = append(a.wraps, wrap{units, until})
	a.units += units
	e.sync(a)
	a.armWrap(e)
}

func (a *agent) armWrap(e *Engine) {
	e.disarm(&a.wrapping)
	if len(a.wraps) == 0 {
		return
	}
	next := a.wraps[0].until
	for _, w := range a.wraps {
		next = min(next, w.until)
	}
	e.arm(&a.wrapping, next)
}

func (a *agent) endWrap(e *Engine) {
	a.wraps = slices.DeleteFunc(a.wraps, func(w wrap) bool {
		if w.until > e.now {
			return false
		}
		a.units -= w.units
		return true
	})
	a.armWrap(e)
	e.freed(a)
	e.forgetIdle(a)
}
