package routing

import (
	"cmp"
	"time"
)

// A turn is an agent with the place of the first ticket that waits for the agent.
type turn struct {
	key key
	t   *ticket
	a   *agent
}

// settle gives tickets to agents until nobody can be given anything. Only pairs of
// which the ticket or the agent changed can have become possible, so only those
// are looked at: tickets in the order of their places, each going to its best agent.
func (e *Engine) settle() {
	switch {
	case e.settleWith != nil:
		e.settleWith(e)
	case len(e.dirtyTickets) == 0 && len(e.dirtyAgents) == 1:
		// Nobody else can have what waits for this agent: it would have been given away.
		a := e.dirtyAgents[0]
		for a.gopen >= 0 {
			t := e.firstFor(a)
			if t == nil {
				break
			}
			e.give(t, a, 1)
		}
	case len(e.dirtyTickets) == 1 && len(e.dirtyAgents) == 0:
		e.settleTicket(e.dirtyTickets[0])
	case len(e.dirtyTickets) > 0 || len(e.dirtyAgents) > 0:
		e.settleAll()
	}
	for _, a := range e.dirtyAgents {
		a.dirty = false
	}
	clear(e.dirtyTickets)
	clear(e.dirtyAgents)
	e.dirtyTickets, e.dirtyAgents = e.dirtyTickets[:0], e.dirtyAgents[:0]
}

func (e *Engine) settleAll() {
	byPlace(e.dirtyTickets)
	e.turns = e.turns[:0]
	for _, a := range e.dirtyAgents {
		if t := e.firstFor(a); t != nil {
			e.turns = append(e.turns, turn{t.key, t, a})
			e.turnUp(len(e.turns) - 1)
		}
	}
	next := 0
	for next < len(e.dirtyTickets) || len(e.turns) > 0 {
		if next < len(e.dirtyTickets) && (len(e.turns) == 0 || e.dirtyTickets[next].key.less(e.turns[0].key)) {
			e.settleTicket(e.dirtyTickets[next])
			next++
			continue
		}
		// What waits for the agent may have been taken since, and then its turn comes later.
		top := &e.turns[0]
		switch t := e.firstFor(top.a); {
		case t == nil:
			last := len(e.turns) - 1
			e.turns[0] = e.turns[last]
			e.turns[last] = turn{}
			e.turns = e.turns[:last]
			e.turnDown(0)
		case t != top.t:
			top.t, top.key = t, t.key
			e.turnDown(0)
		default:
			best, n := e.bestFor(t)
			e.give(t, best, n)
		}
	}
}

func (e *Engine) turnUp(i int) {
	for ; i > 0 && e.turns[i].key.less(e.turns[(i-1)/2].key); i = (i - 1) / 2 {
		e.turns[i], e.turns[(i-1)/2] = e.turns[(i-1)/2], e.turns[i]
	}
}

func (e *Engine) turnDown(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(e.turns); c++ {
			if e.turns[c].key.less(e.turns[least].key) {
				least = c
			}
		}
		if least == i {
			return
		}
		e.turns[i], e.turns[least] = e.turns[least], e.turns[i]
		i = least
	}
}

// settleTicket gives a ticket to its best agent, or lets it wait.
func (e *Engine) settleTicket(t *ticket) {
	if t.state != StateQueued || t.pos >= 0 {
		return
	}
	if a, n := e.bestFor(t); a != nil {
		e.give(t, a, n)
		return
	}
	e.store(t)
}

// store lets a ticket wait where agents find it, if it may be pushed at all.
func (e *Engine) store(t *ticket) {
	switch {
	case t.prefer != nil:
		t.prefer.own.push(t)
	case e.pushed(t):
		t.class = e.classFor(t)
		e.add(t.class, t)
	}
}

func (e *Engine) pushed(t *ticket) bool {
	for _, q := range e.sets[t.set] {
		if q.pushes() {
			return true
		}
	}
	return false
}

// firstFor returns the first ticket, by place, of those that the agent may have.
func (e *Engine) firstFor(a *agent) *ticket {
	if a.gopen < 0 {
		return nil
	}
	may := func(t *ticket) bool {
		return a.room(int(t.Weight), t.Exclusive) && !t.skipped(a.ID) && !a.held(t.home.SlowStart)
	}
	first, best := never(), (*ticket)(nil)
	if len(a.own.items) > 0 {
		if best = a.own.first(0, may); best != nil {
			first = best.key
		}
	}
	room, idle := a.Max-a.units, a.units == 0
	refs := a.group.classes
	kept, found := 0, -1
	for i, r := range refs {
		if first.tier <= 0 && r.bound > first.at {
			if kept != i {
				refs[kept] = r
			}
			kept++
			continue
		}
		h := &e.heads[r.id]
		if h.gen != r.gen {
			continue
		}
		if kept != i {
			refs[kept] = r
		}
		kept++
		if !h.key.less(first) {
			continue
		}
		if h.weight == exclusiveWeight {
			if !idle {
				continue
			}
		} else if int(h.weight) > room {
			continue
		}
		if h.slow > 0 && a.held(int(h.slow)) {
			continue
		}
		if !h.skips {
			first, found = h.key, int(r.id)
		} else if t := e.classes[r.id].first(0, may); t != nil && t.key.less(first) {
			first, found, best = t.key, -1, t
		}
	}
	a.group.classes = refs[:kept]
	if found >= 0 {
		return e.classes[found].items[0].t
	}
	return best
}

