package routing

import "slices"

// wait lets a ticket that has no agent and is in no heap wait as the present moment
// and its queue demand: parked, or queued and to be settled.
func (e *Engine) wait(t *ticket) {
	fresh, parked := t.state == "", t.state == StateParked
	e.calm(t)
	if !t.home.Closed {
		if t.state = StateQueued; fresh || parked {
			e.emit(Queued{t.ID, t.home.ID, moment(t.since)})
			parked = false
		}
		for !t.home.Closed && e.overflowDue(t) {
			t.hopAt += int64(t.target().Overflow.After)
			e.overflow(t)
		}
	}
	if t.home.Closed {
		t.state, t.prefer = StateParked, nil
		if !parked {
			e.emit(Parked{t.ID, t.home.ID})
		}
		return
	}
	e.relax(t, !fresh)
	if at := e.nextDue(t); at > 0 {
		e.rouse(t, at)
	}
	t.pos, t.class = -1, nil
	e.dirtyTickets = append(e.dirtyTickets, t)
}

// relax moves a ticket to the step of the present moment.
func (e *Engine) relax(t *ticket, tell bool) {
	step := int(t.step)
	for step+1 < len(t.Steps) && t.since+int64(t.Steps[step+1].After) <= e.now {
		step++
	}
	waited := t.prefer
	t.prefer = nil
	if t.Preferred != "" && !t.preferOver {
		t.prefer = e.preferred(t)
		t.preferOver = t.prefer == nil
	}
	gaveUp := waited != nil && t.prefer == nil
	if tell && (step != int(t.step) || gaveUp) {
		e.emit(Relaxed{t.ID, step, gaveUp})
	}
	t.step = int16(step)
}

// preferred returns the agent whom a ticket goes on waiting for, if it does.
func (e *Engine) preferred(t *ticket) *agent {
	a := e.agentOf[t.Preferred]
	if a == nil || !a.known || !a.available || t.skipped(a.ID) || e.now >= e.preferEnds(t) {
		return nil
	}
	var first []Need
	if len(t.Steps) > 0 {
		first = t.Steps[0].Needs
	}
	if q, _ := e.via(a, t); q == nil || !a.serves(t.Channel) || !a.meets(first) {
		return nil
	}
	return a
}

func (e *Engine) preferEnds(t *ticket) int64 {
	d := t.PreferredFor
	if d == 0 {
		d = e.config.PreferredFor
	}
	return t.since + int64(d)
}

// via returns the queue by which an agent would be pushed a ticket, with the agent's
// priority in it: that of the best priority, the earlier in the set if equal.
func (e *Engine) via(a *agent, t *ticket) (*queue, int) {
	best, priority := (*queue)(nil), MaxPriority+1
	for _, q := range e.sets[t.set] {
		if p := a.priority(q.ID); q.pushes() && p > 0 && p < priority {
			best, priority = q, p
		}
	}
	return best, priority
}

// qualified reports whether an agent could have a ticket pushed, busy or not.
func (e *Engine) qualified(a *agent, t *ticket) bool {
	q, _ := e.via(a, t)
	return q != nil && a.known && a.serves(t.Channel) && a.meets(t.needs())
}

// nextDue returns when something of a queued ticket ends, 0 if never.
func (e *Engine) nextDue(t *ticket) int64 {
	var next int64
	consider := func(at int64) {
		if next == 0 || at < next {
			next = at
		}
	}
	if int(t.step)+1 < len(t.Steps) {
		consider(t.since + int64(t.Steps[t.step+1].After))
	}
	if t.prefer != nil {
		consider(e.preferEnds(t))
	}
	if len(t.skips) > 0 {
		consider(t.clearAt)
	}
	if q := t.target(); q.Overflow.After > 0 && e.canOverflow(t) {
		consider(t.hopAt + int64(q.Overflow.After))
	}
	return next
}

// due is what the timer of a ticket does.
func (t *ticket) due(e *Engine) {
	switch t.state {
	case StateOffered:
		e.timeOut(t)
	case StateQueued:
		e.unplace(t)
		if len(t.skips) > 0 && t.clearAt <= e.now {
			if e.declinedByAll(t) {
				t.skips, t.choosy = nil, false
				e.emit(Cleared{t.ID})
			} else {
				t.clearAt = e.now + int64(e.config.ClearExclusions)
			}
		}
		e.wait(t)
	}
}

