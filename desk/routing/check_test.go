package routing

import (
	"fmt"
	"slices"
	"strings"
)

// A checker follows an engine by its events and says what is wrong.
type checker struct {
	e       *Engine
	place   map[TicketID]State // by the events alone
	with    map[TicketID]AgentID
	at      map[TicketID]key
	step    map[TicketID]int
	over    map[AgentID]bool
	last    OfferID
	flow    struct{ in, out int }
	command Command
}

func newChecker(e *Engine) *checker {
	return &checker{e: e, place: map[TicketID]State{}, with: map[TicketID]AgentID{}, at: map[TicketID]key{}, step: map[TicketID]int{}, over: map[AgentID]bool{}}
}

// after checks the invariants when a command has been applied. It returns "" if all hold.
func (c *checker) after(cmd Command, events []Event) string {
	c.command = cmd
	for _, ev := range events {
		if bad := c.follow(ev); bad != "" {
			return bad
		}
	}
	for _, check := range []func() string{c.balance, c.places, c.loads, c.order, c.conserving, c.exclusions} {
		if bad := check(); bad != "" {
			return bad
		}
	}
	return ""
}

// follow checks one event against those before it.
func (c *checker) follow(ev Event) string {
	arrive := func(t TicketID) {
		if c.place[t] == "" {
			c.flow.in++
		}
	}
	switch ev := ev.(type) {
	case Queued:
		arrive(ev.Ticket)
		c.place[ev.Ticket], c.with[ev.Ticket] = StateQueued, ""
	case Parked:
		arrive(ev.Ticket)
		c.place[ev.Ticket], c.with[ev.Ticket] = StateParked, ""
	case Offered:
		if ev.Offer <= c.last {
			return fmt.Sprintf("I10: offer %d after %d", ev.Offer, c.last)
		}
		if c.place[ev.Ticket] != StateQueued {
			return fmt.Sprintf("I4: %s is offered while %s", ev.Ticket, c.place[ev.Ticket])
		}
		c.last = ev.Offer
		c.place[ev.Ticket], c.with[ev.Ticket] = StateOffered, ev.Agent
		return c.pushed(ev.Ticket, ev.Agent, ev.Why)
	case OfferEnded:
		if c.place[ev.Ticket] != StateOffered || c.with[ev.Ticket] != ev.Agent {
			return fmt.Sprintf("I4: offer of %s ends, which is not offered", ev.Ticket)
		}
		c.place[ev.Ticket], c.with[ev.Ticket] = StateQueued, ""
	case Assigned:
		if c.place[ev.Ticket] == StateAssigned && (ev.From != c.with[ev.Ticket] || ev.From == "") {
			return fmt.Sprintf("I4: %s is assigned twice", ev.Ticket)
		}
		arrive(ev.Ticket)
		c.place[ev.Ticket], c.with[ev.Ticket] = StateAssigned, ev.Agent
		switch c.command.(type) {
		case Claim, Assign, Accept:
			return ""
		}
		return c.pushed(ev.Ticket, ev.Agent, ev.Why)
	case Adopted:
		arrive(ev.Ticket)
		c.place[ev.Ticket], c.with[ev.Ticket] = StateAssigned, ev.Agent
	case Removed:
		c.flow.out++
		delete(c.place, ev.Ticket)
		delete(c.with, ev.Ticket)
	}
	return ""
}

// pushed checks what the engine chose by itself.
func (c *checker) pushed(id TicketID, to AgentID, w Why) string {
	a, t := c.e.agentOf[to], c.e.tickets.get(id)
	if t == nil || a == nil || t.agent != a {
		return fmt.Sprintf("I3: %s was pushed to %s and is not there", id, to)
	}
	if !a.available || a.cooling {
		return fmt.Sprintf("I13: %s was pushed to %s, who is not available", id, to)
	}
	if t.Exclusive && w.Used > 0 || !t.Exclusive && w.Used+int(t.Weight) > w.Max {
		return fmt.Sprintf("I1: %s was pushed to %s, who had %d of %d units", id, to, w.Used, w.Max)
	}
	if w.Priority != a.priority(w.Queue) || w.Level != a.level(t.needs()) || w.Candidates < 1 || w.Waited < 0 || w.Idle < 0 {
		return fmt.Sprintf("the grounds %+v of %s to %s are not true", w, id, to)
	}
	return ""
}