// bestFor returns the best agent to whom a ticket could be given now, and how many
// shared the best rank. It does not touch the places of waiting tickets.
func (e *Engine) bestFor(t *ticket) (best *agent, candidates int) {
	may := func(a *agent) bool {
		return a.gopen >= 0 && a.room(int(t.Weight), t.Exclusive) && !t.skipped(a.ID) && !a.held(t.home.SlowStart)
	}
	if t.prefer != nil {
		if may(t.prefer) {
			return t.prefer, 1
		}
		return nil, 0
	}
	if len(e.open) == 0 || !e.pushed(t) {
		return nil, 0
	}
	c := e.classFor(t)
	t.class = c
	var bucket uint32
	consider := func(a *agent, r rank) {
		switch {
		case !may(a) || best != nil && r.bucket > bucket:
		case best == nil || r.bucket < bucket:
			best, bucket, candidates = a, r.bucket, 1
		default:
			candidates++
			if c.order.before(a, best) {
				best = a
			}
		}
	}
	if len(e.open) < c.n {
		for _, a := range e.open {
			if r, ok := e.rankOf(c, a.group); ok {
				consider(a, r)
			}
		}
		return best, candidates
	}
	if c.asked++; c.asked < 4 { // sorting does not pay yet
		e.groupsOf(c, func(g *group) {
			if len(g.open) == 0 {
				return
			}
			r, _ := e.rankOf(c, g)
			for _, a := range g.open {
				consider(a, r)
			}
		})
		return best, candidates
	}
	for _, r := range e.ranked(c) {
		if best != nil && r.bucket > bucket {
			break
		}
		for _, a := range r.g.open {
			consider(a, r)
		}
	}
	return best, candidates
}

// before orders two agents of the same priority and, for Proficiency, the same level.
func (o Order) before(a, b *agent) bool {
	c := 0
	switch o {
	case RoundRobinOrder:
		c = cmp.Compare(a.lastAssigned, b.lastAssigned)
	case LongestIdle:
		c = cmp.Compare(a.idleSince, b.idleSince)
	default:
		c = cmp.Or(cmp.Compare(a.used()*b.Max, b.used()*a.Max), cmp.Compare(a.idleSince, b.idleSince))
	}
	return cmp.Or(c, cmp.Compare(a.ID, b.ID)) < 0
}

// give assigns or offers a queued ticket, as the mode of the queue demands.
func (e *Engine) give(t *ticket, a *agent, candidates int) {
	var q *queue
	var w Why
	if t.class != nil {
		r, _ := e.rankOf(t.class, a.group)
		q = r.via
		w = e.grounds(t, a, q, candidates)
		w.Level, w.Priority = int(r.level), int(r.priority)
	} else {
		q, _ = e.via(a, t)
		w = e.why(t, a, q, candidates)
	}
	if t.home.SlowStart > 0 {
		e.countSlow(a)
	}
	e.unplace(t)
	if q.Mode == Push {
		e.makeOffer(t, a, q, w)
		return
	}
	e.begin(t, a)
	e.emit(Assigned{Ticket: t.ID, Agent: a.ID, Why: w})
}

// why returns the grounds on which a ticket comes to an agent, by a queue or none.
func (e *Engine) why(t *ticket, a *agent, q *queue, candidates int) Why {
	w := e.grounds(t, a, q, candidates)
	w.Level = a.level(t.needs())
	if q != nil {
		w.Priority = a.priority(q.ID)
	}
	return w
}

// grounds is why without level and priority.
func (e *Engine) grounds(t *ticket, a *agent, q *queue, candidates int) Why {
	w := Why{
		Step: int(t.step), Candidates: candidates, Used: a.used(), Max: a.Max,
		Idle: time.Duration(max(0, e.now-a.idleSince)), Preferred: t.prefer == a,
	}
	if t.home != nil {
		w.Waited = time.Duration(max(0, e.now-t.since))
	}
	if q != nil {
		w.Queue, w.Mode = q.ID, q.Mode
		w.Overflow = q != t.home || t.hopped && t.visited[len(t.visited)-1] == t.home
	}
	return w
}

// begin makes a ticket that is in no heap the work of an agent.
func (e *Engine) begin(t *ticket, a *agent) {
	e.calm(t)
	if t.qpos >= 0 {
		t.home.drop(t)
	}
	t.state, t.prefer, t.class = StateAssigned, nil, nil
	if t.choosy {
		t.skips, t.choosy = nil, false
	}
	if t.agent != a {
		a.hold(t)
	}
	a.lastAssigned, a.idleSince = e.now, e.now
	e.sync(a)
}