// declinedByAll reports whether nobody on duty who could have the ticket is left.
func (e *Engine) declinedByAll(t *ticket) bool {
	return !slices.ContainsFunc(e.agents, func(a *agent) bool {
		return a.available && !t.skipped(a.ID) && e.qualified(a, t)
	})
}

// unplace takes a queued ticket out of where it waits to be pushed.
func (e *Engine) unplace(t *ticket) {
	e.calm(t)
	switch {
	case t.pos < 0:
		return
	case t.prefer != nil:
		t.prefer.own.remove(t)
	default:
		e.take(t.class, t)
	}
	t.pos = -1
}

// canOverflow reports whether there is a further queue to overflow to.
func (e *Engine) canOverflow(t *ticket) bool {
	to := e.queueOf[t.target().Overflow.To]
	return to != nil && to.known && to != t.home && len(t.visited) < MaxHops && !t.in(to, e) && !slices.Contains(t.visited, to)
}

func (e *Engine) overflowDue(t *ticket) bool {
	after := t.target().Overflow.After
	return after > 0 && t.hopAt+int64(after) <= e.now && e.canOverflow(t)
}

// overflow takes a ticket to the next queue of the chain.
func (e *Engine) overflow(t *ticket) {
	from := t.target()
	to := e.queueOf[from.Overflow.To]
	moved := from.Overflow.Action == Move
	t.visited, t.hopped = append(t.visited, to), true
	if moved {
		t.home.drop(t)
		to.add(t)
		t.Ticket.Queue, t.set = to.ID, to.set
		t.key = e.keyOf(t)
	} else {
		t.set = e.setOf(append(slices.Clone(e.sets[t.set]), to))
	}
	e.emit(Overflowed{t.ID, from.ID, to.ID, moved})
}

// admit returns how many overflows a new ticket of a queue needs to find room.
func (e *Engine) admit(q *queue) (hops int, err error) {
	first := q
	for q.full() {
		to := e.queueOf[q.Overflow.To]
		if to == nil || !to.known || hops == MaxHops {
			return 0, refuse(ErrQueueFull, "%d tickets wait in %q", len(first.waiting), first.ID)
		}
		hops++
		if q.Overflow.Action == Expand {
			break
		}
		q = to
	}
	return hops, nil
}

// enqueue brings a ticket, known or not, to waiting.
func (e *Engine) enqueue(d Ticket, admitted bool) error {
	if d.Weight == 0 {
		d.Weight = 1
	}
	if err := d.validate(); err != nil {
		return err
	}
	q := e.queueOf[d.Queue]
	if q == nil || !q.known {
		return refuse(ErrUnknown, "queue %q", d.Queue)
	}
	t, hops := e.tickets.get(d.ID), 0
	if t == nil {
		var err error
		if hops, err = e.admit(q); err != nil && !admitted {
			return err
		}
		if admitted {
			hops = 0
		}
		t = e.newTicket(d.ID)
	} else if d.Since.IsZero() && t.home != nil {
		d.Since = t.Since
	}
	if d.Since.IsZero() {
		d.Since = moment(e.now)
	}
	var skips []AgentID
	if t.state != "" && t.state != StateAssigned {
		if d.same(&t.Ticket) {
			return nil
		}
		skips = t.skips
	}
	e.leave(t)
	e.describe(t, d, q)
	for _, id := range skips {
		e.skip(t, id)
	}
	for range hops {
		t.hopAt = e.now
		e.overflow(t)
	}
	e.wait(t)
	return nil
}

// describe makes a ticket that is nowhere one of a queue.
func (e *Engine) describe(t *ticket, d Ticket, q *queue) {
	t.Ticket, t.state, t.since = d, "", d.Since.UnixNano()
	t.Weight, t.Exclusive = uint8(d.Weight), d.Exclusive
	t.step, t.visited, t.hopAt = 0, nil, t.since
	t.prefer, t.preferOver, t.skips = nil, false, nil
	t.choosy, t.hopped = false, false
	t.set = q.set
	q.add(t)
	t.key = e.keyOf(t)
	for _, id := range d.Skip {
		e.skip(t, id)
	}
}

// leave takes a ticket from wherever it is; what it occupied becomes free.
func (e *Engine) leave(t *ticket) {
	switch t.state {
	case StateQueued:
		e.unplace(t)
	case StateOffered:
		e.endOffer(t, Rescinded)
	case StateAssigned:
		a := t.agent
		a.release(t)
		e.freed(a)
		e.forgetIdle(a)
	}
	if t.qpos >= 0 {
		t.home.drop(t)
	}
	t.state = ""
}