// balance: what came in is somewhere or went out, and events say where.
func (c *checker) balance() string {
	if len(c.place) != c.e.tickets.n || c.flow.in-c.flow.out != c.e.tickets.n {
		return fmt.Sprintf("I15: %d in, %d out, %d known, %d by events", c.flow.in, c.flow.out, c.e.tickets.n, len(c.place))
	}
	for id, place := range c.place {
		if s, a := c.e.State(id); s != place || a != c.with[id] {
			return fmt.Sprintf("I3: %s is %s with %q, but by events %s with %q", id, s, a, place, c.with[id])
		}
	}
	return ""
}

// places: every ticket is in exactly the lists of its state.
func (c *checker) places() string {
	found := map[*ticket]string{}
	note := func(t *ticket, where string) { found[t] += where }
	for _, k := range c.e.classes {
		for i, p := range k.items {
			if int(p.t.pos) != i || p.key != p.t.key || p.t.class != k || i > 0 && p.key.less(k.items[(i-1)/4].key) {
				return fmt.Sprintf("the heap of class %d is out of order at %d", k.id, i)
			}
			note(p.t, "c")
		}
		if h := c.e.heads[k.id]; len(k.items) > 0 && (h.key != k.items[0].key || !k.live) || len(k.items) == 0 && h.key != never() {
			return fmt.Sprintf("the head of class %d is wrong", k.id)
		}
	}
	for _, a := range c.e.agents {
		for _, p := range a.own.items {
			note(p.t, "p")
		}
		for _, t := range a.work {
			note(t, "w")
		}
	}
	for _, q := range c.e.queues {
		for i, t := range q.waiting {
			if int(t.qpos) != i || t.home != q {
				return fmt.Sprintf("%s is not where it says in %s", t.ID, q.ID)
			}
			note(t, "q")
		}
	}
	for t := range c.e.tickets.all {
		want := map[State]string{StateParked: "q", StateOffered: "wq", StateAssigned: "w", StateQueued: "q"}[t.state]
		switch {
		case t.state == StateQueued && t.prefer != nil:
			want = "pq"
		case t.state == StateQueued && c.e.pushed(t):
			want = "cq"
		}
		if found[t] != want {
			return fmt.Sprintf("I3: %s is %s and found in %q, not %q", t.ID, t.state, found[t], want)
		}
		delete(found, t)
	}
	if len(found) > 0 || len(c.e.offers) != count(c.e, StateOffered) {
		return fmt.Sprintf("I3: %d tickets that nobody knows, or %d offers too many", len(found), len(c.e.offers))
	}
	return ""
}

func count(e *Engine, s State) (n int) {
	for t := range e.tickets.all {
		if t.state == s {
			n++
		}
	}
	return n
}

// loads: units are the sum of what is held, and beyond capacity only by force.
func (c *checker) loads() string {
	for _, a := range c.e.agents {
		units, exclusive := 0, 0
		for _, w := range a.wraps {
			units += w.units
		}
		for _, t := range a.work {
			if t.Exclusive {
				exclusive++
			} else {
				units += int(t.Weight)
			}
		}
		if units != a.units || exclusive != a.exclusive {
			return fmt.Sprintf("I2: %s counts %d+%d units and holds %d+%d", a.ID, a.units, a.exclusive, units, exclusive)
		}
		if a.ready() != (a.gopen >= 0) {
			return fmt.Sprintf("%s is ready: %t, but listed: %t", a.ID, a.ready(), a.gopen >= 0)
		}
		over := a.known && a.used() > a.Max
		if over && !c.over[a.ID] {
			switch cmd := c.command.(type) {
			case PutAgent, Adopt, WrapUp:
			case Assign:
				if !cmd.Force {
					return fmt.Sprintf("I1: %s is over by %#v", a.ID, cmd)
				}
			default:
				return fmt.Sprintf("I1: %s is over by %#v", a.ID, cmd)
			}
		}
		c.over[a.ID] = over
	}
	return ""
}

// order: places are static, and steps only go on.
func (c *checker) order() string {
	enq, _ := c.command.(Enqueue)
	_, put := c.command.(PutQueue)
	for t := range c.e.tickets.all {
		id := t.ID
		if t.home == nil {
			continue
		}
		if !t.home.Strict && t.qpos >= 0 && t.key.at != t.Since.UnixNano()-int64(t.Boost) {
			return fmt.Sprintf("I9: the place of %s is %d", id, t.key.at)
		}
		was, known := c.at[id]
		if known && was.seq == t.key.seq && id != enq.Ticket.ID && !put && len(t.visited) == 0 && (was != t.key || int(t.step) < c.step[id]) {
			return fmt.Sprintf("I9: %s went from %v step %d to %v step %d", id, was, c.step[id], t.key, t.step)
		}
		c.at[id], c.step[id] = t.key, int(t.step)
	}
	return ""
}

// conserving: nobody could be given anything more.
func (c *checker) conserving() string {
	for t := range c.e.tickets.all {
		if t.state != StateQueued {
			continue
		}
		for _, a := range c.e.agents {
			if _, ok := bruteRank(c.e, a, t); ok {
				return fmt.Sprintf("I7: %s waits although %s is eligible", t.ID, a.ID)
			}
			if _, ok := bruteRank(c.e, a, t); ok != (a.known && a.priority2(c.e, t) && c.e.obstacle(a, t) == NoObstacle) {
				return fmt.Sprintf("%s to %s is explained as %q", t.ID, a.ID, c.e.obstacle(a, t))
			}
		}
	}
	return ""
}

func (a *agent) priority2(e *Engine, t *ticket) bool {
	return slices.ContainsFunc(e.sets[t.set], func(q *queue) bool { return a.priority(q.ID) > 0 })
}

// exclusions: no ticket skips everybody without a moment at which that ends.
func (c *checker) exclusions() string {
	for t := range c.e.tickets.all {
		if t.state == StateQueued && len(t.skips) > 0 {
			if t.timer.pos < 0 || t.timer.at > max(t.clearAt, c.e.now) || t.clearAt > c.e.now+int64(c.e.config.ClearExclusions) {
				return fmt.Sprintf("I12: %s skips %v with no end", t.ID, t.skips)
			}
		}
	}
	return ""
}

// digest is everything that decides what an engine will do.
func digest(e *Engine) string {
	var b strings.Builder
	fmt.Fprintln(&b, e.lastOffer, len(e.timers))
	for _, q := range e.queues {
		fmt.Fprintln(&b, q.Queue, q.known, len(q.waiting))
	}
	lines := []string{}
	for _, a := range e.agents {
		lines = append(lines, fmt.Sprint(a.Agent, a.known, a.available, a.cooling, a.units, a.exclusive, len(a.work), a.wraps, a.idleSince, a.lastAssigned, a.unanswered, a.slow, a.slowCount))
	}
	for t := range e.tickets.all {
		lines = append(lines, fmt.Sprint(t.Ticket, t.state, t.key, t.step, t.preferOver, t.skips, t.clearAt, t.hopAt, t.set))
	}
	slices.Sort(lines)
	return b.String() + strings.Join(lines, "\n")
}

func sameEvents(a, b []Event) bool { return slices.Equal(a, b) }
